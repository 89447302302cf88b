//! What comes from the tables of transitions: which state may follow which.

use crate::{
    Error, Protocol,
    error::at,
    input::Machine,
    names::{ident, pascal},
};
use proc_macro2::TokenStream;
use quote::quote;

/// Every machine is one of the codes of a table, and the only one of them.
pub(super) fn check_types(protocol: &Protocol) -> Result<(), Error> {
    let machines = &protocol.manifest.machines;
    for (index, machine) in machines.iter().enumerate() {
        let mut codes = protocol.manifest.codes.iter();
        let reason = if !codes.any(|codes| codes.type_name == machine.of) {
            format!("`{}` is no table of codes", machine.of)
        } else if machines[..index].iter().any(|other| other.of == machine.of) {
            format!("`{}` has two tables of transitions", machine.of)
        } else {
            continue;
        };
        let pointer = at(&at("/machines", index), "of");
        let help = "give each type of states one table of transitions";
        return Err(Error::new(&protocol.manifest_file, pointer, reason, help));
    }
    Ok(())
}

/// The members that the enum of a machine's states has for it; none if the type has no machine.
pub(super) fn members(
    protocol: &Protocol,
    of: &str,
    words: &[String],
) -> Result<TokenStream, Error> {
    let mut machines = protocol.manifest.machines.iter().enumerate();
    let Some((index, machine)) = machines.find(|(_, machine)| machine.of == of) else {
        return Ok(TokenStream::new());
    };
    check(protocol, machine, index, words)?;
    let initial = ident(&pascal(&machine.initial));
    let pairs = machine.transitions.iter().map(|transition| {
        let [from, to] = [&transition.from, &transition.to].map(|word| ident(&pascal(word)));
        quote!((Self::#from, Self::#to))
    });
    let arms = words.iter().map(|word| {
        let state = ident(&pascal(word));
        let next = machine.transitions.iter().filter(|own| own.from == *word);
        let next = next.map(|own| ident(&pascal(&own.to)));
        quote!(Self::#state => &[#(Self::#next),*],)
    });
    let section = format!(" The transitions of section {}.", machine.section);
    Ok(quote! {
        /// The state in which it begins.
        pub const INITIAL: Self = Self::#initial;

        #[doc = #section]
        ///
        /// Each is the state before and the state after, in the order of the table.
        pub const TRANSITIONS: &'static [(Self, Self)] = &[#(#pairs),*];

        /// The states that may follow this one.
        #[must_use]
        pub fn successors(self) -> &'static [Self] {
            match self {
                #(#arms)*
            }
        }

        /// Whether `next` may follow this state. No state follows itself.
        #[must_use]
        pub fn can_transition_to(self, next: Self) -> bool {
            self.successors().contains(&next)
        }
    })
}

fn check(
    protocol: &Protocol,
    machine: &Machine,
    index: usize,
    words: &[String],
) -> Result<(), Error> {
    let pointer = at("/machines", index);
    let unknown = |word: &str, pointer: String| {
        Err(Error::new(
            &protocol.manifest_file,
            pointer,
            format!("`{word}` is no state of {}", machine.of),
            "name a code of the table of states",
        ))
    };
    if !words.contains(&machine.initial) {
        return unknown(&machine.initial, at(&pointer, "initial"));
    }
    for (row, transition) in machine.transitions.iter().enumerate() {
        for (name, word) in [("from", &transition.from), ("to", &transition.to)] {
            if !words.contains(word) {
                let place = at(&at(&at(&pointer, "transitions"), row), name);
                return unknown(word, place);
            }
        }
    }
    Ok(())
}
