//! What is wrong with a peer's bytes.

use std::fmt;

/// The peer sent bytes that are not this message: why, at which byte of the body, and in which field.
#[derive(Debug)]
pub struct Malformed(Box<Facts>);

#[derive(Debug)]
struct Facts {
    why: &'static str,
    at: usize,
    /// Innermost first.
    path: Vec<&'static str>,
}

impl Malformed {
    #[cold]
    pub(crate) fn new(why: &'static str, at: usize) -> Self {
        Self(Box::new(Facts { why, at, path: Vec::new() }))
    }

    #[cold]
    pub(crate) fn within(mut self, name: &'static str) -> Self {
        self.0.path.push(name);
        self
    }

    /// The byte of the body at which reading stopped.
    pub fn at(&self) -> usize {
        self.0.at
    }

    /// The field, such as `topics.partitions.leader_epoch`; empty for the message itself.
    pub fn path(&self) -> String {
        self.0.path.iter().rev().copied().collect::<Vec<_>>().join(".")
    }
}

/// `topics.partitions.leader_epoch: the frame ends early at byte 17`
impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.0.path.is_empty() {
            write!(f, "{}: ", self.path())?;
        }
        write!(f, "{} at byte {}", self.0.why, self.0.at)
    }
}

impl std::error::Error for Malformed {}
