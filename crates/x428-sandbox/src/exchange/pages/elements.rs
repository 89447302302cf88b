//! Pieces of pages: what an owner has to recognise looks the same everywhere.

use jiff::{Timestamp, tz::TimeZone};
use maud::{Markup, html};
use x428::wire::withdrawal::{ADDRESS_SHOWN_MIN, LimitPeriod, WithdrawalStatus as Status};

use crate::exchange::model::ListedAsset;

/// How many characters of an address stand together.
const GROUP: usize = 4;

/// Words that are an application's own, such as its name: quoted, and without what would turn the
/// direction of the words around them.
pub(super) fn theirs(text: &str) -> Markup {
    let turns = |c: &char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{61c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let text: String = text
        .chars()
        .filter(|c| !turns(c) && !c.is_control())
        .collect();
    html! { "“" bdi { (text.trim()) } "”" }
}

/// A whole address, or another long word, in groups that can be compared by eye. Copied, it is one
/// word.
pub(super) fn grouped(text: &str) -> Markup {
    let (prefix, rest) = match text.strip_prefix("0x") {
        Some(rest) => ("0x", rest),
        None => ("", text),
    };
    let characters: Vec<char> = rest.chars().collect();
    let groups = characters.chunks(GROUP).map(String::from_iter);
    let prefix = Some(prefix.to_owned()).filter(|prefix| !prefix.is_empty());
    html! {
        code.grouped title=(text) {
            @for group in prefix.into_iter().chain(groups) { span { (group) } wbr; }
        }
    }
}

/// The ends of an address, where the whole one is a step away.
pub(super) fn ends_of(text: &str) -> Markup {
    let characters: Vec<char> = text.chars().collect();
    if characters.len() <= 2 * ADDRESS_SHOWN_MIN {
        return html! { code { (text) } };
    }
    let first = String::from_iter(&characters[..ADDRESS_SHOWN_MIN]);
    let last = String::from_iter(&characters[characters.len() - ADDRESS_SHOWN_MIN..]);
    html! { code title=(text) { (first) "…" (last) } }
}

/// A moment.
pub(super) fn moment(at: Timestamp) -> Markup {
    written(at, "%-d %b %Y, %H:%M UTC")
}

/// A moment of a day that is known.
pub(super) fn time_of_day(at: Timestamp) -> Markup {
    written(at, "%H:%M:%S UTC")
}

fn written(at: Timestamp, form: &str) -> Markup {
    let words = at.to_zoned(TimeZone::UTC).strftime(form).to_string();
    html! { time datetime=(at) { (words) } }
}

/// How long it is until then, in words.
pub(super) fn time_left(now: Timestamp, until: Timestamp) -> String {
    let seconds = until.duration_since(now).as_secs().max(0);
    match (seconds + 59) / 60 {
        _ if seconds < 60 => "less than a minute left".to_owned(),
        minutes => format!("{minutes} minutes left"),
    }
}

/// What went wrong, beside the field that names it.
pub(super) fn wrong(id: &str, words: &str) -> Markup {
    html! { p.wrong id=(id) role="alert" { (words) } }
}

/// The name of a network for a person.
pub(super) fn network<'a>(listed: &'a [ListedAsset], code: &'a str) -> &'a str {
    let mut networks = listed.iter().flat_map(|asset| &asset.networks);
    let known = networks.find(|known| known.network.network.as_str() == code);
    known.map_or(code, |known| known.network.name.as_str())
}

/// The period of a limit.
pub(super) fn period(period: LimitPeriod) -> &'static str {
    match period {
        LimitPeriod::Transaction => "in one withdrawal",
        LimitPeriod::Day => "in a day",
        _ => "in a month",
    }
}

/// The status of a withdrawal.
pub(super) fn status(status: Status) -> Markup {
    let (tone, words) = in_words(status);
    html! { span class={ "status " (tone) } { (words) } }
}

/// The tone and the words of a status.
pub(super) fn in_words(status: Status) -> (&'static str, &'static str) {
    match status {
        Status::Pending => ("wait", "Accepted"),
        Status::AwaitingInformation => ("wait", "Waits for information"),
        Status::UnderReview => ("wait", "Under review"),
        Status::Processing => ("wait", "Being prepared"),
        Status::Canceling => ("wait", "Being canceled"),
        Status::Broadcast => ("wait", "On the network"),
        Status::Completed => ("good", "Completed"),
        Status::Failed => ("bad", "Failed"),
        Status::Rejected => ("bad", "Rejected"),
        Status::Canceled => ("ended", "Canceled"),
        Status::Expired => ("ended", "Expired"),
        _ => ("wait", "Under way"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_whole_and_in_groups() {
        let shown = grouped("0x5aAeb6053F3E").into_string();
        assert!(shown.contains("<span>0x</span><wbr><span>5aAe</span><wbr><span>b605</span>"));
        assert!(shown.contains("<span>3F3E</span>"));
        let shown = grouped("rN7n7otQDd").into_string();
        assert!(shown.contains("<span>rN7n</span><wbr><span>7otQ</span><wbr><span>Dd</span>"));
        assert!(ends_of("rN7n7otQDd").into_string().contains("rN7n7otQDd"));
    }

    #[test]
    fn an_application_turns_no_words_around() {
        let name = "Wallet\u{2069}\u{202e} <b>Example Exchange</b>\n";
        let shown = theirs(name).into_string();
        let plain = "“<bdi>Wallet &lt;b&gt;Example Exchange&lt;/b&gt;</bdi>”";
        assert_eq!(shown, plain);
    }

    #[test]
    fn what_is_left_is_rounded_up() {
        let now = Timestamp::UNIX_EPOCH;
        let left = |seconds| time_left(now, Timestamp::from_second(seconds).unwrap());
        assert_eq!(left(600), "10 minutes left");
        assert_eq!(left(61), "2 minutes left");
        assert_eq!(left(59), "less than a minute left");
        assert_eq!(left(-5), "less than a minute left");
    }
}
