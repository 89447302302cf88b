//! Authorization details: what a client asks for, and what an owner grants (section 3.3).

use x428::jcs::{Limits, StrictJson};
use x428::wire::withdrawal::{
    AuthorizationDetail, AuthorizationDetailActions, AuthorizationDetailAssets,
    AuthorizationDetailLimits, AuthorizationDetails, AuthorizedAction, AuthorizedAsset,
    AuthorizedAssetNetworks, AuthorizedLimit, CurrencyCode, JSON_DEPTH_MAX, LimitPeriod,
    OAuthErrorCode as Code, REQUEST_SIZE_MAX, Scope,
};
use x428::withdrawal::decimal::Decimal;

use super::OAuthFailure;
use crate::exchange::model::ListedAsset;
use crate::exchange::store::Fault;

/// Reads the parameter `authorization_details`.
// r[impl withdrawal.details.unknown]
pub(super) fn parse(text: &str) -> Result<Vec<AuthorizationDetail>, OAuthFailure> {
    let refuse = || {
        OAuthFailure::new(
            Code::InvalidAuthorizationDetails,
            "The authorization details are not of their form.",
        )
    };
    let limits = Limits {
        bytes: REQUEST_SIZE_MAX,
        depth: JSON_DEPTH_MAX,
    };
    let json = StrictJson::parse(text.as_bytes(), limits).map_err(|_| refuse())?;
    // As many as the token response can hold.
    let details: AuthorizationDetails =
        serde_json::from_value(json.into_value()).map_err(|_| refuse())?;
    Ok(details.to_vec())
}

/// Whether the exchange can grant them: it knows every asset, network and currency.
pub(super) fn check(
    details: &[AuthorizationDetail],
    listed: &[ListedAsset],
) -> Result<(), OAuthFailure> {
    let is_listed = |asset: &AuthorizedAsset| {
        let known = listed.iter().find(|known| asset.asset == known.id.as_str());
        known.is_some_and(|known| {
            asset.networks.iter().all(|network| {
                let mut networks = known.networks.iter();
                networks.any(|known| known.network.network == *network)
            })
        })
    };
    let can_be_granted = details.iter().all(|detail| {
        detail.assets.iter().all(is_listed)
            && detail
                .limits
                .iter()
                .all(|limit| dollars(&limit.currency, listed).is_some())
    });
    if can_be_granted {
        Ok(())
    } else {
        Err(OAuthFailure::new(
            Code::InvalidAuthorizationDetails,
            "An asset, a network or a currency is not known.",
        ))
    }
}

/// What one of a currency is worth in US dollars.
pub(crate) fn dollars(currency: &CurrencyCode, listed: &[ListedAsset]) -> Option<Decimal> {
    match currency.as_str() {
        "USD" => Some(Decimal::from(1)),
        "EUR" => Decimal::parse("1.1").ok(),
        code => listed
            .iter()
            .find(|asset| asset.id == code)
            .map(|asset| asset.dollars),
    }
}

/// What a client gets that asks to withdraw and for no limit: every asset, within a limit that the
/// exchange sets.
// r[impl withdrawal.details.limits]
pub(crate) fn default(
    listed: &[ListedAsset],
    limit: Decimal,
    scopes: &[Scope],
) -> Result<AuthorizationDetail, Fault> {
    let assets = listed
        .iter()
        .map(|asset| {
            let networks = asset.networks.iter().map(|of| of.network.network.clone());
            let networks = AuthorizedAssetNetworks::new(networks.collect());
            Ok(AuthorizedAsset::new(
                asset.id.parse().map_err(Fault::because)?,
                networks.map_err(Fault::because)?,
            ))
        })
        .collect::<Result<Vec<_>, Fault>>()?;
    let limit = AuthorizedLimit::new(
        limit.try_into().map_err(Fault::because)?,
        "USD".parse().map_err(Fault::because)?,
        LimitPeriod::Day,
    );
    let of_scopes = [
        (Scope::WithdrawalsCreate, AuthorizedAction::Create),
        (Scope::WithdrawalsRead, AuthorizedAction::Read),
        (Scope::WithdrawalsCancel, AuthorizedAction::Cancel),
    ];
    let asked = of_scopes.iter().filter(|(scope, _)| scopes.contains(scope));
    let actions = asked.map(|(_, action)| *action).collect();
    Ok(AuthorizationDetail::new(
        AuthorizationDetailActions::new(actions).map_err(Fault::because)?,
        AuthorizationDetailAssets::new(assets).map_err(Fault::because)?,
        AuthorizationDetailLimits::new(vec![limit]).map_err(Fault::because)?,
    ))
}
