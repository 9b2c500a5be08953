//! What the statements of a job came to so far.

use std::collections::HashSet;
use std::sync::Arc;

use upsert_kafka_client::Role;

use super::catalog::{Catalog, Entry};
use super::credentials::{self, Resolved};
use super::expression_budget::ExpressionBudget;
use super::notice::Notice;
use super::pipeline::{SinkPlan, SourcePlan};
use super::plan_options::PlanOptions;
use super::properties::Properties;
use super::readers::Readers;
use super::report::TableReport;
use super::table::Table;
use super::{kafka, local, print, upsert};
use crate::error::{Finding, Position, Rule};
use crate::settings::Settings;
use crate::sql::TableName;
use crate::sql::limits::{INSERTS_MAX, JOB_COLUMNS_MAX};

/// What statements of a session leave to those that come later.
#[derive(Clone, Debug, Default)]
pub(super) struct Ground {
    pub(super) settings: Settings,
    pub(super) catalog: Catalog,
    pub(super) overrides_met: HashSet<usize>,
    pub(super) topics: Vec<(String, Option<Position>)>,
}

/// What has been read of a job so far.
pub(super) struct JobDraft<'a> {
    pub(super) caller: &'a PlanOptions,
    pub(super) settings: Settings,
    /// What RESET goes back to.
    pub(super) initial: Settings,
    pub(super) catalog: Catalog,
    /// The caller's overrides that meant a table.
    pub(super) overrides_met: HashSet<usize>,
    /// Where each table's topic stands, for findings about pipelines.
    pub(super) topics: Vec<(String, Option<Position>)>,
    pub(super) properties: Properties,
    /// How many columns the pipelines have together.
    columns: usize,
    /// INSERTs and SELECTs so far.
    pub(super) inserts: usize,
    /// Whether they are more than may be, which is said once.
    is_too_large: bool,
    pub(super) readers: Readers,
    pub(super) reports: Vec<TableReport>,
    pub(super) notices: Vec<Notice>,
    /// The tables of whose security something is left out.
    pub(super) without_security: Vec<String>,
    pub(super) findings: Vec<Finding>,
    /// Whether there was an INSERT or a SELECT.
    pub(super) has_query: bool,
    /// What SHOW, DESCRIBE and EXPLAIN tell.
    pub(super) answers: Vec<String>,
    pub(super) budget: ExpressionBudget,
}

impl<'a> JobDraft<'a> {
    pub(super) fn new(caller: &'a PlanOptions) -> Self {
        let (settings, notices, findings) = Settings::of_caller(&caller.settings);
        Self {
            caller,
            initial: settings.clone(),
            settings,
            catalog: Catalog::default(),
            overrides_met: HashSet::new(),
            topics: Vec::new(),
            properties: Properties::default(),
            columns: 0,
            inserts: 0,
            is_too_large: false,
            readers: Readers::default(),
            reports: Vec::new(),
            notices: notices.into_iter().map(|text| Notice { table: None, text }).collect(),
            without_security: Vec::new(),
            findings,
            has_query: false,
            answers: Vec::new(),
            budget: ExpressionBudget::default(),
        }
    }

    /// Over what the earlier statements of a session made, whose notices have been told.
    pub(super) fn over(caller: &'a PlanOptions, ground: Ground) -> Self {
        let Ground { settings, catalog, overrides_met, topics } = ground;
        Self { settings, catalog, overrides_met, topics, notices: Vec::new(), ..Self::new(caller) }
    }

    /// What later statements of a session stand on.
    pub(super) fn ground(&self) -> Ground {
        // A place in the text of these statements is none in the text of later ones.
        let topics = self.topics.iter().map(|(name, _)| (name.clone(), None)).collect();
        Ground {
            settings: self.settings.clone(),
            catalog: self.catalog.clone(),
            overrides_met: self.overrides_met.clone(),
            topics,
        }
    }

    pub(super) fn notice(&mut self, text: impl Into<String>) {
        self.notices.push(Notice { table: None, text: text.into() });
    }

    /// Counts an INSERT and its columns. Whether they are more than a job may have, which is said once.
    pub(super) fn is_beyond_bounds(&mut self, columns: usize, at: Position) -> bool {
        self.columns += columns;
        self.inserts += 1;
        if self.columns <= JOB_COLUMNS_MAX && self.inserts <= INSERTS_MAX {
            return false;
        }
        let text = format!(
            "a job has at most {INSERTS_MAX} INSERTs, and {JOB_COLUMNS_MAX} columns that they read and write \
             together; this one is beyond"
        );
        let finding = Finding::new(Rule::Columns, text).at(at);
        self.findings.extend((!self.is_too_large).then_some(finding));
        self.is_too_large = true;
        true
    }

    /// The table of that name; what was refused, or is not there, has been told then. A view is none.
    pub(super) fn table(&mut self, name: &TableName) -> Option<Arc<Table>> {
        match self.catalog.find(name) {
            Some(Entry::Table(table)) if name.options.is_empty() => Some(Arc::clone(table)),
            Some(Entry::Table(table)) => Some(Arc::new(table.with_hint(&name.options, self.caller))),
            Some(Entry::View(_) | Entry::Refused) => None,
            None => {
                self.findings.push(self.catalog.absent(name));
                None
            }
        }
    }

    /// The same of a table that is to be written, which a view cannot be.
    pub(super) fn table_to_write(&mut self, name: &TableName) -> Option<Arc<Table>> {
        if let Some(Entry::View(view)) = self.catalog.find(name) {
            let text = format!("'{}' is a view, which cannot be written", view.name);
            self.findings.push(Finding::new(Rule::Table, text).at(name.at));
        }
        self.table(name)
    }

    /// The plan of a table that is read, if it stands.
    pub(super) fn source(&mut self, table: &Table) -> Option<SourcePlan> {
        let connector = self.connector(table)?;
        let mut resolved = credentials::resolved(table, self.caller);
        let own = resolved.table.clone();
        let (plan, check, lines) = match connector {
            "kafka" => kafka::source(&own),
            "upsert-kafka" => upsert::source(&own),
            "datagen" => local::datagen(&own),
            "filesystem" => local::filesystem(&own, self.caller.credentials.paths()),
            name => {
                let text = format!("'connector' = '{name}' can only be written");
                self.findings.push(Finding::new(Rule::Connector, text).of(&table.name).at(table.at));
                return None;
            }
        };
        let stands = self.judge(check.finish("source", lines), &mut resolved);
        if connector.ends_with("kafka") {
            self.client(&resolved, Role::Consumer);
        }
        stands.then_some(plan).flatten()
    }

    pub(super) fn sink(&mut self, table: &Table) -> Option<SinkPlan> {
        let connector = self.connector(table)?;
        let mut resolved = credentials::resolved(table, self.caller);
        let own = resolved.table.clone();
        let (plan, check, lines) = match connector {
            "kafka" => kafka::sink(&own),
            "upsert-kafka" => upsert::sink(&own),
            "blackhole" => print::blackhole(&own),
            "print" => print::sink(&own),
            name => {
                let text = format!("'connector' = '{name}' can only be read");
                self.findings.push(Finding::new(Rule::Connector, text).of(&table.name).at(table.at));
                return None;
            }
        };
        let stands = self.judge(check.finish("sink", lines), &mut resolved);
        if connector.ends_with("kafka") {
            self.client(&resolved, Role::Producer);
        }
        stands.then_some(plan).flatten()
    }

    fn connector(&mut self, table: &Table) -> Option<&'static str> {
        if table.is_partial {
            return None;
        }
        table.connector().map_err(|finding| self.findings.push(finding)).ok().map(|connector| connector.name)
    }

    /// What the client says of a table's properties; where V-AUTH has told what is wrong, it would say the same again.
    fn client(&mut self, resolved: &Resolved<'_>, role: Role) {
        if resolved.stands() {
            let before = self.properties.findings.len();
            self.properties.table(&resolved.table, role);
            let new = self.properties.findings[before..].iter_mut();
            new.for_each(|it| resolved.hide(std::slice::from_mut(&mut it.text)));
        }
    }

    /// Whether the table stands.
    fn judge(
        &mut self,
        mut told: (TableReport, Vec<Finding>, Vec<Notice>),
        resolved: &mut Resolved<'_>,
    ) -> bool {
        resolved.add_to(&mut told);
        let (report, findings, notices) = told;
        let stands = findings.is_empty();
        if resolved.leaves_security_out() && !self.without_security.contains(&resolved.table.name) {
            self.without_security.push(resolved.table.name.clone());
        }
        self.findings.extend(findings);
        self.notices.extend(notices);
        if !self.reports.contains(&report) {
            self.reports.push(report);
        }
        stands
    }
}
