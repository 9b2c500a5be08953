//! Quotas and SCRAM credentials, of which there are none: the four APIs that describe and alter them.
//!
//! Behavior
//! - Nobody has quotas or credentials. Giving any is `POLICY_VIOLATION`: neither would have an effect here, where
//!   Kafka keeps them.
//!
//! Versions: DescribeClientQuotas and AlterClientQuotas 1 flexible.

use std::collections::{BTreeMap, BTreeSet};

use upsert_kafka_protocol::messages::alter_client_quotas::{RequestEntryData, ResponseEntryData};
use upsert_kafka_protocol::messages::alter_user_scram_credentials::AlterUserScramCredentialsResult;
use upsert_kafka_protocol::messages::describe_user_scram_credentials::DescribeUserScramCredentialsResult;
use upsert_kafka_protocol::messages::{
    AlterClientQuotasRequest, AlterClientQuotasResponse, AlterUserScramCredentialsRequest,
    AlterUserScramCredentialsResponse, DescribeClientQuotasRequest, DescribeClientQuotasResponse,
    DescribeUserScramCredentialsRequest, DescribeUserScramCredentialsResponse,
};
use upsert_kafka_protocol::messages::{alter_client_quotas, describe_client_quotas};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::{Outcome, RequestContext, Serve};
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
    fn serve(&self, _: &mut State, _: &RequestContext) -> Outcome<DescribeUserScramCredentialsResponse> {
        let mut times: BTreeMap<&Str, usize> = BTreeMap::new();
        self.users.iter().flatten().for_each(|user| *times.entry(&user.name).or_default() += 1);
        let one = |(name, times): (&Str, usize)| {
            let error_code =
                if times == 1 { ErrorCode::RESOURCE_NOT_FOUND } else { ErrorCode::DUPLICATE_RESOURCE };
            DescribeUserScramCredentialsResult {
                user: name.clone(),
                error_code,
                error_message: Some(words(error_code)),
                ..Default::default()
            }
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
    fn serve(&self, _: &mut State, _: &RequestContext) -> Outcome<AlterUserScramCredentialsResponse> {
        let given: BTreeSet<_> = self.upsertions.iter().map(|it| &it.name).collect();
        answer(self, |name| match given.contains(name) {
            true => ErrorCode::POLICY_VIOLATION,
            false => ErrorCode::RESOURCE_NOT_FOUND,
        })
    }

    fn refuse(&self, _: &RequestContext, code: ErrorCode) -> Outcome<AlterUserScramCredentialsResponse> {
        answer(self, |_| code)
    }
}

fn answer(
    request: &AlterUserScramCredentialsRequest,
    each: impl Fn(&Str) -> ErrorCode,
) -> Outcome<AlterUserScramCredentialsResponse> {
    let deleted = request.deletions.iter().map(|it| &it.name);
    let names: BTreeSet<_> = deleted.chain(request.upsertions.iter().map(|it| &it.name)).collect();
    let one = |name: &Str| AlterUserScramCredentialsResult {
        user: name.clone(),
        error_code: each(name),
        error_message: Some(words(each(name))),
        ..Default::default()
    };
    let results = names.into_iter().map(one).collect();
    Outcome::Answer(AlterUserScramCredentialsResponse { results, ..Default::default() })
}

fn words(code: ErrorCode) -> Str {
    Str::from_static(match code {
        ErrorCode::POLICY_VIOLATION => "this broker keeps no quotas and no credentials",
        other => other.message(),
    })
}
