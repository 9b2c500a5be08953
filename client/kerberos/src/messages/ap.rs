//! AP-REQ and AP-REP: a client shows a service its ticket, and the service proves that it could read it.

use super::{EncryptedData, VERSION, read_key, write_key};
use crate::crypto::Key;
use crate::der::{Malformed, Reader, Writer, application};
use crate::principal::{NameType, Principal};
use crate::{Entropy, UnixTime};

/// Authenticator: who uses the ticket, and when.
pub(crate) struct Authenticator<'a> {
    pub(crate) client: &'a Principal,
    /// IANA's number of the checksum, and its bytes.
    pub(crate) checksum: (i32, Vec<u8>),
    pub(crate) at: UnixTime,
    pub(crate) subkey: Option<&'a Key>,
    pub(crate) sequence: Option<u32>,
}

/// EncAPRepPart.
pub(crate) struct ApReplyPart {
    pub(crate) at: UnixTime,
    pub(crate) subkey: Option<Key>,
    pub(crate) sequence: Option<u32>,
}

/// AP-REQ: the ticket as it came, and an authenticator sealed for that usage with the ticket's key.
pub(crate) fn request(
    ticket: &[u8],
    authenticator: &Authenticator<'_>,
    (key, usage): (&Key, u32),
    mutual: bool,
    entropy: &mut dyn Entropy,
) -> Vec<u8> {
    let sealed = key.encrypt(usage, &authenticator.write(), entropy);
    let message = Writer::message(REQUEST_TAG, |to| {
        to.sequence(|to| {
            to.field(0, |to| to.integer(VERSION));
            to.field(1, |to| to.integer(14));
            to.field(2, |to| to.flags(if mutual { MUTUAL_REQUIRED } else { 0 }));
            to.field(3, |to| to.raw(ticket));
            to.field(4, |to| EncryptedData::of(key, sealed).write(to));
        });
    });
    message.to_vec()
}

/// What is sealed in an AP-REP.
pub(crate) fn read_reply(bytes: &[u8]) -> Result<EncryptedData, Malformed> {
    let mut fields = Reader::new(bytes).expect(REPLY_TAG)?.sequence()?;
    EncryptedData::read(&mut fields.field(2)?)
}

impl Authenticator<'_> {
    fn write(&self) -> zeroize::Zeroizing<Vec<u8>> {
        Writer::message(AUTHENTICATOR_TAG, |to| {
            to.sequence(|to| {
                to.field(0, |to| to.integer(VERSION));
                to.field(1, |to| to.text(&self.client.realm));
                to.field(2, |to| self.client.write(NameType::Principal, to));
                to.field(3, |to| {
                    to.sequence(|to| {
                        to.field(0, |to| to.integer(self.checksum.0.into()));
                        to.field(1, |to| to.octets(&self.checksum.1));
                    });
                });
                to.field(4, |to| to.integer(self.at.micros.into()));
                to.field(5, |to| to.time(self.at.seconds));
                if let Some(subkey) = self.subkey {
                    to.field(6, |to| write_key(subkey, to));
                }
                if let Some(sequence) = self.sequence {
                    to.field(7, |to| to.integer(sequence.into()));
                }
            });
        })
    }
}

impl ApReplyPart {
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut fields = Reader::new(bytes).expect(REPLY_PART_TAG)?.sequence()?;
        let seconds = fields.field(0)?.time()?;
        let micros = fields.field(1)?.integer32()?.cast_unsigned();
        let subkey = fields.optional(2)?.map(|mut it| read_key(&mut it)).transpose()?;
        let sequence = fields.optional(3)?.map(|mut it| it.integer32()).transpose()?;
        let sequence = sequence.map(i32::cast_unsigned);
        Ok(Self { at: UnixTime { seconds, micros }, subkey, sequence })
    }
}

const MUTUAL_REQUIRED: u32 = 0x2000_0000;
pub(crate) const AUTHENTICATOR_TAG: u8 = application(2);
pub(crate) const REQUEST_TAG: u8 = application(14);
pub(crate) const REPLY_TAG: u8 = application(15);
pub(crate) const REPLY_PART_TAG: u8 = application(27);
