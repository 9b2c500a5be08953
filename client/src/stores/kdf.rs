//! How older schemes make keys of passwords: PBKDF1 (RFC 8018), and PKCS#12's own (RFC 7292, appendix B).

use md5::Md5;
use sha1::Sha1;
use sha1::digest::{Digest, Output};
use zeroize::Zeroizing;

/// What PKCS#12 derives bytes for.
#[derive(Clone, Copy)]
pub(crate) enum Purpose {
    Key = 1,
    Iv = 2,
    Mac = 3,
}

/// What PBES1 hashes with.
#[derive(Clone, Copy)]
pub(crate) enum Pbes1Digest {
    Md5,
    Sha1,
}

/// RFC 7292, B.2.
pub(crate) fn pkcs12<D: Digest>(
    purpose: Purpose,
    password: &str,
    salt: &[u8],
    rounds: u32,
    bytes: usize,
) -> Zeroizing<Vec<u8>> {
    let block = block_bytes::<D>();
    let password = bmp(password);
    let mut input = Zeroizing::new(repeated(salt, block));
    input.extend(repeated(&password, block));
    let diversifier = vec![purpose as u8; block];
    let mut derived = Zeroizing::new(Vec::with_capacity(bytes + block));
    while derived.len() < bytes {
        let mut hash = D::new().chain_update(&diversifier).chain_update(&*input).finalize();
        for _ in 1..rounds {
            hash = D::digest(&hash);
        }
        derived.extend_from_slice(&hash);
        add_one_and(&hash, &mut input, block);
    }
    derived.truncate(bytes);
    derived
}

/// The 16 bytes of which PBES1 takes a key and an IV.
pub(crate) fn pbkdf1(digest: Pbes1Digest, password: &[u8], salt: &[u8], rounds: u32) -> Zeroizing<Vec<u8>> {
    match digest {
        Pbes1Digest::Md5 => pbkdf1_by::<Md5>(password, salt, rounds),
        Pbes1Digest::Sha1 => pbkdf1_by::<Sha1>(password, salt, rounds),
    }
}

fn pbkdf1_by<D: Digest>(password: &[u8], salt: &[u8], rounds: u32) -> Zeroizing<Vec<u8>> {
    let mut hash: Output<D> = D::new().chain_update(password).chain_update(salt).finalize();
    for _ in 1..rounds {
        hash = D::digest(&hash);
    }
    Zeroizing::new(hash[..16].to_vec())
}

/// A password as PKCS#12 wants it: UTF-16, with a zero at its end.
fn bmp(password: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(password.encode_utf16().chain([0]).flat_map(u16::to_be_bytes).collect())
}

/// Over and over, until whole blocks are full; nothing stays nothing.
fn repeated(bytes: &[u8], block: usize) -> Vec<u8> {
    bytes.iter().copied().cycle().take(bytes.len().div_ceil(block) * block).collect()
}

/// To each block of the input the hash, over and over, is added, and one.
fn add_one_and(hash: &[u8], input: &mut [u8], block: usize) {
    for chunk in input.chunks_mut(block) {
        let mut carry = 1_u16;
        for (at, byte) in chunk.iter_mut().enumerate().rev() {
            carry += u16::from(*byte) + u16::from(hash[at % hash.len()]);
            *byte = (carry & 0xff) as u8;
            carry >>= 8;
        }
    }
}

/// How many bytes the hash takes at a time.
fn block_bytes<D: Digest>() -> usize {
    if <D as Digest>::output_size() > 32 { 128 } else { 64 }
}
