//! AWS_MSK_IAM: a message that Amazon's keys signed, and the broker's receipt.

use super::rsasl;
use super::{Mechanism, Step};
use crate::config::SaslMechanism;
use crate::{Error, ErrorKind, Secret};

/// The exchange that carries this message; `check` reads the receipt.
///
/// # Errors
/// rsasl does not take a mechanism of ours.
pub(crate) fn begin(message: Secret, check: CheckReceipt) -> Result<Box<dyn Mechanism>, Error> {
    rsasl::begin_own(SaslMechanism::AwsMskIam, move || {
        Box::new(AwsMskIam { message: message.clone(), check })
    })
}

/// Reads a broker's receipt; the error is the end of a sentence about it.
pub(crate) type CheckReceipt = fn(&[u8]) -> Result<(), String>;

struct AwsMskIam {
    message: Secret,
    check: CheckReceipt,
}

impl Mechanism for AwsMskIam {
    fn name(&self) -> &'static str {
        SaslMechanism::AwsMskIam.name()
    }

    fn initial(&mut self) -> Result<Vec<u8>, Error> {
        Ok(self.message.reveal().as_bytes().to_vec())
    }

    fn step(&mut self, challenge: &[u8]) -> Result<Step, Error> {
        (self.check)(challenge).map(|()| Step::Done).map_err(|what| {
            let sentence = format!("what the broker answers is no receipt of AWS_MSK_IAM: {what}");
            Error::new(ErrorKind::Authentication, sentence)
        })
    }
}
