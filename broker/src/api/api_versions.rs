//! ApiVersions: the APIs and versions that the broker serves.
//!
//! Behavior
//! - The only feature that is advertised is `transaction.version`. A version of ApiVersions that is not served is
//!   answered by a body of version 0 with `UNSUPPORTED_VERSION` and the range of ApiVersions alone, as by Kafka.
//! - Produce is advertised from version 0 on, though versions 0 to 2 close the connection: librdkafka takes a broker that
//!   begins later for one that knows no compression. Kafka 4 does the same.
//! - The client's name and version are not kept.
//!
//! Versions: 3 flexible, the response header stays the first, features; 4 a feature's least level may be 0; 5 names the
//! cluster and node that are meant (KIP-1242).

use upsert_kafka_protocol::messages::api_versions::{ApiVersion, FinalizedFeatureKey, SupportedFeatureKey};
use upsert_kafka_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse};
use upsert_kafka_protocol::{ApiKey, ErrorCode, Str, Versions};

use super::{Outcome, RequestContext, SERVED, Serve};
use crate::state::State;

/// The feature that says how transactions go (KIP-890).
pub(super) const TRANSACTION_VERSION: &str = "transaction.version";
pub(super) const TRANSACTION_VERSION_MAX: i16 = 2;

impl Serve for ApiVersionsRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<ApiVersionsResponse> {
        let meant_cluster = self.cluster_id.as_ref().is_none_or(|id| **id == *state.config.cluster_id);
        let meant_node = self.node_id == -1 || self.node_id == context.node;
        if context.version >= 5 && !(meant_cluster && meant_node) {
            return self.refuse(context, ErrorCode::REBOOTSTRAP_REQUIRED);
        }
        let api_keys = SERVED.iter().map(row).collect();
        let name = Str::from_static(TRANSACTION_VERSION);
        let supported = SupportedFeatureKey {
            name: name.clone(),
            // A client of version 3 takes 0 for malformed.
            min_version: if context.version >= 4 { 0 } else { 1 },
            max_version: TRANSACTION_VERSION_MAX,
            ..Default::default()
        };
        let level = state.config.transaction_version;
        let finalized = FinalizedFeatureKey {
            name,
            max_version_level: level,
            min_version_level: level,
            ..Default::default()
        };
        Outcome::Answer(ApiVersionsResponse {
            api_keys,
            supported_features: vec![supported],
            finalized_features_epoch: 0,
            finalized_features: if level > 0 { vec![finalized] } else { Vec::new() },
            ..Default::default()
        })
    }

    fn refuse(&self, _: &RequestContext, code: ErrorCode) -> Outcome<ApiVersionsResponse> {
        Outcome::Answer(ApiVersionsResponse { error_code: code, ..Default::default() })
    }
}

pub(super) fn unsupported() -> ApiVersionsResponse {
    let own = SERVED.iter().filter(|(api, _)| *api == ApiKey::API_VERSIONS);
    ApiVersionsResponse {
        error_code: ErrorCode::UNSUPPORTED_VERSION,
        api_keys: own.map(row).collect(),
        ..Default::default()
    }
}

fn row((api, versions): &(ApiKey, Versions)) -> ApiVersion {
    let min_version = if *api == ApiKey::PRODUCE { 0 } else { versions.from };
    ApiVersion { api_key: api.0, min_version, max_version: versions.to, ..Default::default() }
}
