//! Where requests come from.

use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Mutex;

use axum::extract::connect_info::Connected;
use axum::http::{HeaderMap, HeaderName};
use axum::serve::IncomingStream;
use jiff::Timestamp;
use tokio::net::TcpListener;

use super::{Left, Policy, WINDOW};
use crate::exchange::tls::TlsListener;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Each origin is counted in one cell of every row, and has made no more requests than the least of
/// them says. Another one is taken for it only if they share a cell of every row.
const ROWS: usize = 4;
const CELLS: usize = 16_384;

/// Who is at the other end of a connection. A server gives it to the exchange with
/// [`into_make_service_with_connect_info`](axum::Router::into_make_service_with_connect_info);
/// requests of which it is not known are all counted together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

impl Connected<IncomingStream<'_, TcpListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TcpListener>) -> Self {
        Self(stream.remote_addr().ip())
    }
}

impl Connected<IncomingStream<'_, TlsListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, TlsListener>) -> Self {
        Self(stream.remote_addr().ip())
    }
}

/// An address, or of IPv6 the network that one subscriber has (RFC 6177).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Origin(IpAddr);

impl Default for Origin {
    fn default() -> Self {
        Self(Ipv4Addr::UNSPECIFIED.into())
    }
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

impl Origin {
    fn new(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => {
                let network = address.to_bits() & !u128::from(u64::MAX);
                Ipv6Addr::from_bits(network).into()
            }
            address @ IpAddr::V4(_) => address,
        })
    }

    /// Where a request comes from: the peer, or what proxies that are trusted say of theirs. Each
    /// of them adds the address from which it got the request at the end.
    pub(super) fn of(peer: Option<Peer>, headers: &HeaderMap, trusted: &[IpAddr]) -> Self {
        let Some(Peer(peer)) = peer else {
            return Self::default();
        };
        let mut origin = peer.to_canonical();
        let is_trusted = |address: &IpAddr| {
            let mut trusted = trusted.iter().map(IpAddr::to_canonical);
            trusted.any(|known| known == *address)
        };
        let lines = headers.get_all(FORWARDED_FOR).iter();
        let lines: Vec<_> = lines.map(|line| line.to_str().unwrap_or("?")).collect();
        let said = lines.iter().rev().flat_map(|line| line.rsplit(','));
        for said in said {
            if !is_trusted(&origin) {
                break;
            }
            let Some(address) = address(said.trim()) else {
                break;
            };
            origin = address.to_canonical();
        }
        Self::new(origin)
    }
}

/// An address, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let with_port = || text.parse::<SocketAddr>().ok().map(|both| both.ip());
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    text.parse().ok().or_else(with_port).or_else(bracketed)
}

/// The requests of the minute by origin, in memory of one size.
#[derive(Debug, Default)]
pub(super) struct Origins {
    hasher: RandomState,
    counts: Mutex<Counts>,
}

#[derive(Debug, Default)]
struct Counts {
    minute: i64,
    cells: Vec<u32>,
}

impl Origins {
    fn cells(&self, origin: Origin) -> [usize; ROWS] {
        std::array::from_fn(|row| {
            let hash = self.hasher.hash_one((row, origin));
            row * CELLS + usize::try_from(hash % CELLS as u64).unwrap_or_default()
        })
    }

    /// Counts a request; what is left, or that there is nothing left.
    pub(super) fn charge(&self, origin: Origin, limit: u32, now: Timestamp) -> Result<Left, Left> {
        let left = |requests| Left::new(Policy::Origin, limit, requests, now);
        let minute = now.as_second().div_euclid(WINDOW);
        let places = self.cells(origin);
        let Ok(mut counts) = self.counts.lock() else {
            return Err(left(0));
        };
        if counts.minute != minute || counts.cells.is_empty() {
            counts.minute = minute;
            counts.cells.clear();
            counts.cells.resize(ROWS * CELLS, 0);
        }
        let read = |place: &usize| counts.cells.get(*place).copied().unwrap_or_default();
        let count = places.iter().map(read).min().unwrap_or_default();
        if count >= limit {
            return Err(left(0));
        }
        for place in places {
            if let Some(cell) = counts.cells.get_mut(place) {
                *cell = cell.saturating_add(1);
            }
        }
        Ok(left(limit - count - 1))
    }

    /// Takes a request back that was counted at this time.
    pub(super) fn give_back(&self, origin: Origin, then: Timestamp) {
        let minute = then.as_second().div_euclid(WINDOW);
        let places = self.cells(origin);
        if let Ok(mut counts) = self.counts.lock()
            && counts.minute == minute
        {
            for place in places {
                if let Some(cell) = counts.cells.get_mut(place) {
                    *cell = cell.saturating_sub(1);
                }
            }
        }
    }
}
