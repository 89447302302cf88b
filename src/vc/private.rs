//! Members of a credential that say more of an age than whether it is reached.

use serde_json::Value;

/// Names as they are compared: in lowercase, without hyphens and underscores.
const DISCLOSING: [&str; 9] = [
    "birthdate",
    "birthday",
    "birthyear",
    "dateofbirth",
    "yearofbirth",
    "dob",
    "age",
    "ageinyears",
    "exactage",
];

/// Whether a value has, at any depth, a member that gives a birth date or an exact age.
///
/// ```
/// use serde_json::json;
/// use x428::vc::discloses_age;
///
/// assert!(discloses_age(&json!({"person": [{"date_of_birth": "1990-01-01"}]})));
/// assert!(!discloses_age(&json!({"ageOver": 18})));
/// ```
// r[impl attestation.vc.age-private]
#[must_use]
pub fn discloses_age(value: &Value) -> bool {
    match value {
        Value::Object(members) => members
            .iter()
            .any(|(name, value)| is_disclosing(name) || discloses_age(value)),
        Value::Array(items) => items.iter().any(discloses_age),
        _ => false,
    }
}

fn is_disclosing(name: &str) -> bool {
    let plain: String = name
        .chars()
        .filter(|character| !matches!(character, '-' | '_'))
        .map(|character| character.to_ascii_lowercase())
        .collect();
    DISCLOSING.contains(&plain.as_str())
}
