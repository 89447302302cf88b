//! Inputs from which nothing can be made: the error says where and what to do. And no input makes it panic.

#![expect(clippy::expect_used, reason = "a test fails by a panic")]
#![expect(
    clippy::needless_pass_by_value,
    reason = "the inputs are written in place"
)]

use serde_json::{Value, json};
use std::{env, fmt::Write as _, fs, path::Path};
use x428_codegen::{Error, Protocol, openapi, openapi_3_0, rust};

fn manifest() -> Value {
    json!({ "protocol": { "id": "broken", "title": "Broken", "version": "1.0" } })
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the values are written in place"
)]
fn types(definitions: Value) -> Result<(), Error> {
    with_manifest(&definitions, &manifest())
}

fn with_manifest(definitions: &Value, manifest: &Value) -> Result<(), Error> {
    let protocol = Protocol::parse(
        &json!({ "$defs": definitions }).to_string(),
        &manifest.to_string(),
    )?;
    let document = openapi(&protocol)?;
    openapi_3_0(&document)?;
    rust(&[protocol]).map(drop)
}

fn report(cases: impl IntoIterator<Item = (&'static str, Result<(), Error>)>) -> String {
    let mut report = String::new();
    for (name, result) in cases {
        let error = result.expect_err(name);
        writeln!(
            report,
            "{name}\n  {}\n",
            error.to_string().replace('\n', "\n  ")
        )
        .expect("a string takes it");
    }
    report
}

#[track_caller]
fn snapshot(name: &str, report: &str) {
    insta::with_settings!({ omit_expression => true }, { insta::assert_snapshot!(name, report) });
}

fn object(properties: Value, required: Value) -> Value {
    json!({ "type": "object", "properties": properties, "required": required })
}

#[test]
fn files() {
    let parse = |bundle: &str, manifest: &str| Protocol::parse(bundle, manifest).map(drop);
    let good = manifest().to_string();
    snapshot(
        "files",
        &report([
            (
                "no such file",
                Protocol::load("no/such/directory", "attestation").map(drop),
            ),
            ("no JSON", parse("{\n  \"$defs\": }", &good)),
            ("no types", parse("{}", &good)),
            (
                "a boolean schema",
                parse(r#"{"$defs": {"A": true}}"#, &good),
            ),
            (
                "a manifest without a protocol",
                parse(r#"{"$defs": {}}"#, "{}"),
            ),
            (
                "a manifest of another form",
                parse(r#"{"$defs": {}}"#, r#"{"protocol": []}"#),
            ),
        ]),
    );
}

#[test]
fn schemas() {
    snapshot(
        "schemas",
        &report([
            (
                "a pattern that does not compile",
                types(json!({ "A": { "type": "string", "pattern": "(" } })),
            ),
            (
                "an unknown format",
                types(json!({ "A": { "type": "string", "format": "colour" } })),
            ),
            (
                "a time in any zone",
                types(json!({ "A": { "type": "string", "format": "date-time" } })),
            ),
            ("an unknown keyword", types(json!({ "A": { "allOf": [] } }))),
            (
                "a least number of members",
                types(json!({ "A": { "type": "object", "minProperties": 1 } })),
            ),
            (
                "two types",
                types(json!({ "A": { "type": ["string", "null"] } })),
            ),
            (
                "a keyword of another type",
                types(json!({ "A": { "type": "string", "minItems": 1 } })),
            ),
            (
                "a range of what is no integer",
                types(json!({ "A": { "type": "number", "maximum": 1 } })),
            ),
            (
                "bounds the wrong way round",
                types(json!({ "A": { "type": "integer", "minimum": 2, "maximum": 1 } })),
            ),
            (
                "a length that is no count",
                types(json!({ "A": { "type": "string", "maxLength": -1 } })),
            ),
            (
                "a constant that is an object",
                types(json!({ "A": { "const": {} } })),
            ),
            (
                "an enum of numbers",
                types(json!({ "A": { "enum": [1, 2] } })),
            ),
            (
                "two words of one name",
                types(json!({ "A": { "enum": ["a-b", "a_b"] } })),
            ),
            (
                "no such type",
                types(json!({ "A": object(json!({ "b": { "$ref": "#/$defs/B" } }), json!([])) })),
            ),
            (
                "a reference elsewhere",
                types(json!({ "A": { "$ref": "B.json" } })),
            ),
            (
                "required and not described",
                types(json!({ "A": object(json!({}), json!(["a/b"])) })),
            ),
            (
                "two members of one name",
                types(json!({ "A": object(json!({ "aB": {}, "a_b": {} }), json!([])) })),
            ),
            (
                "additional members with a rule",
                types(
                    json!({ "A": { "type": "object", "properties": {}, "additionalProperties": { "type": "string" } } }),
                ),
            ),
            (
                "no name of a type",
                types(json!({ "not-a-name": { "type": "string" } })),
            ),
            (
                "a name of Rust",
                types(json!({ "Vec": { "type": "string" } })),
            ),
            (
                "a name that is taken",
                types(json!({
                    "A": object(json!({ "x": { "type": "string", "maxLength": 1 } }), json!([])),
                    "AX": { "type": "string" },
                })),
            ),
            (
                "unique objects",
                types(
                    json!({ "A": { "type": "array", "uniqueItems": true, "items": { "type": "object" } } }),
                ),
            ),
        ]),
    );
}

#[test]
fn unions() {
    let record = |tag: Value| object(json!({ "kind": tag, "id": {} }), json!(["kind"]));
    let constant = |text: &str| record(json!({ "type": "string", "const": text }));
    let union = |one: Value, other: Value| {
        types(
            json!({ "U": { "oneOf": [{ "$ref": "#/$defs/A" }, { "$ref": "#/$defs/B" }] }, "A": one, "B": other }),
        )
    };
    snapshot(
        "unions",
        &report([
            ("no tags", union(record(json!({})), record(json!({})))),
            ("the same tags", union(constant("a"), constant("a"))),
            (
                "two texts",
                union(
                    json!({ "type": "string" }),
                    json!({ "type": "string", "maxLength": 1 }),
                ),
            ),
            ("no type", union(json!({}), json!({ "type": "string" }))),
        ]),
    );
}

#[test]
fn tables() {
    let codes = |rows: Value| {
        let mut manifest = manifest();
        manifest["codes"] = json!([{ "type": "Code", "rows": rows }]);
        with_manifest(&json!({}), &manifest)
    };
    let constant = |name: &str, value: u64, unit: &str| {
        let mut manifest = manifest();
        manifest["constants"] = json!([{ "name": "a", "value": 1, "unit": "bytes" }, { "name": name, "value": value, "unit": unit }]);
        with_manifest(&json!({}), &manifest)
    };
    let typed = |of: &str, rows: Value| {
        let mut manifest = manifest();
        manifest["codes"] = json!([{ "type": "Code", "rows": rows, "columns": { "b": of } }]);
        with_manifest(&json!({}), &manifest)
    };
    let machine = |change: &dyn Fn(&mut Value)| {
        let mut manifest = manifest();
        manifest["codes"] = json!([{ "type": "Code", "rows": [{ "code": "a" }, { "code": "b" }] }]);
        manifest["machines"] = json!([{
            "of": "Code", "initial": "a", "transitions": [{ "from": "a", "to": "b" }],
        }]);
        change(&mut manifest);
        with_manifest(&json!({}), &manifest)
    };
    assert!(machine(&|_| ()).is_ok());
    let header = |row: &Value| {
        let mut manifest = manifest();
        manifest["tables"] = json!({ "headers": { "rows": [{ "header": "X-A" }, row] } });
        with_manifest(&json!({}), &manifest)
    };
    snapshot(
        "tables",
        &report([
            (
                "a machine of nothing",
                machine(&|manifest| manifest["machines"][0]["of"] = json!("Cod")),
            ),
            (
                "two machines of a type",
                machine(&|manifest| {
                    let first = manifest["machines"][0].clone();
                    manifest["machines"] = json!([first, first]);
                }),
            ),
            (
                "no such beginning",
                machine(&|manifest| manifest["machines"][0]["initial"] = json!("c")),
            ),
            (
                "no such state",
                machine(&|manifest| manifest["machines"][0]["transitions"][0]["to"] = json!("c")),
            ),
            (
                "a column of no enumeration",
                typed("A", json!([{ "code": "a", "b": "c" }])),
            ),
            (
                "a cell of no value",
                typed("Code", json!([{ "code": "a", "b": "c" }])),
            ),
            (
                "a column that is taken",
                codes(json!([{ "code": "a", "as str": "a" }])),
            ),
            ("no codes", codes(json!([]))),
            (
                "a code twice",
                codes(json!([{ "code": "a" }, { "code": "a" }])),
            ),
            (
                "a cell is missing",
                codes(json!([{ "code": "a", "status": 1 }, { "code": "b" }])),
            ),
            ("a constant twice", constant("a", 1, "bytes")),
            ("a constant without a name", constant("1", 1, "bytes")),
            ("too many bytes", constant("b", u64::MAX, "bytes")),
            ("too many days", constant("b", u64::MAX, "days")),
            ("a row without a header", header(&json!({ "meaning": "x" }))),
            ("no name of a header", header(&json!({ "header": "a b" }))),
            ("a header in two ways", header(&json!({ "header": "x-a" }))),
        ]),
    );
}

#[test]
fn operations() {
    let operation = |change: &dyn Fn(&mut Value)| {
        let mut manifest = manifest();
        manifest["examples"] = json!([{ "id": "a", "of": "A", "value": "x" }]);
        manifest["operations"] = json!([{
            "id": "submit", "method": "post", "path": "/submit",
            "operation": { "responses": { "200": {
                "description": "OK",
                "content": { "application/json": { "schema": { "$ref": "A" }, "examples": ["a"] } },
            } } },
        }]);
        change(&mut manifest);
        with_manifest(&json!({ "A": { "type": "string" } }), &manifest)
    };
    let media = "/operations/0/operation/responses/200/content/application~1json";
    let set = |pointer: &'static str, value: Value| {
        operation(&move |manifest| {
            *manifest.pointer_mut(pointer).expect("the place is there") = value.clone();
        })
    };
    let media_member = |name: &'static str, value: Value| {
        operation(&move |manifest| {
            manifest.pointer_mut(media).expect("the place is there")[name] = value.clone();
        })
    };
    assert!(operation(&|_| ()).is_ok());
    snapshot(
        "operations",
        &report([
            ("no method", set("/operations/0/method", json!("fetch"))),
            ("no path", set("/operations/0/path", json!("submit"))),
            (
                "no such scopes",
                operation(&|manifest| {
                    let flow = json!({ "authorizationUrl": "https://a.example/", "tokenUrl": "https://a.example/", "scopes": "Scope" });
                    manifest["components"] = json!({ "securitySchemes": { "a": {
                        "type": "oauth2", "flows": { "authorizationCode": flow },
                    } } });
                }),
            ),
            (
                "a webhook without a method",
                operation(&|manifest| {
                    let webhook =
                        json!({ "id": "a", "method": "tell", "operation": { "responses": {} } });
                    manifest["webhooks"] = json!([webhook]);
                }),
            ),
            (
                "a webhook twice",
                operation(&|manifest| {
                    let webhook =
                        json!({ "id": "a", "method": "post", "operation": { "responses": {} } });
                    manifest["webhooks"] = json!([webhook, webhook]);
                }),
            ),
            (
                "no OpenAPI",
                set("/operations/0/operation/responses", json!("none")),
            ),
            (
                "no such type",
                media_member("schema", json!({ "$ref": "B" })),
            ),
            (
                "no such component",
                media_member("schema", json!({ "$ref": "schemas/B" })),
            ),
            ("no such example", media_member("examples", json!(["b"]))),
            (
                "no such member",
                media_member("exampels", json!({ "b": { "value": 1 } })),
            ),
            (
                "an operation twice",
                operation(&|manifest| {
                    let first = manifest["operations"][0].clone();
                    manifest["operations"]
                        .as_array_mut()
                        .expect("a list")
                        .push(first);
                }),
            ),
        ]),
    );
}

#[test]
fn openapi_3_0_says_less() {
    let down = |schema: Value| {
        openapi_3_0(
            &json!({ "components": { "schemas": { "A": { "properties": { "b": schema } } } } }),
        )
        .map(drop)
    };
    snapshot(
        "openapi_3_0_says_less",
        &report([
            ("no document", openapi_3_0(&json!([])).map(drop)),
            (
                "a webhook",
                openapi_3_0(&json!({ "webhooks": { "a": { "post": { "schema": false } } } }))
                    .map(drop),
            ),
            ("a tuple", down(json!({ "prefixItems": [] }))),
            ("two types", down(json!({ "type": ["string", "integer"] }))),
            (
                "two bounds",
                down(json!({ "minimum": 1, "exclusiveMinimum": 0 })),
            ),
            ("nothing", down(json!(false))),
        ]),
    );
}

#[test]
fn openapi_3_0_converts_what_it_can() {
    let down = |schema: Value| {
        let document = json!({ "openapi": "3.1.0", "components": { "schemas": { "A": schema } } });
        openapi_3_0(&document).expect("it can be converted")["components"]["schemas"]["A"].clone()
    };
    assert_eq!(
        down(json!({ "const": "a" })),
        json!({ "type": "string", "enum": ["a"] })
    );
    assert_eq!(
        down(json!({ "const": 1 })),
        json!({ "type": "integer", "enum": [1] })
    );
    assert_eq!(
        down(json!({ "type": ["string", "null"] })),
        json!({ "type": "string", "nullable": true })
    );
    assert_eq!(down(json!({ "examples": [1, 2] })), json!({ "example": 1 }));
    assert_eq!(
        down(json!({ "exclusiveMaximum": 9 })),
        json!({ "maximum": 9, "exclusiveMaximum": true })
    );
    assert_eq!(
        down(json!({ "$ref": "#/x", "description": "d" })),
        json!({ "$ref": "#/x" })
    );
    assert_eq!(
        down(json!({ "if": {}, "$comment": "c", "x-note": 1 })),
        json!({ "x-note": 1 })
    );
    let nullable = json!({ "oneOf": [{ "$ref": "#/x" }, { "type": "null" }] });
    assert_eq!(
        down(nullable),
        json!({ "oneOf": [{ "$ref": "#/x" }], "nullable": true })
    );
    assert_eq!(down(json!({ "items": true })), json!({ "items": {} }));
    assert_eq!(
        down(json!({ "not": { "const": "a" } })),
        json!({ "not": { "type": "string", "enum": ["a"] } })
    );
}

/// Replaces every node of the golden inputs by every kind of value, and renames every member to a keyword.
#[test]
fn no_input_makes_it_panic() {
    let replacements = [
        json!(null),
        json!(true),
        json!(-1),
        json!(1.5),
        json!(""),
        json!("string"),
        json!("#/$defs/Shape"),
        json!("é-1"),
        json!([]),
        json!([null]),
        json!({}),
        json!({ "type": "string", "pattern": "[" }),
        json!({ "$ref": "x" }),
        json!({ "type": "object", "additionalProperties": { "type": "array", "items": false } }),
        json!({ "type": "array", "items": { "type": "object", "properties": { "a": { "enum": ["x"] } } } }),
    ];
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut inputs = 0;
    let mut accepted = 0;
    for file in fs::read_dir(directory).expect("the directory can be read") {
        let path = file.expect("it can be read").path();
        if path.extension().is_none_or(|extension| extension != "json") {
            continue;
        }
        let input: Value = serde_json::from_str(&fs::read_to_string(path).expect("it can be read"))
            .expect("it is JSON");
        let mut pointers = Vec::new();
        collect(&input, String::new(), &mut pointers);
        pointers.retain(|pointer| !pointer.ends_with("/description"));
        for pointer in pointers {
            for replacement in &replacements {
                let mut broken = input.clone();
                if let Some(place) = broken.pointer_mut(&pointer) {
                    *place = replacement.clone();
                }
                let mut tables = broken.get("manifest").cloned().unwrap_or_else(|| json!({}));
                if tables.is_object() {
                    tables["protocol"] = manifest()["protocol"].clone();
                }
                inputs += 1;
                accepted += usize::from(with_manifest(&broken["$defs"], &tables).is_ok());
            }
        }
    }
    assert!(
        accepted > 0 && accepted < inputs,
        "{accepted} of {inputs} are accepted"
    );
}

fn collect(node: &Value, pointer: String, pointers: &mut Vec<String>) {
    match node {
        Value::Object(members) => {
            for (name, value) in members {
                let name = name.replace('~', "~0").replace('/', "~1");
                collect(value, format!("{pointer}/{name}"), pointers);
            }
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                collect(item, format!("{pointer}/{index}"), pointers);
            }
        }
        _ => {}
    }
    pointers.push(pointer);
}
