//! Tickets for services: bought with the first ticket, across realms if need be; and that ticket renewed.
//!
//! ```text
//! KDC of A, ticket krbtgt/A   kafka/host?     -> a ticket for kafka/host: done
//!                                             -> a ticket for krbtgt/B:   "ask over there" (a referral)
//! KDC of B, ticket krbtgt/B   kafka/host?     -> …
//! ```
//!
//! Where the service's realm is known and another one, `krbtgt/THAT` is asked for first; a KDC that has no key in common
//! with that realm gives a ticket for one on the way.

use crate::crypto::EncryptionType;
use crate::exchange::Asked;
use crate::messages::PaData;
use crate::messages::ap::{self, Authenticator};
use crate::messages::kdc::{KdcService, ReplyPart, RequestBody};
use crate::messages::krb_error::KrbError;
use crate::principal::Principal;
use crate::{Entropy, Error, ErrorKind, Exchange, KdcRequest, Ticket, UnixTime};

/// The exchange that gives a client a ticket for a service.
#[derive(Debug)]
pub struct TgsExchange {
    /// What is paid with: of the client's realm at first, of others later.
    granting: Ticket,
    /// What is wanted in the end. Without a realm: whichever realm has it.
    wanted: Principal,
    encryptions: Vec<EncryptionType>,
    /// The realms that were asked, in order.
    visited: Vec<String>,
    asked: Principal,
    options: u32,
    nonce: u32,
    request: KdcRequest,
}

impl TgsExchange {
    /// Begins. A service without a realm is looked for by the client's own KDC.
    pub fn new(
        granting: &Ticket,
        service: &Principal,
        encryptions: &[EncryptionType],
        now: UnixTime,
        entropy: &mut dyn Entropy,
    ) -> Self {
        let options = RequestBody::CANONICALIZE;
        Self::begin(granting, service, encryptions, options, now, entropy)
    }

    /// Begins to renew a first ticket.
    pub fn renew(
        granting: &Ticket,
        encryptions: &[EncryptionType],
        now: UnixTime,
        entropy: &mut dyn Entropy,
    ) -> Self {
        let itself = granting.service.clone();
        Self::begin(granting, &itself, encryptions, RequestBody::RENEW, now, entropy)
    }

    fn begin(
        granting: &Ticket,
        service: &Principal,
        encryptions: &[EncryptionType],
        options: u32,
        now: UnixTime,
        entropy: &mut dyn Entropy,
    ) -> Self {
        let mut exchange = Self {
            granting: granting.clone(),
            wanted: service.clone(),
            encryptions: encryptions.to_vec(),
            visited: Vec::new(),
            asked: service.clone(),
            options,
            nonce: 0,
            request: KdcRequest { realm: String::new(), bytes: Vec::new() },
        };
        exchange.ask(now, entropy);
        exchange
    }

    /// Asks the realm that the ticket in hand is for.
    fn ask(&mut self, now: UnixTime, entropy: &mut dyn Entropy) {
        let realm = self.granting.service.grants_for().unwrap_or(&self.granting.service.realm).to_owned();
        self.asked = match &*self.wanted.realm {
            known if !known.is_empty() && known != realm => Principal::ticket_granting(known, &realm),
            _ => Principal { components: self.wanted.components.clone(), realm: realm.clone() },
        };
        self.nonce = entropy.number();
        let body = RequestBody {
            options: self.options,
            client: None,
            service: self.asked.clone(),
            until: self.granting.renewable_until.unwrap_or(0).max(self.granting.ends),
            nonce: self.nonce,
            encryptions: self.encryptions.clone(),
        };
        let (body, key) = (body.write(), &self.granting.key);
        let authenticator = Authenticator {
            client: &self.granting.client,
            checksum: (key.encryption().checksum_number(), key.checksum(USAGE_CHECKSUM, &[&body])),
            at: now,
            subkey: None,
            sequence: None,
        };
        let ticket = &self.granting.bytes;
        let value = ap::request(ticket, &authenticator, (key, USAGE_AUTHENTICATOR), false, entropy);
        let proof = [PaData { number: PaData::TGS_REQUEST, value }];
        let bytes = KdcService::TicketGranting.request(&proof, &body);
        self.visited.push(realm.clone());
        self.request = KdcRequest { realm, bytes };
    }

    fn ticket(&self, reply: &[u8]) -> Result<Ticket, Error> {
        let malformed = |why| Error::malformed("TGS-REP", why);
        let reply = KdcService::TicketGranting.read_reply(reply).map_err(malformed)?;
        let opened = self.granting.key.decrypt(USAGE_REPLY, &reply.part.sealed);
        let opened =
            opened.map_err(|_| self.not_proven("does not have the key of the ticket that it was shown"))?;
        let part = ReplyPart::read(&opened).map_err(malformed)?;
        if part.nonce != self.nonce || reply.client != self.granting.client {
            return Err(self.not_proven("answered another question than was asked: a replay, or a fault"));
        }
        Ok(Ticket::of_reply(reply.client, part, reply.ticket))
    }

    /// Goes on in the realm that the ticket is for.
    fn follow(&mut self, ticket: Ticket, now: UnixTime, entropy: &mut dyn Entropy) -> Result<(), Error> {
        let next = ticket.service.grants_for().unwrap_or_default();
        if self.visited.iter().any(|it| it == next) || self.visited.len() > HOPS_MAX {
            let way = [self.visited.join(" → "), next.to_owned()].join(" → ");
            let sentence = format!("the realms send one another round for {}: {way}", self.wanted_name());
            return Err(Error::new(ErrorKind::UnknownService, sentence));
        }
        self.granting = ticket;
        self.ask(now, entropy);
        Ok(())
    }

    fn wanted_name(&self) -> String {
        match self.wanted.realm.is_empty() {
            true => self.wanted.to_string().trim_end_matches('@').to_owned(),
            false => self.wanted.to_string(),
        }
    }

    fn who(&self) -> String {
        format!("the KDC of realm {}", self.request.realm)
    }

    fn not_proven(&self, what: &str) -> Error {
        Error::new(ErrorKind::NotProven, format!("{} {what}", self.who()))
    }
}

impl Exchange for TgsExchange {
    fn request(&self) -> &KdcRequest {
        &self.request
    }

    fn handle_reply(
        &mut self,
        reply: &[u8],
        now: UnixTime,
        entropy: &mut dyn Entropy,
    ) -> Result<Option<Ticket>, Error> {
        if KrbError::is_one(reply) {
            let error = KrbError::read(reply).map_err(|why| Error::malformed("KRB-ERROR of the KDC", why))?;
            let client = &self.granting.client;
            let proof = format!("the ticket of {client}");
            return Err(Asked { who: self.who(), client, service: &self.asked, proof, now }.refusal(&error));
        }
        let ticket = self.ticket(reply)?;
        if ticket.service.components == self.wanted.components
            && (self.wanted.realm.is_empty() || ticket.service.realm == self.wanted.realm)
        {
            return Ok(Some(ticket));
        }
        match ticket.service.grants_for() {
            Some(_) => self.follow(ticket, now, entropy).map(|()| None),
            None => {
                Err(self.not_proven(&format!("gave a ticket for {}, not for {}", ticket.service, self.asked)))
            }
        }
    }
}

const USAGE_CHECKSUM: u32 = 6;
const USAGE_AUTHENTICATOR: u32 = 7;
const USAGE_REPLY: u32 = 8;
/// From realm to realm; MIT's bound too.
const HOPS_MAX: usize = 10;
