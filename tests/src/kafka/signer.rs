//! Tokens that `openssl` has signed, and the file of keys by which a broker checks them.

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use super::tool::tool;
use super::{Failure, broken};
use crate::hex;

/// An RSA key, its public half as a JWKS.
#[derive(Debug)]
pub struct Signer {
    folder: PathBuf,
}

impl Signer {
    /// Makes a key and its JWKS in the folder.
    pub(super) fn new(folder: &Path) -> Result<Self, Failure> {
        std::fs::create_dir_all(folder).map_err(broken)?;
        let arguments = ["genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", KEY];
        tool("openssl", &arguments, folder)?;
        let modulus = tool("openssl", &["rsa", "-in", KEY, "-noout", "-modulus"], folder)?;
        let digits = modulus.trim().rsplit('=').next().unwrap_or_default().to_lowercase();
        let modulus = hex::decode(&digits).ok_or_else(|| broken(format!("no modulus: {digits}")))?;
        let key = json!({
            "kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID, "n": URL_SAFE_NO_PAD.encode(modulus), "e": "AQAB",
        });
        let signer = Self { folder: folder.to_owned() };
        std::fs::write(signer.jwks(), json!({ "keys": [key] }).to_string()).map_err(broken)?;
        Ok(signer)
    }

    /// The file of keys that a broker reads.
    pub fn jwks(&self) -> PathBuf {
        self.folder.join("jwks.json")
    }

    /// The key itself, for who signs with it: PKCS#8 in PEM.
    pub fn key(&self) -> PathBuf {
        self.folder.join(KEY)
    }

    /// What the key is called in the JWKS.
    pub fn key_id(&self) -> &'static str {
        KEY_ID
    }

    /// A token of that subject; it ends after so many seconds, before now if that is negative.
    ///
    /// # Errors
    /// When openssl fails.
    pub fn token(&self, subject: &str, seconds: i64) -> Result<String, Failure> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_err(broken)?.as_secs();
        let now = i64::try_from(now).map_err(broken)?;
        let claims = json!({
            "sub": subject, "aud": "upsert-kafka", "iss": "upsert-kafka-tests", "scope": ["kafka"],
            "iat": now.min(now + seconds) - 1, "exp": now + seconds,
        });
        let head = json!({ "alg": "RS256", "typ": "JWT", "kid": KEY_ID });
        let text = format!("{}.{}", part(&head), part(&claims));
        let [input, output] = ["signed", "signature"].map(super::unique);
        std::fs::write(self.folder.join(&input), &text).map_err(broken)?;
        tool("openssl", &["dgst", "-sha256", "-sign", KEY, "-out", &output, &input], &self.folder)?;
        let signature = std::fs::read(self.folder.join(output)).map_err(broken)?;
        Ok(format!("{text}.{}", URL_SAFE_NO_PAD.encode(signature)))
    }

    /// The same in a file, as a sidecar leaves it.
    ///
    /// # Errors
    /// When openssl fails.
    pub fn token_file(&self, name: &str, subject: &str, seconds: i64) -> Result<PathBuf, Failure> {
        let path = self.folder.join(name);
        std::fs::write(&path, self.token(subject, seconds)?).map_err(broken)?;
        Ok(path)
    }

    /// The file that Java's client and ours read alice's token from.
    pub fn alice(&self) -> PathBuf {
        self.folder.join("alice.jwt")
    }
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

const KEY: &str = "signer.key";
const KEY_ID: &str = "upsert-kafka-1";
