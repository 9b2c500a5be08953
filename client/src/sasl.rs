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

use std::fmt;
use std::future::Future;
use std::pin::Pin;

use crate::Error;
use crate::config::Address;

/// One exchange with a broker: bytes in, bytes out; no I/O, no clock.
pub(crate) trait Mechanism: Send {
    /// The name that `SaslHandshake` gives.
    fn name(&self) -> &'static str;

    /// The client's first words.
    fn initial(&mut self) -> Result<Vec<u8>, Error>;

    /// What follows the broker's answer.
    fn step(&mut self, challenge: &[u8]) -> Result<Step, Error>;
}

/// What a mechanism wants next.
#[derive(Debug, PartialEq, Eq)]
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
