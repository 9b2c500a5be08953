//! KRB-ERROR: why a KDC or a service refused.

use crate::der::{Malformed, Reader, application};

#[cfg(any(test, feature = "__simulation"))]
use crate::der::Writer;
#[cfg(any(test, feature = "__simulation"))]
use crate::principal::{NameType, Principal};

/// What of a KRB-ERROR says why.
#[derive(Clone, Debug)]
pub(crate) struct KrbError {
    pub(crate) code: i32,
    /// The sender's clock, in seconds since 1970.
    pub(crate) server_time: i64,
    /// Where the client's account is, by a KDC that knows.
    pub(crate) client_realm: Option<String>,
    pub(crate) text: Option<String>,
    pub(crate) data: Option<Vec<u8>>,
}

impl KrbError {
    /// Whether the bytes are one, by their tag.
    pub(crate) fn is_one(bytes: &[u8]) -> bool {
        Reader::new(bytes).tag() == Some(TAG)
    }

    pub(crate) fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut fields = Reader::new(bytes).expect(TAG)?.sequence()?;
        Ok(Self {
            server_time: fields.field(4)?.time()?,
            code: fields.field(6)?.integer32()?,
            client_realm: fields.optional(7)?.map(|mut it| it.text()).transpose()?,
            // Some KDCs write it in another alphabet than UTF-8; nothing depends on it.
            text: fields.optional(11)?.and_then(|mut it| it.text().ok()),
            data: fields.optional(12)?.map(|mut it| it.octets().map(<[u8]>::to_vec)).transpose()?,
        })
    }

    #[cfg(any(test, feature = "__simulation"))]
    pub(crate) fn write(&self, service: &Principal) -> Vec<u8> {
        let message = Writer::message(TAG, |to| {
            to.sequence(|to| {
                to.field(0, |to| to.integer(super::VERSION));
                to.field(1, |to| to.integer(MESSAGE_TYPE));
                to.field(4, |to| to.time(self.server_time));
                to.field(5, |to| to.integer(0));
                to.field(6, |to| to.integer(self.code.into()));
                if let Some(realm) = &self.client_realm {
                    to.field(7, |to| to.text(realm));
                }
                to.field(9, |to| to.text(&service.realm));
                to.field(10, |to| service.write(NameType::Principal, to));
                if let Some(text) = &self.text {
                    to.field(11, |to| to.text(text));
                }
                if let Some(data) = &self.data {
                    to.field(12, |to| to.octets(data));
                }
            });
        });
        message.to_vec()
    }

    pub(crate) const CLIENT_UNKNOWN: i32 = 6;
    pub(crate) const SERVICE_UNKNOWN: i32 = 7;
    pub(crate) const NULL_KEY: i32 = 9;
    pub(crate) const NEVER_VALID: i32 = 11;
    pub(crate) const POLICY: i32 = 12;
    pub(crate) const ENCRYPTION_UNSUPPORTED: i32 = 14;
    pub(crate) const CLIENT_REVOKED: i32 = 18;
    pub(crate) const SERVICE_REVOKED: i32 = 19;
    pub(crate) const KEY_EXPIRED: i32 = 23;
    pub(crate) const PREAUTH_FAILED: i32 = 24;
    pub(crate) const PREAUTH_REQUIRED: i32 = 25;
    pub(crate) const UNAVAILABLE: i32 = 29;
    pub(crate) const BAD_INTEGRITY: i32 = 31;
    pub(crate) const TICKET_EXPIRED: i32 = 32;
    pub(crate) const TICKET_NOT_YET_VALID: i32 = 33;
    pub(crate) const REPEATED: i32 = 34;
    pub(crate) const NOT_US: i32 = 35;
    pub(crate) const BAD_MATCH: i32 = 36;
    pub(crate) const SKEW: i32 = 37;
    pub(crate) const MODIFIED: i32 = 41;
    pub(crate) const BAD_KEY_VERSION: i32 = 44;
    pub(crate) const NO_KEY: i32 = 45;
    pub(crate) const TOO_BIG: i32 = 52;
    pub(crate) const GENERIC: i32 = 60;
    pub(crate) const WRONG_REALM: i32 = 68;
}

const TAG: u8 = application(30);
#[cfg(any(test, feature = "__simulation"))]
const MESSAGE_TYPE: i64 = 30;
