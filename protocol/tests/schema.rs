//! Our rows against Apache's: name, type, versions, nullability, tag and ignorable of every field.

#![allow(clippy::panic)] // a broken vector should say which one

mod golden;

use std::collections::BTreeMap;

use serde_json::Value;
use upsert_kafka_protocol::wire::{Field, Kind, Struct};
use upsert_kafka_protocol::{APIS, Versions};

#[test]
fn every_row_is_apaches() {
    let schemas: BTreeMap<String, Value> = golden::lines("schema.jsonl.gz")
        .into_iter()
        .map(|schema| (schema["name"].as_str().unwrap_or_default().to_owned(), schema))
        .collect();
    let mut differences = Vec::new();
    let mut rows = 0;
    for api in APIS {
        for (suffix, ours) in [("Request", api.request), ("Response", api.response)] {
            let schema = &schemas[&format!("{}{suffix}", api.name)];
            let valid = versions(&schema["validVersions"]);
            assert_eq!(api.versions, valid, "{}", api.name);
            assert_eq!(
                api.flexible.and(valid),
                versions(&schema["flexibleVersions"]).and(valid),
                "{}",
                api.name
            );
            let commons = schema["commonStructs"].as_array().cloned().unwrap_or_default();
            let scope = Scope { commons: &commons, path: format!("{}{suffix}", api.name) };
            rows += scope.compare(ours, &schema["fields"], valid, &mut differences);
        }
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
    println!("{rows} rows agree");
}

struct Scope<'a> {
    commons: &'a [Value],
    path: String,
}

impl Scope<'_> {
    fn compare(&self, ours: &Struct, theirs: &Value, around: Versions, out: &mut Vec<String>) -> usize {
        let theirs = theirs.as_array().map(Vec::as_slice).unwrap_or_default();
        for (ours, theirs) in ours.fields.iter().zip(theirs) {
            self.row(ours, theirs, around, out);
        }
        for missing in theirs.iter().skip(ours.fields.len()) {
            out.push(format!("MISSING {}.{}", self.path, missing["name"]));
        }
        for surplus in ours.fields.iter().skip(theirs.len()) {
            out.push(format!("SURPLUS {}.{}", self.path, surplus.name));
        }
        theirs.len()
    }

    fn row(&self, ours: &Field, theirs: &Value, around: Versions, out: &mut Vec<String>) {
        let alive = versions(&theirs["versions"]).and(around);
        let name = snake(theirs["name"].as_str().unwrap_or_default());
        let path = format!("{}.{name}", self.path);
        let tag =
            theirs["tag"].as_u64().map(|tag| tag as u32).filter(|_| theirs.get("taggedVersions").is_some());
        let facts = [
            ("name", ours.name.to_owned(), name),
            ("versions", ours.versions.and(around).to_string(), alive.to_string()),
            (
                "nullable",
                shown(ours.nullable.and(alive)),
                shown(versions(&theirs["nullableVersions"]).and(alive)),
            ),
            ("tag", format!("{:?}", ours.tag), format!("{tag:?}")),
            ("ignorable", ours.ignorable.to_string(), (theirs["ignorable"] == true).to_string()),
            (
                "type",
                type_name(&ours.kind),
                theirs["type"].as_str().unwrap_or_default().replace("records", "bytes"),
            ),
        ];
        for (what, ours, theirs) in facts {
            if ours != theirs {
                out.push(format!("DIFFERENT {path}: {what} {ours}, Apache's {theirs}"));
            }
        }
        if let Some(rows) = nested(&ours.kind) {
            let fields = theirs.get("fields").unwrap_or_else(|| self.common(rows.name));
            Scope { commons: self.commons, path }.compare(rows, fields, alive, out);
        }
    }

    fn common(&self, name: &str) -> &Value {
        self.commons.iter().find(|it| it["name"] == name).map_or(&Value::Null, |it| &it["fields"])
    }
}

fn nested(kind: &Kind) -> Option<&'static Struct> {
    match kind {
        Kind::Struct(rows) => Some(rows),
        Kind::Array(of) => nested(of),
        Kind::Primitive(_) => None,
    }
}

fn type_name(kind: &Kind) -> String {
    match kind {
        Kind::Primitive(name) => (*name).to_owned(),
        Kind::Array(of) => format!("[]{}", type_name(of)),
        Kind::Struct(rows) => rows.name.to_owned(),
    }
}

fn shown(versions: Versions) -> String {
    if versions.is_empty() { "none".into() } else { versions.to_string() }
}

/// Apache's `4+`, `8-10`, `3` or `none`.
fn versions(text: &Value) -> Versions {
    let text = text.as_str().unwrap_or("none");
    let number = |text: &str| text.parse::<i16>().expect("a version");
    match (text, text.strip_suffix('+'), text.split_once('-')) {
        ("none", ..) => Versions::NONE,
        (_, Some(from), _) => Versions { from: number(from), to: i16::MAX },
        (_, _, Some((from, to))) => Versions { from: number(from), to: number(to) },
        _ => Versions { from: number(text), to: number(text) },
    }
}

fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (at, &c) in chars.iter().enumerate() {
        let before = at.checked_sub(1).map(|at| chars[at]);
        let after = chars.get(at + 1);
        let begins = before.is_some_and(|b| b.is_lowercase() || b.is_numeric())
            || (before.is_some_and(char::is_uppercase) && after.is_some_and(|a| a.is_lowercase()));
        if c.is_uppercase() && begins {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}
