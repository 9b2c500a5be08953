//! Flink's own answers, message by message: rows read and rows written, byte for byte.
//!
//! The answers are those of Flink 2.3.0, with one exception: what is *written* is held to 2.2.0 where that
//! differs, as the specification has it. (Only TIME does: 2.3 writes its milliseconds, 2.2 drops them.)

#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

mod notation;
mod registry;
mod schema;
mod wire;

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde_json::Value as Json;
use upsert_kafka::vectors::Form;
use upsert_kafka_sink::internals::{
    Decoder, Encoded, Encoder, FormatSpec, OptionKind, OptionSet, OptionSpec, OptionValue,
};
use upsert_kafka_sink::row::{Arena, RowKind, Value};
use upsert_kafka_sink::types::{Field, LogicalType};
use upsert_kafka_tests::{data, hex};

/// The release that what we write is held to.
const WRITTEN_AS: &str = "2.2.0";

#[test]
fn floats_are_written_as_on_java_19_and_later() {
    assert_eq!(Tally::of(&data("flink/formats/floats.jsonl.gz")), Tally { passed: 4000, ..Tally::default() });
}

#[test]
fn json_is_written_as_flink_does() {
    let own = Tally { passed: 851, digits: 7, left: 2, ..Tally::default() };
    assert_eq!(Tally::of(&data("flink/formats/json.jsonl.gz")), own);
}

#[test]
fn json_is_read_as_both_of_flinks_decoders_do() {
    let own = Tally { passed: 1486, ..Tally::default() };
    assert_eq!(Tally::of(&data("flink/formats/json-decode.jsonl.gz")), own);
}

#[test]
fn change_events_of_debezium_are_flinks() {
    let own = Tally { passed: 152, ..Tally::default() };
    assert_eq!(Tally::of(&data("flink/formats/debezium-json.jsonl.gz")), own);
}

#[test]
fn avro_is_read_and_written_as_flink_does() {
    let own = Tally { passed: 1245, digits: 2, ..Tally::default() };
    assert_eq!(Tally::of(&data("flink/formats/avro.jsonl.gz")), own);
}

#[test]
fn avro_with_a_registry_is_read_and_written_as_flink_does() {
    let own = Tally { passed: 266, ..Tally::default() };
    assert_eq!(Tally::of(&data("flink/formats/avro-confluent.jsonl.gz")), own);
}

#[test]
fn change_events_in_avro_are_read_and_written_as_flink_does() {
    let own = Tally { passed: 274, ..Tally::default() };
    assert_eq!(Tally::of(&data("flink/formats/debezium-avro-confluent.jsonl.gz")), own);
}

#[test]
fn protobuf_is_read_and_written_as_flink_does() {
    let own = Tally { passed: 291, left: 1, ..Tally::default() };
    assert_eq!(Tally::of(&data("flink/formats/protobuf.jsonl.gz")), own);
}

#[test]
fn csv_is_written_as_flink_does() {
    assert_eq!(
        Tally::of(&data("flink/formats/csv.jsonl.gz")),
        Tally { passed: 1379, digits: 6, ..Tally::default() }
    );
}

#[test]
fn csv_is_quoted_where_flink_does() {
    assert_eq!(
        Tally::of(&data("flink/formats/csv-quoting.jsonl.gz")),
        Tally { passed: 660, ..Tally::default() }
    );
}

#[test]
fn csv_is_read_as_flink_does() {
    assert_eq!(
        Tally::of(&data("flink/formats/csv-decode.jsonl.gz")),
        Tally { passed: 595, ..Tally::default() }
    );
}

#[test]
fn raw_bytes_are_flinks() {
    assert_eq!(
        Tally::of(&data("flink/formats/raw.jsonl.gz")),
        Tally { passed: 624, left: 10, ..Tally::default() }
    );
}

#[test]
fn change_events_of_canal_are_flinks() {
    assert_eq!(
        Tally::of(&data("flink/formats/canal-json.jsonl.gz")),
        Tally { passed: 204, ..Tally::default() }
    );
}

#[test]
fn change_events_of_maxwell_are_flinks() {
    assert_eq!(
        Tally::of(&data("flink/formats/maxwell-json.jsonl.gz")),
        Tally { passed: 130, ..Tally::default() }
    );
}

#[test]
fn change_events_of_goldengate_are_flinks() {
    assert_eq!(Tally::of(&data("flink/formats/ogg-json.jsonl.gz")), Tally { passed: 95, ..Tally::default() });
}

/// `UPSERT_KAFKA_VECTORS`: folders of vector files named as in the golden data, as a path list.
#[test]
fn further_vectors_hold() {
    let Some(folders) = std::env::var_os("UPSERT_KAFKA_VECTORS") else { return };
    let folders: Vec<PathBuf> = std::env::split_paths(&folders).collect();
    let files: Vec<PathBuf> = folders.iter().flat_map(|folder| vector_files(folder)).collect();
    assert!(!files.is_empty(), "UPSERT_KAFKA_VECTORS holds no vectors: {folders:?}");
    let failed: usize = files.iter().map(|file| Tally::of(file).failed).sum();
    assert_eq!(failed, 0, "vectors failed");
}

fn vector_files(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| {
        let name = path.to_string_lossy();
        name.ends_with(".jsonl") || name.ends_with(".jsonl.gz")
    });
    files.sort();
    files
}

/// What became of the vectors of a file.
#[derive(Debug, Default, PartialEq)]
struct Tally {
    passed: usize,
    /// The same numbers in other digits: the golden data has JDK 17's, we have JDK 19's.
    digits: usize,
    /// Refused with a sentence: we do not have that format, or not in this direction.
    refused: usize,
    /// Not run, for a reason that is printed.
    left: usize,
    failed: usize,
}

enum Outcome {
    Passed,
    Digits,
    Refused(String),
    Left(&'static str),
    Failed(String),
}

impl Tally {
    fn of(file: &Path) -> Self {
        let (mut tally, mut reasons) = (Self::default(), BTreeMap::<String, usize>::new());
        for line in lines(file) {
            match run(&line) {
                Outcome::Passed => tally.passed += 1,
                Outcome::Digits => tally.digits += 1,
                Outcome::Refused(why) => {
                    tally.refused += 1;
                    *reasons.entry(format!("refused: {why}")).or_default() += 1;
                }
                Outcome::Left(why) => {
                    tally.left += 1;
                    *reasons.entry(format!("left: {why}")).or_default() += 1;
                }
                Outcome::Failed(got) => {
                    tally.failed += 1;
                    println!("FAILED {line}\n    got {got}");
                }
            }
        }
        println!("{}: {tally:?}", file.display());
        reasons.iter().for_each(|(why, count)| println!("    {count} {why}"));
        tally
    }
}

fn lines(file: &Path) -> impl Iterator<Item = Json> {
    let opened = File::open(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let zipped = file.extension().is_some_and(|extension| extension == "gz");
    let text: Box<dyn Read> = if zipped { Box::new(GzDecoder::new(opened)) } else { Box::new(opened) };
    BufReader::new(text).lines().map(|line| serde_json::from_str(&line.unwrap()).unwrap())
}

fn run(line: &Json) -> Outcome {
    if let Some(form) = Form::of(line) {
        return wire::outcome(line, form);
    }
    let Some(format) = line["format"].as_str() else { return float(line) };
    let Some(format) = FormatSpec::named(format) else { return Outcome::Failed("an unknown format".into()) };
    if let Some((_, why)) = DEPARTURES.iter().find(|(id, _)| line["id"] == **id) {
        return Outcome::Left(why);
    }
    match line["dir"].as_str() {
        Some("decode") => decoded(format, line),
        Some("encode") => encoded(format, line),
        Some("avro-schema") => registry::derived(line),
        _ => Outcome::Refused(format!("{} is not supported yet", format.name)),
    }
}

/// `floats.jsonl`: a bit pattern and its text, by way of a column.
fn float(line: &Json) -> Outcome {
    let bits = |name: &str| line[name].as_str().map(|bits| u64::from_str_radix(bits, 16).unwrap());
    let (data_type, value) = match (bits("f64"), bits("f32")) {
        (Some(bits), _) => (LogicalType::Double, Value::Double(f64::from_bits(bits))),
        (_, Some(bits)) => (LogicalType::Float, Value::Float(f32::from_bits(bits as u32))),
        _ => return Outcome::Left("neither a format's vector nor a number's"),
    };
    let json = FormatSpec::named("json").and_then(|json| json.encoding).unwrap();
    let encoder = json(&OptionSet::default(), &[Field::new("f", data_type.nullable())], &[0]).unwrap();
    let encoder = encoder.open_at_once().unwrap();
    let mut out = Vec::new();
    assert_eq!(encoder.encode(RowKind::Insert, &[value], &mut out).unwrap(), Encoded::Bytes);
    let text = line.get("jdk19").unwrap_or(&line["jdk17"]).as_str().unwrap();
    let ours = String::from_utf8(out).unwrap();
    let same = ours == format!("{{\"f\":{text}}}") || ours == format!("{{\"f\":\"{text}\"}}");
    if same { Outcome::Passed } else { Outcome::Failed(ours) }
}

fn decoded(format: &FormatSpec, line: &Json) -> Outcome {
    let Some(new) = format.decoding else {
        return Outcome::Refused(format!("reading {} is not supported yet", format.name));
    };
    let Some(columns) = schema::columns(line["schema"].as_str().unwrap()) else {
        return Outcome::Left("a type we do not have");
    };
    if !notation::is_text(&line["rows"]) {
        return Outcome::Left("a string that is not UTF-8: ours are, and such a message is refused");
    }
    let keys: Vec<&str> =
        line["metadata"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
    let decoder = match options(format, line)
        .and_then(|options| new(&options, &columns, &keys).map_err(|error| error.to_string()))
    {
        Ok(decoder) => decoder,
        Err(_) if line["error"].is_array() && line["rows"].as_array().is_none_or(Vec::is_empty) => {
            return Outcome::Passed;
        }
        Err(why) => return Outcome::Failed(why),
    };
    let known = |key: &&str| format.metadata.iter().find(|it| it.key == *key).unwrap();
    let metadata = keys.iter().map(known).map(|it| Field::new(format!("${}", it.key), (it.data_type)()));
    let columns: Vec<Field> = columns.into_iter().chain(metadata).collect();
    let (decoder, message) = (registry::decoder(&*decoder, line), bytes(&line["input"]));
    let outcome = registry::with_schema(&*decoder, message.as_deref());
    compare_rows(&*decoder, &columns, line, outcome)
}

fn compare_rows(decoder: &dyn Decoder, columns: &[Field], line: &Json, ready: Result<(), String>) -> Outcome {
    let (arena, message) = (Arena::new(), bytes(&line["input"]));
    let mut rows = Vec::new();
    let outcome = decoder.decode(message.as_deref(), &arena, &mut |kind, row| {
        rows.push(row.map_or("null".into(), |row| format!("{kind} {}", notation::text(&Value::Row(row)))));
    });
    let golden = line["rows"].as_array().map(Vec::as_slice).unwrap_or_default();
    let row = LogicalType::Row(columns.into());
    let expected = |golden: &Json| match golden {
        Json::Null => "null".to_owned(),
        change => {
            let row = notation::value(&row, &change["row"], &arena);
            format!("{} {}", change["kind"].as_str().unwrap(), notation::text(&row))
        }
    };
    let outcome = ready.and_then(|()| outcome.map_err(|error| error.to_string()));
    let same = rows.iter().eq(&golden.iter().map(expected).collect::<Vec<_>>())
        && outcome.is_err() == line["error"].is_array();
    if same { Outcome::Passed } else { Outcome::Failed(format!("{rows:?} {outcome:?}")) }
}

fn encoded(format: &FormatSpec, line: &Json) -> Outcome {
    let Some(new) = format.encoding else {
        return Outcome::Refused(format!("writing {} is not supported yet", format.name));
    };
    if !notation::is_text(&line["row"]) {
        return Outcome::Left("a string that is not UTF-8: ours are, where they are made");
    }
    let Some(columns) = schema::columns(line["schema"].as_str().unwrap()) else {
        return Outcome::Left("a type we do not have");
    };
    let slots: Vec<usize> = (0..columns.len()).collect();
    let encoder = options(format, line)
        .and_then(|options| new(&options, &columns, &slots).map_err(|error| error.to_string()));
    let older = &line["differs"][WRITTEN_AS];
    let golden = if older.is_object() { older } else { line };
    let refused = golden["error"].is_array() || golden["unsupported_option"].is_string();
    match (encoder, refused) {
        (Ok(encoder), _) => match registry::encoder(&*encoder, line) {
            Ok(encoder) => compare_bytes(&*encoder, &columns, line, golden),
            Err(why) => Outcome::Failed(why),
        },
        (Err(_), true) => Outcome::Passed,
        (Err(why), false) => Outcome::Failed(why),
    }
}

fn compare_bytes(encoder: &dyn Encoder, columns: &[Field], line: &Json, golden: &Json) -> Outcome {
    let (arena, mut out) = (Arena::new(), Vec::new());
    let Value::Row(row) = notation::value(&LogicalType::Row(columns.into()), &line["row"], &arena) else {
        return Outcome::Left("a row that is null");
    };
    let outcome = encoder.encode(kind(line), row, &mut out);
    let wanted = bytes(&golden["output"]);
    let is_null = wanted.is_none();
    let wanted = wanted.unwrap_or_default();
    match outcome {
        Err(_) if golden["error"].is_array() => Outcome::Passed,
        Ok(Encoded::Null) if golden["error"].is_null() && is_null => Outcome::Passed,
        _ if is_null && golden["error"].is_null() => {
            Outcome::Failed(format!("{} {outcome:?}", String::from_utf8_lossy(&out)))
        }
        Ok(Encoded::Bytes) if golden["error"].is_null() && out == wanted => Outcome::Passed,
        Ok(Encoded::Bytes) if golden["error"].is_null() && same_numbers(columns, &out, &wanted) => {
            Outcome::Digits
        }
        Ok(Encoded::Bytes) if golden["error"].is_null() && same_tokens(columns, &out, &wanted) => {
            Outcome::Digits
        }
        _ => Outcome::Failed(format!("{} {outcome:?}", String::from_utf8_lossy(&out))),
    }
}

fn kind(line: &Json) -> RowKind {
    match line["kind"].as_str().unwrap() {
        "+I" => RowKind::Insert,
        "-U" => RowKind::UpdateBefore,
        "+U" => RowKind::UpdateAfter,
        "-D" => RowKind::Delete,
        other => panic!("no kind {other}"),
    }
}

/// Whether two documents with FLOAT or DOUBLE columns differ in the digits of numbers alone.
fn same_numbers(columns: &[Field], ours: &[u8], wanted: &[u8]) -> bool {
    fn same(ours: &Json, wanted: &Json) -> bool {
        match (ours, wanted) {
            (Json::Number(ours), Json::Number(wanted)) if ours.is_f64() && wanted.is_f64() => {
                let (ours, wanted) = (ours.as_f64().unwrap(), wanted.as_f64().unwrap());
                ours == wanted || ours as f32 == wanted as f32
            }
            (Json::Array(ours), Json::Array(wanted)) => {
                ours.len() == wanted.len() && ours.iter().zip(wanted).all(|(ours, wanted)| same(ours, wanted))
            }
            (Json::Object(ours), Json::Object(wanted)) => {
                ours.len() == wanted.len()
                    && ours
                        .iter()
                        .zip(wanted)
                        .all(|(ours, wanted)| ours.0 == wanted.0 && same(ours.1, wanted.1))
            }
            _ => ours == wanted,
        }
    }
    let floating = holds_floating(columns);
    match (serde_json::from_slice(ours), serde_json::from_slice(wanted)) {
        (Ok(ours), Ok(wanted)) => floating && same(&ours, &wanted),
        _ => false,
    }
}

/// The same of texts that are no documents: whatever stands between numbers is equal.
fn same_tokens(columns: &[Field], ours: &[u8], wanted: &[u8]) -> bool {
    let is_of_number = |char: char| char.is_ascii_alphanumeric() || matches!(char, '.' | '-' | '+');
    let same = |(ours, wanted): (&str, &str)| match (ours.parse::<f64>(), wanted.parse::<f64>()) {
        (Ok(ours), Ok(wanted)) => ours == wanted || ours as f32 == wanted as f32,
        _ => ours == wanted,
    };
    let (ours, wanted) = (String::from_utf8_lossy(ours), String::from_utf8_lossy(wanted));
    let between = |text: &str| text.split(is_of_number).collect::<String>();
    let (ours_numbers, wanted_numbers): (Vec<&str>, Vec<&str>) = (
        ours.split(|char| !is_of_number(char)).collect(),
        wanted.split(|char| !is_of_number(char)).collect(),
    );
    holds_floating(columns)
        && between(&ours) == between(&wanted)
        && ours_numbers.len() == wanted_numbers.len()
        && ours_numbers.into_iter().zip(wanted_numbers).all(same)
}

fn holds_floating(columns: &[Field]) -> bool {
    columns.iter().any(|field| {
        let text = field.data_type.to_string();
        text.contains("FLOAT") || text.contains("DOUBLE")
    })
}

/// Vectors that are answered in another way on purpose, and why.
const DEPARTURES: [(&str, &str); 2] = [
    (
        "raw-00549",
        "GB 18030 of 2022 moved FE 61 from the private use area to U+9FB5; Java 17 has that of 2005",
    ),
    ("protobuf-00090", "the order of a map's entries is a hash's in Java; here it is the map's own"),
];

/// The options of a vector and the defaults of the rest, or why they cannot be.
fn options(format: &FormatSpec, line: &Json) -> Result<OptionSet, String> {
    let mut set = OptionSet::default();
    for spec in format.options {
        if let Some(default) = spec.default {
            set.insert(spec.key, parsed(spec, default)?);
        }
    }
    if let Some(url) = registry::url(format, line) {
        set.insert("url", OptionValue::String(url));
    }
    if format.name == "protobuf" {
        let is_two = line["options"]["message-class-name"] == "golden.Two";
        let file = data(if is_two { "flink/formats/golden2.proto" } else { "flink/formats/golden.proto" });
        set.insert("descriptor-file", OptionValue::String(file.to_string_lossy().into_owned()));
    }
    for (key, value) in line["options"].as_object().unwrap() {
        let spec =
            format.options.iter().find(|spec| spec.key == key).ok_or(format!("unknown option {key}"))?;
        set.insert(spec.key, parsed(spec, value.as_str().unwrap())?);
    }
    Ok(set)
}

fn parsed(spec: &OptionSpec, text: &str) -> Result<OptionValue, String> {
    match spec.kind {
        OptionKind::String => Some(OptionValue::String(text.into())),
        OptionKind::Bool => text.to_ascii_lowercase().parse().ok().map(OptionValue::Bool),
        OptionKind::Choice(choices) => {
            choices.iter().find(|choice| choice.eq_ignore_ascii_case(text)).map(|it| OptionValue::Choice(it))
        }
        OptionKind::Exact(choices) => {
            choices.iter().find(|choice| **choice == text).map(|choice| OptionValue::Choice(choice))
        }
        _ => None,
    }
    .ok_or(format!("{} = {text}", spec.key))
}

/// `None` is Kafka's null.
fn bytes(json: &Json) -> Option<Vec<u8>> {
    match (&json["utf8"], &json["hex"]) {
        (Json::String(text), _) => Some(text.clone().into_bytes()),
        (_, Json::String(text)) => Some(hex::decode(text).unwrap()),
        _ => None,
    }
}

#[test]
fn every_kind_is_spelled_as_flink_does() {
    let kinds = [RowKind::Insert, RowKind::UpdateBefore, RowKind::UpdateAfter, RowKind::Delete];
    assert_eq!(kinds.map(|kind| kind.to_string()), ["+I", "-U", "+U", "-D"]);
}
