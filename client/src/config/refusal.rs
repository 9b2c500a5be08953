//! Why a setting cannot be taken.

use crate::{Error, ErrorKind};

/// The value of this key is refused.
pub(super) fn refused(key: &str, why: &str) -> Error {
    Error::new(ErrorKind::Config, format!("property {key}: {why}"))
}

/// The same of a sentence that is whole.
pub(super) fn refuse<T>(sentence: String) -> Result<T, Error> {
    Err(Error::new(ErrorKind::Config, sentence))
}
