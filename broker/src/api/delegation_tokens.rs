//! CreateDelegationToken, RenewDelegationToken, ExpireDelegationToken, DescribeDelegationToken: passwords that stand in
//! for their owners' own (KIP-48).
//!
//! Behavior
//! - As in Kafka: who comes in the open, without a certificate or by a token itself is
//!   `DELEGATION_TOKEN_REQUEST_NOT_ALLOWED`; without a secret key all is `DELEGATION_TOKEN_AUTH_DISABLED`.
//! - A token for somebody else wants CreateTokens on that user (KIP-373). Tokens that are not one's own are described to
//!   who may Describe them, or DescribeTokens of their owner.
//! - A token lets in no longer than it holds, where Kafka looks every hour. More tokens than
//!   10,000, and more renewers of one than 100, are `POLICY_VIOLATION`.
//!
//! Versions: 2 flexible; 3 owners.

use bytes::Bytes;
use upsert_kafka_protocol::messages::describe_delegation_token::{
    DescribeDelegationTokenOwner, DescribedDelegationToken, DescribedDelegationTokenRenewer,
};
use upsert_kafka_protocol::messages::{
    CreateDelegationTokenRequest, CreateDelegationTokenResponse, DescribeDelegationTokenRequest,
    DescribeDelegationTokenResponse, ExpireDelegationTokenRequest, ExpireDelegationTokenResponse,
    RenewDelegationTokenRequest, RenewDelegationTokenResponse,
};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::{Outcome, RequestContext, Serve};
use crate::config::{AclOperation, AclResource};
use crate::state::State;
use crate::state::delegation_tokens::{DelegationToken, Grant};
use crate::state::principal::Principal;

/// What stands where a refused request has no time.
const NO_TIME: i64 = -1;
/// From then on a token may be made for somebody else.
const OWNERS_SINCE: i16 = 3;

impl Serve for CreateDelegationTokenRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<CreateDelegationTokenResponse> {
        let requester = match state.requester(context) {
            Ok(requester) => requester,
            Err(code) => return self.refuse(context, code),
        };
        let owner = match (&self.owner_principal_type, self.owner_principal_name.as_deref()) {
            (_, None | Some("")) => requester.clone(),
            (Some(kind), Some(name)) => Principal::of(kind, name),
            // Kafka stumbles over it, and forgets who asked.
            (None, Some(_)) => {
                let nobody = Principal::anonymous();
                let grant = Grant { owner: nobody.clone(), requester: nobody, renewers: Vec::new() };
                let code = ErrorCode::UNKNOWN_SERVER_ERROR;
                return Outcome::Answer(created(&grant, code, NO_TIME, context.version));
            }
        };
        let renewers = self.renewers.iter().map(|it| Principal::of(&it.principal_type, &it.principal_name));
        let grant = Grant { owner, requester, renewers: renewers.collect() };
        let refused = |code, times| Outcome::Answer(created(&grant, code, times, context.version));
        let may =
            |it: &Principal| state.may(context, AclOperation::CreateTokens, AclResource::User, it.as_str());
        if grant.owner != grant.requester && !may(&grant.owner) {
            return refused(ErrorCode::DELEGATION_TOKEN_AUTHORIZATION_FAILED, NO_TIME);
        }
        if !grant.renewers.iter().all(Principal::is_user) {
            return refused(ErrorCode::INVALID_PRINCIPAL_TYPE, NO_TIME);
        }
        let Some(config) = &state.config.sasl.delegation_tokens else {
            return refused(ErrorCode::DELEGATION_TOKEN_AUTH_DISABLED, 0);
        };
        let id = Str::from(state.topics.fresh_id().to_string());
        let made =
            state.tokens.create((id, grant.clone()), self.max_lifetime_ms, config, context.now.unix_ms);
        Outcome::Answer(match made {
            Err(code) => created(&grant, code, NO_TIME, context.version),
            Ok(token) => CreateDelegationTokenResponse {
                issue_timestamp_ms: token.issued_ms,
                expiry_timestamp_ms: token.expires_ms,
                max_timestamp_ms: token.ends_ms,
                token_id: token.id.clone(),
                hmac: Bytes::copy_from_slice(token.hmac.reveal()),
                ..created(&grant, ErrorCode::NONE, 0, context.version)
            },
        })
    }

    fn refuse(&self, context: &RequestContext, code: ErrorCode) -> Outcome<CreateDelegationTokenResponse> {
        let requester = context.caller.principal().cloned().unwrap_or_else(Principal::anonymous);
        let owner = match (&self.owner_principal_type, &self.owner_principal_name) {
            (Some(kind), Some(name)) if !name.is_empty() => Principal::of(kind, name),
            _ => requester.clone(),
        };
        let grant = Grant { owner, requester, renewers: Vec::new() };
        Outcome::Answer(created(&grant, code, NO_TIME, context.version))
    }
}

/// An answer without a token, and these three times.
fn created(
    grant: &Grant,
    error_code: ErrorCode,
    time_ms: i64,
    version: i16,
) -> CreateDelegationTokenResponse {
    let (requester_type, requester_name) = requester_of(grant, version);
    CreateDelegationTokenResponse {
        error_code,
        principal_type: Str::from(grant.owner.kind()),
        principal_name: Str::from(grant.owner.name()),
        token_requester_principal_type: requester_type,
        token_requester_principal_name: requester_name,
        issue_timestamp_ms: time_ms,
        expiry_timestamp_ms: time_ms,
        max_timestamp_ms: time_ms,
        ..Default::default()
    }
}

impl Serve for RenewDelegationTokenRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<RenewDelegationTokenResponse> {
        let who = match state.requester(context) {
            Ok(who) => who,
            Err(code) => return self.refuse(context, code),
        };
        let State { tokens, config, .. } = state;
        let renewed = match &config.sasl.delegation_tokens {
            None => Err(ErrorCode::DELEGATION_TOKEN_AUTH_DISABLED),
            Some(config) => tokens.renew(&self.hmac, &who, self.renew_period_ms, config, context.now.unix_ms),
        };
        let (error_code, expiry_timestamp_ms) = dated(renewed);
        Outcome::Answer(RenewDelegationTokenResponse {
            error_code,
            expiry_timestamp_ms,
            ..Default::default()
        })
    }

    fn refuse(&self, _: &RequestContext, error_code: ErrorCode) -> Outcome<RenewDelegationTokenResponse> {
        let expiry_timestamp_ms = NO_TIME;
        Outcome::Answer(RenewDelegationTokenResponse {
            error_code,
            expiry_timestamp_ms,
            ..Default::default()
        })
    }
}

impl Serve for ExpireDelegationTokenRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<ExpireDelegationTokenResponse> {
        let who = match state.requester(context) {
            Ok(who) => who,
            Err(code) => return self.refuse(context, code),
        };
        let ended = match state.config.sasl.delegation_tokens {
            None => Err(ErrorCode::DELEGATION_TOKEN_AUTH_DISABLED),
            Some(_) => state.tokens.expire(&self.hmac, &who, self.expiry_time_period_ms, context.now.unix_ms),
        };
        let (error_code, expiry_timestamp_ms) = dated(ended);
        Outcome::Answer(ExpireDelegationTokenResponse {
            error_code,
            expiry_timestamp_ms,
            ..Default::default()
        })
    }

    fn refuse(&self, _: &RequestContext, error_code: ErrorCode) -> Outcome<ExpireDelegationTokenResponse> {
        let expiry_timestamp_ms = NO_TIME;
        Outcome::Answer(ExpireDelegationTokenResponse {
            error_code,
            expiry_timestamp_ms,
            ..Default::default()
        })
    }
}

/// What a token's new end is answered with.
fn dated(expires_ms: Result<i64, ErrorCode>) -> (ErrorCode, i64) {
    match expires_ms {
        Ok(expires_ms) => (ErrorCode::NONE, expires_ms),
        Err(code) => (code, 0),
    }
}

impl Serve for DescribeDelegationTokenRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<DescribeDelegationTokenResponse> {
        let who = match state.requester(context) {
            Ok(_) if state.config.sasl.delegation_tokens.is_none() => {
                return self.refuse(context, ErrorCode::DELEGATION_TOKEN_AUTH_DISABLED);
            }
            Ok(who) => who,
            Err(code) => return self.refuse(context, code),
        };
        let principal =
            |it: &DescribeDelegationTokenOwner| Principal::of(&it.principal_type, &it.principal_name);
        let owners: Option<Vec<_>> = self.owners.as_ref().map(|all| all.iter().map(principal).collect());
        let meant = |token: &Grant| {
            owners.as_ref().is_none_or(|owners| owners.iter().any(|owner| token.concerns(owner)))
        };
        let shown = |token: &&DelegationToken| {
            let owner = token.grant.owner.as_str();
            meant(&token.grant)
                && (token.grant.concerns(&who)
                    || state.may(context, AclOperation::Describe, AclResource::DelegationToken, &token.id)
                    || state.may(context, AclOperation::DescribeTokens, AclResource::User, owner))
        };
        let tokens = state.tokens.iter().filter(shown).map(|it| described(it, context.version)).collect();
        Outcome::Answer(DescribeDelegationTokenResponse { tokens, ..Default::default() })
    }

    fn refuse(&self, _: &RequestContext, error_code: ErrorCode) -> Outcome<DescribeDelegationTokenResponse> {
        Outcome::Answer(DescribeDelegationTokenResponse { error_code, ..Default::default() })
    }
}

fn described(token: &DelegationToken, version: i16) -> DescribedDelegationToken {
    let (requester_type, requester_name) = requester_of(&token.grant, version);
    let Grant { owner, renewers, .. } = &token.grant;
    let renewer = |it: &Principal| DescribedDelegationTokenRenewer {
        principal_type: Str::from(it.kind()),
        principal_name: Str::from(it.name()),
        ..Default::default()
    };
    DescribedDelegationToken {
        principal_type: Str::from(owner.kind()),
        principal_name: Str::from(owner.name()),
        token_requester_principal_type: requester_type,
        token_requester_principal_name: requester_name,
        issue_timestamp: token.issued_ms,
        expiry_timestamp: token.expires_ms,
        max_timestamp: token.ends_ms,
        token_id: token.id.clone(),
        hmac: Bytes::copy_from_slice(token.hmac.reveal()),
        renewers: renewers.iter().map(renewer).collect(),
        ..Default::default()
    }
}

/// Who asked for a token, which no answer says before the version that has owners.
fn requester_of(grant: &Grant, version: i16) -> (Str, Str) {
    match version >= OWNERS_SINCE {
        true => (Str::from(grant.requester.kind()), Str::from(grant.requester.name())),
        false => (Str::default(), Str::default()),
    }
}

impl State {
    /// Who asks about tokens: somebody who has proved who they are, and not by a token, which would else live for ever.
    fn requester(&self, context: &RequestContext) -> Result<Principal, ErrorCode> {
        let caller = &context.caller;
        let protocol = self.sessions.protocol(caller.listener);
        let proven = caller.principal().filter(|it| {
            !caller.by_token && (protocol.has_sasl() || protocol.has_tls() && **it != Principal::anonymous())
        });
        proven.cloned().ok_or(ErrorCode::DELEGATION_TOKEN_REQUEST_NOT_ALLOWED)
    }
}
