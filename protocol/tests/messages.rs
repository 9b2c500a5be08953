//! Every message that Apache's Java implementation wrote: read, written again, byte for byte, and shown as its JSON.

#![allow(clippy::panic)] // a broken vector should say which one

mod golden;

use std::collections::BTreeMap;

use serde_json::Value;
use upsert_kafka_protocol::schema::Schema;
use upsert_kafka_protocol::{APIS, AnyRequest, AnyResponse, Api, Bytes, Versions, header, json};

fn schema(vector: &Value) -> &'static Schema {
    let key = vector["key"].as_i64().expect("a key") as i16;
    let name = vector["api"].as_str().expect("a name");
    let schema = match vector["direction"].as_str() {
        Some("request") => Schema::request(key),
        Some("response") => Schema::response(key),
        _ => Schema::named(name),
    };
    schema.unwrap_or_else(|| panic!("{name}: not of this build"))
}

fn version(vector: &Value) -> i16 {
    vector["version"].as_i64().expect("a version") as i16
}

fn name(vector: &Value) -> String {
    let fact = |name| vector[name].to_string().replace('"', "");
    ["api", "direction", "version", "kind", "n"].map(fact).join(" ")
}

/// Checks the vectors of a file and returns how many there are of each direction.
fn check(file: &str) -> BTreeMap<String, usize> {
    let mut seen = BTreeMap::new();
    for vector in golden::lines(file) {
        let (name, schema, version) = (name(&vector), schema(&vector), version(&vector));
        let body = golden::hex(&vector);
        assert!(schema.versions.contains(version), "{name}: a version of this build");
        assert_eq!(vector["flexible"], schema.is_flexible(version), "{name}");
        let again = schema.again(&body, version).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(again.into_bytes(), body, "{name}");
        if vector["kind"] == "default" {
            let blank = schema.blank(version).unwrap_or_else(|e| panic!("{name}: {e}"));
            assert_eq!(blank.into_bytes(), body, "{name}: the defaults");
        }
        check_json(&name, schema, version, &body, &vector["json"]);
        *seen.entry(vector["direction"].as_str().unwrap_or_default().to_owned()).or_default() += 1;
    }
    println!("{file}: {seen:?}");
    seen
}

fn check_json(name: &str, schema: &Schema, version: i16, body: &Bytes, expected: &Value) {
    let view = json::decode(schema, version, body).unwrap_or_else(|e| panic!("{name}: {e}"));
    let back = json::encode(schema, version, &view).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert_eq!(back.into_bytes(), *body, "{name}: JSON to bytes");
    let view = without_unknown_tags(view);
    assert!(view == *expected, "{name}: {}", first_difference(&view, expected, String::new()));
}

fn first_difference(ours: &Value, theirs: &Value, path: String) -> String {
    let step = |name: &str, ours: &Value, theirs: &Value| {
        (ours != theirs).then(|| first_difference(ours, theirs, format!("{path}.{name}")))
    };
    let deeper = match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) if ours.len() == theirs.len() => {
            ours.iter().find_map(|(name, value)| step(name, value, theirs.get(name).unwrap_or(&Value::Null)))
        }
        (Value::Array(ours), Value::Array(theirs)) if ours.len() == theirs.len() => {
            ours.iter().zip(theirs).enumerate().find_map(|(at, (a, b))| step(&at.to_string(), a, b))
        }
        _ => None,
    };
    deeper.unwrap_or_else(|| format!("{path} is {ours}, not {theirs}"))
}

/// Java's view drops them.
fn without_unknown_tags(view: Value) -> Value {
    match view {
        Value::Object(object) => object
            .into_iter()
            .filter(|(name, _)| name != json::UNKNOWN_TAGS)
            .map(|(name, value)| (name, without_unknown_tags(value)))
            .collect(),
        Value::Array(elements) => elements.into_iter().map(without_unknown_tags).collect(),
        other => other,
    }
}

#[test]
fn every_golden_message_survives_byte_for_byte_and_shows_as_java_shows_it() {
    let seen = check("messages.jsonl.gz");
    assert_eq!(seen.values().sum::<usize>(), 4626);
    assert_eq!(APIS.len(), 91);
}

#[test]
fn so_do_headers_and_data_in_logs() {
    assert_eq!(check("headers.jsonl.gz"), BTreeMap::from([("header".into(), 94)]));
    assert_eq!(check("data.jsonl.gz"), BTreeMap::from([("data".into(), 882)]));
}

#[test]
fn so_do_the_versions_that_kafka_4_removed() {
    assert_eq!(check("older.jsonl.gz").values().sum::<usize>(), 444);
}

#[test]
fn any_request_and_any_response_are_the_same_messages() {
    for vector in golden::lines("messages.jsonl.gz") {
        let (name, body, version) = (name(&vector), golden::hex(&vector), version(&vector));
        let key = vector["key"].as_i64().expect("a key") as i16;
        let out = if vector["direction"] == "request" {
            let request = AnyRequest::decode(key, version, &body).expect(&name).expect(&name);
            assert_eq!(request.key().0, key);
            let frame = request.frame(version, 7, Some(&"me".into())).expect(&name).into_bytes();
            let (head, body) = header::RequestHeader::read(&frame.slice(4..)).expect(&name);
            assert_eq!((head.correlation_id, head.client_id.0.as_deref()), (7, Some("me")), "{name}");
            body
        } else {
            let response = AnyResponse::decode(key, version, &body).expect(&name).expect(&name);
            assert_eq!(response.key().0, key);
            let frame = response.frame(version, 7).expect(&name).into_bytes();
            let (head, body) = header::ResponseHeader::read(&frame.slice(4..), key, version).expect(&name);
            assert_eq!(head.correlation_id, 7, "{name}");
            body
        };
        assert_eq!(out, body, "{name}");
    }
}

/// What Java accepts and we do not: bytes left over, also after a tag's value; a tag whose value is longer
/// than its size; tags that repeat or descend; text that is not UTF-8.
const STRICTER: &[&str] = &["trailing bytes", "the frame ends early", "tags out of order", "not UTF-8"];

fn check_mutated(file: &str) {
    let (mut accepted, mut stricter, mut rejected) = (0, 0, 0);
    for vector in golden::lines(file) {
        let java_accepts = vector["result"] == "accepted";
        let (schema, version, body) = (schema(&vector), version(&vector), golden::hex(&vector));
        let out = schema.again(&body, version);
        let viewed = json::decode(schema, version, &body);
        assert_eq!(out.is_ok(), viewed.is_ok(), "{} of {}: its JSON", vector["name"], vector["api"]);
        match out {
            Ok(out) => {
                assert!(java_accepts, "laxer than Java: {} of {}", vector["name"], vector["api"]);
                if let Some(rewritten) = vector["rewritten"].as_str() {
                    assert_eq!(out.into_bytes(), golden::bytes(rewritten), "{vector}");
                }
                accepted += 1;
            }
            Err(e) if java_accepts => {
                let e = e.to_string();
                assert!(STRICTER.iter().any(|rule| e.contains(rule)), "{}: {e}", vector["name"]);
                stricter += 1;
            }
            Err(_) => rejected += 1,
        }
    }
    println!("{accepted} accepted, {stricter} refused by a stricter rule, {rejected} refused as by Java");
    assert!(accepted > 100 && rejected > 100);
}

#[test]
fn mutated_messages_never_panic_and_are_never_laxer_than_java() {
    check_mutated("mutated.jsonl.gz");
    check_mutated("older_mutated.jsonl.gz");
}

/// What is read leniently is what Java's broker reads, and means the same.
fn check_lenient(file: &str) -> usize {
    let requests = golden::lines(file).into_iter().filter(|it| it["direction"] == "request");
    let mut behind = 0;
    for vector in requests {
        let (version, body) = (version(&vector), golden::hex(&vector));
        let key = vector["key"].as_i64().expect("a key") as i16;
        let read = AnyRequest::decode_leniently(key, version, &body, 1_000_000).expect("of this build");
        assert_eq!(read.is_ok(), vector["result"] == "accepted", "{vector}: {read:?}");
        if let (Ok(read), Some(rewritten)) = (read, vector["rewritten"].as_str()) {
            let frame = read.frame(version, 0, None).expect("what was read").into_bytes();
            let (_, again) = header::RequestHeader::read(&frame.slice(4..)).expect("our own");
            assert_eq!(again, golden::bytes(rewritten), "{vector}");
            behind += usize::from(vector["remaining"] != 0);
        }
    }
    behind
}

#[test]
fn a_lenient_reader_takes_what_java_takes_and_nothing_else() {
    let behind = check_lenient("mutated.jsonl.gz") + check_lenient("older_mutated.jsonl.gz");
    assert!(behind > 0, "bytes behind a request");
}

#[test]
fn a_lenient_reader_counts_the_elements_of_all_arrays() {
    // Metadata 0: three topics without a name.
    let body = Bytes::from_static(&[0, 0, 0, 3, 0, 0, 0, 0, 0, 0]);
    let read = |elements_max| AnyRequest::decode_leniently(3, 0, &body, elements_max).expect("of this build");
    assert!(read(3).is_ok());
    let refused = read(2).expect_err("more than two").to_string();
    assert!(refused.contains("more elements in all"), "{refused}");
}

#[test]
fn a_lenient_header_takes_tags_in_any_order_and_names_in_any_bytes() {
    let frame = Bytes::from_static(b"\x00\x12\x00\x03\x00\x00\x00\x09\x00\x01\xff\x02\x05\x00\x05\x01xbody");
    assert!(header::RequestHeader::read(&frame).is_err());
    let (head, body) = header::RequestHeader::read_leniently(&frame).expect("as Java");
    assert_eq!((head.client_id.0.as_deref(), &body[..]), (Some("\u{fffd}"), &b"body"[..]));
}

#[test]
fn every_api_has_the_versions_and_headers_apache_gives_it() {
    let apis = golden::document("api_versions.json.gz");
    for theirs in &apis {
        let number = |fact: &str| theirs[fact].as_i64().expect("a number") as i16;
        let Some(api) = Api::of(number("key")) else {
            assert!(number("max") < 0, "{theirs}");
            continue;
        };
        assert_eq!((api.name, api.versions.to), (theirs["name"].as_str().expect("a name"), number("max")));
        let stable = Versions { from: number("min"), to: number("max_stable") };
        assert_eq!(api.current, stable, "{}", api.name);
        for version in number("min")..=number("max") {
            let request = if api.flexible.contains(version) { 2 } else { 1 };
            assert_eq!(theirs["request_header_version"][version.to_string()], request, "{}", api.name);
            let frame = [77i32.to_be_bytes().as_slice(), &[0, 5]].concat();
            let (_, body) =
                header::ResponseHeader::read(&frame.into(), api.key.0, version).expect("a header");
            let tags = 2 - body.len() as i64;
            assert_eq!(theirs["response_header_version"][version.to_string()], tags, "{}", api.name);
        }
    }
    assert_eq!(APIS.len(), apis.iter().filter(|it| it["max"].as_i64() >= Some(0)).count());
}

#[test]
fn a_request_header_of_every_api_reads_back() {
    for api in APIS {
        for version in api.versions.from..=api.versions.to {
            let mut frame = Vec::new();
            frame.extend_from_slice(&api.key.0.to_be_bytes());
            frame.extend_from_slice(&version.to_be_bytes());
            frame.extend_from_slice(&77i32.to_be_bytes());
            frame.extend_from_slice(b"\0\x02me");
            if api.flexible.contains(version) {
                frame.push(0);
            }
            frame.extend_from_slice(b"body");
            let (head, body) = header::RequestHeader::read(&Bytes::from(frame)).expect("a header");
            assert_eq!((head.correlation_id, head.client_id.0.as_deref()), (77, Some("me")));
            assert_eq!(&body[..], b"body");
        }
    }
}
