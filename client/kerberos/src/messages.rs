//! Kerberos' messages (RFC 4120, section 5), as far as a client sends or reads them. A ticket stays as it came.

pub(crate) mod ap;
pub(crate) mod kdc;
pub(crate) mod krb_error;

use crate::crypto::{EncryptionType, Key};
use crate::der::{Malformed, Reader, Writer};

/// EncryptedData: what only the holder of a key reads.
#[derive(Clone, Debug)]
pub(crate) struct EncryptedData {
    /// IANA's number of the encryption type.
    pub(crate) encryption: i32,
    pub(crate) key_version: Option<u32>,
    pub(crate) sealed: Vec<u8>,
}

impl EncryptedData {
    pub(crate) fn of(key: &Key, sealed: Vec<u8>) -> Self {
        Self { encryption: key.encryption().number(), key_version: None, sealed }
    }

    pub(crate) fn write(&self, to: &mut Writer) {
        to.sequence(|to| self.write_fields(to));
    }

    /// Without the head of the sequence.
    pub(crate) fn write_fields(&self, to: &mut Writer) {
        to.field(0, |to| to.integer(self.encryption.into()));
        if let Some(version) = self.key_version {
            to.field(1, |to| to.integer(version.into()));
        }
        to.field(2, |to| to.octets(&self.sealed));
    }

    pub(crate) fn read(from: &mut Reader<'_>) -> Result<Self, Malformed> {
        let mut fields = from.sequence()?;
        Ok(Self {
            encryption: fields.field(0)?.integer32()?,
            key_version: match fields.optional(1)? {
                Some(mut version) => Some(version.integer32()?.cast_unsigned()),
                None => None,
            },
            sealed: fields.field(2)?.octets()?.to_vec(),
        })
    }
}

/// EncryptionKey, of a type that is spoken here.
pub(crate) fn write_key(key: &Key, to: &mut Writer) {
    to.sequence(|to| {
        to.field(0, |to| to.integer(key.encryption().number().into()));
        to.field(1, |to| to.octets(key.bytes()));
    });
}

pub(crate) fn read_key(from: &mut Reader<'_>) -> Result<Key, Malformed> {
    let mut fields = from.sequence()?;
    let number = fields.field(0)?.integer32()?;
    let encryption = EncryptionType::of_number(number)
        .ok_or(Malformed("a key is of an encryption type other than 17 to 20, the only ones asked for"))?;
    Key::new(encryption, fields.field(1)?.octets()?)
        .map_err(|_| Malformed("a key is not as long as its type says"))
}

/// PA-DATA: what goes along with a request or a reply.
#[derive(Clone, Debug)]
pub(crate) struct PaData {
    pub(crate) number: i32,
    pub(crate) value: Vec<u8>,
}

impl PaData {
    pub(crate) fn write(&self, to: &mut Writer) {
        to.sequence(|to| {
            to.field(1, |to| to.integer(self.number.into()));
            to.field(2, |to| to.octets(&self.value));
        });
    }

    /// A sequence of them: METHOD-DATA, or a message's padata.
    pub(crate) fn read_all(from: &mut Reader<'_>) -> Result<Vec<Self>, Malformed> {
        let (mut items, mut found) = (from.sequence()?, Vec::new());
        while !items.is_empty() {
            if found.len() == PA_DATA_MAX {
                return Err(Malformed("it has too many padata"));
            }
            let mut fields = items.sequence()?;
            let (number, value) = (fields.field(1)?.integer32()?, fields.field(2)?.octets()?.to_vec());
            found.push(Self { number, value });
        }
        Ok(found)
    }

    pub(crate) const TGS_REQUEST: i32 = 1;
    pub(crate) const ENCRYPTED_TIMESTAMP: i32 = 2;
    pub(crate) const PASSWORD_SALT: i32 = 3;
    pub(crate) const ENCRYPTION_INFO2: i32 = 19;
    /// The KDC's own, to be sent back (RFC 6113).
    pub(crate) const COOKIE: i32 = 133;
}

/// ETYPE-INFO2-ENTRY: how a KDC makes a client's key of its password.
#[derive(Clone, Debug)]
pub(crate) struct EncryptionInfo {
    pub(crate) encryption: i32,
    pub(crate) salt: Option<String>,
    pub(crate) parameters: Option<Vec<u8>>,
}

impl EncryptionInfo {
    pub(crate) fn read_all(bytes: &[u8]) -> Result<Vec<Self>, Malformed> {
        let (mut items, mut found) = (Reader::new(bytes).sequence()?, Vec::new());
        while !items.is_empty() && found.len() < PA_DATA_MAX {
            let mut fields = items.sequence()?;
            let encryption = fields.field(0)?.integer32()?;
            let salt = fields.optional(1)?.map(|mut it| it.text()).transpose()?;
            let parameters = fields.optional(2)?.map(|mut it| it.octets().map(<[u8]>::to_vec)).transpose()?;
            found.push(Self { encryption, salt, parameters });
        }
        Ok(found)
    }

    #[cfg(any(test, feature = "__simulation"))]
    pub(crate) fn write(&self, to: &mut Writer) {
        to.sequence(|to| {
            to.field(0, |to| to.integer(self.encryption.into()));
            if let Some(salt) = &self.salt {
                to.field(1, |to| to.text(salt));
            }
            if let Some(parameters) = &self.parameters {
                to.field(2, |to| to.octets(parameters));
            }
        });
    }
}

/// The version that every message says.
pub(crate) const VERSION: i64 = 5;
const PA_DATA_MAX: usize = 64;
