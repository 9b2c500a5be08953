//! SCRAM-SHA-256 and -512 (RFC 5802, RFC 7677) by Kafka's rules: no SASLprep, no channel binding.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::plain::OTHER_ID;
use super::{Accounts, ProvenName, Reply, SaslRefusal};
use crate::config::SaslConfig;
use crate::now::Now;
use crate::scram_credential::{ScramCredential, ScramHash};
use crate::state::delegation_tokens::TokenLogin;

/// One login under way.
#[derive(Debug)]
pub(crate) struct ScramExchange {
    hash: ScramHash,
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
    pub(super) fn new(hash: ScramHash) -> Self {
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
    fn verify(self, hash: ScramHash, client_final: &str) -> Result<Reply, SaslRefusal> {
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
        let proof = BASE64.decode(proof).map_err(|_| malformed())?;
        if !self.credential.is_proven(hash, said.as_bytes(), &proof) {
            return Err(SaslRefusal::kept(format!("wrong password of {}", self.identity.name)));
        }
        let last = format!("v={}", BASE64.encode(self.credential.sign(hash, said.as_bytes()))).into_bytes();
        Ok(Reply::Proven { last, identity: self.identity })
    }
}

#[cfg(test)]
mod tests;
