//! Why a source gives nothing any more.

use crate::error::{Error, ErrorKind};

/// The reason, which every read is told: the first gets the error with its cause, those behind it a copy of its text.
pub(super) struct ReadFailure {
    first: Option<Error>,
    kind: ErrorKind,
    text: String,
}

impl ReadFailure {
    pub(super) fn new(error: Error) -> Self {
        Self { kind: error.kind(), text: error.to_string(), first: Some(error) }
    }

    pub(super) fn tell(&mut self) -> Error {
        self.first.take().unwrap_or_else(|| Error::new(self.kind, self.text.as_str()))
    }
}
