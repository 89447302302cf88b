//! Hostile input: nothing of it panics, waits for ever or reaches the inner service.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use http_body_util::StreamBody;
use hyper::body::Frame;
use x428::attestation::header::encode;
use x428::http::ATTESTATION;
use x428::wire::attestation::ErrorCode;

use crate::harness::*;

// r[verify attestation.submit.oversized-header]
// r[verify attestation.submit.accept-header]
#[tokio::test]
async fn a_header_has_a_limit() {
    let guarded = guarded();
    let payload = guarded.answer("/reports/1").await;
    let padded = |length: usize| {
        let text = payload.text();
        format!("{}{}", text, " ".repeat(length - text.len()))
    };
    let send = async |text: String| {
        let request = with(get("/reports/1"), &ATTESTATION, &encode(&text));
        guarded.send(request).await
    };
    for length in [8193, 8194, 65_536, 1_000_000] {
        let answered = send(padded(length)).await;
        assert_eq!(
            answered.error(),
            Some(ErrorCode::MalformedPayload),
            "{length}"
        );
    }
    assert!(
        send(padded(8192)).await.is_served(),
        "8192 bytes are a header"
    );
}

#[tokio::test]
async fn a_header_is_base64url_of_json() {
    let guarded = guarded();
    for value in [
        &b""[..],
        b"=",
        b"e30==",
        b"e3 0",
        b"e30,e30",
        b"{}",
        b"\xff\xfe",
        b"bnVsbA",
        b"W10",
        b"_w",
        b"eyJhIjoxLCJhIjoyfQ",
    ] {
        let mut request = get("/reports/1");
        let value = HeaderValue::from_bytes(value).unwrap();
        request.headers_mut().insert(ATTESTATION, value.clone());
        let answered = guarded.send(request).await;
        assert_eq!(
            answered.error(),
            Some(ErrorCode::MalformedPayload),
            "{value:?}"
        );
        assert!(answered.required().challenge().is_some());
    }
    let mut many = get("/reports/1");
    for _ in 0..1000 {
        many.headers_mut()
            .append(ATTESTATION, HeaderValue::from_static("e30"));
    }
    let answered = guarded.send(many).await;
    assert_eq!(answered.error(), Some(ErrorCode::MalformedPayload));
    assert_eq!(guarded.inner.calls(), 0);
}

#[tokio::test]
async fn json_that_is_no_payload_is_malformed() {
    let guarded = guarded();
    let nested = format!("{}1{}", "[".repeat(20_000), "]".repeat(20_000));
    for text in [
        r#"{"x428Version":1,"x428Version":1}"#,
        r#"{"x428Version":9007199254740993}"#,
        r#"{"x":"\ud800"}"#,
        r#"{"x428Version":1e400}"#,
        "{\"x\":\"\u{0}\"}",
        "nul",
        nested.as_str(),
    ] {
        let answered = guarded.post(text.to_owned()).await;
        let shown = &text[..text.len().min(40)];
        assert_eq!(
            answered.error(),
            Some(ErrorCode::MalformedPayload),
            "{shown}"
        );
    }
    let answered = guarded.post(&b"{\"x\":\"\xff\"}"[..]).await;
    assert_eq!(answered.error(), Some(ErrorCode::MalformedPayload));
}

/// A body of frames, which counts how many were asked for.
fn frames(size: usize, count: usize) -> (Body, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let stream = futures_util::stream::iter((0..count).map(move |_| {
        counter.fetch_add(1, Ordering::SeqCst);
        Ok::<_, Infallible>(Frame::data(Bytes::from(vec![b' '; size])))
    }));
    (Body::new(StreamBody::new(stream)), asked)
}

// r[verify attestation.http.endpoint-read]
#[tokio::test]
async fn a_long_body_is_not_read_to_its_end() {
    let guarded = guarded();
    let (body, asked) = frames(1024, 1024);
    let answered = guarded.post(body).await;
    assert_eq!(answered.error(), Some(ErrorCode::MalformedPayload));
    assert_eq!(asked.load(Ordering::SeqCst), 65, "64 frames fit");
    let answered = guarded.post(vec![b' '; 1_000_000]).await;
    assert_eq!(answered.error(), Some(ErrorCode::MalformedPayload));
}

#[tokio::test]
async fn a_body_of_the_longest_length_is_read() {
    let guarded = guarded();
    let payload = guarded.answer("/reports/1").await;
    let padding = " ".repeat(65_536 - payload.text().len());
    let answered = guarded.post(format!("{}{padding}", payload.text())).await;
    assert_eq!(answered.status, StatusCode::OK);
}

#[tokio::test]
async fn a_body_that_breaks_off_is_malformed() {
    let guarded = guarded();
    let stream = futures_util::stream::iter([
        Ok(Frame::data(Bytes::from_static(b"{"))),
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
    ]);
    let answered = guarded.post(Body::new(StreamBody::new(stream))).await;
    assert_eq!(answered.error(), Some(ErrorCode::MalformedPayload));
}

#[tokio::test(start_paused = true)]
async fn a_slow_body_is_given_up() {
    let clock = Hand::new();
    let guarded = of(
        builder(&clock).with_body_timeout(Duration::from_secs(3)),
        &clock,
    );
    let before = tokio::time::Instant::now();
    let stream = futures_util::stream::pending::<Result<Frame<Bytes>, Infallible>>();
    let answered = guarded.post(Body::new(StreamBody::new(stream))).await;
    assert_eq!(answered.status, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(answered.headers[header::CONNECTION], "close");
    assert_eq!(before.elapsed().as_secs(), 3);

    let drip = futures_util::stream::unfold((), |()| async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let frame = Frame::data(Bytes::from_static(b" "));
        Some((Ok::<_, Infallible>(frame), ()))
    });
    let answered = guarded.post(Body::new(StreamBody::new(drip))).await;
    assert_eq!(answered.status, StatusCode::REQUEST_TIMEOUT);
}

// r[verify attestation.http.no-trailers]
#[tokio::test]
async fn trailers_are_not_read() {
    let guarded = guarded();
    let payload = guarded.answer("/reports/1").await;
    let mut trailers = axum::http::HeaderMap::new();
    let value = HeaderValue::try_from(payload.to_header().unwrap()).unwrap();
    trailers.insert(ATTESTATION, value);
    let body = futures_util::stream::iter([Ok::<_, Infallible>(Frame::trailers(trailers))]);
    let request = get("/reports/1").map(|_| Body::new(StreamBody::new(body)));
    let answered = guarded.send(request).await;
    assert_eq!(answered.error(), None, "a request with nothing");

    let body = futures_util::stream::iter([
        Ok::<_, Infallible>(Frame::data(Bytes::from(payload.text().to_owned()))),
        Ok(Frame::trailers(
            [(ATTESTATION, HeaderValue::from_static("x"))]
                .into_iter()
                .collect(),
        )),
    ]);
    let answered = guarded.post(Body::new(StreamBody::new(body))).await;
    assert_eq!(answered.status, StatusCode::OK);
}
