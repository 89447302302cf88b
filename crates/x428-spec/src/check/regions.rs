//! Generated regions: as they would be generated now.

use crate::{
    diagnostic::{Code, Diagnostic, did_you_mean},
    model::{Document, Region, RegionKind, Spec},
    region::{foreign, is_current, render},
    source::Span,
};

/// Checks all regions.
pub(super) fn check(spec: &Spec, found: &mut Vec<Diagnostic>) {
    for document in &spec.documents {
        for region in &document.regions {
            match render(spec, document, region) {
                Some(text) if is_current(spec.text(region.content), &text) => {}
                Some(text) => {
                    if let Some(span) = foreign(spec, region) {
                        let message = "this was not generated, but stands in a generated region";
                        found.push(Diagnostic::new(Code::RegionOutdated, span, message).help(
                            "move it out of the region; `x428 fix` writes all that stands there",
                        ));
                        continue;
                    }
                    let span = first_difference(region.content, spec.text(region.content), &text);
                    found.push(
                        Diagnostic::new(
                            Code::RegionOutdated,
                            span,
                            "this generated region is out of date",
                        )
                        .help("`x428 fix` writes it"),
                    );
                }
                None => found.extend(impossible(spec, document, region)),
            }
        }
    }
}

fn impossible(spec: &Spec, document: &Document, region: &Region) -> Option<Diagnostic> {
    // Outside of a protocol it has its own diagnostic.
    let protocol = spec.protocol_of(document)?;
    let (of, lacks) = match &region.kind {
        RegionKind::Fields { of } => (of, "members"),
        RegionKind::States { of } => (of, "transitions"),
        RegionKind::Requirements { .. } | RegionKind::Vectors => return None,
    };
    let span = region.open.value_span("of");
    let names = protocol
        .types
        .iter()
        .map(|definition| definition.name.as_str());
    let message = match protocol.type_definition(of) {
        Some(_) => format!("the type `{of}` has no {lacks}"),
        None => format!("there is no type `{of}` in the protocol {}", protocol.id),
    };
    let help = did_you_mean(of, names);
    Some(Diagnostic::new(Code::UnknownType, span, message).maybe_help(help))
}

/// The line at which the text begins to differ.
fn first_difference(content: Span, current: &str, expected: &str) -> Span {
    let mut start = content.start;
    for (own, other) in current
        .split_inclusive('\n')
        .zip(expected.split_inclusive('\n'))
    {
        if own != other {
            return Span::new(content.file, start..start + own.trim_end().len());
        }
        start += own.len();
    }
    Span::new(content.file, start..start)
}
