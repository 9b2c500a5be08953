//! The spelling of Flink 1.10, `'connector.type' = 'kafka'`, and what is written today.

use super::connectors::PROPERTIES;
use super::given::{Given, Options};

/// A WITH clause of 1.10 in today's words.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rewritten {
    /// In the order to write them.
    pub(crate) options: Vec<(String, Given)>,
    /// What is lost on the way, a sentence each.
    pub(crate) lost: Vec<String>,
}

/// Whether a table is written as Flink 1.10 wanted it.
pub(crate) fn is_legacy(options: &Options) -> bool {
    !options.contains_key("connector") && options.contains_key(TYPE)
}

const TYPE: &str = "connector.type";
const FORMAT: &str = "format.type";

/// Options of 1.10 with another name today; an empty one is no more.
const RENAMED: &[(&str, &str)] = &[
    (TYPE, "connector"),
    ("connector.topic", "topic"),
    ("connector.topic-pattern", "topic-pattern"),
    ("connector.startup-mode", "scan.startup.mode"),
    ("connector.specific-offsets", "scan.startup.specific-offsets"),
    ("connector.startup-timestamp-millis", "scan.startup.timestamp-millis"),
    ("connector.sink-partitioner", "sink.partitioner"),
    ("connector.sink-partitioner-class", "sink.partitioner"),
    (FORMAT, "format"),
    ("connector.version", ""),
    ("connector.property-version", ""),
    ("connector.sink.ignore-retraction", ""),
    ("format.derive-schema", ""),
    ("format.json-schema", ""),
    ("format.property-version", ""),
    ("format.schema", ""),
    ("update-mode", ""),
];

/// Today's name of an option of 1.10, for a sentence about it alone.
pub(crate) fn renamed(key: &str) -> Option<String> {
    let (_, today) = RENAMED.iter().find(|(old, _)| *old == key)?;
    Some(match *today {
        "" => "it is no more, and can be left out".to_owned(),
        today => format!("today it is '{today}'"),
    })
}

/// Whether such a table runs once it is rewritten: a plain one. An upsert table of 1.10 took deletes otherwise than
/// today's, so its user must see what becomes of it.
pub(crate) fn runs(options: &Options) -> bool {
    is_legacy(options) && options.get(TYPE).is_some_and(|given| given.value == "kafka")
}

/// The whole clause.
pub(crate) fn rewritten(options: &Options) -> Rewritten {
    let value = |key: &str| options.get(key).map(|given| given.value.as_str());
    let is_upsert = value(TYPE) == Some("upsert-kafka");
    let format = value(FORMAT).unwrap_or("json");
    let mut out = Rewritten { options: Vec::new(), lost: Vec::new() };
    for (old, today) in RENAMED {
        let Some(given) = options.get(*old) else { continue };
        match *today {
            "" => {}
            "format" if is_upsert => {
                for key in ["key.format", "value.format"] {
                    out.options.push((key.to_owned(), given.clone()));
                }
            }
            "sink.partitioner" if is_upsert => {
                out.lost.push(format!("'{old}': an upsert table keeps one key on one partition"));
            }
            today => out.options.push((today.to_owned(), given.clone())),
        }
    }
    if value("connector.sink.ignore-retraction").is_some_and(|it| it.eq_ignore_ascii_case("true")) {
        out.lost.push(
            "'connector.sink.ignore-retraction' = 'true' drops deletes, which is no more: filter them in the query, \
             or let readers skip null values"
                .to_owned(),
        );
    }
    for (key, given) in options {
        let is_renamed = RENAMED.iter().any(|(old, _)| old == key);
        let today = match (key.strip_prefix("connector.properties."), key.strip_prefix("format.")) {
            (Some(DISCOVERY), _) => "scan.topic-partition-discovery.interval".to_owned(),
            (Some(property), _) => format!("{PROPERTIES}{property}"),
            (_, Some(own)) if is_upsert => format!("value.{format}.{own}"),
            (_, Some(own)) => format!("{format}.{own}"),
            // A word of today, or one that nobody knows: the check of the table says so.
            _ => key.clone(),
        };
        if !is_renamed && indexed(key).is_none() {
            out.options.push((today, given.clone()));
        }
    }
    // `'connector.properties.0.key' = 'group.id', 'connector.properties.0.value' = 'g'`
    for (index, name) in options.keys().filter_map(|key| indexed(key)).filter(|(_, part)| *part == "key") {
        let named = |part: &str| options.get(&format!("connector.properties.{index}.{part}"));
        if let (Some(property), Some(given)) = (named(name), named("value")) {
            out.options.push((format!("{PROPERTIES}{}", property.value), given.clone()));
        }
    }
    out
}

/// The number and the part of `connector.properties.0.key`.
fn indexed(key: &str) -> Option<(&str, &str)> {
    let (index, part) = key.strip_prefix("connector.properties.")?.split_once('.')?;
    let is_number = !index.is_empty() && index.bytes().all(|byte| byte.is_ascii_digit());
    (is_number && ["key", "value"].contains(&part)).then_some((index, part))
}

/// In milliseconds in both spellings.
const DISCOVERY: &str = "flink.partition-discovery.interval-millis";

/// `'connector' = 'kafka', 'topic' = 't'`, without secrets.
pub(crate) fn clause(options: &[(String, Given)]) -> String {
    let pairs: Vec<String> =
        options.iter().map(|(key, given)| format!("'{key}' = '{}'", given.shown(key))).collect();
    pairs.join(", ")
}
