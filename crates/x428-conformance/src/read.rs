//! From the bytes of a file to vectors, or to the place where they are none.

use serde::Deserialize as _;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_path_to_error::Segment;

use crate::format::{
    Category, CodeExpected, CodeInput, CodedExpected, CoinbaseExpected, CoinbaseInput, CursorInput,
    DecimalExpected, DecimalInput, IdempotencyKeyExpected, IdempotencyKeyInput, IntentExpected,
    IntentInput, JcsExpected, Matches, ParseExpected, ParseInput, ProofInput, RoutingExpected,
    RoutingInput, ScopeInput, SignatureExpected, SignatureInput, StateExpected, StateInput, Steps,
    TokenExpected, TokenInput, Vector, VerifyExpected, VerifyInput, WebauthnChallengeExpected,
    WebauthnChallengeInput, WebhookExpected, WebhookInput,
};

/// A file or a value that is not of the vector format.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The file is no JSON.
    #[error("not JSON: {0}")]
    NotJson(#[source] serde_json::Error),
    /// The file is JSON, but not an array.
    #[error("not a vector file: the outermost value is not an array")]
    NotAnArray,
    /// The file holds no vector, so that nothing would be checked.
    #[error("not a vector file: the array is empty")]
    Empty,
    /// A vector is of a category that this runner does not know.
    #[error("{place}: unknown category `{category}`, expected one of {}", known())]
    UnknownCategory {
        /// The JSON pointer of the vector, and its description.
        place: String,
        /// The category that the vector names.
        category: String,
    },
    /// A vector does not have the members of its category.
    #[error("{place}: {reason}")]
    Malformed {
        /// The JSON pointer of the member that is wrong, and the description of the vector.
        place: String,
        /// What is wrong with it.
        reason: String,
    },
}

fn known() -> String {
    Category::ALL.map(Category::as_str).join(", ")
}

/// Reads a vector file.
///
/// # Errors
/// [`FormatError`] for a file that is not JSON, not an array, or empty, and for the first vector
/// that is not one.
// r[impl attestation.vectors.all]
// r[impl withdrawal.vectors.all]
pub fn parse(bytes: &[u8]) -> Result<Vec<Vector>, FormatError> {
    let file: Value = serde_json::from_slice(bytes).map_err(FormatError::NotJson)?;
    let Value::Array(items) = file else {
        return Err(FormatError::NotAnArray);
    };
    if items.is_empty() {
        return Err(FormatError::Empty);
    }
    items
        .iter()
        .enumerate()
        .map(|(index, item)| read(item, &format!("/{index}")))
        .collect()
}

/// Reads one vector.
///
/// # Errors
/// [`FormatError`] if the value is not a vector.
pub fn parse_value(value: &Value) -> Result<Vector, FormatError> {
    read(value, "")
}

fn read(value: &Value, pointer: &str) -> Result<Vector, FormatError> {
    let text = |member: &str| value.get(member).and_then(Value::as_str);
    let description = text("description").or_else(|| text("id"));
    let place = |path: &str| match description {
        Some(description) => format!("{pointer}{path} ({description:?})"),
        None => format!("{pointer}{path}"),
    };
    let malformed = |path: &str, reason: String| FormatError::Malformed {
        place: place(path),
        reason,
    };
    if !value.is_object() {
        return Err(malformed("", "a vector is an object".to_owned()));
    }
    let Some(Value::String(category)) = value.get("category") else {
        return Err(malformed("/category", "the category is missing".to_owned()));
    };
    if !Category::ALL.iter().any(|known| known.as_str() == category) {
        return Err(FormatError::UnknownCategory {
            place: place(""),
            category: category.clone(),
        });
    }
    let reads_steps = category == Category::VerifySequence.as_str();
    for member in ["input", "expected"] {
        if !reads_steps && value.get(member).is_none() {
            return Err(malformed("", format!("the member `{member}` is missing")));
        }
    }
    Vector::deserialize(value).map_err(|error| {
        let (path, reason) = locate(category, value).unwrap_or((String::new(), error.to_string()));
        malformed(&path, reason)
    })
}

/// Where a vector is not of its category. Serde reads the members of a category from a buffer and
/// forgets on the way where they stood, so the members are read again, one by one.
fn locate(category: &str, value: &Value) -> Option<(String, String)> {
    let category = Category::ALL
        .into_iter()
        .find(|known| known.as_str() == category)?;
    match category {
        Category::Scope => both::<ScopeInput, Matches>(value),
        Category::Signature => both::<SignatureInput, SignatureExpected>(value),
        Category::Verify => both::<VerifyInput, VerifyExpected>(value),
        Category::VerifySequence => match value.get("input") {
            Some(input) => fault::<Steps>(input, "/input"),
            None => fault::<Steps>(value, ""),
        },
        Category::Jcs => both::<Value, JcsExpected>(value),
        Category::Routing => both::<RoutingInput, RoutingExpected>(value),
        Category::Parse => both::<ParseInput, ParseExpected>(value),
        Category::Token => both::<TokenInput, TokenExpected>(value),
        Category::Decimal => both::<DecimalInput, DecimalExpected>(value),
        Category::Intent => both::<IntentInput, IntentExpected>(value),
        Category::WebauthnChallenge => {
            both::<WebauthnChallengeInput, WebauthnChallengeExpected>(value)
        }
        Category::State | Category::ChallengeState => both::<StateInput, StateExpected>(value),
        Category::Proof => both::<ProofInput, CodedExpected>(value),
        Category::Webhook => both::<WebhookInput, WebhookExpected>(value),
        Category::Cursor => both::<CursorInput, CodedExpected>(value),
        Category::Coinbase => both::<CoinbaseInput, CoinbaseExpected>(value),
        Category::Error => both::<CodeInput, CodeExpected>(value),
        Category::IdempotencyKey => both::<IdempotencyKeyInput, IdempotencyKeyExpected>(value),
    }
}

fn both<I: DeserializeOwned, E: DeserializeOwned>(value: &Value) -> Option<(String, String)> {
    fault::<I>(value.get("input")?, "/input")
        .or_else(|| fault::<E>(value.get("expected")?, "/expected"))
}

fn fault<T: DeserializeOwned>(value: &Value, pointer: &str) -> Option<(String, String)> {
    let error = serde_path_to_error::deserialize::<_, T>(value).err()?;
    let path: String = error
        .path()
        .iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(format!("/{index}")),
            Segment::Map { key } => Some(format!("/{key}")),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect();
    Some((format!("{pointer}{path}"), error.into_inner().to_string()))
}
