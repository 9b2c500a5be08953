//! Who does the cryptography of TLS: graviola, where the processor is one that it runs on.

use std::io;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;

use crate::certificates::UNSUPPORTED_PROCESSOR;

/// The provider, or why there is none.
pub(super) fn provider() -> io::Result<Arc<CryptoProvider>> {
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    if graviola::util::is_cpu_supported() {
        return Ok(Arc::new(rustls_graviola::default_provider()));
    }
    Err(io::Error::new(io::ErrorKind::Unsupported, UNSUPPORTED_PROCESSOR))
}
