use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::wire::withdrawal::{StatusReasonCode, StatusReasonMessage};
use crate::withdrawal::example;

const KINDS: [Kind; 2] = [Kind::OnNetwork, Kind::Internal];

fn pairs() -> impl Iterator<Item = (Status, Status)> {
    Status::ALL
        .iter()
        .flat_map(|&from| Status::ALL.iter().map(move |&to| (from, to)))
}

fn reason() -> StatusReason {
    let message = StatusReasonMessage::parse("").unwrap();
    StatusReason::new(StatusReasonCode::NotDisclosed, message)
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

// r[verify withdrawal.state.transitions]
// r[verify withdrawal.state.internal]
#[test]
fn what_the_table_allows_is_a_transition_and_nothing_else() {
    for (from, to) in pairs() {
        let inside = Status::TRANSITIONS.contains(&(from, to));
        let skips = (from, to) == (Status::Processing, Status::Completed);
        let made = |kind| Transition::new(from, to, kind).is_ok();
        assert_eq!(made(Kind::Internal), inside, "{from} {to}");
        assert_eq!(made(Kind::OnNetwork), inside && !skips, "{from} {to}");
        assert!(!(from.is_terminal() && inside), "{from} {to}");
    }
}

// r[verify withdrawal.state.release]
// r[verify withdrawal.state.debit]
#[test]
fn the_end_releases_or_debits_and_nothing_else_does() {
    for (from, to) in pairs() {
        let Ok(transition) = Transition::new(from, to, Kind::Internal) else {
            continue;
        };
        let expected = match to {
            Status::Completed => BalanceEffect::Debit,
            to if to.is_terminal() => BalanceEffect::Release,
            _ => BalanceEffect::Keep,
        };
        assert_eq!(transition.effect(), expected, "{from} {to}");
    }
    for status in Status::ALL {
        assert_eq!(status.balance() == Balance::Reserved, !status.is_terminal());
    }
}

// r[verify withdrawal.state.updated]
// r[verify withdrawal.object.reason]
#[test]
fn a_change_sets_its_times() {
    let mut withdrawal: Withdrawal = example::read("withdrawal-pending");
    let step = |from, to| Transition::new(from, to, Kind::OnNetwork).unwrap();
    let work = step(Status::Pending, Status::Processing);
    work.apply(&mut withdrawal, None, at("2026-11-20T12:01:00Z"))
        .unwrap();
    assert_eq!(withdrawal.updated_at, "2026-11-20T12:01:00Z");
    assert_eq!(withdrawal.completed_at, None);
    assert!(withdrawal.cancelable);

    let fail = step(Status::Processing, Status::Failed);
    let later = at("2026-11-20T12:02:00Z");
    let before = withdrawal.clone();
    assert!(fail.apply(&mut withdrawal, None, later).is_err());
    assert!(work.apply(&mut withdrawal, None, later).is_err());
    assert!(
        fail.apply(&mut withdrawal, Some(reason()), at("2026-11-20T12:00:59Z"))
            .is_err()
    );
    assert_eq!(withdrawal, before);

    fail.apply(&mut withdrawal, Some(reason()), later).unwrap();
    assert_eq!(withdrawal.status, Status::Failed);
    assert_eq!(
        withdrawal
            .completed_at
            .as_ref()
            .map(wire::withdrawal::Timestamp::instant),
        Some(later)
    );
    assert!(!withdrawal.cancelable);
}

// r[verify withdrawal.cancel.cancelable]
// r[verify withdrawal.cancel.idempotent]
#[test]
fn what_is_on_the_network_is_not_canceled() {
    for &status in Status::ALL {
        let expected = match status {
            Status::Canceling | Status::Canceled => Some(false),
            Status::Pending
            | Status::AwaitingInformation
            | Status::UnderReview
            | Status::Processing => Some(true),
            _ => None,
        };
        assert_eq!(cancel(status).ok(), expected, "{status}");
        assert_eq!(is_cancelable(status), expected == Some(true), "{status}");
    }
    let refused = cancel(Status::Broadcast).unwrap_err();
    assert_eq!(
        (refused.code(), refused.status()),
        (WithdrawalErrorCode::NotCancelable, 409)
    );
}

// r[verify withdrawal.coinbase.skipped]
#[test]
fn a_path_passes_through_what_is_between() {
    use Status::{Broadcast, Completed, Failed, Pending, Processing, UnderReview};
    let way = |from, to, kind| {
        let path = path(from, to, kind).ok()?;
        Some(path.into_iter().map(Transition::to).collect::<Vec<_>>())
    };
    assert_eq!(
        way(Pending, Completed, Kind::OnNetwork),
        Some(vec![Processing, Broadcast, Completed])
    );
    assert_eq!(
        way(Pending, Completed, Kind::Internal),
        Some(vec![Processing, Completed])
    );
    assert_eq!(
        way(UnderReview, Failed, Kind::OnNetwork),
        Some(vec![Processing, Failed])
    );
    assert_eq!(way(Broadcast, Broadcast, Kind::OnNetwork), Some(vec![]));
    assert_eq!(way(Broadcast, UnderReview, Kind::OnNetwork), None);
    assert_eq!(way(Completed, Failed, Kind::OnNetwork), None);
}

// r[verify withdrawal.state.initial]
#[test]
fn a_withdrawal_begins_as_pending_and_can_get_everywhere() {
    assert_eq!(Status::INITIAL, Status::Pending);
    for &to in Status::ALL {
        assert!(path(Status::INITIAL, to, Kind::OnNetwork).is_ok(), "{to}");
    }
}

#[test]
fn every_path_is_of_transitions() {
    for (from, to) in pairs() {
        for kind in KINDS {
            let Ok(way) = path(from, to, kind) else {
                continue;
            };
            let mut status = from;
            for step in way {
                assert_eq!(step.from(), status);
                status = step.to();
            }
            assert_eq!(status, to);
        }
    }
}

// r[verify withdrawal.challenge.transitions]
#[test]
fn challenges_follow_their_table() {
    for &from in ChallengeStatus::ALL {
        for &to in ChallengeStatus::ALL {
            let inside = ChallengeStatus::TRANSITIONS.contains(&(from, to));
            assert_eq!(challenge(from, to).is_ok(), inside);
        }
    }
}

proptest! {
    #![proptest_config(crate::fixed_seed())]

    // r[verify withdrawal.state.release]
    // r[verify withdrawal.state.debit]
    #[test]
    fn any_walk_settles_the_balance_once(choices in prop::collection::vec(any::<prop::sample::Index>(), 1..40), internal in any::<bool>()) {
        let kind = if internal { Kind::Internal } else { Kind::OnNetwork };
        let (mut status, mut settled) = (Status::INITIAL, 0);
        let mut seen = BTreeSet::from([status]);
        for choice in choices {
            let steps: Vec<_> = status.successors().iter().filter_map(|&to| Transition::new(status, to, kind).ok()).collect();
            if steps.is_empty() {
                break;
            }
            let step = choice.get(&steps);
            settled += usize::from(step.effect() != BalanceEffect::Keep);
            status = step.to();
            seen.insert(status);
        }
        prop_assert_eq!(settled, usize::from(status.is_terminal()));
        prop_assert!(kind == Kind::Internal || !seen.contains(&Status::Completed) || seen.contains(&Status::Broadcast));
    }
}
