//! What a broker that logs a client in by SCRAM must not do.

use std::ops::RangeInclusive;

use crate::{Error, ErrorKind};

/// How often a broker may ask for the password to be hashed. Kafka refuses to store fewer; a million take a second.
const ITERATIONS: RangeInclusive<u32> = 4096..=1_000_000;

/// A broker that lets us in and does not show that it knows the password: it may be anybody.
pub(super) fn unproven(mechanism: &str) -> Error {
    let sentence = format!(
        "the broker did not prove by {mechanism} that it knows the password too, so it may be somebody else in its place"
    );
    Error::new(ErrorKind::Authentication, sentence)
}

/// A broker whose answer is none of SCRAM's.
pub(super) fn broken(mechanism: &str, what: &str) -> Error {
    let sentence = format!("the broker does not keep to {mechanism}: {what}");
    Error::new(ErrorKind::Authentication, sentence)
}

/// Refuses what a broker must not ask for.
pub(super) fn check_iterations(mechanism: &str, iterations: u32) -> Result<(), Error> {
    if ITERATIONS.contains(&iterations) {
        return Ok(());
    }
    let sentence = format!(
        "the broker asks for {iterations} iterations of {mechanism}, and between {} and {} are allowed",
        ITERATIONS.start(),
        ITERATIONS.end()
    );
    Err(Error::new(ErrorKind::Authentication, sentence))
}
