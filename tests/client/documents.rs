//! Documents of another origin: over TLS, at addresses that are public.

use std::net::SocketAddr;

use serde_json::json;
use x428::client::{ClientError, ConsentPolicy, DocumentError, Documents, Origin, Rule};
use x428::did::web::Network;

use super::server::{Server as Asking, Setup, TERMS, attach, client_error, middleware, terms};
use super::tls::{Authority, NAME, Names, Script, Server, network, response};

/// A server whose terms are on another one.
async fn asking(address: SocketAddr) -> Asking {
    let mut tos = terms("");
    tos["documentUrl"] = json!(format!("https://{NAME}:{}/terms.txt", address.port()));
    Setup::of(vec![tos]).start().await
}

/// What becomes of a document that a server answers for with a script.
async fn fetched(script: Script, network: impl Fn(&Authority) -> Network) -> Outcome {
    let authority = Authority::new();
    let documents = Server::start(&authority, script).await;
    let server = asking(documents.address).await;
    let rule = Rule::of([Origin::parse(&server.base).unwrap()]).with_document_host(NAME);
    let client = middleware(ConsentPolicy::new().with(rule));
    let fetch = Documents::with(reqwest::Client::builder(), network(&authority)).unwrap();
    let client = attach(client.with_documents(fetch.with_longest(1000)));
    let request = client.get(server.url("/r/1")).bearer_auth("mine");
    let result = request.send().await;
    assert_eq!(server.saw_a_payload(), result.is_ok());
    Outcome {
        connections: documents.connections(),
        heads: documents.heads(),
        why: result.is_err().then(|| match client_error(result) {
            ClientError::Document { why, .. } => why,
            error => panic!("{error}"),
        }),
    }
}

struct Outcome {
    connections: usize,
    heads: Vec<String>,
    why: Option<DocumentError>,
}

fn here(authority: &Authority) -> Network {
    network(authority, &Names::new(&[&["127.0.0.1"]]))
}

// r[verify attestation.client.document]
// r[verify attestation.client.document-fetch]
#[tokio::test]
async fn a_document_of_another_origin_is_fetched_over_tls_and_without_credentials() {
    let headers = "content-type: text/plain\r\n";
    let script = Script::Answer(response("200 OK", headers, TERMS));
    let Outcome { heads, why, .. } = fetched(script, here).await;
    assert!(why.is_none(), "{why:?}");
    assert_eq!(heads.len(), 1);
    assert!(heads[0].starts_with("get /terms.txt http/1.1\r\n"));
    for name in ["authorization", "cookie", "x-428-", "referer"] {
        assert!(!heads[0].contains(name), "{name}");
    }
}

// r[verify attestation.client.document-address]
#[tokio::test]
async fn a_document_at_an_address_that_is_not_public_is_not_fetched() {
    let script = Script::Answer(response("200 OK", "", TERMS));
    for address in ["127.0.0.1", "10.0.0.1", "::1"] {
        let public = |authority: &Authority| {
            let network = Network::public().with_lookup(Names::new(&[&[address]]));
            network.danger_trust_only(&authority.pem).unwrap()
        };
        let outcome = fetched(script.clone(), public).await;
        assert!(matches!(outcome.why, Some(DocumentError::Transport(_))));
        assert_eq!(outcome.connections, 0, "{address}");
    }
}

// r[verify attestation.client.document]
// r[verify attestation.client.document-address]
#[tokio::test]
async fn what_a_server_may_say_instead_of_the_document() {
    type Expected = fn(&DocumentError) -> bool;
    let gzip = "content-encoding: gzip\r\n";
    let elsewhere = "location: /other.txt\r\n";
    let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let cases: [(Vec<u8>, Expected); 5] = [
        (response("200 OK", "", "Pay."), |why| {
            matches!(why, DocumentError::Changed)
        }),
        (
            response("302 Found", elsewhere, TERMS),
            |why| matches!(why, DocumentError::Status(status) if *status == 302),
        ),
        (
            response("404 Not Found", "", TERMS),
            |why| matches!(why, DocumentError::Status(status) if *status == 404),
        ),
        (response("200 OK", gzip, TERMS), |why| {
            matches!(why, DocumentError::Encoded)
        }),
        (response("200 OK", "", &"x".repeat(1001)), |why| {
            matches!(why, DocumentError::TooLong(1000))
        }),
    ];
    for (reply, expected) in cases {
        let why = fetched(Script::Answer(reply), here).await.why.unwrap();
        assert!(expected(&why), "{why:?}");
    }
    // In pieces that are read one after the other, each in a turn of its own: two are too long.
    let chunk = format!("200\r\n{}\r\n", "x".repeat(0x200));
    let flood = Script::Flood(chunked, chunk.into_bytes());
    let why = fetched(flood, here).await.why.unwrap();
    assert!(matches!(why, DocumentError::TooLong(_)), "{why:?}");
    let why = fetched(Script::Garbage, here).await.why.unwrap();
    assert!(matches!(why, DocumentError::Transport(_)), "{why:?}");
}
