//! KDC-REQ and KDC-REP: what is asked of a KDC, and what it answers.

use zeroize::Zeroizing;

use super::{EncryptedData, PaData, VERSION, read_key};
use crate::crypto::{EncryptionType, Key};
use crate::der::{Malformed, Reader, SEQUENCE, Writer, application};
use crate::principal::{NameType, Principal};

/// Which of the KDC's two services a message is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KdcService {
    /// AS: who has a client's key gets its first ticket.
    Authentication,
    /// TGS: who has that ticket gets others.
    TicketGranting,
}

/// KDC-REQ-BODY.
#[derive(Clone, Debug)]
pub(crate) struct RequestBody {
    pub(crate) options: u32,
    /// Of an AS-REQ alone.
    pub(crate) client: Option<Principal>,
    pub(crate) service: Principal,
    pub(crate) until: i64,
    pub(crate) nonce: u32,
    pub(crate) encryptions: Vec<EncryptionType>,
}

/// What of a KDC-REP can be read by anybody.
#[derive(Clone, Debug)]
pub(crate) struct KdcReply {
    pub(crate) pa_data: Vec<PaData>,
    pub(crate) client: Principal,
    /// As it came.
    pub(crate) ticket: Vec<u8>,
    pub(crate) part: EncryptedData,
}

/// EncKDCRepPart: what of it the client alone can read.
#[derive(Clone, Debug)]
pub(crate) struct ReplyPart {
    pub(crate) key: Key,
    pub(crate) nonce: u32,
    pub(crate) flags: u32,
    pub(crate) authenticated: i64,
    pub(crate) starts: Option<i64>,
    pub(crate) ends: i64,
    pub(crate) renewable_until: Option<i64>,
    pub(crate) service: Principal,
}

impl KdcService {
    fn request_tag(self) -> u8 {
        application(if self == Self::Authentication { 10 } else { 12 })
    }

    fn reply_tag(self) -> u8 {
        application(if self == Self::Authentication { 11 } else { 13 })
    }

    /// A request whole. The body is given as it was written: a checksum was made over it.
    pub(crate) fn request(self, pa_data: &[PaData], body: &[u8]) -> Vec<u8> {
        let message = Writer::message(self.request_tag(), |to| {
            to.sequence(|to| {
                to.field(1, |to| to.integer(VERSION));
                to.field(2, |to| to.integer((self.request_tag() & 0x1f).into()));
                if !pa_data.is_empty() {
                    to.field(3, |to| to.sequence(|to| pa_data.iter().for_each(|it| it.write(to))));
                }
                to.field(4, |to| to.raw(body));
            });
        });
        message.to_vec()
    }

    pub(crate) fn read_reply(self, bytes: &[u8]) -> Result<KdcReply, Malformed> {
        let mut fields = Reader::new(bytes).expect(self.reply_tag())?.sequence()?;
        let pa_data = match fields.optional(2)? {
            Some(mut items) => PaData::read_all(&mut items)?,
            None => Vec::new(),
        };
        let realm = fields.field(3)?.text()?;
        Ok(KdcReply {
            pa_data,
            client: Principal::read(&mut fields.field(4)?, realm)?,
            ticket: fields.field(5)?.raw()?.to_vec(),
            part: EncryptedData::read(&mut fields.field(6)?)?,
        })
    }
}

impl RequestBody {
    pub(crate) fn write(&self) -> Zeroizing<Vec<u8>> {
        let name_type = match (self.service.grants_for(), self.service.components.len()) {
            (Some(_), _) => NameType::ServiceInstance,
            (None, 2) => NameType::ServiceHost,
            _ => NameType::Principal,
        };
        Writer::message(SEQUENCE, |to| {
            to.field(0, |to| to.flags(self.options));
            if let Some(client) = &self.client {
                to.field(1, |to| client.write(NameType::Principal, to));
            }
            to.field(2, |to| to.text(&self.service.realm));
            to.field(3, |to| self.service.write(name_type, to));
            to.field(5, |to| to.time(self.until));
            to.field(7, |to| to.integer(self.nonce.into()));
            to.field(8, |to| {
                to.sequence(|to| self.encryptions.iter().for_each(|it| to.integer(it.number().into())));
            });
        })
    }

    pub(crate) const RENEW: u32 = 0x0000_0002;
    pub(crate) const CANONICALIZE: u32 = 0x0001_0000;
}

impl ReplyPart {
    /// Reads it; a KDC may write either service's tag, whichever was asked (RFC 4120, 5.4.2).
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut message = Reader::new(bytes);
        let tag = message.tag().filter(|tag| REPLY_PART_TAGS.contains(tag));
        let mut fields = message.expect(tag.unwrap_or(REPLY_PART_TAGS[0]))?.sequence()?;
        let key = read_key(&mut fields.field(0)?)?;
        let nonce = fields.field(2)?.integer32()?.cast_unsigned();
        let flags = fields.field(4)?.flags()?;
        let authenticated = fields.field(5)?.time()?;
        let starts = fields.optional(6)?.map(|mut it| it.time()).transpose()?;
        let ends = fields.field(7)?.time()?;
        let renewable_until = fields.optional(8)?.map(|mut it| it.time()).transpose()?;
        let realm = fields.field(9)?.text()?;
        let service = Principal::read(&mut fields.field(10)?, realm)?;
        Ok(Self { key, nonce, flags, authenticated, starts, ends, renewable_until, service })
    }
}

/// What a ticket's service alone can open; by which key of its, anybody can read.
pub(crate) fn ticket_part(ticket: &[u8]) -> Option<EncryptedData> {
    let mut fields = Reader::new(ticket).expect(TICKET_TAG).ok()?.sequence().ok()?;
    EncryptedData::read(&mut fields.field(3).ok()?).ok()
}

pub(crate) const TICKET_TAG: u8 = application(1);
pub(crate) const REPLY_PART_TAGS: [u8; 2] = [application(25), application(26)];
