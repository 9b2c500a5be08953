//! `wire apis`: what this build speaks.

use serde_json::{Value, json};
use upsert_kafka_protocol::schema::DATA;
use upsert_kafka_protocol::{APIS, Versions};

use crate::args::Args;
use crate::exit::Failure;
use crate::listing::{Listing, Row};
use crate::output::Output;

pub(super) fn run(args: &Args, out: &mut Output) -> Result<(), Failure> {
    let data = args.has("--data");
    let heads: &[_] = if data {
        &["type", "name", "versions", "flexible"]
    } else {
        &["key", "name", "versions", "kafka 4.4", "flexible"]
    };
    let mut listing = Listing::begin(args, heads, out)?;
    let rows = if data { data_rows() } else { api_rows() };
    rows.iter().try_for_each(|row| listing.add(row))?;
    listing.end()
}

struct Api {
    /// Not what clients call: what lies in logs and files.
    data: bool,
    key: i16,
    name: &'static str,
    versions: Versions,
    current: Versions,
    flexible: Versions,
}

fn api_rows() -> Vec<Api> {
    let row = |it: &upsert_kafka_protocol::Api| Api {
        data: false,
        key: it.key.0,
        name: it.name,
        versions: it.versions,
        current: it.current,
        flexible: it.flexible,
    };
    APIS.iter().map(row).collect()
}

/// Nobody offers versions of what lies in logs.
fn data_rows() -> Vec<Api> {
    let row = |it: &upsert_kafka_protocol::schema::Schema| Api {
        data: true,
        key: it.key,
        name: it.name(),
        versions: it.versions,
        current: Versions::NONE,
        flexible: it.flexible,
    };
    DATA.iter().map(row).collect()
}

impl Row for Api {
    fn cells(&self, _: usize) -> Vec<String> {
        let key = if self.data && self.key < 0 { "-".into() } else { self.key.to_string() };
        let mut cells = vec![key, self.name.to_owned(), self.versions.to_string()];
        if !self.data {
            cells.push(self.current.to_string());
        }
        cells.push(self.flexible_from().map_or("none".into(), |from| format!("{from}+")));
        cells
    }

    /// Ranges as `[from, to]`; null where there is none.
    fn json(&self) -> Value {
        let range = |it: Versions| if it.is_empty() { Value::Null } else { json!([it.from, it.to]) };
        let mut object = json!({ "key": self.key, "name": self.name, "versions": range(self.versions) });
        if !self.data {
            object["current"] = range(self.current);
        }
        object["flexibleFrom"] = self.flexible_from().into();
        object
    }
}

impl Api {
    fn flexible_from(&self) -> Option<i16> {
        let flexible = self.flexible.and(self.versions);
        (!flexible.is_empty()).then_some(flexible.from)
    }
}
