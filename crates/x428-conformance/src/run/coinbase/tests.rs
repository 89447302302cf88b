use serde_json::{Value, json};

use crate::{Outcome, Profile, run_value};

fn run(input: &Value, expected: &Value) -> Outcome {
    let vector = json!({
        "description": "a test",
        "category": "coinbase",
        "input": input,
        "expected": expected,
    });
    run_value(&vector, &Profile::default()).unwrap()
}

// r[verify withdrawal.vectors.exact]
#[test]
fn what_comes_out_is_compared_as_a_whole() {
    let scope = json!({"conversion": "scope", "value": "withdrawals:read"});
    let none = json!({"conversion": "scope", "value": "withdrawals:cancel"});
    let error = json!({"conversion": "error", "value": {
        "status": 402, "body": {"errors": [{"id": "two_factor_required"}]}
    }});
    let right = [
        (&scope, json!({"value": "wallet:transactions:read"})),
        (&none, json!({"gap": "scope"})),
        (&error, json!({"errorCode": "challenge_required"})),
    ];
    for (input, expected) in right {
        assert_eq!(run(input, &expected), Outcome::Passed);
    }
    let wrong = [
        (&scope, json!({"value": "wallet:transactions:send"})),
        (&scope, json!({"gap": "scope"})),
        (
            &scope,
            json!({"value": "wallet:transactions:read", "gap": "scope"}),
        ),
        (&scope, json!({})),
        (&none, json!({"gap": "limits"})),
        (&none, json!({"errorCode": "scope"})),
        (&error, json!({"errorCode": "invalid_request"})),
        (&error, json!({"value": "challenge_required"})),
    ];
    for (input, expected) in wrong {
        assert!(!run(input, &expected).passed(), "{input} {expected}");
    }
}

#[test]
fn what_a_conversion_needs_has_to_be_there() {
    for input in [
        json!({"conversion": "send", "value": {}}),
        json!({"conversion": "withdrawal", "value": {}}),
        json!({"conversion": "error", "value": {"status": 400}}),
        json!({"conversion": "scope", "value": "everything"}),
        json!({"conversion": "page", "value": {}, "networks": [{
            "code": "", "name": "ethereum", "confirmations": 12
        }]}),
    ] {
        assert!(!run(&input, &json!({"gap": "value"})).passed(), "{input}");
    }
}
