use super::*;

const FROM: &str = "Example Exchange <no-reply@exchange.example>";

fn server(url: &str) -> Result<MailServer, Misuse> {
    MailServer::new(url, FROM)
}

#[test]
fn the_scheme_says_how_the_connection_is_secured() {
    for (url, security, host, port) in [
        ("smtps://mail.example", Security::Tls, "mail.example", 465),
        (
            "smtps://mail.example:4650",
            Security::Tls,
            "mail.example",
            4650,
        ),
        (
            "smtp://mail.example/",
            Security::StartTls,
            "mail.example",
            587,
        ),
        (
            "smtp+plain://localhost:1025",
            Security::None,
            "localhost",
            1025,
        ),
        ("smtp+plain://[::1]", Security::None, "::1", 25),
        ("smtp+plain://127.0.0.1", Security::None, "127.0.0.1", 25),
    ] {
        let server = server(url).unwrap();
        let parsed = (server.security, server.host.as_str(), server.port);
        assert_eq!(parsed, (security, host, port), "{url}");
    }
    let user = server("smtps://mail%40owners.example@mail.example").unwrap();
    assert_eq!(user.user.as_deref(), Some("mail@owners.example"));
}

#[test]
fn what_is_no_mail_server_is_refused() {
    for url in [
        "mail.example",
        "http://mail.example",
        "smtp://",
        "smtp+plain://mail.example",
        "smtp+plain://192.0.2.1",
        "smtps://user:password@mail.example",
        "smtps://mail.example/path",
        "smtps://mail.example?tls=none",
    ] {
        assert!(server(url).is_err(), "{url}");
    }
    assert!(MailServer::new("smtps://mail.example", "nobody").is_err());
    let nobody = server("smtps://mail.example").unwrap();
    assert!(nobody.with_password("p".to_owned()).is_err());
}

#[test]
fn a_password_is_not_shown() {
    let server = server("smtps://user@mail.example").unwrap();
    let server = server.with_password("correct horse".to_owned()).unwrap();
    let shown = format!("{server:?}");
    assert!(
        !shown.contains("horse") && !shown.contains("user"),
        "{shown}"
    );
}

fn formatted(to: &str, subject: &str, text: &str) -> Result<String, NotTaken> {
    let server = server("smtp+plain://localhost").unwrap();
    let mailer = Mailer::new(&server, "exchange.example".to_owned()).unwrap();
    let mail = Mail {
        id: "ms_1".to_owned(),
        to: to.to_owned(),
        subject: subject.to_owned(),
        text: text.to_owned(),
        at: Timestamp::UNIX_EPOCH,
    };
    let message = mailer.message(&mail)?;
    Ok(String::from_utf8(message.formatted()).unwrap())
}

#[test]
fn no_header_is_slipped_in() {
    let subject = "Hello\r\nBcc: all@owners.example\r\n\r\nA body";
    let text = formatted("ana@owners.example", subject, "Bcc: nobody\n.\nQUIT").unwrap();
    let (headers, body) = text.split_once("\r\n\r\n").unwrap();
    let names: Vec<_> = headers
        .split("\r\n")
        .filter(|line| !line.starts_with(' '))
        .map(|line| line.split(':').next().unwrap())
        .collect();
    assert!(!names.contains(&"Bcc"), "{headers}");
    assert!(headers.contains("To: ana@owners.example"), "{headers}");
    assert!(
        headers.contains("Message-ID: <ms_1@exchange.example>"),
        "{headers}"
    );
    assert!(body.contains("Bcc: nobody"));
    for to in [
        "ana@owners.example\r\nBcc: all@owners.example",
        "ana@owners.example, all@owners.example",
        "ana",
        "",
    ] {
        assert!(formatted(to, "Hello", "text").is_err(), "{to}");
        assert!(!is_address(to), "{to}");
    }
}
