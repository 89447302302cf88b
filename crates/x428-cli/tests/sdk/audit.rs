//! Audit logs, completions and manual pages.

use insta::assert_snapshot;

use super::run::Here;

#[test]
fn a_log_that_is_none_is_not_made() {
    let here = Here::new();
    assert_snapshot!(here.x428("audit verify nothing.db").shown());
    assert!(!here.path("nothing.db").exists());
    here.write("text.db", "this is no database, but a text of some length");
    let ran = here.x428("audit verify text.db");
    assert_eq!(ran.code, 2, "{}", ran.shown());
    assert_eq!(here.x428("audit verify nothing.db --deposited 1").code, 2);
    let ran = here.x428("audit verify postgres://user:secret@[127.0.0.1/x");
    assert_eq!(ran.code, 2);
    assert!(!ran.shown().contains("secret"), "{}", ran.shown());
}

#[test]
fn every_shell_gets_its_completions() {
    let here = Here::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = here.x428(&format!("completions {shell}"));
        assert_eq!(ran.code, 0, "{shell}");
        assert!(
            ran.out.contains("sandbox") && ran.out.contains("attest"),
            "{shell}"
        );
    }
}

#[test]
fn every_command_has_a_page() {
    let here = Here::new();
    assert_eq!(here.x428("man pages").code, 0);
    for page in [
        "x428",
        "x428-key-new",
        "x428-get",
        "x428-conformance-server",
        "x428-audit-verify",
    ] {
        let text = std::fs::read_to_string(here.path(&format!("pages/{page}.1"))).unwrap();
        assert!(text.contains(".TH"), "{page}");
    }
    let text = std::fs::read_to_string(here.path("pages/x428-withdraw.1")).unwrap();
    assert!(text.contains(".SH NOTES\nExit codes:"), "{text}");
}

#[test]
fn the_help_names_everything() {
    assert_snapshot!(Here::new().x428("--help").out);
}
