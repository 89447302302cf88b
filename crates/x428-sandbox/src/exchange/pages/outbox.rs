use axum::http::StatusCode;
use axum::response::Response;
use maud::html;

use super::{Page, Visit, page};
use crate::exchange::model::Message;
use crate::exchange::notify::NEWEST;

/// Shows the e-mails that the owner would have got.
pub(super) async fn get(visit: Visit) -> Result<Response, Page> {
    let owner = visit.owner().await?;
    let values = vec![owner.id.as_str().into(), "email".into(), "email".into()];
    let mut reading = visit.call.exchange.store.read().await?;
    let messages: Vec<Message> = reading.find(NEWEST, values).await?;
    reading.end().await?;
    let content = html! {
        p { "E-mails to " (owner.email) ", the newest first." }
        @if messages.is_empty() { p { "None yet." } }
        @for message in &messages {
            article {
                h2 { (message.subject) }
                p { (message.at) }
                p { (message.text) }
            }
        }
    };
    Ok(page(StatusCode::OK, "Messages", &content))
}
