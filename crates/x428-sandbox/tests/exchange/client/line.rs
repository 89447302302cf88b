//! A connection between the client and the exchange, on which answers can be lost.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use futures_util::stream;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::task::AbortHandle;
use x428::clock::Clock;
use x428::wire::withdrawal::{ClientId, HttpsUri, RedirectUri, Scope};
use x428::withdrawal::client::{
    Client, ClientAuthentication, ClientBuilder, Consent, Keeper, MemoryKeeper, Time, Tokens,
};
use x428_sandbox::exchange::{Exchange, OwnCertificate, TlsListener};

use crate::harness::{Browser, Hand, World};

type Lost = Arc<Mutex<Losing>>;

#[derive(Default)]
struct Losing {
    next: Option<&'static str>,
    has_lost: bool,
}

/// A server, until it is dropped.
pub(crate) struct Line {
    address: SocketAddr,
    issuer: String,
    lost: Lost,
    task: AbortHandle,
}

/// How a client of the demo shows who it is.
#[derive(Clone, Copy)]
pub(crate) enum Way {
    Basic,
    Post,
    Public,
}

/// The client of the demo that authenticates so.
pub(crate) fn secret(way: Way) -> (ClientId, ClientAuthentication) {
    let secret = "sandbox-secret-of-example-wallet".to_owned();
    let (id, authentication) = match way {
        Way::Basic => ("example-wallet", ClientAuthentication::Basic(secret.into())),
        Way::Post => ("example-wallet", ClientAuthentication::Post(secret.into())),
        Way::Public => ("example-app", ClientAuthentication::Public),
    };
    (ClientId::parse(id).unwrap(), authentication)
}

impl Line {
    /// Plain HTTP on loopback.
    pub(crate) async fn to(world: &World) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let lost = Lost::default();
        let app = lossy(world, &lost);
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self {
            address,
            issuer: crate::harness::ISSUER.to_owned(),
            lost,
            task: task.abort_handle(),
        }
    }

    /// An exchange that has its certificate, and is at its own address.
    pub(crate) async fn with_tls() -> (World, Self, String) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = listener.local_addr().unwrap();
        let issuer = format!("https://{address}");
        let world = World::with(|settings| settings.issuer.clone_from(&issuer)).await;
        let certificate = OwnCertificate::generate(&["127.0.0.1".to_owned()]).unwrap();
        let listener = TlsListener::new(listener, &certificate).unwrap();
        let lost = Lost::default();
        let app = lossy(&world, &lost);
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        let line = Self {
            address,
            issuer,
            lost,
            task: task.abort_handle(),
        };
        (world, line, certificate.pem().to_owned())
    }

    /// The next success of a post to a path with this end is not heard of.
    pub(crate) fn lose(&self, path: &'static str) {
        self.lost.lock().unwrap().next = Some(path);
    }

    /// Whether an answer was lost since this was asked before.
    pub(crate) fn has_lost(&self) -> bool {
        std::mem::take(&mut self.lost.lock().unwrap().has_lost)
    }

    pub(crate) fn builder(&self, world: &World) -> ClientBuilder<MemoryKeeper, Passing> {
        self.builder_as(world, secret(Way::Post))
    }

    pub(crate) fn builder_as(
        &self,
        world: &World,
        who: (ClientId, ClientAuthentication),
    ) -> ClientBuilder<MemoryKeeper, Passing> {
        self.direct(world, who).danger_plain_loopback(self.address)
    }

    /// A client that connects to the address of the issuer.
    pub(crate) fn direct(
        &self,
        world: &World,
        (id, authentication): (ClientId, ClientAuthentication),
    ) -> ClientBuilder<MemoryKeeper, Passing> {
        let issuer = HttpsUri::parse(self.issuer.as_str()).unwrap();
        Client::builder(issuer, id, authentication).time(Passing {
            hand: world.clock.clone(),
            exchange: Arc::clone(&world.exchange),
        })
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn lossy(world: &World, lost: &Lost) -> Router {
    let lost = Arc::clone(lost);
    world.app.clone().layer(from_fn_with_state(lost, lose))
}

async fn lose(State(lost): State<Lost>, request: Request, next: Next) -> Response {
    let path = request.uri().path().to_owned();
    let is_post = request.method() == axum::http::Method::POST;
    let response = next.run(request).await;
    let mut lost = lost.lock().unwrap();
    if is_post && response.status().is_success() && lost.next.is_some_and(|end| path.ends_with(end))
    {
        lost.next = None;
        lost.has_lost = true;
        let broken = stream::iter([Err::<Vec<u8>, _>(std::io::Error::other("lost"))]);
        return Response::new(Body::from_stream(broken));
    }
    response
}

/// A time in which the exchange works while a client waits.
#[derive(Debug, Clone)]
pub(crate) struct Passing {
    hand: Hand,
    exchange: Arc<Exchange>,
}

impl Clock for Passing {
    fn now(&self) -> Timestamp {
        self.hand.now()
    }
}

impl Time for Passing {
    async fn wait(&self, duration: Duration) {
        self.hand.turn(duration);
        self.exchange.work().await.unwrap();
    }
}

/// An owner logs in and consents to everything.
pub(crate) async fn consent(
    world: &World,
    client: &Client<impl Keeper, Passing>,
    login: &str,
) -> Tokens {
    let mut browser = Browser::new(world);
    browser.log_in(login).await;
    let scopes = Scope::ALL.iter().copied();
    let scopes = scopes.filter(|scope| *scope != Scope::WebhooksManage);
    let redirect_uri = RedirectUri::parse("http://127.0.0.1:50428/callback").unwrap();
    let authorization = client
        .authorize(redirect_uri, &Consent::to(scopes))
        .await
        .unwrap();
    let back = allow(&mut browser, authorization.url()).await;
    assert_eq!(back.port(), Some(50428), "{back}");
    let tokens = client.redeem(authorization, back.query().unwrap()).await;
    // The next code of an authenticator app is one of a later step.
    world.clock.turn_seconds(60);
    tokens.unwrap()
}

/// Opens the address of an authorization request, and consents. Gives where the browser is sent.
pub(crate) async fn allow(browser: &mut Browser<'_>, url: &url::Url) -> url::Url {
    let page = browser.visit(&url[url::Position::BeforePath..]).await;
    let answer = browser.allow(&page, &[]).await;
    url::Url::parse(answer.header("location")).unwrap()
}
