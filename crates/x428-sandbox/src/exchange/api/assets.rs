use axum::response::{IntoResponse, Response};
use x428::wire::withdrawal::{
    Asset, AssetList, AssetListData, AuthorizationDetail, Network, NetworkStatus, Scope,
    WithdrawalErrorCode as Code,
};

use crate::exchange::access::{Caller, authorize};
use crate::exchange::call::Call;
use crate::exchange::failure::{Failure, refuse};
use crate::exchange::model::ListedAsset;
use crate::exchange::store::{Fault, Reading};

/// All assets of the exchange, in the order of their codes.
pub(crate) async fn listed(reading: &mut Reading) -> Result<Vec<ListedAsset>, Fault> {
    reading
        .find("SELECT data FROM asset ORDER BY id", Vec::new())
        .await
}

/// Lists what the owner can withdraw.
pub(super) async fn list(call: Call) -> Result<Response, Failure> {
    let caller = authorize(&call, Scope::AssetsRead).await?;
    call.parameters(&[])?;
    let mut reading = call.exchange.store.read().await?;
    let mut assets = Vec::new();
    for asset in listed(&mut reading).await? {
        if let Some(asset) = shown(&call, &caller, &mut reading, &asset).await? {
            assets.push(asset);
        }
    }
    reading.end().await?;
    let list = AssetList::new(AssetListData::new(assets)?);
    Ok(axum::Json(list).into_response())
}

/// Reads one asset.
// r[impl withdrawal.assets.unknown]
pub(super) async fn get(call: Call) -> Result<Response, Failure> {
    let caller = authorize(&call, Scope::AssetsRead).await?;
    call.parameters(&[])?;
    let mut reading = call.exchange.store.read().await?;
    let asset: Option<ListedAsset> = reading.get(&call.id).await?;
    let shown = match asset {
        Some(asset) => shown(&call, &caller, &mut reading, &asset).await?,
        None => None,
    };
    reading.end().await?;
    let asset = shown.ok_or_else(unknown)?;
    Ok(axum::Json(asset).into_response())
}

/// Refuses for an asset that there is not.
pub(crate) fn unknown() -> Failure {
    refuse(Code::AssetNotFound, "The exchange does not know the asset.")
}

/// The asset as the client sees it: the networks that the grant allows, and the balance if the
/// owner shows it.
// r[impl withdrawal.assets.granted]
// r[impl withdrawal.assets.balance]
// r[impl withdrawal.privacy.balance]
async fn shown(
    call: &Call,
    caller: &Caller,
    reading: &mut Reading,
    asset: &ListedAsset,
) -> Result<Option<Asset>, Failure> {
    let networks: Vec<Network> = asset
        .networks
        .iter()
        .map(|listed| with_status(call, listed.network.clone()))
        .filter(|network| is_granted(&caller.consent.details, asset, network))
        .collect();
    if networks.is_empty() {
        return Ok(None);
    }
    let mut shown = asset.to_wire(networks).ok_or(Fault::Damaged)?;
    if caller.consent.balances {
        let balance = reading.balance(caller.owner(), &asset.id).await?;
        shown = shown.with_balance(balance.available.try_into()?);
    }
    Ok(Some(shown))
}

/// The network with its status of the moment.
pub(crate) fn with_status(call: &Call, mut network: Network) -> Network {
    let suspended = &call.exchange.settings.suspended;
    if suspended
        .iter()
        .any(|name| network.network == name.as_str())
    {
        network.status = NetworkStatus::Suspended;
        network.withdrawal_enabled = false;
    }
    network
}

fn is_granted(details: &[AuthorizationDetail], asset: &ListedAsset, network: &Network) -> bool {
    details.is_empty()
        || details.iter().any(|detail| {
            detail.assets.iter().any(|granted| {
                granted.asset == asset.id.as_str() && granted.networks.contains(&network.network)
            })
        })
}
