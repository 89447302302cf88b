use super::*;

fn mode(url: &str) -> &'static str {
    match options(url).unwrap().get_ssl_mode() {
        PgSslMode::Prefer => "prefer",
        PgSslMode::Require => "require",
        PgSslMode::Disable => "disable",
        PgSslMode::VerifyFull => "verify-full",
        _ => "another",
    }
}

#[test]
fn a_server_on_another_machine_has_to_prove_its_name() {
    for (url, expected) in [
        ("postgres://u:p@db.example/x", "verify-full"),
        (
            "postgres://u:p@db.example/x?application_name=x",
            "verify-full",
        ),
        ("postgres://u:p@192.0.2.1/x", "verify-full"),
        ("postgres://u:p@[2001:db8::1]/x", "verify-full"),
        ("postgres://u:p@localhost.example/x", "verify-full"),
        ("postgres://u:p@localhost/x?host=db.example", "verify-full"),
        ("postgresql://u:p@db.example/x?sslmode=require", "require"),
        ("postgres://u:p@db.example/x?sslmode=disable", "disable"),
        ("postgres://u:p@localhost/x", "prefer"),
        ("postgres://u:p@127.0.0.1/x", "prefer"),
        ("postgres://u:p@127.1.2.3/x", "prefer"),
        ("postgres://u:p@[::1]/x", "prefer"),
        ("postgres:///x?host=/run/postgresql", "prefer"),
        ("postgres://u@%2Frun%2Fpostgresql/x", "prefer"),
    ] {
        assert_eq!(mode(url), expected, "{url}");
    }
}

/// sqlx would print them to the log.
#[test]
fn an_unknown_parameter_is_refused() {
    for url in [
        "postgres://localhost/x?pasword=secret",
        "postgres://localhost/x?sslmode=disable&Password=secret",
    ] {
        assert_eq!(
            options(url).unwrap_err().to_string(),
            "the URL has a parameter that is not known"
        );
    }
    for url in [
        "postgres://localhost/x?options[search_path]=y",
        "postgres://localhost/x?options=-c%20search_path%3Dy",
        "postgres://localhost/x?sslrootcert=roots.pem&user=u&password=p&port=1&dbname=y",
    ] {
        assert!(options(url).is_ok(), "{url}");
    }
}
