//! `wire schema`: a message as its table, or as JSON to fill in.

use std::fmt::Write;

use serde_json::Value;
use upsert_kafka_protocol::json;
use upsert_kafka_protocol::schema::{Direction, Schema};
use upsert_kafka_protocol::wire::{Field, Kind, Struct};

use super::named::{self, Target};
use super::{print, wrong};
use crate::args::Args;
use crate::exit::Failure;
use crate::table;

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let schemas = named::directed(args.operand(0), named::direction(args)?)?;
    let version = match args.optional_operand(1) {
        Some(text) => Some(
            text.parse().map_err(|_| Failure::usage(format!("VERSION {text}: not a version's number")))?,
        ),
        None => None,
    };
    let mut shown = Vec::new();
    for schema in schemas {
        let target = Target::new(schema, version.unwrap_or_else(|| named::latest(schema)))?;
        shown.push(match args.has("--json") {
            true => format!("{:#}\n", blank(target)?),
            false => rows(schema, version),
        });
    }
    print(shown.join("\n"))
}

/// Every field with its default.
fn blank(target: Target) -> Result<Value, Failure> {
    let body = target.schema.blank(target.version).map_err(|e| wrong(format!("{target}: {e}")))?;
    json::decode(target.schema, target.version, &body.into_bytes())
        .map_err(|e| wrong(format!("{target}: {e}")))
}

fn rows(schema: &Schema, version: Option<i16>) -> String {
    let mut out = String::new();
    let of = match schema.direction {
        Direction::Request | Direction::Response => format!(" of API {}", schema.key),
        Direction::Data if schema.key >= 0 => format!(" of type {}", schema.key),
        Direction::Data | Direction::Header => String::new(),
    };
    let _ = write!(out, "{}: {}{of}, versions {}", schema.name(), schema.direction, schema.versions);
    let _ = match version {
        Some(version) if schema.is_flexible(version) => writeln!(out, ", here version {version} (flexible)"),
        Some(version) => writeln!(out, ", here version {version}"),
        None => writeln!(out, ", flexible {}", schema.flexible),
    };
    let mut rows = Vec::new();
    add(&mut rows, schema.rows, version, 0);
    out + &table::render(&["field", "type", "versions", "nullable", "tag"], &rows)
}

fn add(rows: &mut Vec<Vec<String>>, of: &Struct, version: Option<i16>, depth: usize) {
    let has = |field: &&Field| version.is_none_or(|version| field.versions.contains(version));
    for field in of.fields.iter().filter(has) {
        let nullable = if field.nullable.is_empty() { String::new() } else { field.nullable.to_string() };
        rows.push(vec![
            format!("{:indent$}{}", "", field.name, indent = 2 * depth),
            field.kind.to_string(),
            field.versions.to_string(),
            nullable,
            field.tag.map(|tag| tag.to_string()).unwrap_or_default(),
        ]);
        if let Some(inside) = structure(&field.kind) {
            add(rows, inside, version, depth + 1);
        }
    }
}

fn structure(kind: &Kind) -> Option<&'static Struct> {
    match kind {
        Kind::Primitive(_) => None,
        Kind::Array(of) => structure(of),
        Kind::Struct(rows) => Some(rows),
    }
}
