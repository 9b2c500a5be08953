//! Quotas, of which there are none, and SCRAM credentials: the four APIs that describe and alter them.
//!
//! Behavior
//! - Nobody has quotas. Giving any is `POLICY_VIOLATION`: it would have no effect here, where Kafka keeps it.
//! - Credentials are kept and let users in, as in Kafka. A user of the settings is described as one who has both, of the
//!   password; Kafka does not know that its users of PLAIN could have any.
//!
//! Versions: DescribeClientQuotas and AlterClientQuotas 1 flexible.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use upsert_kafka_protocol::messages::alter_client_quotas::{RequestEntryData, ResponseEntryData};
use upsert_kafka_protocol::messages::alter_user_scram_credentials::{
    AlterUserScramCredentialsResult, ScramCredentialUpsertion,
};
use upsert_kafka_protocol::messages::describe_user_scram_credentials::{
    CredentialInfo, DescribeUserScramCredentialsResult,
};
use upsert_kafka_protocol::messages::{
    AlterClientQuotasRequest, AlterClientQuotasResponse, AlterUserScramCredentialsRequest,
    AlterUserScramCredentialsResponse, DescribeClientQuotasRequest, DescribeClientQuotasResponse,
    DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse,
};
use upsert_kafka_protocol::messages::{alter_client_quotas, describe_client_quotas};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::{Outcome, RequestContext, Serve};
use crate::sasl::Users;
use crate::scram_credential::{ScramCredential, ScramHash};
use crate::state::State;

/// What quotas may be for.
const ENTITY_TYPES: [&str; 3] = ["user", "client-id", "ip"];

impl Serve for DescribeClientQuotasRequest {
    fn serve(&self, _: &mut State, context: &RequestContext) -> Outcome<DescribeClientQuotasResponse> {
        let of = |it: &describe_client_quotas::ComponentData| it.entity_type.clone();
        let mut types: Vec<_> = self.components.iter().map(of).collect();
        types.sort_unstable();
        let exact = |it: &describe_client_quotas::ComponentData| match it.match_type {
            0 => it.r#match.is_some(),
            1 | 2 => it.r#match.is_none(),
            _ => false,
        };
        if types.windows(2).any(|two| two[0] == two[1])
            || types.iter().any(|it| it.is_empty())
            || !self.components.iter().all(exact)
        {
            return self.refuse(context, ErrorCode::INVALID_REQUEST);
        }
        if types.iter().any(|it| !ENTITY_TYPES.contains(&&**it)) {
            return self.refuse(context, ErrorCode::UNSUPPORTED_VERSION);
        }
        Outcome::Answer(DescribeClientQuotasResponse { entries: Some(Vec::new()), ..Default::default() })
    }

    fn refuse(&self, _: &RequestContext, error_code: ErrorCode) -> Outcome<DescribeClientQuotasResponse> {
        let (error_message, entries) = (Some(words(error_code)), None);
        Outcome::Answer(DescribeClientQuotasResponse {
            error_code,
            error_message,
            entries,
            ..Default::default()
        })
    }
}

impl Serve for AlterClientQuotasRequest {
    fn serve(&self, _: &mut State, context: &RequestContext) -> Outcome<AlterClientQuotasResponse> {
        self.refuse(context, ErrorCode::POLICY_VIOLATION)
    }

    fn refuse(&self, _: &RequestContext, error_code: ErrorCode) -> Outcome<AlterClientQuotasResponse> {
        let part = |it: &alter_client_quotas::EntityData| it.clone();
        let one = |entry: &RequestEntryData| ResponseEntryData {
            error_code,
            error_message: Some(words(error_code)),
            entity: entry.entity.iter().map(part).collect(),
            ..Default::default()
        };
        let entries = self.entries.iter().map(one).collect();
        Outcome::Answer(AlterClientQuotasResponse { entries, ..Default::default() })
    }
}

impl Serve for DescribeUserScramCredentialsRequest {
    fn serve(&self, state: &mut State, _: &RequestContext) -> Outcome<DescribeUserScramCredentialsResponse> {
        let iterations = state.config.sasl.scram_iterations;
        let described = state.users.described(iterations).filter(|(_, kept)| !kept.is_empty());
        let known: BTreeMap<_, _> = described.collect();
        let asked = self.users.as_deref().filter(|users| !users.is_empty());
        let mut times: BTreeMap<&str, usize> = BTreeMap::new();
        match asked {
            Some(users) => users.iter().for_each(|user| *times.entry(&user.name).or_default() += 1),
            None => times.extend(known.keys().map(|name| (*name, 1))),
        }
        let one = |(name, times): (&str, usize)| match known.get(name) {
            _ if times > 1 => not_described(name, ErrorCode::DUPLICATE_RESOURCE),
            None => not_described(name, ErrorCode::RESOURCE_NOT_FOUND),
            Some(kept) => DescribeUserScramCredentialsResult {
                user: Str::from(name),
                credential_infos: kept.iter().map(info).collect(),
                ..Default::default()
            },
        };
        let results = times.into_iter().map(one).collect();
        Outcome::Answer(DescribeUserScramCredentialsResponse { results, ..Default::default() })
    }

    fn refuse(
        &self,
        _: &RequestContext,
        error_code: ErrorCode,
    ) -> Outcome<DescribeUserScramCredentialsResponse> {
        let error_message = Some(words(error_code));
        Outcome::Answer(DescribeUserScramCredentialsResponse {
            error_code,
            error_message,
            ..Default::default()
        })
    }
}

impl Serve for AlterUserScramCredentialsRequest {
    fn serve(&self, state: &mut State, _: &RequestContext) -> Outcome<AlterUserScramCredentialsResponse> {
        let outcomes: BTreeMap<_, _> =
            names(self).map(|name| (name, alter(self, name, &mut state.users))).collect();
        // Each name is there: they are the same names.
        answer(self, |name| outcomes.get(name).copied().unwrap_or(ErrorCode::NONE))
    }

    fn refuse(&self, _: &RequestContext, code: ErrorCode) -> Outcome<AlterUserScramCredentialsResponse> {
        answer(self, |_| code)
    }
}

/// All that a request does with one user, or nothing of it.
fn alter(request: &AlterUserScramCredentialsRequest, name: &Str, users: &mut Users) -> ErrorCode {
    let deletions = || request.deletions.iter().filter(|it| it.name == *name);
    let upsertions = || request.upsertions.iter().filter(|it| it.name == *name);
    let mechanisms: Vec<_> =
        deletions().map(|it| it.mechanism).chain(upsertions().map(|it| it.mechanism)).collect();
    if name.is_empty() {
        return ErrorCode::UNACCEPTABLE_CREDENTIAL;
    }
    if mechanisms.iter().any(|it| ScramHash::by_number(*it).is_none()) {
        return ErrorCode::UNSUPPORTED_SASL_MECHANISM;
    }
    let short = |it: &ScramCredentialUpsertion| {
        name.len() <= BYTES_MAX && it.salt.len() <= BYTES_MAX && it.salted_password.len() <= BYTES_MAX
    };
    if upsertions().any(|it| !ITERATIONS.contains(&it.iterations) || !short(it)) {
        return ErrorCode::UNACCEPTABLE_CREDENTIAL;
    }
    if upsertions().next().is_some() && users.described(0).count() >= USERS_MAX {
        return ErrorCode::POLICY_VIOLATION;
    }
    if mechanisms.iter().collect::<BTreeSet<_>>().len() < mechanisms.len() {
        return ErrorCode::DUPLICATE_RESOURCE;
    }
    let mut code = ErrorCode::NONE;
    for hash in deletions().filter_map(|it| ScramHash::by_number(it.mechanism)) {
        if !users.remove_scram(name, hash) {
            code = ErrorCode::RESOURCE_NOT_FOUND;
        }
    }
    for it in upsertions() {
        if let (Some(hash), Ok(iterations)) =
            (ScramHash::by_number(it.mechanism), u32::try_from(it.iterations))
        {
            let kept = ScramCredential::of_salted(hash, &it.salted_password, it.salt.to_vec(), iterations);
            users.set_scram(name, hash, kept);
        }
    }
    code
}

/// A longer name, salt or password is refused, where Kafka has no bound but a request's.
const BYTES_MAX: usize = 1024;
/// With so many users, nobody is given another credential.
const USERS_MAX: usize = 10_000;
/// What Kafka takes.
const ITERATIONS: RangeInclusive<i32> = 4096..=16_384;

fn not_described(name: &str, error_code: ErrorCode) -> DescribeUserScramCredentialsResult {
    let error_message = Some(words(error_code));
    DescribeUserScramCredentialsResult {
        user: Str::from(name),
        error_code,
        error_message,
        ..Default::default()
    }
}

fn info((hash, iterations): &(ScramHash, u32)) -> CredentialInfo {
    let iterations = i32::try_from(*iterations).unwrap_or(i32::MAX);
    CredentialInfo { mechanism: hash.number(), iterations, ..Default::default() }
}

fn names(request: &AlterUserScramCredentialsRequest) -> impl Iterator<Item = &Str> {
    let deleted = request.deletions.iter().map(|it| &it.name);
    let names: BTreeSet<_> = deleted.chain(request.upsertions.iter().map(|it| &it.name)).collect();
    names.into_iter()
}

fn answer(
    request: &AlterUserScramCredentialsRequest,
    each: impl Fn(&Str) -> ErrorCode,
) -> Outcome<AlterUserScramCredentialsResponse> {
    let one = |name: &Str| AlterUserScramCredentialsResult {
        user: name.clone(),
        error_code: each(name),
        error_message: Some(words(each(name))).filter(|_| !each(name).is_none()),
        ..Default::default()
    };
    let results = names(request).map(one).collect();
    Outcome::Answer(AlterUserScramCredentialsResponse { results, ..Default::default() })
}

fn words(code: ErrorCode) -> Str {
    Str::from_static(match code {
        ErrorCode::POLICY_VIOLATION => "this broker keeps no quotas, and no more users than these",
        other => other.message(),
    })
}
