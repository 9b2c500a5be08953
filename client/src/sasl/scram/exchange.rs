//! One exchange by SCRAM (RFC 5802), with Kafka's rules: no channel binding, no SASLprep, and the extension `tokenauth=true`
//! where id and HMAC of a delegation token stand for user and password (KIP-48).
//!
//! rsasl drives it as a mechanism of ours, and its own stays out: that has no room for the extension, panics on an attribute
//! that is cut short, compares proofs in a time that depends on them, and brings fourteen crates of an older generation.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use super::super::credentials::Credentials;
use super::super::{Mechanism, Step};
use super::refusal::{broken, check_iterations, unproven};
use crate::config::SaslMechanism;
use crate::error::quoted;
use crate::{Error, ErrorKind, Secret};

/// The client's side of one exchange.
pub(in crate::sasl) struct ScramExchange {
    mechanism: SaslMechanism,
    /// The first message without its header, which is part of what is signed.
    first_bare: String,
    nonce: String,
    password: Secret,
    state: Awaits,
}

/// What the broker is to send next.
enum Awaits {
    /// Nonce, salt, iterations.
    Challenge,
    /// The proof that it knows the password too, which must equal this.
    Proof(Vec<u8>),
    Nothing,
}

/// So many random bytes make the nonce.
pub(super) type NonceBytes = [u8; 24];

impl ScramExchange {
    /// `nonce` is fresh.
    pub(super) fn new(mechanism: SaslMechanism, credentials: &Credentials, nonce: NonceBytes) -> Self {
        Self::with_nonce(mechanism, credentials, BASE64.encode(nonce))
    }

    pub(in crate::sasl) fn with_nonce(
        mechanism: SaslMechanism,
        credentials: &Credentials,
        nonce: String,
    ) -> Self {
        let name = credentials.username.replace('=', "=3D").replace(',', "=2C");
        let extension = if credentials.token_auth { ",tokenauth=true" } else { "" };
        let first_bare = format!("n={name},r={nonce}{extension}");
        Self {
            mechanism,
            first_bare,
            nonce,
            password: credentials.password.clone(),
            state: Awaits::Challenge,
        }
    }

    /// The proof that the client knows the password.
    fn prove(&mut self, challenge: &[u8]) -> Result<Vec<u8>, Error> {
        let Challenge { text, nonce, salt, iterations } =
            Challenge::read(challenge).map_err(|what| self.broken(what))?;
        if nonce.len() <= self.nonce.len() || !nonce.starts_with(&self.nonce) {
            return Err(self.broken("its nonce does not begin with the client's"));
        }
        check_iterations(self.name(), iterations)?;
        let keys = Keys::derive(self.mechanism, &self.password, &salt, iterations);
        let last_bare = format!("c={HEADER_BASE64},r={nonce}");
        let signed = format!("{},{text},{last_bare}", self.first_bare);
        let proof = keys.client_proof(&signed);
        self.state = Awaits::Proof(keys.server_signature(&signed));
        Ok(format!("{last_bare},p={}", BASE64.encode(proof)).into_bytes())
    }

    fn verify(&self, answer: &[u8], expected: &[u8]) -> Result<(), Error> {
        let text = std::str::from_utf8(answer).unwrap_or_default();
        if let Some(refusal) = attribute(text, "e") {
            let (name, refusal) = (self.name(), quoted(refusal));
            let sentence = format!("the broker refuses the login by {name}: {refusal}");
            return Err(Error::new(ErrorKind::Authentication, sentence));
        }
        let proof = attribute(text, "v").and_then(|proof| BASE64.decode(proof).ok());
        let proven = |proof: Vec<u8>| !proof.is_empty() && bool::from(proof.ct_eq(expected));
        match proof.is_some_and(proven) {
            true => Ok(()),
            false => Err(unproven(self.name())),
        }
    }

    fn broken(&self, what: &str) -> Error {
        broken(self.name(), what)
    }
}

impl Mechanism for ScramExchange {
    fn name(&self) -> &'static str {
        self.mechanism.name()
    }

    fn initial(&mut self) -> Result<Vec<u8>, Error> {
        Ok(format!("{HEADER}{}", self.first_bare).into_bytes())
    }

    fn step(&mut self, challenge: &[u8]) -> Result<Step, Error> {
        match std::mem::replace(&mut self.state, Awaits::Nothing) {
            // It lets us in, and has not shown anything.
            Awaits::Challenge if challenge.is_empty() => Err(unproven(self.name())),
            Awaits::Challenge => self.prove(challenge).map(Step::Reply),
            Awaits::Proof(expected) => self.verify(challenge, &expected).map(|()| Step::Done),
            Awaits::Nothing => Err(self.broken("it goes on after the end")),
        }
    }
}

/// No channel binding, no other identity.
const HEADER: &str = "n,,";
const HEADER_BASE64: &str = "biws";

/// The broker's first message.
struct Challenge<'a> {
    text: &'a str,
    nonce: &'a str,
    salt: Vec<u8>,
    iterations: u32,
}

impl<'a> Challenge<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, &'static str> {
        let text = std::str::from_utf8(bytes).map_err(|_| "its first message is no text")?;
        if text.starts_with("m=") {
            return Err("it demands an extension that this client does not know");
        }
        let nonce = attribute(text, "r").ok_or("its first message has no nonce")?;
        let salt = attribute(text, "s").and_then(|salt| BASE64.decode(salt).ok());
        let salt = salt.ok_or("its first message has no salt")?;
        let iterations = attribute(text, "i").and_then(|count| count.parse().ok());
        let iterations = iterations.ok_or("its first message has no count of iterations")?;
        Ok(Self { text, nonce, salt, iterations })
    }
}

/// The value of an attribute: `r=…,s=…,i=…`.
fn attribute<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    text.split(',').find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
}

/// What a salted password gives.
struct Keys {
    mechanism: SaslMechanism,
    client: Zeroizing<Vec<u8>>,
    server: Zeroizing<Vec<u8>>,
}

impl Keys {
    fn derive(mechanism: SaslMechanism, password: &Secret, salt: &[u8], iterations: u32) -> Self {
        let mut salted = Zeroizing::new(vec![0; hash_bytes(mechanism)]);
        match mechanism {
            SaslMechanism::ScramSha512 => {
                pbkdf2::pbkdf2_hmac::<Sha512>(password.reveal().as_bytes(), salt, iterations, &mut salted);
            }
            _ => pbkdf2::pbkdf2_hmac::<Sha256>(password.reveal().as_bytes(), salt, iterations, &mut salted),
        }
        let key = |name: &str| Zeroizing::new(sign(mechanism, &salted, name));
        Self { mechanism, client: key("Client Key"), server: key("Server Key") }
    }

    fn client_proof(&self, signed: &str) -> Vec<u8> {
        let stored = match self.mechanism {
            SaslMechanism::ScramSha512 => Sha512::digest(&*self.client).to_vec(),
            _ => Sha256::digest(&*self.client).to_vec(),
        };
        let signature = sign(self.mechanism, &stored, signed);
        self.client.iter().zip(signature).map(|(key, signature)| key ^ signature).collect()
    }

    fn server_signature(&self, signed: &str) -> Vec<u8> {
        sign(self.mechanism, &self.server, signed)
    }
}

fn hash_bytes(mechanism: SaslMechanism) -> usize {
    match mechanism {
        SaslMechanism::ScramSha512 => 64,
        _ => 32,
    }
}

fn sign(mechanism: SaslMechanism, key: &[u8], text: &str) -> Vec<u8> {
    fn run<M: Mac + KeyInit>(key: &[u8], text: &str) -> Vec<u8> {
        // A key of any length will do.
        <M as KeyInit>::new_from_slice(key).map_or_else(
            |_| Vec::new(),
            |mut mac| {
                mac.update(text.as_bytes());
                mac.finalize().into_bytes().to_vec()
            },
        )
    }
    match mechanism {
        SaslMechanism::ScramSha512 => run::<Hmac<Sha512>>(key, text),
        _ => run::<Hmac<Sha256>>(key, text),
    }
}
