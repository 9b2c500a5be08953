//! The golden data, read line by line.

use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::Value;

/// Every line of `tests/data/kafka/{name}` as JSON.
#[allow(dead_code)]
pub(crate) fn lines(name: &str) -> Vec<Value> {
    text(name).lines().map(|line| serde_json::from_str(line).expect(line)).collect()
}

/// All of `tests/data/kafka/{name}` as one list.
#[allow(dead_code)]
pub(crate) fn document(name: &str) -> Vec<Value> {
    serde_json::from_str(&text(name)).expect(name)
}

fn text(name: &str) -> String {
    let path = format!(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/kafka/{}"), name);
    let file = std::fs::File::open(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let mut text = String::new();
    GzDecoder::new(file).read_to_string(&mut text).unwrap_or_else(|e| panic!("{path}: {e}"));
    text
}

/// The bytes of a vector's `hex`.
#[allow(dead_code)]
pub(crate) fn hex(vector: &Value) -> bytes::Bytes {
    bytes(vector["hex"].as_str().expect("hex"))
}

/// The bytes of hexadecimal text.
#[allow(dead_code)]
pub(crate) fn bytes(text: &str) -> bytes::Bytes {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex")).collect()
}
