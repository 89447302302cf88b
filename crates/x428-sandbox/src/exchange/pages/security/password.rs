//! The password.

use maud::{Markup, html};
use zeroize::Zeroizing;

use super::{Done, change_owner, ends, is_to_end};
use crate::exchange::model::Owner;
use crate::exchange::pages::form::{Refused, Shown};
use crate::exchange::pages::visit::field;
use crate::exchange::pages::{Page, Visit};
use crate::exchange::password;
use crate::exchange::security::Change;

/// How long a password is, in characters.
const LENGTH: std::ops::RangeInclusive<usize> = 12..=256;
const WRONG_LENGTH: &str = "A new password has 12 to 256 characters.";
/// How often a wrong password may be given in an hour.
const FAILURES: i64 = 10;
const HOUR: std::time::Duration = std::time::Duration::from_hours(1);

pub(super) fn form(visit: &Visit, shown: Shown<'_>) -> Markup {
    let (current, new) = (shown.beside("current"), shown.beside("new"));
    html! {
        form.card method="post" action="/security" aria-labelledby="password" {
            (visit.token())
            h2 id="password" { "Password" }
            p.soft { "Other browsers in which you are logged in have to log in again." }
            label for="current" { "The password now" }
            (current.told())
            input id="current" name="current" type="password" autocomplete="current-password"
                required aria-describedby=[current.described(None)]
                aria-invalid=[current.invalid()] autofocus[current.is_wrong()];
            label for="new" { "The new password" }
            p.soft id="hint-new" { (LENGTH.start()) " characters or more." }
            (new.told())
            input id="new" name="new" type="password" autocomplete="new-password"
                minlength=(LENGTH.start()) maxlength=(LENGTH.end()) required
                aria-describedby=[new.described(Some("hint-new"))]
                aria-invalid=[new.invalid()] autofocus[new.is_wrong()];
            (ends("ends-password"))
            p.actions { button type="submit" name="change" value="password" { "Change the password" } }
        }
    }
}

pub(super) async fn change(
    visit: &Visit,
    owner: &Owner,
    fields: &[(String, String)],
) -> Result<Done, Page> {
    let exchange = &visit.call.exchange;
    let text = |name| Zeroizing::new(field(fields, name).unwrap_or_default().to_owned());
    let (current, new) = (text("current"), text("new"));
    // It is guessed here as it is at the login, but only by one who has logged in: failures at the
    // login, which are anybody's, do not count.
    let counter = format!("password {}", owner.id);
    let mut writing = exchange.store.write().await?;
    let tried = writing.count(&counter, visit.call.now, HOUR).await?;
    writing.commit().await?;
    if tried > FAILURES {
        let why = "There were too many attempts. Try again in an hour.";
        return Ok(Err(Refused::too_often("current", why)));
    }
    if !password::is_right(Some(owner.password.clone()), current.to_string()).await? {
        return Ok(Err(Refused::at("current", "The password is not right.")));
    }
    if !LENGTH.contains(&new.chars().count()) {
        return Ok(Err(Refused::at("new", WRONG_LENGTH)));
    }
    if *new == *current {
        let why = "This is the password that you have. Choose another one.";
        return Ok(Err(Refused::at("new", why)));
    }
    let mut writing = exchange.store.write().await?;
    writing.reset(&counter).await?;
    writing.commit().await?;
    let hashed = password::hash(new.to_string()).await?;
    let known = owner.password.clone();
    let done = change_owner(visit, owner, Change::Password, is_to_end(fields), |owner| {
        if owner.password != known {
            let why = "The password was changed meanwhile.";
            return Err(Refused::at("current", why));
        }
        owner.password = hashed;
        Ok(())
    });
    Ok(done.await?)
}
