//! Where the secrets are read that a credentials file only names.

use std::io;
use std::path::Path;

/// Reads what a credentials file names: files and environment variables. [`MACHINE`](super::MACHINE) is the process's own.
pub trait SecretLookup {
    /// The text of a file.
    ///
    /// # Errors
    /// As the system says.
    fn file(&self, path: &Path) -> io::Result<String>;

    /// An environment variable; `None` where it is not set.
    fn variable(&self, name: &str) -> Option<String>;
}
