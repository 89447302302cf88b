//! Requests to send (section 15.2).

use super::{Adapter, Gap, SendMoney, travel_rule, travel_rule_data};
use crate::wire::withdrawal::{
    Address, AssetCode, ClientReference, ErrorDetailCode, FeeMode, IdempotencyKey, Memo,
    PositiveDecimal, WithdrawalErrorCode as Code, WithdrawalRequest,
};
use crate::withdrawal::refusal::Refused;
use crate::withdrawal::submission::Submission;

const SEND: &str = "send";

impl Adapter {
    /// The request to Coinbase for a submission. The account in its path is the one that holds the
    /// asset.
    ///
    /// # Errors
    /// [`Refused`] with `invalid_request` for a member that has no counterpart and that the adapter
    /// does not enforce itself, `network_not_supported` for a network whose name is not known, and
    /// `invalid_address` for an e-mail address.
    // r[impl withdrawal.coinbase.no-guess]
    pub fn send(&self, submission: &Submission) -> Result<SendMoney, Refused> {
        let request = submission.request();
        if submission.fee_mode() == FeeMode::Inclusive {
            return Err(not_converted("/feeMode"));
        }
        if request.max_fee.is_some() && !self.enforces_fees {
            return Err(not_converted("/maxFee"));
        }
        if request.quote_id.is_some() && !self.enforces_fees {
            return Err(not_converted("/quoteId"));
        }
        if request.address.as_str().contains('@') {
            let message = "An e-mail address is no address on a network.";
            let refused = Refused::new(Code::InvalidAddress, message);
            return Err(refused.at("/address", ErrorDetailCode::Value));
        }
        let network = self.by_code(&request.network).ok_or_else(|| {
            let message = "The asset is not withdrawn on this network.";
            let refused = Refused::new(Code::NetworkNotSupported, message);
            refused.at("/network", ErrorDetailCode::Value)
        })?;
        let travel_rule_data = match &request.travel_rule {
            Some(data) => Some(
                travel_rule_data(data, self.verifies_ownership)
                    .map_err(|gap| not_converted(&format!("/travelRule/{}", gap.what())))?,
            ),
            None => None,
        };
        Ok(SendMoney {
            kind: SEND.to_owned(),
            to: request.address.to_string(),
            amount: request.amount.to_string(),
            currency: request.asset.to_string(),
            network: Some(network.name.clone()),
            destination_tag: request.memo.as_ref().map(ToString::to_string),
            description: request.client_reference.as_ref().map(ToString::to_string),
            idem: Some(submission.key().to_string()),
            travel_rule_data,
        })
    }

    /// The request of this protocol, and its key, for a request to send.
    ///
    /// # Errors
    /// [`Gap`] for a request that does not name its network or its `idem`, whose address is an
    /// e-mail address, and for values that are not of the form of this protocol.
    pub fn request(&self, send: &SendMoney) -> Result<(WithdrawalRequest, IdempotencyKey), Gap> {
        if send.kind != SEND {
            return Err(Gap::new("type", "not a send"));
        }
        if send.to.contains('@') {
            return Err(Gap::new("to", "an e-mail address is never a destination"));
        }
        let name = send.network.as_deref();
        let name = name.ok_or(Gap::new("network", "the network is never guessed"))?;
        let network = self.by_name(name);
        let network = network.ok_or(Gap::new("network", "not a network of this adapter"))?;
        let idem = send.idem.as_deref();
        let idem = idem.ok_or(Gap::new("idem", "a withdrawal has a key"))?;
        let form = |what| move |_| Gap::new(what, "not of the form of this protocol");
        let mut request = WithdrawalRequest::new(
            AssetCode::parse(send.currency.as_str()).map_err(form("currency"))?,
            network.code.clone(),
            PositiveDecimal::parse(send.amount.as_str()).map_err(form("amount"))?,
            Address::parse(send.to.as_str()).map_err(form("to"))?,
        );
        if let Some(tag) = &send.destination_tag {
            request =
                request.with_memo(Memo::parse(tag.as_str()).map_err(form("destination_tag"))?);
        }
        if let Some(note) = &send.description {
            let reference = ClientReference::parse(note.as_str()).map_err(form("description"))?;
            request = request.with_client_reference(reference);
        }
        if let Some(data) = &send.travel_rule_data {
            request = request.with_travel_rule(travel_rule(data)?);
        }
        let key = IdempotencyKey::parse(idem).map_err(form("idem"))?;
        Ok((request, key))
    }
}

fn not_converted(place: &str) -> Refused {
    let message = "The exchange behind this one has no counterpart of a member.";
    Refused::new(Code::InvalidRequest, message).at(place, ErrorDetailCode::Value)
}
