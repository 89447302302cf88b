use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use x428::wire::withdrawal::{
    AssetCode, Pagination, Scope, WithdrawalErrorCode as Code, WithdrawalList, WithdrawalListData,
    WithdrawalStatus,
};
use x428::withdrawal::cursor::{Page, Position};
use x428::withdrawal::refusal::Refused;

use crate::exchange::access::{Caller, authorize};
use crate::exchange::call::Call;
use crate::exchange::failure::Failure;
use crate::exchange::model::Withdrawal;
use crate::exchange::store::{Fault, Reading, Value};

/// The withdrawals before a place in the list, newest first.
const PAGE: &str = "SELECT data FROM withdrawal
    WHERE owner = $1 AND client = $2
    AND ($3 = '' OR status = $3) AND ($4 = '' OR asset = $4)
    AND created_at >= $5 AND created_at < $6
    AND (created_at < $7 OR (created_at = $7 AND id < $8))
    ORDER BY created_at DESC, id DESC LIMIT $9";

/// Lists withdrawals in pages.
// r[impl withdrawal.page.form]
// r[impl withdrawal.page.order]
pub(super) async fn get(call: Call) -> Result<Response, Failure> {
    let caller = authorize(&call, Scope::WithdrawalsRead).await?;
    let query = call.uri.query().unwrap_or_default();
    let page = Page::from_query(query)?;
    let parties = caller.parties(&call)?;
    let cursors = call.exchange.keys.turning.cursors(call.now)?;
    let after = cursors.open(&parties, &page)?;
    let mut reading = call.exchange.store.read().await?;
    let mut found = find(&caller, &mut reading, &page, after).await?;
    reading.end().await?;
    let has_more = found.len() > page.limit;
    found.truncate(page.limit);
    let mut pagination = Pagination::new(has_more);
    let mut link = None;
    if let (true, Some(last)) = (has_more, found.last()) {
        let place = format!("{} {}", last.created_at.as_millisecond(), last.id);
        let place = Position::new(place).map_err(Fault::from)?;
        let cursor = cursors
            .seal(&parties, &page.filters, &place)
            .map_err(Fault::because)?;
        link = Some(next(query, cursor.as_str()));
        pagination = pagination.with_next_cursor(cursor);
    }
    let data = found
        .into_iter()
        .map(|withdrawal| withdrawal.wire)
        .collect();
    let list = WithdrawalList::new(WithdrawalListData::new(data)?, pagination);
    let mut response = axum::Json(list).into_response();
    if let Some(Ok(link)) = link.as_deref().map(HeaderValue::from_str) {
        response.headers_mut().insert(header::LINK, link);
    }
    Ok(response)
}

async fn find(
    caller: &Caller,
    reading: &mut Reading,
    page: &Page,
    after: Option<Position>,
) -> Result<Vec<Withdrawal>, Failure> {
    let filters = &page.filters;
    let (before, id) = match &after {
        None => (i64::MAX, String::new()),
        Some(place) => {
            let (at, id) = place.as_str().split_once(' ').ok_or_else(unknown)?;
            (at.parse().map_err(|_| unknown())?, id.to_owned())
        }
    };
    let time = |at: &Option<x428::wire::withdrawal::Timestamp>, otherwise| {
        at.as_ref()
            .map_or(otherwise, |at| first_millisecond(at.instant()))
    };
    let text = |text: Option<&str>| Value::from(text.unwrap_or_default());
    let limit = i64::try_from(page.limit + 1).map_err(Fault::because)?;
    let values = vec![
        caller.owner().into(),
        caller.client.id.as_str().into(),
        text(filters.status.map(WithdrawalStatus::as_str)),
        text(filters.asset.as_ref().map(AssetCode::as_str)),
        time(&filters.from, 0).into(),
        time(&filters.to, i64::MAX).into(),
        before.into(),
        id.into(),
        limit.into(),
    ];
    Ok(reading.find(PAGE, values).await?)
}

/// The first whole millisecond that is not before a time: what is kept has whole ones.
fn first_millisecond(at: Timestamp) -> i64 {
    let floor = at.as_millisecond();
    match Timestamp::from_millisecond(floor) {
        Ok(whole) if whole < at => floor.saturating_add(1),
        _ => floor,
    }
}

fn unknown() -> Failure {
    Refused::new(Code::InvalidCursor, "The cursor is not one of this list.").into()
}

/// The address of the next page: the query with another cursor.
fn next(query: &str, cursor: &str) -> String {
    let mut next = url::form_urlencoded::Serializer::new(String::new());
    for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
        if name != "cursor" {
            next.append_pair(&name, &value);
        }
    }
    next.append_pair("cursor", cursor);
    format!("</withdrawals?{}>; rel=\"next\"", next.finish())
}
