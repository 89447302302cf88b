//! Step 9: the Travel Rule. What is needed from which value on is configuration.

use x428::wire::withdrawal::{
    ErrorDetailCode, LegalPersonNameType, NaturalPersonNameType, Person, TravelRule,
    TravelRuleRequirement, WalletType, WithdrawalErrorCode as Code,
};
use x428::withdrawal::decimal::Decimal;
use x428::withdrawal::refusal::Refused;
use x428::withdrawal::submission::Submission as Submitted;

use super::Target;
use super::ownership::{self, Named};
use crate::exchange::call::Call;
use crate::exchange::failure::Failure;
use crate::exchange::model::Owner;
use crate::exchange::settings::{Settings, TravelRuleThresholds};
use crate::exchange::store::Fault;

/// What the Travel Rule makes of a withdrawal.
#[derive(Debug, Default)]
pub(crate) struct Travel {
    /// The data, as JSON.
    pub(crate) data: Option<String>,
    /// Whether data were given that suffice.
    pub(crate) given: bool,
    /// Whether the withdrawal waits for a proof of ownership.
    pub(crate) hold: bool,
}

/// The thresholds for an owner.
// r[impl withdrawal.travel.thresholds]
// r[impl withdrawal.compliance.configuration]
fn thresholds<'a>(settings: &'a Settings, owner: &Owner) -> Option<&'a TravelRuleThresholds> {
    settings.travel_rules.get(&owner.jurisdiction)
}

fn reaches(threshold: Option<Decimal>, dollars: Decimal) -> bool {
    threshold.is_some_and(|threshold| dollars >= threshold)
}

/// What a withdrawal of a value will need.
pub(crate) fn requirements(
    settings: &Settings,
    owner: &Owner,
    dollars: Decimal,
) -> Vec<TravelRuleRequirement> {
    let mut needed = Vec::new();
    let Some(thresholds) = thresholds(settings, owner) else {
        return needed;
    };
    if reaches(thresholds.data_from, dollars) {
        needed.push(TravelRuleRequirement::WalletType);
    }
    if reaches(thresholds.ownership_from, dollars) || reaches(thresholds.hold_from, dollars) {
        needed.push(TravelRuleRequirement::OwnershipProof);
    }
    needed
}

/// Checks the Travel Rule data of a submission.
// r[impl withdrawal.travel.required]
// r[impl withdrawal.travel.originator]
pub(super) fn check(
    call: &Call,
    owner: &Owner,
    submitted: &Submitted,
    target: &Target,
    dollars: Decimal,
) -> Result<Travel, Failure> {
    let none = TravelRuleThresholds::none();
    let settings = &call.exchange.settings;
    let thresholds = thresholds(settings, owner).unwrap_or(&none);
    let address = target.address.as_deref().unwrap_or_default();
    let Some(data) = &submitted.request().travel_rule else {
        if reaches(thresholds.data_from, dollars) {
            return Err(
                Refused::new(Code::TravelRuleRequired, "Travel Rule data are needed.")
                    .at("/travelRule", ErrorDetailCode::Missing)
                    .into(),
            );
        }
        return Ok(Travel::default());
    };
    let named = Named {
        issuer: &settings.issuer,
        names: &[submitted.key().as_str()],
        address,
    };
    content(data, &named, "/travelRule", call.now)?;
    let is_own = data.wallet_type == WalletType::SelfHosted && data.is_self;
    let is_shown = data.ownership_proof.is_some() || owner.shown.iter().any(|own| own == address);
    if is_own && !is_shown && reaches(thresholds.ownership_from, dollars) {
        return Err(Refused::new(
            Code::OwnershipProofRequired,
            "The owner has to show that the address is theirs.",
        )
        .at("/travelRule/ownershipProof", ErrorDetailCode::Missing)
        .into());
    }
    let hold = is_own && !is_shown && reaches(thresholds.hold_from, dollars);
    Ok(Travel {
        data: Some(serde_json::to_string(data).map_err(Fault::because)?),
        given: reaches(thresholds.data_from, dollars) && !hold,
        hold,
    })
}

/// Checks what the form of the data cannot say.
// r[impl withdrawal.travel.beneficiary]
// r[impl withdrawal.ivms.one]
// r[impl withdrawal.ivms.legal-name]
pub(crate) fn content(
    data: &TravelRule,
    named: &Named<'_>,
    below: &str,
    now: jiff::Timestamp,
) -> Result<(), Failure> {
    let invalid = |message, field: &str, code| {
        Refused::new(Code::TravelRuleInvalid, message).at(&format!("{below}{field}"), code)
    };
    match &data.beneficiary {
        None if !data.is_self => {
            let message = "The beneficiary is missing.";
            return Err(invalid(message, "/beneficiary", ErrorDetailCode::Missing).into());
        }
        Some(person) => {
            if person.natural_person.is_some() == person.legal_person.is_some() {
                let message = "A person is either a natural or a legal one.";
                return Err(invalid(message, "/beneficiary", ErrorDetailCode::Value).into());
            }
            if !has_legal_name(person) {
                let message = "None of the names is the legal name.";
                return Err(invalid(message, "/beneficiary", ErrorDetailCode::Value).into());
            }
        }
        None => {}
    }
    let vasp = data.beneficiary_vasp.as_ref();
    let is_named =
        vasp.is_some_and(|vasp| vasp.lei.is_some() || vasp.name.is_some() || vasp.id.is_some());
    if (data.wallet_type == WalletType::Custodial || vasp.is_some()) && !is_named {
        let message = "The VASP of the beneficiary is missing.";
        return Err(invalid(message, "/beneficiaryVasp", ErrorDetailCode::Missing).into());
    }
    if let Some(proof) = &data.ownership_proof {
        ownership::check(proof, named, now).map_err(|wrong| {
            invalid(
                wrong.message,
                &format!("/ownershipProof{}", wrong.field),
                wrong.code,
            )
        })?;
    }
    Ok(())
}

fn has_legal_name(person: &Person) -> bool {
    let natural = person.natural_person.as_ref().is_none_or(|person| {
        let mut names = person.name.name_identifier.iter();
        names.any(|name| name.natural_person_name_identifier_type == NaturalPersonNameType::LEGL)
    });
    let legal = person.legal_person.as_ref().is_none_or(|person| {
        let mut names = person.name.name_identifier.iter();
        names.any(|name| name.legal_person_name_identifier_type == LegalPersonNameType::LEGL)
    });
    natural && legal
}
