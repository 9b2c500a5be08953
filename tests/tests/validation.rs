//! Every DDL and statement that real Flink was asked to plan: ours accepts what it accepts and refuses what it refuses.

use std::collections::BTreeMap;
use std::io::Read;

use flate2::read::GzDecoder;
use serde_json::Value;
use upsert_kafka_sink::error::Rule;
use upsert_kafka_sink::plan::{PlanOptions, plan};
use upsert_kafka_sink::sql::Script;
use upsert_kafka_tests::data;

/// What became of the lines of `validation.jsonl`.
#[derive(Debug, Default, PartialEq)]
struct Counts {
    /// Accepted by both.
    accepted: usize,
    /// Accepted by Flink, and by us but for what we do not have yet.
    not_yet: usize,
    /// Refused by both, by us for what is wrong with it.
    refused: usize,
    /// Refused by both, by us because we do not have it yet.
    refused_as_not_yet: usize,
    /// Otherwise than Flink, for a reason that stands in [`DEPARTURES`].
    departed: usize,
}

/// The lines as they stand; a feature that arrives moves lines from `not_yet` to `accepted`.
const OWN: Counts = Counts { accepted: 340, not_yet: 16, refused: 286, refused_as_not_yet: 4, departed: 20 };

/// Where ours answers otherwise than Flink 2.2, on purpose: the name of the line and why.
const DEPARTURES: &[(&str, &str)] = &[
    ("topic = ", "an empty topic of a source can only be a mistake"),
    ("topic =  ", "an empty topic of a source can only be a mistake"),
    ("ddl: double quotes", "the seed writes options in double quotes"),
    ("insert: on conflict dedup", "Flink 2.3's spelling is taken everywhere"),
    (
        "column hl ARRAY<ROW<key STRING, `value` BYTES>> METADATA FROM 'header-list'",
        "connector 5.1 has it, and ours does; the lines are of 5.0",
    ),
    (
        "ddl: like excluding options",
        "a key makes a borrowed column NOT NULL as it does one of the table's own; Flink refuses it",
    ),
    ("avro-confluent url", NO_JAR),
    ("avro-confluent old url", NO_JAR),
    ("type DECIMAL(39,1)", BEYOND),
    ("type CHAR(0)", BEYOND),
    ("type VARCHAR(0)", BEYOND),
    ("type TIME(10)", BEYOND),
    ("type TIMESTAMP(10)", BEYOND),
];

const NO_JAR: &str = "that Flink 2.2 had no jar of the format; 2.3, which had, plans it";
const BEYOND: &str = "SQL has no such precision or length, and Flink plans it only to fail later";

#[test]
fn flinks_verdicts_are_ours() {
    let mut counts = Counts::default();
    let mut features: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    let text = text();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let script = script(&line);
        let name = line["name"].as_str().unwrap();
        let ours = verdict(&script);
        let statement = name.replace("type (ddl only) ", "type ");
        let departs = DEPARTURES.iter().any(|(departed, _)| statement == *departed);
        match (accepted_by_flink(&line), &ours) {
            (true, Verdict::Accepted) => counts.accepted += 1,
            (true, Verdict::NotYet(missing)) => {
                counts.not_yet += 1;
                for feature in missing {
                    *features.entry(feature).or_default() += 1;
                }
            }
            (false, Verdict::Refused(_)) => counts.refused += 1,
            (false, Verdict::NotYet(_)) => counts.refused_as_not_yet += 1,
            _ if departs => counts.departed += 1,
            (true, Verdict::Refused(why)) => {
                wrong.push(format!("{} {name}: refused: {why}\n  {script}", line["id"]))
            }
            (false, Verdict::Accepted) => wrong.push(format!("{} {name}: accepted\n  {script}", line["id"])),
        }
    }
    println!("{counts:?}; not yet: {features:?}");
    assert!(wrong.is_empty(), "{} departures without a reason:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(counts, OWN);
}

/// What a job may ask for and be planned.
const FEATURES: [&str; 28] = [
    "projection",
    "json",
    "cdc",
    "partitioning",
    "key-prefix",
    "except-key",
    "not-null",
    "nested",
    "types",
    "error",
    "exactly-once",
    "checkpoint",
    "print",
    "parser",
    "buffer",
    "bounded",
    "upsert-source",
    "kafka-sink",
    "metadata",
    "topic-list",
    "key-csv",
    "key-raw",
    "value-csv",
    "value-raw",
    "materializer",
    "filter",
    "values",
    "collect",
];

/// What of a job its features do not tell.
const BEYOND_FEATURES: [&str; 1] = ["GROUP BY"];

#[test]
fn golden_jobs_are_planned_or_refused_for_what_is_not_there_yet() {
    let mut planned = 0;
    for folder in std::fs::read_dir(data("flink/jobs")).unwrap() {
        let folder = folder.unwrap().path();
        let name = folder.file_name().unwrap().to_str().unwrap();
        let case: Value = serde_json::from_slice(&std::fs::read(folder.join("case.json")).unwrap()).unwrap();
        let features = case["features"].as_array().unwrap();
        let known = features.iter().all(|feature| FEATURES.contains(&feature.as_str().unwrap()));
        for file in ["job.sql", "job.23.sql"] {
            let Ok(text) = std::fs::read_to_string(folder.join(file)) else { continue };
            let known = known && !BEYOND_FEATURES.iter().any(|it| text.contains(it));
            let script = Script::substitute(&text, |variable| Some(format!("the-{variable}"))).unwrap();
            let outcome = plan(script, &PlanOptions::default());
            match outcome {
                Ok(_) => {
                    planned += 1;
                    assert!(known, "{name}/{file} is planned, though it needs {features:?}");
                }
                // What Flink refuses too.
                Err(_) if known && case["compare"] == "error" => {}
                Err(error) => {
                    assert!(!known, "{name}/{file}: {error}");
                    let missing =
                        error.findings().iter().any(|finding| matches!(finding.rule, Rule::NotYet(_)));
                    assert!(missing, "{name}/{file} is refused for another reason: {error}");
                }
            }
        }
    }
    println!("{planned} golden jobs are planned");
    assert_eq!(planned, PLANNED);
}

/// Scripts, in the spelling of 2.2 and, where it differs, of 2.3.
const PLANNED: usize = 64;

enum Verdict {
    Accepted,
    NotYet(Vec<&'static str>),
    Refused(String),
}

fn verdict(script: &str) -> Verdict {
    let error = match plan(script, &PlanOptions::new().with_loop_allowed(true)) {
        Ok(_) => return Verdict::Accepted,
        Err(error) => error,
    };
    let features: Option<Vec<&str>> = error
        .findings()
        .iter()
        .map(|finding| match finding.rule {
            Rule::NotYet(feature) => Some(feature),
            _ => None,
        })
        .collect();
    match features {
        // Flink's client shows the rows of a SELECT, so a source is accepted but for that.
        Some(features) if features == ["collect"] => Verdict::Accepted,
        Some(features) if !features.is_empty() => {
            Verdict::NotYet(features.into_iter().filter(|feature| *feature != "collect").collect())
        }
        _ => Verdict::Refused(error.to_string()),
    }
}

fn accepted_by_flink(line: &Value) -> bool {
    let view = line["differs"].get("2.2.0").unwrap_or(line);
    view["accepted"].as_bool().unwrap()
}

/// The line as a script of a job.
fn script(line: &Value) -> String {
    let mut statements = Vec::new();
    if let Some(config) = line["config"].as_object() {
        statements
            .extend(config.iter().map(|(key, value)| format!("SET '{key}' = '{}'", value.as_str().unwrap())));
    }
    statements.extend(line["ddl"].as_array().unwrap().iter().map(|ddl| ddl.as_str().unwrap().to_owned()));
    statements.push(line["statement"].as_str().unwrap_or("SELECT * FROM t").to_owned());
    repeated(&statements.join(";\n"))
}

/// `${repeat:x:N}` stands for N letters x.
fn repeated(text: &str) -> String {
    let Some((before, rest)) = text.split_once("${repeat:") else { return text.to_owned() };
    let (placeholder, after) = rest.split_once('}').unwrap();
    let (letter, count) = placeholder.split_once(':').unwrap();
    format!("{before}{}{}", letter.repeat(count.parse().unwrap()), repeated(after))
}

fn text() -> String {
    let mut text = String::new();
    let file = std::fs::File::open(data("flink/validation.jsonl.gz")).unwrap();
    GzDecoder::new(file).read_to_string(&mut text).unwrap();
    text
}
