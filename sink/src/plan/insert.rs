//! The statements of a job, one after another: tables made, each INSERT given its reader.

use std::rc::Rc;

use super::query::{crosses_zones, matched, picked};
use super::readers::Readers;
use super::table::Table;
use super::update_before::update_before;
use super::{
    InsertPlan, Notice, Plan, PlanOptions, SinkPlan, SourcePlan, TableReport, UpsertPlan, kafka, print,
    upsert,
};
use crate::error::{Error, Finding, Rule};
use crate::expr::Projection;
use crate::options::nearest;
use crate::settings::Settings;
use crate::sql::{CreateTable, Insert, Name, Query, Statement};

/// A job as far as it has been read.
pub(super) struct Job<'a> {
    caller: &'a PlanOptions,
    settings: Settings,
    /// Shared, so that one can be judged while its findings are collected.
    tables: Vec<Rc<Table>>,
    readers: Readers,
    reports: Vec<TableReport>,
    notices: Vec<Notice>,
    findings: Vec<Finding>,
    has_query: bool,
}

impl<'a> Job<'a> {
    pub(super) fn new(caller: &'a PlanOptions) -> Self {
        Self {
            caller,
            settings: Settings::default(),
            tables: Vec::new(),
            readers: Readers::default(),
            reports: Vec::new(),
            notices: Vec::new(),
            findings: Vec::new(),
            has_query: false,
        }
    }

    pub(super) fn add(&mut self, statement: Statement) {
        match statement {
            Statement::CreateTable(table) => self.create(table),
            Statement::Set(option) => match self.settings.set(&option) {
                Ok(notice) => self.notices.extend(notice.map(|text| Notice { table: None, text })),
                Err(finding) => self.findings.push(finding),
            },
            Statement::Insert(insert) => self.insert(&insert),
            Statement::Select(query) => self.select(&query),
            Statement::Refused(finding) => {
                self.has_query = true;
                self.findings.push(finding);
            }
        }
    }

    /// The plan, if nothing is wrong.
    pub(super) fn finish(mut self) -> Result<Plan, Error> {
        for it in &self.caller.set {
            if !self.tables.iter().any(|table| table.name == it.table) {
                let text = format!("--set {}.{}: the job has no such table", it.table, it.option);
                self.findings.push(Finding::new(Rule::Table, text));
            }
        }
        if !self.has_query {
            self.findings.push(Finding::new(Rule::Table, "nothing to run: the job has no INSERT"));
        }
        if !self.caller.allow_loop {
            let looped = super::feedback::findings(self.readers.pipelines());
            self.findings.extend(looped.into_iter().map(|finding| self.tables.iter().fold(finding, placed)));
        }
        // A table that two statements name is judged twice.
        let mut findings: Vec<Finding> = Vec::new();
        for finding in self.findings {
            if !findings.contains(&finding) {
                findings.push(finding);
            }
        }
        if !findings.is_empty() {
            return Err(Error::plan(findings));
        }
        let mut notices: Vec<Notice> = Vec::new();
        for notice in self.notices {
            if !notices.contains(&notice) {
                notices.push(notice);
            }
        }
        let pipelines = self.readers.into_pipelines();
        Ok(Plan { settings: self.settings, pipelines, notices, tables: self.reports })
    }

    /// The one table of a caller who brings rows of its own.
    pub(super) fn upsert_table(mut self, ast: CreateTable) -> Result<UpsertPlan, Error> {
        let (table, findings) = Table::new(ast, self.caller);
        self.findings.extend(findings);
        match self.sink(&table) {
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
        let exists = self.tables.iter().any(|table| table.name == ast.name.text);
        if exists && ast.if_not_exists {
            return;
        }
        let at = ast.name.at;
        let (table, findings) = Table::new(ast, self.caller);
        self.findings.extend(findings);
        if exists {
            self.findings.push(Finding::new(Rule::Table, "the table is made twice").of(&table.name).at(at));
            return;
        }
        self.tables.push(Rc::new(table));
    }

    /// A query without INSERT: its tables are judged, and then it is refused.
    fn select(&mut self, query: &Query) {
        self.has_query = true;
        for table in self.named(&query.tables) {
            self.source(&table);
        }
        let text =
            "a SELECT of its own is not supported yet: write INSERT INTO a table of 'connector' = 'print'";
        let finding = match &query.body {
            Ok(_) => Finding::not_yet("collect", text).at(query.at),
            Err(finding) => finding.clone(),
        };
        self.findings.push(finding);
    }

    fn insert(&mut self, insert: &Insert) {
        self.has_query = true;
        let sink_table = self.named(std::slice::from_ref(&insert.table)).pop();
        let source_tables = self.named(&insert.query.tables);
        let mut sources: Vec<Option<(SourcePlan, TableReport)>> =
            source_tables.iter().map(|it| self.source(it)).collect();
        let sink = sink_table.as_ref().and_then(|table| self.sink(table));
        let select = match &insert.query.body {
            Ok(select) => select,
            Err(finding) => return self.findings.push(finding.clone()),
        };
        let (Some(sink_table), [source_table]) = (sink_table, &source_tables[..]) else { return };
        // Then the columns of the query would be matched with half of the table's.
        if sink_table.is_partial || sink_table.takes_metadata() || source_table.is_partial {
            return;
        }
        let at = insert.query.at;
        let slots = picked(select, source_table)
            .and_then(|picked| matched(&picked, insert, source_table, &sink_table));
        let slots = match slots {
            Ok(slots) => slots,
            Err(findings) => return self.findings.extend(findings.into_iter().map(|it| it.at(at))),
        };
        if !self.settings.zone_is_utc && crosses_zones(&slots, source_table, &sink_table) {
            let text = "TIMESTAMP and TIMESTAMP_LTZ become each other in 'table.local-time-zone', which can only be UTC yet";
            self.findings.push(Finding::not_yet("time-zone", text).of(&sink_table.name).at(at));
        }
        let projection = Projection::new(&sink_table.name, slots, self.settings.on_null);
        let (Some(sink), Some((source, declared))) = (sink, sources.pop().flatten()) else { return };
        let (drop_update_before, why) = update_before(&source, &sink, &projection);
        let insert = InsertPlan { source: 0, projection, drop_update_before, update_before: why, sink };
        let added = self.readers.add(source, declared, insert);
        self.findings.extend(added.err().map(|finding| finding.at(at)));
    }

    /// The tables of these names; those that do not exist are found.
    fn named(&mut self, names: &[Name]) -> Vec<Rc<Table>> {
        let mut tables = Vec::new();
        for name in names {
            match self.tables.iter().find(|table| table.name == name.text) {
                Some(table) => tables.push(Rc::clone(table)),
                None => {
                    let all = self.tables.iter().map(|table| table.name.as_str());
                    let hint = nearest(&name.text, all).map(|it| format!("; did you mean '{it}'?"));
                    let text = format!("no table '{}'{}", name.text, hint.unwrap_or_default());
                    self.findings.push(Finding::new(Rule::Table, text).at(name.at));
                }
            }
        }
        tables
    }

    /// The plan of a table that is read, if it stands, and what it was declared as.
    fn source(&mut self, table: &Table) -> Option<(SourcePlan, TableReport)> {
        let connector = self.connector(table)?;
        let (plan, check, lines) = match connector {
            "kafka" => kafka::source(table),
            "upsert-kafka" => (None, upsert::source(table), Vec::new()),
            name => {
                let text = format!("'connector' = '{name}' can only be written");
                self.findings.push(Finding::new(Rule::Connector, text).of(&table.name).at(table.at));
                return None;
            }
        };
        let (report, findings, notices) = check.finish("source", lines);
        let declared = report.clone();
        let stands = self.judge((report, findings, notices));
        plan.filter(|_| stands).map(|plan| (plan, declared))
    }

    fn sink(&mut self, table: &Table) -> Option<SinkPlan> {
        let connector = self.connector(table)?;
        let (plan, check, lines) = match connector {
            "kafka" => (None, kafka::sink(table), Vec::new()),
            "upsert-kafka" => upsert::sink(table),
            _ => print::sink(table),
        };
        self.judge(check.finish("sink", lines)).then_some(plan).flatten()
    }

    fn connector(&mut self, table: &Table) -> Option<&'static str> {
        if table.is_partial {
            return None;
        }
        table.connector().map_err(|finding| self.findings.push(finding)).ok().map(|connector| connector.name)
    }

    /// Whether the table stands.
    fn judge(&mut self, (report, findings, notices): (TableReport, Vec<Finding>, Vec<Notice>)) -> bool {
        let stands = findings.is_empty();
        self.findings.extend(findings);
        self.notices.extend(notices);
        if !self.reports.contains(&report) {
            self.reports.push(report);
        }
        stands
    }
}

/// A finding about a table's topic, placed where the topic stands.
fn placed(finding: Finding, table: &Rc<Table>) -> Finding {
    let same = finding.table.as_ref() == Some(&table.name);
    let at = table.options.get("topic").and_then(|given| given.at);
    if same { finding.at(at) } else { finding }
}
