//! A replay: what the text asks is asked, and what is answered is compared with what it shows.

use std::collections::{BTreeMap, BTreeSet};

use axum::body::Body;
use axum::http::Request;
use serde_json::{Map, Value};
use x428::encoding::parse_base64url;

use super::text::{Message, TEXT};
use super::world::Foreseen;
use crate::harness::{Answer, Wallet};

/// Prefixes of the names that the exchange chooses.
const NAMES: [&str; 5] = ["wd", "ch", "qt", "req", "wh"];

/// What the exchange signs or seals, which nobody can foresee: it takes the place of what stands
/// in the text, one for one.
const SEALED: [&str; 3] = ["challengeProof", "nextCursor", "refresh_token"];

pub(super) struct Replay<'a> {
    pub(super) wallet: Wallet<'a>,
    pub(super) foreseen: Foreseen,
    /// What of the exchange stands for what of the text.
    stands_for: BTreeMap<String, String>,
    /// What was chosen already.
    chosen: BTreeSet<String>,
    id: String,
    messages: Vec<Message>,
    /// The step that comes next.
    next: usize,
}

impl<'a> Replay<'a> {
    pub(super) fn of(wallet: Wallet<'a>, foreseen: Foreseen, id: &str) -> Self {
        Self {
            wallet,
            foreseen,
            stands_for: BTreeMap::new(),
            chosen: BTreeSet::new(),
            id: id.to_owned(),
            messages: TEXT.messages(id),
            next: 1,
        }
    }

    /// Goes on with another exchange of the text, after the end of this one.
    pub(super) fn then(&mut self, id: &str) {
        self.end();
        id.clone_into(&mut self.id);
        self.messages = TEXT.messages(id);
        self.next = 1;
    }

    /// Leaves the rest of this exchange to its own walk-through.
    pub(super) fn leave(&mut self, id: &str) {
        self.next = self.messages.len() + 1;
        self.then(id);
    }

    /// Every message of the exchange has had its turn.
    pub(super) fn end(&self) {
        assert_eq!(self.next, self.messages.len() + 1, "{}", self.id);
    }

    /// Has the exchange choose a name that the text shows in a request only.
    pub(super) fn choose(&mut self, name: &str) {
        self.chosen.insert(name.to_owned());
        self.foreseen.next(name.split('_').next().unwrap(), name);
    }

    /// Waits, and lets the exchange work.
    pub(super) async fn work_at(&self, times: &[&str]) {
        for time in times {
            self.turn_to(time);
            self.wallet.world.exchange.work().await.unwrap();
        }
    }

    pub(super) fn turn_to(&self, time: &str) {
        let clock = &self.wallet.world.clock;
        clock.set(&format!("2026-11-20T{time}Z"));
    }

    /// Sends the next request at a time, and compares what is answered with the message after it.
    pub(super) async fn step(&mut self, time: &str) -> Value {
        let (asked, expected) = self.pair();
        self.exchange(time, &asked, &expected).await
    }

    /// Sends a request, and compares what is answered.
    pub(super) async fn exchange(
        &mut self,
        time: &str,
        asked: &Message,
        expected: &Message,
    ) -> Value {
        self.turn_to(time);
        let mut request = Request::builder()
            .method(asked.start.split(' ').next().unwrap())
            .uri(self.own(asked.word()));
        for (name, value) in asked.headers.iter().filter(|(name, _)| *name != "host") {
            request = request.header(name, self.own(value));
        }
        let body = Body::from(self.own(&asked.body));
        self.foresee(expected);
        let answer = self.wallet.world.send(request.body(body).unwrap()).await;
        self.compare(expected, &answer).unwrap()
    }

    /// The next request and its response.
    pub(super) fn pair(&mut self) -> (Message, Message) {
        let pair = (
            self.messages[self.next - 1].clone(),
            self.messages[self.next].clone(),
        );
        self.next += 2;
        pair
    }

    /// Has the exchange choose the names that a response shows for the first time.
    fn foresee(&mut self, expected: &Message) {
        let shown = expected.headers.values().map(String::as_str);
        let words = shown.chain([expected.body.as_str()]);
        let is_name = |word: &&str| {
            let prefix = word.split_once('_').map(|(prefix, _)| prefix);
            prefix.is_some_and(|prefix| NAMES.contains(&prefix))
        };
        for word in words
            .flat_map(|text| text.split(['"', '/']))
            .filter(is_name)
        {
            if self.chosen.insert(word.to_owned()) {
                let prefix = word.split('_').next().unwrap();
                self.foreseen.next(prefix, word);
            }
        }
    }

    fn own(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (of_text, own) in &self.stands_for {
            text = text.replace(of_text.as_str(), own);
        }
        text
    }

    /// What of the exchange stands for a text.
    pub(super) fn stand_in(&self, of_text: &str) -> &str {
        &self.stands_for[of_text]
    }

    /// Notes what stands for what.
    fn stands(&mut self, of_text: &str, own: &str) {
        let known = self.stands_for.insert(of_text.to_owned(), own.to_owned());
        assert!(
            known.is_none_or(|known| known == own),
            "{of_text} is another one"
        );
    }

    /// Compares an answer with what the text shows: the status, every header field that stands
    /// there, and the body with the order of its members.
    pub(super) fn compare(&mut self, expected: &Message, answer: &Answer) -> Result<Value, String> {
        let at = format!("{} {}", self.id, self.next - 1);
        if answer.status.as_str() != expected.word() {
            return Err(format!("{at}: {}: {}", answer.status, answer.text));
        }
        let given = if answer.text.is_empty() {
            Value::Null
        } else {
            answer.json()
        };
        self.same(&expected.json(), &given, &at)?;
        for (name, value) in &expected.headers {
            let (own, expected) = (answer.header(name), self.own(value));
            if name == "dpop-nonce" {
                self.stands(value, own);
            } else if own != expected {
                return Err(format!("{at}: {name} is {own}, not {expected}"));
            }
        }
        let left = self.foreseen.left();
        if left.is_empty() {
            Ok(given)
        } else {
            Err(format!("{at}: {left:?} did not come"))
        }
    }

    /// Compares values.
    pub(super) fn same(&mut self, expected: &Value, given: &Value, at: &str) -> Result<(), String> {
        match (expected, given) {
            (Value::Object(expected), Value::Object(given)) => {
                self.same_members(expected, given, at)
            }
            (Value::Array(expected), Value::Array(given)) if expected.len() == given.len() => {
                let pairs = expected.iter().zip(given).enumerate();
                for (index, (expected, given)) in pairs {
                    self.same(expected, given, &format!("{at}/{index}"))?;
                }
                Ok(())
            }
            _ if expected == given => Ok(()),
            _ => Err(format!("{at} is {given}, not {expected}")),
        }
    }

    fn same_members(
        &mut self,
        expected: &Map<String, Value>,
        given: &Map<String, Value>,
        at: &str,
    ) -> Result<(), String> {
        if !expected.keys().eq(given.keys()) {
            let (given, expected) = (given.keys(), expected.keys());
            return Err(format!("{at} has {given:?}, not {expected:?}"));
        }
        for ((name, of_text), own) in expected.iter().zip(given.values()) {
            let at = format!("{at}/{name}");
            let is_sealed = SEALED.contains(&name.as_str());
            match (of_text, own) {
                (Value::String(of_text), Value::String(own)) if is_sealed => {
                    if name == "challengeProof" {
                        same_proof(of_text, own)?;
                    }
                    self.stands(of_text, own);
                }
                _ => self.same(of_text, own, &at)?,
            }
        }
        Ok(())
    }
}

/// Compares proofs: the exchange names its key and each proof as it likes, and nothing else.
fn same_proof(of_text: &str, own: &str) -> Result<(), String> {
    let parts = |token: &str| -> Vec<Map<String, Value>> {
        let parts = token.split('.').take(2);
        let part = |part| serde_json::from_slice(&parse_base64url(part).unwrap()).unwrap();
        parts.map(part).collect()
    };
    for (mut of_text, mut own) in parts(of_text).into_iter().zip(parts(own)) {
        for name in ["kid", "jti"] {
            let (shown, given) = (of_text.remove(name), own.remove(name));
            assert_eq!(shown.is_some(), given.is_some(), "{name}");
        }
        if of_text != own {
            return Err(format!("the proof says {own:?}, not {of_text:?}"));
        }
    }
    Ok(())
}
