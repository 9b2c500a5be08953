//! In the place of a private key, on processors for which nothing here can draw one: there is none.

use std::io;

use rcgen::{PublicKeyData, SignatureAlgorithm};

use super::{KeyAlgorithm, UNSUPPORTED_PROCESSOR};

/// Refuses, as [`NoKey::draw`].
pub(in crate::certificates) fn fill(_: &mut [u8]) -> io::Result<()> {
    Err(io::Error::new(io::ErrorKind::Unsupported, UNSUPPORTED_PROCESSOR))
}

/// No key.
pub(in crate::certificates) enum NoKey {}

impl NoKey {
    /// Refuses.
    pub(in crate::certificates) fn draw(_: KeyAlgorithm) -> io::Result<Self> {
        Err(io::Error::new(io::ErrorKind::Unsupported, UNSUPPORTED_PROCESSOR))
    }

    pub(in crate::certificates) fn to_pkcs8(&self) -> io::Result<Vec<u8>> {
        match *self {}
    }
}

impl PublicKeyData for NoKey {
    fn der_bytes(&self) -> &[u8] {
        match *self {}
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match *self {}
    }
}

impl rcgen::SigningKey for NoKey {
    fn sign(&self, _: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        match *self {}
    }
}
