//! How a client proves who it is: a [`Login`] gives a [`Mechanism`] for each connection, and a mechanism is a value that
//! takes the broker's bytes and gives the client's.
//!
//! ```text
//! Login (one a client, shared)          Mechanism (one a connection, sans-I/O)       broker
//! start(broker): fetches a token,   ->  initial()                                ->  SaslAuthenticate
//! a ticket; may do I/O, may wait        step(challenge)                          <-
//!                                       … until Step::Done
//! ```
//!
//! Authenticating again on a connection in use (KIP-368) starts a new mechanism from the same login.
//!
//! [`login`] chooses by `sasl.mechanism`, from a table with a row for each. The crate `rsasl` drives all mechanisms, its
//! own and ours, behind `sasl/rsasl.rs`.

use std::sync::Arc;

use crate::config::{Config, SaslMechanism};
use crate::environment::Environment;
use crate::{Error, ErrorKind};

#[cfg(feature = "msk-iam")]
pub(crate) mod aws_msk_iam;
#[cfg(feature = "sasl")]
mod credentials;
#[cfg(feature = "gssapi")]
mod gssapi;
pub(crate) mod mechanism;
#[cfg(feature = "oauth")]
pub(crate) mod oauth_bearer;
#[cfg(feature = "sasl")]
mod plain;
// Without them no mechanism is ours.
#[cfg_attr(not(any(feature = "scram", feature = "gssapi", feature = "msk-iam")), allow(dead_code))]
#[cfg(feature = "sasl")]
mod rsasl;
#[cfg(feature = "scram")]
mod scram;

pub(crate) use mechanism::Login;
#[cfg(feature = "sasl")]
pub(crate) use mechanism::{Mechanism, Starting, Step};

/// The login that `sasl.mechanism` asks for. It reads files, and connects to nothing.
///
/// # Errors
/// The mechanism is not built in, or what it logs in with is missing or cannot be read.
pub(crate) fn login(config: &Config, environment: &Environment) -> Result<Arc<dyn Login>, Error> {
    let mechanism = config.sasl.mechanism;
    let feature = mechanism.missing_feature().unwrap_or_default();
    let open = opener(mechanism).ok_or_else(|| {
        let sentence = format!(
            "property sasl.mechanism is {mechanism}, which this program was built without: it needs the feature \
             `{feature}` of upsert-kafka-client"
        );
        Error::new(ErrorKind::Config, sentence)
    })?;
    open(config, environment)
}

/// Makes a login of the settings.
type OpenLogin = fn(&Config, &Environment) -> Result<Arc<dyn Login>, Error>;

/// What opens a mechanism's login, where its feature is built in.
macro_rules! built_in {
    ($feature:tt, $open:path) => {{
        #[cfg(feature = $feature)]
        {
            Some($open as OpenLogin)
        }
        #[cfg(not(feature = $feature))]
        {
            None
        }
    }};
}

/// The table of mechanisms.
fn opener(mechanism: SaslMechanism) -> Option<OpenLogin> {
    match mechanism {
        SaslMechanism::Plain => built_in!("sasl", plain::open),
        SaslMechanism::ScramSha256 | SaslMechanism::ScramSha512 => built_in!("scram", scram::open),
        SaslMechanism::OAuthBearer => built_in!("oauth", crate::oauth::open),
        SaslMechanism::AwsMskIam => built_in!("msk-iam", crate::msk_iam::open),
        SaslMechanism::Gssapi => built_in!("gssapi", gssapi::open),
    }
}

#[cfg(test)]
#[cfg(feature = "scram")]
mod tests;
