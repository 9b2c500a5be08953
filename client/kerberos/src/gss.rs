//! GSS-API's Kerberos mechanism (RFC 4121), the initiator's side: a token with the ticket goes, and one that proves the
//! service comes; then both can wrap messages.

use crate::crypto::{EncryptionType, Key};
use crate::exchange::Asked;
use crate::messages::ap::{self, ApReplyPart, Authenticator};
use crate::messages::krb_error::KrbError;
use crate::{Entropy, Error, ErrorKind, Ticket, UnixTime};

pub(crate) mod token;
mod wrap;

pub use wrap::GssContext;

/// The initiator after its first token, waiting for the service's.
#[derive(Debug)]
pub struct GssInitiator {
    ticket: Ticket,
    subkey: Key,
    sequence: u32,
    at: UnixTime,
}

impl GssInitiator {
    /// Begins, and gives the first token. Mutual authentication, integrity, the detection of replays and of a wrong
    /// order are asked for. `channel` is the MD5 of channel bindings, if there are any.
    pub fn new(
        ticket: &Ticket,
        channel: Option<[u8; 16]>,
        now: UnixTime,
        entropy: &mut dyn Entropy,
    ) -> (Self, Vec<u8>) {
        let (subkey, sequence) = (Key::random(ticket.key.encryption(), entropy), entropy.number());
        let mut checksum = 16u32.to_le_bytes().to_vec();
        checksum.extend_from_slice(&channel.unwrap_or_default());
        checksum.extend_from_slice(&(MUTUAL | REPLAY | SEQUENCE | INTEGRITY).to_le_bytes());
        let authenticator = Authenticator {
            client: &ticket.client,
            checksum: (GSS_CHECKSUM, checksum),
            at: now,
            subkey: Some(&subkey),
            sequence: Some(sequence),
        };
        let request =
            ap::request(&ticket.bytes, &authenticator, (&ticket.key, USAGE_AUTHENTICATOR), true, entropy);
        let token = token::framed(token::AP_REQUEST, &request);
        (Self { ticket: ticket.clone(), subkey, sequence, at: now }, token)
    }

    /// Takes the service's token.
    ///
    /// # Errors
    /// The service refused, or did not prove that it could read the ticket.
    pub fn finish(self, token: &[u8], now: UnixTime) -> Result<GssContext, Error> {
        let service = &self.ticket.service;
        if let Ok(error) = token::unframed(token::KRB_ERROR, token) {
            let error = KrbError::read(error)
                .map_err(|why| Error::malformed(&format!("KRB-ERROR of the service {service}"), why))?;
            return Err(self.refusal(&error, now));
        }
        let malformed = |why| Error::malformed(&format!("AP-REP of the service {service}"), why);
        let reply = token::unframed(token::AP_REPLY, token).map_err(malformed)?;
        let sealed = ap::read_reply(reply).map_err(malformed)?.sealed;
        let opened = self.ticket.key.decrypt(USAGE_AP_REPLY, &sealed).map_err(|_| self.not_proven())?;
        let part = ApReplyPart::read(&opened).map_err(malformed)?;
        if part.at != self.at {
            return Err(self.not_proven());
        }
        Ok(match part.subkey {
            // An acceptor's key is the one to use from here on; Java's has none, MIT's has.
            Some(key) => GssContext::new(key, true, self.sequence, part.sequence),
            None => GssContext::new(self.subkey, false, self.sequence, part.sequence),
        })
    }

    fn refusal(&self, error: &KrbError, now: UnixTime) -> Error {
        let (client, service) = (&self.ticket.client, &self.ticket.service);
        let key = self.ticket.service_key();
        let key = key.map_or_else(String::new, |it| format!(", sealed with its key {it}"));
        let who = format!("the service {service}");
        let proof = format!("the ticket of {client}{key}: its keytab has another key than the KDC");
        Asked { who, client, service, proof, now }.refusal(error)
    }

    fn not_proven(&self) -> Error {
        let sentence = format!(
            "the service {} did not prove that it has its key: its answer is not of this exchange",
            self.ticket.service
        );
        Error::new(ErrorKind::NotProven, sentence)
    }

    /// The encryption type of the session.
    pub fn encryption(&self) -> EncryptionType {
        self.ticket.key.encryption()
    }
}

const MUTUAL: u32 = 2;
const REPLAY: u32 = 4;
const SEQUENCE: u32 = 8;
const INTEGRITY: u32 = 32;
/// The authenticator's checksum that is none, but flags and channel bindings (RFC 4121, 4.1.1).
const GSS_CHECKSUM: i32 = 0x8003;
pub(crate) const USAGE_AUTHENTICATOR: u32 = 11;
pub(crate) const USAGE_AP_REPLY: u32 = 12;
