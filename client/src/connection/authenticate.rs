//! Logging in: SaslHandshake names the mechanism, SaslAuthenticate carries its bytes until both sides are done.
//!
//! It stands behind ApiVersions when a connection is opened, and comes again on a connection in use, before the session
//! that the broker granted ends (KIP-368). Both ask by [`Requester`]: the one over the bare stream, the other in line with the
//! requests in flight.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use upsert_kafka_protocol::messages::{
    SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest, SaslHandshakeResponse,
};
use upsert_kafka_protocol::{Bytes, ErrorCode, Message, Request, Str};

use super::versions::BrokerVersions;
use crate::config::Address;
use crate::sasl::mechanism::{Login, Step};
use crate::{Error, ErrorKind};

/// Where the requests of a login go.
pub(super) trait Requester: Send {
    /// Asks, and awaits the answer.
    fn ask<R: Request + Send + Sync + 'static>(&mut self, request: R, version: i16) -> Asking<'_, R>;
}

/// An answer on its way. It is boxed, since the compiler cannot see through a trait's future that it may be sent.
pub(super) type Asking<'a, R> =
    Pin<Box<dyn Future<Output = Result<<R as Request>::Response, Error>> + Send + 'a>>;

/// Proves to one broker who the client is.
#[derive(Clone, Debug)]
pub(super) struct Authenticator {
    login: Arc<dyn Login>,
    broker: Address,
    authenticate_version: i16,
}

impl Authenticator {
    /// # Errors
    /// The broker is too old for SaslAuthenticate.
    pub(super) fn new(
        login: &Arc<dyn Login>,
        broker: &Address,
        versions: &BrokerVersions,
    ) -> Result<Self, Error> {
        let known =
            versions.pick(SaslHandshakeRequest::KEY, SaslHandshakeRequest::CURRENT, HANDSHAKE_VERSION);
        let authenticate =
            versions.pick(SaslAuthenticateRequest::KEY, SaslAuthenticateRequest::CURRENT, i16::MAX);
        match (known, authenticate) {
            (Ok(HANDSHAKE_VERSION), Ok(authenticate_version)) => {
                Ok(Self { login: Arc::clone(login), broker: broker.clone(), authenticate_version })
            }
            _ => {
                let sentence = "the broker does not offer SaslHandshake 1 and SaslAuthenticate, so it is older than \
                                Kafka 1.0, and nobody can log in to it with this client";
                Err(Error::new(ErrorKind::Unsupported, sentence))
            }
        }
    }

    /// Logs in; says for how long that holds. `None` is for as long as the connection.
    pub(super) async fn log_in(&self, to: &mut impl Requester) -> Result<Option<Duration>, Error> {
        let mut mechanism = self.login.start(&self.broker).await?;
        agree(mechanism.name(), to).await?;
        let mut words = mechanism.initial()?;
        for _ in 0..STEPS_MAX {
            let response = self.tell(words, mechanism.name(), to).await;
            let response = response.map_err(|error| mechanism.refused(error))?;
            match mechanism.step(&response.auth_bytes)? {
                Step::Reply(next) => words = next,
                Step::Done => return Ok(lifetime(&response)),
            }
        }
        let sentence = format!("{} did not come to an end within {STEPS_MAX} steps", mechanism.name());
        Err(Error::new(ErrorKind::Authentication, sentence))
    }

    async fn tell(
        &self,
        words: Vec<u8>,
        mechanism: &str,
        to: &mut impl Requester,
    ) -> Result<SaslAuthenticateResponse, Error> {
        let request = SaslAuthenticateRequest { auth_bytes: Bytes::from(words), ..Default::default() };
        let response = to.ask(request, self.authenticate_version).await;
        let response = response.map_err(|error| left_without_a_word(error, mechanism))?;
        match response.error_code {
            ErrorCode::NONE => Ok(response),
            code => Err(refused(code, response.error_message.as_deref(), mechanism)),
        }
    }
}

/// Brokers know it since 1.0; before that a mechanism's bytes travelled bare.
const HANDSHAKE_VERSION: i16 = 1;

/// No mechanism takes as many; a broker that goes on for ever is left.
const STEPS_MAX: usize = 16;

/// Names the mechanism; the broker must have it.
async fn agree(mechanism: &'static str, to: &mut impl Requester) -> Result<(), Error> {
    let request = SaslHandshakeRequest { mechanism: Str::from(mechanism), ..Default::default() };
    let response = to.ask(request, HANDSHAKE_VERSION).await;
    let response = response.map_err(|error| left_without_a_word(error, mechanism))?;
    match response.error_code {
        ErrorCode::NONE => Ok(()),
        ErrorCode::UNSUPPORTED_SASL_MECHANISM => {
            let sentence = format!(
                "the broker does not let anybody log in by {mechanism} (sasl.mechanism) here, but by {}",
                listed(&response)
            );
            Err(Error::new(ErrorKind::Authentication, sentence).with_code(response.error_code))
        }
        ErrorCode::ILLEGAL_SASL_STATE => {
            let sentence = "nobody logs in at this listener of the broker: security.protocol is SASL_PLAINTEXT or \
                            SASL_SSL, where PLAINTEXT or SSL, or the port of another listener, is wanted";
            Err(Error::new(ErrorKind::Authentication, sentence).with_code(response.error_code))
        }
        code => Err(refused(code, None, mechanism)),
    }
}

/// The mechanisms that a broker offers.
fn listed(response: &SaslHandshakeResponse) -> String {
    match response.mechanisms.is_empty() {
        true => "no mechanism at all".to_owned(),
        false => response.mechanisms.iter().map(|it| &**it).take(LISTED_MAX).collect::<Vec<_>>().join(", "),
    }
}

/// So many mechanisms are shown; no broker has as many.
const LISTED_MAX: usize = 20;

/// The broker said no, perhaps with a sentence.
fn refused(code: ErrorCode, message: Option<&str>, mechanism: &str) -> Error {
    Error::refused(code, "SaslAuthenticate", message)
        .with_kind(ErrorKind::Authentication)
        .within(&format!("login by {mechanism} refused"))
}

/// Brokers close the connection without an answer where they are asked what they cannot read, or cannot check.
fn left_without_a_word(error: Error, mechanism: &str) -> Error {
    match error.kind() {
        ErrorKind::Unreachable => error.within(&format!(
            "the connection ended during the login by {mechanism}, without a word of the broker's: its log may say why \
             (a Kerberos error, a clock that is wrong, a listener with TLS that was reached without, a firewall)"
        )),
        _ => error,
    }
}

/// `session_lifetime_ms`: none is for ever.
fn lifetime(response: &SaslAuthenticateResponse) -> Option<Duration> {
    u64::try_from(response.session_lifetime_ms).ok().filter(|ms| *ms > 0).map(Duration::from_millis)
}
