//! AES in CBC mode with ciphertext stealing and a zero initial vector (RFC 3962, section 5): CBC-CS3.

use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use aes::{Aes128, Aes256, Block};

use super::BLOCK;

/// Encrypts a text of at least a block in place.
pub(super) fn encrypt(key: &[u8], text: &mut [u8]) {
    let cipher = Aes::new(key);
    let mut previous = [0; BLOCK];
    let full = text.len() - last_bytes(text.len());
    for block in text[..full].chunks_exact_mut(BLOCK) {
        previous = cipher.encrypt(xor(block, &previous));
        block.copy_from_slice(&previous);
    }
    if full == 0 {
        let sealed = cipher.encrypt(xor(text, &previous));
        return text.copy_from_slice(&sealed);
    }
    // The last block, filled up with zeros, goes before the one whose end it steals.
    let sealed = cipher.encrypt(xor(&text[full..], &previous));
    let rest = text.len() - full;
    text[full..].copy_from_slice(&previous[..rest]);
    text[full - BLOCK..full].copy_from_slice(&sealed);
}

/// Decrypts in place what [`encrypt`] made.
pub(super) fn decrypt(key: &[u8], text: &mut [u8]) {
    let cipher = Aes::new(key);
    let mut previous = [0; BLOCK];
    let full = text.len() - last_bytes(text.len());
    let plain_chain = full.saturating_sub(BLOCK);
    for block in text[..plain_chain].chunks_exact_mut(BLOCK) {
        let sealed = array(block);
        block.copy_from_slice(&xor(&cipher.decrypt(sealed), &previous));
        previous = sealed;
    }
    if full == 0 {
        let opened = cipher.decrypt(array(text));
        return text.copy_from_slice(&opened);
    }
    let rest = text.len() - full;
    let opened = cipher.decrypt(array(&text[plain_chain..full]));
    // What the last block stole is still in it.
    let mut stolen = opened;
    stolen[..rest].copy_from_slice(&text[full..]);
    let last = xor(&opened, &stolen);
    text[full..].copy_from_slice(&last[..rest]);
    let before = xor(&cipher.decrypt(stolen), &previous);
    text[plain_chain..full].copy_from_slice(&before);
}

/// AES with a key of either size.
pub(super) enum Aes {
    Of128(Aes128),
    Of256(Aes256),
}

impl Aes {
    /// The key has 16 or 32 bytes, as its type says.
    pub(super) fn new(key: &[u8]) -> Self {
        match <[u8; 16]>::try_from(key) {
            Ok(key) => Self::Of128(Aes128::new(&key.into())),
            Err(_) => {
                let mut whole = [0; 32];
                whole[..key.len().min(32)].copy_from_slice(&key[..key.len().min(32)]);
                Self::Of256(Aes256::new(&whole.into()))
            }
        }
    }

    pub(super) fn encrypt(&self, block: [u8; BLOCK]) -> [u8; BLOCK] {
        let mut block = Block::from(block);
        match self {
            Self::Of128(aes) => aes.encrypt_block(&mut block),
            Self::Of256(aes) => aes.encrypt_block(&mut block),
        }
        block.into()
    }

    fn decrypt(&self, block: [u8; BLOCK]) -> [u8; BLOCK] {
        let mut block = Block::from(block);
        match self {
            Self::Of128(aes) => aes.decrypt_block(&mut block),
            Self::Of256(aes) => aes.decrypt_block(&mut block),
        }
        block.into()
    }
}

/// Of the last block, which is never empty.
fn last_bytes(length: usize) -> usize {
    match length % BLOCK {
        0 => BLOCK.min(length),
        rest => rest,
    }
}

/// At most a block, filled up with zeros.
fn array(bytes: &[u8]) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    block[..bytes.len()].copy_from_slice(bytes);
    block
}

fn xor(bytes: &[u8], with: &[u8; BLOCK]) -> [u8; BLOCK] {
    let mut block = array(bytes);
    block.iter_mut().zip(with).for_each(|(to, from)| *to ^= from);
    block
}
