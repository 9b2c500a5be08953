//! How long a broker asks for silence in an answer (KIP-219).

use std::time::Duration;

use bytes::Bytes;
use upsert_kafka_protocol::wire::{Kind, Wire};
use upsert_kafka_protocol::{Request, header};

/// Reads it from an answer's frame without decoding the rest: it comes first in every answer but that to
/// Produce, whose reader tells [`Connection::pause`](super::Connection::pause). Brokers before 2.0 have
/// waited themselves before they answer, and make us wait twice.
pub(super) fn throttle<R: Request>(frame: &Bytes, version: i16) -> Duration {
    let Kind::Struct(answer) = <R::Response as Wire>::KIND else { return Duration::ZERO };
    let first = answer.fields.first();
    if !first.is_some_and(|field| field.name == "throttle_time_ms" && field.versions.contains(version)) {
        return Duration::ZERO;
    }
    let body = header::response_body::<R>(frame, version).ok().map(|(_, body)| body);
    let told = body.and_then(|body| body.first_chunk().copied().map(i32::from_be_bytes));
    // A negative time is nonsense, and none.
    Duration::from_millis(told.and_then(|ms| u64::try_from(ms).ok()).unwrap_or(0)).min(PAUSE_MAX)
}

/// No broker is obeyed for longer: its quotas look back over seconds, and a number of 32 bits can say 24 days.
pub(super) const PAUSE_MAX: Duration = Duration::from_secs(300);

#[cfg(test)]
mod tests {
    use upsert_kafka_protocol::messages::{
        FetchRequest, FetchResponse, FindCoordinatorRequest, FindCoordinatorResponse, MetadataRequest,
        MetadataResponse,
    };
    use upsert_kafka_protocol::schema::Schema;
    use upsert_kafka_protocol::{Message, Request};

    use super::*;

    fn told<R: Request>(response: &R::Response, version: i16) -> Duration {
        // A task sees a frame without its length.
        let frame = header::response_frame(response, version, 7).unwrap().into_bytes().slice(4..);
        throttle::<R>(&frame, version)
    }

    #[test]
    fn it_is_read_from_both_kinds_of_header_where_the_version_has_it() {
        let ms = Duration::from_millis;
        let response = MetadataResponse { throttle_time_ms: 250, ..Default::default() };
        // Version 9 is the first with tags in its header, version 3 the first with the time.
        for (version, expected) in [(2, 0), (3, 250), (8, 250), (9, 250), (13, 250)] {
            assert_eq!(told::<MetadataRequest>(&response, version), ms(expected), "version {version}");
        }
        let response = MetadataResponse { throttle_time_ms: i32::MAX, ..Default::default() };
        assert_eq!(told::<MetadataRequest>(&response, 13), PAUSE_MAX);
        let response = FetchResponse { throttle_time_ms: -1, ..Default::default() };
        assert_eq!(told::<FetchRequest>(&response, FetchResponse::CURRENT.to), ms(0));
        let response = FindCoordinatorResponse { throttle_time_ms: 9, ..Default::default() };
        assert_eq!(told::<FindCoordinatorRequest>(&response, 0), ms(0));
        assert_eq!(throttle::<MetadataRequest>(&Bytes::from_static(&[0, 0, 0, 7, 0]), 13), ms(0));
    }

    #[test]
    fn of_all_answers_few_have_it_anywhere_but_first() {
        let at = |schema: &Schema| schema.rows.fields.iter().position(|row| row.name == "throttle_time_ms");
        let later = Schema::all().filter(|schema| at(schema).is_some_and(|at| at > 0)).map(Schema::name);
        let mut later: Vec<&str> = later.collect();
        later.sort_unstable();
        // ApiVersions is asked while a connection is opened; of the others only Produce is asked at all.
        let expected = [
            "ApiVersionsResponse",
            "CreateDelegationTokenResponse",
            "DescribeDelegationTokenResponse",
            "ExpireDelegationTokenResponse",
            "OffsetDeleteResponse",
            "ProduceResponse",
            "RenewDelegationTokenResponse",
        ];
        assert_eq!(later, expected);
    }
}
