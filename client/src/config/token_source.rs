//! A source of bearer tokens of the application's own.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::Secret;

/// A bearer token of OAUTHBEARER, and what is known of it.
///
/// ```
/// use upsert_kafka_client::BearerToken;
///
/// let token = BearerToken::new("abc").expires_unix_ms(1_767_225_600_000).extension("traceId", "7");
/// assert!(!format!("{token:?}").contains("abc"));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct BearerToken {
    /// The token itself.
    pub value: Secret,
    /// Whose it is, for logs.
    pub principal: Option<String>,
    /// Since when it is good, in milliseconds since 1970.
    pub starts_unix_ms: Option<i64>,
    /// Until when it is good, in milliseconds since 1970; `None` is for ever, so it is never fetched again.
    pub expires_unix_ms: Option<i64>,
    /// What a client says beside it (KIP-342), name and value, before those of the settings.
    pub extensions: Vec<(String, String)>,
}

impl BearerToken {
    /// A token of which nothing else is known.
    pub fn new(value: impl Into<Secret>) -> Self {
        Self {
            value: value.into(),
            principal: None,
            starts_unix_ms: None,
            expires_unix_ms: None,
            extensions: Vec::new(),
        }
    }

    /// The same, good until then: it is replaced before.
    #[must_use]
    pub fn expires_unix_ms(self, at: i64) -> Self {
        Self { expires_unix_ms: Some(at), ..self }
    }

    /// The same with another extension.
    #[must_use]
    pub fn extension(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.extensions.push((name.into(), value.into()));
        self
    }
}

/// A token on its way. The error's sentence is shown to the user.
pub type FetchingToken<'a> =
    Pin<Box<dyn Future<Output = Result<BearerToken, Box<dyn Error + Send + Sync>>> + Send + 'a>>;

/// Fetches tokens. A closure that gives a future of one is such.
pub trait FetchToken: Send + Sync + 'static {
    /// Fetches a token. It is asked once for all connections of a client, and again before the token's end.
    fn fetch(&self) -> FetchingToken<'_>;
}

impl<F, Fetching> FetchToken for F
where
    F: Fn() -> Fetching + Send + Sync + 'static,
    Fetching: Future<Output = Result<BearerToken, Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    fn fetch(&self) -> FetchingToken<'_> {
        Box::pin(self())
    }
}

/// Where an application's own tokens come from. Clones share it, and only clones are equal.
#[derive(Clone)]
pub struct TokenSource(Arc<dyn FetchToken>);

impl TokenSource {
    /// From a type of yours, or from a closure.
    pub fn new(source: impl FetchToken) -> Self {
        Self(Arc::new(source))
    }

    /// Asks for a token.
    pub fn fetch(&self) -> FetchingToken<'_> {
        self.0.fetch()
    }
}

impl PartialEq for TokenSource {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for TokenSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenSource")
    }
}
