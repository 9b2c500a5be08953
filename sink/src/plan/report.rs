//! What a table came to, for `explain`.

use crate::options::{Given, Options, Origin, PROPERTIES, Space};

/// One table in one role.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableReport {
    /// Its name.
    pub name: String,
    /// `source` or `sink`
    pub role: &'static str,
    /// `connector`
    pub connector: &'static str,
    /// What it reads or writes, a sentence each.
    pub lines: Vec<String>,
    /// Every option that was given or has a default.
    pub options: Vec<OptionReport>,
}

/// One option of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OptionReport {
    /// As in WITH.
    pub key: String,
    /// Its text, or `***`: it is shown if its key is known and holds no secret.
    pub value: String,
    /// Who said so.
    pub origin: Origin,
}

/// The options of one space, in the order of its rows.
pub(super) fn options(space: &Space, given: &Options) -> Vec<OptionReport> {
    let rows = space.specs.iter().filter(|spec| !spec.key.starts_with(PROPERTIES));
    let reports = rows.filter_map(|spec| {
        let key = format!("{}{}", space.prefix, spec.key);
        if let Some(given) = given.get(&key) {
            return Some(of(key, given));
        }
        let (value, origin) = (spec.default?.to_owned(), Origin::Default);
        Some(OptionReport { key, value, origin })
    });
    reports.collect()
}

/// `properties.*`
pub(super) fn properties(given: &Options) -> Vec<OptionReport> {
    let of_client = given.iter().filter(|(key, _)| key.starts_with(PROPERTIES));
    of_client.map(|(key, given)| of(key.clone(), given)).collect()
}

fn of(key: String, given: &Given) -> OptionReport {
    OptionReport { value: given.shown(&key).to_owned(), key, origin: given.origin.clone() }
}

/// Whether a default says nothing about a table in this role.
pub(super) fn is_idle(option: &OptionReport, role: &str) -> bool {
    let others: &[&str] = if role == "source" {
        &["sink.", "json.encode."]
    } else {
        &[
            "scan.",
            "error-handling.",
            "json.decode.",
            "json.ignore-parse-errors",
            "json.fail-on-missing-field",
        ]
    };
    option.origin == Origin::Default
        && others
            .iter()
            .any(|it| option.key.starts_with(it) || it.starts_with("json") && option.key.contains(it))
}
