//! The settings of OAUTHBEARER: by which keys tokens are signed, and what they must say.

use std::time::Duration;

use crate::secret::Secret;

/// Which tokens of OAUTHBEARER are taken. By default those without a signature, as by the validator that Kafka has for
/// tests: whoever writes one is who it says.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct OauthConfig {
    /// By which keys tokens are signed; `None` takes tokens of `alg` none, and no others.
    pub keys: Option<Vec<TokenKey>>,
    /// Who must have issued a token: `sasl.oauthbearer.expected.issuer`.
    pub issuer: Option<String>,
    /// For whom a token may be, one of these: `sasl.oauthbearer.expected.audience`. None takes any.
    pub audiences: Vec<String>,
    /// What a token's scope must hold, all of it.
    pub scopes: Vec<String>,
    /// By how much clocks may differ: `sasl.oauthbearer.clock.skew.seconds`, there 30 seconds, and zero for unsecured
    /// tokens.
    pub clock_skew: Duration,
}

/// A key by which tokens are signed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TokenKey {
    /// HS256, by a secret that both sides know.
    Hs256(Secret),
    /// RS256 and ES256, by a public key: a JSON Web Key, or a set of them. One with a `kid` is for tokens that name it, and
    /// for those that name none.
    Jwks(String),
}

impl OauthConfig {
    /// Takes tokens that are signed by one of these keys, and none that are not signed.
    #[must_use]
    pub fn with_keys(self, keys: impl Into<Vec<TokenKey>>) -> Self {
        Self { keys: Some(keys.into()), ..self }
    }

    /// Takes tokens of that issuer alone.
    #[must_use]
    pub fn with_issuer(self, issuer: impl Into<String>) -> Self {
        Self { issuer: Some(issuer.into()), ..self }
    }

    /// Takes tokens for that audience, or for others that were named before.
    #[must_use]
    pub fn with_audience(mut self, audience: impl Into<String>) -> Self {
        self.audiences.push(audience.into());
        self
    }

    /// Wants that in a token's scope.
    #[must_use]
    pub fn with_scope(mut self, scope: impl Into<String>) -> Self {
        self.scopes.push(scope.into());
        self
    }

    /// Lets clocks differ by so much.
    #[must_use]
    pub fn with_clock_skew(self, clock_skew: Duration) -> Self {
        Self { clock_skew, ..self }
    }
}
