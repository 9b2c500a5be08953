//! `wire apis`: what this build speaks.

use serde_json::{Value, json};
use upsert_kafka_protocol::schema::DATA;
use upsert_kafka_protocol::{APIS, Versions};

use super::print;
use crate::args::Args;
use crate::commands::topic::is_json;
use crate::exit::Failure;
use crate::table;

pub(super) fn run(args: &Args) -> Result<(), Failure> {
    let data = args.has("--data");
    let rows = if data { data_rows() } else { api_rows() };
    if is_json(args)? {
        return print(rows.iter().map(|row| format!("{}\n", object(row, data))).collect::<String>());
    }
    let heads: &[_] = if data {
        &["type", "name", "versions", "flexible"]
    } else {
        &["key", "name", "versions", "kafka 4.4", "flexible"]
    };
    let cells: Vec<_> = rows.iter().map(|row| cells(row, data)).collect();
    print(table::render(heads, &cells))
}

struct Row {
    key: i16,
    name: &'static str,
    versions: Versions,
    current: Versions,
    flexible: Versions,
}

fn api_rows() -> Vec<Row> {
    let row = |it: &upsert_kafka_protocol::Api| Row {
        key: it.key.0,
        name: it.name,
        versions: it.versions,
        current: it.current,
        flexible: it.flexible,
    };
    APIS.iter().map(row).collect()
}

/// Nobody offers versions of what lies in logs.
fn data_rows() -> Vec<Row> {
    let row = |it: &upsert_kafka_protocol::schema::Schema| Row {
        key: it.key,
        name: it.name(),
        versions: it.versions,
        current: Versions::NONE,
        flexible: it.flexible,
    };
    DATA.iter().map(row).collect()
}

fn cells(row: &Row, data: bool) -> Vec<String> {
    let key = if data && row.key < 0 { "-".into() } else { row.key.to_string() };
    let mut cells = vec![key, row.name.to_owned(), row.versions.to_string()];
    if !data {
        cells.push(row.current.to_string());
    }
    cells.push(flexible_from(row).map_or("none".into(), |from| format!("{from}+")));
    cells
}

/// Ranges as `[from, to]`; null where there is none.
fn object(row: &Row, data: bool) -> Value {
    let range = |it: Versions| if it.is_empty() { Value::Null } else { json!([it.from, it.to]) };
    let mut object = json!({ "key": row.key, "name": row.name, "versions": range(row.versions) });
    if !data {
        object["current"] = range(row.current);
    }
    object["flexibleFrom"] = flexible_from(row).into();
    object
}

fn flexible_from(row: &Row) -> Option<i16> {
    let flexible = row.flexible.and(row.versions);
    (!flexible.is_empty()).then_some(flexible.from)
}
