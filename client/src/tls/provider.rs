//! Who does the cryptography: graviola, where the processor is one that it runs on, or whom the application brings.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

use crate::Error;
use crate::config::{TlsConfig, TlsProvider};

/// The provider to use: the application's, else graviola, else, where it is built in, RustCrypto's.
pub(crate) fn provider(config: &TlsConfig) -> Result<Arc<CryptoProvider>, Error> {
    if let Some(TlsProvider(provider)) = &config.provider {
        return Ok(Arc::clone(provider));
    }
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    if graviola::util::is_cpu_supported() {
        return Ok(Arc::new(rustls_graviola::default_provider()));
    }
    elsewhere()
}

#[cfg(feature = "portable-tls")]
#[allow(clippy::unnecessary_wraps, reason = "without the feature it is an error")]
fn elsewhere() -> Result<Arc<CryptoProvider>, Error> {
    tracing::warn!(
        "this processor is none that the TLS provider graviola runs on: RustCrypto's is used, which is several times \
         slower, is not proof against all timing attacks, and which its authors warn against"
    );
    Ok(Arc::new(rustls_rustcrypto::provider()))
}

#[cfg(not(feature = "portable-tls"))]
fn elsewhere() -> Result<Arc<CryptoProvider>, Error> {
    Err(Error::new(crate::ErrorKind::Unsupported, UNSUPPORTED_CPU))
}

#[cfg_attr(feature = "portable-tls", allow(dead_code, reason = "there is a provider for every processor"))]
const UNSUPPORTED_CPU: &str = "TLS cannot run on this processor: its provider, graviola, needs x86_64 with AES, \
    PCLMULQDQ, AVX2, BMI1, BMI2 and ADX (Broadwell, Zen and later) or aarch64 with AES, PMULL and SHA-2; build with the \
    feature portable-tls, which is slower, or bring a provider of your own (TlsConfig::provider)";
