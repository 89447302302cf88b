//! What an owner makes less of than was asked for.

use x428::wire::withdrawal::{AuthorizationDetail, AuthorizationDetailLimits, AuthorizedLimit};
use x428::withdrawal::decimal::Decimal;

use crate::exchange::pages::visit::field;

/// The details as the owner has lowered them, or the names of what is no limit, or none that is as
/// low as what was asked for.
pub(super) fn granted(
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

/// Whether a box is checked.
pub(super) fn is_on(fields: &[(String, String)], name: &str) -> bool {
    field(fields, name) == Some("yes")
}
