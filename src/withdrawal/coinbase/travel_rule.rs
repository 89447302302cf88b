//! Travel Rule data (section 15.6).

use std::str::FromStr;

use super::{Gap, TravelRuleData};
use crate::wire::withdrawal::{
    BeneficiaryVasp, CoinbaseIsSelf, CoinbaseWalletType, LegalPersonNameType,
    NaturalPersonNameType, Person, TransferPurpose, TravelRule, WalletType,
};

/// Coinbase's form of Travel Rule data.
///
/// # Errors
/// [`Gap`] for an ownership proof that the adapter does not verify, for addresses of the receiver,
/// for a person without a legal name, and for a VASP that is named by its LEI alone.
pub fn travel_rule_data(
    data: &TravelRule,
    verifies_ownership: bool,
) -> Result<TravelRuleData, Gap> {
    if data.ownership_proof.is_some() && !verifies_ownership {
        return Err(Gap::new("ownershipProof", "Coinbase takes none"));
    }
    let wallet_type = match data.wallet_type {
        WalletType::SelfHosted => CoinbaseWalletType::WalletTypeSelfHosted,
        WalletType::Custodial => CoinbaseWalletType::WalletTypeExchange,
    };
    let is_self = if data.is_self {
        CoinbaseIsSelf::IsSelfTrue
    } else {
        CoinbaseIsSelf::IsSelfFalse
    };
    Ok(TravelRuleData {
        beneficiary_wallet_type: Some(wallet_type.as_str().to_owned()),
        is_self: Some(is_self.as_str().to_owned()),
        beneficiary_name: data.beneficiary.as_ref().map(legal_name).transpose()?,
        beneficiary_financial_institution: data
            .beneficiary_vasp
            .as_ref()
            .map(institution)
            .transpose()?,
        transfer_purpose: data.purpose.map(|purpose| purpose.as_str().to_owned()),
    })
}

/// This protocol's form of Travel Rule data.
///
/// # Errors
/// [`Gap`] for a wallet type or purpose that this protocol does not have, for a name, which does not
/// say whether it is that of a human being, and for an institution, which does not say whether it is
/// named or identified.
pub fn travel_rule(data: &TravelRuleData) -> Result<TravelRule, Gap> {
    let wallet_type = match word(data.beneficiary_wallet_type.as_deref()) {
        Some(CoinbaseWalletType::WalletTypeSelfHosted) => WalletType::SelfHosted,
        Some(CoinbaseWalletType::WalletTypeExchange) => WalletType::Custodial,
        _ => return Err(Gap::new("beneficiary_wallet_type", "not a type of wallet")),
    };
    let is_self = match word(data.is_self.as_deref()) {
        Some(CoinbaseIsSelf::IsSelfTrue) => true,
        Some(CoinbaseIsSelf::IsSelfFalse) => false,
        _ => return Err(Gap::new("is_self", "neither true nor false")),
    };
    if data.beneficiary_name.is_some() {
        let why = "it does not say whether the name is that of a human being";
        return Err(Gap::new("beneficiary_name", why));
    }
    if data.beneficiary_financial_institution.is_some() {
        let why = "it does not say whether it is a name or an identifier";
        return Err(Gap::new("beneficiary_financial_institution", why));
    }
    let mut read = TravelRule::new(wallet_type, is_self);
    if let Some(purpose) = &data.transfer_purpose {
        let purpose: TransferPurpose = purpose
            .parse()
            .map_err(|_| Gap::new("transfer_purpose", "not a purpose of this protocol"))?;
        read = read.with_purpose(purpose);
    }
    Ok(read)
}

fn word<T: FromStr>(text: Option<&str>) -> Option<T> {
    text?.parse().ok()
}

/// The legal name, given names first.
fn legal_name(person: &Person) -> Result<String, Gap> {
    let address = Gap::new("beneficiary", "the form of an address is not mapped");
    let unnamed = Gap::new("beneficiary", "no legal name");
    match (&person.natural_person, &person.legal_person) {
        (Some(person), None) => {
            if person.geographic_address.is_some() {
                return Err(address);
            }
            let names = &person.name.name_identifier;
            let kind = NaturalPersonNameType::LEGL;
            let mut names = names.iter();
            let name = names.find(|name| name.natural_person_name_identifier_type == kind);
            let name = name.ok_or(unnamed)?;
            let family = name.primary_identifier.as_str();
            Ok(name
                .secondary_identifier
                .as_ref()
                .map_or_else(|| family.to_owned(), |given| format!("{given} {family}")))
        }
        (None, Some(person)) => {
            if person.geographic_address.is_some() {
                return Err(address);
            }
            let kind = LegalPersonNameType::LEGL;
            let mut names = person.name.name_identifier.iter();
            let name = names.find(|name| name.legal_person_name_identifier_type == kind);
            Ok(name.ok_or(unnamed)?.legal_person_name.to_string())
        }
        _ => Err(Gap::new("beneficiary", "not one person")),
    }
}

/// The identifier of the directory, else the name.
fn institution(vasp: &BeneficiaryVasp) -> Result<String, Gap> {
    let id = vasp.id.as_ref().map(ToString::to_string);
    id.or_else(|| vasp.name.as_ref().map(ToString::to_string))
        .ok_or(Gap::new("beneficiaryVasp", "neither identified nor named"))
}
