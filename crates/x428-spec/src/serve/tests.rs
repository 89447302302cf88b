use super::{
    live::{Live, Outcome, Problem},
    site,
};
use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
    response::Response,
};
use futures_util::StreamExt as _;
use std::fs;
use tower::ServiceExt as _;

struct Book {
    directory: tempfile::TempDir,
    live: Live,
}

impl Book {
    fn new(first: Outcome) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let html = directory.path().join("html");
        fs::create_dir_all(html.join("a")).unwrap();
        fs::write(directory.path().join("secret.txt"), "secret").unwrap();
        fs::write(html.join("index.html"), "<html><body>front</body></html>").unwrap();
        fs::write(html.join("a/page.html"), "<p>page</p>").unwrap();
        fs::write(html.join("a/data.json"), "{}").unwrap();
        Self {
            directory,
            live: Live::new(first),
        }
    }

    async fn get(&self, path: &str) -> Response {
        let request = Request::builder().uri(path).body(Body::empty()).unwrap();
        site(&self.directory.path().join("html"), self.live.clone())
            .oneshot(request)
            .await
            .unwrap()
    }

    async fn text(&self, path: &str) -> String {
        let body = to_bytes(self.get(path).await.into_body(), usize::MAX)
            .await
            .unwrap();
        String::from_utf8(body.to_vec()).unwrap()
    }
}

fn problem() -> Problem {
    Problem {
        code: "E0301".into(),
        message: "a fence is not JSON".into(),
        place: "spec/a.md:3:7".into(),
        shown: "3 | {,}".into(),
    }
}

#[tokio::test]
async fn pages_carry_the_script_and_are_never_cached() {
    let book = Book::new(Outcome::Good);
    for path in ["/", "/index.html", "/a/page.html"] {
        let response = book.get(path).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(response.headers()[header::CACHE_CONTROL], "no-store");
        assert!(
            book.text(path)
                .await
                .ends_with("<script src=\"/-/live.js\"></script>"),
            "{path}"
        );
    }
    assert_eq!(book.text("/a/data.json").await, "{}");
    assert_eq!(book.get("/-/live.js").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn nothing_outside_of_the_book_is_served() {
    let book = Book::new(Outcome::Good);
    for path in [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/a/../../secret.txt",
        "/a/%2e%2e/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/%2e%2e%5csecret.txt",
        "//secret.txt",
    ] {
        let text = book.text(path).await;
        assert!(!text.contains("secret"), "{path}: {text}");
    }
}

#[tokio::test]
async fn a_missing_page_says_so_and_listens() {
    let book = Book::new(Outcome::Good);
    let response = book.get("/nowhere.html").await;
    assert_eq!(response.status(), StatusCode::NOT_FOUND);
    assert!(book.text("/nowhere.html").await.contains("/-/live.js"));
}

#[tokio::test]
async fn a_page_is_told_of_problems_and_of_the_next_good_build() {
    let book = Book::new(Outcome::Good);
    let response = book.get("/-/events").await;
    assert_eq!(
        response.headers()[header::CONTENT_TYPE],
        "text/event-stream"
    );
    let mut events = response.into_body().into_data_stream();
    let mut next =
        async || String::from_utf8(events.next().await.unwrap().unwrap().to_vec()).unwrap();

    assert_eq!(next().await, "data: {\"version\":1,\"problems\":[]}\n\n");
    book.live.publish(Outcome::Broken(vec![problem()]));
    assert_eq!(
        next().await,
        "data: {\"version\":1,\"problems\":[{\"code\":\"E0301\",\"message\":\"a fence is not JSON\",\
         \"place\":\"spec/a.md:3:7\",\"shown\":\"3 | {,}\"}]}\n\n"
    );
    book.live.publish(Outcome::Good);
    assert_eq!(next().await, "data: {\"version\":2,\"problems\":[]}\n\n");
}
