//! What can go wrong between a client, a KDC and a service, as a sentence for whoever has to act on it.

use std::fmt;

use crate::der::Malformed;

/// Why a login, a ticket or a token could not be had.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Facts>);

/// The nature of an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A keytab, a ticket cache or krb5.conf cannot be used, or lacks what is needed.
    Config,
    /// A peer sent bytes that are no message, or not the one that belongs here.
    Malformed,
    /// What a peer wants is not done here.
    Unsupported,
    /// No KDC of the realm answered.
    Unreachable,
    /// Two clocks differ by more than Kerberos allows.
    ClockSkew,
    /// The KDC does not know the client.
    UnknownClient,
    /// The KDC does not know the service.
    UnknownService,
    /// A password or a key is not the one that the other side has.
    WrongKey,
    /// A ticket, a password or an account is past its end.
    Expired,
    /// The KDC or the service refused for another reason: see [`Error::code`].
    Refused,
    /// A peer did not prove that it has the key that it must have.
    NotProven,
}

#[derive(Clone, PartialEq, Eq)]
struct Facts {
    kind: ErrorKind,
    sentence: String,
    code: Option<i32>,
}

impl Error {
    /// What it is about.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The number of the KRB-ERROR that a KDC or a service sent (RFC 4120, 7.5.9), if one did.
    pub fn code(&self) -> Option<i32> {
        self.0.code
    }

    #[cold]
    pub(crate) fn new(kind: ErrorKind, sentence: impl Into<String>) -> Self {
        let mut sentence = sentence.into();
        if let Some((end, _)) = sentence.char_indices().nth(SENTENCE_CHARS_MAX) {
            sentence.truncate(end);
            sentence.push('…');
        }
        Self(Box::new(Facts { kind, sentence, code: None }))
    }

    #[cold]
    pub(crate) fn malformed(what: &str, malformed: Malformed) -> Self {
        Self::new(ErrorKind::Malformed, format!("{what}: {}", malformed.0))
    }

    pub(crate) fn with_code(mut self, code: i32) -> Self {
        self.0.code = Some(code);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.sentence)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({:?}, \"{self}\")", self.0.kind)
    }
}

impl std::error::Error for Error {}

/// Names that peers and files chose stand in sentences, and may be long.
const SENTENCE_CHARS_MAX: usize = 1000;
