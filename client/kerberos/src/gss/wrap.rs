//! Messages wrapped one by one (RFC 4121, 4.2): checked, and sealed if one wants it.
//!
//! ```text
//! 05 04 | flags | ff | EC 2 | RRC 2 | sequence number 8 | sealed:  { message, EC bytes, this head } encrypted
//!                                                        | open:    message, checksum of EC bytes
//! ```
//!
//! What follows the head may be rotated right by RRC bytes.

use zeroize::Zeroizing;

use crate::crypto::Key;
use crate::{Entropy, Error, ErrorKind};

/// An established context: it wraps messages and unwraps the peer's.
#[derive(Debug)]
#[cfg_attr(test, derive(Clone))]
pub struct GssContext {
    key: Key,
    /// Whether the key is the acceptor's.
    of_acceptor: bool,
    side: Side,
    next_sent: u64,
    /// `None` until the first message of a peer that did not say where it begins.
    next_received: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Initiator,
    #[cfg(any(test, feature = "__simulation"))]
    Acceptor,
}

impl GssContext {
    pub(super) fn new(key: Key, of_acceptor: bool, sent: u32, received: Option<u32>) -> Self {
        let side = Side::Initiator;
        Self { key, of_acceptor, side, next_sent: sent.into(), next_received: received.map(u64::from) }
    }

    pub(crate) fn for_fuzzing(key: Key, of_acceptor: bool) -> Self {
        Self::new(key, of_acceptor, 0, None)
    }

    #[cfg(any(test, feature = "__simulation"))]
    pub(crate) fn of_acceptor(key: Key, of_acceptor: bool, sent: Option<u32>, received: u32) -> Self {
        let (sent, received) = (sent.unwrap_or(0).into(), Some(received.into()));
        Self { key, of_acceptor, side: Side::Acceptor, next_sent: sent, next_received: received }
    }

    /// Wraps a message with a checksum; anybody can read it.
    pub fn wrap(&mut self, message: &[u8]) -> Vec<u8> {
        let head = self.head(0);
        let checksum = self.key.checksum(self.side.usage(), &[message, &head]);
        let mut token = head;
        // The checksum was made as if its length were not known.
        let [high, low] = u16::try_from(checksum.len()).unwrap_or_default().to_be_bytes();
        (token[EXTRA], token[EXTRA + 1]) = (high, low);
        self.next_sent += 1;
        [&token[..], message, &checksum].concat()
    }

    /// Wraps a message so that only the peer reads it.
    pub fn seal(&mut self, message: &[u8], entropy: &mut dyn Entropy) -> Vec<u8> {
        let head = self.head(SEALED);
        let text = Zeroizing::new([message, &head].concat());
        let sealed = self.key.encrypt(self.side.usage(), &text, entropy);
        self.next_sent += 1;
        [&head[..], &sealed].concat()
    }

    /// The message of a peer's token, and whether it was sealed.
    ///
    /// # Errors
    /// The token is none, was changed, is of another context, or comes out of turn.
    pub fn unwrap(&mut self, token: &[u8]) -> Result<(Vec<u8>, bool), Error> {
        let malformed = |why: &str| Error::new(ErrorKind::Malformed, format!("a wrapped message: {why}"));
        let (head, body) = token.split_first_chunk::<HEAD>().ok_or_else(|| malformed("it ends early"))?;
        let [5, 4, flags, 0xff, e0, e1, r0, r1, sequence @ ..] = *head else {
            return Err(malformed("it is no wrap token"));
        };
        let (extra, rotated) = (usize::from(u16::from_be_bytes([e0, e1])), u16::from_be_bytes([r0, r1]));
        if flags & FROM_ACCEPTOR != self.side.peer_flag() {
            return Err(malformed("it was sent by this side"));
        }
        if (flags & ACCEPTOR_KEY != 0) != self.of_acceptor {
            return Err(malformed("it is made with another key than the one agreed on"));
        }
        if body.len() < extra || body.is_empty() {
            return Err(malformed("it ends early"));
        }
        let mut body = body.to_vec();
        let length = body.len();
        body.rotate_left(usize::from(rotated) % length);
        let changed =
            || Error::new(ErrorKind::NotProven, "a wrapped message was changed, or is of another context");
        let sealed = flags & SEALED != 0;
        let message = match sealed {
            true => self.open(head, &body, extra).ok_or_else(changed)?,
            false => self.checked(head, &body, extra).ok_or_else(changed)?,
        };
        let sequence = u64::from_be_bytes(sequence);
        if self.next_received.is_some_and(|next| next != sequence) {
            return Err(Error::new(ErrorKind::NotProven, "a wrapped message comes twice, or out of turn"));
        }
        self.next_received = Some(sequence.wrapping_add(1));
        Ok((message, sealed))
    }

    fn open(&self, head: &[u8; HEAD], body: &[u8], extra: usize) -> Option<Vec<u8>> {
        let text = self.key.decrypt(self.side.peer_usage(), body).ok()?;
        let (text, found) = text.split_last_chunk::<HEAD>()?;
        let mut expected = *head;
        expected[ROTATED..ROTATED + 2].fill(0);
        let message = text.len().checked_sub(extra)?;
        (*found == expected).then(|| text[..message].to_vec())
    }

    fn checked(&self, head: &[u8; HEAD], body: &[u8], extra: usize) -> Option<Vec<u8>> {
        let (message, checksum) = body.split_at_checked(body.len().checked_sub(extra)?)?;
        let mut head = *head;
        head[EXTRA..ROTATED + 2].fill(0);
        self.key.verify(self.side.peer_usage(), &[message, &head], checksum).ok()?;
        Some(message.to_vec())
    }

    fn head(&self, flags: u8) -> [u8; HEAD] {
        let key = if self.of_acceptor { ACCEPTOR_KEY } else { 0 };
        let mut head = [0; HEAD];
        head[..4].copy_from_slice(&[5, 4, flags | key | self.side.flag(), 0xff]);
        head[8..].copy_from_slice(&self.next_sent.to_be_bytes());
        head
    }
}

impl Side {
    fn flag(self) -> u8 {
        if self == Self::Initiator { 0 } else { FROM_ACCEPTOR }
    }

    fn peer_flag(self) -> u8 {
        FROM_ACCEPTOR ^ self.flag()
    }

    /// A checksum has the usages of sealing too.
    fn usage(self) -> u32 {
        if self == Self::Initiator { USAGE_INITIATOR } else { USAGE_ACCEPTOR }
    }

    fn peer_usage(self) -> u32 {
        USAGE_INITIATOR + USAGE_ACCEPTOR - self.usage()
    }
}

const HEAD: usize = 16;
/// Where EC stands.
const EXTRA: usize = 4;
/// Where RRC stands.
const ROTATED: usize = 6;
const FROM_ACCEPTOR: u8 = 1;
const SEALED: u8 = 2;
const ACCEPTOR_KEY: u8 = 4;
const USAGE_ACCEPTOR: u32 = 22;
const USAGE_INITIATOR: u32 = 24;
