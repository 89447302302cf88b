//! Waiting for somebody to save a file.

use std::{
    path::{Path, PathBuf},
    sync::mpsc::{Receiver, RecvTimeoutError, Sender},
    time::Duration,
};

use notify::{Event, EventKind, RecommendedWatcher, RecursiveMode, Watcher as _};

use crate::model::Project;

/// Reports changes of the specification and of the book's sources until the watcher is dropped.
pub(super) fn watch(project: &Project, changed: Sender<()>) -> notify::Result<RecommendedWatcher> {
    let book = project.root.join("book");
    let filter = Filter {
        spec: project.spec.clone(),
        book: book.clone(),
    };
    let mut watcher = notify::recommended_watcher(move |event: notify::Result<Event>| {
        // An error may mean that events were lost: then a build is due as well.
        if event.map_or(true, |event| filter.matters(&event)) {
            // The receiver is gone when the server ends.
            let _ = changed.send(());
        }
    })?;
    watcher.watch(&project.spec, RecursiveMode::Recursive)?;
    // Not recursively: the pages are written below it.
    for (directory, mode) in [
        (book.join("theme"), RecursiveMode::Recursive),
        (book, RecursiveMode::NonRecursive),
    ] {
        if directory.is_dir() {
            watcher.watch(&directory, mode)?;
        }
    }
    Ok(watcher)
}

struct Filter {
    spec: PathBuf,
    book: PathBuf,
}

impl Filter {
    fn matters(&self, event: &Event) -> bool {
        !matches!(event.kind, EventKind::Access(_))
            && event.paths.iter().any(|path| self.is_source(path))
    }

    fn is_source(&self, path: &Path) -> bool {
        path.starts_with(&self.spec)
            || path.starts_with(self.book.join("theme"))
            || path == self.book.join("book.toml")
    }
}

/// Waits for a change, and then until the files have been quiet. False when there will be none.
pub(super) fn settle(changes: &Receiver<()>, quiet: Duration) -> bool {
    if changes.recv().is_err() {
        return false;
    }
    loop {
        match changes.recv_timeout(quiet) {
            Ok(()) => {}
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify::event::{AccessKind, CreateKind, ModifyKind};
    use std::sync::mpsc;

    #[test]
    fn a_burst_of_changes_is_one_build() {
        let (sender, changes) = mpsc::channel();
        for _ in 0..5 {
            sender.send(()).unwrap();
        }
        drop(sender);
        assert!(settle(&changes, Duration::from_mins(1)));
        assert!(!settle(&changes, Duration::from_mins(1)));
    }

    #[test]
    fn only_sources_matter() {
        let filter = Filter {
            spec: "/p/spec".into(),
            book: "/p/book".into(),
        };
        let event = |kind, path: &str| Event::new(kind).add_path(path.into());
        let modify = EventKind::Modify(ModifyKind::Any);
        assert!(filter.matters(&event(modify, "/p/spec/a/b.md")));
        assert!(filter.matters(&event(modify, "/p/book/theme/x428.css")));
        assert!(filter.matters(&event(modify, "/p/book/book.toml")));
        assert!(!filter.matters(&event(
            EventKind::Create(CreateKind::Any),
            "/p/book/html/index.html"
        )));
        assert!(!filter.matters(&event(EventKind::Access(AccessKind::Any), "/p/spec/a.md")));
    }
}
