//! The statements of a job, one after another: settings kept, tables and views made, queries planned.

use std::collections::HashSet;
use std::sync::Arc;

use super::catalog::{Entry, View};
use super::delivery;
use super::insert::{self, explained};
use super::job_draft::{Ground, JobDraft};
use super::job_plan::Plan;
use super::notice::Notice;
use super::parallelism::distribute;
use super::pipeline::{SinkPlan, SourcePlan};
use super::plan_options::PlanOptions;
use super::program_sink::ProgramSinkPlan;
use super::query_binder::rename;
use super::table::Table;
use super::{answers, like, metadata};
use crate::error::{Error, Finding, Position, Rule};
use crate::serializer::ChangeMode;
use crate::sql::{CreateTable, CreateView, Drop, Statement};

/// Takes statements in order, gives a plan.
pub(super) struct Planner<'a> {
    draft: JobDraft<'a>,
}

impl<'a> Planner<'a> {
    pub(super) fn new(caller: &'a PlanOptions) -> Self {
        Self { draft: JobDraft::new(caller) }
    }

    /// Over what the earlier statements of a session made.
    pub(super) fn over(caller: &'a PlanOptions, ground: Ground) -> Self {
        Self { draft: JobDraft::over(caller, ground) }
    }

    pub(super) fn add(&mut self, statement: Statement) {
        let draft = &mut self.draft;
        match statement {
            Statement::CreateTable(table) => self.create(table),
            Statement::CreateView(view) => self.create_view(&view),
            Statement::Set(option) => match draft.settings.set(&option) {
                Ok(notice) => draft.notices.extend(notice.map(notice_of_job)),
                Err(finding) => draft.findings.push(finding),
            },
            Statement::Reset(key) => {
                let notice = draft.settings.reset(key.as_ref().map(|key| key.key.as_str()), &draft.initial);
                draft.notices.extend(notice.map(notice_of_job));
            }
            Statement::Drop(drop) => self.drop(&drop),
            Statement::Use(names) => draft.catalog.use_names(names),
            Statement::NoEffect(sentence) => draft.notice(sentence),
            Statement::Insert(insert) => insert::insert(draft, &insert),
            Statement::Select(query) => insert::select(draft, &query),
            Statement::Show(show) => answers::show(draft, &show),
            Statement::Describe(name) => answers::describe(draft, &name),
            Statement::Explain(statements) => explained(draft, statements),
            Statement::Refused { findings, declares } => {
                draft.findings.extend(findings);
                if let Some(name) = declares {
                    draft.catalog.insert(draft.catalog.path(&name), Entry::Refused);
                }
            }
        }
    }

    /// The plan of a whole job, if nothing is wrong.
    pub(super) fn finish(mut self) -> Result<Plan, Error> {
        let draft = &mut self.draft;
        for (index, it) in draft.caller.overrides.iter().enumerate() {
            if !draft.overrides_met.contains(&index) && draft.findings.is_empty() {
                let text = format!("--set {}.{}: the job has no such table", it.table, it.option);
                draft.findings.push(Finding::new(Rule::Table, text));
            }
        }
        // A statement that was refused may be the one that was to run.
        if !draft.has_query && draft.answers.is_empty() && draft.findings.is_empty() {
            let text = "nothing to run: the job has no INSERT and no SELECT";
            draft.findings.push(Finding::new(Rule::Table, text));
        }
        self.finish_part().map(|(plan, _)| plan)
    }

    /// The plan of some statements of a session, and what later ones stand on, if nothing is wrong.
    pub(super) fn finish_part(self) -> Result<(Plan, Ground), Error> {
        let mut draft = self.draft;
        if !draft.caller.allows_loop {
            let looped = super::feedback::findings(draft.readers.pipelines()).into_iter();
            let topics = &draft.topics;
            draft.findings.extend(looped.map(|finding| topics.iter().fold(finding, placed)));
        }
        draft.findings.extend(distribute(draft.readers.pipelines_mut(), &draft.settings));
        draft.findings.extend(delivery::findings(draft.readers.pipelines(), &draft.settings));
        draft.findings.append(&mut draft.properties.findings);
        // A table that two statements name is judged twice.
        let mut told = HashSet::new();
        draft.findings.retain(|finding| told.insert(finding.clone()));
        if !draft.findings.is_empty() {
            return Err(Error::plan(draft.findings));
        }
        let ground = draft.ground();
        let mut told = HashSet::new();
        let of_delivery = delivery::notices(draft.readers.pipelines());
        let of_file = draft.caller.credentials.notices().iter().map(|text| notice_of_job(text.clone()));
        let notices = of_file
            .chain(without_security(&draft.without_security))
            .chain(draft.notices)
            .chain(draft.properties.notices)
            .chain(of_delivery);
        let plan = Plan {
            settings: draft.settings,
            pipelines: draft.readers.into_pipelines(),
            notices: notices.filter(|notice| told.insert(notice.to_string())).collect(),
            tables: draft.reports,
            answers: draft.answers,
        };
        Ok((plan, ground))
    }

    /// The one table of a caller who brings rows of its own.
    pub(super) fn upsert_table(mut self, ast: CreateTable) -> Result<ProgramSinkPlan, Error> {
        let table = self.only_table(ast);
        let draft = &mut self.draft;
        let sink = draft.sink(&table);
        draft.findings.append(&mut draft.properties.findings);
        let is_meant =
            |it: &SinkPlan| matches!(it, SinkPlan::Kafka(plan) if plan.changes != ChangeMode::Format);
        match sink {
            Some(sink) if is_meant(&sink) => match sink {
                SinkPlan::Kafka(sink) if draft.findings.is_empty() => {
                    match metadata::written_casts(&table, &draft.settings.session()) {
                        Ok(casts) => return Ok(ProgramSinkPlan { sink: *sink, casts }),
                        Err(finding) => draft.findings.push(finding.of(&table.name)),
                    }
                }
                _ => {}
            },
            Some(_) => {
                let text = "'connector' = 'upsert-kafka' is expected here";
                draft.findings.push(Finding::new(Rule::Connector, text).of(&table.name).at(table.at));
            }
            _ => {}
        }
        Err(Error::plan(self.draft.findings))
    }

    /// The one table of a caller who takes its rows.
    pub(super) fn source_table(mut self, ast: CreateTable) -> Result<SourcePlan, Error> {
        let table = self.only_table(ast);
        let draft = &mut self.draft;
        draft.findings.extend(metadata::unread(&table).into_iter().map(|finding| finding.of(&table.name)));
        let source = draft.source(&table);
        draft.findings.append(&mut draft.properties.findings);
        match source {
            Some(plan) if draft.findings.is_empty() && plan.local.is_none() => return Ok(plan),
            Some(plan) if plan.local.is_some() => {
                let text = "'connector' = 'kafka' or 'upsert-kafka' is expected here";
                draft.findings.push(Finding::new(Rule::Connector, text).of(&table.name).at(table.at));
            }
            _ => {}
        }
        Err(Error::plan(self.draft.findings))
    }

    fn only_table(&mut self, ast: CreateTable) -> Table {
        let draft = &mut self.draft;
        let path = draft.catalog.path(&ast.name);
        let (table, findings) = Table::new(ast, draft.catalog.shown(&path), path, 0, draft.caller);
        draft.findings.extend(findings);
        table
    }

    fn create(&mut self, ast: CreateTable) {
        let draft = &mut self.draft;
        let exists = draft.catalog.find(&ast.name).is_some();
        if exists && ast.if_not_exists {
            return;
        }
        let path = draft.catalog.path(&ast.name);
        let Some(ast) = like::merged(draft, ast) else {
            draft.catalog.insert(path, Entry::Refused);
            return;
        };
        let at = ast.name.at;
        let shown = match draft.catalog.find(&ast.name) {
            Some(Entry::Table(table)) => table.name.clone(),
            _ => draft.catalog.shown(&path),
        };
        let (mut table, findings) = Table::new(ast, shown, path.clone(), draft.topics.len(), draft.caller);
        draft.findings.extend(findings);
        draft.findings.extend(table.bind_computed(&draft.settings.session()));
        let overrides = draft.caller.overrides.iter().enumerate();
        draft.overrides_met.extend(overrides.filter(|(_, it)| table.overridden(it).is_some()).map(|it| it.0));
        if exists {
            draft.findings.push(Finding::new(Rule::Table, "the table is made twice").of(&table.name).at(at));
            return;
        }
        draft.findings.extend(table.check_watermarks(&draft.settings.session()));
        if !table.ast.watermarks.is_empty() {
            let text = "WATERMARK has no effect: no query that is supported yet waits for one".to_owned();
            draft.notices.push(Notice { table: Some(table.name.clone()), text });
        }
        if let Some(text) = table.rewritten.take() {
            draft.notices.push(Notice { table: Some(table.name.clone()), text });
        }
        draft.topics.push((table.name.clone(), table.options.get("topic").and_then(|given| given.at)));
        draft.catalog.insert(path, Entry::Table(Arc::new(table)));
    }

    /// A view is bound when it is made, with the tables and settings of that moment.
    fn create_view(&mut self, view: &CreateView) {
        let draft = &mut self.draft;
        let exists = draft.catalog.find(&view.name).is_some();
        if exists && view.if_not_exists {
            return;
        }
        let path = draft.catalog.path(&view.name);
        let name = draft.catalog.shown(&path);
        if exists {
            draft.findings.push(Finding::new(Rule::Table, "it is made twice").of(&name).at(view.name.at));
            return;
        }
        let bound = insert::bound(draft, &view.query).and_then(|mut branches| {
            let of = crate::sql::Name { text: name.clone(), at: view.name.at };
            let renamed = rename(&mut branches, &view.columns, &of);
            renamed.map_err(|findings| draft.findings.extend(findings)).ok().map(|()| branches)
        });
        let entry = bound.map_or(Entry::Refused, |branches| Entry::View(Arc::new(View { name, branches })));
        draft.catalog.insert(path, entry);
    }

    /// What was made is unknown again; what was not may be meant for a catalog that outlives jobs.
    fn drop(&mut self, drop: &Drop) {
        let draft = &mut self.draft;
        let name = drop.table.path.join(".");
        if draft.catalog.remove(&drop.table) {
            return;
        }
        if drop.if_exists {
            draft.notice(format!("DROP {} {name} has no effect: the job has not made it", drop.kind));
        } else {
            let text =
                format!("DROP {} {name}: there is none; write DROP {} IF EXISTS", drop.kind, drop.kind);
            draft.findings.push(Finding::new(Rule::Table, text).at(drop.table.at));
        }
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
