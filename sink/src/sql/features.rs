//! Everything for which a query is more than a function of each row: each feature once, in the order of the text.

use std::collections::HashSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Function, FunctionArguments, GroupByExpr, Join, JoinConstraint, JoinOperator, ObjectName,
    Query as Ast, Select, SetExpr, SetOperator, SetQuantifier, TableFactor, Value, Visit, Visitor,
};

use super::ast::{TableName, WithOption};
use super::names::{object_path, place};
use super::token::cut;
use crate::error::{Finding, Position, Rule};

/// Stands where a function gives a table that has no name.
pub(super) const NO_TABLE: &str = "";

/// What a query asks for.
#[derive(Default)]
pub(super) struct Features {
    findings: Vec<Finding>,
    /// Each with where it is met first.
    aggregates: Vec<(String, Option<Position>)>,
    /// Each with where it and its last part begin.
    relations: Vec<(Vec<String>, Position, Position)>,
    ctes: HashSet<String>,
}

impl Features {
    pub(super) fn of(query: &Ast) -> Self {
        let mut features = Self::default();
        let _ = query.visit(&mut features);
        features
    }

    /// What is refused, the aggregate functions as one.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let mut findings = self.findings.clone();
        if let Some((_, at)) = self.aggregates.first() {
            let all: Vec<&str> = self.aggregates.iter().map(|(name, _)| name.as_str()).collect();
            let words = match all.len() {
                1 => format!("the aggregate function {} is", all[0]),
                _ => format!("the aggregate functions {} are", all.join(", ")),
            };
            findings.push(Finding::not_yet("aggregate", format!("{words} {MANY_ROWS}")).at(*at));
        }
        findings
    }

    /// The tables that the query names, without those that it makes by WITH; `options` looks for the hint of one.
    pub(super) fn tables(&self, options: impl Fn(Position) -> Vec<WithOption>) -> Vec<TableName> {
        let relations = self.relations.iter().filter(|(path, ..)| {
            !(path.len() == 1 && path.iter().any(|name| self.ctes.contains(name) || name == NO_TABLE))
        });
        relations
            .map(|(path, at, last)| TableName { path: path.clone(), at: *at, options: options(*last) })
            .collect()
    }

    fn push(&mut self, feature: &'static str, words: &str, at: Option<Position>) {
        if !self.findings.iter().any(|finding| finding.rule == Rule::NotYet(feature)) {
            self.findings.push(Finding::not_yet(feature, format!("{words} is {MANY_ROWS}")).at(at));
        }
    }

    /// What no release of ours is to have.
    fn unknown(&mut self, words: &str, at: Option<Position>) {
        if !self.findings.iter().any(|finding| finding.rule == Rule::NotYet("query")) {
            self.findings.push(Finding::not_yet("query", format!("{words} is not supported yet")).at(at));
        }
    }

    fn call(&mut self, function: &Function, at: Option<Position>) {
        let name = cut(&function.name.to_string().to_ascii_uppercase());
        if function.over.is_some() {
            self.push("window", &format!("{name} OVER"), at);
        } else if WINDOWS.contains(&&*name) {
            let own = if name.starts_with("TUMBLE") && arguments(function) > TUMBLE_ARGUMENTS {
                " with DLI's period and lateness"
            } else {
                ""
            };
            self.push("window", &format!("the window function {name}{own}"), at);
        } else if AGGREGATES.contains(&&*name)
            && self.aggregates.len() < AGGREGATES_TOLD_MAX
            && !self.aggregates.iter().any(|(other, _)| *other == name)
        {
            self.aggregates.push((name, at));
        }
    }

    /// A join is done where it makes several rows of one: its right side is made of the left row alone.
    fn join(&mut self, join: &Join) {
        let words = match &join.join_operator {
            JoinOperator::CrossJoin(_) => "CROSS JOIN",
            _ => "JOIN",
        };
        let is_done = expands(&join.relation)
            && match &join.join_operator {
                JoinOperator::CrossJoin(JoinConstraint::None) => true,
                JoinOperator::Join(on)
                | JoinOperator::Inner(on)
                | JoinOperator::Left(on)
                | JoinOperator::LeftOuter(on) => is_true(on),
                _ => false,
            };
        if !is_done {
            self.push("join", words, place(join));
        }
    }
}

/// What is said of everything that a row alone does not tell.
const MANY_ROWS: &str = "not supported yet: what needs more than one row at a time is coming";

impl Visitor for Features {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Ast) -> ControlFlow<()> {
        if let Some(with) = &query.with {
            if with.recursive {
                self.push("with", "WITH RECURSIVE", None);
            }
            self.ctes.extend(with.cte_tables.iter().map(|cte| cte.alias.name.value.clone()));
        }
        if let Some(order) = &query.order_by {
            self.push("order-by", "ORDER BY", place(order));
        }
        if query.limit_clause.is_some() || query.fetch.is_some() {
            self.push("limit", "LIMIT", None);
        }
        if !query.locks.is_empty() || query.for_clause.is_some() {
            self.unknown("FOR", None);
        }
        if query.settings.is_some() || query.format_clause.is_some() || !query.pipe_operators.is_empty() {
            self.unknown("this query", None);
        }
        self.body(&query.body);
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        if is_grouped(select) {
            self.push("group-by", "GROUP BY", None);
        }
        if let Some(having) = &select.having {
            self.push("having", "HAVING", place(having));
        }
        if select.distinct.is_some() {
            self.push("distinct", "DISTINCT", None);
        }
        if !select.named_window.is_empty() {
            self.push("window", "WINDOW", None);
        }
        if has_other_clauses(select) {
            self.unknown("this query", None);
        }
        for (index, from) in select.from.iter().enumerate() {
            if index > 0 && !expands(&from.relation) {
                self.push("join", "a join", None);
            }
            from.joins.iter().for_each(|join| self.join(join));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        match factor {
            TableFactor::Table { name, version: Some(_), .. } => {
                self.push("join", "FOR SYSTEM_TIME AS OF", place(name));
            }
            TableFactor::Table { name, args: Some(_), .. } => self.unknown("this FROM", place(name)),
            TableFactor::Table { .. } | TableFactor::UNNEST { .. } => {}
            TableFactor::Derived { lateral: false, sample: None, .. } => {}
            TableFactor::Derived { lateral: true, .. } | TableFactor::NestedJoin { .. } => {
                self.push("join", "a join", place(factor));
            }
            TableFactor::Function { .. } | TableFactor::TableFunction { .. } => {}
            TableFactor::MatchRecognize { .. } => self.push("window", "MATCH_RECOGNIZE", place(factor)),
            _ => self.unknown("this FROM", place(factor)),
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        self.relations.extend(object_path(relation));
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => {
                self.push("subquery", "a query inside an expression", place(expr));
            }
            Expr::Function(function) => self.call(function, place(expr)),
            _ => {}
        }
        ControlFlow::Continue(())
    }
}

impl Features {
    /// The set operations of a query, which nest without a query between.
    fn body(&mut self, body: &SetExpr) {
        match body {
            SetExpr::SetOperation { op, set_quantifier, left, right } => {
                if (*op, *set_quantifier) != (SetOperator::Union, SetQuantifier::All) {
                    self.push("union", &op.to_string(), place(&**right));
                }
                self.body(left);
                self.body(right);
            }
            SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::Values(_) => {}
            SetExpr::Table(table) => {
                let path = table.schema_name.iter().chain(&table.table_name).cloned().collect();
                self.relations.push((path, Position::START, Position::START));
            }
            _ => self.unknown("this query", None),
        }
    }
}

fn is_grouped(select: &Select) -> bool {
    match &select.group_by {
        GroupByExpr::Expressions(expressions, modifiers) => !expressions.is_empty() || !modifiers.is_empty(),
        GroupByExpr::All(_) => true,
    }
}

fn has_other_clauses(select: &Select) -> bool {
    select.top.is_some()
        || select.exclude.is_some()
        || select.into.is_some()
        || select.prewhere.is_some()
        || select.qualify.is_some()
        || select.value_table_mode.is_some()
        || !(select.lateral_views.is_empty() && select.connect_by.is_empty() && select.cluster_by.is_empty())
        || !(select.distribute_by.is_empty() && select.sort_by.is_empty())
}

/// Whether it makes rows of the row before it.
fn expands(factor: &TableFactor) -> bool {
    matches!(
        factor,
        TableFactor::UNNEST { .. } | TableFactor::Function { .. } | TableFactor::TableFunction { .. }
    )
}

/// `ON TRUE`
fn is_true(on: &JoinConstraint) -> bool {
    match on {
        JoinConstraint::On(Expr::Value(value)) => value.value == Value::Boolean(true),
        _ => false,
    }
}

fn arguments(function: &Function) -> usize {
    match &function.args {
        FunctionArguments::List(list) => list.args.len(),
        _ => 0,
    }
}

/// Of Flink: the time and the size. A service's own may follow.
const TUMBLE_ARGUMENTS: usize = 2;

/// Aggregate functions that are told by name.
const AGGREGATES_TOLD_MAX: usize = 100;

const AGGREGATES: [&str; 18] = [
    "ARRAY_AGG",
    "AVG",
    "COLLECT",
    "COUNT",
    "FIRST_VALUE",
    "JSON_ARRAYAGG",
    "JSON_OBJECTAGG",
    "LAST_VALUE",
    "LISTAGG",
    "MAX",
    "MIN",
    "STDDEV",
    "STDDEV_POP",
    "STDDEV_SAMP",
    "SUM",
    "VAR_POP",
    "VAR_SAMP",
    "VARIANCE",
];

/// The old group windows, and what tells their bounds.
const WINDOWS: [&str; 13] = [
    "TUMBLE",
    "HOP",
    "SESSION",
    "TUMBLE_START",
    "TUMBLE_END",
    "TUMBLE_ROWTIME",
    "TUMBLE_PROCTIME",
    "HOP_START",
    "HOP_END",
    "HOP_ROWTIME",
    "SESSION_START",
    "SESSION_END",
    "SESSION_ROWTIME",
];
