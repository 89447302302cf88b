//! Keys: made once, for one pair of eyes.

use insta::assert_snapshot;

use super::run::{Here, KEY, set_mode};

#[test]
fn a_new_key_is_for_its_owner_and_is_not_overwritten() {
    let here = Here::new();
    let new = here.x428("key new mine.pem --json");
    assert_eq!(new.code, 0, "{}", new.shown());
    let did = new.json()["did"].as_str().unwrap().to_owned();
    assert!(did.starts_with("did:key:z6Mk"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(here.path("mine.pem"))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let before = std::fs::read(here.path("mine.pem")).unwrap();
    assert_snapshot!(here.x428("key new mine.pem").shown(), @r"
    exit code 2
    --- stderr
    error: mine.pem exists, and no secret is overwritten
    help: choose another name, or move the file away
    ");
    assert_eq!(std::fs::read(here.path("mine.pem")).unwrap(), before);
    let entries = std::fs::read_dir(here.path(".")).unwrap().count();
    assert_eq!(entries, 1, "nothing else is left behind");
    let shown = here.x428("key show mine.pem");
    assert!(shown.out.starts_with(&did), "{}", shown.shown());
}

#[test]
fn the_secret_is_shown_only_if_it_is_asked_for() {
    let here = Here::with_key();
    for (arguments, is_secret) in [
        ("key show", false),
        ("key show --json", false),
        ("key export --jwk", false),
        ("key export --multibase", false),
        ("key export --did-document", false),
        ("did operator.pem", false),
        ("key export --jwk --secret", true),
        ("key export --multibase --secret", true),
    ] {
        let ran = here.x428(arguments);
        assert_eq!(ran.code, 0, "{}", ran.shown());
        let secrets = ["BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc", "z3u2"];
        let shows = secrets.iter().any(|secret| ran.out.contains(secret));
        assert_eq!(shows, is_secret, "{arguments}: {}", ran.shown());
        assert!(!ran.err.contains("BwcH"));
    }
    assert_eq!(here.x428("key export").code, 2);
    assert_eq!(here.x428("key export --did-document --secret").code, 2);
}

#[test]
fn who_a_key_is() {
    let here = Here::with_key();
    assert_snapshot!(here.x428("key show").shown());
    assert_snapshot!(here.x428("key export --jwk").shown());
    assert_snapshot!(here.x428("did operator.pem").shown());
}

#[cfg(unix)]
#[test]
fn a_key_that_others_can_read_is_refused() {
    let here = Here::with_key();
    for mode in [0o644, 0o640, 0o604, 0o620] {
        set_mode(&here.path("operator.pem"), mode);
        let ran = here.x428("key show");
        assert_eq!(ran.code, 2, "{mode:o}: {}", ran.shown());
        assert!(
            ran.err.contains("chmod 600 operator.pem"),
            "{}",
            ran.shown()
        );
    }
    set_mode(&here.path("operator.pem"), 0o400);
    assert_eq!(here.x428("key show").code, 0);
}

#[test]
fn what_is_no_key_is_told_and_not_repeated() {
    let here = Here::new();
    here.secret("operator.pem", &KEY.replace("MC4CAQ", "MC4CAA"));
    assert_snapshot!(here.x428("key show").shown());
    assert_snapshot!(here.x428("key show nothing.pem").shown());
    assert_snapshot!(here.x428("did did:nothing").shown());
    assert_snapshot!(here.x428("did did:key:z6MkNothing").shown());
}

#[test]
fn server_keys_are_made_in_the_same_way() {
    let here = Here::new();
    assert_eq!(here.x428("key new --server").code, 0);
    let text = std::fs::read_to_string(here.path("server-keys.toml")).unwrap();
    assert_eq!(text.matches("secret = ").count(), 2);
    assert_eq!(here.x428("key new --server").code, 2);
}
