//! Every WITH key of a table: which there are, what was given, what it comes to.

mod connectors;
mod given;
pub(crate) mod legacy;
mod nearest;
mod offsets;
mod secret;
pub(crate) mod settings;
mod value;

use upsert_kafka_client::Secret;

pub(crate) use self::connectors::{
    BLACKHOLE, DATAGEN, FIELD_OPTIONS, FILESYSTEM, KAFKA, PRINT, PROPERTIES, UPSERT_KAFKA,
};
pub use self::connectors::{CONNECTORS, Connector};
pub use self::given::Origin;
pub(crate) use self::given::{Given, Options};
pub(crate) use self::nearest::nearest;
pub(crate) use self::offsets::offsets;
pub(crate) use self::secret::{HIDDEN, is_harmless, known_keys, looks_secret, shown};
pub use self::value::parse_duration;
pub(crate) use self::value::{expectation, parse};
use crate::error::{Finding, Rule};
use crate::format::FormatSpec;
use crate::option::{OptionKind, OptionSet, OptionSpec, OptionValue};

/// Options in an outer table's key space: a connector's own, or those of a format behind its prefix.
pub(crate) struct Space {
    /// `value.json.`, or nothing.
    pub(crate) prefix: String,
    pub(crate) specs: &'static [OptionSpec],
    /// A format that we do not have yet: its options are not known, so none of them is wrong.
    pub(crate) is_open: bool,
}

impl Space {
    /// The options of a connector.
    pub(crate) fn connector(connector: &Connector) -> Self {
        Self { prefix: String::new(), specs: connector.options, is_open: false }
    }

    /// The options of a format, each behind `prefix` and the format's name.
    pub(crate) fn format(prefix: &str, format: &FormatSpec) -> Self {
        let is_open = format.decoding.is_none() && format.encoding.is_none();
        Self { prefix: format!("{prefix}{}.", format.name), specs: format.options, is_open }
    }

    fn knows(&self, key: &str) -> bool {
        let own = key.strip_prefix(self.prefix.as_str());
        let is_of = |spec: &OptionSpec, key: &str| spec.key == key || member(spec, key).is_some();
        own.is_some_and(|key| self.is_open || self.specs.iter().any(|spec| is_of(spec, key)))
    }

    fn keys(&self) -> impl Iterator<Item = String> {
        self.specs.iter().map(|spec| format!("{}{}", self.prefix, spec.key))
    }

    /// The values given and the defaults of the rest; what does not parse is left out and found.
    pub(crate) fn parse(&self, options: &Options, findings: &mut Vec<Finding>) -> OptionSet {
        let mut set = OptionSet::default();
        for spec in self.specs {
            let key = format!("{}{}", self.prefix, spec.key);
            let given = options.get(&key);
            let text = given.map(|given| given.value.as_str()).or(spec.default);
            let members = self.members(spec, options);
            let text = if members.is_empty() { text } else { text.or(Some("")) };
            let Some(text) = text else { continue };
            match parse(spec.kind, text) {
                Some(OptionValue::Map(mut pairs)) => {
                    pairs.extend(members);
                    set.insert(spec.key, OptionValue::Map(pairs));
                }
                Some(value) => set.insert(spec.key, value),
                None => {
                    let shown = given.map_or(text, |given| given.shown(&key));
                    let text = format!("'{key}' = '{shown}' is not {}", expectation(spec.kind));
                    findings.push(Finding::new(Rule::Value, text).at(given.and_then(|it| it.at)));
                }
            }
        }
        set
    }

    /// The pairs of a map that are options of their own.
    fn members(&self, spec: &OptionSpec, options: &Options) -> Vec<(String, Secret)> {
        let own = |key: &str| member(spec, key.strip_prefix(self.prefix.as_str())?).map(str::to_owned);
        let pairs = options.iter().filter_map(|(key, given)| Some((own(key)?, given.value.as_str().into())));
        pairs.collect()
    }
}

/// The key of a map's pair, where a key is that of one: `a` of `properties.a`.
fn member<'a>(spec: &OptionSpec, key: &'a str) -> Option<&'a str> {
    let rest = key.strip_prefix(spec.key)?.strip_prefix('.')?;
    (spec.kind == OptionKind::Map && !rest.is_empty()).then_some(rest)
}

/// V-UNSUP: each key that none of the spaces knows.
pub(crate) fn unknown(
    options: &Options,
    connector: &Connector,
    spaces: &[Space],
    findings: &mut Vec<Finding>,
) {
    let known: Vec<String> = spaces.iter().flat_map(Space::keys).chain(["connector".to_owned()]).collect();
    let mut listed = false;
    for (key, given) in options {
        let free = ANY_VALUE.contains(&key.as_str())
            || key.starts_with(PROPERTIES)
            // The table's columns are among the keys, so whoever knows them looks.
            || key.starts_with("fields.") && connector.name == DATAGEN.name
            // It is told with the credentials what is wrong with it.
            || key == PASSWORD_AUTH && connector.name.ends_with(KAFKA.name)
            || spaces.iter().any(|space| space.knows(key));
        if free {
            continue;
        }
        if let Some(why) = absent(connector, key) {
            let text = format!("unknown option '{key}': {why}");
            findings.push(Finding::new(Rule::UnknownOption, text).at(given.at));
            continue;
        }
        let hint = nearest(key, known.iter().map(String::as_str));
        let hint = hint.map_or(String::new(), |hint| format!("; did you mean '{hint}'?"));
        let mut own: Vec<&str> =
            connector.options.iter().map(|spec| spec.key).chain([PROPERTIES_ANY]).collect();
        own.sort_unstable();
        let separator = if hint.is_empty() { ";" } else { "" };
        let text = match listed {
            false => format!(
                "unknown option '{key}'{hint}{separator} '{}' knows: {}",
                connector.name,
                own.join(", ")
            ),
            true => format!("unknown option '{key}'{hint}"),
        };
        listed = true;
        findings.push(Finding::new(Rule::UnknownOption, text).at(given.at));
    }
}

/// Why there is no such option, where people look for one.
fn absent(connector: &Connector, key: &str) -> Option<String> {
    let is_meant = |row: &str| if row.ends_with('.') { key.starts_with(row) } else { key == row };
    let row = ABSENT.iter().find(|(name, row, _)| *name == connector.name && is_meant(row));
    match row {
        Some((.., why)) => Some((*why).to_owned()),
        None => legacy::renamed(key)
            .map(|today| format!("it is of Flink 1.10, whose options are no more; {today}")),
    }
}

/// A connector, a key or how keys begin, and why the connector has none.
const ABSENT: &[(&str, &str, &str)] = &[
    (
        "upsert-kafka",
        "scan.startup.",
        "an upsert-kafka table is read from its beginning, since any record may be the last of its key; \
         'connector' = 'kafka' begins where it is told",
    ),
    (
        "upsert-kafka",
        "sink.partitioner",
        "a row's partition follows from its key, so that all changes of a key stay in order",
    ),
    ("upsert-kafka", "key.fields", "the key is the table's PRIMARY KEY"),
    ("upsert-kafka", "sink.semantic", "write 'sink.delivery-guarantee'"),
    (
        "upsert-kafka",
        "format",
        "key and value have a format each: write 'key.format' and 'value.format'; an option of a format has one \
         of them in front, such as 'value.json.ignore-parse-errors'",
    ),
];

/// Keys that every table may have, whatever they say.
const ANY_VALUE: [&str; 2] = ["connector", "property-version"];

/// DLI's option of database tables.
pub(crate) const PASSWORD_AUTH: &str = "pwd_auth_name";

const PROPERTIES_ANY: &str = "properties.*";

/// `properties.*`, without the prefix.
pub(crate) fn properties(options: &Options) -> Vec<(String, String)> {
    let pairs = options
        .iter()
        .filter_map(|(key, given)| Some((key.strip_prefix(PROPERTIES)?.to_owned(), given.value.clone())));
    pairs.collect()
}

/// `'a', 'b'`
pub(crate) fn quoted<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    let quoted: Vec<String> = names.into_iter().map(|name| format!("'{}'", name.as_ref())).collect();
    quoted.join(", ")
}

#[cfg(test)]
mod tests;
