//! Of which kinds private keys of certificates are, and who draws them.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod drawn;
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
mod undrawn;

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
pub(super) use drawn::{Key, fill};
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
pub(super) use undrawn::{NoKey as Key, fill};

/// Of which kind a key is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyAlgorithm {
    /// ECDSA over P-256: the quickest to draw.
    #[default]
    EcdsaP256,
    /// ECDSA over P-384.
    EcdsaP384,
    /// Ed25519, which Java takes in TLS 1.3 alone.
    Ed25519,
    /// RSA with 2048 bits, which takes a moment to draw.
    Rsa2048,
}

/// Said before graviola would panic, and where there is no graviola.
pub(crate) const UNSUPPORTED_PROCESSOR: &str = "this processor lacks instructions that TLS here needs \
    (x86-64: aes, pclmulqdq, ssse3, avx, avx2, bmi1, bmi2, adx; aarch64: neon, aes, pmull, sha2)";
