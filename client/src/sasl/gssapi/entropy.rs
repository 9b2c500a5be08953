//! The environment's chance, in the form that the Kerberos crate takes.

use upsert_kafka_kerberos::Entropy;

use crate::Error;
use crate::environment::Environment;

/// Chance that may fail, which is seen afterwards: what was made in between must not be used.
pub(super) struct SystemEntropy<'a> {
    environment: &'a Environment,
    failure: Option<Error>,
}

impl<'a> SystemEntropy<'a> {
    pub(super) fn new(environment: &'a Environment) -> Self {
        Self { environment, failure: None }
    }

    /// Whether all that was drawn was chance.
    pub(super) fn check(self) -> Result<(), Error> {
        self.failure.map_or(Ok(()), Err)
    }
}

impl Entropy for SystemEntropy<'_> {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(CHUNK) {
            match self.environment.random_bytes::<CHUNK>() {
                Ok(drawn) => chunk.copy_from_slice(&drawn[..chunk.len()]),
                Err(error) => self.failure = Some(error),
            }
        }
    }
}

const CHUNK: usize = 32;
