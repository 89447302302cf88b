use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use x428::wire::withdrawal::{
    CODE_ATTEMPTS_MAX, ChallengeDisplay, ChallengePolicy, ChallengeStatus, MethodStatus,
    StepUpMethod, WebhookEventType,
};
use x428::withdrawal::decimal::Decimal;

use crate::exchange::store::{Fault, Writing, record::record};
use crate::exchange::{audit, deliver};

/// What an owner has to do before a withdrawal is created.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) struct Challenge {
    pub(crate) id: String,
    pub(crate) owner: String,
    pub(crate) consent: String,
    pub(crate) client: String,
    pub(crate) subject: String,
    pub(crate) jkt: Option<String>,
    /// The status that was written last: see [`status_at`](Self::status_at).
    pub(crate) status: ChallengeStatus,
    pub(crate) policy: ChallengePolicy,
    pub(crate) methods: Vec<Method>,
    pub(crate) display: ChallengeDisplay,
    pub(crate) memo: Option<String>,
    pub(crate) costs: ExpectedCosts,
    pub(crate) intent_hash: String,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    /// Until when it can be read.
    pub(crate) kept_until: Timestamp,
    /// How many codes were tried and not found right.
    pub(crate) attempts: u8,
    /// How long the client has to wait between two polls, in seconds.
    pub(crate) poll_seconds: u64,
    /// The random part of the challenge of WebAuthn, sealed.
    pub(crate) nonce: Option<String>,
    pub(crate) proof: Option<Proof>,
    /// Whether the owner has reported it as fraud.
    pub(crate) is_fraud: bool,
}

record!(Challenge, "challenge", [
    "owner" = "$3" => |challenge| challenge.owner.as_str().into(),
    "consent" = "$4" => |challenge| challenge.consent.as_str().into(),
    "live_until" = "$5" => |challenge| challenge.live_until().into(),
    "kept_until" = "$6" => |challenge| challenge.kept_until.as_millisecond().into(),
]);

/// What a withdrawal costs, as far as it is known while its owner is asked.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) struct ExpectedCosts {
    pub(crate) fee_asset: String,
    pub(crate) fee: Decimal,
    /// What leaves the account, in the asset of the withdrawal.
    pub(crate) debit: Decimal,
    /// What arrives.
    pub(crate) receive: Decimal,
    /// Whether a quote holds it. Otherwise the fee is that of the moment of submission.
    pub(crate) quoted: bool,
}

/// A method of a challenge, and how far it is.
#[derive(Serialize, Deserialize, Clone)]
#[expect(clippy::struct_field_names, reason = "the specification names it so")]
pub(crate) struct Method {
    pub(crate) method: StepUpMethod,
    pub(crate) status: MethodStatus,
    pub(crate) hint: String,
    /// The code that was sent.
    pub(crate) code: Option<Code>,
    /// The number that the owner enters in the app.
    pub(crate) number: Option<String>,
    pub(crate) sent_at: Option<Timestamp>,
}

/// A code that was sent, as a digest under a key.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) struct Code {
    pub(crate) digest: String,
    pub(crate) ends_at: Timestamp,
}

/// The proof of a challenge that was met.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) struct Proof {
    /// The token, sealed.
    pub(crate) token: String,
    pub(crate) expires_at: Timestamp,
}

impl Challenge {
    /// The status now: time ends what nobody has ended.
    pub(crate) fn status_at(&self, now: Timestamp) -> ChallengeStatus {
        let is_over = match self.status {
            ChallengeStatus::Pending => now >= self.expires_at,
            ChallengeStatus::Verified => self
                .proof
                .as_ref()
                .is_none_or(|proof| now >= proof.expires_at),
            _ => false,
        };
        if is_over {
            ChallengeStatus::Expired
        } else {
            self.status
        }
    }

    /// Until when it lives, in milliseconds since 1970; zero if it has ended.
    fn live_until(&self) -> i64 {
        match self.status {
            ChallengeStatus::Pending => self.expires_at.as_millisecond(),
            ChallengeStatus::Verified => self
                .proof
                .as_ref()
                .map_or(0, |proof| proof.expires_at.as_millisecond()),
            _ => 0,
        }
    }

    /// How many wrong codes are left.
    pub(crate) fn attempts_left(&self) -> u8 {
        let most = u8::try_from(CODE_ATTEMPTS_MAX).unwrap_or(u8::MAX);
        most.saturating_sub(self.attempts)
    }

    /// A method that is offered.
    pub(crate) fn method(&self, method: StepUpMethod) -> Option<&Method> {
        self.methods.iter().find(|offered| offered.method == method)
    }

    /// The same, to be changed.
    pub(crate) fn method_mut(&mut self, method: StepUpMethod) -> Option<&mut Method> {
        self.methods
            .iter_mut()
            .find(|offered| offered.method == method)
    }

    /// Changes the status as the table of transitions allows, and tells whoever wants to know.
    // r[impl withdrawal.challenge.transitions]
    pub(crate) async fn go(
        &mut self,
        writing: &mut Writing,
        to: ChallengeStatus,
        now: Timestamp,
    ) -> Result<(), Fault> {
        if !self.status.can_transition_to(to) {
            return Err(Fault::Failed(format!(
                "a challenge does not go from {} to {}",
                self.status, to
            )));
        }
        self.status = to;
        if to.is_terminal() {
            // What could be used by whoever reads the records is of no use any more.
            self.proof = None;
            for offered in &mut self.methods {
                offered.code = None;
                offered.number = None;
            }
        }
        writing.put(self).await?;
        let data = json!({"challengeId": self.id, "status": to});
        let event = WebhookEventType::ChallengeUpdated;
        let whom = (self.owner.as_str(), self.client.as_str());
        deliver::enqueue(writing, whom, event, data, now).await?;
        let met: Vec<_> = self
            .methods
            .iter()
            .filter(|method| method.status == MethodStatus::Verified)
            .map(|method| method.method)
            .collect();
        let what = json!({
            "event": "challenge", "challenge": self.id, "status": to, "methods": met,
            "intentHash": self.intent_hash, "client": self.client,
        });
        audit::append(writing, &self.owner, now, what).await
    }
}
