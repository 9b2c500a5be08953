//! PEM stores: keys with their chains, certificates to be trusted.

use zeroize::Zeroizing;

use super::entry::{PrivateKey, StoreEntry, Unlock, cannot_open};
use super::pbe::{self, Rounds};
use super::pem::{self, Block};
use super::safe::{CertBag, KeyBag, Safe};

/// Reads every key and every certificate of a text. In a text with a key its certificates are the key's chain.
pub(crate) fn read(text: &str, unlock: &Unlock<'_>, rounds: &mut Rounds) -> Result<Vec<StoreEntry>, String> {
    let mut safe = Safe::default();
    for Block { label, der } in pem::blocks(text)? {
        let key = match &*label {
            "CERTIFICATE" | "X509 CERTIFICATE" => {
                safe.certificates.push(CertBag { der: der.to_vec(), id: None, name: None, trusted: false });
                continue;
            }
            "ENCRYPTED PRIVATE KEY" => {
                unlock.key.map(|password| opened(&der, password, rounds)).transpose()?
            }
            "PRIVATE KEY" => Some(PrivateKey::Pkcs8(der)),
            "RSA PRIVATE KEY" => Some(PrivateKey::Pkcs1(der)),
            "EC PRIVATE KEY" => Some(PrivateKey::Sec1(der)),
            // Parameters of curves, requests, revocation lists.
            _ => continue,
        };
        safe.keys.push(KeyBag { key, id: None, name: None });
    }
    safe.check_size()?;
    Ok(safe.entries())
}

fn opened(der: &[u8], password: &str, rounds: &mut Rounds) -> Result<PrivateKey, String> {
    let key: Zeroizing<Vec<u8>> =
        pbe::open_info(der, password, rounds).map_err(|why| cannot_open("ENCRYPTED PRIVATE KEY", &why))?;
    Ok(PrivateKey::Pkcs8(key))
}
