//! The signature of a token: HS256 by a secret, RS256 and ES256 by JSON Web Keys (RFC 7517).

use hmac::Hmac;
use sha2::Sha256;
use subtle::ConstantTimeEq;

use crate::config::TokenKey;
use crate::scram_credential::hmac_of;

/// Whether the key can be used.
pub(super) fn check(key: &TokenKey) -> Result<(), String> {
    match key {
        TokenKey::Hs256(secret) if secret.reveal().is_empty() => Err("an empty secret for HS256".to_owned()),
        TokenKey::Hs256(_) => Ok(()),
        TokenKey::Jwks(text) => check_jwks(text),
    }
}

/// Whether the key made this signature.
pub(super) fn verifies(
    key: &TokenKey,
    algorithm: &str,
    kid: Option<&str>,
    said: &[u8],
    signed: &[u8],
) -> bool {
    match key {
        TokenKey::Hs256(secret) if algorithm == "HS256" => {
            hmac_of::<Hmac<Sha256>>(secret.reveal().as_bytes(), said).ct_eq(signed).into()
        }
        TokenKey::Hs256(_) => false,
        TokenKey::Jwks(text) => jwks_verify(text, algorithm, kid, said, signed),
    }
}

#[cfg(all(feature = "tls", any(target_arch = "x86_64", target_arch = "aarch64")))]
mod public_key;

#[cfg(all(feature = "tls", any(target_arch = "x86_64", target_arch = "aarch64")))]
use public_key::{check_jwks, jwks_verify};

#[cfg(not(all(feature = "tls", any(target_arch = "x86_64", target_arch = "aarch64"))))]
fn check_jwks(_: &str) -> Result<(), String> {
    #[cfg(feature = "tls")]
    return Err(crate::certificates::UNSUPPORTED_PROCESSOR.to_owned());
    #[cfg(not(feature = "tls"))]
    Err("keys of RS256 and ES256 need the feature tls, which this build lacks".to_owned())
}

#[cfg(not(all(feature = "tls", any(target_arch = "x86_64", target_arch = "aarch64"))))]
fn jwks_verify(_: &str, _: &str, _: Option<&str>, _: &[u8], _: &[u8]) -> bool {
    false
}
