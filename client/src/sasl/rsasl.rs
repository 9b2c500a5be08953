//! The one file that knows the crate `rsasl`, which drives every mechanism: its own ([`begin`]), and ours as custom
//! mechanisms ([`begin_own`]).
//!
//! It asks for what it needs by callbacks. They may not wait, so a login fetches what is to be fetched before it begins.

use std::io::Write;

use rsasl::callback::{Context, Request, SessionCallback, SessionData};
use rsasl::mechanism::{Authentication, EmptyProvider, MechanismData};
use rsasl::prelude::{
    Mechanism as Registered, Mechname, MessageSent, Property, Registry, SASLClient, SASLConfig, Session,
    SessionError, State,
};
use rsasl::registry::{Matches, Named, Side};

use super::{Mechanism, Step};
#[cfg(feature = "oauth")]
use crate::Secret;
use crate::config::SaslMechanism;
use crate::{Error, ErrorKind};

/// What rsasl's own mechanisms ask for.
#[cfg(feature = "oauth")]
pub(super) enum Answers {
    /// OAUTHBEARER: a token, and extensions by name.
    Bearer { token: Secret, extensions: Vec<(String, String)> },
}

/// Begins one of rsasl's own mechanisms.
///
/// # Errors
/// rsasl has no such mechanism.
#[cfg(feature = "oauth")]
pub(super) fn begin(mechanism: SaslMechanism, answers: Answers) -> Result<Box<dyn Mechanism>, Error> {
    start(mechanism, RSASLS, Callback::Answers(answers))
}

/// Begins a mechanism of ours, which rsasl drives as it drives its own. `first` makes its first state.
///
/// # Errors
/// The mechanism is none of [`SaslMechanism`].
pub(super) fn begin_own(
    mechanism: SaslMechanism,
    first: impl Fn() -> Box<dyn Mechanism> + Send + Sync + 'static,
) -> Result<Box<dyn Mechanism>, Error> {
    start(mechanism, OURS, Callback::Own(Box::new(first)))
}

fn start(
    mechanism: SaslMechanism,
    registered: &'static [Registered],
    callback: Callback,
) -> Result<Box<dyn Mechanism>, Error> {
    let name = mechanism.name();
    let unknown = |error: &dyn std::fmt::Display| Error::new(ErrorKind::Config, format!("{name}: {error}"));
    let config = SASLConfig::builder()
        .with_registry(Registry::with_mechanisms(registered))
        .with_callback(callback)
        .map_err(|error| unknown(&error))?;
    let offered = [Mechname::parse(name.as_bytes()).map_err(|error| unknown(&error))?];
    let session = SASLClient::new(config).start_suggested(&offered).map_err(|error| unknown(&error))?;
    Ok(Box::new(Driven { name, state: DrivenState::Talks(session) }))
}

/// A mechanism that rsasl drives.
struct Driven {
    name: &'static str,
    state: DrivenState,
}

enum DrivenState {
    Talks(Session),
    /// It has said its last, and listens for nothing.
    Said,
    /// It is over, or has failed. rsasl must not be asked again: it may panic.
    Over,
}

impl Mechanism for Driven {
    fn name(&self) -> &'static str {
        self.name
    }

    fn initial(&mut self) -> Result<Vec<u8>, Error> {
        match self.advance(None)? {
            Step::Reply(words) => Ok(words),
            Step::Done => Ok(Vec::new()),
        }
    }

    fn step(&mut self, challenge: &[u8]) -> Result<Step, Error> {
        self.advance(Some(challenge))
    }
}

impl Driven {
    fn advance(&mut self, challenge: Option<&[u8]>) -> Result<Step, Error> {
        let mut session = match (std::mem::replace(&mut self.state, DrivenState::Over), challenge) {
            (DrivenState::Talks(session), _) => session,
            // Java does not look at such an answer either.
            (DrivenState::Said, Some(_)) => return Ok(Step::Done),
            _ => {
                let sentence = format!("{} is over", self.name);
                return Err(Error::new(ErrorKind::Authentication, sentence));
            }
        };
        let mut words = Vec::new();
        match session.step(challenge, &mut words).map_err(|error| translated(self.name, error))? {
            State::Running => self.state = DrivenState::Talks(session),
            State::Finished(MessageSent::Yes) => self.state = DrivenState::Said,
            State::Finished(MessageSent::No) => return Ok(Step::Done),
        }
        Ok(Step::Reply(words))
    }
}

/// rsasl's error in our words; one of ours, which went through it, as it was.
fn translated(mechanism: &str, error: SessionError) -> Error {
    let sentence = match error {
        SessionError::Boxed(error) => match error.downcast::<Error>() {
            Ok(ours) => return *ours,
            Err(other) => format!("{mechanism} failed: {other}"),
        },
        SessionError::MechanismError(error) => {
            format!("the broker does not keep to {mechanism}: {error}")
        }
        other => format!("{mechanism} failed: {other}"),
    };
    Error::new(ErrorKind::Authentication, sentence)
}

/// Who answers what a mechanism asks.
enum Callback {
    #[cfg(feature = "oauth")]
    Answers(Answers),
    Own(Box<FirstState>),
}

type FirstState = dyn Fn() -> Box<dyn Mechanism> + Send + Sync;

impl SessionCallback for Callback {
    fn callback(&self, _: &SessionData, _: &Context, request: &mut Request) -> Result<(), SessionError> {
        match self {
            #[cfg(feature = "oauth")]
            Self::Answers(Answers::Bearer { token, extensions }) => {
                let extensions: Vec<_> = extensions.iter().map(|(key, value)| (&**key, &**value)).collect();
                request
                    .satisfy::<rsasl::property::OAuthBearerToken>(token.reveal())?
                    .satisfy::<rsasl::property::OAuthBearerKV>(&extensions)?;
                // What the broker has against the token is in its error too.
                _ = request.get_action::<rsasl::mechanisms::oauthbearer::properties::OAuthBearerErrored>();
            }
            Self::Own(first) => _ = request.satisfy::<First>(&**first)?,
        }
        Ok(())
    }
}

/// An error of ours on its way through rsasl.
fn ours(error: Error) -> SessionError {
    SessionError::Boxed(Box::new(error))
}

/// rsasl's own mechanisms.
#[cfg(feature = "oauth")]
static RSASLS: &[Registered] = &[rsasl::mechanisms::oauthbearer::OAUTHBEARER];

/// Those that may be ours, in the order of [`SaslMechanism::ALL`].
static OURS: &[Registered] = &[own::<0>(), own::<1>(), own::<2>(), own::<3>(), own::<4>(), own::<5>()];

const fn own<const AT: usize>() -> Registered {
    Registered::build(
        Mechname::const_new_unchecked(SaslMechanism::ALL[AT].1.as_bytes()),
        PRIORITY,
        Some(|| Ok(Box::<Own>::default())),
        None,
        Side::Client,
        |_| Some(Matches::<OwnName<AT>>::name()),
        |_| true,
    )
}

/// Only one mechanism is ever offered, so nothing is preferred to another.
const PRIORITY: usize = 1000;

/// The name of a mechanism of ours, for rsasl.
struct OwnName<const AT: usize>;

impl<const AT: usize> Named for OwnName<AT> {
    fn mech() -> &'static Registered {
        &OURS[AT]
    }
}

/// A mechanism of ours in rsasl's dress.
#[derive(Default)]
struct Own(Option<Box<dyn Mechanism>>);

/// What [`Own`] asks its callback for.
struct First;

impl Property<'_> for First {
    type Value = FirstState;
}

impl Authentication for Own {
    fn step(
        &mut self,
        data: &mut MechanismData,
        input: Option<&[u8]>,
        writer: &mut dyn Write,
    ) -> Result<State, SessionError> {
        let (step, begun) = match (&mut self.0, input) {
            (Some(mechanism), Some(challenge)) => (mechanism.step(challenge).map_err(ours)?, None),
            (None, None) => {
                let mut mechanism = data.need_with::<First, _, _>(&EmptyProvider, |first| Ok(first()))?;
                (Step::Reply(mechanism.initial().map_err(ours)?), Some(mechanism))
            }
            _ => return Err(SessionError::InputDataRequired),
        };
        self.0 = begun.or(self.0.take());
        match step {
            Step::Reply(words) => {
                writer.write_all(&words)?;
                Ok(State::Running)
            }
            Step::Done => Ok(State::Finished(MessageSent::No)),
        }
    }
}
