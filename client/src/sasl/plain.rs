//! PLAIN (RFC 4616): the user and the password as they are.
//!
//! rsasl's own would do too, but for two things: it prepares both by SASLprep, which Java and its brokers do not, so that
//! some passwords would become others; and that brings five crates.

use std::future::ready;
use std::sync::Arc;

use zeroize::Zeroizing;

use super::credentials::{CredentialSource, Credentials};
use super::rsasl::begin_own;
use super::{Login, Mechanism, Starting, Step};
use crate::config::{Address, Config, SaslMechanism};
use crate::environment::Environment;
use crate::{Error, Secret};

/// Logs in with a user and a password, which the broker sees.
#[derive(Debug)]
struct PlainLogin(CredentialSource);

/// The login of the settings.
///
/// # Errors
/// There is no user, or no password.
pub(super) fn open(config: &Config, _: &Environment) -> Result<Arc<dyn Login>, Error> {
    Ok(Arc::new(PlainLogin(CredentialSource::open(config)?)))
}

impl Login for PlainLogin {
    fn start<'a>(&'a self, _: &'a Address) -> Starting<'a> {
        let Credentials { username, password, .. } = self.0.current();
        let begun = begin_own(SaslMechanism::Plain, move || {
            Box::new(PlainExchange { username: username.clone(), password: password.clone() })
        });
        Box::pin(ready(begun))
    }
}

/// One message, and whatever the broker says to it that is no error.
struct PlainExchange {
    username: String,
    password: Secret,
}

impl Mechanism for PlainExchange {
    fn name(&self) -> &'static str {
        SaslMechanism::Plain.name()
    }

    fn initial(&mut self) -> Result<Vec<u8>, Error> {
        let words = Zeroizing::new(format!("\0{}\0{}", self.username, self.password.reveal()));
        Ok(words.as_bytes().to_vec())
    }

    fn step(&mut self, _: &[u8]) -> Result<Step, Error> {
        Ok(Step::Done)
    }
}
