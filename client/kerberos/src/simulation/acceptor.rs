//! A service that accepts tickets, as Java's or as MIT's does, and offers SASL's layers.

use super::{Realm, TicketPart, USAGE_TICKET, read_ticket};
use crate::crypto::{EncryptionType, Key};
use crate::der::{Malformed, Reader, Writer};
use crate::gss::{GssContext, USAGE_AP_REPLY, USAGE_AUTHENTICATOR, token};
use crate::messages::ap::{AUTHENTICATOR_TAG, REPLY_PART_TAG, REPLY_TAG, REQUEST_TAG};
use crate::messages::krb_error::KrbError;
use crate::messages::{EncryptedData, read_key, write_key};
use crate::principal::Principal;
use crate::{Entropy, UnixTime};

/// A service with its keytab. Fields are a test's to change.
#[derive(Clone, Debug)]
pub struct Acceptor {
    /// Its name.
    pub principal: Principal,
    /// Whether it answers with a key of its own, as MIT's does and Java's does not.
    pub has_subkey: bool,
    /// How far its clock is ahead of the time that it is told.
    pub clock_ahead_s: i64,
    /// The layers that it offers: 1 none, 2 integrity, 4 confidentiality.
    pub layers: u8,
    /// Whether it seals that offer.
    pub seals: bool,
    /// Its keytab.
    pub keys: Vec<Key>,
}

/// The service's side of one SASL exchange.
#[derive(Debug)]
pub struct SaslServer {
    acceptor: Acceptor,
    state: ServerState,
}

#[derive(Debug)]
enum ServerState {
    ExpectToken,
    ExpectNothing(GssContext, Principal),
    ExpectChoice(GssContext, Principal),
    Done(Principal),
    Refused,
}

impl Acceptor {
    /// A service with the keys that the realm has of it now.
    pub fn new(realm: &Realm, principal: &str) -> Self {
        let principal = Principal::parse(principal, Some(&realm.name)).expect("a test's principal");
        let account = realm.account(&principal).expect("a test's account");
        let keys = realm.encryptions.iter().map(|it| account.key(*it)).collect();
        Self { principal, has_subkey: false, clock_ahead_s: 0, layers: 1, seals: false, keys }
    }

    /// Takes a client's first token: the answer, the context and the client, or a token that says why not.
    pub fn accept(
        &self,
        token: &[u8],
        now: UnixTime,
        entropy: &mut dyn Entropy,
    ) -> Result<(Vec<u8>, GssContext, Principal), Vec<u8>> {
        let now_s = now.seconds + self.clock_ahead_s;
        let refused = |code| {
            let error = KrbError { code, server_time: now_s, client_realm: None, text: None, data: None };
            token::framed(token::KRB_ERROR, &error.write(&self.principal))
        };
        let read = self.read(token).expect("a client's first token");
        let ShownTicket { ticket, at, subkey, sequence } = read.map_err(&refused)?;
        if at.seconds.abs_diff(now_s) > 300 {
            return Err(refused(KrbError::SKEW));
        }
        if ticket.ends <= now_s {
            return Err(refused(KrbError::TICKET_EXPIRED));
        }
        let own = self.has_subkey.then(|| Key::random(ticket.key.encryption(), entropy));
        let own_sequence = entropy.number();
        let part = Writer::message(REPLY_PART_TAG, |to| {
            to.sequence(|to| {
                to.field(0, |to| to.time(at.seconds));
                to.field(1, |to| to.integer(at.micros.into()));
                if let Some(key) = &own {
                    to.field(2, |to| write_key(key, to));
                }
                to.field(3, |to| to.integer(own_sequence.into()));
            });
        });
        let sealed = EncryptedData::of(&ticket.key, ticket.key.encrypt(USAGE_AP_REPLY, &part, entropy));
        let reply = Writer::message(REPLY_TAG, |to| {
            to.sequence(|to| {
                to.field(0, |to| to.integer(5));
                to.field(1, |to| to.integer(15));
                to.field(2, |to| sealed.write(to));
            });
        });
        let context =
            GssContext::of_acceptor(own.unwrap_or(subkey), self.has_subkey, Some(own_sequence), sequence);
        Ok((token::framed(token::AP_REPLY, &reply), context, ticket.client))
    }

    fn read(&self, token: &[u8]) -> Result<Result<ShownTicket, i32>, Malformed> {
        let message = token::unframed(token::AP_REQUEST, token)?;
        let mut fields = Reader::new(message).expect(REQUEST_TAG)?.sequence()?;
        let (service, sealed) = read_ticket(&mut fields.field(3)?)?;
        let authenticator = EncryptedData::read(&mut fields.field(4)?)?;
        let encryption = EncryptionType::of_number(sealed.encryption);
        let key = self.keys.iter().find(|it| Some(it.encryption()) == encryption);
        let Some(key) = key.filter(|_| service == self.principal) else { return Ok(Err(KrbError::NOT_US)) };
        let Ok(opened) = key.decrypt(USAGE_TICKET, &sealed.sealed) else {
            return Ok(Err(KrbError::MODIFIED));
        };
        let ticket = TicketPart::read(&opened)?;
        let Ok(opened) = ticket.key.decrypt(USAGE_AUTHENTICATOR, &authenticator.sealed) else {
            return Ok(Err(KrbError::BAD_INTEGRITY));
        };
        let mut fields = Reader::new(&opened).expect(AUTHENTICATOR_TAG)?.sequence()?;
        let realm = fields.field(1)?.text()?;
        if Principal::read(&mut fields.field(2)?, realm)? != ticket.client {
            return Ok(Err(KrbError::BAD_MATCH));
        }
        let micros = fields.field(4)?.integer32()?.cast_unsigned();
        let at = UnixTime { seconds: fields.field(5)?.time()?, micros };
        let subkey = read_key(&mut fields.field(6)?)?;
        let sequence = fields.field(7)?.integer32()?.cast_unsigned();
        Ok(Ok(ShownTicket { ticket, at, subkey, sequence }))
    }
}

struct ShownTicket {
    ticket: TicketPart,
    at: UnixTime,
    subkey: Key,
    sequence: u32,
}

impl SaslServer {
    /// An exchange with that service.
    pub fn new(acceptor: &Acceptor) -> Self {
        Self { acceptor: acceptor.clone(), state: ServerState::ExpectToken }
    }

    /// The answer to what the client sent; after [`SaslServer::client`] is there, an empty one.
    pub fn step(&mut self, input: &[u8], now: UnixTime, entropy: &mut dyn Entropy) -> Vec<u8> {
        let (state, answer) = match std::mem::replace(&mut self.state, ServerState::Refused) {
            ServerState::ExpectToken => match self.acceptor.accept(input, now, entropy) {
                Ok((token, context, client)) => (ServerState::ExpectNothing(context, client), token),
                Err(token) => (ServerState::Refused, token),
            },
            ServerState::ExpectNothing(mut context, client) => {
                assert!(input.is_empty(), "RFC 4752: an empty message comes after the token");
                let offer = [self.acceptor.layers, 0, 0xff, 0xff];
                let offer = match self.acceptor.seals {
                    true => context.seal(&offer, entropy),
                    false => context.wrap(&offer),
                };
                (ServerState::ExpectChoice(context, client), offer)
            }
            ServerState::ExpectChoice(mut context, client) => {
                let (choice, _) = context.unwrap(input).expect("the client's choice");
                assert_eq!(choice, [1, 0, 0, 0], "no layer, no buffer, for itself");
                (ServerState::Done(client), Vec::new())
            }
            over => (over, Vec::new()),
        };
        self.state = state;
        answer
    }

    /// Who was let in.
    pub fn client(&self) -> Option<&Principal> {
        match &self.state {
            ServerState::Done(client) => Some(client),
            _ => None,
        }
    }

    /// Whether the exchange ended without letting anybody in.
    pub fn has_refused(&self) -> bool {
        matches!(self.state, ServerState::Refused)
    }
}
