//! A ticket with its key: what proves to one service who the client is.

use std::fmt;

use crate::crypto::{EncryptionType, Key};
use crate::messages::kdc::{ReplyPart, ticket_part};
use crate::principal::Principal;

/// A ticket and the session key that belongs to it.
#[derive(Clone, Debug)]
pub struct Ticket {
    /// Whose it is.
    pub client: Principal,
    /// For whom it is.
    pub service: Principal,
    /// When the client proved who it is, in seconds since 1970.
    pub authenticated: i64,
    /// From when it is valid.
    pub starts: i64,
    /// Until when it is valid.
    pub ends: i64,
    /// Until when it can be renewed, by a KDC that lets it be.
    pub renewable_until: Option<i64>,
    /// The session key.
    pub key: Key,
    pub(crate) bytes: Vec<u8>,
    pub(crate) flags: u32,
}

/// Which of its service's keys a ticket is sealed with, as the KDC wrote it beside: a keytab must have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceKey {
    /// IANA's number of the encryption type.
    pub encryption: i32,
    /// The key's version (kvno), where the KDC tells it.
    pub version: Option<u32>,
}

impl fmt::Display for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(version) = self.version {
            write!(f, "of version (kvno) {version} and ")?;
        }
        match EncryptionType::of_number(self.encryption) {
            Some(encryption) => write!(f, "of type {}", encryption.name()),
            None => write!(f, "of encryption type {}", self.encryption),
        }
    }
}

impl Ticket {
    /// The service's key that it is sealed with; `None` where the ticket is none.
    pub fn service_key(&self) -> Option<ServiceKey> {
        let sealed = ticket_part(&self.bytes)?;
        Some(ServiceKey { encryption: sealed.encryption, version: sealed.key_version })
    }

    /// Whether it is valid now and for at least so many seconds more.
    pub fn is_valid(&self, now_s: i64, margin_s: i64) -> bool {
        self.flags & INVALID == 0 && self.ends > now_s.saturating_add(margin_s)
    }

    /// Whether the KDC will renew it now: it must be valid still.
    pub fn is_renewable(&self, now_s: i64) -> bool {
        self.flags & RENEWABLE != 0
            && self.is_valid(now_s, 0)
            && self.renewable_until.is_some_and(|until| until > self.ends)
    }

    /// Whether it is a ticket that others are bought with, in the client's own realm.
    pub fn is_initial(&self) -> bool {
        self.service.realm == self.client.realm && self.service.grants_for() == Some(&self.client.realm)
    }

    pub(crate) fn of_reply(client: Principal, part: ReplyPart, bytes: Vec<u8>) -> Self {
        Self {
            client,
            service: part.service,
            authenticated: part.authenticated,
            starts: part.starts.unwrap_or(part.authenticated),
            ends: part.ends,
            renewable_until: part.renewable_until,
            key: part.key,
            bytes,
            flags: part.flags,
        }
    }
}

pub(crate) const RENEWABLE: u32 = 0x0080_0000;
const INVALID: u32 = 0x0100_0000;
