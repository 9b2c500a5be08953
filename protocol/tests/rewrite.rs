//! The proxy's view over golden messages: what is replaced shows as JSON where it should, and all else is kept.

#![allow(clippy::panic)] // a broken vector should say which one

mod golden;

use bytes::Bytes;
use serde_json::Value;
use upsert_kafka_protocol::rewrite::{Place, rewrite};
use upsert_kafka_protocol::schema::Schema;
use upsert_kafka_protocol::wire::Leaf;
use upsert_kafka_protocol::{Str, json};

/// What proxies replace: message, path, and whether the value is a name, a port or records.
const FIELDS: &[(&str, &[&str])] = &[
    ("MetadataRequest", &["topics", "name"]),
    ("MetadataResponse", &["topics", "name"]),
    ("MetadataResponse", &["brokers", "host"]),
    ("MetadataResponse", &["brokers", "port"]),
    ("FindCoordinatorResponse", &["host"]),
    ("FindCoordinatorResponse", &["port"]),
    ("FindCoordinatorResponse", &["coordinators", "host"]),
    ("FindCoordinatorResponse", &["coordinators", "port"]),
    ("DescribeClusterResponse", &["brokers", "host"]),
    ("DescribeClusterResponse", &["brokers", "port"]),
    ("ProduceRequest", &["topic_data", "name"]),
    ("ProduceRequest", &["topic_data", "partition_data", "records"]),
    ("ProduceResponse", &["responses", "name"]),
    // In a tag, whose size changes with them.
    ("ProduceResponse", &["node_endpoints", "host"]),
    ("ProduceResponse", &["node_endpoints", "port"]),
    ("FetchRequest", &["topics", "topic"]),
    ("FetchResponse", &["responses", "topic"]),
    ("FetchResponse", &["responses", "partitions", "records"]),
    ("FetchResponse", &["node_endpoints", "host"]),
    ("FetchResponse", &["node_endpoints", "port"]),
];

#[test]
fn what_proxies_replace_is_replaced_and_all_else_is_kept() {
    let (mut replaced, mut places) = (0, 0);
    for vector in golden::lines("messages.jsonl.gz").into_iter().chain(golden::lines("older.jsonl.gz")) {
        let Some(schema) = schema(&vector) else { continue };
        let (version, body) = (vector["version"].as_i64().expect("a version") as i16, golden::hex(&vector));
        for (_, path) in FIELDS.iter().filter(|(name, _)| *name == schema.name()) {
            let name = format!("{} {version} {}", schema.name(), path.join("."));
            let count = check(schema, version, &body, path, &name);
            replaced += usize::from(count > 0);
            places += count;
        }
    }
    println!("{places} values in {replaced} bodies");
    assert!(replaced > 500);
}

fn schema(vector: &Value) -> Option<&'static Schema> {
    let key = vector["key"].as_i64()? as i16;
    match vector["direction"].as_str()? {
        "request" => Schema::request(key),
        "response" => Schema::response(key),
        _ => None,
    }
}

fn check(schema: &Schema, version: i16, body: &Bytes, path: &[&str], name: &str) -> usize {
    let mut old = Vec::new();
    let mut expected = json::decode(schema, version, body).expect(name);
    let out = rewrite(schema, version, body, |place, value| {
        let new = (place.path() == path).then(|| other(value)).flatten()?;
        old.push(value.clone());
        *at(&mut expected, place) = shown(&new);
        Some(new)
    });
    let out = out.unwrap_or_else(|e| panic!("{name}: {e}")).into_bytes();
    assert!(json::decode(schema, version, &out).expect(name) == expected, "{name}");
    // Put back, every byte is as it was: unknown tags and whatever else a proxy does not look at.
    let count = old.len();
    let mut old = old.into_iter();
    let back = rewrite(schema, version, &out, |place, value| {
        (place.path() == path && other(value).is_some()).then(|| old.next()).flatten()
    });
    assert_eq!(back.expect(name).into_bytes(), *body, "{name}");
    count
}

fn other(value: &Leaf) -> Option<Leaf> {
    match value {
        Leaf::String(Some(old)) => {
            Some(Leaf::String(Some(Str::from(format!("{old}.{}", "proxied".repeat(20))))))
        }
        Leaf::Int32(port) => Some(Leaf::Int32(port.wrapping_add(1))),
        Leaf::Bytes(Some(records)) => Some(Leaf::Bytes(Some([&records[..], b"more"].concat().into()))),
        _ => None,
    }
}

fn shown(leaf: &Leaf) -> Value {
    use base64::Engine;
    match leaf {
        Leaf::String(Some(text)) => Value::String(text.to_string()),
        Leaf::Int32(number) => (*number).into(),
        Leaf::Bytes(Some(bytes)) => base64::engine::general_purpose::STANDARD.encode(bytes).into(),
        other => panic!("{other:?} is not made here"),
    }
}

/// The place in a view: every array on the way has an index.
fn at<'a>(view: &'a mut Value, place: &Place) -> &'a mut Value {
    let mut indexes = place.indexes().iter();
    let mut here = view;
    for name in place.path() {
        let mut parts = name.split('_');
        let mut camel = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            camel.push_str(&part[..1].to_uppercase());
            camel.push_str(&part[1..]);
        }
        here = &mut here[camel];
        if here.is_array() {
            here = &mut here[indexes.next().expect("an index")];
        }
    }
    here
}

#[test]
fn records_are_lent_and_not_copied() {
    let records = Bytes::from(vec![7; 100_000]);
    let schema = Schema::named("ProduceRequest").expect("an API");
    let mut body = schema.blank(9).expect("a body").into_bytes().to_vec();
    // One topic "t" of one partition with these records, instead of no topic.
    body.truncate(body.len() - 2);
    body.extend_from_slice(&[2, 2, b't', 2, 0, 0, 0, 0, 0xa1, 0x8d, 0x06]);
    body.extend_from_slice(&records);
    body.extend_from_slice(&[0, 0, 0]);
    let body = Bytes::from(body);
    let out = rewrite(schema, 9, &body, |place, _| {
        (place.path() == ["topic_data", "name"]).then(|| Leaf::String(Some("renamed".into())))
    });
    let out = out.expect("a good body");
    assert_eq!(out.parts(), 3, "before the name, the name, behind it");
    let range = body.as_ptr_range();
    assert!(
        out.iter().filter(|part| range.contains(&part.as_ptr())).count() == 2,
        "two of them the body's own"
    );
}

#[test]
fn what_cannot_be_replaced_says_why() {
    let schema = Schema::named("MetadataRequest").expect("an API");
    // One topic "t", may be created.
    let body = golden::bytes("0000000100017401");
    let put = |version, body: &Bytes, new: Leaf| {
        let name = |place: &Place| place.path() == ["topics", "name"];
        rewrite(schema, version, body, |place, _| name(place).then(|| new.clone()))
            .expect_err("refused")
            .to_string()
    };
    let name = |text: &str| Leaf::String(Some(Str::from(text)));
    assert_eq!(put(99, &body, name("u")), "version 99 is not of this build");
    assert_eq!(put(4, &body, Leaf::Int32(1)), "topics.name: replaced by a value of another type");
    assert_eq!(put(4, &body, Leaf::String(None)), "topics.name: null at a version without null");
    assert_eq!(put(4, &body, name(&"u".repeat(40_000))), "topics.name: longer than 32,767 bytes");
    assert_eq!(put(4, &body.slice(..6), name("u")), "topics.name: the frame ends early at byte 6");
}
