//! An axum service that asks for two things before it serves a report: that its terms are accepted,
//! and who is asking.
//!
//! ```text
//! cargo run --features tower --example guarded_axum
//! ```
//!
//! It prints how to try it with curl. With `--self-test` it attests to itself and ends.

use std::error::Error;
use std::fmt::Write as _;
use std::sync::Arc;

use axum::routing::get;
use axum::{Extension, Router};
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use x428::attestation::Verifier;
use x428::attestation::issue::{ChallengeIssuer, Policy};
use x428::attestation::nonce::MemoryNonceStore;
use x428::attestation::receipt::ReceiptIssuer;
use x428::attestation::token::TokenIssuer;
use x428::did::fixed::FixedResolver;
use x428::server::{AttestationLayer, Attested, Grants, PublicBase, Requirement, Server};
use x428::sign::SigningKey;
use x428::sign::seal::{SealKey, SealRing};
use x428::wire::attestation::{
    AbsoluteUri, AllowedAttestationMethods, AttestationMethod, DocumentHash, IdentityPrecondition,
    PreconditionId, TosPrecondition, TosVersion,
};

const TERMS: &str = "Reports are for reading. Do not sell them.\n";

/// What the service requires of everyone who reads reports.
fn policy(base: &str) -> Result<Policy, Box<dyn Error>> {
    let by_own_word = || AllowedAttestationMethods::new(vec![AttestationMethod::Self_]);
    let mut hash = String::from("sha256-");
    for byte in Sha256::digest(TERMS) {
        write!(hash, "{byte:02x}")?;
    }
    let terms = TosPrecondition::new(
        PreconditionId::parse("terms")?,
        by_own_word()?,
        TosVersion::parse("2026-11")?,
        AbsoluteUri::parse(format!("{base}/terms.txt"))?,
        DocumentHash::parse(hash)?,
    );
    let operator = IdentityPrecondition::new(PreconditionId::parse("operator")?, by_own_word()?);
    Ok(Policy::new(vec![terms.into(), operator.into()])?)
}

/// Guards everything below `/reports/`. The keys end with the process, and so do the nonces: a
/// server of several instances shares both.
fn guard(base: &str) -> Result<AttestationLayer, Box<dyn Error>> {
    let policy = Arc::new(policy(base)?);
    let layer = Server::builder(
        PublicBase::parse(base)?,
        move |_: &axum::http::Method, uri: &axum::http::Uri| {
            let guarded = uri.path().starts_with("/reports/");
            guarded.then(|| Requirement::new(policy.clone()).granting(Grants::Siblings))
        },
        Verifier::new(FixedResolver::new(), MemoryNonceStore::new(100_000)),
        ChallengeIssuer::new(SealRing::new(SealKey::generate(1)?)),
        TokenIssuer::new(SealRing::new(SealKey::generate(2)?)),
    )
    .with_receipts(ReceiptIssuer::of_key(SigningKey::generate()?)?)
    .layer()?;
    Ok(layer)
}

fn service(base: &str) -> Result<Router, Box<dyn Error>> {
    let report = async |Extension(attested): Extension<Attested>| {
        format!("Revenue: 1200. For {}.\n", attested.operator)
    };
    Ok(Router::new()
        .route("/reports/{quarter}", get(report))
        .route("/terms.txt", get(async || TERMS))
        .layer(guard(base)?))
}

/// Serves on a port of its own, and visits itself.
pub(crate) async fn self_test() -> Result<String, Box<dyn Error>> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
    let base = format!("http://{}", listener.local_addr()?);
    let service = service(&base)?;
    let served = tokio::spawn(async move { axum::serve(listener, service).await });
    let visited = visitor::visit(&base).await;
    served.abort();
    visited
}

#[tokio::main(flavor = "current_thread")]
#[expect(
    clippy::print_stdout,
    reason = "an example tells its reader what to do"
)]
async fn main() -> Result<(), Box<dyn Error>> {
    if std::env::args().any(|argument| argument == "--self-test") {
        println!("{}", self_test().await?);
        return Ok(());
    }
    let listener = TcpListener::bind(("127.0.0.1", 4280)).await?;
    let base = format!("http://{}", listener.local_addr()?);
    println!("An open page:         curl {base}/terms.txt");
    println!("A guarded one, 428:   curl -i {base}/reports/2026-q3");
    println!("What is asked for:    curl -s {base}/reports/2026-q3 | python3 -m json.tool");
    println!("What is said of it:   curl {base}/.well-known/x428");
    println!("Nonsense is refused:  curl -i -H 'X-428-Attestation: e30' {base}/reports/2026-q3");
    println!("The way in, signed:   run this example with --self-test");
    axum::serve(listener, service(&base)?).await?;
    Ok(())
}

/// What a client does, without a client library.
mod visitor {
    use axum::body::Bytes;
    use axum::http::{Request, Response, header};
    use http_body_util::{BodyExt as _, Empty};
    use hyper_util::rt::TokioIo;
    use tokio::net::TcpStream;
    use x428::attestation::Answer;
    use x428::clock::{Clock as _, SystemClock};
    use x428::http::{PreconditionRequired, request, response};
    use x428::sign::SigningKey;

    use super::Error;

    pub(crate) async fn visit(base: &str) -> Result<String, Box<dyn Error>> {
        let path = "/reports/2026-q3";
        let challenged = send(base, request_for(base, path)?).await?;
        let required = PreconditionRequired::read(
            challenged.status(),
            challenged.headers(),
            challenged.body(),
        )?;
        let challenge = required
            .as_ref()
            .and_then(PreconditionRequired::challenge)
            .ok_or("no challenge")?;
        let now = SystemClock.now();
        challenge.check_for_request(&format!("{base}{path}"), now)?;

        // The operator of this example consents to whatever the example asks.
        let operator = SigningKey::generate()?;
        let mut answer = Answer::new(challenge, operator.did()?);
        for precondition in &*challenge.message().preconditions {
            answer = answer.confirm(precondition.id().as_str(), now)?;
        }
        let mut attested = request_for(base, path)?;
        request::put_payload(attested.headers_mut(), &answer.sign(&operator)?)?;
        let report = send(base, attested).await?;
        let token = response::token(report.headers())?.ok_or("no token")?;

        let mut later = request_for(base, "/reports/2026-q2")?;
        request::put_token(later.headers_mut(), &token)?;
        let another = send(base, later).await?;
        Ok(format!(
            "{} with a payload, {} with its token: {}",
            report.status(),
            another.status(),
            String::from_utf8_lossy(another.body()).trim_end()
        ))
    }

    fn request_for(base: &str, path: &str) -> Result<Request<Empty<Bytes>>, axum::http::Error> {
        let host = base.trim_start_matches("http://");
        let request = Request::get(path).header(header::HOST, host);
        request.body(Empty::new())
    }

    async fn send(
        base: &str,
        request: Request<Empty<Bytes>>,
    ) -> Result<Response<Bytes>, Box<dyn Error>> {
        let stream = TcpStream::connect(base.trim_start_matches("http://")).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let (parts, body) = sender.send_request(request).await?.into_parts();
        Ok(Response::from_parts(
            parts,
            body.collect().await?.to_bytes(),
        ))
    }
}
