//! The settings of SASL listeners: who may log in, how, and for how long.

use std::fmt;
use std::time::Duration;

use super::{DelegationTokenConfig, OauthConfig};
use crate::secret::Secret;

/// Who may log in to SASL listeners, how, and for how long.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SaslConfig {
    /// What clients may log in by, in the order they are told: `sasl.enabled.mechanisms`. PLAIN and SCRAM by default,
    /// where Kafka has GSSAPI, which is not here; [`with_oauth`](Self::with_oauth) adds OAUTHBEARER, and
    /// [`with_msk_iam_key`](Self::with_msk_iam_key) AWS_MSK_IAM.
    pub mechanisms: Vec<SaslMechanism>,
    /// Names and passwords, for PLAIN and SCRAM alike. What `AlterUserScramCredentials` gives is for SCRAM alone, as in
    /// Kafka.
    pub users: Vec<(String, Secret)>,
    /// The iterations of SCRAM by which passwords of [`users`](Self#structfield.users) are kept, at most a million. Kafka
    /// lets no credential have fewer than 4096, and clients refuse fewer.
    pub scram_iterations: u32,
    /// Which tokens of OAUTHBEARER are taken.
    pub oauth: OauthConfig,
    /// Keys of Amazon's, ids and secrets: who signs by one may log in by AWS_MSK_IAM, and by a signed URL as a token of
    /// OAUTHBEARER, as the id. No policy is asked.
    pub msk_iam_keys: Vec<(String, Secret)>,
    /// How delegation tokens are made, by which clients log in with SCRAM and `tokenauth=true`; `None` makes none.
    pub delegation_tokens: Option<DelegationTokenConfig>,
    /// A client must log in again within this time (KIP-368), or its next request closes the connection:
    /// `connections.max.reauth.ms`. Zero, as in Kafka, never asks for that; but a token's own end always counts.
    pub reauthentication_max: Duration,
    /// How long a failed login waits for its answer: `connection.failed.authentication.delay.ms`.
    pub failed_authentication_delay: Duration,
    /// A longer frame closes a connection that is not logged in: `sasl.server.max.receive.size`.
    pub receive_bytes_max: usize,
}

/// A way to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum SaslMechanism {
    /// Name and password as they are (RFC 4616).
    Plain,
    /// A proof of the password (RFC 7677).
    ScramSha256,
    /// The same with SHA-512.
    ScramSha512,
    /// A token (RFC 7628).
    OauthBearer,
    /// A request that a key of Amazon's has signed.
    AwsMskIam,
}

impl SaslMechanism {
    /// The name that `SaslHandshake` gives.
    pub fn name(self) -> &'static str {
        match self {
            Self::Plain => "PLAIN",
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::ScramSha512 => "SCRAM-SHA-512",
            Self::OauthBearer => "OAUTHBEARER",
            Self::AwsMskIam => "AWS_MSK_IAM",
        }
    }
}

impl fmt::Display for SaslMechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Default for SaslConfig {
    fn default() -> Self {
        use SaslMechanism::{Plain, ScramSha256, ScramSha512};
        Self {
            mechanisms: vec![Plain, ScramSha256, ScramSha512],
            users: Vec::new(),
            scram_iterations: 4096,
            oauth: OauthConfig::default(),
            msk_iam_keys: Vec::new(),
            delegation_tokens: None,
            reauthentication_max: Duration::ZERO,
            failed_authentication_delay: Duration::from_millis(100),
            receive_bytes_max: 512 << 10,
        }
    }
}

impl SaslConfig {
    /// Lets that user in, by PLAIN and SCRAM.
    #[must_use]
    pub fn with_user(mut self, name: impl Into<String>, password: impl Into<Secret>) -> Self {
        self.users.push((name.into(), password.into()));
        self
    }

    /// Lets clients log in by these mechanisms alone.
    #[must_use]
    pub fn with_mechanisms(self, mechanisms: impl Into<Vec<SaslMechanism>>) -> Self {
        Self { mechanisms: mechanisms.into(), ..self }
    }

    /// Enables OAUTHBEARER, and takes these tokens: by the default settings such as whoever likes can write.
    #[must_use]
    pub fn with_oauth(mut self, oauth: OauthConfig) -> Self {
        if !self.mechanisms.contains(&SaslMechanism::OauthBearer) {
            self.mechanisms.push(SaslMechanism::OauthBearer);
        }
        Self { oauth, ..self }
    }

    /// Enables AWS_MSK_IAM, and lets in who signs by this key.
    #[must_use]
    pub fn with_msk_iam_key(mut self, id: impl Into<String>, secret: impl Into<Secret>) -> Self {
        if !self.mechanisms.contains(&SaslMechanism::AwsMskIam) {
            self.mechanisms.push(SaslMechanism::AwsMskIam);
        }
        self.msk_iam_keys.push((id.into(), secret.into()));
        self
    }

    /// Makes delegation tokens, and lets in who has one.
    #[must_use]
    pub fn with_delegation_tokens(self, delegation_tokens: DelegationTokenConfig) -> Self {
        Self { delegation_tokens: Some(delegation_tokens), ..self }
    }

    /// Keeps passwords by so many iterations of SCRAM.
    #[must_use]
    pub fn with_scram_iterations(self, scram_iterations: u32) -> Self {
        Self { scram_iterations, ..self }
    }

    /// Wants clients to log in again within that time.
    #[must_use]
    pub fn with_reauthentication_max(self, reauthentication_max: Duration) -> Self {
        Self { reauthentication_max, ..self }
    }

    /// Lets a failed login wait so long for its answer.
    #[must_use]
    pub fn with_failed_authentication_delay(self, failed_authentication_delay: Duration) -> Self {
        Self { failed_authentication_delay, ..self }
    }
}
