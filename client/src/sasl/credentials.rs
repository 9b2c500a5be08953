//! A user and a password, from the settings; of a JAAS file as it is now.

use crate::config::{Config, LoginModule, SaslConfig};
use crate::{Error, ErrorKind, Secret};

/// A user and a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Credentials {
    pub(super) username: String,
    pub(super) password: Secret,
    /// They are a delegation token's id and its HMAC.
    pub(super) token_auth: bool,
}

/// Where a login gets its credentials each time that it starts.
#[derive(Debug)]
pub(super) struct CredentialSource {
    sasl: SaslConfig,
    first: Credentials,
}

impl CredentialSource {
    /// # Errors
    /// The settings have no user, or none that a broker could take.
    pub(super) fn open(config: &Config) -> Result<Self, Error> {
        let first = Credentials::of(config.sasl.login.as_ref(), &config.sasl)?;
        Ok(Self { sasl: config.sasl.clone(), first })
    }

    /// The credentials now. Those of a file (`java.security.auth.login.config`) may have been changed while the client
    /// runs, so it is read again; when it cannot be, as while it is being written, those that it had at first are taken.
    pub(super) fn current(&self) -> Credentials {
        let again = match &self.sasl.login_file {
            None => return self.first.clone(),
            Some(_) => self.sasl.read_login_again(),
        };
        again.and_then(|login| Credentials::of(Some(&login), &self.sasl)).unwrap_or_else(|error| {
            tracing::warn!("{error}; the client logs in with what stood there when it started");
            self.first.clone()
        })
    }
}

impl Credentials {
    /// As in Java, a PlainLoginModule serves SCRAM and a ScramLoginModule serves PLAIN: both hold a user and a password.
    fn of(login: Option<&LoginModule>, sasl: &SaslConfig) -> Result<Self, Error> {
        let credentials = match login {
            Some(LoginModule::Plain { username, password }) => {
                Self { username: username.clone(), password: password.clone(), token_auth: false }
            }
            Some(LoginModule::Scram { username, password, token_auth }) => {
                Self { username: username.clone(), password: password.clone(), token_auth: *token_auth }
            }
            _ => return Err(Self::refused(sasl, "no user and no password")),
        };
        match credentials.flaw() {
            Some(flaw) => Err(Self::refused(sasl, flaw)),
            None => Ok(credentials),
        }
    }

    /// What no broker can take.
    fn flaw(&self) -> Option<&'static str> {
        match (&*self.username, self.password.reveal()) {
            ("", _) => Some("an empty username"),
            (_, "") => Some("an empty password"),
            (username, _) if username.contains('\0') => Some("a NUL in its username"),
            (_, password) if password.contains('\0') => Some("a NUL in its password"),
            _ => None,
        }
    }

    fn refused(sasl: &SaslConfig, flaw: &str) -> Error {
        let key = match sasl.login_file {
            Some(_) => "java.security.auth.login.config",
            None => "sasl.jaas.config",
        };
        let mechanism = sasl.mechanism;
        let sentence =
            format!("property {key} has {flaw}, which {mechanism} (sasl.mechanism) does not allow");
        Error::new(ErrorKind::Config, sentence)
    }
}
