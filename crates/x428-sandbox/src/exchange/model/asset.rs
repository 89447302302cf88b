use serde::{Deserialize, Serialize};
use x428::wire::withdrawal::{Asset, Network};
use x428::withdrawal::decimal::{Decimal, Rounding};

use crate::exchange::store::Fault;
use crate::exchange::store::record::record;

/// An asset that the exchange lists.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ListedAsset {
    /// The code.
    pub id: String,
    /// The name for a person.
    pub name: String,
    /// What one is worth in US dollars.
    pub dollars: Decimal,
    /// How many digits a fraction has.
    pub places: usize,
    /// The networks on which it is withdrawn.
    pub networks: Vec<ListedNetwork>,
}

record!(ListedAsset, "asset", []);

impl ListedAsset {
    /// What an amount of it is worth in US dollars, rounded up.
    pub(crate) fn worth(&self, amount: Decimal) -> Result<Decimal, Fault> {
        let worth = amount.mul_rounded(self.dollars, 18, Rounding::Up);
        worth.ok_or(Fault::Damaged)
    }
}

/// An asset on a network.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ListedNetwork {
    /// What clients see.
    pub network: Network,
    /// How its addresses are checked.
    pub checksum: Checksum,
}

/// The checksum of the addresses of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Checksum {
    /// ERC-55: the case of the hexadecimal digits, unless all are of one case.
    Erc55,
    /// Base58Check in the alphabet of the XRP Ledger.
    Xrpl,
}

impl ListedAsset {
    /// As clients see it, without a balance.
    pub(crate) fn to_wire(&self, networks: Vec<Network>) -> Option<Asset> {
        let name = x428::wire::withdrawal::AssetName::parse(self.name.as_str()).ok()?;
        let code = self.id.parse().ok()?;
        Some(Asset::new(code, name, networks.try_into().ok()?))
    }
}
