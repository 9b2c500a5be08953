//! One case as its files say it.

use std::path::Path;
use std::time::Duration;

use flate2::read::GzDecoder;
use serde_json::Value;
use upsert_kafka_tests::record::{NewRecord, golden_bytes, golden_headers};

pub(super) struct Case {
    pub(super) name: String,
    pub(super) features: Vec<String>,
    pub(super) topics: Vec<Topic>,
    /// Step 0 is produced before the job starts; else when it runs.
    pub(super) input_first: bool,
    pub(super) start_pause: Duration,
    pub(super) step_pause: Duration,
    /// Stop when these topics hold so many records; empty: the job ends by itself.
    pub(super) end_records: Vec<(String, usize)>,
    pub(super) dump: Vec<String>,
    pub(super) read_committed: bool,
    pub(super) compare: Rule,
    /// In order; each with its step.
    pub(super) input: Vec<(u64, NewRecord)>,
    pub(super) variants: Vec<Variant>,
}

pub(super) struct Topic {
    pub(super) name: String,
    pub(super) partitions: i32,
    /// False: it must not exist.
    pub(super) create: bool,
}

/// The job in the spelling of one Flink, with what that Flink did.
pub(super) struct Variant {
    pub(super) file: &'static str,
    pub(super) sql: String,
    pub(super) expected: Expected,
}

#[derive(Default)]
pub(super) struct Expected {
    pub(super) records: Vec<ExpectedRecord>,
    pub(super) prints: Vec<String>,
    pub(super) error_at: Option<String>,
    /// How many records topics hold together before a step is produced.
    pub(super) progress: Vec<Progress>,
    /// Flink's transactional ids, with the run's name in them.
    pub(super) transactions: Vec<String>,
    /// Lines of a kind that only jobs with features we lack have.
    pub(super) unread: Vec<String>,
}

/// A topic just before a step.
#[derive(Clone, Debug)]
pub(super) struct Progress {
    pub(super) before_step: u64,
    pub(super) topic: String,
    pub(super) records: usize,
}

#[derive(Clone, Debug, Default)]
pub(super) struct ExpectedRecord {
    pub(super) topic: String,
    pub(super) partition: i32,
    pub(super) offset: i64,
    pub(super) key: Option<Vec<u8>>,
    pub(super) value: Option<Vec<u8>>,
    pub(super) headers: Vec<(String, Option<Vec<u8>>)>,
    /// `None`: the producer's clock.
    pub(super) timestamp_ms: Option<i64>,
    /// The fields to compare.
    pub(super) deterministic: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Rule {
    PartitionOrder,
    PerKeyOrder,
    Set,
    FlushGroups(Vec<usize>),
    LastPerKey,
    LastPerKeyAndCount,
    Error,
}

impl Case {
    pub(super) fn read(folder: &Path) -> Self {
        let case = json(&text(folder, "case.json"));
        let name = folder.file_name().and_then(|it| it.to_str()).unwrap_or_default().to_owned();
        let topics = case["topics"].as_object().into_iter().flatten().map(topic).collect();
        let ends = case["end_records"].as_object().into_iter().flatten();
        assert!(
            ["finish", "records"].contains(&string(&case["end"]).as_str()),
            "{name}: end {}",
            case["end"]
        );
        Self {
            features: strings(&case["features"]),
            topics,
            input_first: case["start"] == "before",
            start_pause: millis(&case["start_pause_ms"], 3000),
            step_pause: millis(&case["step_pause_ms"], 0),
            end_records: ends.map(|(topic, count)| (topic.clone(), count_of(count))).collect(),
            dump: strings(&case["dump"]),
            read_committed: case["isolation"] == "read_committed",
            compare: Rule::read(&case),
            input: lines(folder, "input.jsonl").iter().map(input).collect(),
            variants: variants(folder, &case),
            name,
        }
    }
}

impl Rule {
    fn read(case: &Value) -> Self {
        match string(&case["compare"]).as_str() {
            "partition-order" => Self::PartitionOrder,
            "per-key-order" => Self::PerKeyOrder,
            "set" => Self::Set,
            "flush-groups" => Self::FlushGroups(
                case["flush_groups"].as_array().into_iter().flatten().map(count_of).collect(),
            ),
            "last-per-key" => Self::LastPerKey,
            "last-per-key-and-count" => Self::LastPerKeyAndCount,
            "error" => Self::Error,
            unknown => panic!("no rule to compare by: {unknown}"),
        }
    }
}

/// What Flink 2.2 did, and in the words of 2.3 what 2.3 did.
fn variants(folder: &Path, case: &Value) -> Vec<Variant> {
    let mut found = Vec::new();
    for (file, version) in [("job.sql", "2.2.0"), ("job.23.sql", "2.3.0")] {
        if let (true, Some(expected)) = (folder.join(file).exists(), case["results"][version].as_str()) {
            found.push(Variant {
                file,
                sql: text(folder, file),
                expected: Expected::read(&lines(folder, expected)),
            });
        }
    }
    assert!(!found.is_empty(), "{}: no job.sql with a result", folder.display());
    found
}

impl Expected {
    fn read(lines: &[Value]) -> Self {
        let mut out = Self::default();
        for line in lines {
            if line["topic"].is_string() {
                out.records.push(ExpectedRecord::read(line));
            } else if let Some(text) = line["print"].as_str().or(line["row"].as_str()) {
                // A line of a print table, or a row of the job's one SELECT.
                out.prints.push(text.to_owned());
            } else if let Some(at) = line["error_at"].as_str() {
                out.error_at = Some(at.to_owned());
            } else if let Some(steps) = line["progress"].as_array() {
                out.progress.extend(steps.iter().flat_map(progress));
            } else if let Some(transaction) = line["transaction"].as_str() {
                out.transactions.push(transaction.to_owned());
            } else if line["end"].is_null() {
                out.unread.push(line.to_string());
            }
        }
        out
    }
}

impl ExpectedRecord {
    fn read(line: &Value) -> Self {
        Self {
            topic: string(&line["topic"]),
            partition: i32::try_from(count_of(&line["partition"])).expect("a partition"),
            offset: line["offset"].as_i64().unwrap_or_default(),
            key: golden_bytes(&line["key"]),
            value: golden_bytes(&line["value"]),
            headers: golden_headers(&line["headers"]),
            timestamp_ms: line["timestamp"].as_i64(),
            deterministic: strings(&line["deterministic"]),
        }
    }
}

fn progress(step: &Value) -> Vec<Progress> {
    let before_step = step["before_step"].as_u64().unwrap_or_default();
    let topics = step["end_offsets_sum"].as_object().into_iter().flatten();
    let of_topic = |(topic, sum): (&String, &Value)| Progress {
        before_step,
        topic: topic.clone(),
        records: count_of(sum),
    };
    topics.map(of_topic).collect()
}

fn topic((name, it): (&String, &Value)) -> Topic {
    let partitions = i32::try_from(count_of(&it["partitions"])).expect("a number of partitions");
    Topic { name: name.clone(), partitions, create: it["create"] != false }
}

fn input(line: &Value) -> (u64, NewRecord) {
    let record = NewRecord {
        topic: string(&line["topic"]),
        partition: line["partition"].as_i64().and_then(|it| i32::try_from(it).ok()),
        timestamp_ms: line["timestamp"].as_i64(),
        headers: golden_headers(&line["headers"]),
        key: golden_bytes(&line["key"]),
        value: golden_bytes(&line["value"]),
    };
    (line["step"].as_u64().unwrap_or(0), record)
}

/// The file, or what is compressed in its place.
fn text(folder: &Path, file: &str) -> String {
    let (path, packed) = (folder.join(file), folder.join(format!("{file}.gz")));
    let text = match std::fs::read(&packed) {
        Ok(bytes) => std::io::read_to_string(GzDecoder::new(&bytes[..])),
        Err(_) => std::fs::read_to_string(&path),
    };
    text.unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn lines(folder: &Path, file: &str) -> Vec<Value> {
    text(folder, file).lines().filter(|line| !line.trim().is_empty()).map(json).collect()
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(string).collect()
}

fn count_of(value: &Value) -> usize {
    value.as_u64().and_then(|it| usize::try_from(it).ok()).unwrap_or_else(|| panic!("not a count: {value}"))
}

fn millis(value: &Value, default: u64) -> Duration {
    Duration::from_millis(value.as_u64().unwrap_or(default))
}
