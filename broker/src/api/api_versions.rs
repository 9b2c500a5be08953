//! ApiVersions: the APIs and versions that the broker serves.
//!
//! Behavior
//! - The features that are advertised are `group.version` and `transaction.version`. A version of ApiVersions that is not served is
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
use crate::config::BrokerConfig;
use crate::state::State;

/// A feature of the cluster, and its highest level; the lowest is 0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Feature {
    pub(super) name: &'static str,
    pub(super) level_max: i16,
    level: fn(&BrokerConfig) -> i16,
    set: fn(&mut BrokerConfig, i16),
}

/// Whether there are consumer groups (KIP-848), and how transactions go (KIP-890).
pub(super) static FEATURES: &[Feature] = &[
    Feature {
        name: "group.version",
        level_max: 1,
        level: |config| config.group_version,
        set: |config, level| config.group_version = level,
    },
    Feature {
        name: "transaction.version",
        level_max: 2,
        level: |config| config.transaction_version,
        set: |config, level| config.transaction_version = level,
    },
];

impl Feature {
    pub(super) fn by_name(name: &str) -> Option<Self> {
        FEATURES.iter().find(|feature| feature.name == name).copied()
    }

    pub(super) fn level(self, config: &BrokerConfig) -> i16 {
        (self.level)(config)
    }

    pub(super) fn set(self, config: &mut BrokerConfig, level: i16) {
        (self.set)(config, level);
    }

    fn supported(self, version: i16) -> SupportedFeatureKey {
        SupportedFeatureKey {
            name: Str::from_static(self.name),
            // A client of version 3 takes 0 for malformed.
            min_version: if version >= 4 { 0 } else { 1 },
            max_version: self.level_max,
            ..Default::default()
        }
    }

    fn finalized(self, config: &BrokerConfig) -> FinalizedFeatureKey {
        FinalizedFeatureKey {
            name: Str::from_static(self.name),
            max_version_level: self.level(config),
            min_version_level: self.level(config),
            ..Default::default()
        }
    }
}

impl Serve for ApiVersionsRequest {
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<ApiVersionsResponse> {
        let meant_cluster = self.cluster_id.as_ref().is_none_or(|id| **id == *state.config.cluster_id);
        let meant_node = self.node_id == -1 || self.node_id == context.node;
        if context.version >= 5 && !(meant_cluster && meant_node) {
            return self.refuse(context, ErrorCode::REBOOTSTRAP_REQUIRED);
        }
        let api_keys = SERVED.iter().map(row).collect();
        let supported = FEATURES.iter().map(|feature| feature.supported(context.version));
        let finalized = FEATURES.iter().map(|feature| feature.finalized(&state.config));
        Outcome::Answer(ApiVersionsResponse {
            api_keys,
            supported_features: supported.collect(),
            finalized_features_epoch: 0,
            finalized_features: finalized.filter(|feature| feature.max_version_level > 0).collect(),
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
