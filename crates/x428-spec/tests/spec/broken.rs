//! Every code has a deliberately broken specification that makes it fire.

use std::collections::BTreeSet;

use x428_spec::diagnostic::Code;

use crate::{
    Outcome,
    project::{Copy, fixture, shown},
};

#[test]
fn the_specification_that_is_broken_has_no_fault() -> Outcome {
    let (spec, problems) = Copy::sound()?.problems();
    assert_eq!(shown(&spec, &problems), "");
    Ok(())
}

#[test]
fn every_code_fires() -> Outcome {
    for code in Code::ALL {
        let (spec, problems) = Copy::broken(code.as_str())?.problems();
        let text = shown(&spec, &problems);
        assert!(
            problems.iter().any(|problem| problem.code == *code),
            "{code} does not fire:\n{text}"
        );
        insta::assert_snapshot!(code.as_str(), text);
    }
    Ok(())
}

#[test]
fn every_broken_specification_has_a_code() -> Outcome {
    let mut names = BTreeSet::new();
    for entry in std::fs::read_dir(fixture(""))? {
        names.insert(entry?.file_name().to_string_lossy().into_owned());
    }
    let codes: BTreeSet<_> = Code::ALL
        .iter()
        .map(ToString::to_string)
        .chain(["base".to_owned()])
        .collect();
    assert_eq!(names, codes);
    Ok(())
}

#[test]
fn every_code_is_explained() {
    for code in Code::ALL {
        let text = code.explanation();
        assert!(
            text.contains("\nWrong:\n") && text.contains("\nRight:\n"),
            "{code}"
        );
        assert_eq!(Code::parse(&code.as_str().to_lowercase()), Some(*code));
    }
    assert!(Code::ALL.is_sorted_by(|a, b| a.as_str() < b.as_str()));
}
