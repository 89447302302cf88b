//! The handshake over HTTP/1.1 on a loopback address.

use std::net::SocketAddr;

use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use x428::attestation::Verifier;
use x428::did::fixed::FixedResolver;
use x428::http::{ATTESTATION, TOKEN};
use x428::server::{PublicBase, Server};

use crate::harness::*;

async fn serve() -> (SocketAddr, Guarded) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let clock = Hand::new();
    let server = Server::builder(
        PublicBase::parse(&format!("http://{address}")).unwrap(),
        rules('1'),
        Verifier::new(FixedResolver::new(), nonces(&clock)).with_clock(clock.clone()),
        challenges(),
        tokens(),
    );
    let guarded = of(server, &clock);
    let app = guarded.app.clone();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (address, guarded)
}

pub(crate) async fn send(address: SocketAddr, request: Request<Full<Bytes>>) -> Answered {
    let stream = TcpStream::connect(address).await.unwrap();
    let handshake = hyper::client::conn::http1::handshake(TokioIo::new(stream));
    let (mut sender, connection) = handshake.await.unwrap();
    let connection = tokio::spawn(connection);
    let response = sender.send_request(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    drop(sender);
    connection.await.unwrap().unwrap();
    let response = axum::response::Response::from_parts(parts, Body::from(body));
    Answered::read(response).await
}

fn request(method: &str, path: &str, body: &str) -> Request<Full<Bytes>> {
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, "localhost")
        .body(Full::from(body.to_owned()))
        .unwrap()
}

#[tokio::test]
async fn the_whole_handshake() {
    let (address, guarded) = serve().await;
    let challenge = send(address, request("GET", "/reports/1", ""))
        .await
        .challenge();
    let resource = format!("http://{address}/reports/1");
    assert_eq!(challenge.message().resource, resource.as_str());
    challenge.check_for_request(&resource, START).unwrap();

    let mut attested = request("GET", "/reports/1", "");
    let payload = sign(&challenge, START).to_header().unwrap();
    attested
        .headers_mut()
        .insert(ATTESTATION, payload.parse().unwrap());
    let answered = send(address, attested).await;
    assert!(answered.is_served());
    let token = answered.token();

    let mut later = request("GET", "/reports/2", "");
    later
        .headers_mut()
        .insert(TOKEN, token.token.as_str().parse().unwrap());
    assert!(send(address, later).await.is_served());
    assert_eq!(guarded.inner.calls(), 2);
}

#[tokio::test]
async fn by_post_and_by_head() {
    let (address, _guarded) = serve().await;
    let challenge = send(address, request("GET", "/reports/1", ""))
        .await
        .challenge();
    let mut posted = request(
        "POST",
        x428::http::ATTESTATION_PATH,
        sign(&challenge, START).text(),
    );
    let json = "application/json".parse().unwrap();
    posted.headers_mut().insert(header::CONTENT_TYPE, json);
    let answered = send(address, posted).await;
    assert_eq!(answered.status, StatusCode::OK);
    assert_eq!(answered.json()["token"], answered.token().token.as_str());

    let head = send(address, request("HEAD", "/reports/1", "")).await;
    assert_eq!(head.status, StatusCode::PRECONDITION_REQUIRED);
    assert!(head.body.is_empty());
    assert!(
        head.required().challenge().is_some(),
        "the header stands alone"
    );
}
