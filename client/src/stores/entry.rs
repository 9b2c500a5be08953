//! What stores hold, whatever their type, and what opens it.

use zeroize::Zeroizing;

/// The passwords of a store.
#[derive(Clone, Copy)]
pub(crate) struct Unlock<'a> {
    /// Of the store. `None` reads what can be read without.
    pub(crate) store: Option<&'a str>,
    /// Of the keys in it. `None` leaves them closed.
    pub(crate) key: Option<&'a str>,
}

/// One entry of a store.
pub(crate) enum StoreEntry {
    /// A key, open or closed, with its chain, the key's own certificate first.
    Key { alias: String, key: Option<PrivateKey>, chain: Vec<Vec<u8>> },
    /// A certificate to be trusted.
    Trusted { alias: String, certificate: Vec<u8> },
}

/// A private key in DER, by the form that it has.
pub(crate) enum PrivateKey {
    /// RFC 5958.
    Pkcs8(Zeroizing<Vec<u8>>),
    /// RFC 8017: RSA.
    Pkcs1(Zeroizing<Vec<u8>>),
    /// RFC 5915: elliptic curves.
    Sec1(Zeroizing<Vec<u8>>),
}

/// Why a key stays closed.
pub(super) fn cannot_open(alias: &str, why: &str) -> String {
    format!("the key '{alias}' cannot be opened: {why}")
}
