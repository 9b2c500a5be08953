//! INSERT and SELECT: the branches of a query, each given to the reader of its source.

use std::sync::Arc;

use super::branch::{Branch, BranchSource};
use super::changelog::{Changelog, changelog, insert_only};
use super::delivery;
use super::distribution::Distribution;
use super::explain::Explained;
use super::job_draft::JobDraft;
use super::metadata;
use super::parallelism::distribute;
use super::pipeline::{InsertPlan, Layout, PrintPlan, SELECT, SinkPlan, SourcePlan};
use super::query::projected;
use super::query_binder::QueryBinder;
use super::table::{Declaration, Table};
use super::update_before::update_before;
use crate::error::Position;
use crate::expr::{Projected, Projection};
use crate::sql::{Insert, Query, Statement};
use crate::types::Field;

/// The statement that a branch is of.
#[derive(Clone, Copy)]
struct BranchOrigin {
    statement: usize,
    is_union: bool,
    at: Position,
}

/// `INSERT INTO t query`
pub(super) fn insert(draft: &mut JobDraft<'_>, insert: &Insert) {
    draft.has_query = true;
    let Some(sink_table) = draft.table_to_write(&insert.table) else {
        bound(draft, &insert.query);
        return;
    };
    let branches = bound(draft, &insert.query);
    let sources = branches.iter().flatten().map(|branch| branch.size()).sum::<usize>();
    if draft.is_beyond_bounds(sink_table.size + sources, insert.table.at) {
        return;
    }
    let sources: Vec<_> = branches.iter().flatten().map(|branch| source_of(draft, branch)).collect();
    // Judged also where the query is refused, so that nothing comes as a surprise later.
    let mut sink = draft.sink(&sink_table);
    let Some(branches) = branches else { return };
    let origin = BranchOrigin { statement: draft.inserts, is_union: branches.len() > 1, at: insert.query.at };
    let as_sink = sink_table.as_sink();
    for (branch, source) in branches.into_iter().zip(sources) {
        let Some(projection) = projection(draft, insert, &branch, (&sink_table, &as_sink)) else { return };
        // A plan of a sink cannot be cloned: each branch has one of its own.
        let Some(sink) = sink.take().or_else(|| draft.sink(&sink_table)) else { return };
        let Some(source) = source else { continue };
        add(draft, &branch, source, projection, sink, origin);
    }
}

/// `SELECT …` whose changes are printed.
pub(super) fn select(draft: &mut JobDraft<'_>, query: &Query) {
    draft.has_query = true;
    let Some(branches) = bound(draft, query) else { return };
    let sources = branches.iter().map(|branch| branch.size()).sum::<usize>();
    if draft.is_beyond_bounds(sources, query.at) {
        return;
    }
    let origin = BranchOrigin { statement: draft.inserts, is_union: branches.len() > 1, at: query.at };
    for (at, branch) in branches.into_iter().enumerate() {
        let Some(source) = source_of(draft, &branch) else { continue };
        let fields = branch.columns.iter().map(|it| Field::new(it.name.clone(), it.expr.data_type().clone()));
        let columns: Arc<[Field]> = fields.collect();
        let exprs = branch.columns.iter().map(|it| Projected { expr: it.expr.clone(), required: None });
        let projection = Projection::new(SELECT, exprs.collect(), draft.settings.on_null);
        let sink = SinkPlan::Print(PrintPlan {
            table: SELECT.to_owned(),
            columns,
            primary_key: Vec::new(),
            identifier: None,
            standard_error: false,
            layout: Layout::Changelog { has_header: at == 0 },
            parallelism: None,
        });
        add(draft, &branch, source, projection, sink, origin);
    }
}

/// `EXPLAIN`: what these statements come to is told, and they are not run.
pub(super) fn explained(draft: &mut JobDraft<'_>, statements: Vec<Statement>) {
    let mut inner = JobDraft::new(draft.caller);
    inner.catalog = draft.catalog.clone();
    inner.settings = draft.settings.clone();
    for statement in statements {
        match statement {
            Statement::Insert(insert) => self::insert(&mut inner, &insert),
            Statement::Select(query) => select(&mut inner, &query),
            _ => inner.notice("EXPLAIN explains INSERT and SELECT"),
        }
    }
    inner.findings.extend(distribute(inner.readers.pipelines_mut(), &inner.settings));
    inner.findings.extend(delivery::findings(inner.readers.pipelines(), &inner.settings));
    inner.notices.extend(delivery::notices(inner.readers.pipelines()));
    let text = Explained {
        settings: &inner.settings,
        pipelines: inner.readers.pipelines(),
        tables: &inner.reports,
        notices: &inner.notices,
    };
    draft.answers.push(text.to_string());
    draft.findings.append(&mut inner.findings);
    draft.findings.append(&mut inner.properties.findings);
}

/// The branches of a query; what is wrong with it is found. Of a query that is refused its tables are judged as sources
/// all the same.
pub(super) fn bound(draft: &mut JobDraft<'_>, query: &Query) -> Option<Vec<Branch>> {
    let body = match &query.body {
        Ok(body) => body,
        Err(findings) => {
            draft.findings.extend(findings.iter().cloned());
            sources_alone(draft, query);
            return None;
        }
    };
    let session = draft.settings.session();
    let binder = QueryBinder {
        catalog: &draft.catalog,
        session: &session,
        caller: draft.caller,
        budget: &draft.budget,
    };
    match binder.query(body) {
        Ok(branches) => Some(branches),
        Err(findings) => {
            draft.findings.extend(findings.into_iter().map(|finding| finding.at(query.at)));
            sources_alone(draft, query);
            None
        }
    }
}

/// Judges the tables of a query that is refused, so that nothing comes as a surprise later.
fn sources_alone(draft: &mut JobDraft<'_>, query: &Query) {
    for name in &query.tables {
        if let Some(table) = draft.table(name) {
            draft.source(&table);
        }
    }
}

/// The plan of a branch's source, and what tells it from others.
fn source_of(draft: &mut JobDraft<'_>, branch: &Branch) -> Option<(SourcePlan, Option<Declaration>)> {
    match &branch.source {
        BranchSource::Table(table) => Some((draft.source(table)?, Some(table.declaration()))),
        BranchSource::Once => Some((SourcePlan::once(), None)),
    }
}

/// What each column of the sink is made of, if the branch fits the table, as it is declared and as it is filled.
fn projection(
    draft: &mut JobDraft<'_>,
    insert: &Insert,
    branch: &Branch,
    (declared, sink): (&Table, &Table),
) -> Option<Projection> {
    // Then the columns of the query would be matched with half of the table's.
    if sink.is_partial {
        return None;
    }
    let at = insert.query.at;
    let session = draft.settings.session();
    let columns = projected(&branch.columns, insert, sink, &session);
    let mut columns =
        columns.map_err(|findings| draft.findings.extend(findings.into_iter().map(|it| it.at(at)))).ok()?;
    let cast = metadata::cast_written(declared, &mut columns, &session);
    cast.map_err(|finding| draft.findings.push(finding.of(&sink.name))).ok()?;
    Some(Projection::new(&sink.name, columns, draft.settings.on_null))
}

fn add(
    draft: &mut JobDraft<'_>,
    branch: &Branch,
    (source, declared): (SourcePlan, Option<Declaration>),
    projection: Projection,
    sink: SinkPlan,
    origin: BranchOrigin,
) {
    if let Some(finding) = insert_only(&source, &sink) {
        draft.findings.push(finding.at(origin.at));
        return;
    }
    let steps = branch.steps.clone();
    let (drop_update_before, why) = update_before(&source, &sink, &steps, origin.is_union, &projection);
    let Changelog { source, steps, key_only_deletes } =
        changelog(source, &sink, steps, &projection, draft.settings.state);
    let planned = InsertPlan {
        source: 0,
        statement: origin.statement,
        steps,
        projection,
        drop_update_before,
        update_before: why,
        key_only_deletes,
        sink,
        distribution: Distribution::default(),
    };
    let added = draft.readers.add(source, declared, planned);
    draft.findings.extend(added.err().map(|finding| finding.at(origin.at)));
}
