//! Patterns as code.
//!
//! Most patterns of a wire format read one piece after the other, and the next character always says where to go on:
//! `^sha256-[0-9a-f]{64}$`. These become code that looks at each byte once. Every other pattern is left to regress.

mod parse;
mod set;

use parse::{Pattern, Piece};
use proc_macro2::{Literal, TokenStream};
use quote::quote;
use set::Set;

/// An expression of type `bool`: whether `text` matches the pattern.
pub(super) fn matches(pattern: &str) -> TokenStream {
    if let Some(pattern) = Pattern::parse(pattern) {
        return direct(&pattern);
    }
    quote! {{
        static PATTERN: std::sync::LazyLock<Option<regress::Regex>> =
            std::sync::LazyLock::new(|| regress::Regex::new(#pattern).ok());
        PATTERN.as_ref().is_some_and(|pattern| pattern.find(text).is_some())
    }}
}

fn direct(pattern: &Pattern) -> TokenStream {
    let steps = steps(&pattern.pieces);
    let end = if pattern.to_the_end {
        quote!(.is_some_and(<[u8]>::is_empty))
    } else {
        quote!(.is_some())
    };
    quote! {{
        fn read(rest: &[u8]) -> Option<&[u8]> {
            #steps
            Some(rest)
        }
        read(text.as_bytes())#end
    }}
}

fn steps(pieces: &[Piece]) -> TokenStream {
    let mut steps = TokenStream::new();
    let mut literal = Vec::new();
    for piece in pieces {
        if let Piece::Run {
            set,
            min: 1,
            max: Some(1),
        } = piece
            && let Some(byte) = set.only()
        {
            literal.push(byte);
            continue;
        }
        steps.extend(prefix(&mut literal));
        steps.extend(step(piece));
    }
    steps.extend(prefix(&mut literal));
    steps
}

fn prefix(literal: &mut Vec<u8>) -> TokenStream {
    if literal.is_empty() {
        return TokenStream::new();
    }
    let bytes = Literal::byte_string(&std::mem::take(literal));
    quote!(let rest = rest.strip_prefix(#bytes)?;)
}

fn step(piece: &Piece) -> TokenStream {
    let (min, max) = (Literal::usize_unsuffixed(piece.min()), most(piece.max()));
    match piece {
        Piece::Run { set, .. } => {
            let test = test(set);
            quote!(let rest = crate::wire::text::run(rest, #test, #min, #max)?;)
        }
        Piece::Group { pieces, first, .. } => {
            let (test, steps) = (test(first), steps(pieces));
            quote! {
                let rest = {
                    fn group(rest: &[u8]) -> Option<&[u8]> {
                        #steps
                        Some(rest)
                    }
                    crate::wire::text::groups(rest, #test, group, #min, #max)?
                };
            }
        }
    }
}

fn most(max: Option<usize>) -> TokenStream {
    if let Some(max) = max {
        let max = Literal::usize_unsuffixed(max);
        quote!(#max)
    } else {
        quote!(usize::MAX)
    }
}

fn test(set: &Set) -> TokenStream {
    let ranges = set.ranges().into_iter().map(|(first, last)| {
        let (from, to) = (
            Literal::byte_character(first),
            Literal::byte_character(last),
        );
        if first == last {
            quote!(#from)
        } else {
            quote!(#from..=#to)
        }
    });
    quote!(|byte| matches!(byte, #(#ranges)|*))
}
