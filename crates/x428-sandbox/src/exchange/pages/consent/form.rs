//! The form of the consent page.

use axum::http::StatusCode;
use axum::response::Response;
use maud::{Markup, html};
use url::{Host, Url};
use x428::wire::withdrawal::{
    AuthorizationDetail, AuthorizedDestination, AuthorizedLimit, NetworkCode, Scope,
};

use super::Asked;
use super::lower::is_on;
use crate::exchange::model::Owner;
use crate::exchange::pages::elements::{grouped, network, period, theirs, wrong};
use crate::exchange::pages::visit::field;
use crate::exchange::pages::{Sheet, Visit};

/// A form that was not taken: its fields, and the names of those that are wrong.
pub(super) struct Refused<'a> {
    pub(super) fields: &'a [(String, String)],
    pub(super) wrong: Vec<String>,
}

impl Refused<'_> {
    fn is_wrong(&self, name: &str) -> bool {
        self.wrong.iter().any(|wrong| wrong == name)
    }
}

pub(super) fn show(
    visit: &Visit,
    asked: &Asked,
    owner: &Owner,
    refused: Option<&Refused<'_>>,
) -> Response {
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
pub(in crate::exchange::pages) fn words(scope: Scope) -> &'static str {
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
