//! Who does the cryptography, where the application brings somebody.

use std::fmt;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;

/// A provider of cryptography that the application brings: any of rustls 0.23.
#[derive(Clone)]
pub struct TlsProvider(pub Arc<CryptoProvider>);

impl PartialEq for TlsProvider {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for TlsProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsProvider")
    }
}
