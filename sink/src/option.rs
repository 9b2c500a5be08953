//! One option of a table, said once: parser, `explain`, help and README are made from these rows.

use std::collections::BTreeMap;
use std::time::Duration;

use upsert_kafka_client::Secret;

/// A row of an options table.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct OptionSpec {
    /// As it stands in WITH, without a format's prefix.
    pub key: &'static str,
    /// What its value is.
    pub kind: OptionKind,
    /// The value when it is absent, in the same text form.
    pub default: Option<&'static str>,
    /// The first release of Flink or its connector that knows it.
    pub since: &'static str,
    /// One sentence for people.
    pub about: &'static str,
}

/// What an option's text may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum OptionKind {
    /// Any text.
    String,
    /// Items between semicolons.
    List,
    /// A whole number of 32 bits.
    Int,
    /// A whole number of 64 bits.
    Long,
    /// `true` or `false`.
    Bool,
    /// `2 s`; a bare number counts milliseconds.
    Duration,
    /// `64 mb`; a bare number counts bytes.
    Memory,
    /// One of these, in any case.
    Choice(&'static [&'static str]),
    /// One of these, exactly as written.
    Exact(&'static [&'static str]),
    /// Any text, which nothing shows.
    Secret,
    /// `key:value,key:value`; or each pair as an option of its own, the key behind this one's and a dot.
    Map,
}

/// A value, parsed once.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum OptionValue {
    /// [`OptionKind::String`]
    String(String),
    /// [`OptionKind::List`]
    List(Vec<String>),
    /// [`OptionKind::Int`]
    Int(i32),
    /// [`OptionKind::Long`]
    Long(i64),
    /// [`OptionKind::Bool`]
    Bool(bool),
    /// [`OptionKind::Duration`]
    Duration(Duration),
    /// [`OptionKind::Memory`], in bytes.
    Memory(u64),
    /// [`OptionKind::Choice`] and [`OptionKind::Exact`]: the spelling of the table's row.
    Choice(&'static str),
    /// [`OptionKind::Secret`]
    Secret(Secret),
    /// [`OptionKind::Map`]; any of its values may be a secret.
    Map(Vec<(String, Secret)>),
}

/// The options of one connector or format after parsing: those given, and the defaults of the rest.
#[derive(Clone, Debug, Default)]
pub struct OptionSet {
    values: BTreeMap<&'static str, OptionValue>,
}

impl OptionSet {
    /// Puts a parsed value under its row's key.
    pub fn insert(&mut self, key: &'static str, value: OptionValue) {
        self.values.insert(key, value);
    }

    /// The value under a key of the table, if it was given or has a default.
    pub fn find(&self, key: &str) -> Option<&OptionValue> {
        self.values.get(key)
    }

    /// Whether a BOOLEAN option is true; false when absent.
    pub fn is_true(&self, key: &str) -> bool {
        matches!(self.find(key), Some(OptionValue::Bool(true)))
    }

    /// A secret, if set.
    pub fn secret(&self, key: &str) -> Option<&Secret> {
        match self.find(key) {
            Some(OptionValue::Secret(secret)) => Some(secret),
            _ => None,
        }
    }

    /// The pairs of a map; none when absent.
    pub fn pairs(&self, key: &str) -> &[(String, Secret)] {
        match self.find(key) {
            Some(OptionValue::Map(pairs)) => pairs,
            _ => &[],
        }
    }

    /// A text, if set.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.find(key) {
            Some(OptionValue::String(text)) => Some(text),
            Some(OptionValue::Choice(text)) => Some(text),
            _ => None,
        }
    }
}
