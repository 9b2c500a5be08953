//! Every message that Apache's Java implementation wrote: read, written again, byte for byte.

#![allow(clippy::panic)] // a broken vector should say which one

mod golden;

use std::collections::BTreeMap;

use upsert_kafka_protocol::{APIS, AnyRequest, AnyResponse, Api, Bytes, header};

/// Reads a body and writes it again: `None` where the API is not ours.
fn again(vector: &serde_json::Value, body: &Bytes) -> Option<Result<Bytes, String>> {
    let key = vector["key"].as_i64()? as i16;
    let version = vector["version"].as_i64()? as i16;
    let frame = if vector["direction"] == "request" {
        match AnyRequest::decode(key, version, body)? {
            Ok(request) => request_body(&request, version),
            Err(e) => return Some(Err(e.to_string())),
        }
    } else {
        match AnyResponse::decode(key, version, body)? {
            Ok(response) => response_body(&response, version, Api::of(key)?),
            Err(e) => return Some(Err(e.to_string())),
        }
    };
    Some(frame)
}

fn request_body(request: &AnyRequest, version: i16) -> Result<Bytes, String> {
    let frame = request.frame(version, 0, None).map_err(|e| e.to_string())?.into_bytes();
    let (_, body) = header::RequestHeader::read(&frame.slice(4..)).map_err(|e| e.to_string())?;
    Ok(body)
}

fn response_body(response: &AnyResponse, version: i16, api: &Api) -> Result<Bytes, String> {
    let frame = response.frame(version, 0).map_err(|e| e.to_string())?.into_bytes();
    let tagged = api.flexible.contains(version) && api.name != "ApiVersions";
    Ok(frame.slice(if tagged { 9 } else { 8 }..))
}

#[test]
fn every_golden_message_survives_byte_for_byte() {
    let mut seen = BTreeMap::new();
    for vector in golden::lines("messages.jsonl.gz") {
        let body = golden::hex(&vector);
        let Some(out) = again(&vector, &body) else { continue };
        let name =
            format!("{} {} {} {}", vector["api"], vector["direction"], vector["version"], vector["kind"]);
        assert_eq!(out.unwrap_or_else(|e| panic!("{name}: {e}")), body, "{name}");
        *seen.entry(vector["key"].as_i64().unwrap_or_default()).or_insert(0) += 1;
    }
    assert_eq!(seen.len(), APIS.len(), "an API without vectors: {seen:?}");
    println!("{} messages of {} APIs", seen.values().sum::<i32>(), seen.len());
}

/// What Java accepts and we do not: bytes left over, also after a tag's value; a tag whose value is longer
/// than its size; tags that repeat or descend; text that is not UTF-8.
const STRICTER: &[&str] = &["trailing bytes", "the frame ends early", "tags out of order", "not UTF-8"];

#[test]
fn mutated_messages_never_panic_and_are_never_laxer_than_java() {
    let (mut accepted, mut stricter, mut rejected) = (0, 0, 0);
    for vector in golden::lines("mutated.jsonl.gz") {
        let body = golden::hex(&vector);
        let Some(out) = again(&vector, &body) else { continue };
        let java_accepts = vector["result"] == "accepted";
        match out {
            Ok(_) => {
                assert!(java_accepts, "laxer than Java: {} of {}", vector["name"], vector["api"]);
                accepted += 1;
            }
            Err(e) if java_accepts => {
                assert!(STRICTER.iter().any(|rule| e.contains(rule)), "{}: {e}", vector["name"]);
                stricter += 1;
            }
            Err(_) => rejected += 1,
        }
    }
    println!("{accepted} accepted, {stricter} refused by a stricter rule, {rejected} refused as by Java");
    assert!(accepted > 0 && rejected > 0);
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
            assert_eq!((head.correlation_id, head.client_id.as_deref()), (77, Some("me")));
            assert_eq!(&body[..], b"body");
        }
    }
}
