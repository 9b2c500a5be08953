//! A JWT by which a client proves who it is instead of by a secret (KIP-1139): signed here, or read from a file.
//!
//! Claims are laid one over the other, as in Java: the settings' below, the template's over them, and on top those that
//! the clock and the key decide.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use rustls::SignatureScheme;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::SigningKey;
use serde_json::{Map, Value, json};

use super::jwt::base64url;
use crate::config::{AssertionAlgorithm, AssertionConfig};
use crate::stores::{self, PrivateKey, Rounds, StoreEntry, Unlock};
use crate::{Error, ErrorKind, Secret};

/// What an assertion says.
#[derive(Debug, Default, PartialEq)]
pub(super) struct AssertionClaims {
    header: Map<String, Value>,
    payload: Map<String, Value>,
}

impl AssertionClaims {
    /// Those of the settings and of the template's text, at this time. `jti` is an id that no other assertion has.
    ///
    /// # Errors
    /// The template is not what it should be. The sentence is the end of one that names it.
    pub(super) fn new(
        config: &AssertionConfig,
        template: Option<&str>,
        now_unix_ms: i64,
        jti: String,
    ) -> Result<Self, String> {
        let Self { mut header, payload: template } = layers(template)?;
        let mut payload = Map::new();
        for (name, claim) in
            [("aud", &config.claim_aud), ("iss", &config.claim_iss), ("sub", &config.claim_sub)]
        {
            if let Some(claim) = claim {
                payload.insert(name.to_owned(), json!(claim));
            }
        }
        payload.extend(template);
        let now = now_unix_ms.div_euclid(1000);
        let seconds =
            |duration: std::time::Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX / 2);
        header.insert("alg".to_owned(), json!(config.algorithm.name()));
        header.insert("typ".to_owned(), json!("JWT"));
        payload.insert("iat".to_owned(), json!(now));
        payload.insert("exp".to_owned(), json!(now.saturating_add(seconds(config.claim_exp))));
        payload.insert("nbf".to_owned(), json!(now.saturating_sub(seconds(config.claim_nbf))));
        if config.claim_jti_include {
            payload.insert("jti".to_owned(), json!(jti));
        }
        Ok(Self { header, payload })
    }

    /// The assertion, signed.
    ///
    /// # Errors
    /// The key is of another kind than the algorithm.
    pub(super) fn sign(self, algorithm: AssertionAlgorithm, key: &AssertionKey) -> Result<Secret, Error> {
        let text = |part: Map<String, Value>| base64url(Value::Object(part).to_string());
        let content = format!("{}.{}", text(self.header), text(self.payload));
        let signature = key.sign(algorithm, content.as_bytes())?;
        Ok(Secret::from(format!("{content}.{}", base64url(signature))))
    }
}

/// The header and the payload of a template.
fn layers(template: Option<&str>) -> Result<AssertionClaims, String> {
    let Some(template) = template else { return Ok(AssertionClaims::default()) };
    let template: Value =
        serde_json::from_str(template).map_err(|error| format!("it is not JSON: {error}"))?;
    let Value::Object(mut template) = template else { return Err("it is no JSON object".to_owned()) };
    let mut layer = |name: &str| match template.remove(name) {
        None => Ok(Map::new()),
        Some(Value::Object(layer)) => Ok(layer),
        Some(_) => Err(format!("its {name} is no JSON object")),
    };
    Ok(AssertionClaims { header: layer("header")?, payload: layer("payload")? })
}

/// A key that signs assertions.
pub(super) struct AssertionKey(std::sync::Arc<dyn SigningKey>);

impl AssertionKey {
    /// Reads a PKCS#8 key: PEM, DER, or base64 alone as Java reads it.
    ///
    /// # Errors
    /// There is no key in it, it is sealed by another passphrase, or of a kind that cannot sign. The sentence is the
    /// end of one that names the file.
    pub(super) fn read(
        bytes: &[u8],
        passphrase: Option<&Secret>,
        provider: &CryptoProvider,
    ) -> Result<Self, String> {
        let unlock = Unlock { store: None, key: passphrase.map(Secret::reveal) };
        let pem = pem(bytes, passphrase.is_some());
        let contents = stores::read(pem.reveal().as_bytes(), None, &unlock, &mut Rounds::new(ROUNDS_MAX))?;
        let mut keys = contents.entries.into_iter().filter_map(|entry| match entry {
            StoreEntry::Key { key, .. } => Some(key),
            StoreEntry::Trusted { .. } => None,
        });
        let key = match (keys.next(), passphrase) {
            (Some(Some(key)), _) => key,
            (Some(None), None) => {
                return Err("it is sealed: set sasl.oauthbearer.assertion.private.key.passphrase".to_owned());
            }
            _ => return Err("it holds no private key (PKCS#8)".to_owned()),
        };
        let der = match key {
            PrivateKey::Pkcs8(der) => PrivateKeyDer::Pkcs8(der.to_vec().into()),
            PrivateKey::Pkcs1(der) => PrivateKeyDer::Pkcs1(der.to_vec().into()),
            PrivateKey::Sec1(der) => PrivateKeyDer::Sec1(der.to_vec().into()),
        };
        let key = provider.key_provider.load_private_key(der);
        key.map(Self).map_err(|error| format!("its key cannot sign here: {error}"))
    }

    fn sign(&self, algorithm: AssertionAlgorithm, content: &[u8]) -> Result<Vec<u8>, Error> {
        let scheme = match algorithm {
            AssertionAlgorithm::Rs256 => SignatureScheme::RSA_PKCS1_SHA256,
            AssertionAlgorithm::Es256 => SignatureScheme::ECDSA_NISTP256_SHA256,
        };
        let name = algorithm.name();
        let signer = self.0.choose_scheme(&[scheme]).ok_or_else(|| {
            let sentence = format!(
                "the private key of sasl.oauthbearer.assertion.private.key.file is {:?} and cannot sign by {name} \
                 (sasl.oauthbearer.assertion.algorithm)",
                self.0.algorithm()
            );
            Error::new(ErrorKind::Config, sentence)
        })?;
        let failed =
            |what: &str| Error::new(ErrorKind::Config, format!("the assertion was not signed: {what}"));
        let signature = signer.sign(content).map_err(|error| failed(&error.to_string()))?;
        match algorithm {
            AssertionAlgorithm::Rs256 => Ok(signature),
            AssertionAlgorithm::Es256 => {
                raw_ecdsa(&signature).ok_or_else(|| failed("its ECDSA signature is no DER"))
            }
        }
    }
}

impl fmt::Debug for AssertionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AssertionKey")
    }
}

/// What [`stores::read`] reads: the file itself where it is PEM, else PEM around it.
fn pem(bytes: &[u8], sealed: bool) -> Secret {
    use base64::Engine as _;
    let text = String::from_utf8_lossy(bytes);
    if text.contains("-----BEGIN") {
        return Secret::from(&*text);
    }
    let label = if sealed { "ENCRYPTED PRIVATE KEY" } else { "PRIVATE KEY" };
    let base64 = match bytes.first() {
        // A DER sequence.
        Some(0x30) if !text.is_ascii() || text.contains('\0') => {
            base64::engine::general_purpose::STANDARD.encode(bytes)
        }
        _ => text.split_whitespace().collect(),
    };
    Secret::from(format!("-----BEGIN {label}-----\n{base64}\n-----END {label}-----\n"))
}

/// From DER's two integers to the 64 bytes that JWTs have (RFC 7518 3.4).
fn raw_ecdsa(der: &[u8]) -> Option<Vec<u8>> {
    let [0x30, length, rest @ ..] = der else { return None };
    if usize::from(*length) != rest.len() {
        return None;
    }
    let mut raw = Vec::with_capacity(2 * P256_BYTES);
    let mut rest = rest;
    for _ in 0..2 {
        let [0x02, length, tail @ ..] = rest else { return None };
        let (integer, tail) = tail.split_at_checked(usize::from(*length))?;
        let integer = &integer[integer.iter().take_while(|byte| **byte == 0).count()..];
        raw.resize(raw.len() + P256_BYTES.checked_sub(integer.len())?, 0);
        raw.extend_from_slice(integer);
        rest = tail;
    }
    rest.is_empty().then_some(raw)
}

/// Reads a small text file, for an assertion, a template, a token.
///
/// # Errors
/// It cannot be read. The sentence names `what` it is and the file.
pub(crate) fn read_file(what: &str, path: &Path) -> Result<Vec<u8>, Error> {
    let wrong = |why: String| Error::new(ErrorKind::Config, format!("{what} {}: {why}", path.display()));
    let mut bytes = Vec::new();
    // A file's size says nothing where it is none, or grows.
    File::open(path)
        .and_then(|file| file.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes))
        .map_err(|error| wrong(error.to_string()).with_cause(error))?;
    match u64::try_from(bytes.len()) {
        Ok(0..=FILE_BYTES_MAX) => Ok(bytes),
        _ => Err(wrong(format!("it has more than the {FILE_BYTES_MAX} bytes that are read"))),
    }
}

const P256_BYTES: usize = 32;
/// Of a sealed key: a second of hashing.
const ROUNDS_MAX: u64 = 10_000_000;
/// No token, key or template is as large.
const FILE_BYTES_MAX: u64 = 256 << 10;

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// 2026-11-29T12:34:56Z
    const NOW: i64 = 1_795_955_696_999;
    const RSA: &[u8] = include_bytes!("../../tests/data/oauth/rsa.pem");
    const SEALED: &[u8] = include_bytes!("../../tests/data/oauth/rsa-sealed.pem");
    const DER: &[u8] = include_bytes!("../../tests/data/oauth/rsa.der");
    const EC: &[u8] = include_bytes!("../../tests/data/oauth/ec.pem");
    /// `openssl dgst -sha256 -sign rsa.pem` of `header.payload`.
    const RS256: &str = "JWbNknHUBt4ujXTdaaykTELvVHfD78hsVDSN3zHRh0vhfYQh44rPqGcjo3voKaaKALFYQ-gSvoyBqc5FsmNLXbyQSHZa\
        9IVC8Cbs-MmyVPxIdAd8HMYoBoAdfJpswF4D-PYdv1SozPOGyB5n9LyTlxPxtdYMzydq9wouxw0k4wqZFZgnWuRXLrlAIerVn9K0OoYV782QGWD\
        9vEaLyBvxo9jEXVueZY_alPKT_liuUrWFSjCPUAqRC_aqrpRiCoRj7TDVqsWKIObepvJ3oZ_OgzIRC6h4pGsRaVOonlczEB1kbJNrn1pA2HXUkv\
        xzxFmb7b4qhrL5KujLdfFzORcW7Q";

    fn provider() -> std::sync::Arc<CryptoProvider> {
        crate::tls::provider(&crate::config::TlsConfig::default()).unwrap()
    }

    fn key(bytes: &[u8], passphrase: Option<&str>) -> Result<AssertionKey, String> {
        AssertionKey::read(bytes, passphrase.map(Secret::from).as_ref(), &provider())
    }

    /// As Java 4.4's `AssertionSupplierFactory` lays them, from the same settings and the same template.
    #[test]
    fn claims_of_the_settings_the_template_and_the_clock_lie_over_each_other_as_in_java() {
        let config = AssertionConfig {
            claim_aud: Some("aud".to_owned()),
            claim_iss: Some("setting".to_owned()),
            claim_sub: Some("sub".to_owned()),
            claim_jti_include: true,
            ..AssertionConfig::default()
        };
        let template =
            r#"{"header":{"kid":"k1","typ":"X"},"payload":{"iss":"template","roles":["a"],"exp":1}}"#;
        let claims = AssertionClaims::new(&config, Some(template), NOW, "an-id".to_owned()).unwrap();
        assert_eq!(Value::Object(claims.header), json!({"alg": "RS256", "typ": "JWT", "kid": "k1"}));
        let now = NOW / 1000;
        let expected = json!({"aud": "aud", "sub": "sub", "nbf": now - 60, "roles": ["a"], "iss": "template",
                              "exp": now + 300, "iat": now, "jti": "an-id"});
        assert_eq!(Value::Object(claims.payload), expected);
        let bare = AssertionConfig { claim_exp: Duration::from_secs(9), ..AssertionConfig::default() };
        let claims = AssertionClaims::new(&bare, None, NOW, String::new()).unwrap();
        assert_eq!(Value::Object(claims.payload), json!({"nbf": now - 60, "exp": now + 9, "iat": now}));
    }

    #[test]
    fn a_template_that_is_none_is_refused_without_being_shown() {
        for (template, why) in [
            ("hush", "it is not JSON"),
            ("[\"hush\"]", "it is no JSON object"),
            (r#"{"payload":"hush"}"#, "its payload is no JSON object"),
        ] {
            let claims =
                AssertionClaims::new(&AssertionConfig::default(), Some(template), NOW, String::new());
            let error = claims.unwrap_err();
            assert!(error.contains(why) && !error.contains("hush"), "{error}");
        }
    }

    #[test]
    fn rs256_signs_as_openssl_does_by_each_form_of_the_key() {
        let base64: String =
            str::from_utf8(RSA).unwrap().lines().filter(|line| !line.starts_with('-')).collect();
        for (form, key) in [
            ("PEM", key(RSA, None)),
            ("DER", key(DER, None)),
            ("base64 alone, as Java reads it", key(base64.as_bytes(), None)),
            ("sealed PEM", key(SEALED, Some("hush-passphrase"))),
        ] {
            let key = key.unwrap_or_else(|error| panic!("{form}: {error}"));
            let signature = key.sign(AssertionAlgorithm::Rs256, b"header.payload").unwrap();
            assert_eq!(base64url(signature), RS256, "{form}");
        }
    }

    #[test]
    fn es256_signs_in_the_form_that_jwts_have() {
        use graviola::signing::ecdsa::{P256, VerifyingKey};
        let public = "04cbd1719f2952d0fbc373e88f699506a420b998156a0b20d22470e2799bb533109a2169dfd5c014876dabdf74b3a91886cd\
                      1f32dfa81b9df6cd9d06ffb69b99b1";
        let key = key(EC, None).unwrap();
        for _ in 0..50 {
            let raw = key.sign(AssertionAlgorithm::Es256, b"header.payload").unwrap();
            assert_eq!(raw.len(), 64);
            // The public half is openssl's.
            let public = VerifyingKey::<P256>::from_x962_uncompressed(&bytes(public)).unwrap();
            public.verify::<graviola::hashing::Sha256>(&[b"header.payload"], &raw).unwrap();
        }
    }

    /// An ECDSA signature of openssl's whose first integer is a byte short.
    #[test]
    fn ders_integers_become_64_bytes() {
        let der = "3043021f04e050509fad4c91528e36cab2d39a1b391e6d6393d651f1f5b3bf97d18ea502200520f9022cce3cca3a3a724bbe34\
                   1bac7a864c56ec95affc0f128bf8386f4281";
        let raw = "0004e050509fad4c91528e36cab2d39a1b391e6d6393d651f1f5b3bf97d18ea50520f9022cce3cca3a3a724bbe341bac7a86\
                   4c56ec95affc0f128bf8386f4281";
        assert_eq!(raw_ecdsa(&bytes(der)), Some(bytes(raw)));
        let der = bytes(der);
        for cut in 0..der.len() {
            assert_eq!(raw_ecdsa(&der[..cut]), None);
        }
        assert_eq!(raw_ecdsa(&[0x30, 0x04, 0x02, 0x7f, 0x02, 0x00]), None);
    }

    #[test]
    fn a_key_that_cannot_sign_is_told() {
        let error = |bytes: &[u8], passphrase| key(bytes, passphrase).unwrap_err();
        assert!(
            error(SEALED, None)
                .contains("it is sealed: set sasl.oauthbearer.assertion.private.key.passphrase")
        );
        let wrong = error(SEALED, Some("hush"));
        assert!(!wrong.contains("hush"), "{wrong}");
        for bytes in [&b""[..], b"hush", b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"] {
            assert!(!error(bytes, None).contains("hush"));
        }
        let other = key(EC, None).unwrap().sign(AssertionAlgorithm::Rs256, b"").unwrap_err().to_string();
        assert!(other.contains("cannot sign by RS256 (sasl.oauthbearer.assertion.algorithm)"), "{other}");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_without_an_end_is_not_read_to_it() {
        let error = read_file("the token file", Path::new("/dev/zero")).unwrap_err().to_string();
        assert_eq!(error, "the token file /dev/zero: it has more than the 262144 bytes that are read");
        let error = read_file("the token file", Path::new("/nowhere/token")).unwrap_err().to_string();
        assert!(error.starts_with("the token file /nowhere/token: No such file"), "{error}");
    }

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }
}
