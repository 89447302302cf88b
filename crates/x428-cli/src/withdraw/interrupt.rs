//! Ctrl-C, while something is waited for.

use anyhow::Context as _;

#[cfg(windows)]
use tokio::signal::windows::{CtrlC as Signal, ctrl_c as listen};

#[cfg(unix)]
use tokio::signal::unix::Signal;

/// From the first one on, Ctrl-C does not end the process any more. One that is pressed while nobody
/// waits for it is kept until somebody does.
pub(super) struct Interrupt {
    signal: Signal,
    is_pressed: bool,
}

impl Interrupt {
    pub(super) fn listen() -> anyhow::Result<Self> {
        Ok(Self {
            signal: listen().context("Ctrl-C cannot be listened for")?,
            is_pressed: false,
        })
    }

    /// Ends once it is pressed; at once, if it has been.
    pub(super) async fn pressed(&mut self) {
        if !self.is_pressed {
            self.signal.recv().await;
            self.is_pressed = true;
        }
    }

    pub(super) fn is_pressed(&self) -> bool {
        self.is_pressed
    }
}

#[cfg(unix)]
fn listen() -> std::io::Result<Signal> {
    use tokio::signal::unix::{SignalKind, signal};
    signal(SignalKind::interrupt())
}

#[cfg(all(test, unix))]
mod tests {
    use std::{process::Command, time::Duration};

    use super::{Interrupt, listen};

    #[tokio::test]
    async fn one_that_nobody_waits_for_is_kept() {
        let mut interrupt = Interrupt::listen().unwrap();
        let mut other = listen().unwrap();
        assert!(!is_seen(&mut interrupt).await);
        let itself = std::process::id().to_string();
        // By the shell: not every machine has a program for it.
        let kill = ["-c", "kill -s INT \"$0\"", &itself];
        let sent = Command::new("sh").args(kill).status();
        assert!(sent.unwrap().success());
        // It comes while something else is waited for, and is there at once when it is asked for.
        other.recv().await.unwrap();
        for _ in 0..2 {
            assert!(is_seen(&mut interrupt).await);
        }
    }

    async fn is_seen(interrupt: &mut Interrupt) -> bool {
        let pressed = interrupt.pressed();
        tokio::time::timeout(Duration::ZERO, pressed).await.is_ok()
    }
}
