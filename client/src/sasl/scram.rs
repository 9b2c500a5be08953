//! SCRAM-SHA-256 and SCRAM-SHA-512 (RFC 5802, RFC 7677): a proof of the password, by both sides.
//!
//! A broker says how often the password is hashed. Fewer times than [`ITERATIONS`] make a stolen proof easy to search,
//! more burn our processor, so neither is done.

use std::future::ready;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::credentials::CredentialSource;
use super::{Login, Mechanism, Starting, rsasl};
use crate::config::{Address, Config, SaslMechanism};
use crate::environment::Environment;
use crate::{Error, ErrorKind};

mod exchange;

pub(super) use exchange::ScramExchange;

/// How often a broker may ask for the password to be hashed. Kafka refuses to store fewer; a million take a second.
const ITERATIONS: RangeInclusive<u32> = 4096..=1_000_000;

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

/// A broker that lets us in and does not show that it knows the password: it may be anybody.
pub(super) fn unproven(mechanism: &str) -> Error {
    let sentence = format!(
        "the broker did not prove by {mechanism} that it knows the password too, so it may be somebody else in its place"
    );
    Error::new(ErrorKind::Authentication, sentence)
}

/// A broker whose answer is none of SCRAM's.
pub(super) fn broken(mechanism: &str, what: &str) -> Error {
    let sentence = format!("the broker does not keep to {mechanism}: {what}");
    Error::new(ErrorKind::Authentication, sentence)
}

/// Refuses what a broker must not ask for.
pub(super) fn check_iterations(mechanism: &str, iterations: u32) -> Result<(), Error> {
    if ITERATIONS.contains(&iterations) {
        return Ok(());
    }
    let sentence = format!(
        "the broker asks for {iterations} iterations of {mechanism}, and between {} and {} are allowed",
        ITERATIONS.start(),
        ITERATIONS.end()
    );
    Err(Error::new(ErrorKind::Authentication, sentence))
}
