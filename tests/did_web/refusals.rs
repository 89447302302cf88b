//! What is a document, and all that is none.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use x428::did::web::{Network, WebResolver};
use x428::did::{Did, DidResolver as _, ResolveError};
use x428::wire::attestation::{DID_DOCUMENT_SIZE_MAX, DID_RESOLUTION_TIMEOUT};

use super::server::{
    Authority, BOUND, NAME, Names, Script, Server, network, resolve, resolve_impatiently, resolver,
    response,
};

const JSON: &str = "content-type: application/did+json\r\n";

fn why(result: Result<impl std::fmt::Debug, ResolveError>) -> String {
    match result.unwrap_err() {
        ResolveError::Unavailable(error) => panic!("an outage of its own: {error}"),
        error => error.to_string(),
    }
}

// r[verify attestation.did-web.https]
// r[verify attestation.did.methods]
#[tokio::test]
async fn a_document_is_fetched_over_tls() {
    let authority = Authority::new();
    for media_type in ["application/json; charset=utf-8", "application/did+ld+json"] {
        let headers = format!("content-type: {media_type}\r\ncache-control: max-age=60\r\n");
        let server = Server::of_document(&authority, &headers, 0).await;
        let document = resolver(&authority).resolve(&server.did()).await.unwrap();
        assert_eq!(*document.did(), server.did());
        assert_eq!(document.max_age(), Some(Duration::from_mins(1)));
        let heads = server.heads();
        assert_eq!(heads.len(), 1);
        assert!(heads[0].starts_with("get /.well-known/did.json http/1.1\r\n"));
        assert!(heads[0].contains("\r\naccept: application/did+json, "));
        assert!(!heads[0].contains("cookie") && !heads[0].contains("referer"));
    }
}

// r[verify attestation.did.strict-json]
#[tokio::test]
async fn a_document_of_the_longest_length_is_read_and_a_longer_one_is_not() {
    let authority = Authority::new();
    let server = Server::of_document(&authority, JSON, 0).await;
    let short = format!(r#"{{"id": "{}"}}"#, server.did()).len();
    let server = Server::of_document(&authority, JSON, DID_DOCUMENT_SIZE_MAX - short).await;
    resolver(&authority).resolve(&server.did()).await.unwrap();
    let server = Server::of_document(&authority, JSON, DID_DOCUMENT_SIZE_MAX + 1 - short).await;
    let refused = resolver(&authority).resolve(&server.did()).await;
    assert!(why(refused).contains("longer than 65536 bytes"));
}

#[tokio::test]
async fn a_length_that_is_announced_is_believed_and_one_that_is_not_is_counted() {
    let announced = format!("HTTP/1.1 200 OK\r\n{JSON}content-length: 65537\r\n\r\n");
    // Nothing of the body is ever sent: the announcement is enough.
    let refused = resolve(Script::Stall(announced.into_bytes())).await;
    assert!(why(refused).contains("longer than 65536 bytes"));

    let chunked = format!("HTTP/1.1 200 OK\r\n{JSON}transfer-encoding: chunked\r\n\r\n");
    let chunk = format!("1000\r\n{}\r\n", " ".repeat(0x1000));
    let flood = Script::Flood(chunked.into_bytes(), chunk.into_bytes());
    assert!(why(resolve(flood).await).contains("longer than 65536 bytes"));

    let until_closed = format!("HTTP/1.1 200 OK\r\n{JSON}\r\n");
    let flood = Script::Flood(until_closed.into_bytes(), vec![b' '; 4096]);
    assert!(why(resolve(flood).await).contains("longer than 65536 bytes"));

    let headers = Script::Flood(b"HTTP/1.1 200 OK\r\n".to_vec(), b"x: y\r\n".to_vec());
    why(resolve(headers).await);
}

// r[verify attestation.did-web.https]
#[tokio::test]
async fn a_redirect_is_not_followed() {
    let authority = Authority::new();
    let elsewhere = Server::of_document(&authority, JSON, 0).await;
    for status in ["301", "302", "303", "307", "308"] {
        let to = format!(
            "location: https://{NAME}:{}/.well-known/did.json\r\n",
            elsewhere.address.port()
        );
        let script = Script::Answer(response(&format!("{status} Elsewhere"), &to, ""));
        let server = Server::start(&authority, script).await;
        let refused = resolver(&authority).resolve(&server.did()).await;
        assert!(why(refused).contains("redirects"), "{status}");
    }
    assert_eq!(elsewhere.connections(), 0);
}

// r[verify attestation.did-web.response]
// r[verify attestation.error.outage]
#[tokio::test]
async fn a_server_without_the_document_is_a_did_that_does_not_resolve() {
    for status in [
        "201 Created",
        "204 No Content",
        "304 Not Modified",
        "401 Unauthorized",
        "404 Not Found",
        "410 Gone",
        "428 Precondition Required",
        "500 Internal Server Error",
        "503 Service Unavailable",
    ] {
        let refused = resolve(Script::Answer(response(status, JSON, ""))).await;
        assert!(
            matches!(refused, Err(ResolveError::Unobtainable(_))),
            "{status}: {refused:?}"
        );
    }
}

// r[verify attestation.did-web.response]
#[tokio::test]
async fn a_page_is_no_document() {
    let authority = Authority::new();
    for headers in [
        "",
        "content-type: text/html\r\n",
        "content-type: text/plain; x=application/json\r\n",
        "content-type: application/jsonx\r\n",
        "content-type: image/svg+json\r\n",
    ] {
        let server = Server::of_document(&authority, headers, 0).await;
        let refused = resolver(&authority).resolve(&server.did()).await;
        assert!(why(refused).contains("media type"), "{headers}");
    }
}

// r[verify attestation.did.document-id]
// r[verify attestation.did.strict-json]
// r[verify attestation.did.fail]
#[tokio::test]
async fn what_is_served_has_to_be_the_document_of_the_did() {
    for (body, expected) in [
        (
            r#"{"id": "did:web:operator.test"}"#,
            "not the DID that was resolved",
        ),
        (
            r#"{"id": "did:web:operator.test%3a1"}"#,
            "not the DID that was resolved",
        ),
        ("{}", "not the DID that was resolved"),
        (r#"["id"]"#, "not an object"),
        (r#"{"id": "a", "id": "b"}"#, "a second member of one name"),
        ("{\"id\": \"a\",}", "no member name"),
        ("\u{feff}{}", "no JSON value"),
        ("<html>", "no JSON value"),
        ("", "ends too early"),
    ] {
        let refused = resolve(Script::Answer(response("200 OK", JSON, body))).await;
        let why = why(refused);
        assert!(why.contains(expected), "{body}: {why}");
    }
    let deep = format!("{}{}", "[".repeat(17), "]".repeat(17));
    let refused = resolve(Script::Answer(response("200 OK", JSON, &deep))).await;
    assert!(why(refused).contains("nested too deep"));
}

// r[verify attestation.did-web.timeout]
// r[verify attestation.error.outage]
#[tokio::test]
async fn a_slow_server_is_given_up() {
    assert_eq!(DID_RESOLUTION_TIMEOUT, Duration::from_secs(5));
    let head = format!("HTTP/1.1 200 OK\r\n{JSON}content-length: 20\r\n\r\n");
    for script in [
        Script::Silence,
        Script::Stall(Vec::new()),
        Script::Stall(b"HTTP/1.1 200 OK\r\n".to_vec()),
        Script::Stall(head.clone().into_bytes()),
        Script::Stall(format!("{head}{{").into_bytes()),
    ] {
        let refused = tokio::time::timeout(BOUND, resolve_impatiently(script.clone())).await;
        let refused = refused.unwrap_or_else(|_| panic!("waits without end: {script:?}"));
        assert!(why(refused).contains("takes too long"), "{script:?}");
    }
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_or_is_somebody_else_is_not_believed() {
    let unreachable = "cannot be reached at a public address by HTTPS";
    assert!(why(resolve(Script::Garbage).await).contains(unreachable));

    let body = Script::Answer(response("200 OK", JSON, "{}"));
    let (authority, stranger) = (Authority::new(), Authority::new());
    let server = Server::start(&stranger, body.clone()).await;
    let refused = resolver(&authority).resolve(&server.did()).await;
    assert!(why(refused).contains(unreachable));
    assert_eq!(server.heads().len(), 0);

    let any = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let server = Server::start_as(&authority, "other.test", any, body).await;
    let refused = resolver(&authority).resolve(&server.did()).await;
    assert!(why(refused).contains(unreachable));
    assert_eq!(server.heads().len(), 0);
}

// r[verify attestation.did-web.public-address]
#[tokio::test]
async fn a_name_is_refused_if_one_of_its_addresses_is_not_public() {
    let authority = Authority::new();
    let server = Server::of_document(&authority, JSON, 0).await;
    for addresses in [
        &["127.0.0.1", "10.0.0.1"][..],
        &["10.0.0.1", "127.0.0.1"],
        &["127.0.0.1", "::1"],
        &["::ffff:127.0.0.1"],
        &["127.0.0.2"],
        &[],
    ] {
        let names = Names::new(&[addresses]);
        let resolver = WebResolver::with_network(network(&authority, &names)).unwrap();
        let refused = resolver.resolve(&server.did()).await;
        assert!(
            why(refused).contains("cannot be reached at a public address"),
            "{addresses:?}"
        );
        assert_eq!(names.asked(), 1);
    }
    assert_eq!(server.connections(), 0);
}

// r[verify attestation.did-web.public-address]
#[tokio::test]
async fn without_danger_the_loopback_interface_is_refused() {
    let authority = Authority::new();
    let server = Server::of_document(&authority, JSON, 0).await;
    for address in ["127.0.0.1", "::1", "64:ff9b::7f00:1", "169.254.169.254"] {
        let names = Names::new(&[&[address]]);
        let network = Network::public().with_lookup(names);
        let network = network.danger_trust_only(&authority.pem).unwrap();
        let resolver = WebResolver::with_network(network).unwrap();
        assert!(resolver.resolve(&server.did()).await.is_err(), "{address}");
    }
    assert_eq!(server.connections(), 0);
}

// r[verify attestation.did-web.public-address]
#[tokio::test]
async fn a_literal_address_is_never_connected_to() {
    let authority = Authority::new();
    let server = Server::of_document(&authority, JSON, 0).await;
    let port = server.address.port();
    let names = Names::new(&[&["127.0.0.1"]]);
    let resolver = WebResolver::with_network(network(&authority, &names)).unwrap();
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
    ] {
        let did = Did::parse(format!("did:web:{host}%3A{port}")).unwrap();
        let refused = resolver.resolve(&did).await;
        assert!(matches!(refused, Err(ResolveError::Malformed(_))), "{host}");
    }
    assert_eq!((server.connections(), names.asked()), (0, 0));
}

/// The name answers with a public address when it is checked, and with another one from then on.
// r[verify attestation.did-web.public-address]
#[tokio::test]
async fn the_address_that_was_checked_is_the_one_that_is_connected_to() {
    let authority = Authority::new();
    let server = Server::of_document(&authority, JSON, 0).await;
    let inner = SocketAddr::from((Ipv4Addr::new(127, 0, 0, 2), server.address.port()));
    let inner = Server::start_as(&authority, NAME, inner, Script::Silence).await;
    let names = Names::new(&[&["127.0.0.1"], &["127.0.0.2"]]);
    let resolver = WebResolver::with_network(network(&authority, &names)).unwrap();

    resolver.resolve(&server.did()).await.unwrap();
    assert_eq!((names.asked(), server.connections()), (1, 1));
    // The connection is not kept, so the name is looked up and checked again.
    why(resolver.resolve(&server.did()).await);
    assert_eq!((names.asked(), server.connections()), (2, 1));
    assert_eq!(inner.connections(), 0);
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_a_did_that_does_not_resolve() {
    let authority = Authority::new();
    let names = Names::new(&[]);
    let resolver = WebResolver::with_network(network(&authority, &names)).unwrap();
    let did = Did::parse(format!("did:web:{NAME}")).unwrap();
    assert!(matches!(
        resolver.resolve(&did).await,
        Err(ResolveError::Unobtainable(_))
    ));
    let other = Did::parse("did:other:operator.test").unwrap();
    assert!(matches!(
        resolver.resolve(&other).await,
        Err(ResolveError::UnsupportedMethod(_))
    ));
}
