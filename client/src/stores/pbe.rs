//! What opens a sealed key or a sealed bag: PBES2 (RFC 8018), and what older tools wrote, PBES1 and PKCS#12's own.

use aes::{Aes128, Aes192, Aes256};
use cbc::cipher::{Block, BlockCipherDecrypt, BlockModeDecrypt, BlockSizeUser, InnerIvInit, KeyInit};
use des::{Des, TdesEde2, TdesEde3};
use pbkdf2::pbkdf2_hmac;
use rc2::Rc2;
use sha1::Sha1;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use super::der::{Der, OCTET_STRING, Oid};
use super::kdf::{Pbes1Digest, Purpose, pbkdf1, pkcs12};

/// How many rounds of hashing a store may still ask for, in all: a hostile one would ask for 2^32.
#[derive(Debug)]
pub(crate) struct Rounds(u64);

impl Rounds {
    pub(crate) fn new(most: u64) -> Self {
        Self(most)
    }

    /// Takes so many, times what is derived by them.
    pub(crate) fn take(&mut self, rounds: u32) -> Result<u32, String> {
        if rounds == 0 {
            return Err("it asks for 0 rounds of hashing".to_owned());
        }
        match self.0.checked_sub(u64::from(rounds)) {
            Some(left) => {
                self.0 = left;
                Ok(rounds)
            }
            None => Err(format!("it asks for {rounds} rounds of hashing, more than are worked off here")),
        }
    }
}

/// Opens what is sealed by `SEQUENCE { algorithm, OCTET STRING }`.
pub(crate) fn open_info(
    info: &[u8],
    password: &str,
    rounds: &mut Rounds,
) -> Result<Zeroizing<Vec<u8>>, String> {
    let mut info = Der::new(info).sequence()?;
    let (scheme, parameters) = info.algorithm()?;
    let sealed = info.octets()?;
    open(scheme, parameters, &sealed, password, rounds)
}

/// Opens what is sealed by this scheme.
pub(crate) fn open(
    scheme: Oid<'_>,
    mut parameters: Der<'_>,
    sealed: &[u8],
    password: &str,
    rounds: &mut Rounds,
) -> Result<Zeroizing<Vec<u8>>, String> {
    if scheme == PBES2 {
        return pbes2(parameters.sequence()?, sealed, password, rounds);
    }
    let Some((_, scheme)) = OLD.iter().find(|(oid, _)| *oid == scheme) else {
        return Err(format!(
            "it is sealed by {scheme}, which is not read here (PBES2 is, and PBES1 with DES, 3DES or RC2)"
        ));
    };
    let mut parameters = parameters.sequence()?;
    let salt = parameters.octets()?;
    let rounds = rounds.take(parameters.small()?)?;
    match scheme {
        Old::Pkcs12(cipher, key_bytes) => {
            let derive = |purpose, bytes| pkcs12::<Sha1>(purpose, password, &salt, rounds, bytes);
            let (key, iv) = (derive(Purpose::Key, *key_bytes), derive(Purpose::Iv, 8));
            cipher.open(&key, &iv, sealed)
        }
        Old::Pbes1(cipher, digest) => {
            let derived = pbkdf1(*digest, password.as_bytes(), &salt, rounds);
            cipher.open(&derived[..8], &derived[8..16], sealed)
        }
    }
}

fn pbes2(
    mut parameters: Der<'_>,
    sealed: &[u8],
    password: &str,
    rounds: &mut Rounds,
) -> Result<Zeroizing<Vec<u8>>, String> {
    let (kdf, kdf_parameters) = parameters.algorithm()?;
    let (oid, mut cipher_parameters) = parameters.algorithm()?;
    let Some((_, cipher, key_bytes)) = CIPHERS.iter().find(|(known, ..)| *known == oid) else {
        return Err(format!(
            "it is sealed by the cipher {oid}, which is not read here (AES-CBC is, and 3DES)"
        ));
    };
    let iv = cipher_parameters.take(OCTET_STRING)?;
    if kdf != PBKDF2 {
        return Err(format!("its key is derived by {kdf}, which is not read here (PBKDF2 is)"));
    }
    let key = pbkdf2_key(kdf_parameters, password, *key_bytes, rounds)?;
    cipher.open(&key, iv, sealed)
}

/// The key that PBKDF2's parameters and a password make.
pub(crate) fn pbkdf2_key(
    mut parameters: Der<'_>,
    password: &str,
    key_bytes: usize,
    rounds: &mut Rounds,
) -> Result<Zeroizing<Vec<u8>>, String> {
    let mut parameters = parameters.sequence()?;
    let salt = parameters.octets()?;
    let asked = parameters.small()?;
    let mut prf = HMAC_SHA1;
    while !parameters.is_empty() {
        let element = parameters.element()?;
        // An integer is the key's length, which the cipher tells already.
        if element.tag == super::der::SEQUENCE {
            prf = Der::new(element.content).oid()?;
        }
    }
    let mut key = Zeroizing::new(vec![0; key_bytes]);
    let password = password.as_bytes();
    let derive: fn(&[u8], &[u8], u32, &mut [u8]) = match prf {
        HMAC_SHA1 => pbkdf2_hmac::<Sha1>,
        HMAC_SHA224 => pbkdf2_hmac::<Sha224>,
        HMAC_SHA256 => pbkdf2_hmac::<Sha256>,
        HMAC_SHA384 => pbkdf2_hmac::<Sha384>,
        HMAC_SHA512 => pbkdf2_hmac::<Sha512>,
        _ => {
            return Err(format!(
                "its key is derived with {prf}, which is not read here (HMAC with SHA-1 and SHA-2 is)"
            ));
        }
    };
    derive(password, &salt, rounds.take(asked)?, &mut key);
    Ok(key)
}

/// A block cipher in CBC.
#[derive(Clone, Copy)]
enum Cipher {
    Aes128,
    Aes192,
    Aes256,
    Des,
    TripleDes,
    TripleDes2,
    /// With so many effective bits.
    Rc2(usize),
}

impl Cipher {
    fn open(self, key: &[u8], iv: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, String> {
        match self {
            Self::Aes128 => cbc_open(Aes128::new_from_slice(key).ok(), iv, sealed),
            Self::Aes192 => cbc_open(Aes192::new_from_slice(key).ok(), iv, sealed),
            Self::Aes256 => cbc_open(Aes256::new_from_slice(key).ok(), iv, sealed),
            Self::Des => cbc_open(Des::new_from_slice(key).ok(), iv, sealed),
            Self::TripleDes => cbc_open(TdesEde3::new_from_slice(key).ok(), iv, sealed),
            Self::TripleDes2 => cbc_open(TdesEde2::new_from_slice(key).ok(), iv, sealed),
            Self::Rc2(bits) => cbc_open(Some(Rc2::new_with_eff_key_len(key, bits)), iv, sealed),
        }
    }
}

/// Decrypts, and takes off the padding, by which a wrong password is found out.
fn cbc_open<C: BlockCipherDecrypt + BlockSizeUser>(
    cipher: Option<C>,
    iv: &[u8],
    sealed: &[u8],
) -> Result<Zeroizing<Vec<u8>>, String> {
    let size = C::block_size();
    let decryptor = cipher.and_then(|cipher| cbc::Decryptor::inner_iv_slice_init(cipher, iv).ok());
    let Some(mut decryptor) = decryptor.filter(|_| !sealed.is_empty() && sealed.len().is_multiple_of(size))
    else {
        return Err("it is sealed with parameters that do not fit its cipher".to_owned());
    };
    let mut open = Zeroizing::new(sealed.to_vec());
    for chunk in open.chunks_exact_mut(size) {
        let Ok(block) = <&mut Block<C>>::try_from(chunk) else { continue };
        decryptor.decrypt_block(block);
    }
    let padding = usize::from(open.last().copied().unwrap_or_default());
    let kept = open.len().checked_sub(padding).filter(|_| (1..=size).contains(&padding));
    match kept.filter(|kept| open[*kept..].iter().all(|byte| usize::from(*byte) == padding)) {
        Some(kept) => {
            open.truncate(kept);
            Ok(open)
        }
        None => Err(WRONG_PASSWORD.to_owned()),
    }
}

pub(crate) const WRONG_PASSWORD: &str = "its password is wrong";

/// What was written before PBES2.
enum Old {
    /// RFC 7292 appendix C: the cipher and the bytes of its key.
    Pkcs12(Cipher, usize),
    /// RFC 8018 section 6.1.
    Pbes1(Cipher, Pbes1Digest),
}

const fn pkcs12_pbe(bytes: &'static [u8; 10]) -> Oid<'static> {
    Oid(bytes)
}

/// 1.2.840.113549.1.12.1.…, 1.2.840.113549.1.5.…
const OLD: [(Oid<'_>, Old); 8] = [
    (pkcs12_pbe(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 1, 3]), Old::Pkcs12(Cipher::TripleDes, 24)),
    (pkcs12_pbe(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 1, 4]), Old::Pkcs12(Cipher::TripleDes2, 16)),
    (pkcs12_pbe(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 1, 5]), Old::Pkcs12(Cipher::Rc2(128), 16)),
    (pkcs12_pbe(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 1, 6]), Old::Pkcs12(Cipher::Rc2(40), 5)),
    (Oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 3]), Old::Pbes1(Cipher::Des, Pbes1Digest::Md5)),
    (Oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 6]), Old::Pbes1(Cipher::Rc2(64), Pbes1Digest::Md5)),
    (Oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 10]), Old::Pbes1(Cipher::Des, Pbes1Digest::Sha1)),
    (Oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 11]), Old::Pbes1(Cipher::Rc2(64), Pbes1Digest::Sha1)),
];
/// 1.2.840.113549.1.5.13
const PBES2: Oid<'_> = Oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 13]);
/// 1.2.840.113549.1.5.12
pub(crate) const PBKDF2: Oid<'_> = Oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 12]);
/// 1.2.840.113549.2.…
pub(crate) const HMAC_SHA1: Oid<'_> = Oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 7]);
pub(crate) const HMAC_SHA224: Oid<'_> = Oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 8]);
pub(crate) const HMAC_SHA256: Oid<'_> = Oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 9]);
pub(crate) const HMAC_SHA384: Oid<'_> = Oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 10]);
pub(crate) const HMAC_SHA512: Oid<'_> = Oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 2, 11]);

/// The ciphers of PBES2, with the bytes of their keys: 2.16.840.1.101.3.4.1.…, 1.2.840.113549.3.7
const CIPHERS: [(Oid<'_>, Cipher, usize); 4] = [
    (Oid(&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 2]), Cipher::Aes128, 16),
    (Oid(&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 22]), Cipher::Aes192, 24),
    (Oid(&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 42]), Cipher::Aes256, 32),
    (Oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 3, 7]), Cipher::TripleDes, 24),
];
