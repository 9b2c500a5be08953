//! What was typed at the prompt, in a file of the user's that nobody else reads.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// The file; without a home there is none.
pub(super) struct History {
    path: Option<PathBuf>,
}

/// So many texts are kept.
pub(super) const ENTRIES_MAX: usize = 1_000;

/// The file is not read beyond this, and a longer text is not kept.
const FILE_BYTES_MAX: u64 = 4 << 20;
const ENTRY_BYTES_MAX: usize = 64 << 10;

impl History {
    /// `$XDG_STATE_HOME/upsert-kafka/history`, else in `~/.local/state`.
    pub(super) fn open() -> Self {
        let set = |name| std::env::var_os(name).filter(|it| !it.is_empty()).map(PathBuf::from);
        let folder = set("XDG_STATE_HOME").or_else(|| set("HOME").map(|home| home.join(".local/state")));
        Self { path: folder.map(|folder| folder.join("upsert-kafka").join("history")) }
    }

    /// What is kept, the oldest first. A file that has grown too long is written anew.
    ///
    /// # Errors
    /// The file is there and cannot be read, in a sentence.
    pub(super) fn entries(&self) -> Result<Vec<String>, String> {
        let Some(path) = &self.path else { return Ok(Vec::new()) };
        let mut bytes = Vec::new();
        match fs::File::open(path).and_then(|it| it.take(FILE_BYTES_MAX).read_to_end(&mut bytes)) {
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(told(path, &error)),
        }
        let text = String::from_utf8_lossy(&bytes);
        let mut entries: Vec<String> = text.lines().map(unescaped).collect();
        if entries.len() > 2 * ENTRIES_MAX || bytes.len() as u64 == FILE_BYTES_MAX {
            entries.drain(..entries.len().saturating_sub(ENTRIES_MAX));
            let kept: String = entries.iter().map(|it| escaped(it) + "\n").collect();
            private()
                .truncate(true)
                .write(true)
                .open(path)
                .and_then(|mut it| it.write_all(kept.as_bytes()))
                .map_err(|e| told(path, &e))?;
        }
        Ok(entries.split_off(entries.len().saturating_sub(ENTRIES_MAX)))
    }

    /// Keeps a text.
    ///
    /// # Errors
    /// The file cannot be written, in a sentence; from then on nothing is kept.
    pub(super) fn add(&mut self, text: &str) -> Result<(), String> {
        let Some(path) = self.path.as_ref().filter(|_| text.len() <= ENTRY_BYTES_MAX) else { return Ok(()) };
        let written = append(path, &(escaped(text) + "\n")).map_err(|error| told(path, &error));
        if written.is_err() {
            self.path = None;
        }
        written
    }
}

fn told(path: &Path, error: &io::Error) -> String {
    format!("what is typed is not kept: {}: {error}", path.display())
}

fn append(path: &Path, line: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    // One write: other prompts may append at the same time.
    private().append(true).open(path)?.write_all(line.as_bytes())
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.create(true).mode(0o600);
    options
}

/// On one line.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\n', "\\n").replace('\r', "\\r")
}

fn unescaped(line: &str) -> String {
    let (mut out, mut chars) = (String::with_capacity(line.len()), line.chars());
    while let Some(c) = chars.next() {
        let behind = if c == '\\' { chars.next() } else { None };
        out.push(match behind {
            Some('n') => '\n',
            Some('r') => '\r',
            Some(other) => other,
            None => c,
        });
    }
    out
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn history(name: &str) -> History {
        let folder = std::env::temp_dir().join(format!("upsert-kafka-history-{name}-{}", std::process::id()));
        // It may be there from a run that was killed.
        let _ = fs::remove_dir_all(&folder);
        History { path: Some(folder.join("state").join("history")) }
    }

    #[test]
    fn what_was_typed_comes_back_in_its_order_and_nobody_else_reads_it() {
        let mut kept = history("order");
        assert_eq!(kept.entries(), Ok(Vec::new()));
        let texts = ["SELECT 1;", "SELECT\n  '\\n' AS \"a\\\";", "ü;"];
        texts.iter().for_each(|text| kept.add(text).unwrap());
        assert_eq!(kept.entries().unwrap(), texts);
        let path = kept.path.clone().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        fs::remove_dir_all(path.ancestors().nth(2).unwrap()).unwrap();
    }

    #[test]
    fn a_file_that_grows_is_cut_and_a_long_text_is_not_kept() {
        let mut kept = history("bound");
        kept.add(&"x".repeat(ENTRY_BYTES_MAX + 1)).unwrap();
        (0..2 * ENTRIES_MAX + 1).for_each(|n| kept.add(&format!("SELECT {n};")).unwrap());
        let entries = kept.entries().unwrap();
        assert_eq!((entries.len(), entries[0].as_str()), (ENTRIES_MAX, "SELECT 1001;"));
        let path = kept.path.clone().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap().lines().count(), ENTRIES_MAX);
        fs::remove_dir_all(path.ancestors().nth(2).unwrap()).unwrap();
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_told_once() {
        let mut kept = History { path: Some(PathBuf::from("/proc/nowhere/history")) };
        assert!(
            kept.add("SELECT 1;")
                .unwrap_err()
                .starts_with("what is typed is not kept: /proc/nowhere/history: ")
        );
        assert_eq!(kept.add("SELECT 1;"), Ok(()));
    }
}
