//! Where an owner is reached.

use maud::{Markup, html};

use super::{Done, change_owner};
use crate::exchange::mail;
use crate::exchange::model::Owner;
use crate::exchange::pages::form::{Refused, Shown};
use crate::exchange::pages::visit::field;
use crate::exchange::pages::{Page, Visit};
use crate::exchange::security::Change;

/// How often an owner may change the contact data in a day. Each change sends messages to an
/// address and a number that may be anybody's; a mistake is mended with one or two more.
const CHANGES: i64 = 5;
const DAY: std::time::Duration = std::time::Duration::from_hours(24);
/// How many digits a number has, the country's included (ITU-T E.164).
const DIGITS: std::ops::RangeInclusive<usize> = 7..=15;

pub(super) fn form(visit: &Visit, owner: &Owner, shown: Shown<'_>) -> Markup {
    let (email, phone) = (shown.beside("email"), shown.beside("phone"));
    html! {
        form.card method="post" action="/security" aria-labelledby="contact" {
            (visit.token())
            h2 id="contact" { "Contact data" }
            label for="email" { "E-mail address" }
            (email.told())
            input id="email" name="email" type="email" autocomplete="email" required
                value=(shown.value("email", &owner.email))
                aria-describedby=[email.described(None)]
                aria-invalid=[email.invalid()] autofocus[email.is_wrong()];
            label for="phone" { "Number of the phone" }
            p.soft id="hint-phone" { "With its country, such as +351900000042. It may be left empty." }
            (phone.told())
            input id="phone" name="phone" type="tel" autocomplete="tel"
                value=(shown.value("phone", &owner.phone))
                aria-describedby=[phone.described(Some("hint-phone"))]
                aria-invalid=[phone.invalid()] autofocus[phone.is_wrong()];
            p.actions { button type="submit" name="change" value="contact" { "Change the contact data" } }
        }
    }
}

fn is_number(number: &str) -> bool {
    number.strip_prefix('+').is_some_and(|digits| {
        DIGITS.contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
    })
}

pub(super) async fn change(
    visit: &Visit,
    owner: &Owner,
    fields: &[(String, String)],
) -> Result<Done, Page> {
    let email = field(fields, "email").unwrap_or_default().trim().to_owned();
    let phone = field(fields, "phone").unwrap_or_default();
    // People write a number in groups.
    let phone: String = phone.split_whitespace().collect();
    if !mail::is_address(&email) {
        return Ok(Err(Refused::at("email", "This is no e-mail address.")));
    }
    if !(phone.is_empty() || is_number(&phone)) {
        let why = "This is no number with its country.";
        return Ok(Err(Refused::at("phone", why)));
    }
    let exchange = &visit.call.exchange;
    let counter = format!("contact {}", owner.id);
    let mut writing = exchange.store.write().await?;
    if writing.count(&counter, visit.call.now, DAY).await? > CHANGES {
        let why = "The contact data were changed too often. Try again in a day.";
        return Ok(Err(Refused::too_often("email", why)));
    }
    writing.commit().await?;
    let done = change_owner(visit, owner, Change::Contact, false, |owner| {
        if owner.email == email && owner.phone == phone {
            return Err(Refused::because(
                "Nothing was changed: both are as they were.",
            ));
        }
        owner.email = email;
        owner.phone = phone;
        Ok(())
    });
    let done = done.await?;
    if done.is_err() {
        let mut writing = exchange.store.write().await?;
        writing.uncount(&counter).await?;
        writing.commit().await?;
    }
    Ok(done)
}
