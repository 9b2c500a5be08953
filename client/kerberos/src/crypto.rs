//! Keys and what is done with them: encryption types 17 and 18 (RFC 3961, RFC 3962), 19 and 20 (RFC 8009).
//!
//! | | 17, 18 | 19, 20 |
//! |---|---|---|
//! | keys for a usage | DK: AES over the folded constant | KDF-HMAC-SHA2 |
//! | checked | the plain text | the ciphertext |
//! | MAC | HMAC-SHA-1, 12 bytes | HMAC-SHA-256, 16 bytes; HMAC-SHA-384, 24 bytes |
//! | a password's rounds, unless the KDC says otherwise | 4,096 | 32,768 |

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::{Entropy, Error, ErrorKind};

mod cts;
mod derive;

/// How messages are encrypted and checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EncryptionType {
    /// 17, aes128-cts-hmac-sha1-96
    Aes128Sha1,
    /// 18, aes256-cts-hmac-sha1-96
    Aes256Sha1,
    /// 19, aes128-cts-hmac-sha256-128
    Aes128Sha256,
    /// 20, aes256-cts-hmac-sha384-192
    Aes256Sha384,
}

/// A key with its type. `Debug` does not show it; its memory is overwritten when it is dropped.
#[derive(Clone)]
pub struct Key {
    encryption: EncryptionType,
    bytes: Zeroizing<Vec<u8>>,
}

impl EncryptionType {
    /// All, in MIT's order of preference.
    pub const ALL: [Self; 4] = [Self::Aes256Sha1, Self::Aes128Sha1, Self::Aes256Sha384, Self::Aes128Sha256];

    /// IANA's number.
    pub fn number(self) -> i32 {
        match self {
            Self::Aes128Sha1 => 17,
            Self::Aes256Sha1 => 18,
            Self::Aes128Sha256 => 19,
            Self::Aes256Sha384 => 20,
        }
    }

    /// The type of that number, if it is spoken here.
    pub fn of_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.number() == number)
    }

    /// The name that krb5.conf has.
    pub fn name(self) -> &'static str {
        match self {
            Self::Aes128Sha1 => "aes128-cts-hmac-sha1-96",
            Self::Aes256Sha1 => "aes256-cts-hmac-sha1-96",
            Self::Aes128Sha256 => "aes128-cts-hmac-sha256-128",
            Self::Aes256Sha384 => "aes256-cts-hmac-sha384-192",
        }
    }

    pub(crate) fn key_bytes(self) -> usize {
        match self {
            Self::Aes128Sha1 | Self::Aes128Sha256 => 16,
            Self::Aes256Sha1 | Self::Aes256Sha384 => 32,
        }
    }

    /// Of its MAC and its checksum.
    pub(crate) fn mac_bytes(self) -> usize {
        match self {
            Self::Aes128Sha1 | Self::Aes256Sha1 => 12,
            Self::Aes128Sha256 => 16,
            Self::Aes256Sha384 => 24,
        }
    }

    /// IANA's number of the checksum that belongs to the type.
    pub(crate) fn checksum_number(self) -> i32 {
        match self {
            Self::Aes128Sha1 => 15,
            Self::Aes256Sha1 => 16,
            Self::Aes128Sha256 => 19,
            Self::Aes256Sha384 => 20,
        }
    }
}

impl fmt::Display for EncryptionType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Key {
    /// A key of these bytes, if there are as many as the type has.
    pub fn new(encryption: EncryptionType, bytes: &[u8]) -> Result<Self, Error> {
        if bytes.len() != encryption.key_bytes() {
            let sentence =
                format!("a key of {encryption} has {} bytes, not {}", encryption.key_bytes(), bytes.len());
            return Err(Error::new(ErrorKind::Malformed, sentence));
        }
        Ok(Self { encryption, bytes: Zeroizing::new(bytes.to_vec()) })
    }

    /// A key that nobody has yet.
    pub(crate) fn random(encryption: EncryptionType, entropy: &mut dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new(vec![0; encryption.key_bytes()]);
        entropy.fill(&mut bytes);
        Self { encryption, bytes }
    }

    /// A password's key. `parameters` are what the KDC sent as s2kparams: how many rounds.
    ///
    /// # Errors
    /// Parameters that are none, or fewer or more rounds than is bearable: who answers in the KDC's place could
    /// otherwise have the password's proof cheaply, or this machine's time.
    pub fn of_password(
        encryption: EncryptionType,
        password: &str,
        salt: &[u8],
        parameters: Option<&[u8]>,
    ) -> Result<Self, Error> {
        let rounds = rounds(encryption, parameters)?;
        Ok(Self { encryption, bytes: derive::of_password(encryption, password.as_bytes(), salt, rounds) })
    }

    /// Its type.
    pub fn encryption(&self) -> EncryptionType {
        self.encryption
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(crate) fn encrypt(&self, usage: u32, plain: &[u8], entropy: &mut dyn Entropy) -> Vec<u8> {
        self.encrypt_after(entropy.array(), usage, plain)
    }

    fn encrypt_after(&self, confounder: [u8; BLOCK], usage: u32, plain: &[u8]) -> Vec<u8> {
        let (sealing, checking) = (self.derived(usage, SEAL), self.derived(usage, INTEGRITY));
        let mut text = Zeroizing::new(Vec::with_capacity(BLOCK + plain.len()));
        text.extend_from_slice(&confounder);
        text.extend_from_slice(plain);
        let mut sealed = text.to_vec();
        cts::encrypt(&sealing, &mut sealed);
        let mac = match self.checks_ciphertext() {
            true => self.mac(&checking, &[&[0; BLOCK], &sealed]),
            false => self.mac(&checking, &[&text]),
        };
        sealed.extend_from_slice(&mac);
        sealed
    }

    /// The text within; an error if it was encrypted with another key, or changed on its way.
    pub(crate) fn decrypt(&self, usage: u32, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, WrongKey> {
        let cut = sealed.len().checked_sub(self.encryption.mac_bytes()).filter(|cut| *cut >= BLOCK);
        let (sealed, found) = sealed.split_at(cut.ok_or(WrongKey)?);
        let (sealing, checking) = (self.derived(usage, SEAL), self.derived(usage, INTEGRITY));
        if self.checks_ciphertext() {
            same(&self.mac(&checking, &[&[0; BLOCK], sealed]), found)?;
        }
        let mut text = Zeroizing::new(sealed.to_vec());
        cts::decrypt(&sealing, &mut text);
        if !self.checks_ciphertext() {
            same(&self.mac(&checking, &[&text]), found)?;
        }
        text.drain(..BLOCK);
        Ok(text)
    }

    pub(crate) fn checksum(&self, usage: u32, parts: &[&[u8]]) -> Vec<u8> {
        self.mac(&self.derived(usage, CHECKSUM), parts)
    }

    pub(crate) fn verify(&self, usage: u32, parts: &[&[u8]], found: &[u8]) -> Result<(), WrongKey> {
        same(&self.checksum(usage, parts), found)
    }

    fn checks_ciphertext(&self) -> bool {
        matches!(self.encryption, EncryptionType::Aes128Sha256 | EncryptionType::Aes256Sha384)
    }

    fn derived(&self, usage: u32, purpose: u8) -> Zeroizing<Vec<u8>> {
        derive::of_usage(self.encryption, &self.bytes, usage, purpose)
    }

    fn mac(&self, key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
        let mut mac = derive::hmac(self.encryption, key, parts).to_vec();
        mac.truncate(self.encryption.mac_bytes());
        mac
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, ***)", self.encryption)
    }
}

/// What was decrypted or checked was made with another key, or changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WrongKey;

/// Compares in a time that does not depend on where they differ.
fn same(expected: &[u8], found: &[u8]) -> Result<(), WrongKey> {
    if bool::from(expected.ct_eq(found)) { Ok(()) } else { Err(WrongKey) }
}

fn rounds(encryption: EncryptionType, parameters: Option<&[u8]>) -> Result<u32, Error> {
    let Some(parameters) = parameters else {
        return Ok(match encryption {
            EncryptionType::Aes128Sha1 | EncryptionType::Aes256Sha1 => 4096,
            EncryptionType::Aes128Sha256 | EncryptionType::Aes256Sha384 => 32_768,
        });
    };
    let rounds = <[u8; 4]>::try_from(parameters).map(u32::from_be_bytes);
    match rounds {
        Ok(rounds @ PASSWORD_ROUNDS_MIN..=PASSWORD_ROUNDS_MAX) => Ok(rounds),
        Ok(rounds) => Err(Error::new(
            ErrorKind::Unsupported,
            format!(
                "the KDC wants the password's key made of {rounds} rounds, \
                 which is not within {PASSWORD_ROUNDS_MIN} and {PASSWORD_ROUNDS_MAX}"
            ),
        )),
        Err(_) => Err(Error::new(
            ErrorKind::Malformed,
            format!("the KDC's parameters for a password's key have {} bytes, not 4", parameters.len()),
        )),
    }
}

const BLOCK: usize = 16;
const SEAL: u8 = 0xaa;
const INTEGRITY: u8 = 0x55;
const CHECKSUM: u8 = 0x99;
/// What every KDC makes by default for types 17 and 18 (RFC 3962); none asks for less.
const PASSWORD_ROUNDS_MIN: u32 = 4096;
/// Some 0.3 seconds of a core.
const PASSWORD_ROUNDS_MAX: u32 = 1_000_000;

#[cfg(test)]
mod tests;
