use super::*;

const GOOD: &str = r#"
base = "https://api.example.com"

[[rules]]
path = "/reports/open"
preconditions = []

[[rules]]
path = "/reports/*"
methods = ["GET"]
preconditions = ["terms"]
grants = "siblings"

[[rules]]
path = "/reports/**"
preconditions = ["terms", "operator"]

[[rules]]
path = "/films/midnight"
preconditions = ["adult"]

[preconditions.terms]
type = "tos"
methods = ["self", "vc"]
ui-hint = "Accept the terms."
version = "2026-11"
document-url = "https://api.example.com/terms/2026-11.txt"
document-hash = "sha256-969248b43c92b6d938ea589b7255be8d3f835784699da8c53dfebf377230d466"

[preconditions.operator]
type = "identity"
methods = ["self"]

[preconditions.adult]
type = "age"
methods = ["vc"]
minimum-age = 18
accepted-vc-issuers = ["did:web:issuer.example"]
"#;

fn ids(file: &PolicyFile, method: &str, path: &str) -> Vec<String> {
    let uri: Uri = path.parse().unwrap();
    let requirement = file.requirement(&method.parse().unwrap(), &uri);
    let requirement = requirement.into_iter();
    requirement
        .flat_map(|one| one.policy().preconditions().to_vec())
        .map(|precondition| precondition.id().as_str().to_owned())
        .collect()
}

#[test]
fn the_first_rule_that_matches_decides() {
    let file = PolicyFile::parse(GOOD).unwrap();
    assert_eq!(
        *file.base(),
        PublicBase::parse("https://api.example.com").unwrap()
    );
    assert_eq!(file.precondition_types(), ["tos", "identity", "age"]);
    assert_eq!(file.policies().count(), 3);
    for (method, path, expected) in [
        ("GET", "/reports/1", &["terms"][..]),
        ("HEAD", "/reports/1?x=1", &["terms"]),
        ("POST", "/reports/1", &["terms", "operator"]),
        ("GET", "/reports", &["terms", "operator"]),
        ("GET", "/reports/", &["terms", "operator"]),
        ("GET", "/reports/1/2", &["terms", "operator"]),
        ("GET", "/reports/open", &[]),
        ("GET", "/films/midnight", &["adult"]),
        ("GET", "/films", &[]),
        ("GET", "/", &[]),
        ("GET", "/reportsx", &[]),
    ] {
        assert_eq!(ids(&file, method, path), expected, "{method} {path}");
    }
}

/// Whoever finds a spelling that the router takes for a guarded path finds it guarded.
#[test]
fn another_spelling_is_no_way_around() {
    let file = PolicyFile::parse(GOOD).unwrap();
    for path in [
        "/films/%6didnight",
        "/films/%256didnight",
        "/films//midnight",
        "//films/midnight",
        "/films/midnight/",
        "/films/./midnight",
        "/films/x/../midnight",
        "/films/x/%2e%2e/midnight",
        "/films%2Fmidnight",
        "/films%5Cmidnight",
        "/films/midnight;v=1",
        "/x/%2e%2e%2Ffilms%2Fmidnight",
    ] {
        assert_eq!(ids(&file, "GET", path), ["adult"], "{path}");
    }
    let both = ids(&file, "GET", "/reports/open/../../films/midnight");
    assert_eq!(both, ["terms", "operator"], "what is guarded as it stands");
    let detour = ids(&file, "GET", "/reports/x/../open");
    assert_eq!(detour, ["terms", "operator"], "no way to what is open");
}

#[test]
fn a_bad_file_is_refused_with_line_and_reason() {
    for (from, to, line, column, why) in [
        ("base = \"https", "base = \"http", 2, 8, "use https"),
        ("base = ", "bass = ", 2, 1, "unknown field `bass`"),
        (
            "\"/reports/*\"",
            "\"reports/*\"",
            9,
            8,
            "begins with a slash",
        ),
        ("\"/reports/*\"", "\"/re*ports\"", 9, 8, "only at its end"),
        ("\"/reports/*\"", "\"/a/../b\"", 9, 8, "no dot segments"),
        (
            "[\"GET\"]",
            "[\"GET\", \"HEAD\"]",
            10,
            19,
            "goes with `GET`",
        ),
        ("[\"GET\"]", "[\"get\"]", 10, 12, "no method"),
        ("[\"GET\"]", "[\"OPTIONS\"]", 10, 12, "no method"),
        (
            "[\"terms\"]",
            "[\"term\"]",
            11,
            18,
            "no precondition \"term\"",
        ),
        ("[\"adult\"]", "[\"adult\", \"adult\"]", 20, 17, "same id"),
        (
            "[\"adult\"]",
            "[]",
            34,
            16,
            "no rule names the precondition \"adult\"",
        ),
        (
            "\"siblings\"",
            "\"everything\"",
            12,
            10,
            "unknown variant `everything`",
        ),
        ("version = ", "verson = ", 26, 1, "unknown field `verson`"),
        (
            "type = \"tos\"",
            "type = \"robots\"",
            23,
            8,
            "unknown variant `robots`",
        ),
        ("version = \"2026-11\"\n", "", 22, 1, "needs `version`"),
        ("sha256-9", "sha256-", 22, 1, "DocumentHash"),
        ("minimum-age = 18", "minimum-age = 200", 34, 1, "MinimumAge"),
        (
            "[\"self\"]\n\n[preconditions.adult]",
            "[\"vc\"]\n\n[preconditions.adult]",
            30,
            1,
            "self",
        ),
        (
            "[preconditions.operator]\n",
            "[preconditions.operator]\nminimum-age = 3\n",
            30,
            1,
            "has no `minimum-age`",
        ),
        (
            "accepted-vc-issuers = [\"did:web:issuer.example\"]\n",
            "",
            34,
            1,
            "issuers",
        ),
        (
            "\"did:web:issuer.example\"",
            "\"issuer.example\"",
            34,
            1,
            "Did",
        ),
        ("minimum-age = 18", "minimum-age = ", 37, 15, "value"),
    ] {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{from}");
        let error = PolicyFile::parse(&text).unwrap_err();
        assert!(error.why().contains(why), "{from}: {error}");
        let place = (error.line(), error.column());
        assert_eq!(place, (line, column), "{from}: {error}");
    }
    let error = PolicyFile::parse("").unwrap_err();
    assert_eq!(error.to_string(), "line 1, column 1: missing field `base`");
}

/// The published schema is the one of these types. To renew it: `X428_RENEW=1 cargo test`.
#[test]
fn the_published_schema_is_the_one_that_is_read() {
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/schema/config/attestation-policy.json"
    );
    let text = format!("{:#}\n", schema());
    if std::env::var_os("X428_RENEW").is_some() {
        std::fs::write(file, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(file).unwrap(), text);
}

#[test]
fn the_schema_accepts_what_is_read_and_refuses_what_is_not() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let value = |text: &str| -> serde_json::Value { toml::from_str(text).unwrap() };
    assert!(validator.is_valid(&value(GOOD)));
    for (from, to) in [
        ("base = ", "bass = "),
        ("\"tos\"", "\"robots\""),
        ("\"/films", "\"films"),
    ] {
        assert!(
            !validator.is_valid(&value(&GOOD.replacen(from, to, 1))),
            "{from}"
        );
    }
}
