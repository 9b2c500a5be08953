//! Keys from keys, and keys from passwords.

use hmac::{Hmac, KeyInit, Mac};
use pbkdf2::pbkdf2_hmac;
use sha1::Sha1;
use sha2::{Sha256, Sha384};
use zeroize::Zeroizing;

use super::cts::Aes;
use super::{BLOCK, EncryptionType, SEAL};

/// The key for a usage (RFC 4120, 7.5.1) and a purpose: sealing, integrity or checksums.
pub(super) fn of_usage(
    encryption: EncryptionType,
    key: &[u8],
    usage: u32,
    purpose: u8,
) -> Zeroizing<Vec<u8>> {
    let [a, b, c, d] = usage.to_be_bytes();
    let label = [a, b, c, d, purpose];
    match encryption {
        EncryptionType::Aes128Sha1 | EncryptionType::Aes256Sha1 => aes_chain(key, &label),
        EncryptionType::Aes128Sha256 | EncryptionType::Aes256Sha384 if purpose == SEAL => {
            kdf(encryption, key, &label, key.len())
        }
        EncryptionType::Aes128Sha256 | EncryptionType::Aes256Sha384 => {
            kdf(encryption, key, &label, encryption.mac_bytes())
        }
    }
}

pub(super) fn of_password(
    encryption: EncryptionType,
    password: &[u8],
    salt: &[u8],
    rounds: u32,
) -> Zeroizing<Vec<u8>> {
    let mut first = Zeroizing::new(vec![0; encryption.key_bytes()]);
    // RFC 8009 salts with the type's name too.
    let named = [encryption.name().as_bytes(), &[0], salt].concat();
    match encryption {
        EncryptionType::Aes128Sha1 | EncryptionType::Aes256Sha1 => {
            pbkdf2_hmac::<Sha1>(password, salt, rounds, &mut first);
            return aes_chain(&first, KERBEROS);
        }
        EncryptionType::Aes128Sha256 => pbkdf2_hmac::<Sha256>(password, &named, rounds, &mut first),
        EncryptionType::Aes256Sha384 => pbkdf2_hmac::<Sha384>(password, &named, rounds, &mut first),
    }
    kdf(encryption, &first, KERBEROS, first.len())
}

/// The type's HMAC whole.
pub(super) fn hmac(encryption: EncryptionType, key: &[u8], parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    match encryption {
        EncryptionType::Aes128Sha1 | EncryptionType::Aes256Sha1 => hmac_by::<Hmac<Sha1>>(key, parts),
        EncryptionType::Aes128Sha256 => hmac_by::<Hmac<Sha256>>(key, parts),
        EncryptionType::Aes256Sha384 => hmac_by::<Hmac<Sha384>>(key, parts),
    }
}

fn hmac_by<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("an HMAC takes keys of any length");
    parts.iter().for_each(|part| mac.update(part));
    Zeroizing::new(mac.finalize().into_bytes().to_vec())
}

/// KDF-HMAC-SHA2 (RFC 8009, section 3); what is wanted is never longer than one HMAC.
fn kdf(encryption: EncryptionType, key: &[u8], label: &[u8], bytes: usize) -> Zeroizing<Vec<u8>> {
    let bits = u32::try_from(bytes * 8).unwrap_or(u32::MAX).to_be_bytes();
    let mut derived = hmac(encryption, key, &[&1u32.to_be_bytes(), label, &[0], &bits]);
    derived.truncate(bytes);
    derived
}

/// DK (RFC 3961, 5.1): the folded constant encrypted again and again, as long as the key.
fn aes_chain(key: &[u8], constant: &[u8]) -> Zeroizing<Vec<u8>> {
    let (aes, mut block) = (Aes::new(key), fold(constant));
    let mut derived = Zeroizing::new(Vec::with_capacity(key.len() + BLOCK));
    while derived.len() < key.len() {
        block = aes.encrypt(block);
        derived.extend_from_slice(&block);
    }
    derived.truncate(key.len());
    derived
}

/// 128-fold (RFC 3961, 5.1): copies of the input, each rotated right by 13 bits more than the one before, are cut into
/// blocks, and these added up with the carry taken around.
pub(super) fn fold(input: &[u8]) -> [u8; BLOCK] {
    let bits = input.len() * 8;
    let length = least_common_multiple(input.len(), BLOCK);
    let mut sums = [0u32; BLOCK];
    for at in 0..length {
        let (copy, within) = (at / input.len(), at % input.len());
        // The bit where this byte begins in the copy that is not rotated.
        let begins = (within * 8 + bits * 13 - copy * 13 % bits) % bits;
        let (first, shift) = (begins / 8, begins % 8);
        let pair = u16::from_be_bytes([input[first], input[(first + 1) % input.len()]]);
        sums[at % BLOCK] += u32::from(pair << shift >> 8);
    }
    let mut folded = [0; BLOCK];
    let mut carry = 0;
    // Twice around: what is carried out of the first byte goes into the last.
    for round in 0..2 {
        for at in (0..BLOCK).rev() {
            let sum = carry + if round == 0 { sums[at] } else { u32::from(folded[at]) };
            let [.., low] = sum.to_be_bytes();
            (folded[at], carry) = (low, sum >> 8);
        }
    }
    folded
}

fn least_common_multiple(a: usize, b: usize) -> usize {
    (1..=b).map(|times| times * a).find(|it| it.is_multiple_of(b)).unwrap_or(a * b)
}

const KERBEROS: &[u8] = b"kerberos";
