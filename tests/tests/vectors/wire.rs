//! Vectors of the wire: messages and record sets that Apache's Java implementation wrote or was given.

use bytes::Bytes;
use serde_json::Value as Json;
use upsert_kafka_protocol::records::batches;
use upsert_kafka_protocol::{AnyRequest, AnyResponse, Api, header, murmur2, partition_for_key};
use upsert_kafka_tests::hex;

use super::Outcome;

/// A message, plain or mutated: decoded, encoded, compared; what Java refuses must be refused.
pub(super) fn message(line: &Json) -> Outcome {
    let (Some(key), Some(version)) = (line["key"].as_i64(), line["version"].as_i64()) else {
        return Outcome::Left("neither a request nor a response");
    };
    let body = body(line);
    let again = match line["direction"].as_str() {
        Some("request") => request(key as i16, version as i16, &body),
        Some("response") => response(key as i16, version as i16, &body),
        _ => return Outcome::Refused("headers and data messages are not supported yet".into()),
    };
    match (again, line["result"].as_str()) {
        (None, _) => Outcome::Refused(format!("{} is not supported yet", line["api"])),
        (Some(Ok(out)), None) if out == body => Outcome::Passed,
        (Some(Ok(_)), Some("accepted")) | (Some(Err(_)), Some(_)) => Outcome::Passed,
        (Some(Ok(out)), _) => Outcome::Failed(hex::encode(&out)),
        (Some(Err(why)), _) => Outcome::Failed(why),
    }
}

fn request(key: i16, version: i16, body: &Bytes) -> Option<Result<Bytes, String>> {
    let decoded = AnyRequest::decode(key, version, body)?;
    Some(decoded.map_err(|e| e.to_string()).and_then(|request| {
        let frame = request.frame(version, 0, None).map_err(|e| e.to_string())?.into_bytes();
        header::RequestHeader::read(&frame.slice(4..)).map(|(_, body)| body).map_err(|e| e.to_string())
    }))
}

fn response(key: i16, version: i16, body: &Bytes) -> Option<Result<Bytes, String>> {
    let decoded = AnyResponse::decode(key, version, body)?;
    let api = Api::of(key)?;
    Some(decoded.map_err(|e| e.to_string()).and_then(|response| {
        let frame = response.frame(version, 0).map_err(|e| e.to_string())?.into_bytes();
        let tagged = api.flexible.contains(version) && api.name != "ApiVersions";
        Ok(frame.slice(if tagged { 9 } else { 8 }..))
    }))
}

/// A record set: read to its end as Java does, or refused where Java refuses it.
pub(super) fn records(line: &Json) -> Outcome {
    let mut found = Vec::new();
    let mut outcome = Ok(());
    for batch in batches(&body(line)) {
        outcome = batch.and_then(|batch| {
            batch.check()?;
            for record in &batch.body(BODY_BYTES_MAX)? {
                let record = record?;
                found.push((record.offset, record.key.map(hex::encode), record.value.map(hex::encode)));
            }
            Ok(())
        });
        if outcome.is_err() {
            break;
        }
    }
    let java_accepts = line["valid"] == true || line["stage"].as_str().is_none_or(|stage| stage == "none");
    match (outcome, java_accepts) {
        (Err(why), _) if why.to_string().contains("not supported yet") => Outcome::Refused(why.to_string()),
        (Ok(()), true) if line["valid"] != true || found == expected(line) => Outcome::Passed,
        (Err(_), false) => Outcome::Passed,
        (outcome, _) => Outcome::Failed(format!("{outcome:?}, {} records", found.len())),
    }
}

/// A key's hash, and its partition of so many.
pub(super) fn key(line: &Json) -> Outcome {
    let key = hex::decode(line["key"].as_str().unwrap_or_default()).expect("hexadecimal");
    let hash = i64::from(murmur2(&key));
    let of = |(count, partition): (&String, &Json)| {
        let ours = partition_for_key(&key, count.parse().expect("a count"));
        *partition == i64::from(ours)
    };
    let partitions = line["partition"].as_object().is_none_or(|all| all.iter().all(of));
    if partitions && line["murmur2"] == hash { Outcome::Passed } else { Outcome::Failed(hash.to_string()) }
}

type Record = (i64, Option<String>, Option<String>);

fn expected(line: &Json) -> Vec<Record> {
    let list = |value: &Json| value.as_array().cloned().unwrap_or_default();
    let text = |value: &Json| value.as_str().map(str::to_owned);
    let records = list(&line["batches"]).into_iter().flat_map(|batch| list(&batch["records"]));
    records.map(|it| (it["offset"].as_i64().unwrap_or(-1), text(&it["key"]), text(&it["value"]))).collect()
}

fn body(line: &Json) -> Bytes {
    hex::decode(line["hex"].as_str().unwrap_or_default()).expect("hexadecimal").into()
}

const BODY_BYTES_MAX: usize = 64 << 20;
