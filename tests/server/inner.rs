//! Whatever speaks `http` is guarded: hyper without a framework, gRPC, gRPC-web.

use std::convert::Infallible;

use axum::body::Bytes;
use axum::http::{HeaderMap, Request, Response, StatusCode, header};
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tower::{Layer as _, Service, ServiceExt as _};
use x428::attestation::Verifier;
use x428::clock::Clock as _;
use x428::did::fixed::FixedResolver;
use x428::http::{ATTESTATION, PreconditionRequired, TOKEN, response};
use x428::server::{AttestationLayer, Attested, PublicBase, Server};

use crate::harness::{Hand, challenges, identity, nonces, policy, sign, tokens};
use crate::loopback::send;

/// Requires an identity for everything below a path.
fn layer(base: &str, path: &'static str, clock: &Hand) -> AttestationLayer {
    let policy = policy(vec![identity()]);
    Server::builder(
        PublicBase::parse(base).unwrap(),
        move |_: &axum::http::Method, uri: &axum::http::Uri| {
            uri.path().starts_with(path).then(|| policy.clone())
        },
        Verifier::new(FixedResolver::new(), nonces(clock)).with_clock(clock.clone()),
        challenges(),
        tokens(),
    )
    .layer()
    .unwrap()
}

#[tokio::test]
async fn hyper_without_a_framework() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let clock = Hand::new();
    let inner = tower::service_fn(async |request: Request<hyper::body::Incoming>| {
        let attested = request.extensions().get::<Attested>();
        let who = attested.map_or("nobody", |attested| attested.operator.as_str());
        let body = Full::new(Bytes::from(who.to_owned()));
        Ok::<_, Infallible>(Response::new(body))
    });
    let service = layer(&format!("http://{address}"), "/reports/", &clock).layer(inner);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let service = TowerToHyperService::new(service.clone());
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connection);
        }
    });
    let get = |path: &str| {
        let request = Request::get(path).header(header::HOST, "localhost");
        request.body(Full::default()).unwrap()
    };
    assert_eq!(send(address, get("/open")).await.body, b"nobody");

    let refused = send(address, get("/reports/1")).await;
    let payload = sign(&refused.challenge(), clock.now());
    let mut attested = get("/reports/1");
    let value = payload.to_header().unwrap().parse().unwrap();
    attested.headers_mut().insert(ATTESTATION, value);
    let answered = send(address, attested).await;
    let did = crate::harness::operator().did().unwrap();
    assert_eq!(answered.body, did.as_str().as_bytes());

    let mut later = get("/reports/1");
    let token = answered.token().token.as_str().parse().unwrap();
    later.headers_mut().insert(TOKEN, token);
    assert_eq!(send(address, later).await.body, did.as_str().as_bytes());
}

const CHECK: &str = "/grpc.health.v1.Health/Check";
/// A `HealthCheckRequest` without members, in a frame that is not compressed.
const ASKED: &[u8] = &[0, 0, 0, 0, 0];
/// A `HealthCheckResponse` with `status: SERVING`, in a frame that is not compressed.
const SERVING: &[u8] = &[0, 0, 0, 0, 2, 0x08, 1];

fn call(media_type: &str) -> Request<Full<Bytes>> {
    Request::post(CHECK)
        .header(header::CONTENT_TYPE, media_type)
        .body(Full::from(ASKED))
        .unwrap()
}

struct Called {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
    trailers: HeaderMap,
}

async fn ask<S, B>(service: &S, request: Request<Full<Bytes>>) -> Called
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone,
    S::Error: std::fmt::Debug,
    B: http_body_util::BodyExt + axum::body::HttpBody<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    let response = service.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap();
    let trailers = body.trailers().cloned().unwrap_or_default();
    Called {
        status: parts.status,
        headers: parts.headers,
        body: body.to_bytes(),
        trailers,
    }
}

/// Refused without anything, let through with a payload, and then with its token.
async fn handshake<S, B>(service: &S, media_type: &str, clock: &Hand) -> [Called; 2]
where
    S: Service<Request<Full<Bytes>>, Response = Response<B>> + Clone,
    S::Error: std::fmt::Debug,
    B: axum::body::HttpBody<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    let refused = ask(service, call(media_type)).await;
    let required = PreconditionRequired::read(refused.status, &refused.headers, &refused.body);
    let required = required.unwrap().unwrap();
    let challenge = required.challenge().unwrap();
    let resource = format!("https://api.example.com{CHECK}");
    assert_eq!(challenge.message().resource, resource.as_str());

    let mut attested = call(media_type);
    let value = sign(challenge, clock.now()).to_header().unwrap();
    attested
        .headers_mut()
        .insert(ATTESTATION, value.parse().unwrap());
    let first = ask(service, attested).await;
    let token = response::token(&first.headers).unwrap().unwrap();

    let mut later = call(media_type);
    let value = token.token.as_str().parse().unwrap();
    later.headers_mut().insert(TOKEN, value);
    [first, ask(service, later).await]
}

#[tokio::test]
async fn grpc_web() {
    let clock = Hand::new();
    let (_reporter, health) = tonic_health::server::health_reporter();
    let inner = tonic_web::GrpcWebLayer::new().layer(health);
    let service = layer("https://api.example.com", "/grpc.health", &clock).layer(inner);
    for called in handshake(&service, "application/grpc-web+proto", &clock).await {
        assert_eq!(called.status, StatusCode::OK);
        let (message, trailers) = called.body.split_at(SERVING.len());
        assert_eq!(message, SERVING);
        // A frame of trailers begins with 0x80, and is text.
        assert_eq!(trailers[0], 0x80);
        assert!(String::from_utf8_lossy(trailers).contains("grpc-status:0"));
    }
}

#[tokio::test]
async fn grpc() {
    let clock = Hand::new();
    let (_reporter, health) = tonic_health::server::health_reporter();
    let service = layer("https://api.example.com", "/grpc.health", &clock).layer(health);
    for called in handshake(&service, "application/grpc", &clock).await {
        assert_eq!((called.status, &called.body[..]), (StatusCode::OK, SERVING));
        assert_eq!(called.trailers["grpc-status"], "0");
    }
}
