//! Flink's own answers to scalar expressions, one test per family: `cargo test -p upsert-kafka-sink --lib bind::tests::math`.
//! What fails is printed with its id, the first `VECTORS_SHOWN` (20) of each family.
//!
//! `UPSERT_KAFKA_VECTORS=DIR` replays the expressions of another folder (`bind::tests::unseen`).

mod notation;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;
use serde_json::Value as Json;

use super::{NamedExpr, Relation, Scope, bind};
use crate::expr::function::{Moment, Session};
use crate::expr::{EvalError, Expr, logic};
use crate::row::{Arena, Timestamp, Value};
use crate::sql::Script;
use crate::sql::fragment::{expression, type_of};

macro_rules! families {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            Replay::of_family(stringify!($name)).assert();
        })*
    };
}

families! {
    arithmetic cast collection comparison conditional datetime hash json literals logic math nested predicates regex
    string syntax zone
}

/// The beginning of 2026, when Flink was asked.
const ASKED_SECONDS: i64 = 1_767_225_600;

#[test]
fn unseen() {
    let Some(folders) = std::env::var_os("UPSERT_KAFKA_VECTORS") else { return };
    let mut failed = 0;
    for folder in std::env::split_paths(&folders) {
        let mut files: Vec<PathBuf> =
            std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for file in files.iter().filter(|file| holds_expressions(file)) {
            let replay = Replay::of(file);
            println!("{}", replay.summary());
            failed += replay.failures.len();
        }
    }
    assert_eq!(failed, 0, "vectors failed");
}

fn holds_expressions(file: &Path) -> bool {
    let name = file.to_string_lossy();
    let is_vectors = name.ends_with(".jsonl") || name.ends_with(".jsonl.gz");
    is_vectors
        && !name.contains("functions")
        && lines(file).first().is_some_and(|it| it.get("expr").is_some())
}

/// What became of a file's vectors.
struct Replay {
    name: String,
    passed: usize,
    /// Ours differs on purpose.
    departed: usize,
    failures: Vec<String>,
}

impl Replay {
    fn of_family(name: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/data/flink/expressions");
        Self::of(&root.join(format!("{name}.jsonl.gz")))
    }

    fn of(file: &Path) -> Self {
        let name = file.file_name().unwrap().to_string_lossy().split('.').next().unwrap().to_owned();
        let file = file.to_owned();
        // Unoptimized, the parser takes more stack than a test's thread has.
        let thread = std::thread::Builder::new().stack_size(crate::sql::limits::STACK_BYTES);
        thread.spawn(move || Self::replayed(name, &file)).unwrap().join().unwrap()
    }

    fn replayed(name: String, file: &Path) -> Self {
        let departures = departures();
        let mut replay = Self { name, passed: 0, departed: 0, failures: Vec::new() };
        for vector in lines(file) {
            let id = vector["id"].as_str().unwrap();
            let outcome = check(&vector);
            let departs =
                departures.contains_key(id) || departures.contains_key(id.split('.').next().unwrap());
            match outcome {
                Ok(()) => replay.passed += 1,
                Err(_) if departs => replay.departed += 1,
                Err(why) => {
                    replay.failures.push(format!("{id}: {} {}\n    {why}", vector["expr"], columns(&vector)))
                }
            }
        }
        replay
    }

    fn summary(&self) -> String {
        let shown = std::env::var("VECTORS_SHOWN").ok().and_then(|it| it.parse().ok()).unwrap_or(20);
        let mut text = format!(
            "{}: {} passed, {} differ on purpose, {} failed\n",
            self.name,
            self.passed,
            self.departed,
            self.failures.len()
        );
        for failure in self.failures.iter().take(shown) {
            writeln!(text, "{failure}").unwrap();
        }
        text
    }

    fn assert(&self) {
        println!("{}", self.summary());
        assert!(self.failures.is_empty(), "{}", self.summary());
        assert!(self.passed > 100, "{} vectors of {}", self.passed, self.name);
    }
}

fn lines(file: &Path) -> Vec<Json> {
    let opened = File::open(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let reader: Box<dyn Read> = match file.extension().is_some_and(|it| it == "gz") {
        true => Box::new(GzDecoder::new(opened)),
        false => Box::new(opened),
    };
    let lines = BufReader::new(reader).lines();
    lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect()
}

/// Vector or expression → why ours differs.
fn departures() -> BTreeMap<String, String> {
    let text = include_str!("../../../tests/data/flink/expressions/departures.tsv");
    let rows = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
    let mut all = BTreeMap::new();
    for row in rows {
        let (why, ids) = row.split_once('\t').unwrap();
        for id in ids.split_whitespace() {
            all.insert(id.to_owned(), why.to_owned());
        }
    }
    all
}

fn columns(vector: &Json) -> String {
    format!("{} {}", vector["columns"], vector.get("row").unwrap_or(&Json::Null))
}

fn check(vector: &Json) -> Result<(), String> {
    let is_plan_error = vector["error"] == "plan";
    let is_predicate = vector["predicate"] == true;
    let session = Session { time_zone: vector["zone"].as_str().unwrap_or("UTC").into() };
    let bound = bound(vector, &session);
    let expr = match bound {
        Err(_) if is_plan_error => return Ok(()),
        Err(why) => return Err(format!("want {}, got refused: {why}", wanted(vector))),
        Ok(expr) if is_plan_error => {
            return Err(format!("want refused ({}), got {}", vector["chain"], expr.data_type()));
        }
        Ok(expr) => expr,
    };
    let shown = type_text(&expr);
    if let Some(wanted) = vector["type"].as_str()
        && wanted != shown
    {
        return Err(format!("want type {wanted}, got {shown}"));
    }
    if vector.get("type_only").is_some() {
        return Ok(());
    }
    evaluated(vector, &expr, is_predicate)
}

fn bound(vector: &Json, session: &Session) -> Result<Expr, String> {
    let ast =
        expression(&Script::from(vector["expr"].as_str().unwrap())).map_err(|error| error.to_string())?;
    let mut columns = Vec::new();
    for (index, column) in vector["columns"].as_array().unwrap().iter().enumerate() {
        let data_type = type_of(column[1].as_str().unwrap()).map_err(|error| error.to_string())?;
        let name = column[0].as_str().unwrap().into();
        columns.push(NamedExpr { name, expr: Expr::column(index, data_type) });
    }
    let relations = [Relation { path: vec!["t".to_owned()], columns }];
    let expr = bind(&ast, &Scope { relations: &relations, session }).map_err(|finding| finding.text)?;
    if vector["predicate"] == true && !expr.is_bare_null() {
        logic::boolean(&expr, "WHERE").map_err(|error| error.0)?;
    }
    // A query of nothing but NULL has no type.
    if expr.is_bare_null() && vector["predicate"] != true {
        Err("NULL has no type".to_owned())
    } else {
        Ok(expr)
    }
}

fn evaluated(vector: &Json, expr: &Expr, is_predicate: bool) -> Result<(), String> {
    let arena = Arena::new();
    let empty = Vec::new();
    let row = vector["row"].as_array().unwrap_or(&empty);
    let columns = vector["columns"].as_array().unwrap().iter().zip(row);
    let values: Vec<Value<'_>> = columns
        .map(|(column, json)| {
            notation::value(&type_of(column[1].as_str().unwrap()).unwrap().logical, json, &arena)
        })
        .collect();
    // Two digits of a year are of the century in which Flink was asked.
    let moment = Moment { now: Timestamp { seconds: ASKED_SECONDS, nanos: 0 }, ..Moment::still(&arena) };
    let outcome: Result<String, EvalError> = if is_predicate {
        expr.is_true(&values, &moment).map(|passes| notation::text(&Value::Boolean(passes)))
    } else {
        expr.evaluate(&values, &moment).map(|value| notation::text(&value))
    };
    match outcome {
        Err(_) if vector["error"] == "run" => Ok(()),
        Err(error) => Err(format!("want {}, got error: {error}", wanted(vector))),
        Ok(text) if vector["error"] == "run" => Err(format!("want {}, got {text}", wanted(vector))),
        Ok(text) => {
            let logical = if is_predicate {
                crate::types::LogicalType::Boolean
            } else {
                expr.data_type().logical.clone()
            };
            let want = notation::text(&notation::value(&logical, &vector["result"], &arena));
            if text == want { Ok(()) } else { Err(format!("want {want}, got {text}")) }
        }
    }
}

fn wanted(vector: &Json) -> String {
    match vector.get("error") {
        Some(error) => format!("error {error} {}", vector["chain"]),
        None => format!("{} ({})", vector["result"], vector["type"]),
    }
}

/// As the golden data writes types.
fn type_text(expr: &Expr) -> String {
    let text = expr.data_type().to_string();
    text.replace("INTERVAL DAY TO SECOND", "INTERVAL SECOND(3)")
        .replace("INTERVAL YEAR TO MONTH", "INTERVAL MONTH")
}
