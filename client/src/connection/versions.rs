//! Which versions a broker speaks: ApiVersions, the first request on a connection, and its answer.

use upsert_kafka_protocol::messages::{ApiVersionsRequest, ApiVersionsResponse};
use upsert_kafka_protocol::{Bytes, ErrorCode, Message, Str, Versions};

use crate::Error;

/// What one broker speaks, as it said when the connection was opened.
#[derive(Clone, Debug, Default)]
pub(crate) struct BrokerVersions {
    /// By key, in ascending order.
    apis: Vec<(i16, Versions)>,
    transaction_version: i16,
    group_version: i16,
}

impl BrokerVersions {
    /// From an answer without an error.
    pub(crate) fn of(response: &ApiVersionsResponse) -> Self {
        let versions = |from, to| Versions { from, to };
        let rows = response.api_keys.iter();
        let mut apis: Vec<_> =
            rows.map(|api| (api.api_key, versions(api.min_version, api.max_version))).collect();
        apis.sort_by_key(|(key, _)| *key);
        let level = |feature| finalized_level(response, feature);
        let (transaction_version, group_version) = (level("transaction.version"), level("group.version"));
        Self { apis, transaction_version, group_version }
    }

    /// The highest version in both ranges and not above `max`; else what the broker speaks, if anything.
    pub(crate) fn pick(&self, key: i16, ours: Versions, max: i16) -> Result<i16, Option<Versions>> {
        let at = self.apis.binary_search_by_key(&key, |(key, _)| *key).map_err(|_| None)?;
        let theirs = self.apis[at].1;
        let both = ours.and(theirs).and(Versions { from: i16::MIN, to: max });
        if both.is_empty() { Err(Some(theirs)) } else { Ok(both.to) }
    }

    /// The level of the feature `transaction.version` in the whole cluster, 0 when the broker does not tell.
    pub(crate) fn transaction_version(&self) -> i16 {
        self.transaction_version
    }

    /// The level of the feature `group.version` in the whole cluster, 0 when the broker does not tell.
    pub(crate) fn group_version(&self) -> i16 {
        self.group_version
    }
}

fn finalized_level(response: &ApiVersionsResponse, feature: &str) -> i16 {
    let known = response.finalized_features_epoch >= 0;
    let mut finalized = response.finalized_features.iter().filter(|_| known);
    finalized.find(|it| &*it.name == feature).map_or(0, |it| it.max_version_level)
}

/// The first request, which names this client.
pub(crate) fn request() -> ApiVersionsRequest {
    ApiVersionsRequest {
        client_software_name: Str::from("upsert-kafka"),
        client_software_version: Str::from(env!("CARGO_PKG_VERSION")),
        ..Default::default()
    }
}

/// Reads the answer. A broker that does not know the version answers at version 0, whatever was asked.
pub(crate) fn decode(body: &Bytes, version: i16) -> Result<ApiVersionsResponse, Error> {
    let refused = body.first_chunk() == Some(&ErrorCode::UNSUPPORTED_VERSION.0.to_be_bytes());
    Ok(ApiVersionsResponse::decode(body, if refused { 0 } else { version })?)
}

/// All brokers since 2.4 know it; later versions tell us nothing that we use, and cost old brokers a round trip.
pub(crate) const FIRST_VERSION: i16 = 3;

#[cfg(test)]
mod tests {
    use upsert_kafka_protocol::messages::api_versions::ApiVersion;

    use super::*;

    #[test]
    fn the_highest_common_version_is_picked_and_a_cap_is_kept() {
        let api = |(api_key, min_version, max_version)| ApiVersion {
            api_key,
            min_version,
            max_version,
            ..Default::default()
        };
        let api_keys = [(3, 0, 9), (1, 4, 12), (18, 0, 2)].map(api).to_vec();
        let broker = BrokerVersions::of(&ApiVersionsResponse { api_keys, ..Default::default() });
        let ours = Versions { from: 4, to: 18 };
        assert_eq!(broker.pick(1, ours, i16::MAX), Ok(12));
        assert_eq!(broker.pick(1, ours, 11), Ok(11));
        assert_eq!(broker.pick(1, ours, 3), Err(Some(Versions { from: 4, to: 12 })));
        assert_eq!(broker.pick(18, Versions { from: 3, to: 5 }, 9), Err(Some(Versions { from: 0, to: 2 })));
        assert_eq!(broker.pick(22, ours, 9), Err(None));
    }
}
