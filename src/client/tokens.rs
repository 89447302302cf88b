//! Tokens, kept until they expire and presented where they belong.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use url::Url;

use super::consent::Origin;
use crate::attestation::{scope, token};
use crate::wire::attestation::AttestationToken;

/// The tokens of one operator, by the origin of their scopes.
///
/// A token is a password: it leaves the cache for requests of its scope only, and no `Debug` output
/// shows it. At most `capacity` tokens are kept; a full cache forgets what would expire first.
pub struct TokenCache {
    capacity: usize,
    kept: Mutex<HashMap<String, Vec<AttestationToken>>>,
}

impl TokenCache {
    /// Keeps at most `capacity` tokens.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            kept: Mutex::default(),
        }
    }

    /// The token that opens a URL now, and expires last of those that do.
    // r[impl attestation.token.origin]
    // r[impl attestation.token.early]
    #[must_use]
    pub fn find(&self, url: &Url, now: Timestamp) -> Option<AttestationToken> {
        let kept = self.lock();
        let of_origin = kept.get(Origin::of(url).as_str())?;
        let opening = of_origin
            .iter()
            .filter(|candidate| token::check(candidate, url.as_str(), now).is_ok());
        let latest = opening.max_by_key(|candidate| candidate.expires_at.instant());
        latest.cloned()
    }

    /// Keeps a token that the server of `url` granted. A token whose scope does not contain that
    /// URL is not kept: a server would have it presented to somebody else.
    pub fn keep(&self, token: AttestationToken, url: &Url, now: Timestamp) {
        let is_of_server = scope::matches(token.scope.as_str(), url.as_str());
        if !is_of_server || token.expires_at.instant() <= now || self.capacity == 0 {
            return;
        }
        let mut kept = self.lock();
        for tokens in kept.values_mut() {
            tokens.retain(|other| other.expires_at.instant() > now);
        }
        let of_origin = kept.entry(Origin::of(url).as_str().to_owned()).or_default();
        of_origin.retain(|other| other.scope != token.scope);
        of_origin.push(token);
        while kept.values().map(Vec::len).sum::<usize>() > self.capacity {
            let first = kept
                .values()
                .flatten()
                .min_by_key(|token| token.expires_at.instant())
                .map(|token| token.token.clone());
            for tokens in kept.values_mut() {
                tokens.retain(|token| Some(&token.token) != first.as_ref());
            }
        }
        kept.retain(|_, tokens| !tokens.is_empty());
    }

    /// Forgets a token, such as one that was refused.
    pub fn forget(&self, token: &AttestationToken) {
        for tokens in self.lock().values_mut() {
            tokens.retain(|other| other.token != token.token);
        }
    }

    /// How many tokens are kept.
    #[must_use]
    pub fn len(&self) -> usize {
        self.lock().values().map(Vec::len).sum()
    }

    /// Whether no token is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whatever a thread did before it panicked, a missing token is only asked for again.
    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<AttestationToken>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// r[impl attestation.token.secret]
impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache")
            .field("capacity", &self.capacity)
            .field("len", &self.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::attestation as wire;

    const NOON: i64 = 1_800_000_000;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(NOON + second).unwrap()
    }

    fn token(name: &str, scope: &str, expires: i64) -> AttestationToken {
        AttestationToken::new(
            wire::AttestationTokenToken::parse(name).unwrap(),
            wire::Timestamp::try_from(at(expires)).unwrap(),
            wire::AttestationTokenScope::parse(scope).unwrap(),
        )
    }

    fn found(cache: &TokenCache, text: &str, second: i64) -> Option<String> {
        let token = cache.find(&url(text), at(second));
        token.map(|token| token.token.into_string())
    }

    // r[verify attestation.token.origin]
    // r[verify attestation.token.early]
    #[test]
    fn a_token_is_found_within_its_scope_and_its_life() {
        let cache = TokenCache::new(8);
        let granted_for = url("https://a.example/r/1");
        cache.keep(
            token("all", "https://a.example/r/*", 60),
            &granted_for,
            at(0),
        );
        cache.keep(
            token("one", "https://a.example/r/1", 90),
            &granted_for,
            at(0),
        );
        assert_eq!(
            found(&cache, "https://a.example/r/2?x", 0).as_deref(),
            Some("all")
        );
        assert_eq!(
            found(&cache, "https://a.example/r/1", 0).as_deref(),
            Some("one")
        );
        for elsewhere in [
            "https://a.example/s/1",
            "https://b.example/r/1",
            "http://a.example/r/1",
            "https://a.example:8443/r/1",
        ] {
            assert_eq!(found(&cache, elsewhere, 0), None, "{elsewhere}");
        }
        assert_eq!(found(&cache, "https://a.example/r/2", 60), None);
        assert_eq!(
            found(&cache, "https://a.example/r/1", 89).as_deref(),
            Some("one")
        );
        assert_eq!(found(&cache, "https://a.example/r/1", 90), None);
    }

    // r[verify attestation.token.origin]
    #[test]
    fn a_token_for_another_server_is_not_kept() {
        let cache = TokenCache::new(8);
        let granted_for = url("https://evil.example/r/1");
        cache.keep(token("a", "https://a.example/r/*", 60), &granted_for, at(0));
        cache.keep(
            token("b", "https://evil.example/s/*", 60),
            &granted_for,
            at(0),
        );
        cache.keep(
            token("c", "https://evil.example/r/*", 0),
            &granted_for,
            at(0),
        );
        assert!(cache.is_empty());
    }

    #[test]
    fn a_full_cache_forgets_what_would_expire_first() {
        let cache = TokenCache::new(2);
        for (name, expires) in [("a", 50), ("b", 30), ("c", 40), ("d", 60)] {
            let scope = format!("https://{name}.example/");
            cache.keep(token(name, &scope, expires), &url(&scope), at(0));
            assert!(cache.len() <= 2);
        }
        assert_eq!(found(&cache, "https://a.example/", 0).as_deref(), Some("a"));
        assert_eq!(found(&cache, "https://d.example/", 0).as_deref(), Some("d"));
        cache.forget(&token("d", "https://d.example/", 60));
        assert_eq!(found(&cache, "https://d.example/", 0), None);
        assert_eq!(cache.len(), 1);
    }

    // r[verify attestation.token.secret]
    #[test]
    fn no_output_shows_a_token() {
        let cache = TokenCache::new(2);
        let granted_for = url("https://a.example/");
        cache.keep(token("hush", "https://a.example/", 60), &granted_for, at(0));
        assert!(!format!("{cache:?}").contains("hush"));
    }
}
