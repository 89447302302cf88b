//! What a client reads and changes beside submitting (chapters 4, 5, 8 and 9).

use std::time::Duration;

use futures_util::stream::{self, Stream};
use http::{Method, StatusCode};
use serde_json::Value;
use url::Url;

use super::answer::{Reported, expect, read};
use super::transport::Request;
use super::{Client, ClientError, Keeper, Time};
use crate::error::Malformed;
use crate::wire::withdrawal::{
    Asset, AssetCode, AssetList, Cursor, PAGE_MAX, POLL_INTERVAL, Pagination, Quote, QuoteRequest,
    Timestamp, TravelRule, WithdrawalId, WithdrawalStatus,
};
use crate::withdrawal::cursor::Filters;

/// A page of a list.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Listed {
    /// The withdrawals, newest first.
    pub withdrawals: Vec<Reported>,
    /// Where the next page begins; nothing if this is the last.
    pub next: Option<Cursor>,
}

impl<K: Keeper, T: Time> Client<K, T> {
    /// The assets that can be withdrawn, with their networks, fees and limits.
    ///
    /// # Errors
    /// [`ClientError`] of a request that is made again while it may be.
    pub async fn assets(&self) -> Result<Vec<Asset>, ClientError> {
        let json = self.get(self.url(&["assets"])?).await?;
        let list: AssetList = read(&json, "assets")?;
        Ok(list.data.to_vec())
    }

    /// One asset.
    ///
    /// # Errors
    /// As [`assets`](Self::assets); refused with `asset_not_found` if there is none.
    pub async fn asset(&self, code: &AssetCode) -> Result<Asset, ClientError> {
        let json = self.get(self.url(&["assets", code.as_str()])?).await?;
        Ok(read(&json, "asset")?)
    }

    /// Asks what a withdrawal would cost.
    ///
    /// # Errors
    /// As [`assets`](Self::assets).
    pub async fn quote(&self, request: &QuoteRequest) -> Result<Quote, ClientError> {
        let request = self.post(&["withdrawals", "quotes"], request)?;
        let answer = self.repeated(request, &mut false).await?;
        Ok(read(expect(&answer, StatusCode::OK)?.value(), "quote")?)
    }

    /// A withdrawal as it is now.
    ///
    /// # Errors
    /// As [`assets`](Self::assets).
    pub async fn withdrawal(&self, id: &WithdrawalId) -> Result<Reported, ClientError> {
        let json = self.get(self.url(&["withdrawals", id.as_str()])?).await?;
        of(id, &json)
    }

    /// Asks to cancel a withdrawal. One that is `canceling` may still be sent.
    ///
    /// # Errors
    /// As [`assets`](Self::assets); refused with `not_cancelable` if it is too late.
    // r[impl withdrawal.cancel.best-effort]
    pub async fn cancel(&self, id: &WithdrawalId) -> Result<Reported, ClientError> {
        let request = self.request(Method::POST, &["withdrawals", id.as_str(), "cancel"])?;
        let answer = self.repeated(request, &mut false).await?;
        of(id, expect(&answer, StatusCode::OK)?.value())
    }

    /// Supplies the Travel Rule data of a withdrawal that waits for them, in the place of earlier
    /// ones.
    ///
    /// # Errors
    /// As [`assets`](Self::assets).
    pub async fn supply(
        &self,
        id: &WithdrawalId,
        data: &TravelRule,
    ) -> Result<Reported, ClientError> {
        let url = self.url(&["withdrawals", id.as_str(), "travel-rule"])?;
        let request = Request::new(Method::PUT, url).with_json(data)?;
        let answer = self.repeated(request, &mut false).await?;
        of(id, expect(&answer, StatusCode::OK)?.value())
    }

    /// Follows a withdrawal: as it is now, and again whenever it has changed, until its end.
    ///
    /// An outage is an item like others, after which the stream goes on. A refusal ends it. Without
    /// an `interval`, the exchange is asked every five seconds.
    // r[impl withdrawal.json.unknown-value]
    pub fn watch<'a>(
        &'a self,
        id: &'a WithdrawalId,
        interval: Option<Duration>,
    ) -> impl Stream<Item = Result<Reported, ClientError>> + 'a {
        let interval = interval.unwrap_or(POLL_INTERVAL);
        let start = Watched {
            last: None,
            is_over: false,
            has_asked: false,
        };
        stream::unfold(start, move |mut watched| async move {
            if watched.is_over {
                return None;
            }
            loop {
                if watched.has_asked {
                    self.time.wait(interval).await;
                }
                watched.has_asked = true;
                match self.withdrawal(id).await {
                    Ok(reported) if watched.last.as_ref() == Some(&reported) => {}
                    Ok(reported) => {
                        watched.is_over = reported.is_terminal();
                        watched.last = Some(reported.clone());
                        return Some((Ok(reported), watched));
                    }
                    Err(error) => {
                        watched.is_over = !error.is_outage();
                        return Some((Err(error), watched));
                    }
                }
            }
        })
    }

    /// One page of the list. The filters are those of the page before.
    ///
    /// # Errors
    /// As [`assets`](Self::assets); refused with `invalid_cursor` for a cursor of another list.
    // r[impl withdrawal.page.filters]
    pub async fn page(
        &self,
        filters: &Filters,
        limit: Option<usize>,
        cursor: Option<&Cursor>,
    ) -> Result<Listed, ClientError> {
        let mut url = self.url(&["withdrawals"])?;
        let limit =
            limit.map(|limit| limit.min(self.discovered.exchange.limits.page_max.get().into()));
        query(&mut url, filters, limit, cursor);
        let json = self.get(url).await?;
        let malformed = |why| Malformed::new("page", why);
        let items = json.get("data").and_then(Value::as_array);
        let items = items.ok_or_else(|| malformed("not of its form"))?;
        if items.len() > limit.unwrap_or(PAGE_MAX) {
            return Err(malformed("longer than was asked for").into());
        }
        let pagination = json.get("pagination").unwrap_or(&Value::Null);
        let pagination: Pagination = read(pagination, "page")?;
        if pagination.has_more != pagination.next_cursor.is_some() {
            return Err(malformed("a cursor without more, or more without a cursor").into());
        }
        if pagination.next_cursor.is_some() && pagination.next_cursor.as_ref() == cursor {
            return Err(malformed("the next page begins where this one does").into());
        }
        let withdrawals = items.iter().map(Reported::read).collect::<Result<_, _>>()?;
        Ok(Listed {
            withdrawals,
            next: pagination.next_cursor,
        })
    }

    /// The whole list, newest first, read page by page as it is needed. It ends after an error.
    pub fn list(
        &self,
        filters: Filters,
        limit: Option<usize>,
    ) -> impl Stream<Item = Result<Reported, ClientError>> {
        let start = Walk {
            filters,
            rest: Vec::new().into_iter(),
            next: Next::First,
        };
        stream::unfold(start, move |mut walk| async move {
            loop {
                if let Some(reported) = walk.rest.next() {
                    return Some((Ok(reported), walk));
                }
                let cursor = match std::mem::replace(&mut walk.next, Next::None) {
                    Next::First => None,
                    Next::At(cursor) => Some(cursor),
                    Next::None => return None,
                };
                match self.page(&walk.filters, limit, cursor.as_ref()).await {
                    Ok(page) => {
                        walk.rest = page.withdrawals.into_iter();
                        walk.next = page.next.map_or(Next::None, Next::At);
                    }
                    Err(error) => return Some((Err(error), walk)),
                }
            }
        })
    }

    async fn get(&self, url: Url) -> Result<Value, ClientError> {
        let request = Request::new(Method::GET, url);
        let answer = self.repeated(request, &mut false).await?;
        Ok(expect(&answer, StatusCode::OK)?.into_value())
    }
}

struct Watched {
    last: Option<Reported>,
    is_over: bool,
    has_asked: bool,
}

struct Walk {
    filters: Filters,
    rest: std::vec::IntoIter<Reported>,
    next: Next,
}

enum Next {
    First,
    At(Cursor),
    None,
}

/// The withdrawal that was asked for, and no other.
fn of(id: &WithdrawalId, json: &Value) -> Result<Reported, ClientError> {
    let reported = Reported::read(json)?;
    if reported.id() == id {
        Ok(reported)
    } else {
        Err(ClientError::Untrusted(
            "another withdrawal than was asked for",
        ))
    }
}

fn query(url: &mut Url, filters: &Filters, limit: Option<usize>, cursor: Option<&Cursor>) {
    let limit = limit.map(|limit| limit.to_string());
    let parameters = [
        ("status", filters.status.map(WithdrawalStatus::as_str)),
        ("asset", filters.asset.as_ref().map(AssetCode::as_str)),
        ("from", filters.from.as_ref().map(Timestamp::as_str)),
        ("to", filters.to.as_ref().map(Timestamp::as_str)),
        ("limit", limit.as_deref()),
        ("cursor", cursor.map(Cursor::as_str)),
    ];
    let given = parameters
        .iter()
        .filter_map(|(name, value)| Some((name, (*value)?)));
    let pairs: Vec<_> = given.collect();
    if !pairs.is_empty() {
        url.query_pairs_mut().extend_pairs(pairs);
    }
}
