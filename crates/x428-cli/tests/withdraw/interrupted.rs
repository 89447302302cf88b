//! A command that is killed, and what the next one does.

use super::{
    person::Ana,
    place::{ADDRESS, Place},
};

// r[verify withdrawal.idempotency.retry]
// r[verify withdrawal.idempotency.pending-challenge]
#[test]
fn what_waits_for_approval_goes_on_with_the_same_command() {
    let place = Place::with_pace("0.1");
    let mut ana = Ana::logged_in(&place);
    let send = format!("send 0.2 ETH {ADDRESS} --network ethereum --yes");
    let mut first = place.begin(&send);
    let page = first.line("https://");
    first.kill();

    let list = place.withdraw("list");
    assert_eq!(list.code, 0);
    assert!(list.err.contains("0.2 ETH on ethereum"), "{}", list.shown());
    assert!(
        list.err.contains("x428 withdraw resume"),
        "{}",
        list.shown()
    );
    let mut second = place.begin(&send);
    second.line("begun before: ");
    assert_eq!(second.line("https://"), page, "it is the same challenge");
    ana.approve(&page);
    let second = second.end("");
    assert_eq!(second.code, 0, "{}", second.shown());
    assert!(second.out.contains("  completed  "), "{}", second.shown());
    assert_eq!(place.ids().len(), 1);
    assert!(
        place
            .withdraw("resume")
            .err
            .contains("nothing was interrupted")
    );
}

/// Ctrl-C ends it at once, also while it waits for a line, and nothing is lost.
#[cfg(unix)]
#[test]
fn an_interrupted_command_says_that_it_is_open() {
    let place = Place::with_pace("3600");
    Ana::logged_in(&place);
    let command = format!("send 0.2 ETH {ADDRESS} --network ethereum --yes --approve totp");
    let mut asking = place.begin(&command);
    asking.asks("[code / again / other / no] ");
    asking.interrupt();
    assert_eq!(asking.code(), Some(3));

    let command = format!("send 0.02 ETH {ADDRESS} --network ethereum --yes");
    let mut following = place.begin(&command);
    following.line("wd_");
    following.interrupt();
    assert_eq!(following.code(), Some(3));
    assert_eq!(place.ids().len(), 1);
    let left = place.withdraw("list").err;
    assert!(left.contains("0.2 ETH"), "{left}");
}

// r[verify withdrawal.idempotency.replay]
#[test]
fn what_was_sent_is_not_sent_again() {
    let place = Place::with_pace("3600");
    Ana::logged_in(&place);
    let send = format!("send 0.02 ETH {ADDRESS} --network ethereum --yes");
    let mut first = place.begin(&send);
    let created = first.line("wd_");
    let id = created.split(' ').next().unwrap().to_owned();
    // Nobody else uses the state at the same time.
    let other = place.withdraw("list");
    assert_eq!(other.code, 2);
    assert!(other.err.contains("in use by another"), "{}", other.shown());
    first.kill();

    let key = place.withdraw("list").err;
    let key = key.split_whitespace().nth(2).unwrap().to_owned();
    let forgotten = place.withdraw(&format!("forget {key}"));
    assert_eq!(forgotten.code, 2, "{}", forgotten.shown());
    for command in [
        "resume --no-wait".to_owned(),
        format!("{send} --again --no-wait"),
    ] {
        let again = place.withdraw(&command);
        assert_eq!(again.code, 0, "{}", again.shown());
        let is_resumed = command.starts_with("resume");
        assert_eq!(again.out.starts_with(&id), is_resumed, "{}", again.shown());
    }
    let settled = place.withdraw(&format!("forget {key}"));
    assert_eq!(settled.code, 2, "{}", settled.shown());
    let ids = place.ids();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[1], id);

    let canceled = place.withdraw(&format!("cancel {id} --json")).json();
    assert_eq!(canceled["status"], "canceled");
    let ended = place.withdraw(&format!("status --follow {id}"));
    assert_eq!(ended.code, 1, "{}", ended.shown());
}
