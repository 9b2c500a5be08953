//! PLAIN (RFC 4616): the user and the password as they are.

use std::future::ready;
use std::sync::Arc;

use super::credentials::{CredentialSource, Credentials};
use super::rsasl::{self, Answers};
use super::{Login, Starting};
use crate::Error;
use crate::config::{Address, Config, SaslMechanism};
use crate::environment::Environment;

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
        let answers = Answers::Password { username, password };
        Box::pin(ready(rsasl::begin(SaslMechanism::Plain, answers)))
    }
}
