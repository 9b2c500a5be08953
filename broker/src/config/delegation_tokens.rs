//! The settings of delegation tokens (KIP-48): by which secret they are made, and how long they hold.

use std::time::Duration;

use crate::secret::Secret;

/// How delegation tokens are made. A broker without these settings makes none, as a Kafka without
/// `delegation.token.secret.key`.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DelegationTokenConfig {
    /// Of which the HMAC of every token is made: `delegation.token.secret.key`. Who knows it can make them.
    pub secret_key: Secret,
    /// No renewal takes a token beyond this time from its making: `delegation.token.max.lifetime.ms`.
    pub lifetime_max: Duration,
    /// A token that is not renewed ends after this time: `delegation.token.expiry.time.ms`.
    pub expiry_time: Duration,
}

impl DelegationTokenConfig {
    /// Kafka's times: a day without a renewal, seven with any.
    pub fn new(secret_key: impl Into<Secret>) -> Self {
        let day = Duration::from_secs(24 * 3600);
        Self { secret_key: secret_key.into(), lifetime_max: 7 * day, expiry_time: day }
    }

    /// Lets no token hold for longer, however often it is renewed.
    #[must_use]
    pub fn with_lifetime_max(self, lifetime_max: Duration) -> Self {
        Self { lifetime_max, ..self }
    }

    /// Ends a token after so long without a renewal.
    #[must_use]
    pub fn with_expiry_time(self, expiry_time: Duration) -> Self {
        Self { expiry_time, ..self }
    }
}
