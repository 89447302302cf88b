//! Against the examples of the RFCs.

use super::*;

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn hex(value: Value) -> Option<String> {
    match call("hex", &[value]).ok()? {
        Value::Text(text) => Some(text),
        _ => None,
    }
}

/// RFC 8037, appendix A.1.
fn key_of_rfc_8037() -> Option<SigningKey> {
    key(&json!({
        "kty": "OKP",
        "crv": "Ed25519",
        "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
        "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
    }))
}

#[test]
fn a_jws_is_that_of_rfc_8037() -> Result<(), String> {
    // Appendix A.4: the payload is no JSON, so the parts are joined as `jws` joins them.
    let key = key_of_rfc_8037().ok_or("no key")?;
    let header = Value::Json(json!({ "alg": "EdDSA" }));
    let Value::Text(token) = jws(&key, &header, &text("x"))? else {
        return Err("no text".to_owned());
    };
    assert!(token.starts_with("eyJhbGciOiJFZERTQSJ9.Ingi."), "{token}");
    let input = text("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
    let signature = call("base64url", &[ed25519(&key, &[input])?])?;
    let expected =
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";
    assert_eq!(signature, text(expected));
    Ok(())
}

#[test]
fn a_thumbprint_is_that_of_rfc_8037() -> Result<(), String> {
    let key = key_of_rfc_8037().ok_or("no key")?;
    let digest = call("sha256", &[call("jcs", &[public(&key)])?])?;
    let thumbprint = call("base64url", &[digest])?;
    assert_eq!(
        thumbprint,
        text("kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")
    );
    Ok(())
}

#[test]
fn an_hmac_is_that_of_rfc_4231() -> Result<(), String> {
    let mac = call(
        "hmac-sha256",
        &[text("Jefe"), text("what do ya want "), text("for nothing?")],
    )?;
    let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert_eq!(hex(mac).as_deref(), Some(expected));
    Ok(())
}

#[test]
fn what_is_read_is_written_again() -> Result<(), String> {
    let bytes = Value::Bytes((0..=255).collect());
    for name in ["hex", "base64", "base64url"] {
        let written = call(name, std::slice::from_ref(&bytes))?;
        assert_eq!(call(&format!("from-{name}"), &[written])?, bytes, "{name}");
    }
    Ok(())
}

#[test]
fn what_a_function_does_not_take_it_refuses() {
    let object = Value::Json(json!({ "a": 1 }));
    let bytes = Value::Bytes(vec![1]);
    let calls: [(&str, &[Value]); 9] = [
        ("sha256", std::slice::from_ref(&object)),
        ("jcs", std::slice::from_ref(&bytes)),
        ("text", std::slice::from_ref(&bytes)),
        ("from-hex", &[text("0A")]),
        ("from-base64url", &[text("YQ==")]),
        ("after", &[text("whsec_"), text("x")]),
        ("at", &[object.clone(), text("/b")]),
        ("with", &[object.clone(), text("/b"), text("x")]),
        ("base64", &[]),
    ];
    for (name, arguments) in calls {
        assert!(call(name, arguments).is_err(), "{name}");
    }
}
