//! Writes inputs to begin with, made from the golden data, into `fuzz/corpus`: the smaller ones of each kind.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use bytes::BytesMut;
use flate2::read::GzDecoder;
use serde_json::Value;
use upsert_kafka_protocol::header;
use upsert_kafka_protocol::records::{BatchWriter, Compression, Stamp, batches};
use upsert_kafka_protocol::schema::Schema;

fn main() {
    messages();
    records();
    codecs();
}

/// Of every message the smallest filled vector of its first and last version.
fn messages() {
    let mut smallest: BTreeMap<(String, i64), Value> = BTreeMap::new();
    for file in ["messages.jsonl.gz", "older.jsonl.gz", "data.jsonl.gz", "headers.jsonl.gz"] {
        for vector in lines(file).into_iter().filter(|it| it["kind"] == "full" || it["kind"] == "filled") {
            let name = format!(
                "{} {}",
                vector["api"].as_str().expect("golden data"),
                vector["direction"].as_str().expect("golden data")
            );
            let size = |it: &Value| it["hex"].as_str().expect("golden data").len();
            let best = smallest
                .entry((name, vector["version"].as_i64().expect("golden data")))
                .or_insert_with(|| vector.clone());
            if size(&vector) < size(best) {
                *best = vector;
            }
        }
    }
    for (at, ((_, version), vector)) in smallest.into_iter().enumerate() {
        let Some((index, schema)) = Schema::all().enumerate().find(|(_, it)| {
            let name = it.name().to_owned();
            let api = vector["api"].as_str().expect("golden data");
            let side = match vector["direction"].as_str() {
                Some("request") => "Request",
                Some("response") => "Response",
                _ => "",
            };
            name == format!("{api}{side}")
        }) else {
            continue;
        };
        let (version, body) = (version as i16, hex(&vector));
        let mut chosen = (index as u16).to_be_bytes().to_vec();
        chosen.push((version - schema.versions.from) as u8);
        for target in ["message", "rewrite", "round_trip"] {
            save(target, at, &[&chosen[..], &body].concat());
        }
        save("json", at, &[&chosen[..], vector["json"].to_string().as_bytes()].concat());
        if vector["direction"] == "request" {
            let mut frame = vec![0; 2];
            frame.copy_from_slice(&(schema.key).to_be_bytes());
            frame.extend_from_slice(&version.to_be_bytes());
            frame.extend_from_slice(&[0, 0, 0, 7, 0, 2, b'm', b'e']);
            if schema.is_flexible(version) {
                frame.push(0);
            }
            frame.extend_from_slice(&body);
            assert!(header::RequestHeader::read(&frame.clone().into()).is_ok());
            save("frame", at, &frame);
        }
    }
}

fn records() {
    let small = |it: &Value| it["hex"].as_str().expect("golden data").len() < 2000;
    for (at, vector) in lines("records.jsonl.gz").into_iter().filter(small).enumerate() {
        save("records", at, &hex(&vector));
        save("legacy", at, &[&[(at % 8) as u8][..], &hex(&vector)].concat());
    }
}

/// What each codec makes of little texts, its own frames as Java wrote them, and plain text to pack.
fn codecs() {
    for (name, compression) in [
        ("gzip", Compression::Gzip),
        ("snappy", Compression::Snappy),
        ("lz4", Compression::Lz4),
        ("zstd", Compression::Zstd),
    ] {
        let mut at = 0;
        for size in [0, 1, 10, 100, 1000, 10_000, 70_000] {
            let mut writer = BatchWriter::new(BytesMut::new(), usize::MAX);
            let value: Vec<u8> = (0..size).map(|i: usize| (i * i % 251) as u8 ^ (i / 1000) as u8).collect();
            writer.append(0, None, Some(&value), &[]).expect("golden data");
            save(name, at, &writer.seal(Stamp::NONE, compression.into())[61..]);
            at += 1;
        }
        for vector in
            lines("records.jsonl.gz").iter().filter(|it| it["compression"] == name && it["magic"] == 2)
        {
            let blob = hex(vector).into();
            for batch in batches(&blob).map_while(Result::ok).filter(|it| it.bytes().len() < 2000) {
                save(name, at, &batch.bytes()[61..]);
                at += 1;
            }
        }
        save(name, at, b"\x05plain text to pack, plain text to pack, plain text to pack");
    }
}

fn save(target: &str, at: usize, bytes: &[u8]) {
    let folder = root().join("fuzz/corpus").join(target);
    fs::create_dir_all(&folder).expect("golden data");
    fs::write(folder.join(format!("seed-{at:04}")), bytes).expect("golden data");
}

fn lines(name: &str) -> Vec<Value> {
    let mut text = String::new();
    let file = fs::File::open(root().join("tests/data/kafka").join(name)).expect("golden data");
    GzDecoder::new(file).read_to_string(&mut text).expect("golden data");
    text.lines().map(|line| serde_json::from_str(line).expect("golden data")).collect()
}

fn hex(vector: &Value) -> Vec<u8> {
    let text = vector["hex"].as_str().expect("golden data");
    (0..text.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("golden data"))
        .collect()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}
