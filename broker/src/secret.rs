//! A value that is never shown: a password, a key, a token.

use std::fmt;

use zeroize::Zeroizing;

/// A password, a key or a token. Its `Debug` says `***`; its memory is overwritten when it is dropped. What reads it says
/// [`Secret::reveal`], so that a search finds every place.
///
/// ```
/// use upsert_kafka_broker::Secret;
///
/// let password = Secret::from("hush");
/// assert_eq!(format!("{password:?}"), "***");
/// assert_eq!(password.reveal(), "hush");
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The text itself.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self(Zeroizing::new(text))
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Self {
        Self::from(text.to_owned())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
