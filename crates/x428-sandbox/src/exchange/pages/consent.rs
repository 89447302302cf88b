//! The consent page (section 3.4): what a client asks for, with limits that the owner lowers.

use axum::http::StatusCode;
use axum::response::Response;
use jiff::SignedDuration;
use maud::{Markup, html};
use serde_json::json;
use url::{Host, Url};
use x428::wire::withdrawal::{
    AuthorizationDetail, AuthorizationDetailLimits, AuthorizedDestination, AuthorizedLimit,
    NetworkCode, Scope,
};
use x428::withdrawal::decimal::Decimal;

use super::elements::{grouped, network, period, theirs, wrong};
use super::visit::field;
use super::{Page, Sheet, Visit, problem};
use crate::exchange::model::{
    AuthorizationCode, AuthorizationRequest, Client, Consent, ListedAsset, Owner,
};
use crate::exchange::oauth::{authorize::back, details};
use crate::exchange::store::Fault;
use crate::exchange::{api, audit, digest, notify, random};

/// What is asked, and by whom.
struct Asked {
    request: AuthorizationRequest,
    client: Client,
    details: Vec<AuthorizationDetail>,
    listed: Vec<ListedAsset>,
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
            let limit = exchange.settings.default_limit;
            vec![details::default(&listed, limit, &request.scopes)?]
        } else {
            request.details.clone()
        };
    Ok(Asked {
        request,
        client,
        details,
        listed,
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
    Ok(show(&visit, &asked, &owner, None))
}

/// A form that was not taken: its fields, and the names of those that are wrong.
struct Refused<'a> {
    fields: &'a [(String, String)],
    wrong: Vec<String>,
}

impl Refused<'_> {
    fn is_wrong(&self, name: &str) -> bool {
        self.wrong.iter().any(|wrong| wrong == name)
    }
}

fn show(visit: &Visit, asked: &Asked, owner: &Owner, refused: Option<&Refused<'_>>) -> Response {
    let client = theirs(&asked.client.name);
    let leads_to = Url::parse(&asked.request.redirect_uri).ok();
    let host = leads_to.as_ref().and_then(Url::host_str);
    let checked = refused.is_none_or(|refused| is_on(refused.fields, "balances"));
    let content = html! {
        p {
            "The application " (client) " asks for access to the account of "
            strong { (owner.name) } "."
        }
        form method="post" action={ "/consent/" (asked.request.id) } {
            (visit.token())
            section.card aria-labelledby="may" {
                h2 id="may" { "What it may do" }
                ul { @for scope in &asked.request.scopes { li { (words(*scope)) } } }
                @if asked.request.scopes.contains(&Scope::AssetsRead) {
                    p.choice {
                        input type="checkbox" id="balances" name="balances" value="yes"
                            checked[checked];
                        label for="balances" { "Show it my balances" }
                    }
                }
            }
            @for (number, detail) in asked.details.iter().enumerate() {
                (limits(number, asked, detail, refused))
            }
            p {
                "You can end the access at any time in your account. After your answer you go back to \
                 the application"
                @if let Some(host) = host { " at " bdi { (host) } }
                "."
            }
            p.actions {
                button type="submit" name="decision" value="allow" { "Allow" }
                button.other type="submit" name="decision" value="deny" formnovalidate { "Deny" }
            }
        }
    };
    let status = match refused {
        Some(_) => StatusCode::UNPROCESSABLE_ENTITY,
        None => StatusCode::OK,
    };
    Sheet::new("Give access?")
        .of(visit)
        .status(status)
        .leading_to(leads_to.as_ref().map(source))
        .show(&content)
}

/// The address to which the form leads in the end, as a source of the page's policy. The policy has
/// no form for an IPv6 address, and an application's own scheme has no host.
fn source(leads_to: &Url) -> String {
    match leads_to.host() {
        Some(Host::Domain(_) | Host::Ipv4(_)) => leads_to.origin().ascii_serialization(),
        _ => format!("{}:", leads_to.scheme()),
    }
}

/// What a scope allows.
pub(super) fn words(scope: Scope) -> &'static str {
    match scope {
        Scope::AssetsRead => "see assets and fees, and ask for quotes",
        Scope::WithdrawalsCreate => "withdraw, within its limits",
        Scope::WithdrawalsRead => "see the withdrawals that it submitted",
        Scope::WithdrawalsCancel => "cancel the withdrawals that it submitted",
        Scope::WebhooksManage => "get notices when a withdrawal changes",
        Scope::OfflineAccess => "keep the access while you are not there",
        _ => "do something that this page has no words for",
    }
}

fn limits(
    number: usize,
    asked: &Asked,
    detail: &AuthorizationDetail,
    refused: Option<&Refused<'_>>,
) -> Markup {
    let title = format!("limits-{number}");
    html! {
        section.card aria-labelledby=(title) {
            h2 id=(title) { "Limits of its withdrawals" }
            dl {
                @for asset in &*detail.assets {
                    @let names = asset.networks.iter().map(NetworkCode::as_str)
                        .map(|code| network(&asked.listed, code)).collect::<Vec<_>>();
                    dt { (asset.asset.as_str()) }
                    dd { "on " (names.join(", ")) }
                }
            }
            @for (place, limit) in detail.limits.iter().enumerate() {
                (amount(&format!("limit-{number}-{place}"), limit, asked, refused))
            }
            @if let Some(destinations) = &detail.destinations {
                (targets(number, asked, destinations, refused))
            } @else {
                p { "It may withdraw to any address." }
            }
        }
    }
}

/// The field of a limit, which the owner lowers.
fn amount(
    name: &str,
    limit: &AuthorizedLimit,
    asked: &Asked,
    refused: Option<&Refused<'_>>,
) -> Markup {
    let (hint, problem) = (format!("hint-{name}"), format!("problem-{name}"));
    let is_wrong = refused.is_some_and(|refused| refused.is_wrong(name));
    let described = if is_wrong {
        format!("{hint} {problem}")
    } else {
        hint.clone()
    };
    let given = refused.and_then(|refused| field(refused.fields, name));
    let value = given.unwrap_or(limit.amount.as_str());
    html! {
        label for=(name) { "At most " (period(limit.period)) ", in " (limit.currency.as_str()) }
        p.soft id=(hint) {
            @if asked.request.details.is_empty() {
                "The application names no limit. " (limit.amount.as_str()) " is that of the exchange."
            } @else {
                "The application asks for " (limit.amount.as_str()) "."
            }
            " You can lower it. Fees are included."
        }
        @if is_wrong {
            (wrong(&problem, &format!("Enter a number above 0, and not above {}.", limit.amount)))
        }
        input.amount id=(name) name=(name) value=(value) inputmode="decimal" autocomplete="off" required
            aria-describedby=(described) aria-invalid=[is_wrong.then_some("true")]
            autofocus[is_wrong];
    }
}

/// The destinations, which the owner leaves out.
fn targets(
    number: usize,
    asked: &Asked,
    destinations: &[AuthorizedDestination],
    refused: Option<&Refused<'_>>,
) -> Markup {
    let group = format!("destinations-{number}");
    let problem = format!("problem-{group}");
    let is_wrong = refused.is_some_and(|refused| refused.is_wrong(&group));
    html! {
        fieldset aria-describedby=[is_wrong.then_some(&problem)] {
            legend { "It may withdraw only to" }
            @if is_wrong { (wrong(&problem, "Leave at least one, or deny.")) }
            @for (place, destination) in destinations.iter().enumerate() {
                @let name = format!("destination-{number}-{place}");
                @let checked = refused.is_none_or(|refused| is_on(refused.fields, &name));
                p.choice {
                    input type="checkbox" id=(name) name=(name) value="yes" checked[checked];
                    label for=(name) {
                        (grouped(destination.address.as_str()))
                        " on " (network(&asked.listed, destination.network.as_str()))
                        @if let Some(memo) = &destination.memo { ", memo " (memo.as_str()) }
                    }
                }
            }
        }
    }
}

fn is_on(fields: &[(String, String)], name: &str) -> bool {
    field(fields, name) == Some("yes")
}

/// Takes the owner's decision.
pub(super) async fn post(visit: Visit) -> Result<Response, Page> {
    let asked = asked(&visit).await?;
    let owner = owner(&visit, &asked).await?;
    let fields = visit.form()?;
    let call = &visit.call;
    let (to, state) = (&asked.request.redirect_uri, asked.request.state.as_deref());
    if field(&fields, "decision") != Some("allow") {
        if end(&visit, &asked).await? {
            let mut writing = call.exchange.store.write().await?;
            writing.turn_of(&owner.id).await?;
            let what = json!({"event": "consent.denied", "client": asked.client.id});
            audit::append(&mut writing, &owner.id, call.now, what).await?;
            writing.commit().await?;
        }
        let answer = [
            ("error", "access_denied"),
            ("error_description", "The owner refused."),
        ];
        return Ok(back(call, to, state, &answer));
    }
    let details = match granted(&asked.details, &fields) {
        Ok(details) => details,
        Err(wrong) => {
            let refused = Refused {
                fields: &fields,
                wrong,
            };
            return Ok(show(&visit, &asked, &owner, Some(&refused)));
        }
    };
    if !end(&visit, &asked).await? {
        let why = "It has been answered already.";
        return Ok(problem(StatusCode::CONFLICT, "This request has ended", why));
    }
    let code = grant(&visit, &asked, &owner, details, &fields).await?;
    Ok(back(call, to, state, &[("code", &code)]))
}

/// The details as the owner has lowered them, or the names of what is no limit, or none that is as
/// low as what was asked for.
fn granted(
    details: &[AuthorizationDetail],
    fields: &[(String, String)],
) -> Result<Vec<AuthorizationDetail>, Vec<String>> {
    let mut wrong = Vec::new();
    let mut lowered = Vec::new();
    for (number, detail) in details.iter().enumerate() {
        let mut limits = Vec::new();
        for (place, limit) in detail.limits.iter().enumerate() {
            let name = format!("limit-{number}-{place}");
            match lower(limit, field(fields, &name)) {
                Some(limit) => limits.push(limit),
                None => wrong.push(name),
            }
        }
        let mut detail = detail.clone();
        if let Ok(limits) = AuthorizationDetailLimits::new(limits) {
            detail.limits = limits;
        }
        if let Some(destinations) = &detail.destinations {
            let is_left = |place| is_on(fields, &format!("destination-{number}-{place}"));
            let left: Vec<_> = destinations
                .iter()
                .enumerate()
                .filter(|(place, _)| is_left(*place))
                .map(|(_, destination)| destination.clone())
                .collect();
            match left.try_into() {
                Ok(left) => detail.destinations = Some(left),
                Err(_) => wrong.push(format!("destinations-{number}")),
            }
        }
        lowered.push(detail);
    }
    if wrong.is_empty() {
        Ok(lowered)
    } else {
        Err(wrong)
    }
}

fn lower(limit: &AuthorizedLimit, given: Option<&str>) -> Option<AuthorizedLimit> {
    let given = Decimal::parse(given?.trim()).ok()?;
    let most = Decimal::try_from(&limit.amount).ok()?;
    let fits = given.is_positive() && given <= most;
    let amount = given.try_into().ok()?;
    fits.then(|| AuthorizedLimit::new(amount, limit.currency.clone(), limit.period))
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
        balances: is_on(fields, "balances"),
        granted_at: now,
        authenticated_at,
        refresh: None,
        ended_at: None,
    };
    let code = exchange.random.token("ac")?;
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
    let subject = "A new access";
    notify::send(exchange, &mut writing, owner, "email", subject, text, now).await?;
    writing.commit().await?;
    Ok(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_lets_the_form_lead_to_the_application() {
        for (to, named) in [
            (
                "https://wallet.example/callback?a=b",
                "https://wallet.example",
            ),
            ("http://127.0.0.1:8080/callback", "http://127.0.0.1:8080"),
            ("http://[::1]:8080/callback", "http:"),
            ("com.example.wallet:/callback", "com.example.wallet:"),
        ] {
            assert_eq!(source(&Url::parse(to).unwrap()), named);
        }
    }
}
