//! What a login and a mechanism are, whoever makes them.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::Error;
use crate::clock_skew::ClockSkew;
use crate::config::Address;

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

    /// What the server that was asked last for a ticket or a token told of its clock; `None` where none was asked.
    fn clock_skew(&self) -> Option<ClockSkew> {
        None
    }
}

/// A mechanism in the making.
pub(crate) type Starting<'a> = Pin<Box<dyn Future<Output = Result<Box<dyn Mechanism>, Error>> + Send + 'a>>;
