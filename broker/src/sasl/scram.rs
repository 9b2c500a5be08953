//! SCRAM-SHA-256 and -512 (RFC 5802, RFC 7677) by Kafka's rules: no SASLprep, no channel binding.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256, Sha512};
use subtle::ConstantTimeEq;

use super::plain::OTHER_ID;
use super::{Accounts, ProvenName, Reply, SaslRefusal};
use crate::config::SaslConfig;
use crate::now::Now;
use crate::state::delegation_tokens::TokenLogin;

/// The two hashes that Kafka has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Hash {
    Sha256,
    Sha512,
}

/// What is kept of a password.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct ScramCredential {
    pub(crate) salt: Vec<u8>,
    pub(crate) iterations: u32,
    stored_key: Vec<u8>,
    server_key: Vec<u8>,
}

/// One login under way.
#[derive(Debug)]
pub(crate) struct ScramExchange {
    hash: Hash,
    /// Since the client's first message.
    begun: Option<Begun>,
}

#[derive(Debug)]
struct Begun {
    /// Who it is if the proof is right.
    identity: ProvenName,
    /// The client's, and ours behind it.
    nonce: String,
    /// What was said before the client's proof.
    said: String,
    credential: ScramCredential,
}

impl ScramExchange {
    pub(super) fn new(hash: Hash) -> Self {
        Self { hash, begun: None }
    }

    pub(super) fn handle_token(
        &mut self,
        token: &[u8],
        accounts: &mut Accounts<'_>,
        config: &SaslConfig,
        now: Now,
    ) -> Result<Reply, SaslRefusal> {
        let text = std::str::from_utf8(token).map_err(|_| SaslRefusal::kept("a message that is no UTF-8"))?;
        match self.begun.take() {
            None => self.begin(text, accounts, config, now),
            Some(begun) => begun.verify(self.hash, text),
        }
    }

    fn begin(
        &mut self,
        client_first: &str,
        accounts: &mut Accounts<'_>,
        config: &SaslConfig,
        now: Now,
    ) -> Result<Reply, SaslRefusal> {
        let malformed = || SaslRefusal::kept("Invalid SCRAM client first message");
        let mut head = client_first.splitn(3, ',');
        let (Some("n"), Some(authorization), Some(bare)) = (head.next(), head.next(), head.next()) else {
            return Err(malformed());
        };
        let mut attributes = bare.split(',');
        let user = attributes.next().and_then(|it| it.strip_prefix("n=")).ok_or_else(malformed)?;
        let client_nonce = attributes.next().and_then(|it| it.strip_prefix("r=")).ok_or_else(malformed)?;
        if client_nonce.is_empty() || !client_nonce.bytes().all(|it| it.is_ascii_graphic()) {
            return Err(malformed());
        }
        let token_wanted = attributes.any(|it| it.eq_ignore_ascii_case("tokenauth=true"));
        let user = user.replace("=2C", ",").replace("=3D", "=");
        let known = match token_wanted {
            true => self.token(&user, accounts, config, now),
            false => self.user(&user, accounts, config),
        };
        let (identity, credential) = known.ok_or_else(|| {
            let what = if token_wanted { "delegation token" } else { "user" };
            SaslRefusal::kept(format!("no such {what}: {user}"))
        })?;
        let authorization_id = authorization.strip_prefix("a=").unwrap_or_default();
        if !authorization_id.is_empty() && authorization_id != user {
            return Err(SaslRefusal::told(OTHER_ID));
        }
        let nonce = format!("{client_nonce}{}", accounts.users.draw_nonce());
        let salt = BASE64.encode(&credential.salt);
        let server_first = format!("r={nonce},s={salt},i={}", credential.iterations);
        let said = format!("{bare},{server_first}");
        self.begun = Some(Begun { identity, nonce, said, credential });
        Ok(Reply::Challenge(server_first.into_bytes()))
    }

    fn user(
        &self,
        name: &str,
        accounts: &mut Accounts<'_>,
        config: &SaslConfig,
    ) -> Option<(ProvenName, ScramCredential)> {
        let credential = accounts.users.scram(name, self.hash, config.scram_iterations)?;
        let identity = ProvenName { name: name.to_owned(), until_unix_ms: None, by_token: false };
        Some((identity, credential))
    }

    /// A token's id stands where a user's name does (KIP-48).
    fn token(
        &self,
        id: &str,
        accounts: &mut Accounts<'_>,
        config: &SaslConfig,
        now: Now,
    ) -> Option<(ProvenName, ScramCredential)> {
        let kept = (accounts.users.draw_nonce(), config.scram_iterations);
        let TokenLogin { owner, expires_ms, credential } =
            accounts.tokens.login(id, self.hash, kept, now.unix_ms)?;
        let name = owner.name().to_owned();
        Some((ProvenName { name, until_unix_ms: Some(expires_ms), by_token: true }, credential))
    }
}

impl Begun {
    fn verify(self, hash: Hash, client_final: &str) -> Result<Reply, SaslRefusal> {
        let malformed = || SaslRefusal::kept("Invalid SCRAM client final message");
        let (without_proof, proof) = client_final.rsplit_once(",p=").ok_or_else(malformed)?;
        let mut attributes = without_proof.split(',');
        let binding = attributes.next().and_then(|it| it.strip_prefix("c=")).ok_or_else(malformed)?;
        // It repeats the head of the client's first message, which has no binding.
        let head = BASE64.decode(binding).map_err(|_| malformed())?;
        if !head.starts_with(b"n,") {
            return Err(SaslRefusal::kept("a channel binding that was not said before"));
        }
        let nonce = attributes.next().and_then(|it| it.strip_prefix("r=")).ok_or_else(malformed)?;
        if nonce != self.nonce {
            return Err(SaslRefusal::kept("Invalid client nonce in the final client message."));
        }
        let said = format!("{},{without_proof}", self.said);
        let signature = hash.hmac(&self.credential.stored_key, said.as_bytes());
        let proof = BASE64.decode(proof).map_err(|_| malformed())?;
        if proof.len() != signature.len() {
            return Err(malformed());
        }
        let client_key: Vec<u8> = proof.iter().zip(&signature).map(|(a, b)| a ^ b).collect();
        if !bool::from(hash.digest(&client_key).ct_eq(&self.credential.stored_key)) {
            return Err(SaslRefusal::kept(format!("wrong password of {}", self.identity.name)));
        }
        let proof_of_ours = hash.hmac(&self.credential.server_key, said.as_bytes());
        let last = format!("v={}", BASE64.encode(proof_of_ours)).into_bytes();
        Ok(Reply::Proven { last, identity: self.identity })
    }
}

impl ScramCredential {
    pub(crate) fn of_password(hash: Hash, password: &str, salt: Vec<u8>, iterations: u32) -> Self {
        let salted = hash.salted(password.as_bytes(), &salt, iterations);
        Self::of_salted(hash, &salted, salt, iterations)
    }

    /// What a client made of a password before it sent it.
    pub(crate) fn of_salted(hash: Hash, salted: &[u8], salt: Vec<u8>, iterations: u32) -> Self {
        let stored_key = hash.digest(&hash.hmac(salted, b"Client Key"));
        let server_key = hash.hmac(salted, b"Server Key");
        Self { salt, iterations, stored_key, server_key }
    }
}

impl std::fmt::Debug for ScramCredential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScramCredential").field("iterations", &self.iterations).finish_non_exhaustive()
    }
}

impl Hash {
    /// Kafka's number of the mechanism.
    pub(crate) fn by_number(number: i8) -> Option<Self> {
        match number {
            1 => Some(Self::Sha256),
            2 => Some(Self::Sha512),
            _ => None,
        }
    }

    pub(crate) fn number(self) -> i8 {
        match self {
            Self::Sha256 => 1,
            Self::Sha512 => 2,
        }
    }

    fn hmac(self, key: &[u8], data: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => hmac_of::<Hmac<Sha256>>(key, data),
            Self::Sha512 => hmac_of::<Hmac<Sha512>>(key, data),
        }
    }

    fn digest(self, data: &[u8]) -> Vec<u8> {
        match self {
            Self::Sha256 => Sha256::digest(data).to_vec(),
            Self::Sha512 => Sha512::digest(data).to_vec(),
        }
    }

    fn salted(self, password: &[u8], salt: &[u8], iterations: u32) -> Vec<u8> {
        match self {
            Self::Sha256 => pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(password, salt, iterations).to_vec(),
            Self::Sha512 => pbkdf2::pbkdf2_hmac_array::<Sha512, 64>(password, salt, iterations).to_vec(),
        }
    }
}

pub(crate) fn hmac_of<M: Mac + KeyInit>(key: &[u8], data: &[u8]) -> Vec<u8> {
    // It takes keys of any length.
    let Ok(mut mac) = <M as KeyInit>::new_from_slice(key) else { return Vec::new() };
    mac.update(data);
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests;
