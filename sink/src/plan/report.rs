//! What a table came to, for `explain`.

use crate::options::{Options, PROPERTIES, Space, shown};

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

/// Where a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origin {
    /// The table's WITH.
    Table,
    /// The caller, who overrides the table.
    Caller,
    /// Nobody: the option's default.
    Default,
}

/// The options of one space, in the order of its rows.
pub(super) fn options(space: &Space, given: &Options) -> Vec<OptionReport> {
    let rows = space.specs.iter().filter(|spec| !spec.key.starts_with(PROPERTIES));
    let reports = rows.filter_map(|spec| {
        let key = format!("{}{}", space.prefix, spec.key);
        let default = || spec.default.map(|value| (value, Origin::Default));
        let (value, origin) = of(given, &key).or_else(default)?;
        Some(OptionReport { value: shown(&key, value).to_owned(), key, origin })
    });
    reports.collect()
}

/// `properties.*`
pub(super) fn properties(given: &Options) -> Vec<OptionReport> {
    let mut reports = Vec::new();
    for key in given.keys().filter(|key| key.starts_with(PROPERTIES)) {
        let Some((value, origin)) = of(given, key) else { continue };
        reports.push(OptionReport { key: key.clone(), value: shown(key, value).to_owned(), origin });
    }
    reports
}

fn of<'a>(given: &'a Options, key: &str) -> Option<(&'a str, Origin)> {
    let given = given.get(key)?;
    Some((&given.value, if given.at.is_some() { Origin::Table } else { Origin::Caller }))
}

/// Whether a default says nothing about a table in this role.
pub(super) fn is_idle(option: &OptionReport, role: &str) -> bool {
    let others: &[&str] = if role == "source" {
        &["sink.", "json.encode."]
    } else {
        &["scan.", "json.decode.", "json.ignore-parse-errors", "json.fail-on-missing-field"]
    };
    option.origin == Origin::Default
        && others
            .iter()
            .any(|it| option.key.starts_with(it) || it.starts_with("json") && option.key.contains(it))
}
