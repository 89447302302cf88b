//! What an asset has to say before it is listed: what clients read of it is checked once, here.

use x428::error::Misuse;
use x428::wire::withdrawal::{MemoRule, MemoRuleRegex, MemoSupport, Network};

use super::model::ListedAsset;

/// Checks what is said of memos and addresses.
pub(super) fn check(asset: &ListedAsset) -> Result<(), Misuse> {
    for listed in &asset.networks {
        let network = &listed.network;
        let refuse = |what: &str| {
            let of = network.network.as_str();
            Misuse::new(format!("{} on {of}: {what}", asset.id))
        };
        if !has_rule(&network.memo) {
            return Err(refuse("memos have a kind and an expression"));
        }
        if !expressions(network).all(is_portable) {
            let what = "an expression is not anchored, or not read alike everywhere";
            return Err(refuse(what));
        }
    }
    Ok(())
}

/// Whether it is said what a memo is, where there may be one.
// r[impl withdrawal.assets.memo-rule]
fn has_rule(memo: &MemoRule) -> bool {
    memo.support == MemoSupport::None || (memo.kind.is_some() && memo.regex.is_some())
}

fn expressions(network: &Network) -> impl Iterator<Item = &str> {
    let memo = network.memo.regex.as_ref().map(MemoRuleRegex::as_str);
    [network.address_regex.as_str()].into_iter().chain(memo)
}

/// Whether an expression is anchored at both ends, and has nothing in it that ECMA-262 and RE2 read
/// in two ways, or one of them not at all. More is refused than has to be: escapes of letters and
/// digits, all groups that begin with `(?`, a dot, of which the line ends differ, and classes in
/// classes.
// r[impl withdrawal.assets.regex]
fn is_portable(expression: &str) -> bool {
    let inner = expression.strip_prefix('^');
    let Some(inner) = inner.and_then(|rest| rest.strip_suffix('$')) else {
        return false;
    };
    let mut depth = 0_usize;
    let mut class: Option<usize> = None;
    let mut chars = inner.chars().peekable();
    while let Some(c) = chars.next() {
        // An escape at the end would be one of the anchor.
        if c == '\\' && !chars.next().is_some_and(|next| next.is_ascii_punctuation()) {
            return false;
        }
        match (c, &mut class) {
            (']', Some(0)) | ('[', Some(_)) | ('.' | '^' | '$', None) => return false,
            (']', Some(_)) => class = None,
            ('^', Some(0)) => {}
            (_, Some(length)) => *length += 1,
            ('[', None) => class = Some(0),
            ('(', None) if chars.peek() == Some(&'?') => return false,
            ('(', None) => depth += 1,
            // An alternative outside of a group would have an anchor at one side alone.
            (')' | '|', None) if depth == 0 => return false,
            (')', None) => depth -= 1,
            _ => {}
        }
    }
    regress::Regex::new(expression).is_ok()
}

#[cfg(test)]
mod tests;
