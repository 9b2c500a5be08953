//! `wire schema`: a message as its table, or as JSON to fill in.

use serde_json::Value;
use upsert_kafka_protocol::json;
use upsert_kafka_protocol::schema::{Direction, Schema};
use upsert_kafka_protocol::wire::{Field, Kind, Struct};

use super::fault::wrong;
use super::named::{self, Target};
use crate::args::Args;
use crate::exit::Failure;
use crate::listing::{Listing, OutputFormat, Row};
use crate::output::Output;

pub(super) fn run(args: &Args, out: &mut Output) -> Result<(), Failure> {
    let schemas = named::directed(args.operand(0), named::direction(args)?)?;
    let version = match args.optional_operand(1) {
        Some(text) => Some(
            text.parse().map_err(|_| Failure::usage(format!("VERSION {text}: not a version's number")))?,
        ),
        None => None,
    };
    let between =
        if args.has("--json") || OutputFormat::of(args)? == OutputFormat::Table { "\n" } else { "" };
    for (at, schema) in schemas.into_iter().enumerate() {
        let target = Target::new(schema, version.unwrap_or_else(|| named::latest(schema)))?;
        out.write(if at > 0 { between } else { "" })?;
        match args.has("--json") {
            true => out.write(format!("{:#}\n", blank(target)?))?,
            false => list(schema, version, args, out)?,
        }
    }
    Ok(())
}

/// Every field with its default.
fn blank(target: Target) -> Result<Value, Failure> {
    let body = target.schema.blank(target.version).map_err(|e| wrong(format!("{target}: {e}")))?;
    json::decode(target.schema, target.version, &body.into_bytes())
        .map_err(|e| wrong(format!("{target}: {e}")))
}

fn list(schema: &Schema, version: Option<i16>, args: &Args, out: &mut Output) -> Result<(), Failure> {
    let mut listing = Listing::begin(args, &["field", "type", "versions", "nullable", "tag"], out)?;
    listing.title(&title(schema, version))?;
    let mut rows = Vec::new();
    add(&mut rows, schema, schema.rows, version, &[]);
    rows.iter().try_for_each(|row| listing.add(row))?;
    listing.end()
}

fn title(schema: &Schema, version: Option<i16>) -> String {
    let of = match schema.direction {
        Direction::Request | Direction::Response => format!(" of API {}", schema.key),
        Direction::Data if schema.key >= 0 => format!(" of type {}", schema.key),
        Direction::Data | Direction::Header => String::new(),
    };
    let title = format!("{}: {}{of}, versions {}", schema.name(), schema.direction, schema.versions);
    match version {
        Some(version) if schema.is_flexible(version) => format!("{title}, here version {version} (flexible)"),
        Some(version) => format!("{title}, here version {version}"),
        None => format!("{title}, flexible {}", schema.flexible),
    }
}

/// A field and the structures that it stands in.
struct Place {
    message: &'static str,
    path: Vec<&'static str>,
    field: &'static Field,
}

impl Row for Place {
    fn cells(&self, _: usize) -> Vec<String> {
        let Field { name, kind, versions, nullable, tag, .. } = self.field;
        let indent = 2 * (self.path.len() - 1);
        let nullable = if nullable.is_empty() { String::new() } else { nullable.to_string() };
        let tag = tag.map(|tag| tag.to_string()).unwrap_or_default();
        vec![format!("{:indent$}{name}", ""), kind.to_string(), versions.to_string(), nullable, tag]
    }

    fn json(&self) -> Value {
        let Field { kind, versions, nullable, tag, .. } = self.field;
        let nullable = if nullable.is_empty() { Value::Null } else { nullable.to_string().into() };
        serde_json::json!({
            "message": self.message,
            "field": self.path.join("."),
            "type": kind.to_string(),
            "versions": versions.to_string(),
            "nullable": nullable,
            "tag": tag,
        })
    }
}

fn add(
    rows: &mut Vec<Place>,
    schema: &Schema,
    of: &'static Struct,
    version: Option<i16>,
    path: &[&'static str],
) {
    let has = |field: &&Field| version.is_none_or(|version| field.versions.contains(version));
    for field in of.fields.iter().filter(has) {
        let path = [path, &[field.name]].concat();
        rows.push(Place { message: schema.name(), path: path.clone(), field });
        if let Some(inside) = structure(&field.kind) {
            add(rows, schema, inside, version, &path);
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
