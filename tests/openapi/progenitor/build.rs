//! Has progenitor make clients from the OpenAPI 3.0 documents.

use progenitor::Generator;
use serde_json::{Map, Value, json};
use std::{collections::BTreeSet, env, error::Error, fs, path::Path};

fn main() -> Result<(), Box<dyn Error>> {
    let made = env::var("OUT_DIR")?;
    for protocol in ["attestation", "withdrawal"] {
        let path = format!("../../../openapi/{protocol}-3.0.yaml");
        println!("cargo::rerun-if-changed={path}");
        let mut document: Value = serde_yaml::from_str(&fs::read_to_string(&path)?)?;
        join_errors(&mut document)?;
        let code = Generator::default().generate_tokens(&serde_json::from_value(document)?)?;
        fs::write(Path::new(&made).join(format!("{protocol}.rs")), code.to_string())?;
    }
    Ok(())
}

/// progenitor knows one type of errors for each operation. Where there are several, a union stands for them.
fn join_errors(document: &mut Value) -> Result<(), Box<dyn Error>> {
    let shared = document["components"]["responses"].clone();
    let mut unions = Map::new();
    let paths = document["paths"].as_object_mut().ok_or("no paths")?;
    for operation in paths.values_mut().filter_map(Value::as_object_mut).flat_map(Map::values_mut) {
        let Some(id) = operation["operationId"].as_str().map(str::to_owned) else { continue };
        let responses = operation["responses"].as_object_mut().ok_or("no responses")?;
        let mut types = BTreeSet::new();
        for (_, response) in responses.iter_mut().filter(|(status, _)| is_error(status)) {
            if let Some(name) = response["$ref"].as_str() {
                *response = shared[name.rsplit('/').next().unwrap_or_default()].clone();
            }
            types.extend(response["content"]["application/json"]["schema"]["$ref"].as_str().map(str::to_owned));
        }
        if types.len() < 2 {
            continue;
        }
        let name = format!("{}{}Error", id[..1].to_uppercase(), &id[1..]);
        for (_, response) in responses.iter_mut().filter(|(status, _)| is_error(status)) {
            response["content"]["application/json"]["schema"] = json!({ "$ref": format!("#/components/schemas/{name}") });
        }
        let alternatives: Vec<Value> = types.iter().map(|reference| json!({ "$ref": reference })).collect();
        unions.insert(name, json!({ "oneOf": alternatives }));
    }
    document["components"]["schemas"].as_object_mut().ok_or("no schemas")?.extend(unions);
    Ok(())
}

fn is_error(status: &str) -> bool {
    status.starts_with(['4', '5'])
}
