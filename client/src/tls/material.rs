//! What the files and texts of the settings hold: whom to trust, who the client is, what is revoked.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::trust::Trust;
use crate::config::{Store, StoreSource, TlsConfig};
use crate::stores::{self, Contents, PrivateKey, Rounds, StoreEntry, Unlock};
use crate::{Error, ErrorKind, Secret};

/// Everything that was read, and of what.
pub(crate) struct Material {
    pub(crate) trust: Trust,
    pub(crate) identities: Vec<Identity>,
    pub(crate) revocation_lists: Vec<Vec<u8>>,
    files: Vec<ReadFile>,
}

/// A key of the client, with its chain.
pub(crate) struct Identity {
    pub(crate) alias: String,
    pub(crate) key: PrivateKey,
    pub(crate) chain: Vec<Vec<u8>>,
    /// Where it was read, for sentences.
    pub(crate) place: String,
}

/// A file, and what it held.
struct ReadFile {
    path: PathBuf,
    digest: [u8; 32],
}

impl Material {
    /// Reads all that the settings name.
    pub(crate) fn read(config: &TlsConfig) -> Result<Self, Error> {
        let mut files = Vec::new();
        let trust = match &config.truststore {
            Some(store) => truststore(store, &mut files)?,
            None => Trust::of_the_system(),
        };
        let identities = match &config.keystore {
            Some(store) => keystore(store, config.key_password.as_ref(), &mut files)?,
            None => Vec::new(),
        };
        let revocation_lists = match &config.crl_location {
            Some(path) => {
                let place = format!("ssl.crl.location '{}'", path.display());
                let bytes = read_file(path, &place, &mut files)?;
                stores::revocation_lists(&bytes).map_err(|why| unusable(&place, &why))?
            }
            None => Vec::new(),
        };
        Ok(Self { trust, identities, revocation_lists, files })
    }

    /// Whether anything of it may change.
    pub(crate) fn has_files(&self) -> bool {
        !self.files.is_empty()
    }

    /// Whether the files hold what they held.
    pub(crate) fn is_current(&self) -> bool {
        self.files.iter().all(|file| {
            let bytes = fs::read(&file.path).map(Zeroizing::new);
            bytes.is_ok_and(|bytes| <[u8; 32]>::from(Sha256::digest(&*bytes)) == file.digest)
        })
    }
}

impl fmt::Display for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: Vec<_> = self.files.iter().map(|file| file.path.display().to_string()).collect();
        f.write_str(&files.join(", "))
    }
}

fn truststore(store: &Store, files: &mut Vec<ReadFile>) -> Result<Trust, Error> {
    let place = place(store, "ssl.truststore", "certificates");
    let unlock = Unlock { store: store.password.as_ref().map(Secret::reveal), key: None };
    let contents = open(store, &unlock, &place, files)?;
    let authorities = contents.entries.into_iter().filter_map(|entry| match entry {
        StoreEntry::Trusted { alias, certificate } => Some((alias, certificate)),
        // As in Java, whoever keeps a key in a trust store trusts its certificate.
        StoreEntry::Key { alias, chain, .. } => chain.into_iter().next().map(|it| (alias, it)),
    });
    Trust::of(authorities.collect(), place.clone()).map_err(|why| unusable(&place, &why))
}

fn keystore(
    store: &Store,
    key_password: Option<&Secret>,
    files: &mut Vec<ReadFile>,
) -> Result<Vec<Identity>, Error> {
    let place = place(store, "ssl.keystore", "key");
    let password = store.password.as_ref();
    let unlock =
        Unlock { store: password.map(Secret::reveal), key: key_password.or(password).map(Secret::reveal) };
    let contents = open(store, &unlock, &place, files)?;
    let mut identities = Vec::new();
    for entry in contents.entries {
        let StoreEntry::Key { alias, key, chain } = entry else { continue };
        let Some(key) = key else {
            let sentence = format!(
                "the key '{alias}' is sealed, and neither ssl.key.password nor ssl.keystore.password is given"
            );
            return Err(unusable(&place, &sentence));
        };
        if chain.is_empty() {
            return Err(unusable(&place, &format!("the key '{alias}' has no certificate")));
        }
        identities.push(Identity { alias, key, chain, place: place.clone() });
    }
    match identities.is_empty() {
        true => {
            Err(unusable(&place, "it holds no private key, so that it proves nothing; is it a trust store?"))
        }
        false => Ok(identities),
    }
}

fn open(
    store: &Store,
    unlock: &Unlock<'_>,
    place: &str,
    files: &mut Vec<ReadFile>,
) -> Result<Contents, Error> {
    let bytes = match &store.source {
        StoreSource::File(path) => read_file(path, place, files)?,
        StoreSource::Inline(text) => Zeroizing::new(text.reveal().as_bytes().to_vec()),
    };
    let contents = stores::read(&bytes, store.store_type, unlock, &mut Rounds::new(stores::ROUNDS_MAX))
        .map_err(|why| unusable(place, &why))?;
    if let Some(notice) = &contents.notice {
        tracing::warn!("{place}: {notice}");
    }
    Ok(contents)
}

fn read_file(path: &Path, place: &str, files: &mut Vec<ReadFile>) -> Result<Zeroizing<Vec<u8>>, Error> {
    let bytes = fs::read(path).map(Zeroizing::new).map_err(|error| {
        Error::new(ErrorKind::Config, format!("{place} cannot be read: {error}")).with_cause(error)
    })?;
    files.push(ReadFile { path: path.to_owned(), digest: Sha256::digest(&*bytes).into() });
    Ok(bytes)
}

fn place(store: &Store, keys: &str, inline: &str) -> String {
    match &store.source {
        StoreSource::File(path) => format!("{keys}.location '{}'", path.display()),
        StoreSource::Inline(_) => format!("{keys}.{inline}"),
    }
}

fn unusable(place: &str, why: &str) -> Error {
    Error::new(ErrorKind::Config, format!("{place}: {why}"))
}
