//! One exchange with a broker, by a ticket that is there already.

use std::sync::Arc;

use upsert_kafka_kerberos::{SaslClient, SaslStep, Ticket, UnixTime};

use super::entropy::SystemEntropy;
use super::realm::{now, refused};
use crate::environment::Environment;
use crate::sasl::{Mechanism, Step};
use crate::{Error, ErrorKind};

/// GSSAPI with one broker.
pub(super) struct KerberosExchange {
    ticket: Arc<Ticket>,
    at: UnixTime,
    environment: Environment,
    /// `None` until its first words, and after a failure.
    client: Option<SaslClient>,
}

impl KerberosExchange {
    pub(super) fn new(ticket: Arc<Ticket>, at: UnixTime, environment: Environment) -> Self {
        Self { ticket, at, environment, client: None }
    }
}

impl Mechanism for KerberosExchange {
    fn name(&self) -> &'static str {
        "GSSAPI"
    }

    fn initial(&mut self) -> Result<Vec<u8>, Error> {
        let mut entropy = SystemEntropy::new(&self.environment);
        let (client, token) = SaslClient::new(&self.ticket, self.at, &mut entropy);
        entropy.check()?;
        self.client = Some(client);
        Ok(token)
    }

    fn step(&mut self, challenge: &[u8]) -> Result<Step, Error> {
        let Some(mut client) = self.client.take() else {
            return Err(Error::new(ErrorKind::Authentication, "GSSAPI goes on after it is over"));
        };
        match client.step(challenge, now(&self.environment)).map_err(refused)? {
            SaslStep::Reply(words) => {
                self.client = Some(client);
                Ok(Step::Reply(words))
            }
            SaslStep::Done => Ok(Step::Done),
        }
    }
}
