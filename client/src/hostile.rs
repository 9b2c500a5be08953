//! What reads the words of a peer, or a file that somebody hands over, for fuzzing: it returns, whatever they are.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::config::Address;
use crate::environment::Environment;
use crate::sasl::{self, Step};
use crate::{Config, Error};

/// How a login ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Exchanged {
    /// The broker was taken for one.
    Done,
    /// It was refused, with a sentence.
    Refused,
    /// It had nothing more to say.
    Silent,
}

/// Logs in to a broker that answers each of the client's messages with what `answer` gives, until that gives none.
///
/// # Errors
/// The login itself cannot be opened, or waits for something.
pub fn log_in(config: &Config, mut answer: impl FnMut(&[u8]) -> Option<Vec<u8>>) -> Result<Exchanged, Error> {
    let login = sasl::login(config, &Environment::new())?;
    let broker = Address { host: "broker".to_owned(), port: 9092 };
    let mut starting = pin!(login.start(&broker));
    let Poll::Ready(mechanism) = starting.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        return Ok(Exchanged::Silent);
    };
    let mut mechanism = mechanism?;
    let mut words = mechanism.initial()?;
    while let Some(challenge) = answer(&words) {
        match mechanism.step(&challenge) {
            Ok(Step::Reply(reply)) => words = reply,
            Ok(Step::Done) => return Ok(Exchanged::Done),
            Err(_) => return Ok(Exchanged::Refused),
        }
    }
    Ok(Exchanged::Silent)
}
