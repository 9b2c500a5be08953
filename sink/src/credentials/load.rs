//! Credentials from this machine: the file, who else may read it, and what its secrets name.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::{Credentials, PathMap, SecretLookup};
use crate::error::{Error, Finding, Rule};

/// The files and the environment of this process.
pub const MACHINE: &dyn SecretLookup = &Machine;

struct Machine;

impl SecretLookup for Machine {
    fn file(&self, path: &Path) -> io::Result<String> {
        text(File::open(path)?)
    }

    fn variable(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }
}

impl Credentials {
    /// Reads a credentials file, and the files and variables that its secrets name. What `paths` says wins over the
    /// file's own `[_paths]`.
    ///
    /// # Errors
    /// The file cannot be read, is no TOML, or says what nobody knows; each place with its line.
    pub fn load(path: impl AsRef<Path>, paths: PathMap) -> Result<Self, Error> {
        self::load(path.as_ref(), paths)
    }
}

fn load(path: &Path, paths: PathMap) -> Result<Credentials, Error> {
    let unreadable = |error: io::Error| {
        Finding::new(Rule::Credentials, format!("the credentials file {}: {error}", path.display()))
    };
    let file = File::open(path).map_err(unreadable)?;
    let open_to_others = read_by_others(&file);
    let text = text(file).map_err(unreadable)?;
    let mut credentials = Credentials::parse(&text, path, paths, MACHINE)?;
    if let Some(mode) = open_to_others {
        let file = path.display();
        credentials.notices.push(format!(
            "the credentials file {file} may be read by others (mode {mode:04o}): chmod 600 {file}"
        ));
    }
    Ok(credentials)
}

/// The permissions of a file that others than its owner may read or write.
#[cfg(unix)]
fn read_by_others(file: &File) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = file.metadata().ok()?.permissions().mode() & 0o7777;
    (mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn read_by_others(_: &File) -> Option<u32> {
    None
}

fn text(file: File) -> io::Result<String> {
    let mut text = String::new();
    if file.take(FILE_BYTES_MAX + 1).read_to_string(&mut text)? as u64 > FILE_BYTES_MAX {
        return Err(io::Error::other(format!("it has more than {FILE_BYTES_MAX} bytes")));
    }
    Ok(text)
}

/// The largest credentials file, and the largest secret.
const FILE_BYTES_MAX: u64 = 1 << 20;
