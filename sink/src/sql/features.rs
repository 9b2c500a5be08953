//! Everything for which a query is more than columns of a table: each feature once, in the order of the text.

use std::collections::HashSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, Function, Ident, JoinOperator, ObjectName, Query as Ast, Select, SelectItem, SetExpr, Spanned,
    TableFactor, Visit, Visitor,
};

use super::query::{NO_TABLE, ONE_TABLE, clauses, not_yet, object_path, refused_clauses, richness};
use super::tokens::{cut, position};
use super::{TableName, WithOption};
use crate::error::{Finding, Position, Rule};

/// What a query asks for.
#[derive(Default)]
pub(super) struct Features {
    findings: Vec<Finding>,
    /// Each with where it is met first.
    functions: Vec<(String, Option<Position>)>,
    aggregates: Vec<(String, Option<Position>)>,
    /// What a qualifier may name.
    tables: HashSet<String>,
    qualified: Vec<Ident>,
    /// Each with where it and its last part begin.
    relations: Vec<(Vec<String>, Position, Position)>,
    ctes: HashSet<String>,
    columns: HashSet<String>,
}

impl Features {
    pub(super) fn of(query: &Ast) -> Self {
        let mut features = Self::default();
        let _ = query.visit(&mut features);
        features
    }

    /// The findings, a group of functions each as one.
    pub(super) fn findings(&self) -> Vec<Finding> {
        let mut findings = self.findings.clone();
        let nested = self.qualified.iter().find(|ident| !self.tables.contains(&ident.value));
        if let Some(ident) = nested {
            let at = position(ident.span.start);
            findings.push(not_yet("nested-field", "a field of a column").at(at));
        }
        for (feature, kind, names) in
            [("function", "function", &self.functions), ("aggregate", "aggregate function", &self.aggregates)]
        {
            if let Some((_, at)) = names.first() {
                let all: Vec<&str> = names.iter().map(|(name, _)| name.as_str()).collect();
                let words = match all.len() {
                    1 => format!("the {kind} {} is", all[0]),
                    _ => format!("the {kind}s {} are", all.join(", ")),
                };
                let text = format!("{words} not supported yet{ONE_TABLE}");
                findings.push(Finding::not_yet(feature, text).at(*at));
            }
        }
        let mut told = HashSet::new();
        findings.retain(|finding| told.insert(finding.rule));
        findings
    }

    /// The names of columns, wherever they stand.
    pub(super) fn columns(self) -> HashSet<String> {
        self.columns
    }

    /// The tables that the query names, without those that it makes by WITH; `options` looks for the hint of one.
    pub(super) fn tables(&self, options: impl Fn(Position) -> Vec<WithOption>) -> Vec<TableName> {
        let mut told = HashSet::new();
        let relations = self.relations.iter().filter(|(path, ..)| {
            let is_made_here =
                path.len() == 1 && path.iter().any(|name| self.ctes.contains(name) || name == NO_TABLE);
            !is_made_here && told.insert(path)
        });
        relations
            .map(|(path, at, last)| TableName { path: path.clone(), at: *at, options: options(*last) })
            .collect()
    }

    fn push(&mut self, feature: &'static str, words: &str, at: Option<Position>) {
        if !self.findings.iter().any(|finding| finding.rule == Rule::NotYet(feature)) {
            self.findings.push(not_yet(feature, words).at(at));
        }
    }

    fn function(&mut self, name: &str, at: Option<Position>) {
        let name = cut(&name.to_ascii_uppercase());
        let is_aggregate = AGGREGATES.contains(&&*name);
        if self.functions.len() + self.aggregates.len() == FUNCTIONS_MAX {
            return;
        }
        let group = if is_aggregate { &mut self.aggregates } else { &mut self.functions };
        if !group.iter().any(|(other, _)| *other == name) {
            group.push((name, at));
        }
    }

    fn call(&mut self, function: &Function, at: Option<Position>) {
        let name = function.name.to_string();
        if function.over.is_some() {
            self.push("window", &format!("{} OVER", cut(&name)), at);
        } else if WINDOWS.iter().any(|it| it.eq_ignore_ascii_case(&name)) {
            self.push("window", &format!("the window function {}", cut(&name)), at);
        } else {
            self.function(&name, at);
        }
    }
}

impl Visitor for Features {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Ast) -> ControlFlow<()> {
        for (given, words, feature) in clauses(query) {
            if given {
                self.push(feature, words, None);
            }
        }
        if let Some(with) = &query.with {
            self.ctes.extend(with.cte_tables.iter().map(|cte| cte.alias.name.value.clone()));
        }
        match &*query.body {
            SetExpr::SetOperation { op, .. } => self.push("union", &op.to_string(), None),
            SetExpr::Values(_) => self.push("values", "VALUES", None),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_select(&mut self, select: &Select) -> ControlFlow<()> {
        for (given, words, feature) in refused_clauses(select) {
            let place = match feature {
                "filter" => select.selection.as_ref().and_then(at),
                "having" => select.having.as_ref().and_then(at),
                _ => None,
            };
            if given {
                self.push(feature, words, place);
            }
        }
        if select.from.is_empty() {
            self.push("values", "SELECT without FROM", None);
        }
        let joins = || select.from.iter().flat_map(|from| &from.joins);
        if let Some(join) = joins().next() {
            let words = match &join.join_operator {
                JoinOperator::CrossJoin(_) => "CROSS JOIN",
                _ => "JOIN",
            };
            self.push("join", words, at(join));
        } else if select.from.len() > 1 {
            self.push("join", "a join", None);
        }
        for item in &select.projection {
            let expr = match item {
                SelectItem::UnnamedExpr(expr) | SelectItem::ExprWithAlias { expr, .. } => expr,
                _ => continue,
            };
            let is_column =
                matches!(expr, Expr::Identifier(_) | Expr::CompoundIdentifier(_) | Expr::Nested(_));
            if !is_column && !is_call(expr) {
                let (feature, words) = richness(expr);
                self.push(feature, &words, at(expr));
            }
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<()> {
        let alias = match factor {
            TableFactor::Table { name, alias, version, args, .. } => {
                self.tables.extend(name.0.last().and_then(|part| part.as_ident()).map(|it| it.value.clone()));
                if version.is_some() {
                    self.push("join", "FOR SYSTEM_TIME AS OF", at(name));
                }
                if args.is_some() {
                    self.push("query", "this FROM", at(name));
                }
                alias
            }
            TableFactor::Derived { alias, .. } => {
                self.push("subquery", "a query in FROM", at(factor));
                alias
            }
            TableFactor::UNNEST { alias, .. } => {
                self.push("unnest", "UNNEST", at(factor));
                alias
            }
            TableFactor::Function { alias, .. } | TableFactor::TableFunction { alias, .. } => {
                self.push("query", "this FROM", at(factor));
                alias
            }
            _ => {
                self.push("query", "this FROM", at(factor));
                &None
            }
        };
        self.tables.extend(alias.iter().map(|alias| alias.name.value.clone()));
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> ControlFlow<()> {
        self.relations.extend(object_path(relation));
        ControlFlow::Continue(())
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> ControlFlow<()> {
        match expr {
            Expr::Identifier(ident) => _ = self.columns.insert(ident.value.clone()),
            Expr::CompoundIdentifier(path) => {
                self.columns.extend(path.iter().map(|ident| ident.value.clone()));
                match &path[..] {
                    [qualifier, _] => self.qualified.push(qualifier.clone()),
                    _ => self.push("nested-field", "a field of a column", at(expr)),
                }
            }
            Expr::CompoundFieldAccess { .. } | Expr::JsonAccess { .. } => {
                self.push("nested-field", "a field of a column", at(expr));
            }
            Expr::Cast { .. } => self.push("cast", "CAST", at(expr)),
            Expr::Case { .. } => self.push("case", "CASE", at(expr)),
            Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => {
                self.push("subquery", "a query inside a query", at(expr));
            }
            Expr::Function(function) => self.call(function, at(expr)),
            _ => {
                if let Some(name) = special_function(expr) {
                    self.function(name, at(expr));
                }
            }
        }
        ControlFlow::Continue(())
    }
}

/// The feature that a call asks for, and its name for people.
pub(super) fn kind(function: &str) -> (&'static str, String) {
    let name = cut(&function.to_ascii_uppercase());
    match AGGREGATES.contains(&&*name) {
        true => ("aggregate", format!("the aggregate function {name}")),
        false if WINDOWS.contains(&&*name) => ("window", format!("the window function {name}")),
        false => ("function", format!("the function {name}")),
    }
}

/// Functions that are told by name.
const FUNCTIONS_MAX: usize = 100;

fn is_call(expr: &Expr) -> bool {
    matches!(expr, Expr::Function(_) | Expr::CompoundFieldAccess { .. }) || special_function(expr).is_some()
}

/// Functions with a grammar of their own.
pub(super) fn special_function(expr: &Expr) -> Option<&'static str> {
    Some(match expr {
        Expr::Ceil { .. } => "CEIL",
        Expr::Floor { .. } => "FLOOR",
        Expr::Extract { .. } => "EXTRACT",
        Expr::Position { .. } => "POSITION",
        Expr::Substring { .. } => "SUBSTRING",
        Expr::Trim { .. } => "TRIM",
        Expr::Overlay { .. } => "OVERLAY",
        Expr::Convert { .. } => "CONVERT",
        _ => return None,
    })
}

fn at(node: &impl Spanned) -> Option<Position> {
    let start = node.span().start;
    (start.line > 0).then(|| position(start))
}

const AGGREGATES: [&str; 16] = [
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
    "STDDEV_POP",
    "STDDEV_SAMP",
    "SUM",
    "VAR_POP",
    "VAR_SAMP",
    "VARIANCE",
];

/// The old group windows, and what tells their bounds.
const WINDOWS: [&str; 9] = [
    "TUMBLE",
    "HOP",
    "SESSION",
    "TUMBLE_START",
    "TUMBLE_END",
    "HOP_START",
    "HOP_END",
    "SESSION_START",
    "SESSION_END",
];
