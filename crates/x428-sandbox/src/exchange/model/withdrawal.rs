use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::json;
use x428::wire::Invalid;
use x428::wire::withdrawal::{
    RequiredAction, StatusReason, StatusReasonCode, StatusReasonMessage, TravelRuleStatus,
    WebhookEventType, Withdrawal as Wire, WithdrawalStatus as Status,
};
use x428::withdrawal::decimal::Decimal;
use x428::withdrawal::state::{BalanceEffect, Kind, Transition};

use crate::exchange::access::periods;
use crate::exchange::store::{Fault, Movement, Writing, record::record};
use crate::exchange::{audit, deliver};

/// A withdrawal.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) struct Withdrawal {
    pub(crate) id: String,
    pub(crate) owner: String,
    pub(crate) client: String,
    pub(crate) client_name: String,
    pub(crate) idempotency_key: String,
    /// What the client reads.
    pub(crate) wire: Wire,
    /// What it counts against limits, in US dollars.
    pub(crate) dollars: Decimal,
    /// The Travel Rule data, sealed.
    pub(crate) travel_rule: Option<String>,
    pub(crate) created_at: Timestamp,
    /// When the settlement does something next.
    pub(crate) due_at: Option<Timestamp>,
    /// Until when information is waited for.
    pub(crate) deadline: Option<Timestamp>,
    /// By whom it is being canceled.
    pub(crate) canceled_by: Option<StatusReasonCode>,
    /// Which statuses it has had, and since when, for its owner to see. The last ones, if there are
    /// very many.
    pub(crate) history: Vec<Past>,
}

/// A status that a withdrawal has or has had.
#[derive(Serialize, Deserialize, Clone)]
pub(crate) struct Past {
    pub(crate) status: Status,
    pub(crate) since: Timestamp,
    /// Why, in words for the owner.
    pub(crate) why: Option<String>,
}

/// More changes than a withdrawal has, unless somebody cancels it again and again.
const HISTORY: usize = 32;

record!(Withdrawal, "withdrawal", [
    "owner" = "$3" => |withdrawal| withdrawal.owner.as_str().into(),
    "client" = "$4" => |withdrawal| withdrawal.client.as_str().into(),
    "status" = "$5" => |withdrawal| withdrawal.wire.status.as_str().into(),
    "asset" = "$6" => |withdrawal| withdrawal.wire.asset.as_str().into(),
    "created_at" = "$7" => |withdrawal| withdrawal.created_at.as_millisecond().into(),
    "due_at" = "$8" => |withdrawal| {
        withdrawal.due_at.map_or(i64::MAX, Timestamp::as_millisecond).into()
    },
]);

/// Why a withdrawal has its status, in the words for its owner.
#[derive(Debug, Clone)]
pub(crate) struct Reason(StatusReasonCode, Cow<'static, str>);

impl Reason {
    pub(crate) fn new(code: StatusReasonCode, words: impl Into<Cow<'static, str>>) -> Self {
        Self(code, words.into())
    }

    fn to_wire(&self) -> Result<StatusReason, Invalid> {
        Ok(StatusReason::new(
            self.0,
            StatusReasonMessage::parse(self.1.as_ref())?,
        ))
    }
}

impl Withdrawal {
    /// The status.
    pub(crate) fn status(&self) -> Status {
        self.wire.status
    }

    /// Changes the status as the text allows. The balance is debited or released, the subscribers
    /// are told and the record is written with it.
    // r[impl withdrawal.state.release]
    // r[impl withdrawal.state.debit]
    // r[impl withdrawal.webhook.events]
    pub(crate) async fn go(
        &mut self,
        writing: &mut Writing,
        to: Status,
        reason: Option<Reason>,
        now: Timestamp,
    ) -> Result<(), Fault> {
        let from = self.status();
        let kind = if self.wire.internal {
            Kind::Internal
        } else {
            Kind::OnNetwork
        };
        let transition = Transition::new(from, to, kind).map_err(Fault::because)?;
        let words = reason.as_ref().map(Reason::to_wire).transpose()?;
        // The clocks of instances differ.
        let now = now.max(self.wire.updated_at.instant());
        transition.apply(&mut self.wire, words, now)?;
        if self.history.len() >= HISTORY {
            self.history.remove(0);
        }
        self.history.push(Past {
            status: to,
            since: now,
            why: reason.as_ref().map(|Reason(_, words)| words.to_string()),
        });
        self.wire.required_action = match (to, reason) {
            (Status::AwaitingInformation, Some(Reason(StatusReasonCode::TravelRuleMissing, _))) => {
                Some(RequiredAction::ProvideTravelRule)
            }
            (Status::AwaitingInformation, _) => Some(RequiredAction::ProvideOwnershipProof),
            _ => None,
        };
        if to == Status::AwaitingInformation {
            self.wire.travel_rule.status = TravelRuleStatus::Required;
        }
        if to.is_terminal() {
            self.due_at = None;
        }
        match transition.effect() {
            BalanceEffect::Debit => writing.settle(&self.id, Movement::Debit, now).await?,
            BalanceEffect::Release => writing.settle(&self.id, Movement::Release, now).await?,
            _ => {}
        }
        if transition.effect() == BalanceEffect::Release {
            let (day, _) = periods(self.created_at)?;
            let who = (self.owner.as_str(), self.client.as_str());
            writing.unspend(who, day, self.dollars).await?;
        }
        writing.put(self).await?;
        self.tell(writing, now).await
    }

    /// Tells the subscribers, and writes the record.
    // r[impl withdrawal.webhook.content]
    pub(crate) async fn tell(&self, writing: &mut Writing, now: Timestamp) -> Result<(), Fault> {
        let status = self.status();
        let mut data = json!({
            "id": self.id, "status": status, "updatedAt": self.wire.updated_at,
        });
        if let (Some(data), Some(name)) = (data.as_object_mut(), &self.wire.client_reference) {
            data.insert("clientReference".to_owned(), json!(name));
        }
        let event = WebhookEventType::WithdrawalUpdated;
        let whom = (self.owner.as_str(), self.client.as_str());
        deliver::enqueue(writing, whom, event, data, now).await?;
        let reason = self.wire.status_reason.as_ref().map(|reason| reason.code);
        let what = json!({
            "event": "withdrawal", "withdrawal": self.id, "status": status, "client": self.client,
            "reason": reason, "canceledBy": self.canceled_by,
        });
        audit::append(writing, &self.owner, now, what).await
    }
}
