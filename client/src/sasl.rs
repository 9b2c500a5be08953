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

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::config::{Address, Config, SaslMechanism};
use crate::environment::Environment;
use crate::{Error, ErrorKind};

#[cfg(feature = "msk-iam")]
pub(crate) mod aws_msk_iam;
#[cfg(feature = "sasl")]
mod credentials;
#[cfg(feature = "gssapi")]
mod gssapi;
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

/// One exchange with a broker: bytes in, bytes out; no I/O, no clock.
pub(crate) trait Mechanism: Send + Sync {
    /// The name that `SaslHandshake` gives.
    fn name(&self) -> &'static str;

    /// The client's first words.
    fn initial(&mut self) -> Result<Vec<u8>, Error>;

    /// What follows the broker's answer. A mechanism whose broker must prove something too is not done before it has.
    fn step(&mut self, challenge: &[u8]) -> Result<Step, Error>;

    /// The broker's last word, with what it said to the mechanism before.
    fn refused(&self, refusal: Error) -> Error {
        refusal
    }
}

/// What a mechanism wants next.
#[derive(Debug, PartialEq, Eq)]
#[cfg_attr(not(feature = "sasl"), allow(dead_code))] // no mechanism is there
pub(crate) enum Step {
    /// Send this, and come back with the answer.
    Reply(Vec<u8>),
    /// The exchange is over, as far as the client goes: nothing is left to send.
    Done,
}

/// Where mechanisms come from: it holds what a client logs in with, and fetches and renews what that needs.
pub(crate) trait Login: Send + Sync + fmt::Debug {
    /// A mechanism for one exchange with that broker.
    fn start<'a>(&'a self, broker: &'a Address) -> Starting<'a>;
}

/// A mechanism in the making.
pub(crate) type Starting<'a> = Pin<Box<dyn Future<Output = Result<Box<dyn Mechanism>, Error>> + Send + 'a>>;

/// The login that `sasl.mechanism` asks for. It reads files, and connects to nothing.
///
/// # Errors
/// The mechanism is not built in, or what it logs in with is missing or cannot be read.
pub(crate) fn login(config: &Config, environment: &Environment) -> Result<Arc<dyn Login>, Error> {
    let mechanism = config.sasl.mechanism;
    let (feature, open) = row(mechanism);
    match open {
        Some(open) => open(config, environment),
        None => {
            let sentence = format!(
                "property sasl.mechanism is {mechanism}, which this program was built without: it needs the feature \
                 `{feature}` of upsert-kafka-client"
            );
            Err(Error::new(ErrorKind::Config, sentence))
        }
    }
}

/// Makes a login of the settings.
type OpenLogin = fn(&Config, &Environment) -> Result<Arc<dyn Login>, Error>;

/// A row: the feature that brings a mechanism, and what opens its login where that is built in.
macro_rules! built_in {
    ($feature:tt, $open:path) => {{
        #[cfg(feature = $feature)]
        {
            ($feature, Some($open as OpenLogin))
        }
        #[cfg(not(feature = $feature))]
        {
            ($feature, None)
        }
    }};
}

/// The feature that a mechanism needs and this build lacks.
pub(crate) fn missing_feature(mechanism: SaslMechanism) -> Option<&'static str> {
    let (feature, open) = row(mechanism);
    open.is_none().then_some(feature)
}

/// The table of mechanisms.
fn row(mechanism: SaslMechanism) -> (&'static str, Option<OpenLogin>) {
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
