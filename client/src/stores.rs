//! Key stores and trust stores, from bytes to certificates and keys: JKS, PKCS#12 and PEM, told apart by their first
//! bytes. Nothing here reads a file.

use crate::config::StoreType;

pub(crate) mod certificate;
mod der;
mod entry;
mod jks;
mod kdf;
mod keys;
mod pbe;
mod pem;
mod pkcs12;
mod safe;

pub(crate) use entry::{PrivateKey, StoreEntry, Unlock};
pub(crate) use pbe::Rounds;

/// What a store holds.
pub(crate) struct Contents {
    pub(crate) entries: Vec<StoreEntry>,
    /// That the store is of another type than its settings say.
    pub(crate) notice: Option<String>,
}

/// Reads a store. Its first bytes say of which type it is, whatever is declared.
///
/// # Errors
/// The end of a sentence that begins with the store's place. It holds no secret.
pub(crate) fn read(
    bytes: &[u8],
    declared: Option<StoreType>,
    unlock: &Unlock<'_>,
    rounds: &mut Rounds,
) -> Result<Contents, String> {
    if bytes.len() > STORE_BYTES_MAX {
        return Err(format!(
            "it has {} bytes, more than any store: at most {STORE_BYTES_MAX} are read",
            bytes.len()
        ));
    }
    let found = sniff(bytes)?;
    let entries = match found {
        StoreType::Jks => jks::read(bytes, unlock)?,
        StoreType::Pkcs12 => pkcs12::read(bytes, unlock, rounds)?,
        StoreType::Pem => {
            let text = str::from_utf8(bytes).map_err(|_| "it has PEM among bytes that are no text")?;
            keys::read(text, unlock, rounds)?
        }
    };
    let notice = declared.filter(|declared| *declared != found).map(|declared| {
        format!("it is said to be {declared}, but its first bytes say {found}: it is read as {found}")
    });
    Ok(Contents { entries, notice })
}

/// Of which type a store is, by its first bytes.
fn sniff(bytes: &[u8]) -> Result<StoreType, String> {
    match bytes {
        _ if bytes.starts_with(&jks::MAGIC) => Ok(StoreType::Jks),
        _ if bytes.starts_with(&jks::JCEKS_MAGIC) => Err(
            "it is a JCEKS store, which is not read here; keytool -importkeystore -deststoretype PKCS12 makes it one that is"
                .to_owned(),
        ),
        [der::SEQUENCE, ..] => Ok(StoreType::Pkcs12),
        _ if pem::is_pem(bytes) => Ok(StoreType::Pem),
        [] => Err("it is empty".to_owned()),
        _ => Err("it is no store: neither JKS nor PKCS12 nor PEM".to_owned()),
    }
}

/// Revocation lists in PEM, in DER.
pub(crate) fn revocation_lists(bytes: &[u8]) -> Result<Vec<Vec<u8>>, String> {
    let text = str::from_utf8(bytes).map_err(|_| "it is no PEM")?;
    let lists = pem::blocks(text)?.into_iter().filter(|block| block.label == "X509 CRL");
    let lists: Vec<_> = lists.map(|block| block.der.to_vec()).collect();
    match lists.is_empty() {
        true => Err("it has no block 'X509 CRL'".to_owned()),
        false => Ok(lists),
    }
}

/// The JDK's own store has 200 KB.
pub(crate) const STORE_BYTES_MAX: usize = 4 << 20;
/// Java's own bound for one key (`MAX_ITERATION_COUNT`), here for a whole store.
pub(crate) const ROUNDS_MAX: u64 = 5_000_000;

#[cfg(test)]
mod tests;
