//! Runs the command in a directory of its own.

use std::{
    fmt::Write as _,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::mpsc::{self, RecvTimeoutError, Sender},
    time::Duration,
};

/// Nothing takes so long, on any machine.
const LONGEST: Duration = Duration::from_mins(10);

/// A key that is in no file of anybody.
pub(crate) const KEY: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH
-----END PRIVATE KEY-----
";

pub(crate) const POLICY: &str = r#"base = "https://api.example.com"

[[rules]]
path = "/reports/*"
preconditions = ["terms", "age"]

[[rules]]
path = "/account"
preconditions = ["operator"]

[preconditions.terms]
type = "tos"
methods = ["self"]
version = "2026-11"
document-url = "https://api.example.com/terms/2026-11.txt"
document-hash = "sha256-969248b43c92b6d938ea589b7255be8d3f835784699da8c53dfebf377230d466"

[preconditions.age]
type = "age"
methods = ["self"]
minimum-age = 18

[preconditions.operator]
type = "identity"
methods = ["self"]
"#;

/// A directory that is gone when the test is.
pub(crate) struct Here(tempfile::TempDir);

impl Here {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// With a key and a policy.
    pub(crate) fn with_key() -> Self {
        let here = Self::new();
        here.secret("operator.pem", KEY);
        here.write("policy.toml", POLICY);
        here
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn secret(&self, name: &str, text: &str) {
        self.write(name, text);
        set_mode(&self.path(name), 0o600);
    }

    pub(crate) fn x428(&self, arguments: &str) -> Ran {
        self.x428_with(arguments, "")
    }

    pub(crate) fn x428_with(&self, arguments: &str, input: &str) -> Ran {
        let mut child = Command::new(env!("CARGO_BIN_EXE_x428"))
            .args(arguments.split_whitespace())
            .current_dir(self.0.path())
            .env("NO_COLOR", "1")
            .env("COLUMNS", "100")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let _limit = Limit::of(&child);
        // A command that reads nothing has closed its end.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        Ran::of(&child.wait_with_output().unwrap())
    }
}

/// Ends a process that hangs, so that whoever waits for it fails.
pub(crate) struct Limit {
    /// Dropped with the limit, which is then off.
    _on: Sender<()>,
}

impl Limit {
    pub(crate) fn of(child: &Child) -> Self {
        let (on, off) = mpsc::channel();
        let process = child.id();
        std::thread::spawn(move || {
            if off.recv_timeout(LONGEST) == Err(RecvTimeoutError::Timeout) {
                signal(process, "KILL");
            }
        });
        Self { _on: on }
    }
}

/// Sends a signal, by the shell: not every machine has a program for it.
pub(crate) fn signal(process: u32, name: &str) {
    let sent = Command::new("sh")
        .args(["-c", "kill -s \"$0\" \"$1\"", name])
        .arg(process.to_string())
        .status();
    assert!(sent.unwrap().success(), "{name}");
}

#[cfg(unix)]
pub(crate) fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

#[cfg(not(unix))]
pub(crate) fn set_mode(_path: &Path, _mode: u32) {}

pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    fn of(output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let (out, err) = (text(&output.stdout), text(&output.stderr));
        let code = output.status.code();
        let code = code.unwrap_or_else(|| panic!("{}: {out}{err}", output.status));
        Self { code, out, err }
    }

    /// Everything, for a snapshot.
    pub(crate) fn shown(&self) -> String {
        let mut shown = format!("exit code {}\n", self.code);
        for (name, text) in [("stdout", &self.out), ("stderr", &self.err)] {
            if !text.is_empty() {
                write!(shown, "--- {name}\n{text}").unwrap();
            }
        }
        shown
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {}", self.shown()))
    }
}
