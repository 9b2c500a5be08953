//! SaslHandshake and SaslAuthenticate: how a client proves who it is.
//!
//! Behavior
//! - As in Kafka: before that a connection may ask ApiVersions once, and nothing else. A mechanism that is not enabled is
//!   answered with those that are; a login that fails is answered after a delay, then the connection closes.
//! - A connection that is open and whose login has an end may log in again (KIP-368), by the same mechanism, as the same
//!   principal, once a second. On others both are `ILLEGAL_SASL_STATE`.
//! - GSSAPI is not here.
//!
//! Versions: SaslHandshake 0 means that tokens follow as frames of their own; 1 that they come in SaslAuthenticate.
//! SaslAuthenticate 1 says how long the login holds; 2 flexible.

use bytes::{BufMut, Bytes, BytesMut};
use upsert_kafka_protocol::messages::{
    SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest, SaslHandshakeResponse,
};
use upsert_kafka_protocol::{ErrorCode, Segments, Str};

use super::{Outcome, RequestContext, Serve};
use crate::config::SaslMechanism;
use crate::sasl::SaslRefusal;
use crate::state::State;
use crate::state::session::{Handshake, Token};

impl Serve for SaslHandshakeRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<SaslHandshakeResponse> {
        let Some(session) = state.sessions.known(context.peer) else {
            return self.refuse(context, ErrorCode::ILLEGAL_SASL_STATE);
        };
        let sasl = &state.config.sasl;
        let begun = session.handle_handshake(&self.mechanism, context.version, sasl, context.now);
        let mechanisms = sasl.mechanisms.iter().map(|it| Str::from_static(it.name())).collect();
        match begun {
            Handshake::OutOfPlace => self.refuse(context, ErrorCode::ILLEGAL_SASL_STATE),
            Handshake::Begun => Outcome::Answer(SaslHandshakeResponse { mechanisms, ..Default::default() }),
            Handshake::Unsupported => {
                let error_code = ErrorCode::UNSUPPORTED_SASL_MECHANISM;
                let answer = SaslHandshakeResponse { error_code, mechanisms, ..Default::default() };
                let asked: String = self.mechanism.chars().take(SHOWN_MAX).collect();
                Outcome::Farewell(Some(answer), format!("Unsupported SASL mechanism {asked:?}"))
            }
        }
    }

    fn refuse(&self, _: &RequestContext, error_code: ErrorCode) -> Outcome<SaslHandshakeResponse> {
        Outcome::Answer(SaslHandshakeResponse { error_code, ..Default::default() })
    }
}

impl Serve for SaslAuthenticateRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<SaslAuthenticateResponse> {
        let again = state.sessions.known(context.peer).is_some_and(|it| it.logs_in_again());
        match state.handle_token(context.peer, &self.auth_bytes, context.now) {
            Token::Challenge(challenge) => {
                let auth_bytes = Bytes::from(challenge);
                Outcome::Answer(SaslAuthenticateResponse { auth_bytes, ..Default::default() })
            }
            Token::Proven { last, lifetime_ms } => Outcome::Proven(SaslAuthenticateResponse {
                auth_bytes: Bytes::from(last),
                session_lifetime_ms: lifetime_ms,
                ..Default::default()
            }),
            Token::OutOfPlace => self.refuse(context, ErrorCode::ILLEGAL_SASL_STATE),
            Token::Refused(why, mechanism) => {
                let (told, why) = login_failed(&why, mechanism, again);
                let error_code = ErrorCode::SASL_AUTHENTICATION_FAILED;
                let error_message = Some(Str::from(told));
                let answer = SaslAuthenticateResponse { error_code, error_message, ..Default::default() };
                Outcome::Farewell(Some(answer), why)
            }
        }
    }

    fn refuse(&self, _: &RequestContext, error_code: ErrorCode) -> Outcome<SaslAuthenticateResponse> {
        let words = match error_code {
            ErrorCode::ILLEGAL_SASL_STATE => {
                "SaslAuthenticate request received after successful authentication"
            }
            other => other.message(),
        };
        let error_message = Some(Str::from_static(words));
        Outcome::Answer(SaslAuthenticateResponse { error_code, error_message, ..Default::default() })
    }
}

/// So much of a name that a client chose is shown.
const SHOWN_MAX: usize = 40;

/// What a client is told of its failed login, and what the broker's log says.
pub(crate) fn login_failed(why: &SaslRefusal, mechanism: SaslMechanism, again: bool) -> (String, String) {
    match why {
        SaslRefusal::Told(words) => (words.clone(), format!("a login by {mechanism} failed: {words}")),
        // What could tell whether there is such a user stays here.
        SaslRefusal::Kept(words) => {
            let what = if again { "re-authentication" } else { "authentication" };
            let told = format!(
                "Authentication failed during {what} due to invalid credentials with SASL mechanism {mechanism}"
            );
            (told, format!("a login by {mechanism} failed: {words}"))
        }
    }
}

/// A frame of nothing but a token.
pub(crate) fn bare_frame(token: &[u8]) -> Segments {
    let mut frame = BytesMut::with_capacity(4 + token.len());
    // A token that this broker makes is short.
    frame.put_u32(u32::try_from(token.len()).unwrap_or(0));
    frame.put_slice(token);
    Segments::from(frame.freeze())
}
