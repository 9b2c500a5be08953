//! Java's own key stores (JKS, magic 0xFEEDFEED, versions 1 and 2), read by hand.

use sha1::{Digest, Sha1};
use zeroize::Zeroizing;

use super::der::{Der, Oid};
use super::entry::{PrivateKey, StoreEntry, Unlock, cannot_open};

/// What a file of this kind begins with.
pub(crate) const MAGIC: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];
/// Java's later own kind, which keytool made on demand and nothing reads but Java.
pub(crate) const JCEKS_MAGIC: [u8; 4] = [0xce, 0xce, 0xce, 0xce];

/// Reads every entry. Without a password the digest is not checked, as in Java.
pub(crate) fn read(file: &[u8], unlock: &Unlock<'_>) -> Result<Vec<StoreEntry>, String> {
    let (body, digest) = file.split_last_chunk::<20>().ok_or(SHORT)?;
    let mut left = Cursor(body);
    if left.array()? != MAGIC {
        return Err("it is no JKS file".to_owned());
    }
    if let Some(password) = unlock.store {
        let password = utf16(password);
        if sha1(&[&password, b"Mighty Aphrodite", body]) != *digest {
            return Err("the password is wrong, or the file was changed".to_owned());
        }
    }
    let version = left.u32()?;
    if version != 1 && version != 2 {
        return Err(format!("its JKS version is {version}, where 1 and 2 are known"));
    }
    let mut entries = Vec::new();
    for _ in 0..left.u32()? {
        entries.push(entry(&mut left, version, unlock)?);
    }
    Ok(entries)
}

fn entry(left: &mut Cursor<'_>, version: u32, unlock: &Unlock<'_>) -> Result<StoreEntry, String> {
    let tag = left.u32()?;
    let alias = left.text()?;
    left.take(8)?; // When it was made.
    match tag {
        1 => {
            let sealed = left.blob()?;
            let mut certificates = Vec::new();
            for _ in 0..left.u32()? {
                certificates.push(certificate(left, version)?);
            }
            let key = match unlock.key {
                Some(password) => Some(PrivateKey::Pkcs8(
                    unseal(sealed, password).map_err(|why| cannot_open(&alias, &why))?,
                )),
                None => None,
            };
            Ok(StoreEntry::Key { alias, key, chain: certificates })
        }
        2 => Ok(StoreEntry::Trusted { alias, certificate: certificate(left, version)? }),
        _ => Err(format!("it has an entry of kind {tag}, which JKS does not have")),
    }
}

fn certificate(left: &mut Cursor<'_>, version: u32) -> Result<Vec<u8>, String> {
    if version == 2 {
        left.text()?; // "X.509"
    }
    Ok(left.blob()?.to_vec())
}

/// EncryptedPrivateKeyInfo { 1.3.6.1.4.1.42.2.17.1.1, salt(20) | key xor stream | sha1(password | key) }, where each
/// block of the stream is sha1(password | previous block) and the first previous block is the salt.
fn unseal(der: &[u8], password: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    let mut info = Der::new(der).sequence()?;
    let (protector, _) = info.algorithm()?;
    if protector != SUN_KEY_PROTECTOR {
        return Err(format!("it is sealed by {protector}, which is unknown in a JKS file"));
    }
    let sealed = info.octets()?;
    let (salt, rest) = sealed.split_first_chunk::<20>().ok_or(SHORT)?;
    let (cipher, digest) = rest.split_last_chunk::<20>().ok_or(SHORT)?;
    let password = utf16(password);
    let (mut block, mut key) = (*salt, Zeroizing::new(Vec::with_capacity(cipher.len())));
    for chunk in cipher.chunks(20) {
        block = sha1(&[&password, &block]);
        key.extend(chunk.iter().zip(block).map(|(sealed, stream)| sealed ^ stream));
    }
    match sha1(&[&password, &key]) == *digest {
        true => Ok(key),
        false => Err("its password is wrong".to_owned()),
    }
}

/// 1.3.6.1.4.1.42.2.17.1.1
const SUN_KEY_PROTECTOR: Oid<'_> = Oid(&[0x2b, 6, 1, 4, 1, 0x2a, 2, 0x11, 1, 1]);
const SHORT: &str = "the JKS file ends early";

fn utf16(password: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(password.encode_utf16().flat_map(u16::to_be_bytes).collect())
}

fn sha1(parts: &[&[u8]]) -> [u8; 20] {
    let mut hash = Sha1::new();
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into()
}

/// What is left of the file.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, bytes: usize) -> Result<&'a [u8], String> {
        let (taken, rest) = self.0.split_at_checked(bytes).ok_or(SHORT)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let (taken, rest) = self.0.split_first_chunk::<N>().ok_or(SHORT)?;
        self.0 = rest;
        Ok(*taken)
    }

    fn u32(&mut self) -> Result<u32, String> {
        self.array().map(u32::from_be_bytes)
    }

    fn text(&mut self) -> Result<String, String> {
        let bytes = self.array().map(u16::from_be_bytes)?;
        Ok(String::from_utf8_lossy(self.take(bytes.into())?).into_owned())
    }

    fn blob(&mut self) -> Result<&'a [u8], String> {
        let bytes = self.u32()?;
        self.take(usize::try_from(bytes).map_err(|_| SHORT)?)
    }
}
