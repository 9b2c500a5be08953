//! A login against answers that are there already, and how it ends.

use crate::Error;
use crate::sasl::mechanism::{Mechanism, Step};

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

/// Logs in; where that is refused, the sentence is there too.
pub(crate) fn converse(
    mechanism: &mut dyn Mechanism,
    mut answer: impl FnMut(&[u8]) -> Option<Vec<u8>>,
) -> Result<(Exchanged, String), Error> {
    let mut words = mechanism.initial()?;
    while let Some(challenge) = answer(&words) {
        match mechanism.step(&challenge) {
            Ok(Step::Reply(reply)) => words = reply,
            Ok(Step::Done) => return Ok((Exchanged::Done, String::new())),
            Err(why) => return Ok((Exchanged::Refused, mechanism.refused(why).to_string())),
        }
    }
    Ok((Exchanged::Silent, String::new()))
}
