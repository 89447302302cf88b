//! Lists in pages, and the cursors between them (section 8.4).
//!
//! A cursor is sealed under a key of its own for every client, owner and set of filters. Under
//! another one it cannot be opened, so that nothing has to be compared, and a client learns nothing
//! from it.
//!
//! ```
//! use x428::sign::seal::{SealKey, SealRing};
//! use x428::withdrawal::{cursor::{Cursors, Page, Position}, intent::Parties};
//! use x428::wire::withdrawal::{ClientId, HttpsUri, Subject};
//!
//! let parties = Parties {
//!     issuer: HttpsUri::parse("https://exchange.example")?,
//!     client_id: ClientId::parse("example-wallet")?,
//!     subject: Subject::parse("acct-6c1f0b7e")?,
//! };
//! let cursors = Cursors::new(SealRing::new(SealKey::generate(1)?));
//! let first = Page::from_query("asset=ETH&limit=1")?;
//! let cursor = cursors.seal(&parties, &first.filters, &Position::new("2026-11-20T12:00:45Z wd_1")?)?;
//!
//! let next = Page::from_query(&format!("asset=ETH&cursor={cursor}"))?;
//! let after = cursors.open(&parties, &next)?;
//! assert_eq!(after.map(|position| position.to_string()), Some("2026-11-20T12:00:45Z wd_1".into()));
//!
//! let other = Page::from_query(&format!("asset=XRP&cursor={cursor}"))?;
//! assert!(cursors.open(&parties, &other).is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;

use sha2::{Digest as _, Sha256};
use url::form_urlencoded;

use super::intent::Parties;
use super::refusal::{Error, Refused};
use crate::encoding::base64url;
use crate::error::Misuse;
use crate::sign::seal::SealRing;
use crate::wire::withdrawal::{
    AssetCode, Cursor, ErrorDetailCode, PAGE_DEFAULT, PAGE_MAX, Timestamp,
    WithdrawalErrorCode as Code, WithdrawalStatus,
};

#[cfg(test)]
mod tests;

const PURPOSE: &str = "withdrawal cursor ";
/// What fits a sealed text of 512 characters, which is the longest cursor.
const POSITION_MAX: usize = 300;

/// Which withdrawals a list has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Filters {
    /// Only those of this status.
    pub status: Option<WithdrawalStatus>,
    /// Only those of this asset.
    pub asset: Option<AssetCode>,
    /// Only those created at this time or later.
    pub from: Option<Timestamp>,
    /// Only those created before this time.
    pub to: Option<Timestamp>,
}

/// What a request for a page asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Page {
    /// The most entries of the page.
    pub limit: usize,
    /// The place after which the page begins, as the client gave it back.
    pub cursor: Option<Cursor>,
    /// Which withdrawals the list has.
    pub filters: Filters,
}

/// A place in a list: whatever the exchange finds the next entry by. For a list ordered by time and
/// id, both.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position(String);

/// Makes cursors and opens them.
#[derive(Debug, Clone)]
pub struct Cursors {
    ring: SealRing,
}

impl Page {
    /// Reads the query of a request, without its question mark.
    ///
    /// # Errors
    /// [`Refused`] with `invalid_request` for a parameter that is not known, is there twice or has
    /// a value that it cannot have; with `invalid_cursor` for a cursor that is not of its form.
    // r[impl withdrawal.page.unknown-filter]
    // r[impl withdrawal.page.form]
    pub fn from_query(query: &str) -> Result<Self, Refused> {
        let mut page = Self {
            limit: PAGE_DEFAULT,
            cursor: None,
            filters: Filters::default(),
        };
        let mut seen = Vec::new();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            let place = format!("/{name}");
            if seen.contains(&name) {
                let message = "A parameter is there twice.";
                return Err(refuse(message, &place, ErrorDetailCode::Duplicate));
            }
            page.take(&name, &value, &place)?;
            seen.push(name);
        }
        Ok(page)
    }

    fn take(&mut self, name: &str, value: &str, place: &str) -> Result<(), Refused> {
        let invalid = || {
            let message = "A parameter has a value that it cannot have.";
            refuse(message, place, ErrorDetailCode::Value)
        };
        let filters = &mut self.filters;
        match name {
            "limit" => self.limit = limit(value).ok_or_else(invalid)?,
            "cursor" => self.cursor = Some(Cursor::parse(value).map_err(|_| not_of_this_list())?),
            "status" => filters.status = Some(value.parse().map_err(|_| invalid())?),
            "asset" => filters.asset = Some(AssetCode::parse(value).map_err(|_| invalid())?),
            "from" => filters.from = Some(Timestamp::parse(value).map_err(|_| invalid())?),
            "to" => filters.to = Some(Timestamp::parse(value).map_err(|_| invalid())?),
            _ => {
                let message = "A parameter is not known.";
                return Err(refuse(message, place, ErrorDetailCode::Unknown));
            }
        }
        Ok(())
    }
}

/// From one to the most entries of a page, as a number is written.
fn limit(value: &str) -> Option<usize> {
    let limit: usize = value.parse().ok()?;
    ((1..=PAGE_MAX).contains(&limit) && limit.to_string() == value).then_some(limit)
}

impl Position {
    /// Names a place.
    ///
    /// # Errors
    /// [`Misuse`] for a text that is empty or longer than 300 bytes.
    pub fn new(text: impl Into<String>) -> Result<Self, Misuse> {
        let text = text.into();
        if (1..=POSITION_MAX).contains(&text.len()) {
            Ok(Self(text))
        } else {
            Err(Misuse::new("a position has 1 to 300 bytes"))
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Cursors {
    /// Seals with keys that all instances of the exchange share.
    #[must_use]
    pub fn new(ring: SealRing) -> Self {
        Self { ring }
    }

    /// Makes the cursor of a place in a list.
    ///
    /// # Errors
    /// [`Error::Unavailable`] if the system has no random source.
    // r[impl withdrawal.page.bound]
    pub fn seal(
        &self,
        parties: &Parties,
        filters: &Filters,
        position: &Position,
    ) -> Result<Cursor, Error> {
        let purpose = purpose(parties, filters);
        let sealed = self.ring.seal(&purpose, position.0.as_bytes())?;
        Cursor::parse(sealed).map_err(|error| Misuse::new(error.to_string()).into())
    }

    /// The place after which a page begins; nothing if it is the first page.
    ///
    /// # Errors
    /// [`Refused`] with `invalid_cursor` for a cursor of another client, owner or list, and for one
    /// that is not of this exchange.
    // r[impl withdrawal.page.bound]
    // r[impl withdrawal.page.filters]
    pub fn open(&self, parties: &Parties, page: &Page) -> Result<Option<Position>, Refused> {
        let Some(cursor) = &page.cursor else {
            return Ok(None);
        };
        let purpose = purpose(parties, &page.filters);
        self.ring
            .open(&purpose, cursor.as_str())
            .and_then(|text| String::from_utf8(text).ok())
            .and_then(|text| Position::new(text).ok())
            .map(Some)
            .ok_or_else(not_of_this_list)
    }
}

/// The name of the key under which the cursors of one list are sealed.
fn purpose(parties: &Parties, filters: &Filters) -> String {
    let instant = |time: &Option<Timestamp>| time.as_ref().map(|time| time.instant().to_string());
    let (from, to) = (instant(&filters.from), instant(&filters.to));
    let parts = [
        Some(parties.issuer.as_str()),
        Some(parties.client_id.as_str()),
        Some(parties.subject.as_str()),
        filters.status.map(WithdrawalStatus::as_str),
        filters.asset.as_ref().map(AssetCode::as_str),
        from.as_deref(),
        to.as_deref(),
    ];
    let mut digest = Sha256::new();
    for part in parts {
        // The length keeps the parts apart; an absent one has none.
        let length = part.map_or(0, |text| text.len() + 1);
        digest.update(length.to_be_bytes());
        digest.update(part.unwrap_or_default());
    }
    format!("{PURPOSE}{}", base64url(digest.finalize()))
}

fn refuse(message: &'static str, place: &str, code: ErrorDetailCode) -> Refused {
    Refused::new(Code::InvalidRequest, message).at(place, code)
}

fn not_of_this_list() -> Refused {
    let message = "The cursor is not one of this list.";
    Refused::new(Code::InvalidCursor, message).at("/cursor", ErrorDetailCode::Value)
}
