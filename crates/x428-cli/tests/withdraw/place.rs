//! An exchange, and a directory in which somebody calls the command.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    process::{Child, ChildStderr, Command, Stdio},
    sync::mpsc::{Receiver, channel},
};

use crate::run::{Here, Limit, Ran, signal};

pub(crate) const ADDRESS: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

/// An exchange of its own for each test.
pub(crate) struct Place {
    pub(crate) here: Here,
    pub(crate) issuer: String,
    exchange: Child,
    _limit: Limit,
    /// What the exchange says on standard error, line by line.
    said: Receiver<String>,
}

impl Place {
    /// With an exchange that takes so many seconds for a step.
    pub(crate) fn with_pace(pace: &str) -> Self {
        Self::with(Here::new(), pace, "")
    }

    /// With more arguments for the exchange.
    pub(crate) fn with(here: Here, pace: &str, more: &str) -> Self {
        Self::with_variables(here, pace, more, &[])
    }

    /// With variables in its environment too.
    pub(crate) fn with_variables(
        here: Here,
        pace: &str,
        more: &str,
        variables: &[(&str, &str)],
    ) -> Self {
        let mut exchange = Command::new(env!("CARGO_BIN_EXE_x428"))
            .args("sandbox exchange --seed --port 0 --pace".split(' '))
            .arg(pace)
            .args(more.split_whitespace())
            .envs(variables.iter().copied())
            .current_dir(here.path("."))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let limit = Limit::of(&exchange);
        let mut issuer = String::new();
        let mut out = BufReader::new(exchange.stdout.take().unwrap());
        out.read_line(&mut issuer).unwrap();
        assert!(!issuer.is_empty(), "the exchange has ended");
        let lines = BufReader::new(exchange.stderr.take().unwrap()).lines();
        let (saying, said) = channel();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                // Nobody may listen any more.
                let _ = saying.send(line);
            }
        });
        Self {
            here,
            issuer: issuer.trim().to_owned(),
            exchange,
            _limit: limit,
            said,
        }
    }

    /// Waits until the exchange says something with this in it.
    pub(crate) fn hears(&self, part: &str) -> String {
        let mut said = self.said.iter();
        let line = said.find(|line| line.contains(part));
        line.unwrap_or_else(|| panic!("the exchange ended and did not say {part}"))
    }

    /// Ends the exchange; gives the rest of what it has said.
    pub(crate) fn end(mut self) -> Vec<String> {
        self.exchange.kill().unwrap();
        self.exchange.wait().unwrap();
        self.said.iter().collect()
    }

    /// Where the exchange is asked for something, behind the issuer.
    pub(crate) fn at(&self, path: &str) -> String {
        format!("{}{path}", self.issuer)
    }

    /// What the command keeps here.
    pub(crate) fn kept(&self) -> serde_json::Value {
        let kept = std::fs::read_to_string(self.here.path("kept/kept.json")).unwrap();
        serde_json::from_str(&kept).unwrap()
    }

    /// The certificate of the exchange, in PEM.
    pub(crate) fn certificate(&self) -> Vec<u8> {
        std::fs::read(self.here.path("x428-exchange.pem")).unwrap()
    }

    /// Calls `x428 withdraw` with the state that is kept here.
    pub(crate) fn withdraw(&self, arguments: &str) -> Ran {
        self.here
            .x428(&format!("withdraw {arguments} --state kept"))
    }

    /// Calls it, and goes on while it runs.
    pub(crate) fn begin(&self, arguments: &str) -> Running {
        let mut child = Command::new(env!("CARGO_BIN_EXE_x428"))
            .arg("withdraw")
            .args(arguments.split_whitespace())
            .args(["--state", "kept"])
            .current_dir(self.here.path("."))
            .env("NO_COLOR", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let limit = Limit::of(&child);
        let said = BufReader::new(child.stderr.take().unwrap());
        Running {
            child,
            said,
            _limit: limit,
        }
    }

    pub(crate) fn login(&self) -> Running {
        self.login_as("--client-id example-app")
    }

    pub(crate) fn login_as(&self, who: &str) -> Running {
        let issuer = &self.issuer;
        self.begin(&format!(
            "login {issuer} {who} --certificate x428-exchange.pem"
        ))
    }

    /// What was said, without what differs from run to run.
    pub(crate) fn shown(&self, ran: &Ran) -> String {
        let text = ran.shown().replace(&self.issuer, "https://localhost:8429");
        let lines = text.lines().map(|line| {
            let words = line.split(' ').map(same);
            words.collect::<Vec<_>>().join(" ")
        });
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The ids of the withdrawals that the exchange has.
    pub(crate) fn ids(&self) -> Vec<String> {
        let list = self.withdraw("list --json").json();
        let ids = list.as_array().unwrap().iter();
        ids.map(|withdrawal| withdrawal["id"].as_str().unwrap().to_owned())
            .collect()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = self.exchange.kill();
        let _ = self.exchange.wait();
    }
}

fn same(word: &str) -> String {
    let bare = word.trim_end_matches([',', '.', ';', ')', '"', '`']);
    let rest = &word[bare.len()..];
    let name = if bare.starts_with("wd_") {
        "WITHDRAWAL"
    } else if bare.starts_with("0x") && bare.len() == 66 {
        "TRANSACTION"
    } else if bare.starts_with('2') && bare.ends_with('Z') && bare.contains('T') {
        "TIME"
    } else if bare.len() == 32
        && bare
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b))
    {
        "KEY"
    } else {
        bare
    };
    format!("{name}{rest}")
}

/// A command that has not ended.
pub(crate) struct Running {
    child: Child,
    said: BufReader<ChildStderr>,
    _limit: Limit,
}

impl Running {
    /// The next line on standard error that begins with this.
    pub(crate) fn line(&mut self, begin: &str) -> String {
        let mut all = String::new();
        loop {
            let mut line = String::new();
            let length = self.said.read_line(&mut line).unwrap();
            assert!(length > 0, "no line that begins with {begin:?} in:\n{all}");
            if line.starts_with(begin) {
                return line.trim().to_owned();
            }
            all.push_str(&line);
        }
    }

    /// Waits until it asks for a line with this at the end, and gives what it has said before.
    pub(crate) fn asks(&mut self, end: &str) -> String {
        let mut said = Vec::new();
        while !said.ends_with(end.as_bytes()) {
            let mut byte = [0];
            let read = self.said.read_exact(&mut byte);
            let shown = || String::from_utf8_lossy(&said);
            assert!(read.is_ok(), "no {end:?} in:\n{}", shown());
            said.extend(byte);
        }
        String::from_utf8(said).unwrap()
    }

    /// Ctrl-C.
    #[cfg(unix)]
    pub(crate) fn interrupt(&self) {
        signal(self.child.id(), "INT");
    }

    /// Waits for its end, without anybody typing.
    pub(crate) fn code(mut self) -> Option<i32> {
        // To wait would close it, and the end of the input is an answer.
        let _input = self.child.stdin.take();
        self.child.wait().unwrap().code()
    }

    /// The end of the process, at once.
    pub(crate) fn kill(self) {
        drop(self);
    }

    /// Waits for its end, after somebody has typed this.
    pub(crate) fn end(mut self, typed: &str) -> Ran {
        let mut input = self.child.stdin.take().unwrap();
        input.write_all(typed.as_bytes()).unwrap();
        drop(input);
        let (mut out, mut err) = (String::new(), String::new());
        self.said.read_to_string(&mut err).unwrap();
        let mut stdout = self.child.stdout.take().unwrap();
        stdout.read_to_string(&mut out).unwrap();
        let status = self.child.wait().unwrap();
        let code = status.code();
        let code = code.unwrap_or_else(|| panic!("{status}: {out}{err}"));
        Ran { code, out, err }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
