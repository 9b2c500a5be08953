//! A private key of a certificate: drawn, written as PKCS#8, and able to sign.

use std::io;

use graviola::hashing::{Sha256, Sha384};
use graviola::signing::{ecdsa, eddsa, rsa};
use rcgen::{PublicKeyData, SignatureAlgorithm};

use super::{KeyAlgorithm, UNSUPPORTED_PROCESSOR};

/// Draws bytes that nobody can guess.
pub(in crate::certificates) fn fill(bytes: &mut [u8]) -> io::Result<()> {
    graviola::random::fill(bytes).map_err(|what| io::Error::other(format!("no chance: {what:?}")))
}

/// A key that can sign.
pub(in crate::certificates) struct Key {
    signer: Signer,
    /// As it stands in a certificate, without what says of which kind it is.
    public: Vec<u8>,
}

enum Signer {
    EcdsaP256(ecdsa::SigningKey<ecdsa::P256>),
    EcdsaP384(ecdsa::SigningKey<ecdsa::P384>),
    Ed25519(eddsa::Ed25519SigningKey),
    Rsa2048(Box<rsa::SigningKey>),
}

/// More than any key or signature here takes.
const DER_BYTES_MAX: usize = 4096;
/// What stands before the seed in the PKCS#8 of RFC 8410.
const ED25519_PKCS8: &[u8] = &[0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
/// An uncompressed point, without what stands before it in a `SubjectPublicKeyInfo`.
const P256_POINT_BYTES: usize = 65;
const P384_POINT_BYTES: usize = 97;

impl Key {
    /// Draws a key.
    pub(in crate::certificates) fn draw(algorithm: KeyAlgorithm) -> io::Result<Self> {
        if !graviola::util::is_cpu_supported() {
            return Err(io::Error::new(io::ErrorKind::Unsupported, UNSUPPORTED_PROCESSOR));
        }
        let mut buffer = [0; DER_BYTES_MAX];
        let failed = |what: graviola::Error| io::Error::other(format!("a key cannot be drawn: {what:?}"));
        let (signer, public) = match algorithm {
            KeyAlgorithm::EcdsaP256 => {
                let key = ecdsa::SigningKey::<ecdsa::P256>::generate().map_err(failed)?;
                let point = last(key.to_spki_der(&mut buffer).map_err(failed)?, P256_POINT_BYTES);
                (Signer::EcdsaP256(key), point)
            }
            KeyAlgorithm::EcdsaP384 => {
                let key = ecdsa::SigningKey::<ecdsa::P384>::generate().map_err(failed)?;
                let point = last(key.to_spki_der(&mut buffer).map_err(failed)?, P384_POINT_BYTES);
                (Signer::EcdsaP384(key), point)
            }
            KeyAlgorithm::Ed25519 => {
                let key = eddsa::Ed25519SigningKey::generate().map_err(failed)?;
                let public = key.public_key().as_bytes().to_vec();
                (Signer::Ed25519(key), public)
            }
            KeyAlgorithm::Rsa2048 => {
                let key = rsa::SigningKey::generate(rsa::KeySize::Rsa2048).map_err(failed)?;
                let public = key.public_key().to_pkcs1_der(&mut buffer).map_err(failed)?.to_vec();
                (Signer::Rsa2048(Box::new(key)), public)
            }
        };
        Ok(Self { signer, public })
    }

    /// The private key as PKCS#8, which every Kafka reads.
    pub(in crate::certificates) fn to_pkcs8(&self) -> io::Result<Vec<u8>> {
        let mut buffer = [0; DER_BYTES_MAX];
        let written = match &self.signer {
            Signer::EcdsaP256(key) => key.to_pkcs8_der(&mut buffer),
            Signer::EcdsaP384(key) => key.to_pkcs8_der(&mut buffer),
            // With the public key behind it, as graviola writes it (RFC 5958), OpenSSL 3.0 reads none.
            Signer::Ed25519(key) => return Ok([ED25519_PKCS8, &key.as_seed()].concat()),
            Signer::Rsa2048(key) => key.to_pkcs8_der(&mut buffer),
        };
        let failed = |what| io::Error::other(format!("a key cannot be written: {what:?}"));
        Ok(written.map_err(failed)?.to_vec())
    }
}

impl PublicKeyData for Key {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        match &self.signer {
            Signer::EcdsaP256(_) => &rcgen::PKCS_ECDSA_P256_SHA256,
            Signer::EcdsaP384(_) => &rcgen::PKCS_ECDSA_P384_SHA384,
            Signer::Ed25519(_) => &rcgen::PKCS_ED25519,
            Signer::Rsa2048(_) => &rcgen::PKCS_RSA_SHA256,
        }
    }
}

impl rcgen::SigningKey for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        let mut buffer = [0; DER_BYTES_MAX];
        let signed = match &self.signer {
            Signer::EcdsaP256(key) => key.sign_asn1::<Sha256>(&[message], &mut buffer),
            Signer::EcdsaP384(key) => key.sign_asn1::<Sha384>(&[message], &mut buffer),
            Signer::Ed25519(key) => return Ok(key.sign(message).to_vec()),
            Signer::Rsa2048(key) => key.sign_pkcs1_sha256(&mut buffer[..key.modulus_len_bytes()], message),
        };
        Ok(signed.map_err(|_| rcgen::Error::RemoteKeyError)?.to_vec())
    }
}

fn last(bytes: &[u8], count: usize) -> Vec<u8> {
    bytes[bytes.len().saturating_sub(count)..].to_vec()
}
