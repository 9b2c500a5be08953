//! What reads the words of a peer, or a file that somebody hands over, for fuzzing: it returns, whatever they are.

use std::pin::pin;
use std::task::{Context, Poll, Waker};

use crate::config::Address;
pub use crate::config::jaas_file_login;
use crate::environment::Environment;
#[cfg(feature = "msk-iam")]
pub use crate::msk_iam::hostile as aws;
#[cfg(feature = "oauth")]
pub use crate::oauth::hostile as tokens;
use crate::{Config, Error, sasl};

mod exchanged;
#[cfg(feature = "oauth")]
mod replay;

pub use exchanged::Exchanged;
pub(crate) use exchanged::converse;
#[cfg(feature = "oauth")]
pub(crate) use replay::answer_in;

/// Logs in to a broker that answers each of the client's messages with what `answer` gives, until that gives none.
///
/// # Errors
/// The login itself cannot be opened, or waits for something.
pub fn log_in(config: &Config, answer: impl FnMut(&[u8]) -> Option<Vec<u8>>) -> Result<Exchanged, Error> {
    let login = sasl::login(config, &Environment::new())?;
    let broker = Address { host: "broker".to_owned(), port: 9092 };
    let mut starting = pin!(login.start(&broker));
    let Poll::Ready(mechanism) = starting.as_mut().poll(&mut Context::from_waker(Waker::noop())) else {
        return Ok(Exchanged::Silent);
    };
    converse(&mut *mechanism?, answer).map(|(exchanged, _)| exchanged)
}
