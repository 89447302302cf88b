//! Security schemes: of OpenAPI's form, and what the operations ask of them.

use std::collections::HashMap;

use super::operations::openapi::FLOWS;
use crate::{
    diagnostic::{Code, Diagnostic, did_you_mean},
    model::{Protocol, Spec, TableKind, states_of},
    value::{Data, Node},
};

/// What a security scheme of a type needs beside `type`.
const SCHEMES: &[(&str, &[&str])] = &[
    ("apiKey", &["name", "in"]),
    ("http", &["scheme"]),
    ("mutualTLS", &[]),
    ("oauth2", &["flows"]),
    ("openIdConnect", &["openIdConnectUrl"]),
];

/// The schemes of a protocol by name, with the scopes of those that have any.
pub(super) struct Schemes<'a>(HashMap<&'a str, Option<Vec<&'a str>>>);

impl<'a> Schemes<'a> {
    pub(super) fn new(
        spec: &'a Spec,
        protocol: &'a Protocol,
        schemes: impl Iterator<Item = (&'a str, &'a Node)>,
    ) -> Self {
        let scopes = |scheme: &'a Node| {
            let flows = scheme.get("flows")?.members().iter();
            let names = flows.filter_map(|flow| flow.value.get("scopes"));
            Some(names.flat_map(|own| scopes(spec, protocol, own)).collect())
        };
        Self(schemes.map(|(id, scheme)| (id, scopes(scheme))).collect())
    }

    /// Checks what an operation asks for: schemes that exist, and scopes that they have.
    pub(super) fn required(&self, operation: &Node, found: &mut Vec<Diagnostic>) {
        let alternatives = operation.get("security").map(Node::elements);
        for scheme in alternatives
            .unwrap_or_default()
            .iter()
            .flat_map(Node::members)
        {
            let Some(scopes) = self.0.get(scheme.name.as_str()) else {
                let message = format!("there is no security scheme `{}`", scheme.name);
                let help = did_you_mean(&scheme.name, self.0.keys().copied());
                found.push(
                    Diagnostic::new(Code::OperationRef, scheme.name_span, message).maybe_help(help),
                );
                continue;
            };
            for scope in scheme.value.elements() {
                let name = scope.as_str().unwrap_or_default();
                let message = match scopes {
                    None => format!("`{}` has no scopes", scheme.name),
                    Some(known) if !known.contains(&name) => {
                        format!("`{name}` is no scope of `{}`", scheme.name)
                    }
                    Some(_) => continue,
                };
                let known = scopes.iter().flatten().copied();
                let help = did_you_mean(name, known);
                found.push(
                    Diagnostic::new(Code::OperationRef, scope.span, message).maybe_help(help),
                );
            }
        }
    }
}

/// The scopes of a flow: written as a map, or as the name of a table of codes.
fn scopes<'a>(spec: &'a Spec, protocol: &'a Protocol, scopes: &'a Node) -> Vec<&'a str> {
    if let Some(of) = scopes.as_str() {
        let table = states_of(spec, protocol, of);
        let cells = table.into_iter().flat_map(|table| table.cells("code"));
        return cells.map(|cell| cell.text.as_str()).collect();
    }
    let members = scopes.members().iter();
    members.map(|member| member.name.as_str()).collect()
}

/// Checks a security scheme.
pub(super) fn scheme(spec: &Spec, protocol: &Protocol, scheme: &Node, found: &mut Vec<Diagnostic>) {
    let mut refuse = |span, message: String, help: Option<String>| {
        found.push(Diagnostic::new(Code::OperationShape, span, message).maybe_help(help));
    };
    let Some(of_type) = scheme.get("type") else {
        return;
    };
    let name = of_type.as_str().unwrap_or_default();
    let Some((_, needed)) = SCHEMES.iter().find(|(known, _)| *known == name) else {
        let help = did_you_mean(name, SCHEMES.iter().map(|(known, _)| *known));
        let message = "this is no type of security scheme".to_owned();
        return refuse(of_type.span, message, help);
    };
    for member in needed.iter().filter(|member| scheme.get(member).is_none()) {
        let message = format!("a security scheme of type `{name}` needs `{member}`");
        refuse(scheme.span, message, None);
    }
    for flow in scheme.get("flows").map(Node::members).unwrap_or_default() {
        let Some((_, needed)) = FLOWS.iter().find(|(known, _)| *known == flow.name) else {
            let help = did_you_mean(&flow.name, FLOWS.iter().map(|(known, _)| *known));
            let message = format!("OAuth has no flow `{}`", flow.name);
            refuse(flow.name_span, message, help);
            continue;
        };
        for member in needed.iter().filter(|own| flow.value.get(own).is_none()) {
            let message = format!("the flow `{}` needs `{member}`", flow.name);
            refuse(flow.name_span, message, None);
        }
        for member in flow.value.members() {
            let known = needed.contains(&member.name.as_str()) || member.name == "refreshUrl";
            if !known && !member.name.starts_with("x-") {
                let help = did_you_mean(&member.name, needed.iter().copied());
                let message = format!("the flow `{}` has no `{}`", flow.name, member.name);
                refuse(member.name_span, message, help);
            }
        }
        match flow.value.get("scopes").map(|own| (own, &own.data)) {
            Some((own, Data::String(of))) if states_of(spec, protocol, of).is_none() => {
                let tables = spec.tables().map(|(_, table)| table);
                let codes = tables.filter(|table| table.kind == Some(TableKind::Codes));
                let names: Vec<_> = codes.filter_map(|table| table.info.value("type")).collect();
                let help = did_you_mean(of, names);
                refuse(own.span, format!("`{of}` is no table of codes"), help);
            }
            Some((own, Data::Array(_) | Data::Number(_))) => {
                let message = "the scopes are a map, or the name of a table of codes".to_owned();
                refuse(own.span, message, None);
            }
            _ => {}
        }
    }
}
