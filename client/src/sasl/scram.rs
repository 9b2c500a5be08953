//! SCRAM-SHA-256 and SCRAM-SHA-512 (RFC 5802, RFC 7677): a proof of the password, by both sides.
//!
//! A broker says how often the password is hashed. Fewer times than `refusal::ITERATIONS` make a stolen proof easy to search,
//! more burn our processor, so neither is done.

use std::future::ready;
use std::sync::Arc;

use super::credentials::CredentialSource;
use super::{Login, Mechanism, Starting, rsasl};
use crate::Error;
use crate::config::{Address, Config, SaslMechanism};
use crate::environment::Environment;

mod exchange;
mod refusal;

pub(super) use exchange::ScramExchange;

/// Logs in with a user and a password, or with a delegation token.
#[derive(Debug)]
struct ScramLogin {
    mechanism: SaslMechanism,
    credentials: CredentialSource,
    environment: Environment,
}

/// The login of the settings.
///
/// # Errors
/// There is no user, or no password.
pub(super) fn open(config: &Config, environment: &Environment) -> Result<Arc<dyn Login>, Error> {
    let mechanism = config.sasl.mechanism;
    Ok(Arc::new(ScramLogin {
        mechanism,
        credentials: CredentialSource::open(config)?,
        environment: environment.clone(),
    }))
}

impl Login for ScramLogin {
    fn start<'a>(&'a self, _: &'a Address) -> Starting<'a> {
        Box::pin(ready(self.mechanism()))
    }
}

impl ScramLogin {
    fn mechanism(&self) -> Result<Box<dyn Mechanism>, Error> {
        let (mechanism, credentials) = (self.mechanism, self.credentials.current());
        let nonce = self.environment.random_bytes()?;
        rsasl::begin_own(mechanism, move || Box::new(ScramExchange::new(mechanism, &credentials, nonce)))
    }
}
