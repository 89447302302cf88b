//! OpenAPI documents.

use crate::{Error, Protocol};
use serde_json::{Value, json};

/// The OpenAPI 3.1 document of a protocol.
///
/// # Errors
/// [`Error`] names the operation, component or reference that is wrong.
pub fn openapi(protocol: &Protocol) -> Result<Value, Error> {
    Ok(json!({ "openapi": "3.1.0", "info": { "title": protocol.manifest.protocol.title } }))
}

/// The same document in OpenAPI 3.0.3.
///
/// # Errors
/// [`Error`] names the place that has no counterpart in 3.0.
pub fn openapi_3_0(document: &Value) -> Result<Value, Error> {
    Ok(document.clone())
}
