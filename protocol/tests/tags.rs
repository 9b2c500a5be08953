//! Nullable structs in and beside tags, which no message of Kafka's puts together so far: what the rules say of them.

use bytes::Bytes;
use upsert_kafka_protocol::wire::Message;
use upsert_kafka_protocol_derive::message;

#[message(key = 1000, versions = 0..=1, flexible = 1..)]
struct OuterRequest {
    #[versions(1.., tag = 0, nullable = 1..)]
    tagged: Option<Box<Inner>>,
    #[versions(1.., tag = 1)]
    holder: Holder,
    #[versions(0.., nullable = 0..)]
    plain: Option<Box<Inner>>,
}

#[message]
struct Holder {
    #[versions(0.., nullable = 0.., default = Some(Box::default()))]
    held: Option<Box<Inner>>,
}

#[message]
struct Inner {
    number: i8,
}

#[message(answers = OuterRequest)]
struct OuterResponse {
    #[versions(1.., tag = 0, nullable = 1.., default = Some(Box::default()))]
    tagged: Option<Box<Inner>>,
}

fn inner(number: i8) -> Option<Box<Inner>> {
    Some(Box::new(Inner { number, ..Default::default() }))
}

fn encoded<M: Message>(message: &M, version: i16) -> Bytes {
    let bytes = message.encode(version).expect("a value of the version").into_bytes();
    assert!(M::decode(&bytes, version).expect("what was written") == *message);
    bytes
}

#[test]
fn a_null_struct_in_a_tag_is_another_byte_than_one_outside() {
    let none = OuterRequest::default();
    assert_eq!(&encoded(&none, 0)[..], [0xff]);
    assert_eq!(&encoded(&none, 1)[..], [0xff, 0]);
    assert_eq!(&encoded(&OuterResponse { tagged: None, ..Default::default() }, 1)[..], [1, 0, 1, 0]);
}

#[test]
fn a_present_struct_is_led_by_a_one_wherever_it_stands() {
    let both = OuterRequest { tagged: inner(7), plain: inner(8), ..Default::default() };
    // The plain one: 1, the number, no tags; then one tag: 0, of three bytes.
    assert_eq!(&encoded(&both, 1)[..], [1, 8, 0, 1, 0, 3, 1, 7, 0]);
}

#[test]
fn a_struct_within_a_tagged_struct_is_led_as_outside_a_tag() {
    let holder = Holder { held: None, ..Default::default() };
    let held = OuterRequest { holder, plain: inner(8), ..Default::default() };
    assert_eq!(&encoded(&held, 1)[..], [1, 8, 0, 1, 1, 2, 0xff, 0]);
}

#[test]
fn a_set_tag_has_no_place_at_a_version_without_tags() {
    let tagged = OuterRequest { tagged: inner(7), ..Default::default() };
    let why = tagged.encode(0).expect_err("version 0 has no tags").to_string();
    assert_eq!(why, "tagged: set, but absent from this version");
}
