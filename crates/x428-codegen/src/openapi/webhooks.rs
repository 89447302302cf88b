//! Webhooks: requests that the other side answers, at a path of its choice.

use super::{examples::Examples, method, read, references::References};
use crate::{Error, Protocol, error::at};
use serde_json::{Map, Value, json};
use utoipa::openapi::path::Operation;

/// The member `webhooks` of the document.
pub(super) fn webhooks<'a>(
    protocol: &'a Protocol,
    references: &References<'a>,
    examples: &mut Examples<'a>,
) -> Result<Map<String, Value>, Error> {
    let mut webhooks = Map::new();
    for (index, webhook) in protocol.manifest.webhooks.iter().enumerate() {
        let pointer = at("/webhooks", index);
        let error = |member: &str, reason: String, help: &str| {
            Err(Error::new(
                &protocol.manifest_file,
                at(&pointer, member),
                reason,
                help,
            ))
        };
        if method(&webhook.method).is_none() {
            return error(
                "method",
                format!("`{}` is no HTTP method", webhook.method),
                "write get, post, put …",
            );
        }
        let pointer_of_operation = at(&pointer, "operation");
        let mut value = Value::Object(webhook.operation.clone());
        if let Value::Object(members) = &mut value {
            members.insert("operationId".into(), webhook.id.clone().into());
        }
        references.write(&mut value, &pointer_of_operation, examples)?;
        read::<Operation>(&protocol.manifest_file, &pointer_of_operation, &value)?;
        let item = json!({ webhook.method.to_lowercase(): value });
        if webhooks.insert(webhook.id.clone(), item).is_some() {
            return error(
                "id",
                format!("two webhooks are called `{}`", webhook.id),
                "rename one",
            );
        }
    }
    Ok(webhooks)
}
