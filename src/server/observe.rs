//! Spans, events and metrics without personal data: what was decided by which rule, with which
//! code, in which time.
//!
//! What may be told is of the configuration or of the specification: the name of a rule, a word for
//! the outcome, an error code, the name of what is out of order.

use super::guard::Requirement;
use crate::error::Error;
use crate::wire::attestation::ErrorCode;

/// One decision that is watched. Without the feature `tracing` nobody asks, and no clock is read.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    #[cfg(feature = "tracing")]
    started: std::time::Instant,
    #[cfg(feature = "tracing")]
    span: tracing::Span,
}

// r[impl attestation.privacy.redact]
macro_rules! event {
    ($level:ident, $decision:literal, $watch:expr $(, $name:ident = $value:expr)*) => {
        #[cfg(feature = "tracing")]
        {
            let watch: &Watch = $watch;
            watch.span.record("outcome", $decision);
            let _entered = watch.span.enter();
            tracing::event!(
                target: "x428::server",
                tracing::Level::$level,
                decision = $decision,
                $($name = $value,)*
                micros = watch.micros(),
            );
        }
        #[cfg(not(feature = "tracing"))]
        {
            let _ = $watch;
            $(let _ = $value;)*
        }
    };
}

/// Adds one to a counter.
macro_rules! count {
    ($counter:literal $(, $label:literal => $value:expr)*) => {
        #[cfg(feature = "metrics")]
        metrics::counter!($counter $(, $label => $value)*).increment(1);
        #[cfg(not(feature = "metrics"))]
        {
            $(let _ = $value;)*
        }
    };
}

#[cfg(feature = "tracing")]
macro_rules! span {
    ($name:literal, $rule:expr) => {
        tracing::info_span!(
            target: "x428::server",
            $name,
            rule = $rule,
            outcome = tracing::field::Empty,
            code = tracing::field::Empty,
        )
    };
}

impl Watch {
    /// Watches the decision on a request for a guarded resource.
    pub(super) fn request(requirement: &Requirement) -> Self {
        #[cfg(not(feature = "tracing"))]
        let _ = requirement;
        Self {
            #[cfg(feature = "tracing")]
            started: std::time::Instant::now(),
            #[cfg(feature = "tracing")]
            span: span!("x428.request", requirement.name()),
        }
    }

    /// Watches a call of the attestation endpoint. Its rule is known later.
    pub(super) fn endpoint() -> Self {
        Self {
            #[cfg(feature = "tracing")]
            started: std::time::Instant::now(),
            #[cfg(feature = "tracing")]
            span: span!("x428.endpoint", tracing::field::Empty),
        }
    }

    /// Watches what has no span of its own: the request was decided before.
    pub(super) fn afterwards() -> Self {
        Self {
            #[cfg(feature = "tracing")]
            started: std::time::Instant::now(),
            #[cfg(feature = "tracing")]
            span: tracing::Span::none(),
        }
    }

    /// Names the rule.
    pub(super) fn rule(&self, requirement: &Requirement) {
        #[cfg(feature = "tracing")]
        self.span.record("rule", requirement.name());
        #[cfg(not(feature = "tracing"))]
        let _ = (self, requirement);
    }

    /// Waits within the span.
    pub(super) async fn around<T>(self, decision: impl Future<Output = T>) -> T {
        #[cfg(feature = "tracing")]
        let decision = tracing::Instrument::instrument(decision, self.span);
        decision.await
    }

    pub(super) fn challenged(&self) {
        event!(DEBUG, "challenged", self);
    }

    pub(super) fn admitted(&self) {
        count!("x428_tokens_opened_total");
        event!(DEBUG, "admitted", self);
    }

    pub(super) fn granted(&self) {
        count!("x428_attestations_accepted_total");
        event!(INFO, "granted", self);
    }

    pub(super) fn refused(&self, code: ErrorCode) {
        count_refusal(code);
        #[cfg(feature = "tracing")]
        self.span.record("code", code.as_str());
        event!(INFO, "refused", self, code = code.as_str());
    }

    /// Names what is out of order, and not why: a reason may name hosts and operators.
    pub(super) fn outage(&self, error: &Error) {
        let what = match error {
            Error::Unavailable(unavailable) => unavailable.what(),
            Error::Misuse(_) => "configuration",
            _ => "server",
        };
        count!("x428_unavailable_total", "what" => what);
        event!(ERROR, "outage", self, what = what);
    }

    /// The request is none that the endpoint takes, and nothing was judged.
    pub(super) fn ignored(&self) {
        #[cfg(feature = "tracing")]
        self.span.record("outcome", "ignored");
        #[cfg(not(feature = "tracing"))]
        let _ = self;
    }

    #[cfg(feature = "tracing")]
    fn micros(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

fn count_refusal(code: ErrorCode) {
    #[cfg(feature = "metrics")]
    match code {
        ErrorCode::TokenExpired | ErrorCode::TokenScopeMismatch => {
            count!("x428_tokens_refused_total", "reason" => code.as_str());
        }
        _ => {
            count!("x428_attestations_rejected_total", "code" => code.as_str());
        }
    }
    #[cfg(not(feature = "metrics"))]
    let _ = code;
}

/// A challenge was made, whether a refusal carries it or not.
pub(super) fn issued() {
    count!("x428_challenges_issued_total");
}

/// A token counts for nothing, and the request is answered as if it carried none.
pub(super) enum Worthless {
    /// No key of this server opens it.
    Unknown,
    /// It was granted for other preconditions.
    Policy,
}

pub(super) fn worthless(why: &Worthless) {
    let reason = match why {
        Worthless::Unknown => "unknown",
        Worthless::Policy => "other_policy",
    };
    count!("x428_tokens_refused_total", "reason" => reason);
}

/// Takes the time of a verification.
pub(super) async fn verification<T>(verify: impl Future<Output = T>) -> T {
    #[cfg(feature = "metrics")]
    let started = std::time::Instant::now();
    let verdict = verify.await;
    #[cfg(feature = "metrics")]
    metrics::histogram!("x428_verification_seconds").record(started.elapsed());
    verdict
}

/// Tells the recorder what the metrics mean.
pub(super) fn describe() {
    #[cfg(feature = "metrics")]
    {
        use metrics::{Unit, describe_counter, describe_histogram};
        describe_counter!(
            "x428_challenges_issued_total",
            Unit::Count,
            "Challenges made, with or without a refusal"
        );
        describe_counter!(
            "x428_attestations_accepted_total",
            Unit::Count,
            "Payloads accepted"
        );
        describe_counter!(
            "x428_attestations_rejected_total",
            Unit::Count,
            "Payloads refused, by error code"
        );
        describe_counter!(
            "x428_tokens_opened_total",
            Unit::Count,
            "Requests admitted with a token"
        );
        describe_counter!(
            "x428_tokens_refused_total",
            Unit::Count,
            "Tokens presented that opened nothing, by reason"
        );
        describe_counter!(
            "x428_unavailable_total",
            Unit::Count,
            "Requests answered with 503, by what was out of order"
        );
        describe_histogram!(
            "x428_verification_seconds",
            Unit::Seconds,
            "Time to verify a payload"
        );
    }
}
