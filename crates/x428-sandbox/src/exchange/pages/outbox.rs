use axum::response::Response;
use maud::html;

use super::elements::moment;
use super::{Page, Sheet, Visit};
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
        p { "E-mails to " strong { (owner.email) } ", the newest first." }
        @if messages.is_empty() { p.card.empty { "No e-mail yet." } }
        @for message in &messages {
            article.card {
                h2 { (message.subject) }
                p.soft { (moment(message.at)) }
                p dir="auto" { (message.text) }
            }
        }
    };
    Ok(Sheet::new("Messages").of(&visit).show(&content))
}
