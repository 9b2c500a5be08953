//! The checks of one table: what it came to, and what is wrong with it, in the order of the rules.

use super::format::Format;
use super::notice::Notice;
use super::report::{OptionReport, TableReport};
use super::table::Table;
use crate::error::{Finding, Position, Rule};
use crate::option::{OptionSet, OptionValue};
use crate::options::{Connector, Options, Origin, PROPERTIES, Space, properties, unknown};

/// Collects the findings and notices of one table in one role.
pub(super) struct Check<'a> {
    pub(super) table: &'a Table,
    pub(super) findings: Vec<Finding>,
    pub(super) notices: Vec<Notice>,
    /// What the connector's options came to.
    pub(super) options: OptionSet,
    connector: &'static Connector,
    report: Vec<OptionReport>,
    /// What unknown keys and ill-typed values came to; they are told after the formats.
    keys: Vec<Finding>,
}

impl<'a> Check<'a> {
    /// Reads the connector's options. `required` are those of them that this role needs besides.
    pub(super) fn new(table: &'a Table, connector: &'static Connector) -> Self {
        let mut keys = Vec::new();
        let space = Space::connector(connector);
        let options = space.parse(&table.options, &mut keys);
        let report = super::report::options(&space, &table.options);
        Self { table, findings: Vec::new(), notices: Vec::new(), options, connector, report, keys }
    }

    pub(super) fn given(&self, key: &str) -> Option<&'a str> {
        self.table.options.get(key).map(|given| given.value.as_str())
    }

    /// A finding about an option, placed where it stands.
    pub(super) fn refuse(&mut self, rule: Rule, key: &str, text: impl Into<String>) {
        let at = self.place(key);
        self.findings.push(Finding::new(rule, text).at(at));
    }

    /// Flink can, we cannot yet.
    pub(super) fn not_yet(&mut self, feature: &'static str, key: &str, text: impl Into<String>) {
        self.refuse(Rule::NotYet(feature), key, format!("{} is not supported yet", text.into()));
    }

    pub(super) fn notice(&mut self, text: impl Into<String>) {
        self.notices.push(Notice { table: Some(self.table.name.clone()), text: text.into() });
    }

    pub(super) fn choice(&self, key: &str) -> &'static str {
        match self.options.find(key) {
            Some(OptionValue::Choice(choice)) => choice,
            // Without a value there is a finding already.
            _ => "",
        }
    }

    pub(super) fn int(&self, key: &str) -> Option<i32> {
        match self.options.find(key) {
            Some(OptionValue::Int(number)) => Some(*number),
            _ => None,
        }
    }

    pub(super) fn list(&self, key: &str) -> &[String] {
        match self.options.find(key) {
            Some(OptionValue::List(items)) => items,
            _ => &[],
        }
    }

    /// V-MISSING of formats is told with the formats, that of other keys with the keys.
    pub(super) fn missing_formats(&mut self) {
        if self.missing().iter().any(|key| key.ends_with("format")) {
            self.tell_missing();
        }
    }

    /// V-UNSUP, V-MISSING, V-VALUE.
    pub(super) fn keys(&mut self, formats: [Option<&Format>; 2]) {
        let mut spaces = vec![Space::connector(self.connector)];
        spaces.extend(formats.iter().flatten().map(|format| format.space()));
        for space in &spaces[1..] {
            self.report.extend(super::report::options(space, &self.table.options));
        }
        unknown(&self.table.options, self.connector, &spaces, &mut self.findings);
        if !self.missing().iter().any(|key| key.ends_with("format")) {
            self.tell_missing();
        }
        self.findings.append(&mut self.keys);
        for format in formats.iter().flatten() {
            self.findings.extend(format.findings.iter().cloned());
        }
    }

    fn missing(&self) -> Vec<&'static str> {
        let required = self.connector.required.iter().copied();
        required.filter(|key| !self.table.options.contains_key(*key)).collect()
    }

    fn tell_missing(&mut self) {
        let missing = self.missing();
        if !missing.is_empty() {
            let keys = crate::options::quoted(missing);
            let text = format!("missing {keys}: '{}' cannot do without", self.connector.name);
            self.refuse(Rule::MissingOption, "", text);
        }
    }

    /// V-PAR
    pub(super) fn parallelism(&mut self, key: &str) -> Option<u32> {
        let given = self.int(key)?;
        let tasks = u32::try_from(given).ok().filter(|tasks| *tasks > 0);
        if tasks.is_none() {
            self.refuse(Rule::Parallelism, key, format!("'{key}' = {given} must be at least 1"));
        }
        tasks
    }

    /// The report of the table, and its findings with its name.
    pub(super) fn finish(
        mut self,
        role: &'static str,
        lines: Vec<String>,
    ) -> (TableReport, Vec<Finding>, Vec<Notice>) {
        self.report.extend(super::report::properties(&self.table.options));
        self.report.retain(|option| !super::report::is_idle(option, role));
        let table = &self.table.name;
        let at = self.table.at;
        let findings = self.findings.into_iter().map(|it| it.of(table).at(at)).collect();
        let report = TableReport {
            name: table.clone(),
            role,
            connector: self.connector.name,
            lines,
            options: self.report,
        };
        (report, findings, self.notices)
    }

    /// `properties.*` as they go to the client: what Flink keeps for itself is taken out.
    pub(super) fn properties(&mut self) -> Vec<(String, String)> {
        for (key, reason) in IGNORED {
            let given = self.table.options.get(&format!("{PROPERTIES}{key}"));
            // Of what the caller says for all tables nothing is repeated for each.
            if given.is_some_and(|given| given.origin != Origin::Properties) {
                self.notice(format!("'{PROPERTIES}{key}' is ignored: {reason}"));
            }
        }
        client_properties(&self.table.options)
    }

    fn place(&self, key: &str) -> Option<Position> {
        place(&self.table.options, key)
    }
}

/// `properties.*` without the prefix, and without those that Flink keeps for itself.
pub(super) fn client_properties(options: &Options) -> Vec<(String, String)> {
    let is_flinks = |name: &str| FLINKS.contains(&name) || IGNORED.iter().any(|(key, _)| *key == name);
    let is_ours = |name: &str| !is_flinks(name) && !name.starts_with(DLIS);
    properties(options).into_iter().filter(|(name, _)| is_ours(name)).collect()
}

fn place(options: &Options, key: &str) -> Option<Position> {
    options.get(key).and_then(|given| given.at)
}

/// Keys that have an effect in Flink but none here, and why.
const IGNORED: [(&str, &str); 7] = [
    ("key.serializer", "the key is bytes already, made by 'key.format'"),
    ("value.serializer", "the value is bytes already, made by 'value.format'"),
    ("key.deserializer", "the key stays bytes until its format reads it"),
    ("value.deserializer", "the value stays bytes until its format reads it"),
    ("enable.auto.commit", "the job commits, once what it read is written"),
    ("auto.commit.interval.ms", "the job commits, every 'execution.checkpointing.interval'"),
    ("commit.offsets.on.checkpoint", "offsets are committed whenever there is a group"),
];

/// How keys begin that DLI's service reads and no Kafka client knows.
const DLIS: &str = "connector.";

/// Keys of Flink's own connector that no Kafka client knows.
const FLINKS: [&str; 6] = [
    "client.id.prefix",
    "flink.partition-discovery.interval-millis",
    "partition.discovery.interval.ms",
    "register.consumer.metrics",
    "register.producer.metrics",
    "flink.disable-metrics",
];
