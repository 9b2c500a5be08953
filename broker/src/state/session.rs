//! What is known of one connection: by which listener it came, and who is at its other end.
//!
//! ```text
//!             ┌─ ApiVersions ─► Versioned ─┐
//!  Initial ───┤                            ├─ SaslHandshake ─► Exchanging ─ last SaslAuthenticate ─► Open
//!             └────────────────────────────┘                       ▲  │                               │
//!                                                                  │  └─ refused ─► Failed            │
//!                     another mechanism: Mistaken ─► Failed        └── SaslHandshake (KIP-368) ───────┘
//! ```
//!
//! A connection of a listener without SASL is open from its beginning. Only an open one has a principal.

use std::time::{Duration, Instant};

use upsert_kafka_protocol::{ApiKey, Str};

use super::principal::Principal;
use crate::config::{SaslConfig, SaslMechanism};
use crate::now::Now;
use crate::sasl::{Accounts, Exchange, ProvenName, Reply, SaslRefusal};

/// One connection.
#[derive(Debug)]
pub(crate) struct Session {
    listener: usize,
    host: Str,
    stage: Stage,
}

#[derive(Debug)]
enum Stage {
    /// Nothing has come.
    Initial,
    /// ApiVersions was answered.
    Versioned,
    Exchanging(Box<Exchanging>),
    /// A connection that was open asked for another mechanism: what comes next ends it.
    Mistaken(String),
    Open(Box<Open>),
    Failed,
}

/// A login under way.
#[derive(Debug)]
struct Exchanging {
    mechanism: SaslMechanism,
    exchange: Exchange,
    /// Tokens are frames of their own: the client said SaslHandshake 0.
    bare: bool,
    /// Who the connection belonged to until now.
    before: Option<Open>,
}

/// Who is at the other end.
#[derive(Clone, Debug)]
struct Open {
    principal: Principal,
    /// By a delegation token.
    by_token: bool,
    /// `None` where nobody logged in.
    mechanism: Option<SaslMechanism>,
    expires: Option<Instant>,
    /// When the login began that took the place of an earlier one.
    reauthenticated: Option<Instant>,
}

/// Who sent a request, and by which way.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) listener: usize,
    pub(crate) host: Str,
    pub(crate) identity: Identity,
    /// By a delegation token.
    pub(crate) by_token: bool,
}

/// Whether it is known who sent a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// It is not: the client has not logged in yet.
    Unproven,
    Known(Principal),
}

/// What is to be done with a request.
#[derive(Debug)]
pub(crate) enum Admission {
    Serve(Caller),
    /// Answer `ILLEGAL_SASL_STATE` when the failed login's time has come, then close.
    OutOfPlace(Caller, String),
    /// Close when that time has come.
    CloseLate(String),
    Close(String),
}

/// What became of a handshake.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Handshake {
    Begun,
    Unsupported,
    /// The connection is open and cannot log in again.
    OutOfPlace,
}

/// What became of a token.
#[derive(Debug)]
pub(crate) enum Token {
    Challenge(Vec<u8>),
    /// The client is in, for so long if that has an end.
    Proven {
        last: Vec<u8>,
        lifetime_ms: i64,
    },
    Refused(SaslRefusal, SaslMechanism),
    /// No login is under way.
    OutOfPlace,
}

/// Logins again that follow each other more quickly are refused.
const REAUTHENTICATION_INTERVAL_MIN: Duration = Duration::from_secs(1);

impl Session {
    /// A connection that must log in.
    pub(crate) fn initial(listener: usize, host: &str) -> Self {
        Self { listener, host: host.into(), stage: Stage::Initial }
    }

    /// A connection that need not.
    pub(crate) fn open(listener: usize, host: &str, principal: Principal) -> Self {
        let open = Open { principal, by_token: false, mechanism: None, expires: None, reauthenticated: None };
        Self { listener, host: host.into(), stage: Stage::Open(Box::new(open)) }
    }

    /// Whether the next frame is a token and nothing else.
    pub(crate) fn expects_bare_token(&self) -> bool {
        matches!(&self.stage, Stage::Exchanging(it) if it.bare)
    }

    /// Looks whether a request may be served; `readable` is false for ApiVersions in a version that is not served.
    pub(crate) fn admit(&mut self, api: ApiKey, readable: bool, now: Now) -> Admission {
        let (identity, by_token) = match &self.stage {
            Stage::Open(open) => (Identity::Known(open.principal.clone()), open.by_token),
            _ => (Identity::Unproven, false),
        };
        let caller = Caller { listener: self.listener, host: self.host.clone(), identity, by_token };
        match (&mut self.stage, api) {
            (Stage::Initial, ApiKey::API_VERSIONS) => {
                if readable {
                    self.stage = Stage::Versioned;
                }
                Admission::Serve(caller)
            }
            (Stage::Initial | Stage::Versioned, ApiKey::SASL_HANDSHAKE)
            | (Stage::Exchanging(_), ApiKey::SASL_AUTHENTICATE) => Admission::Serve(caller),
            (Stage::Initial | Stage::Versioned, other) => Admission::Close(format!(
                "{other} came before a login: does the client have a security.protocol without SASL?"
            )),
            (Stage::Exchanging(_), other) => {
                self.stage = Stage::Failed;
                Admission::OutOfPlace(
                    caller,
                    format!("Unexpected Kafka request of type {other} during SASL authentication."),
                )
            }
            (Stage::Mistaken(why), _) => {
                let why = std::mem::take(why);
                self.stage = Stage::Failed;
                Admission::CloseLate(why)
            }
            (Stage::Open(open), ApiKey::SASL_HANDSHAKE) if open.may_log_in_again(now) => {
                Admission::Serve(caller)
            }
            (Stage::Open(open), _) if open.expires.is_some_and(|expires| now.instant > expires) => {
                Admission::Close(
                    "the session has expired: the client did not log in again in time (KIP-368)".to_owned(),
                )
            }
            (Stage::Open(_), _) => Admission::Serve(caller),
            (Stage::Failed, _) => Admission::Close("the login has failed".to_owned()),
        }
    }

    /// The client wants to log in, or to log in again.
    pub(crate) fn handle_handshake(
        &mut self,
        mechanism: &str,
        version: i16,
        config: &SaslConfig,
        now: Now,
    ) -> Handshake {
        let before = match &self.stage {
            Stage::Initial | Stage::Versioned => None,
            Stage::Open(open) if open.may_log_in_again(now) => {
                Some(Open { reauthenticated: Some(now.instant), ..(**open).clone() })
            }
            _ => return Handshake::OutOfPlace,
        };
        let Some(found) = config.mechanisms.iter().find(|it| it.name() == mechanism) else {
            self.stage = Stage::Failed;
            return Handshake::Unsupported;
        };
        let earlier = before.as_ref().and_then(|open| open.mechanism).filter(|earlier| earlier != found);
        self.stage = match earlier {
            Some(earlier) => Stage::Mistaken(format!(
                "SASL mechanism '{found}' requested by client is not supported for re-authentication of mechanism \
                 '{earlier}'"
            )),
            None => Stage::Exchanging(Box::new(Exchanging {
                mechanism: *found,
                exchange: Exchange::begin(*found),
                bare: version == 0,
                before,
            })),
        };
        Handshake::Begun
    }

    /// The client says what its mechanism says.
    pub(crate) fn handle_token(
        &mut self,
        token: &[u8],
        accounts: &mut Accounts<'_>,
        config: &SaslConfig,
        now: Now,
    ) -> Token {
        let Stage::Exchanging(exchanging) = &mut self.stage else { return Token::OutOfPlace };
        let mechanism = exchanging.mechanism;
        let proven = match exchanging.exchange.handle_token(token, accounts, config, now) {
            Ok(Reply::Challenge(challenge)) => return Token::Challenge(challenge),
            Ok(Reply::Proven { last, identity }) => {
                exchanging.open(&identity).map(|open| (open, last, identity))
            }
            Err(why) => Err(why),
        };
        match proven {
            Ok((mut open, last, identity)) => {
                let lifetime_ms = lifetime_ms(identity.until_unix_ms, config, now);
                open.expires = lifetime_ms.map(|ms| now.instant + Duration::from_millis(ms.unsigned_abs()));
                self.stage = Stage::Open(Box::new(open));
                Token::Proven { last, lifetime_ms: lifetime_ms.unwrap_or(0) }
            }
            Err(why) => {
                self.stage = Stage::Failed;
                Token::Refused(why, mechanism)
            }
        }
    }

    /// Whether a login takes the place of an earlier one.
    pub(crate) fn logs_in_again(&self) -> bool {
        matches!(&self.stage, Stage::Exchanging(it) if it.before.is_some())
    }
}

impl Caller {
    /// Who sent it, if that is known.
    pub(crate) fn principal(&self) -> Option<&Principal> {
        match &self.identity {
            Identity::Known(principal) => Some(principal),
            Identity::Unproven => None,
        }
    }
}

impl Exchanging {
    /// The connection as it is when the login is over; it may not change hands.
    fn open(&self, proven: &ProvenName) -> Result<Open, SaslRefusal> {
        let principal = Principal::user(&proven.name);
        let reauthenticated = match &self.before {
            Some(before) if before.principal != principal => {
                let words = "Cannot change principals during re-authentication from";
                let (from, to) = (before.principal.name(), principal.name());
                return Err(SaslRefusal::Told(format!("{words} User.{from}: User.{to}")));
            }
            Some(before) => before.reauthenticated,
            None => None,
        };
        let (by_token, mechanism) = (proven.by_token, Some(self.mechanism));
        Ok(Open { principal, by_token, mechanism, expires: None, reauthenticated })
    }
}

impl Open {
    fn may_log_in_again(&self, now: Now) -> bool {
        let soon =
            |last: Instant| now.instant.saturating_duration_since(last) < REAUTHENTICATION_INTERVAL_MIN;
        self.expires.is_some() && !self.reauthenticated.is_some_and(soon)
    }
}

/// How long a login holds, if it has an end: by its token, and by the settings.
fn lifetime_ms(until_unix_ms: Option<i64>, config: &SaslConfig, now: Now) -> Option<i64> {
    let by_token = until_unix_ms.map(|until| until.saturating_sub(now.unix_ms).max(0));
    let most = config.reauthentication_max;
    let by_settings = (!most.is_zero()).then(|| i64::try_from(most.as_millis()).unwrap_or(i64::MAX));
    by_token.into_iter().chain(by_settings).min()
}
