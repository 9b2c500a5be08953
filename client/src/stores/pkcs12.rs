//! PKCS#12 (RFC 7292): the bags of a file, and what they come to.

use hmac::{EagerHash, Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha1::digest::Digest;
use sha2::{Sha224, Sha256, Sha384, Sha512};
use zeroize::Zeroizing;

use super::der::{self, CONTEXT_0, Der, INTEGER, Oid, SEQUENCE, SET};
use super::entry::{PrivateKey, StoreEntry, Unlock, cannot_open};
use super::kdf::{Purpose, pkcs12};
use super::pbe::{self, Rounds};
use super::safe::{CertBag, KeyBag, Safe};

/// Reads every entry. Without a password the MAC is not checked, as in Java.
pub(crate) fn read(file: &[u8], unlock: &Unlock<'_>, rounds: &mut Rounds) -> Result<Vec<StoreEntry>, String> {
    let file = der::definite(file)?;
    let mut pfx = Der::new(&file).sequence()?;
    if !pfx.begins_with(INTEGER) {
        return Err(NO_STORE.to_owned());
    }
    let version = pfx.small()?;
    if version != 3 {
        return Err(format!("its PKCS12 version is {version}, where 3 is known"));
    }
    let mut content = pfx.sequence()?;
    if content.oid()? != DATA {
        return Err("it is signed, where only sealing by a password is read".to_owned());
    }
    let authenticated = Der::new(content.take(CONTEXT_0)?).octets()?;
    if let (Some(mac), Some(password)) = (pfx.optional(SEQUENCE)?, unlock.store) {
        check_mac(Der::new(mac), &authenticated, password, rounds)?;
    }
    let authenticated = der::definite(&authenticated)?;
    let mut parts = Der::new(&authenticated).sequence()?;
    let mut safe = Safe::default();
    while !parts.is_empty() {
        let bags = open_part(parts.sequence()?, unlock, rounds)?;
        let bags = der::definite(&bags)?;
        read_bags(Der::new(&bags).sequence()?, unlock, rounds, &mut safe, 0)?;
    }
    Ok(safe.entries())
}

/// The bags of one part, opened where it is sealed.
fn open_part(
    mut part: Der<'_>,
    unlock: &Unlock<'_>,
    rounds: &mut Rounds,
) -> Result<Zeroizing<Vec<u8>>, String> {
    let kind = part.oid()?;
    let mut content = Der::new(part.take(CONTEXT_0)?);
    if kind == DATA {
        return content.octets().map(Zeroizing::new);
    }
    if kind != ENCRYPTED_DATA {
        return Err(
            "a part of it is sealed for a public key, where only sealing by a password is read".to_owned()
        );
    }
    let mut data = content.sequence()?;
    data.take(INTEGER)?;
    let mut info = data.sequence()?;
    info.oid()?;
    let (scheme, parameters) = info.algorithm()?;
    let sealed = der::pieces(&info.element()?, CONTEXT_0_PRIMITIVE, 0)?;
    let password = unlock.store.ok_or("its certificates are sealed, and no password is given")?;
    pbe::open(scheme, parameters, &sealed, password, rounds)
}

fn read_bags(
    mut bags: Der<'_>,
    unlock: &Unlock<'_>,
    rounds: &mut Rounds,
    safe: &mut Safe,
    depth: usize,
) -> Result<(), String> {
    while !bags.is_empty() {
        let mut bag = bags.sequence()?;
        let kind = bag.oid()?;
        let value = bag.take(CONTEXT_0)?;
        let named = Named::read(bag.optional(SET)?)?;
        match kind {
            KEY_BAG => {
                let key = Some(PrivateKey::Pkcs8(Zeroizing::new(value.to_vec())));
                safe.keys.push(KeyBag { key, id: named.id, name: named.name });
            }
            SHROUDED_KEY_BAG => {
                let alias = named.name.clone().unwrap_or_default();
                let open = |password| {
                    pbe::open_info(value, password, rounds).map_err(|why| cannot_open(&alias, &why))
                };
                let key = unlock.key.map(open).transpose()?.map(PrivateKey::Pkcs8);
                safe.keys.push(KeyBag { key, id: named.id, name: named.name });
            }
            CERT_BAG => {
                let mut bag = Der::new(value).sequence()?;
                if bag.oid()? == X509_CERTIFICATE {
                    let der = Der::new(bag.take(CONTEXT_0)?).octets()?;
                    safe.certificates.push(CertBag {
                        der,
                        id: named.id,
                        name: named.name,
                        trusted: named.trusted,
                    });
                }
            }
            SAFE_CONTENTS_BAG if depth < DEPTH_MAX => {
                read_bags(Der::new(value).sequence()?, unlock, rounds, safe, depth + 1)?;
            }
            SAFE_CONTENTS_BAG => return Err("its bags nest too deep".to_owned()),
            // Revocation lists and secrets are nobody's identity.
            _ => {}
        }
        safe.check_size()?;
    }
    Ok(())
}

/// What a bag says of itself.
#[derive(Default)]
struct Named {
    id: Option<Vec<u8>>,
    name: Option<String>,
    /// Java's mark of a certificate that is trusted.
    trusted: bool,
}

impl Named {
    fn read(attributes: Option<&[u8]>) -> Result<Self, String> {
        let (mut named, mut attributes) = (Self::default(), Der::new(attributes.unwrap_or_default()));
        while !attributes.is_empty() {
            let mut attribute = attributes.sequence()?;
            let kind = attribute.oid()?;
            let mut values = Der::new(attribute.take(SET)?);
            match kind {
                LOCAL_KEY_ID => named.id = Some(values.octets()?),
                FRIENDLY_NAME => named.name = Some(utf16(values.element()?.content)),
                TRUSTED_KEY_USAGE => named.trusted = true,
                _ => {}
            }
        }
        Ok(named)
    }
}

fn utf16(bytes: &[u8]) -> String {
    let units = bytes.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    char::decode_utf16(units).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

/// MacData: what says that password and file belong together.
fn check_mac(mut mac: Der<'_>, content: &[u8], password: &str, rounds: &mut Rounds) -> Result<(), String> {
    let mut digest_info = mac.sequence()?;
    let (digest, parameters) = digest_info.algorithm()?;
    let expected = digest_info.octets()?;
    if digest == PBMAC1 {
        return check_pbmac1(parameters, content, &expected, password, rounds);
    }
    let salt = mac.octets()?;
    let asked = if mac.is_empty() { 1 } else { mac.small()? };
    let check: MacCheck = match digest {
        SHA1 => mac_holds::<Sha1>,
        SHA224 => mac_holds::<Sha224>,
        SHA256 => mac_holds::<Sha256>,
        SHA384 => mac_holds::<Sha384>,
        SHA512 => mac_holds::<Sha512>,
        _ => return Err(format!("its MAC is by {digest}, which is not read here (SHA-1 and SHA-2 are)")),
    };
    match check(password, &salt, rounds.take(asked)?, content, &expected) {
        true => Ok(()),
        false => Err(WRONG.to_owned()),
    }
}

type MacCheck = fn(&str, &[u8], u32, &[u8], &[u8]) -> bool;

fn mac_holds<D: Digest + EagerHash>(
    password: &str,
    salt: &[u8],
    rounds: u32,
    content: &[u8],
    expected: &[u8],
) -> bool {
    let bytes = <D as Digest>::output_size();
    let key = pkcs12::<D>(Purpose::Mac, password, salt, rounds, bytes);
    hmac_holds::<D>(&key, content, expected)
}

fn hmac_holds<D: EagerHash>(key: &[u8], content: &[u8], expected: &[u8]) -> bool {
    // A key of any length will do.
    Hmac::<D>::new_from_slice(key).is_ok_and(|mac| mac.chain_update(content).verify_slice(expected).is_ok())
}

/// RFC 9579, which later tools write.
fn check_pbmac1(
    mut parameters: Der<'_>,
    content: &[u8],
    expected: &[u8],
    password: &str,
    rounds: &mut Rounds,
) -> Result<(), String> {
    let mut parameters = parameters.sequence()?;
    let (kdf, kdf_parameters) = parameters.algorithm()?;
    let (mac, _) = parameters.algorithm()?;
    if kdf != pbe::PBKDF2 {
        return Err(format!("the key of its MAC is derived by {kdf}, which is not read here (PBKDF2 is)"));
    }
    let mut key = |bytes| pbe::pbkdf2_key(kdf_parameters, password, bytes, rounds);
    let holds = match mac {
        pbe::HMAC_SHA1 => hmac_holds::<Sha1>(&key(20)?, content, expected),
        pbe::HMAC_SHA256 => hmac_holds::<Sha256>(&key(32)?, content, expected),
        pbe::HMAC_SHA384 => hmac_holds::<Sha384>(&key(48)?, content, expected),
        pbe::HMAC_SHA512 => hmac_holds::<Sha512>(&key(64)?, content, expected),
        _ => {
            return Err(format!(
                "its MAC is by {mac}, which is not read here (HMAC with SHA-1 and SHA-2 is)"
            ));
        }
    };
    if holds { Ok(()) } else { Err(WRONG.to_owned()) }
}

const NO_STORE: &str = "it is DER, but no PKCS12 store: a single certificate or key has to be PEM \
    (openssl x509 -inform DER -in OLD -out NEW makes it so)";
const WRONG: &str = "the password is wrong, or the file was changed";

/// How deep bags may nest.
const DEPTH_MAX: usize = 4;

/// `[0]`, primitive.
const CONTEXT_0_PRIMITIVE: u8 = 0x80;

/// 1.2.840.113549.1.7.…
const DATA: Oid<'_> = Oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1]);
const ENCRYPTED_DATA: Oid<'_> = Oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 6]);
/// 1.2.840.113549.1.12.10.1.…
const KEY_BAG: Oid<'_> = Oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1, 1]);
const SHROUDED_KEY_BAG: Oid<'_> = Oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1, 2]);
const CERT_BAG: Oid<'_> = Oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1, 3]);
const SAFE_CONTENTS_BAG: Oid<'_> = Oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 12, 10, 1, 6]);
/// 1.2.840.113549.1.9.…
const FRIENDLY_NAME: Oid<'_> = Oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 20]);
const LOCAL_KEY_ID: Oid<'_> = Oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 21]);
const X509_CERTIFICATE: Oid<'_> = Oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 22, 1]);
/// 2.16.840.1.113894.746875.1.1, Oracle's.
const TRUSTED_KEY_USAGE: Oid<'_> = Oid(&[0x60, 0x86, 0x48, 1, 0x86, 0xf9, 0x66, 0xad, 0xca, 0x7b, 1, 1]);
/// 1.3.14.3.2.26, 2.16.840.1.101.3.4.2.…
const SHA1: Oid<'_> = Oid(&[0x2b, 14, 3, 2, 26]);
const SHA256: Oid<'_> = Oid(&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 1]);
const SHA384: Oid<'_> = Oid(&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 2]);
const SHA512: Oid<'_> = Oid(&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 3]);
const SHA224: Oid<'_> = Oid(&[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, 4]);
/// 1.2.840.113549.1.5.14
const PBMAC1: Oid<'_> = Oid(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 14]);
