//! SASL's mechanism GSSAPI (RFC 4752), the client's side: GSS-API's tokens, then which layer goes over the connection.
//!
//! ```text
//! client                                                     server
//! token with the ticket                                   ->
//!                                                         <-  token that proves the server
//! (nothing)                                               ->
//!                                                         <-  wrapped: the layers it has, and its buffer
//! wrapped: "none", buffer 0, for whom                     ->
//!                                                         <-  (whatever the protocol says of success)
//! ```
//!
//! "None" (`auth`) is the one layer that is spoken: where bytes must not be read by others, TLS is what carries them.

use crate::gss::{GssContext, GssInitiator};
use crate::{Entropy, Error, ErrorKind, Principal, Ticket, UnixTime};

/// The client's side of one exchange.
#[derive(Debug)]
pub struct SaslClient {
    service: Principal,
    state: SaslState,
}

/// What comes next, and what it holds.
#[derive(Debug)]
enum SaslState {
    ExpectToken(GssInitiator),
    ExpectLayers(GssContext),
    /// The choice was sent.
    ExpectSuccess,
    /// The exchange failed, or is over.
    Over,
}

/// What the client does with a challenge.
#[derive(Debug, PartialEq, Eq)]
pub enum SaslStep {
    /// It sends this, which may be empty.
    Reply(Vec<u8>),
    /// It has nothing to say any more.
    Done,
}

impl SaslClient {
    /// Begins with a ticket for the service, and gives the first token.
    pub fn new(ticket: &Ticket, now: UnixTime, entropy: &mut dyn Entropy) -> (Self, Vec<u8>) {
        let (initiator, token) = GssInitiator::new(ticket, None, now, entropy);
        (Self { service: ticket.service.clone(), state: SaslState::ExpectToken(initiator) }, token)
    }

    /// Takes a challenge.
    ///
    /// # Errors
    /// The service refused, did not prove that it is the service, or demands a layer. The exchange is over.
    pub fn step(&mut self, challenge: &[u8], now: UnixTime) -> Result<SaslStep, Error> {
        match std::mem::replace(&mut self.state, SaslState::Over) {
            SaslState::ExpectToken(initiator) => {
                self.state = SaslState::ExpectLayers(initiator.finish(challenge, now)?);
                Ok(SaslStep::Reply(Vec::new()))
            }
            SaslState::ExpectLayers(mut context) => {
                let (offer, _) = context.unwrap(challenge)?;
                self.check_layers(&offer)?;
                self.state = SaslState::ExpectSuccess;
                Ok(SaslStep::Reply(context.wrap(&[LAYER_NONE, 0, 0, 0])))
            }
            SaslState::ExpectSuccess => Ok(SaslStep::Done),
            SaslState::Over => {
                let sentence = format!("the service {} goes on after the exchange is over", self.service);
                Err(Error::new(ErrorKind::Malformed, sentence))
            }
        }
    }

    fn check_layers(&self, offer: &[u8]) -> Result<(), Error> {
        let service = &self.service;
        let [layers, _, _, _] = offer else {
            let sentence = format!("the service {service} offers layers in {} bytes, not 4", offer.len());
            return Err(Error::new(ErrorKind::Malformed, sentence));
        };
        if layers & LAYER_NONE != 0 {
            return Ok(());
        }
        let named =
            [(LAYER_INTEGRITY, "integrity (auth-int)"), (LAYER_SEALED, "confidentiality (auth-conf)")];
        let named: Vec<_> = named.into_iter().filter(|(bit, _)| layers & bit != 0).map(|it| it.1).collect();
        let demand =
            if named.is_empty() { "a layer that nobody knows".to_owned() } else { named.join(" or ") };
        Err(Error::new(
            ErrorKind::Unsupported,
            format!(
                "the service {service} demands {demand} of SASL itself, which is not done here: \
                 let it allow 'auth' (javax.security.sasl.qop), and protect the connection by TLS"
            ),
        ))
    }
}

const LAYER_NONE: u8 = 1;
const LAYER_INTEGRITY: u8 = 2;
const LAYER_SEALED: u8 = 4;
