//! Our rows against Apache's: name, type, versions, nullability, tag and ignorable of every field.

#![allow(clippy::panic)] // a broken vector should say which one

mod golden;

use std::collections::BTreeMap;

use serde_json::Value;
use upsert_kafka_protocol::Versions;
use upsert_kafka_protocol::schema::Schema;
use upsert_kafka_protocol::wire::{Field, Kind, Struct};

#[test]
fn every_row_is_that_of_kafka_4_4() {
    let theirs = schemas("schema.jsonl.gz");
    let (mut differences, mut rows, mut messages) = (Vec::new(), 0, 0);
    for ours in Schema::all() {
        let name = ours.name();
        let Some(schema) = theirs.get(name) else {
            differences.push(format!("SURPLUS {name}"));
            continue;
        };
        let valid = versions(&schema["validVersions"]);
        if ours.versions.from > valid.from || ours.versions.to != valid.to {
            differences.push(format!("DIFFERENT {name}: versions {}, Apache's {valid}", ours.versions));
        }
        let flexible = (ours.flexible.and(valid), versions(&schema["flexibleVersions"]).and(valid));
        if flexible.0 != flexible.1 {
            differences.push(format!("DIFFERENT {name}: flexible {}, Apache's {}", flexible.0, flexible.1));
        }
        let key = schema["apiKey"].as_i64().unwrap_or(-1);
        if i64::from(ours.key) != key {
            differences.push(format!("DIFFERENT {name}: key {}, Apache's {key}", ours.key));
        }
        rows += Scope::of(schema, name, true).compare(ours.rows, &schema["fields"], valid, &mut differences);
        messages += 1;
    }
    let ours: Vec<_> = Schema::all().map(Schema::name).collect();
    for (name, schema) in &theirs {
        if !ours.contains(&name.as_str()) && schema["validVersions"] != "none" {
            differences.push(format!("MISSING {name}"));
        }
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
    println!("{rows} rows of {messages} messages agree");
    assert!(rows > 1600 && messages == 2 * 91 + 2 + 94, "{rows} rows of {messages} messages");
}

/// The versions below those of Kafka 4.4, as Kafka 3.9 had them; what was ignorable has changed since.
#[test]
fn every_row_of_a_removed_version_is_that_of_kafka_3_9() {
    let older = schemas("schema_3_9.jsonl.gz");
    let newer = schemas("schema.jsonl.gz");
    let (mut differences, mut messages) = (Vec::new(), 0);
    for (name, schema) in &older {
        let Some(ours) = Schema::named(name) else { continue };
        let removed = Versions {
            from: versions(&schema["validVersions"]).from,
            to: versions(&newer[name]["validVersions"]).from - 1,
        };
        if removed.is_empty() {
            continue;
        }
        if ours.versions.from != removed.from {
            differences.push(format!("MISSING {name}: versions {removed}"));
        }
        Scope::of(schema, name, false).compare(ours.rows, &schema["fields"], removed, &mut differences);
        messages += 1;
    }
    assert!(differences.is_empty(), "{} differences:\n{}", differences.len(), differences.join("\n"));
    assert_eq!(messages, 2 * 24);
}

/// No bytes can make a reader nest deeply, and every element takes a byte: so what an array claims is bounded by
/// what is there.
#[test]
fn structs_nest_a_little_and_no_element_is_empty() {
    for schema in Schema::all() {
        let depth = depth(&Kind::Struct(schema.rows));
        assert!(depth <= 10, "{} nests {depth} deep", schema.name());
        for version in schema.versions.from..=schema.versions.to {
            if !schema.is_flexible(version) {
                assert_elements_take_bytes(schema.name(), schema.rows, version);
            }
        }
    }
}

fn depth(kind: &Kind) -> usize {
    match kind {
        Kind::Primitive(_) => 0,
        Kind::Array(of) => 1 + depth(of),
        Kind::Struct(rows) => 1 + rows.fields.iter().map(|it| depth(&it.kind)).max().unwrap_or(0),
    }
}

/// A flexible struct ends with the count of its tags at the least.
fn assert_elements_take_bytes(name: &str, rows: &Struct, version: i16) {
    for field in rows.fields.iter().filter(|it| it.versions.contains(version)) {
        let Some(inner) = nested(&field.kind) else { continue };
        let filled = inner.fields.iter().any(|it| it.tag.is_none() && it.versions.contains(version));
        assert!(filled, "{name} {version}: an element of {} takes no byte", field.name);
        assert_elements_take_bytes(name, inner, version);
    }
}

fn schemas(file: &str) -> BTreeMap<String, Value> {
    let name = |schema: &Value| schema["name"].as_str().unwrap_or_default().to_owned();
    golden::lines(file).into_iter().map(|schema| (name(&schema), schema)).collect()
}

struct Scope<'a> {
    commons: &'a [Value],
    path: String,
    /// Whether upper bounds and what is ignorable are compared.
    current: bool,
}

impl<'a> Scope<'a> {
    fn of(schema: &'a Value, name: &str, current: bool) -> Self {
        let commons = schema["commonStructs"].as_array().map(Vec::as_slice).unwrap_or_default();
        Self { commons, path: name.to_owned(), current }
    }

    fn compare(&self, ours: &Struct, theirs: &Value, around: Versions, out: &mut Vec<String>) -> usize {
        let alive = |versions: Versions| !versions.and(around).is_empty();
        let theirs: Vec<_> = theirs
            .as_array()
            .map(Vec::as_slice)
            .unwrap_or_default()
            .iter()
            .filter(|it| alive(their_versions(it)))
            .collect();
        let ours: Vec<_> = ours.fields.iter().filter(|it| alive(it.versions)).collect();
        let deeper: usize =
            ours.iter().zip(&theirs).map(|(ours, theirs)| self.row(ours, theirs, around, out)).sum();
        for missing in theirs.iter().skip(ours.len()) {
            out.push(format!("MISSING {}.{}", self.path, missing["name"]));
        }
        for surplus in ours.iter().skip(theirs.len()) {
            out.push(format!("SURPLUS {}.{}", self.path, surplus.name));
        }
        theirs.len() + deeper
    }

    fn row(&self, ours: &Field, theirs: &Value, around: Versions, out: &mut Vec<String>) -> usize {
        let alive = their_versions(theirs).and(around);
        let name = snake(theirs["name"].as_str().unwrap_or_default());
        let path = format!("{}.{name}", self.path);
        let tag =
            theirs["tag"].as_u64().map(|tag| tag as u32).filter(|_| theirs.get("taggedVersions").is_some());
        let nullable = shown(versions(&theirs["nullableVersions"]).and(alive));
        let ignorable = if self.current { theirs["ignorable"] == true } else { ours.ignorable };
        let their_type = theirs["type"].as_str().unwrap_or_default().replace("records", "bytes");
        let facts = [
            ("name", ours.name.to_owned(), name),
            ("versions", ours.versions.and(around).to_string(), alive.to_string()),
            ("nullable", shown(ours.nullable.and(alive)), nullable),
            ("tag", format!("{:?}", ours.tag), format!("{tag:?}")),
            ("ignorable", ours.ignorable.to_string(), ignorable.to_string()),
            ("type", unprefixed(&ours.kind.to_string(), &their_type), their_type),
        ];
        for (what, ours, theirs) in facts {
            if ours != theirs {
                out.push(format!("DIFFERENT {path}: {what} {ours}, Apache's {theirs}"));
            }
        }
        nested(&ours.kind).map_or(0, |rows| {
            let common = theirs["type"].as_str().unwrap_or_default().trim_start_matches("[]");
            let fields = theirs.get("fields").unwrap_or_else(|| self.common(common));
            Scope { path, ..*self }.compare(rows, fields, alive, out)
        })
    }

    fn common(&self, name: &str) -> &Value {
        self.commons.iter().find(|it| it["name"] == name).map_or(&Value::Null, |it| &it["fields"])
    }
}

/// Where request and response share a name for different structs, ours has its side before it.
fn unprefixed(ours: &str, theirs: &str) -> String {
    ["Request", "Response"]
        .map(|side| ours.replacen(side, "", 1))
        .into_iter()
        .find(|it| it == theirs)
        .unwrap_or_else(|| ours.to_owned())
}

fn their_versions(field: &Value) -> Versions {
    versions(field.get("versions").unwrap_or(&field["taggedVersions"]))
}

fn nested(kind: &Kind) -> Option<&'static Struct> {
    match kind {
        Kind::Struct(rows) => Some(rows),
        Kind::Array(of) => nested(of),
        Kind::Primitive(_) => None,
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
