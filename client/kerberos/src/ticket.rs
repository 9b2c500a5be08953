//! A ticket with its key: what proves to one service who the client is.

use crate::crypto::Key;
use crate::messages::kdc::ReplyPart;
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

impl Ticket {
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
