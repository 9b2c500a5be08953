//! Delegation tokens (KIP-48): who has which, until when, and the SCRAM credentials by which they let in.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::Hmac;
use sha2::Sha512;
use subtle::ConstantTimeEq;
use upsert_kafka_protocol::{ErrorCode, Str};
use zeroize::Zeroizing;

use super::principal::Principal;
use crate::config::DelegationTokenConfig;
use crate::scram_credential::{ScramCredential, ScramHash, hmac_of};

/// Every token that is kept.
#[derive(Debug, Default)]
pub(crate) struct DelegationTokens {
    by_id: BTreeMap<Str, DelegationToken>,
}

/// A token. Its HMAC is a password: it is shown to who may describe the token and to nobody else.
#[derive(Debug)]
pub(crate) struct DelegationToken {
    pub(crate) id: Str,
    pub(crate) grant: Grant,
    pub(crate) issued_ms: i64,
    pub(crate) expires_ms: i64,
    /// No renewal takes it beyond.
    pub(crate) ends_ms: i64,
    pub(crate) hmac: Hmac512,
    scram: BTreeMap<ScramHash, ScramCredential>,
}

/// Whom a token is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    /// Who it lets in as.
    pub(crate) owner: Principal,
    /// Who asked for it.
    pub(crate) requester: Principal,
    /// Who may renew and end it beside these two.
    pub(crate) renewers: Vec<Principal>,
}

/// What a token proves itself by; `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Hmac512(Zeroizing<Vec<u8>>);

/// What SCRAM knows of a token.
pub(crate) struct TokenLogin {
    pub(crate) owner: Principal,
    pub(crate) expires_ms: i64,
    pub(crate) credential: ScramCredential,
}

impl DelegationTokens {
    /// Makes a token with that id; `lifetime_ms` below 1 is as long as the settings allow.
    pub(crate) fn create(
        &mut self,
        (id, grant): (Str, Grant),
        lifetime_ms: i64,
        config: &DelegationTokenConfig,
        now_ms: i64,
    ) -> Result<&DelegationToken, ErrorCode> {
        self.sweep(now_ms);
        if self.by_id.len() >= TOKENS_MAX || grant.renewers.len() > RENEWERS_MAX {
            return Err(ErrorCode::POLICY_VIOLATION);
        }
        let ends_ms = now_ms.saturating_add(at_most(lifetime_ms, millis(config.lifetime_max)));
        let expires_ms = ends_ms.min(now_ms.saturating_add(millis(config.expiry_time)));
        let hmac = hmac_of::<Hmac<Sha512>>(config.secret_key.reveal().as_bytes(), id.as_bytes());
        let (hmac, scram) = (Hmac512(Zeroizing::new(hmac)), BTreeMap::new());
        let made =
            DelegationToken { id: id.clone(), grant, issued_ms: now_ms, expires_ms, ends_ms, hmac, scram };
        Ok(self.by_id.entry(id).insert_entry(made).into_mut())
    }

    /// Lets a token hold for longer, from now on; until when. A period below 1 is the settings' own.
    pub(crate) fn renew(
        &mut self,
        hmac: &[u8],
        who: &Principal,
        period_ms: i64,
        config: &DelegationTokenConfig,
        now_ms: i64,
    ) -> Result<i64, ErrorCode> {
        self.sweep(now_ms);
        let token = self.by_hmac(hmac)?;
        if token.has_expired(now_ms) {
            return Err(ErrorCode::DELEGATION_TOKEN_EXPIRED);
        }
        token.check(who)?;
        let period_ms = at_most(period_ms, millis(config.expiry_time));
        token.expires_ms = token.ends_ms.min(now_ms.saturating_add(period_ms));
        Ok(token.expires_ms)
    }

    /// Ends a token so long from now, at once with a period below 0; when that is.
    pub(crate) fn expire(
        &mut self,
        hmac: &[u8],
        who: &Principal,
        period_ms: i64,
        now_ms: i64,
    ) -> Result<i64, ErrorCode> {
        self.sweep(now_ms);
        let token = self.by_hmac(hmac)?;
        token.check(who)?;
        if period_ms < 0 {
            let id = token.id.clone();
            self.by_id.remove(&id);
            return Ok(now_ms);
        }
        if token.has_expired(now_ms) {
            return Err(ErrorCode::DELEGATION_TOKEN_EXPIRED);
        }
        token.expires_ms = token.ends_ms.min(now_ms.saturating_add(period_ms));
        Ok(token.expires_ms)
    }

    /// Every token that is kept, by id.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &DelegationToken> {
        self.by_id.values()
    }

    /// What SCRAM wants of a token that holds. Its password is the HMAC in base64; what is kept of that is made when it is
    /// first asked for, since that takes a moment.
    pub(crate) fn login(
        &mut self,
        id: &str,
        hash: ScramHash,
        (salt, iterations): (String, u32),
        now_ms: i64,
    ) -> Option<TokenLogin> {
        let token = self.by_id.get_mut(id).filter(|it| !it.has_expired(now_ms))?;
        let password = Zeroizing::new(BASE64.encode(token.hmac.reveal()));
        let made = || ScramCredential::of_password(hash, &password, salt.into_bytes(), iterations);
        let credential = token.scram.entry(hash).or_insert_with(made).clone();
        Some(TokenLogin { owner: token.grant.owner.clone(), expires_ms: token.expires_ms, credential })
    }

    /// The token with that HMAC, which nobody learns piece by piece.
    fn by_hmac(&mut self, hmac: &[u8]) -> Result<&mut DelegationToken, ErrorCode> {
        let found = self.by_id.values_mut().find(|it| it.hmac.reveal().ct_eq(hmac).into());
        found.ok_or(ErrorCode::DELEGATION_TOKEN_NOT_FOUND)
    }

    /// Forgets what ended long ago.
    fn sweep(&mut self, now_ms: i64) {
        self.by_id.retain(|_, it| it.expires_ms.saturating_add(EXPIRED_KEPT_MS) >= now_ms);
    }
}

impl DelegationToken {
    fn has_expired(&self, now_ms: i64) -> bool {
        self.expires_ms < now_ms
    }

    fn check(&self, who: &Principal) -> Result<(), ErrorCode> {
        if self.grant.concerns(who) { Ok(()) } else { Err(ErrorCode::DELEGATION_TOKEN_OWNER_MISMATCH) }
    }
}

impl Grant {
    /// Whether somebody may do everything with the token: it is for them, or they asked for it or may renew it.
    pub(crate) fn concerns(&self, who: &Principal) -> bool {
        self.owner == *who || self.requester == *who || self.renewers.contains(who)
    }
}

impl Hmac512 {
    /// The bytes themselves.
    pub(crate) fn reveal(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Hmac512 {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("***")
    }
}

/// What is wanted, if it is anything, and no more than what is allowed.
fn at_most(wanted_ms: i64, allowed_ms: i64) -> i64 {
    if wanted_ms > 0 { wanted_ms.min(allowed_ms) } else { allowed_ms }
}

fn millis(time: std::time::Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// One more is refused with `POLICY_VIOLATION`, where Kafka has no bound.
const TOKENS_MAX: usize = 10_000;
/// Of one token; as above.
const RENEWERS_MAX: usize = 100;
/// For so long an expired token is told from one that never was: `delegation.token.expiry.check.interval.ms`.
const EXPIRED_KEPT_MS: i64 = 3_600_000;

#[cfg(test)]
mod tests;
