//! The consent page (section 3.4): what a client asks for, with limits that the owner lowers.

use axum::http::StatusCode;
use axum::response::Response;
use jiff::SignedDuration;
use maud::{Markup, html};
use serde_json::json;
use url::Url;
use x428::wire::withdrawal::{
    AuthorizationDetail, AuthorizationDetailLimits, AuthorizedLimit, LimitPeriod, NetworkCode,
    Scope,
};
use x428::withdrawal::decimal::Decimal;

use super::visit::field;
use super::{Page, Visit, page, page_to, problem};
use crate::exchange::model::{AuthorizationCode, AuthorizationRequest, Client, Consent, Owner};
use crate::exchange::oauth::{authorize::back, details};
use crate::exchange::store::Fault;
use crate::exchange::{api, audit, digest, notify, random};

/// What is asked, and by whom.
struct Asked {
    request: AuthorizationRequest,
    client: Client,
    details: Vec<AuthorizationDetail>,
}

async fn asked(visit: &Visit) -> Result<Asked, Page> {
    let gone = || {
        let why = "Go back to the application and begin again.";
        Page::from(problem(
            StatusCode::NOT_FOUND,
            "This request is not there any more",
            why,
        ))
    };
    let exchange = &visit.call.exchange;
    let mut reading = exchange.store.read().await?;
    let request: Option<AuthorizationRequest> = reading.get(&visit.call.id).await?;
    let request = request.filter(|request| visit.call.now < request.ends_at);
    let request = request.ok_or_else(gone)?;
    let client: Client = reading.get(&request.client).await?.ok_or_else(gone)?;
    let listed = api::assets::listed(&mut reading).await?;
    reading.end().await?;
    let details =
        if request.details.is_empty() && request.scopes.contains(&Scope::WithdrawalsCreate) {
            vec![details::default(&listed, exchange.settings.default_limit)?]
        } else {
            request.details.clone()
        };
    Ok(Asked {
        request,
        client,
        details,
    })
}

/// The owner, with a second factor if withdrawals are asked for.
// r[impl withdrawal.authorize.session]
async fn owner(visit: &Visit, asked: &Asked) -> Result<Owner, Page> {
    if asked.request.scopes.contains(&Scope::WithdrawalsCreate) {
        visit.strong_owner().await
    } else {
        visit.owner().await
    }
}

/// Shows what the client asks for.
// r[impl withdrawal.details.owner]
pub(super) async fn get(visit: Visit) -> Result<Response, Page> {
    let asked = asked(&visit).await?;
    let owner = owner(&visit, &asked).await?;
    Ok(show(&visit, &asked, &owner, None, StatusCode::OK))
}

fn show(
    visit: &Visit,
    asked: &Asked,
    owner: &Owner,
    wrong: Option<&str>,
    status: StatusCode,
) -> Response {
    let content = html! {
        @if let Some(wrong) = wrong { p role="alert" { (wrong) } }
        p { "You are " strong { (owner.name) } ". " strong { (asked.client.name) }
            " asks for access to your account." }
        form method="post" action={ "/consent/" (asked.request.id) } {
            (visit.token())
            h2 { "It may" }
            ul { @for scope in &asked.request.scopes { li { (words(*scope)) } } }
            @for (number, detail) in asked.details.iter().enumerate() {
                (limits(number, detail))
            }
            @if asked.request.scopes.contains(&Scope::AssetsRead) {
                p {
                    input type="checkbox" id="balances" name="balances" value="yes" checked;
                    " " label.beside for="balances" { "Show it my balances" }
                }
            }
            button type="submit" name="decision" value="allow" { "Allow" }
            button type="submit" name="decision" value="deny" { "Deny" }
        }
    };
    // The answer to the form leads to the client, which the browser has to allow.
    let origin = Url::parse(&asked.request.redirect_uri)
        .ok()
        .filter(Url::has_host)
        .map(|url| url.origin().ascii_serialization());
    page_to(status, "Give access?", &content, origin.as_deref())
}

fn words(scope: Scope) -> &'static str {
    match scope {
        Scope::AssetsRead => "see assets and fees, and ask for quotes",
        Scope::WithdrawalsCreate => "withdraw within the limits below",
        Scope::WithdrawalsRead => "see the withdrawals that it submitted",
        Scope::WithdrawalsCancel => "cancel the withdrawals that it submitted",
        Scope::WebhooksManage => "be told when they change",
        Scope::OfflineAccess => "keep the access while you are not there",
        _ => "do something that this page has no words for",
    }
}

fn limits(number: usize, detail: &AuthorizationDetail) -> Markup {
    html! {
        h2 { "Limits" }
        table {
            tr { th { "Asset" } th { "Networks" } }
            @for asset in &*detail.assets {
                tr {
                    td { (asset.asset.as_str()) }
                    td { (asset.networks.iter().map(NetworkCode::as_str)
                        .collect::<Vec<_>>().join(", ")) }
                }
            }
        }
        @for (place, limit) in detail.limits.iter().enumerate() {
            @let name = format!("limit-{number}-{place}");
            label for=(name) {
                "The most " (period(limit.period)) ", in " (limit.currency.as_str())
                ", fees included; " (limit.amount.as_str()) " or less"
            }
            input id=(name) name=(name) inputmode="decimal" required value=(limit.amount.as_str());
        }
        @if let Some(destinations) = &detail.destinations {
            p { "Only to:" }
            ul {
                @for destination in &**destinations {
                    li { (destination.network.as_str()) ": " code { (destination.address.as_str()) }
                        @if let Some(memo) = &destination.memo { ", memo " (memo.as_str()) } }
                }
            }
        } @else {
            p { "To any address." }
        }
    }
}

fn period(period: LimitPeriod) -> &'static str {
    match period {
        LimitPeriod::Transaction => "in one withdrawal",
        LimitPeriod::Day => "in a day",
        _ => "in a month",
    }
}

/// Takes the owner's decision.
pub(super) async fn post(visit: Visit) -> Result<Response, Page> {
    let asked = asked(&visit).await?;
    let owner = owner(&visit, &asked).await?;
    let fields = visit.form()?;
    let call = &visit.call;
    let (to, state) = (&asked.request.redirect_uri, asked.request.state.as_deref());
    if field(&fields, "decision") != Some("allow") {
        end(&visit, &asked).await?;
        let answer = [
            ("error", "access_denied"),
            ("error_description", "The owner refused."),
        ];
        return Ok(back(call, to, state, &answer));
    }
    let Some(details) = granted(&asked.details, &fields) else {
        let wrong = "A limit is a number above zero, and not above what is asked for.";
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        return Ok(show(&visit, &asked, &owner, Some(wrong), status));
    };
    if !end(&visit, &asked).await? {
        let why = "It has been answered already.";
        return Ok(page(
            StatusCode::CONFLICT,
            "This request has ended",
            &html! { p { (why) } },
        ));
    }
    let code = grant(&visit, &asked, &owner, details, &fields).await?;
    Ok(back(call, to, state, &[("code", &code)]))
}

/// The details with the limits of the form, none of which is above the one that was asked for.
fn granted(
    details: &[AuthorizationDetail],
    fields: &[(String, String)],
) -> Option<Vec<AuthorizationDetail>> {
    let lowered = details.iter().enumerate().map(|(number, detail)| {
        let limits = detail.limits.iter().enumerate().map(|(place, limit)| {
            let given = field(fields, &format!("limit-{number}-{place}"))?;
            let given = Decimal::parse(given.trim()).ok()?;
            let most = Decimal::try_from(&limit.amount).ok()?;
            let fits = given.is_positive() && given <= most;
            fits.then_some(AuthorizedLimit::new(
                given.try_into().ok()?,
                limit.currency.clone(),
                limit.period,
            ))
        });
        let mut detail = detail.clone();
        let limits: Option<Vec<_>> = limits.collect();
        detail.limits = AuthorizationDetailLimits::new(limits?).ok()?;
        Some(detail)
    });
    lowered.collect()
}

/// Takes the request out of the store, and tells whether it was there: it is answered once.
async fn end(visit: &Visit, asked: &Asked) -> Result<bool, Page> {
    let mut writing = visit.call.exchange.store.write().await?;
    let delete = "DELETE FROM authorization_request WHERE id = $1";
    let values = vec![asked.request.id.as_str().into()];
    let first = writing.execute(delete, values).await? == 1;
    writing.commit().await?;
    Ok(first)
}

async fn grant(
    visit: &Visit,
    asked: &Asked,
    owner: &Owner,
    details: Vec<AuthorizationDetail>,
    fields: &[(String, String)],
) -> Result<String, Page> {
    let exchange = &visit.call.exchange;
    let now = visit.call.now;
    let session = visit.session.as_ref().ok_or(Fault::Damaged)?;
    let authenticated_at = session.factor_at.or(session.password_at).unwrap_or(now);
    let consent = Consent {
        id: random::id("gr")?,
        owner: owner.id.clone(),
        client: asked.client.id.clone(),
        subject: exchange.keys.subject(&owner.id, &asked.client.id),
        scopes: asked.request.scopes.clone(),
        details,
        balances: field(fields, "balances") == Some("yes"),
        granted_at: now,
        authenticated_at,
        refresh: None,
        ended_at: None,
    };
    let code = random::token("ac")?;
    let lifetime = SignedDuration::try_from(exchange.settings.code_lifetime);
    let kept = AuthorizationCode {
        id: digest::of(&code),
        consent: consent.id.clone(),
        client: asked.client.id.clone(),
        redirect_uri: asked.request.redirect_uri.clone(),
        code_challenge: asked.request.code_challenge.clone(),
        jkt: asked.request.jkt.clone(),
        used: false,
        ends_at: now + lifetime.map_err(Fault::because)?,
    };
    let mut writing = exchange.store.write().await?;
    writing.turn_of(&owner.id).await?;
    writing.put(&consent).await?;
    writing.put(&kept).await?;
    let what = json!({
        "event": "consent", "consent": consent.id, "client": consent.client,
        "scopes": consent.scopes, "details": consent.details,
    });
    audit::append(&mut writing, &owner.id, now, what).await?;
    let text = format!("{} has access to your account.", asked.client.name);
    notify::send(&mut writing, owner, "email", "A new access", text, now).await?;
    writing.commit().await?;
    Ok(code)
}
