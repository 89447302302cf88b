//! Category `coinbase`: what an adapter converts, and what comes out.

use serde_json::Value;
use x428_conformance::{Case as Vectors, CoinbaseExpected, CoinbaseInput, CoinbaseNetwork};

use super::{build::Builder, case::Case};
use crate::model::Table;

/// Members of a `coinbase` case.
pub(super) const COINBASE_MEMBERS: &[&str] = &[
    "convert",
    "value",
    "patch",
    "request",
    "patch-request",
    "key",
    "becomes",
    "patch-becomes",
    "gap",
];

/// The table with the networks of the adapter.
const NETWORKS: &str = "coinbase-networks";

pub(super) fn coinbase(builder: &Builder<'_>, case: &mut Case<'_>) -> Option<Vectors> {
    let conversion = case.text("convert")?;
    let Ok(conversion) = serde_json::from_value(Value::String(conversion.clone())) else {
        let span = case.node.get("convert").unwrap_or(case.node).span;
        case.refuse(span, &format!("there is no conversion `{conversion}`"));
        return None;
    };
    let value = value(builder, case, "value", "patch")?;
    let request = match case.node.get("request") {
        Some(_) => Some(self::value(builder, case, "request", "patch-request")?),
        None => None,
    };
    Some(Vectors::Coinbase {
        input: Box::new(CoinbaseInput {
            conversion,
            value,
            networks: networks(builder, case)?,
            request,
            idempotency_key: case.optional_text("key"),
        }),
        expected: expected(builder, case)?,
    })
}

/// One of the three outcomes.
fn expected(builder: &Builder<'_>, case: &mut Case<'_>) -> Option<CoinbaseExpected> {
    let given = ["becomes", "gap", "expect"].map(|name| case.node.get(name).is_some());
    let mut expected = CoinbaseExpected {
        value: None,
        error_code: None,
        gap: None,
    };
    match given {
        [true, false, false] => {
            expected.value = Some(value(builder, case, "becomes", "patch-becomes")?);
        }
        [false, true, false] => expected.gap = Some(case.text("gap")?),
        [false, false, true] => {
            let codes = builder.codes();
            let index = case.one_of("expect", &codes)?;
            expected.error_code = codes.get(index).map(|code| (*code).to_owned());
        }
        _ => {
            case.refuse(
                case.node.span,
                "this vector needs one of `becomes`, `gap` and `expect`",
            );
            return None;
        }
    }
    Some(expected)
}

/// What a member says: an object or a list, a word in the quotation marks of JSON, or the name of an
/// example; with the changes of a patch.
fn value(builder: &Builder<'_>, case: &mut Case<'_>, member: &str, patch: &str) -> Option<Value> {
    let Some(node) = case.node.get(member) else {
        case.refuse(case.node.span, &format!("this vector needs `{member}`"));
        return None;
    };
    let mut value = match node.as_str() {
        None => node.to_value(),
        // A word in quotation marks of JSON is that word.
        Some(text) if text.starts_with('"') => match serde_json::from_str(text) {
            Ok(word) => word,
            Err(error) => {
                let message = format!("this is no word of JSON: {error}");
                case.refuse(node.span, &message);
                return None;
            }
        },
        Some(_) => builder.example_of(case, member)?.1,
    };
    case.patch(patch, &mut value)?;
    Some(value)
}

fn networks(builder: &Builder<'_>, case: &mut Case<'_>) -> Option<Vec<CoinbaseNetwork>> {
    let documents = builder.protocol.documents.iter();
    let documents = documents.filter_map(|index| builder.spec.documents.get(*index));
    let mut tables = documents.flat_map(|document| &document.tables);
    let networks = tables.find(|table| table.id == NETWORKS).and_then(rows);
    if networks.is_none() {
        let message = format!(
            "the table `{NETWORKS}` has the columns `network`, `Coinbase` and `confirmations`"
        );
        case.refuse(case.node.span, &message);
    }
    networks
}

fn rows(table: &Table) -> Option<Vec<CoinbaseNetwork>> {
    let columns = ["network", "Coinbase", "confirmations"].map(|column| table.column(column));
    let [Some(code), Some(name), Some(confirmations)] = columns else {
        return None;
    };
    let mut rows = table.rows.iter();
    rows.try_fold(Vec::new(), |mut networks, row| {
        let text = |column: usize| Some(row.cells.get(column)?.text.as_str());
        networks.push(CoinbaseNetwork {
            code: text(code)?.to_owned(),
            name: text(name)?.to_owned(),
            confirmations: text(confirmations)?.parse().ok()?,
        });
        Some(networks)
    })
}
