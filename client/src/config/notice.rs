//! What is worth telling of a property, and what became of it.

use std::fmt;

/// Something about a property that the user should hear, though work goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Notice {
    /// What happened to it.
    pub kind: NoticeKind,
    /// The key it is about.
    pub key: String,
    pub(super) sentence: String,
}

/// What happened to a property.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoticeKind {
    /// Nobody knows the key.
    Unknown,
    /// The key is known and changes nothing.
    Ignored,
    /// Another value than the one that would have been taken was needed.
    Adjusted,
    /// It is honoured, and the other settings have no use for it.
    Unused,
    /// It is honoured, and leaves out a guard that others rely on.
    Insecure,
}

impl Notice {
    pub(super) fn insecure(key: &str, sentence: &str) -> Self {
        Self { kind: NoticeKind::Insecure, key: key.to_owned(), sentence: sentence.to_owned() }
    }

    pub(super) fn adjusted(key: &str, sentence: String) -> Self {
        Self { kind: NoticeKind::Adjusted, key: key.to_owned(), sentence }
    }

    pub(super) fn unused(key: &str, sentence: String) -> Self {
        Self { kind: NoticeKind::Unused, key: key.to_owned(), sentence }
    }

    pub(super) fn ignored(key: &str, sentence: String) -> Self {
        Self { kind: NoticeKind::Ignored, key: key.to_owned(), sentence }
    }
}

/// What becomes of one of Java's keys here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Explained {
    /// It means what it means in Java, and has this value.
    Honoured(String),
    /// It changes nothing, because …
    Ignored(&'static str),
    /// It is refused unless it changes nothing, because …
    Refused(&'static str),
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}
