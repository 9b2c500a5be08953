//! The statements of a job, one after another: tables made, each INSERT given its reader.

use std::collections::HashSet;
use std::rc::Rc;

use upsert_kafka_client::Role;

use super::catalog::{Catalog, Entry};
use super::credentials::{self, Resolved};
use super::properties::Properties;
use super::query::{crosses_zones, projected, selected};
use super::readers::Readers;
use super::table::Table;
use super::update_before::update_before;
use super::{
    InsertPlan, Notice, Plan, PlanOptions, SinkPlan, SourcePlan, TableReport, UpsertPlan, kafka, print,
    upsert,
};
use crate::error::{Error, Finding, Position, Rule};
use crate::expr::Projection;
use crate::options::nearest;
use crate::settings::Settings;
use crate::sql::limits::{INSERTS_MAX, JOB_COLUMNS_MAX};
use crate::sql::{CreateTable, Drop, Insert, Query, Select, Statement, TableName};

/// What has been read of a job so far.
pub(super) struct Planner<'a> {
    caller: &'a PlanOptions,
    settings: Settings,
    catalog: Catalog,
    /// The caller's overrides that meant a table.
    overrides_met: HashSet<usize>,
    /// Where each table's topic stands, for findings about pipelines.
    topics: Vec<(String, Option<Position>)>,
    properties: Properties,
    /// How many columns the pipelines have together.
    columns: usize,
    inserts: usize,
    /// Whether they are more than may be, which is said once.
    is_too_large: bool,
    readers: Readers,
    reports: Vec<TableReport>,
    notices: Vec<Notice>,
    /// The tables of whose security something is left out.
    without_security: Vec<String>,
    findings: Vec<Finding>,
    has_query: bool,
}

impl<'a> Planner<'a> {
    pub(super) fn new(caller: &'a PlanOptions) -> Self {
        Self {
            caller,
            settings: Settings::default(),
            catalog: Catalog::default(),
            overrides_met: HashSet::new(),
            topics: Vec::new(),
            properties: Properties::default(),
            columns: 0,
            inserts: 0,
            is_too_large: false,
            readers: Readers::default(),
            reports: Vec::new(),
            notices: Vec::new(),
            without_security: Vec::new(),
            findings: Vec::new(),
            has_query: false,
        }
    }

    pub(super) fn add(&mut self, statement: Statement) {
        match statement {
            Statement::CreateTable(table) => self.create(table),
            Statement::Set(option) => match self.settings.set(&option) {
                Ok(notice) => self.notices.extend(notice.map(notice_of_job)),
                Err(finding) => self.findings.push(finding),
            },
            Statement::Reset(key) => {
                let notice = self.settings.reset(key.as_ref().map(|key| key.key.as_str()));
                self.notices.extend(notice.map(notice_of_job));
            }
            Statement::Drop(drop) => self.drop(&drop),
            Statement::Use(names) => self.catalog.use_names(names),
            Statement::NoEffect(sentence) => self.notices.push(notice_of_job(sentence)),
            Statement::Insert(insert) => self.insert(&insert),
            Statement::Select(query) => self.select(&query),
            Statement::Refused { findings, declares } => {
                self.findings.extend(findings);
                if let Some(name) = declares {
                    self.catalog.insert(self.catalog.path(&name), Entry::Refused);
                }
            }
        }
    }

    /// The plan, if nothing is wrong.
    pub(super) fn finish(mut self) -> Result<Plan, Error> {
        for (index, it) in self.caller.overrides.iter().enumerate() {
            if !self.overrides_met.contains(&index) && self.findings.is_empty() {
                let text = format!("--set {}.{}: the job has no such table", it.table, it.option);
                self.findings.push(Finding::new(Rule::Table, text));
            }
        }
        // A statement that was refused may be the one that was to run.
        if !self.has_query && self.findings.is_empty() {
            self.findings.push(Finding::new(Rule::Table, "nothing to run: the job has no INSERT"));
        }
        if !self.caller.allows_loop {
            let looped = super::feedback::findings(self.readers.pipelines()).into_iter();
            let topics = &self.topics;
            self.findings.extend(looped.map(|finding| topics.iter().fold(finding, placed)));
        }
        self.findings.append(&mut self.properties.findings);
        // A table that two statements name is judged twice.
        let mut told = HashSet::new();
        self.findings.retain(|finding| told.insert(finding.clone()));
        if !self.findings.is_empty() {
            return Err(Error::plan(self.findings));
        }
        let mut told = HashSet::new();
        let of_file = self.caller.credentials.notices().iter().map(|text| notice_of_job(text.clone()));
        let open = without_security(&self.without_security);
        let notices = of_file.chain(open).chain(self.notices).chain(self.properties.notices);
        let notices = notices.filter(|notice| told.insert(notice.to_string())).collect();
        let pipelines = self.readers.into_pipelines();
        Ok(Plan { settings: self.settings, pipelines, notices, tables: self.reports })
    }

    /// The one table of a caller who brings rows of its own.
    pub(super) fn upsert_table(mut self, ast: CreateTable) -> Result<UpsertPlan, Error> {
        let path = self.catalog.path(&ast.name);
        let (table, findings) = Table::new(ast, self.catalog.shown(&path), path, 0, self.caller);
        self.findings.extend(findings);
        let sink = self.sink(&table);
        self.findings.append(&mut self.properties.findings);
        match sink {
            Some(SinkPlan::UpsertKafka(plan)) if self.findings.is_empty() => return Ok(plan),
            Some(SinkPlan::Print(_)) => {
                let text = "'connector' = 'upsert-kafka' is expected here";
                self.findings.push(Finding::new(Rule::Connector, text).of(&table.name).at(table.at));
            }
            _ => {}
        }
        Err(Error::plan(self.findings))
    }

    fn create(&mut self, ast: CreateTable) {
        let exists = self.catalog.find(&ast.name).is_some();
        if exists && ast.if_not_exists {
            return;
        }
        let at = ast.name.at;
        let path = self.catalog.path(&ast.name);
        let shown = match self.catalog.find(&ast.name) {
            Some(Entry::Table(table)) => table.name.clone(),
            _ => self.catalog.shown(&path),
        };
        let (table, findings) = Table::new(ast, shown, path.clone(), self.topics.len(), self.caller);
        self.findings.extend(findings);
        let overrides = self.caller.overrides.iter().enumerate();
        self.overrides_met.extend(overrides.filter(|(_, it)| table.overridden(it).is_some()).map(|it| it.0));
        if exists {
            self.findings.push(Finding::new(Rule::Table, "the table is made twice").of(&table.name).at(at));
            return;
        }
        self.topics.push((table.name.clone(), table.options.get("topic").and_then(|given| given.at)));
        self.catalog.insert(path, Entry::Table(Rc::new(table)));
    }

    /// What was made is unknown again; what was not may be meant for a catalog that outlives jobs.
    fn drop(&mut self, drop: &Drop) {
        let name = drop.table.path.join(".");
        if self.catalog.remove(&drop.table) {
            return;
        }
        if drop.if_exists {
            let text = format!("DROP {} {name} has no effect: the job has not made it", drop.kind);
            self.notices.push(notice_of_job(text));
        } else {
            let text =
                format!("DROP {} {name}: there is none; write DROP {} IF EXISTS", drop.kind, drop.kind);
            self.findings.push(Finding::new(Rule::Table, text).at(drop.table.at));
        }
    }

    /// A query without INSERT: its tables are judged, and then it is refused.
    fn select(&mut self, query: &Query) {
        self.has_query = true;
        for table in self.named(&query.tables).into_iter().flatten() {
            self.source(&table);
        }
        let text =
            "a SELECT of its own is not supported yet: write INSERT INTO a table of 'connector' = 'print'";
        match &query.body {
            Ok(_) => self.findings.push(Finding::not_yet("collect", text).at(query.at)),
            Err(findings) => self.findings.extend(findings.iter().cloned()),
        }
    }

    fn insert(&mut self, insert: &Insert) {
        self.has_query = true;
        let sink_table = self.named(std::slice::from_ref(&insert.table)).pop().flatten();
        let source_tables = self.named(&insert.query.tables);
        let sizes = sink_table.iter().chain(source_tables.iter().flatten()).map(|table| table.size);
        if self.is_beyond_bounds(sizes.sum(), insert.table.at) {
            return;
        }
        let mut sources: Vec<Option<SourcePlan>> =
            source_tables.iter().map(|it| it.as_ref().and_then(|it| self.source(it))).collect();
        let sink = sink_table.as_ref().and_then(|table| self.sink(table));
        let select = match &insert.query.body {
            Ok(select) => select,
            Err(findings) => {
                self.findings.extend(findings.iter().cloned());
                let sources = source_tables.iter().flatten();
                let beside =
                    sources.flat_map(|table| super::query::refused_columns(table, &insert.query.columns));
                return self.findings.extend(beside);
            }
        };
        let (Some(sink_table), [Some(source_table)]) = (sink_table, &source_tables[..]) else { return };
        let Some(projection) = self.projection(select, insert, source_table, &sink_table) else { return };
        let (Some(sink), Some(source)) = (sink, sources.pop().flatten()) else { return };
        // A query with WHERE is refused before.
        let filter = None;
        let (drop_update_before, why) = update_before(&source, &sink, filter.as_ref(), &projection);
        let planned =
            InsertPlan { source: 0, filter, projection, drop_update_before, update_before: why, sink };
        let added = self.readers.add(source, source_table.declaration(), planned);
        self.findings.extend(added.err().map(|finding| finding.at(insert.query.at)));
    }

    /// Counts an INSERT and its columns. Whether they are more than a job may have, which is said once.
    fn is_beyond_bounds(&mut self, columns: usize, at: Position) -> bool {
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

    /// What each column of the sink is made of, if the query fits it.
    fn projection(
        &mut self,
        select: &Select,
        insert: &Insert,
        source: &Table,
        sink: &Table,
    ) -> Option<Projection> {
        // Then the columns of the query would be matched with half of the table's.
        if sink.is_partial || sink.takes_metadata() || source.is_partial {
            return None;
        }
        let at = insert.query.at;
        let columns = selected(select, source).and_then(|columns| projected(columns, insert, sink));
        let columns = columns
            .map_err(|findings| self.findings.extend(findings.into_iter().map(|it| it.at(at))))
            .ok()?;
        if !self.settings.zone_is_utc && crosses_zones(&columns, source) {
            let text = "TIMESTAMP and TIMESTAMP_LTZ become each other in 'table.local-time-zone', which can only be UTC yet";
            self.findings.push(Finding::not_yet("time-zone", text).of(&sink.name).at(at));
        }
        Some(Projection::new(&sink.name, columns, self.settings.on_null))
    }

    /// The tables of these names; those that do not exist are found, those that were refused are left out.
    fn named(&mut self, names: &[TableName]) -> Vec<Option<Rc<Table>>> {
        names.iter().map(|name| self.table(name)).collect()
    }

    fn table(&mut self, name: &TableName) -> Option<Rc<Table>> {
        match self.catalog.find(name) {
            Some(Entry::Table(table)) if name.options.is_empty() => Some(Rc::clone(table)),
            Some(Entry::Table(table)) => Some(Rc::new(table.with_hint(&name.options, self.caller))),
            Some(Entry::Refused) => None,
            None => {
                let text = self.unknown(name);
                self.findings.push(Finding::new(Rule::Table, text).at(name.at));
                None
            }
        }
    }

    /// That there is no such table; after USE the same short name may mean another one.
    fn unknown(&self, name: &TableName) -> String {
        let (written, path) = (name.path.join("."), self.catalog.path(name));
        if let Some(other) = self.catalog.elsewhere(&path) {
            return format!("no table '{}'; there is '{}'", path.join("."), other.join("."));
        }
        let hint = nearest(&written, self.catalog.names()).map(|it| format!("; did you mean '{it}'?"));
        format!("no table '{written}'{}", hint.unwrap_or_default())
    }

    /// The plan of a table that is read, if it stands.
    fn source(&mut self, table: &Table) -> Option<SourcePlan> {
        let connector = self.connector(table)?;
        let mut resolved = credentials::resolved(table, self.caller);
        let own = resolved.table.clone();
        let (plan, check, lines) = match connector {
            "kafka" => kafka::source(&own),
            "upsert-kafka" => (None, upsert::source(&own), Vec::new()),
            name => {
                let text = format!("'connector' = '{name}' can only be written");
                self.findings.push(Finding::new(Rule::Connector, text).of(&table.name).at(table.at));
                return None;
            }
        };
        let stands = self.judge(check.finish("source", lines), &mut resolved);
        self.client(&resolved, Role::Consumer);
        stands.then_some(plan).flatten()
    }

    fn sink(&mut self, table: &Table) -> Option<SinkPlan> {
        let connector = self.connector(table)?;
        let mut resolved = credentials::resolved(table, self.caller);
        let own = resolved.table.clone();
        let (plan, check, lines) = match connector {
            "kafka" => (None, kafka::sink(&own), Vec::new()),
            "upsert-kafka" => upsert::sink(&own),
            _ => print::sink(&own),
        };
        let stands = self.judge(check.finish("sink", lines), &mut resolved);
        if connector != "print" {
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

/// A finding about a table's topic, placed where the topic stands.
fn placed(finding: Finding, (name, at): &(String, Option<Position>)) -> Finding {
    let same = finding.table.as_ref() == Some(name);
    if same { finding.at(*at) } else { finding }
}

/// One for the job, however many tables it has.
fn without_security(tables: &[String]) -> Option<Notice> {
    let text = "what is said there of TLS and logins is not used: the cluster of this run has neither";
    match tables {
        [] => None,
        [table] => Some(notice_of_job(format!("table {table}: {text}"))),
        tables => Some(notice_of_job(format!("tables {}: {text}", tables.join(", ")))),
    }
}

fn notice_of_job(text: String) -> Notice {
    Notice { table: None, text }
}
