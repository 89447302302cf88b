//! A form as it is shown: fresh, or not taken, with what is wrong beside its field and with what was
//! entered.

use axum::http::StatusCode;
use maud::{Markup, html};

use super::elements::wrong;
use super::visit::field;

/// Why a form was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Refused {
    /// The name of the field that has to be changed; empty if it is none.
    at: &'static str,
    why: &'static str,
    status: StatusCode,
}

impl Refused {
    /// Because of one field.
    pub(super) fn at(at: &'static str, why: &'static str) -> Self {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        Self { at, why, status }
    }

    /// The words.
    pub(super) fn why(self) -> &'static str {
        self.why
    }

    /// Because of no field.
    pub(super) fn because(why: &'static str) -> Self {
        Self::at("", why)
    }

    /// Because it was sent too often.
    pub(super) fn too_often(at: &'static str, why: &'static str) -> Self {
        let status = StatusCode::TOO_MANY_REQUESTS;
        Self { at, why, status }
    }
}

/// What the forms of a page show.
#[derive(Clone, Copy, Default)]
pub(super) struct Shown<'a> {
    refused: Option<(Refused, &'a [(String, String)])>,
}

impl<'a> Shown<'a> {
    /// With what was entered, and what is wrong with it.
    pub(super) fn refused(refused: Refused, fields: &'a [(String, String)]) -> Self {
        Self {
            refused: Some((refused, fields)),
        }
    }

    /// The status of the page.
    pub(super) fn status(self) -> StatusCode {
        self.refused
            .map_or(StatusCode::OK, |(refused, _)| refused.status)
    }

    /// Whether no form was refused.
    pub(super) fn is_fresh(self) -> bool {
        self.refused.is_none()
    }

    /// What was entered into a field of the form that has a wrong one, or what is known.
    pub(super) fn value(self, name: &str, known: &'a str) -> &'a str {
        // Forms of a page may have fields of the same name.
        self.refused
            .filter(|(refused, _)| !refused.at.is_empty())
            .and_then(|(_, fields)| field(fields, name))
            .unwrap_or(known)
    }

    /// What is wrong with no field, above the forms.
    pub(super) fn above(self) -> Markup {
        self.beside("").told()
    }

    /// What stands beside a field.
    pub(super) fn beside(self, name: &str) -> Beside {
        let refused = self.refused.map(|(refused, _)| refused);
        Beside {
            why: refused
                .filter(|refused| refused.at == name)
                .map(|refused| refused.why),
        }
    }
}

/// What is wrong with a field, if anything is.
#[derive(Clone, Copy)]
pub(super) struct Beside {
    why: Option<&'static str>,
}

impl Beside {
    /// The words, for the place between a label and its field.
    pub(super) fn told(self) -> Markup {
        html! { @if let Some(why) = self.why { (wrong("problem", why)) } }
    }

    /// Whether the field is wrong: it is the one to which the owner goes first.
    pub(super) fn is_wrong(self) -> bool {
        self.why.is_some()
    }

    /// The value of `aria-invalid`.
    pub(super) fn invalid(self) -> Option<&'static str> {
        self.why.map(|_| "true")
    }

    /// The value of `aria-describedby`, with the id of a hint if there is one.
    pub(super) fn described(self, hint: Option<&str>) -> Option<String> {
        let ids: Vec<&str> = hint
            .into_iter()
            .chain(self.why.map(|_| "problem"))
            .collect();
        (!ids.is_empty()).then(|| ids.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_stands_beside_its_field_with_what_was_entered() {
        let fields = [("email".to_owned(), "ana".to_owned())];
        let shown = Shown::refused(Refused::at("email", "This is none."), &fields);
        assert_eq!(shown.status(), StatusCode::UNPROCESSABLE_ENTITY);
        assert_eq!(shown.value("email", "ana@owners.example"), "ana");
        assert_eq!(shown.value("phone", "+351900000042"), "+351900000042");
        let email = shown.beside("email");
        let described = email.described(Some("hint-email"));
        assert_eq!(described.as_deref(), Some("hint-email problem"));
        assert!(email.told().into_string().contains("This is none."));
        let phone = shown.beside("phone");
        assert_eq!((phone.described(None), phone.invalid()), (None, None));
        assert!(shown.above().into_string().is_empty());
    }

    #[test]
    fn what_is_wrong_with_no_field_stands_above() {
        let fields = [("address".to_owned(), "of another form".to_owned())];
        let shown = Shown::refused(Refused::because("Nothing was changed."), &fields);
        assert_eq!(shown.value("address", ""), "");
        assert!(shown.above().into_string().contains("Nothing was changed."));
        assert!(!shown.beside("email").is_wrong());
        assert!(Shown::default().above().into_string().is_empty());
    }
}
