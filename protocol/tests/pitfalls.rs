//! What one gets wrong, point by point, as the golden data's README lists it: the points of messages. Those of records
//! stand in `records/rules.rs` and `records/wrappers.rs`, those of null structs in `tags.rs`.

use bytes::{Bytes, BytesMut};
use upsert_kafka_protocol::data::group::ConsumerGroupMemberMetadataValue;
use upsert_kafka_protocol::header::{self, RequestHeader, ResponseHeader};
use upsert_kafka_protocol::messages::metadata::MetadataRequestTopic;
use upsert_kafka_protocol::messages::produce::{PartitionProduceData, TopicProduceData};
use upsert_kafka_protocol::messages::{
    ApiVersionsRequest, ApiVersionsResponse, FetchRequest, FetchResponse, InitProducerIdRequest,
    MetadataRequest, ProduceRequest,
};
use upsert_kafka_protocol::records::{BatchWriter, Codec, Stamp, batches};
use upsert_kafka_protocol::wire::Message;
use upsert_kafka_protocol::{Api, ApiKey, Uuid};

fn refused<M: Message>(bytes: &'static [u8], version: i16) -> String {
    M::decode(&Bytes::from_static(bytes), version).map(|_| ()).expect_err("refused").to_string()
}

/// Point 1: The client id keeps its two bytes of length in a flexible header, null is ffff, and the tags come behind.
#[test]
fn a_flexible_headers_client_id_keeps_its_old_form() {
    let frame =
        header::request_frame(&MetadataRequest::default(), 9, 7, Some(&"me".into())).expect("a frame");
    assert_eq!(frame.into_bytes()[4..17], *b"\0\x03\0\x09\0\0\0\x07\0\x02me\0");
    let frame = header::request_frame(&MetadataRequest::default(), 9, 7, None).expect("a frame").into_bytes();
    assert_eq!(frame[4..15], *b"\0\x03\0\x09\0\0\0\x07\xff\xff\0");
    let (head, _) = RequestHeader::read(&frame.slice(4..)).expect("a header");
    assert_eq!(head.client_id.0, None);
}

/// Point 2: Answers to ApiVersions have the first header at every version; others of flexible versions have tags.
#[test]
fn an_answer_to_api_versions_has_no_tags_in_its_header() {
    let frame = header::response_frame(&ApiVersionsResponse::default(), 3, 7).expect("a frame").into_bytes();
    assert_eq!(frame[4..10], [0, 0, 0, 7, 0, 0], "the error follows the correlation id");
    let (head, body) = ResponseHeader::read(&frame.slice(4..), ApiKey::API_VERSIONS.0, 3).expect("a header");
    assert_eq!((head.correlation_id, body.len()), (7, frame.len() - 8));
}

/// Points 3 and 4: What Kafka 4.4 offers is not all that is read: it began Produce at 3, InitProducerId 6 is unstable,
/// ApiVersions 5 names cluster and node, and four APIs of brokers are gone.
#[test]
fn what_is_offered_is_less_than_what_is_read() {
    assert_eq!(
        (ProduceRequest::VERSIONS.to_string(), ProduceRequest::CURRENT.to_string()),
        ("0-13".into(), "3-13".into())
    );
    assert_eq!((FetchRequest::VERSIONS.from, FetchRequest::CURRENT.from), (0, 4));
    assert_eq!((InitProducerIdRequest::VERSIONS.to, InitProducerIdRequest::CURRENT.to), (6, 5));
    let meant = ApiVersionsRequest { cluster_id: Some("c".into()), node_id: 4, ..Default::default() };
    let body = meant.encode(5).expect("version 5 has both").into_bytes();
    assert_eq!(ApiVersionsRequest::decode(&body, 5).expect("a request"), meant);
    assert!((4..=7).all(|key| Api::of(key).is_none()));
}

/// Point 5: A struct whose default is said as a bare null is there, empty, by default.
#[test]
fn a_default_of_bare_null_is_the_empty_struct() {
    assert_eq!(ConsumerGroupMemberMetadataValue::default().classic_member_metadata, Some(Box::default()));
}

/// Point 6: A tagged field that holds its default is not written, and neither is a tagged struct that equals its own.
#[test]
fn a_tag_at_its_default_is_not_written() {
    let plain = FetchRequest::default().encode(17).expect("a request").into_bytes();
    let mut set = FetchRequest::default();
    set.replica_state.replica_id = 7;
    let set = set.encode(17).expect("a request").into_bytes();
    assert_eq!(plain.last(), Some(&0), "no tags");
    assert_eq!(
        set[plain.len() - 1..],
        [1, 1, 13, 0, 0, 0, 7, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0]
    );
}

/// Point 7: Java's reader looks neither at a known tag's size nor at the order of tags: here both are errors.
#[test]
fn tags_have_their_size_and_ascend() {
    // ApiVersions 3: no error, no APIs, no throttle time; tag 1, an int64 in nine bytes.
    assert_eq!(
        refused::<ApiVersionsResponse>(&[0, 0, 1, 0, 0, 0, 0, 1, 1, 9, 0, 0, 0, 0, 0, 0, 0, 1, 0], 3),
        "trailing bytes at byte 18"
    );
    assert_eq!(
        refused::<ApiVersionsResponse>(&[0, 0, 1, 0, 0, 0, 0, 1, 1, 7, 0, 0, 0, 0, 0, 0, 1], 3),
        "finalized_features_epoch: the frame ends early at byte 10"
    );
    assert_eq!(
        refused::<ApiVersionsResponse>(&[0, 0, 1, 0, 0, 0, 0, 2, 9, 0, 9, 0], 3),
        "tags out of order at byte 11"
    );
    // Tag 0 of a Fetch response tells nodes from version 16 on; Java refuses it before that, too.
    assert_eq!(
        refused::<FetchResponse>(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0], 15),
        "node_endpoints: a tag that this version does not have at byte 14"
    );
}

/// Point 8: Counts, strings and tags have their bounds, a varint five bytes, and any negative length is null.
#[test]
fn lengths_have_their_bounds() {
    let many = "topics: more elements than bytes at byte 4";
    assert_eq!(refused::<MetadataRequest>(&[0, 0, 0, 9, 0], 1), many);
    let million = [&[0, 0x0f, 0x42, 0x41][..], &vec![0; 1_000_001]].concat();
    let error = MetadataRequest::decode(&million.into(), 1).expect_err("refused").to_string();
    assert_eq!(error, "topics: more than 1,000,000 elements at byte 4");
    let long = MetadataRequestTopic { name: Some("x".repeat(32_768).into()), ..Default::default() };
    let long = MetadataRequest { topics: Some(vec![long]), ..Default::default() };
    assert_eq!(long.encode(9).expect_err("too long").to_string(), "topics.name: longer than 32,767 bytes");
    let tags = [&[0, 1, 0, 0, 0x91, 0x4e][..], &vec![0; 30_000]].concat();
    let error = MetadataRequest::decode(&tags.into(), 9).expect_err("refused").to_string();
    assert_eq!(error, "more than 10,000 tags at byte 6");
    assert_eq!(
        refused::<MetadataRequest>(&[0xff, 0xff, 0xff, 0xff, 0xff, 0x01], 9),
        "topics: a varint longer than five bytes at byte 5"
    );
    // Overlong, and yet null: as Java reads it.
    let overlong = Bytes::from_static(&[0x80, 0x80, 0, 1, 0, 0, 0]);
    assert_eq!(MetadataRequest::decode(&overlong, 9).expect("null").topics, None);
    let negative = Bytes::from_static(&[0x80, 0, 0, 0]);
    assert_eq!(MetadataRequest::decode(&negative, 1).expect("null").topics, None);
    assert_eq!(
        refused::<MetadataRequest>(&[0xff, 0xff, 0xff, 0xff], 0),
        "topics: null at a version without null at byte 4"
    );
}

/// Point 9: Any byte but 0 is true. Text that is not UTF-8 is refused in a message, and in a record's header names becomes
/// replacement characters: one for the three bytes of a surrogate, as in Java.
#[test]
fn truth_and_text_are_read_as_in_java_but_for_broken_text_in_messages() {
    let truth = Bytes::from_static(&[0xff, 0xff, 0xff, 0xff, 7]);
    assert!(MetadataRequest::decode(&truth, 4).expect("a request").allow_auto_topic_creation);
    assert_eq!(
        refused::<MetadataRequest>(&[0, 0, 0, 1, 0, 1, 0xff], 1),
        "topics.name: a string that is not UTF-8 at byte 7"
    );
    let mut writer = BatchWriter::new(BytesMut::new(), 1000);
    let header = upsert_kafka_protocol::records::Header { key: "abcdefgh", value: None };
    writer.append(0, None, None, &[header]).expect("room");
    let mut blob = writer.seal(Stamp::NONE, Codec::NONE).to_vec();
    let at = blob.windows(8).position(|it| it == b"abcdefgh").expect("its name");
    blob[at..at + 8].copy_from_slice(b"a\xed\xa0\x80b\xc3\xe2\x82");
    let batch = batches(&blob.into()).next().expect("a batch").expect("a head");
    let body = batch.body(1000).expect("a body");
    let record = body.iter().next().expect("a record").expect("a good one");
    assert_eq!(record.headers().next().expect("a header").0, "a\u{fffd}b\u{fffd}\u{fffd}");
}

/// Point 4: Uuids, and what no version has, are what they are in Java.
#[test]
fn a_field_that_a_version_lacks_may_be_lost_only_where_kafka_lets_it() {
    let by_id =
        MetadataRequestTopic { topic_id: Uuid([1; 16]), name: Some("t".into()), ..Default::default() };
    let request = MetadataRequest { topics: Some(vec![by_id]), ..Default::default() };
    request.encode(9).expect("the id is ignorable");
    let loud = MetadataRequest { include_topic_authorized_operations: true, ..Default::default() };
    let error = loud.encode(7).expect_err("not ignorable").to_string();
    assert_eq!(error, "include_topic_authorized_operations: set, but absent from this version");
}

/// 33 partitions that lend the same 64 MiB are more than a frame's length can say: an error, not a length that wraps.
#[test]
fn a_frame_beyond_2_gib_is_refused() {
    let records = Bytes::from(vec![0; 64 << 20]);
    let part = |index| PartitionProduceData { index, records: Some(records.clone()), ..Default::default() };
    let topic = TopicProduceData { partition_data: (0..33).map(part).collect(), ..Default::default() };
    let request = ProduceRequest { topic_data: vec![topic], ..Default::default() };
    let error = header::request_frame(&request, 9, 1, None).map(|_| ()).expect_err("too long").to_string();
    assert_eq!(error, "longer than a frame's length can say");
}
