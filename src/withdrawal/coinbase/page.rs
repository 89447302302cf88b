//! Pages (section 15.4).

use url::form_urlencoded;

use super::{Gap, Pagination};
use crate::withdrawal::cursor::{Page, Position};

/// The query of a listing at Coinbase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageQuery {
    /// The most entries of the page.
    pub limit: usize,
    /// The id after which the page begins.
    pub starting_after: Option<String>,
}

impl PageQuery {
    /// The query for a page whose cursor has been opened. What the filters say, the adapter does.
    #[must_use]
    pub fn of(page: &Page, after: Option<&Position>) -> Self {
        Self {
            limit: page.limit,
            starting_after: after.map(ToString::to_string),
        }
    }

    /// The text after the question mark.
    #[must_use]
    pub fn to_query(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.append_pair("limit", &self.limit.to_string());
        if let Some(id) = &self.starting_after {
            query.append_pair("starting_after", id);
        }
        query.finish()
    }
}

/// Where the next page begins; nothing if this is the last.
///
/// # Errors
/// [`Gap`] if there is a next page, and its beginning cannot be found.
pub fn next(pagination: &Pagination) -> Result<Option<Position>, Gap> {
    let Some(uri) = &pagination.next_uri else {
        return Ok(None);
    };
    let lost = Gap::new("next_uri", "it does not say where the page begins");
    let (_, query) = uri.split_once('?').ok_or(lost)?;
    let (_, id) = form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "starting_after")
        .ok_or(lost)?;
    Position::new(id).map(Some).map_err(|_| lost)
}
