//! The authenticator app.

use maud::{Markup, html};
use qrcodegen::{QrCode, QrCodeEcc};
use zeroize::Zeroizing;

use super::{Done, change_owner, ends, is_to_end};
use crate::exchange::model::{Owner, Session};
use crate::exchange::pages::Visit;
use crate::exchange::pages::elements::grouped;
use crate::exchange::pages::form::{Refused, Shown};
use crate::exchange::pages::visit::field;
use crate::exchange::random;
use crate::exchange::security::Change;
use crate::exchange::step_up::totp;
use crate::exchange::store::Fault;

/// How many modules stay white around a QR code (ISO/IEC 18004).
const QUIET: i32 = 4;

pub(super) fn form(visit: &Visit, owner: &Owner, shown: Shown<'_>) -> Result<Markup, Fault> {
    let session = visit.session.as_ref();
    let secret = session.and_then(|session| session.authenticator.as_deref());
    let content = match (&owner.totp, secret) {
        (Some(_), _) => html! {
            p { "You have one. Without it, you log in with a code that is sent by e-mail." }
            (ends("ends-app"))
            p.actions { button.bad type="submit" name="change" value="remove" { "Remove the app" } }
        },
        (None, None) => html! {
            p { "You have none. You log in with a code that is sent by e-mail." }
            p.actions { button type="submit" name="change" value="begin" { "Add an app" } }
        },
        (None, Some(sealed)) => addition(visit, owner, sealed, shown)?,
    };
    Ok(html! {
        form.card method="post" action="/security" aria-labelledby="app" {
            (visit.token())
            h2 id="app" { "Authenticator app" }
            (content)
        }
    })
}

fn addition(visit: &Visit, owner: &Owner, sealed: &str, shown: Shown<'_>) -> Result<Markup, Fault> {
    let exchange = &visit.call.exchange;
    let secret = Zeroizing::new(totp::shown(&exchange.keys.open(totp::PURPOSE, sealed)?));
    let label = |text: &str| {
        url::form_urlencoded::byte_serialize(text.as_bytes())
            .collect::<String>()
            .replace('+', "%20")
    };
    let name = label(&exchange.settings.name);
    let login = label(&owner.login);
    // The form that apps read; the rest is what they take by themselves.
    let uri = Zeroizing::new(format!(
        "otpauth://totp/{name}:{login}?secret={}&issuer={name}",
        *secret
    ));
    let code = shown.beside("code");
    Ok(html! {
        p { "Scan this picture with the app." }
        (picture(&uri)?)
        p { "Or " a href=(*uri) { "open the app" } " on this device, or give it this secret:" }
        p { (grouped(&secret)) }
        label for="code" { "Code that the app shows" }
        (code.told())
        input.code id="code" name="code" inputmode="numeric" autocomplete="one-time-code" required
            aria-describedby=[code.described(None)] aria-invalid=[code.invalid()]
            autofocus[code.is_wrong() || shown.is_fresh()];
        p.actions { button type="submit" name="change" value="add" { "Add this app" } }
    })
}

/// A QR code.
fn picture(text: &str) -> Result<Markup, Fault> {
    let code = QrCode::encode_text(text, QrCodeEcc::Medium).map_err(Fault::because)?;
    let size = code.size();
    let mut path = Vec::new();
    for y in 0..size {
        let mut x = 0;
        while x < size {
            let run = (x..size).take_while(|x| code.get_module(*x, y)).count();
            if run > 0 {
                path.push(format!("M{} {}h{run}v1h-{run}z", x + QUIET, y + QUIET));
            }
            x += 1 + i32::try_from(run).map_err(Fault::because)?;
        }
    }
    let whole = size + 2 * QUIET;
    Ok(html! {
        svg.qr role="img" aria-label="The secret as a QR code" viewBox={ "0 0 " (whole) " " (whole) } {
            path d=(path.concat());
        }
    })
}

/// Draws a secret, which is the owner's when the app has shown a code of it.
pub(super) fn begin(visit: &Visit) -> Result<Done, Fault> {
    let exchange = &visit.call.exchange;
    // RFC 4226 recommends 160 bits.
    let secret = Zeroizing::new(random::bytes::<20>()?);
    let session = visit.session.clone().ok_or(Fault::Damaged)?;
    Ok(Ok(Session {
        authenticator: Some(exchange.keys.seal(totp::PURPOSE, secret.as_slice())?),
        ..session
    }))
}

pub(super) async fn add(
    visit: &Visit,
    owner: &Owner,
    fields: &[(String, String)],
) -> Result<Done, Fault> {
    let (exchange, now) = (&visit.call.exchange, visit.call.now);
    // Apps show a code in two groups.
    let code = field(fields, "code").unwrap_or_default();
    let code: String = code.split_whitespace().collect();
    let session = visit.session.as_ref().ok_or(Fault::Damaged)?;
    let Some(sealed) = session.authenticator.clone() else {
        return Ok(Err(Refused::because("Begin again.")));
    };
    let done = change_owner(visit, owner, Change::AuthenticatorAdded, false, |owner| {
        if owner.totp.is_some() {
            return Err(Refused::because("You have an authenticator app already."));
        }
        owner.totp = Some(sealed);
        owner.totp_step = None;
        // The code is used up with it.
        match totp::accept(exchange, owner, &code, now) {
            Ok(true) => Ok(()),
            Ok(false) => Err(Refused::at(
                "code",
                "This code is not right. Enter the newest one.",
            )),
            Err(_) => Err(Refused::because("The secret cannot be read. Begin again.")),
        }
    });
    Ok(done.await?.map(|session| Session {
        authenticator: None,
        ..session
    }))
}

pub(super) async fn remove(
    visit: &Visit,
    owner: &Owner,
    fields: &[(String, String)],
) -> Result<Done, Fault> {
    let change = Change::AuthenticatorRemoved;
    change_owner(visit, owner, change, is_to_end(fields), |owner| {
        owner.totp_step = None;
        match owner.totp.take() {
            Some(_) => Ok(()),
            None => Err(Refused::because("You have no authenticator app.")),
        }
    })
    .await
}
