//! A file of credentials by name: read, or refused with bounded sentences that hold none of its secrets.

use std::io;
use std::path::Path;

use upsert_kafka_sink::credentials::{Credentials, PathMap, SecretLookup};

/// The bytes as a credentials file. Half of the files and variables that it names are there.
pub fn credentials(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let read = Credentials::parse(&text, Path::new("folder/creds.toml"), PathMap::new(), &Half);
    let shown = match &read {
        Ok(credentials) => format!("{credentials:?} {:?}", credentials.notices()),
        Err(error) => {
            let sentences = error.to_string();
            assert!(sentences.len() <= SENTENCES_BYTES_MAX, "errors of {} bytes", sentences.len());
            sentences
        }
    };
    assert!(!shown.contains(SECRET), "{shown}");
    // What is a secret in the text itself: its quotes may not change what the rest of the file is.
    let known = format!("[known]\nkind = 'password'\nusername = 'u'\npassword = '{SECRET}'\n{text}");
    match Credentials::parse(&known, Path::new("creds.toml"), PathMap::new(), &Half) {
        Ok(credentials) => assert!(!format!("{credentials:?}").contains(SECRET)),
        Err(error) => assert!(!format!("{error} {error:?}").contains(SECRET), "{error}"),
    }
}

/// Has what an even number of bytes names.
struct Half;

impl SecretLookup for Half {
    fn file(&self, path: &Path) -> io::Result<String> {
        self.variable(&path.to_string_lossy()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn variable(&self, name: &str) -> Option<String> {
        name.len().is_multiple_of(2).then(|| format!("{SECRET}\r\n"))
    }
}

const SECRET: &str = "hush-of-the-file";
/// As those of a script.
const SENTENCES_BYTES_MAX: usize = 50_000;
