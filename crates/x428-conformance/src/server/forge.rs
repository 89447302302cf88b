//! Payloads, good ones and others.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use x428::attestation::{Answer, Challenge, header};
use x428::clock::{Clock as _, SystemClock};
use x428::did::{self, PublicKey};
use x428::jcs::{Limits, StrictJson};
use x428::sign::{SIGNATURE_MEMBER, SigningKey, sign_object};
use x428::wire::attestation::{AttestationMethod, PAYLOAD_HEADER_MAX, Precondition};

/// The operator's key of Appendix B, which everybody has.
const PUBLISHED: &str = r#"{"kty":"OKP","crv":"Ed25519",
    "x":"5WNqMojJZ8mwP0SX7Kdr5wCg3BIsIwv88ka-ifO8eV4",
    "d":"FWTPVbG1ErUqIb3SZdju7KvyG6EWh0C2g_simCUcocA"}"#;

/// Why a challenge cannot be answered by a key alone.
pub(super) fn unanswerable(challenge: &Challenge) -> Option<String> {
    let mut preconditions = challenge.message().preconditions.iter();
    preconditions.find_map(|precondition| {
        let id = precondition.id().as_str();
        if matches!(precondition, Precondition::Other(_)) {
            Some(format!("{id:?} is of a type that the run does not know"))
        } else if !precondition
            .allowed_attestation_methods()
            .contains(&AttestationMethod::Self_)
        {
            Some(format!("{id:?} does not take the operator's own word"))
        } else {
            None
        }
    })
}

/// Makes payloads for a challenge.
pub(super) struct Forge<'a> {
    pub(super) challenge: &'a Challenge,
    pub(super) key: &'a SigningKey,
}

impl Forge<'_> {
    /// The right answer, as JSON text.
    pub(super) fn good(&self) -> Result<String, String> {
        self.good_at(SystemClock.now())
    }

    fn good_at(&self, now: Timestamp) -> Result<String, String> {
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let did = self.key.did().map_err(|error| text(&error))?;
        let mut answer = Answer::new(self.challenge, did);
        for precondition in &*self.challenge.message().preconditions {
            answer = answer
                .confirm(precondition.id().as_str(), now)
                .map_err(|error| text(&error))?;
        }
        let signed = answer.sign(self.key).map_err(|error| text(&error))?;
        Ok(signed.text().to_owned())
    }

    /// The right answer, changed and signed again.
    pub(super) fn changed(
        &self,
        change: impl FnOnce(&mut Map<String, Value>),
    ) -> Result<String, String> {
        let mut value = self.value()?;
        if let Some(members) = value.as_object_mut() {
            change(members);
        }
        sign(value, self.key)
    }

    /// The right answer with a change in each attestation of a type, signed again; nothing if there
    /// is none.
    pub(super) fn changed_attestation(
        &self,
        of: Option<&str>,
        change: impl Fn(&mut Map<String, Value>),
    ) -> Option<Result<String, String>> {
        let mut value = match self.value() {
            Ok(value) => value,
            Err(why) => return Some(Err(why)),
        };
        let attestations = value.get_mut("attestations")?.as_array_mut()?;
        let mut fitting = attestations
            .iter_mut()
            .filter_map(Value::as_object_mut)
            .filter(|members| {
                of.is_none_or(|of| members.get("type").and_then(Value::as_str) == Some(of))
            });
        change(fitting.next()?);
        Some(sign(value, self.key))
    }

    /// The right answer, changed after it was signed.
    pub(super) fn tampered(&self) -> Result<String, String> {
        let mut value = self.value()?;
        value["unsigned"] = true.into();
        Ok(value.to_string())
    }

    pub(super) fn padded_signature(&self) -> Result<String, String> {
        let mut value = self.value()?;
        let signature = value[SIGNATURE_MEMBER].as_str().unwrap_or_default();
        value[SIGNATURE_MEMBER] = format!("{signature}==").into();
        Ok(value.to_string())
    }

    /// One member twice: two readers may see two payloads.
    pub(super) fn duplicate_member(&self) -> Result<String, String> {
        let good = self.good()?;
        Ok(good.replacen('{', r#"{"x428Version":1,"#, 1))
    }

    pub(super) fn too_deep(&self) -> Result<String, String> {
        self.changed(|members| {
            let deep = (0..40).fold(Value::Bool(true), |inner, _| json!([inner]));
            members.insert("deep".to_owned(), deep);
        })
    }

    pub(super) fn too_long(&self) -> Result<String, String> {
        self.changed(|members| {
            members.insert("long".to_owned(), "x".repeat(PAYLOAD_HEADER_MAX).into());
        })
    }

    pub(super) fn of_published_key(&self) -> Result<String, String> {
        let jwk: Map<String, Value> =
            serde_json::from_str(PUBLISHED).map_err(|error| error.to_string())?;
        let key = SigningKey::from_jwk(&jwk).map_err(|error| error.to_string())?;
        let forge = Forge {
            challenge: self.challenge,
            key: &key,
        };
        forge.good()
    }

    /// The neutral point is nobody's key, and verifies this signature over every message where the
    /// check is not strict.
    pub(super) fn of_weak_key(&self) -> Result<String, String> {
        let mut neutral = [0; 32];
        neutral[0] = 1;
        let did = did::key::did(&PublicKey(neutral)).map_err(|error| error.to_string())?;
        let mut signature = [0; 64];
        signature[0] = 1;
        let mut value = self.value()?;
        value["operatorId"] = did.as_str().into();
        value[SIGNATURE_MEMBER] = x428::sign::Signature(signature).to_string().into();
        Ok(value.to_string())
    }

    /// A time that is not now, as the wire writes it.
    pub(super) fn time(seconds: i64) -> String {
        let now = Timestamp::from_second(SystemClock.now().as_second()).unwrap_or_default();
        (now + SignedDuration::from_secs(seconds)).to_string()
    }

    fn value(&self) -> Result<Value, String> {
        serde_json::from_str(&self.good()?).map_err(|error| error.to_string())
    }
}

fn sign(mut value: Value, key: &SigningKey) -> Result<String, String> {
    let object = StrictJson::from_value(
        value.clone(),
        Limits {
            bytes: usize::MAX,
            depth: 256,
        },
    )
    .map_err(|error| error.to_string())?;
    let signature = sign_object(&object, key).map_err(|error| error.to_string())?;
    value[SIGNATURE_MEMBER] = signature.to_string().into();
    Ok(value.to_string())
}

/// As a header carries it.
pub(super) fn encode(text: &str) -> String {
    header::encode(text)
}
