//! What Java makes of properties files and JAAS texts: `client/tests/data/oracle`.

use std::io::Read;

use serde_json::Value;

/// One case of that kind: its bytes, and Java's answer.
pub(super) fn cases(kind: &str) -> Vec<(Vec<u8>, Value)> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/oracle/oracle.jsonl.gz");
    let mut json = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut json).unwrap();
    let answers = json.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let of_kind = answers.filter(|answer| answer["kind"] == kind);
    of_kind.map(|answer| (bytes(answer["hex"].as_str().unwrap()), answer)).collect()
}

/// Every text with a character changed, put in or taken out, at every place, and every beginning of it.
pub(super) fn mutations(text: &str) -> impl Iterator<Item = String> {
    const MARKS: [&str; 16] =
        ["", "\"", "'", "\\", ";", "=", " ", "\n", "/", "/*", "{", "}", "${", "\\u12", "ä", "\u{0}"];
    let chars: Vec<char> = text.chars().collect();
    let places = 0..chars.len();
    places.flat_map(move |at| {
        let before: String = chars[..at].iter().collect();
        let [with, without]: [String; 2] = [chars[at..].iter().collect(), chars[at + 1..].iter().collect()];
        let changed = MARKS
            .iter()
            .flat_map(|mark| [format!("{before}{mark}{with}"), format!("{before}{mark}{without}")]);
        changed.chain([before.clone()]).collect::<Vec<_>>()
    })
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).map(|at| u8::from_str_radix(&hex[2 * at..2 * at + 2], 16).unwrap()).collect()
}
