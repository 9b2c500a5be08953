//! Binds a query: each SELECT, view and subquery becomes the branches that give its rows.
//!
//! A name in an expression stands for what the view or subquery below makes of the source's row, so what comes out is
//! always one source, steps over its rows, and columns: at run time nothing is left of views and subqueries.

use std::sync::Arc;

use super::branch::{Branch, BranchSource};
use super::catalog::{Catalog, Entry};
use super::expansion;
use super::expression_budget::ExpressionBudget;
use super::plan_options::PlanOptions;
use super::union::{self, united};
use crate::bind::{NamedExpr, Relation, Scope, bind};
use crate::error::{FINDINGS_SHOWN_MAX, Finding, Rule};
use crate::expr::Expr;
use crate::expr::function::Session;
use crate::sql::limits::{COLUMNS_MAX, INSERTS_MAX};
use crate::sql::{
    Expression, Factor, FromItem, Item, Name, NamedQuery, QueryBody, Select, TableName, Values,
};
use crate::step::{Expand, Expansion, Step};
use crate::types::LogicalType;

/// What names mean in a query.
pub(super) struct QueryBinder<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) session: &'a Session,
    pub(super) caller: &'a PlanOptions,
    pub(super) budget: &'a ExpressionBudget,
}

/// The queries of WITH that a part of the query sees; the last of a name counts.
type WithQueries = Vec<(String, Arc<[Branch]>)>;

/// What is wrong with a query; empty where a table or view is of no use for a reason that was told.
type Findings = Vec<Finding>;

impl QueryBinder<'_> {
    /// The branches of a query, at least one, with the same columns.
    pub(super) fn query(&self, body: &QueryBody) -> Result<Vec<Branch>, Findings> {
        self.body(body, &Vec::new())
    }

    fn body(&self, body: &QueryBody, with: &WithQueries) -> Result<Vec<Branch>, Findings> {
        match body {
            QueryBody::Table(name) => self.table(name, with),
            QueryBody::Select(select) => self.select(select, with),
            QueryBody::Values(values) => Ok(vec![self.values(values)?]),
            QueryBody::UnionAll(parts) => {
                let parts = parts.iter().map(|part| self.body(part, with)).collect::<Result<Vec<_>, _>>()?;
                if parts.iter().map(Vec::len).sum::<usize>() > INSERTS_MAX {
                    let text = format!("UNION ALL has more than {INSERTS_MAX} parts, views counted through");
                    return Err(vec![Finding::new(Rule::Columns, text)]);
                }
                united(parts, self.session).map_err(|finding| vec![finding])
            }
            QueryBody::With { queries, body } => {
                let mut with = with.clone();
                for NamedQuery { name, columns, body } in queries {
                    let mut branches = self.body(body, &with)?;
                    rename(&mut branches, columns, name)?;
                    with.push((name.text.clone(), branches.into()));
                }
                self.body(body, &with)
            }
        }
    }

    fn table(&self, name: &TableName, with: &WithQueries) -> Result<Vec<Branch>, Findings> {
        if let [name] = &name.path[..]
            && let Some((_, branches)) = with.iter().rev().find(|(it, _)| it == name)
        {
            return Ok(branches.to_vec());
        }
        let table = match self.catalog.find(name) {
            Some(Entry::Table(table)) if name.options.is_empty() => Arc::clone(table),
            Some(Entry::Table(table)) => Arc::new(table.with_hint(&name.options, self.caller)),
            Some(Entry::View(view)) if name.options.is_empty() => return Ok(view.branches.clone()),
            Some(Entry::View(view)) => {
                let text = format!("'{}' is a view, which has no options for a hint to set", view.name);
                return Err(vec![Finding::new(Rule::Table, text).at(name.at)]);
            }
            Some(Entry::Refused) => return Err(Vec::new()),
            None => return Err(vec![self.catalog.absent(name)]),
        };
        if table.is_partial {
            return Err(Vec::new());
        }
        let relation = table.relation(Vec::new(), self.session);
        let columns = relation.map_err(|finding| vec![finding.of(&table.name)])?.columns;
        let width = table.row.len();
        Ok(vec![Branch { source: BranchSource::Table(table), steps: Vec::new(), width, columns }])
    }

    /// Constant rows: one row that becomes several.
    fn values(&self, values: &Values) -> Result<Branch, Findings> {
        let scope = Scope { relations: &[], session: self.session };
        let mut rows: Vec<Vec<Expr>> = Vec::new();
        for row in &values.rows {
            let row = row.iter().map(|cell| bind(&cell.ast, &scope).map_err(|it| vec![it.at(cell.at)]));
            rows.push(row.collect::<Result<_, _>>()?);
        }
        let types = union::row_types(&mut rows, self.session).map_err(|it| vec![it.at(values.at)])?;
        let columns = types
            .into_iter()
            .enumerate()
            .map(|(at, data_type)| NamedExpr { name: unnamed(at).into(), expr: Expr::column(at, data_type) });
        let columns: Vec<NamedExpr> = columns.collect();
        let width = columns.len();
        let rows = Expand { rows: Expansion::Rows(rows), width, is_outer: false };
        Ok(Branch { steps: vec![Step::Expand(rows)], width, columns, ..Branch::once() })
    }

    fn select(&self, select: &Select, with: &WithQueries) -> Result<Vec<Branch>, Findings> {
        let (first, rest) = match select.from.split_first() {
            Some((FromItem { factor: Factor::Rows(body), alias, columns, at: _ }, rest)) => {
                let mut branches = self.body(body, with)?;
                let path = match (alias, body) {
                    (Some(alias), _) => vec![alias.text.clone()],
                    (None, QueryBody::Table(table)) => table.path.clone(),
                    (None, _) => Vec::new(),
                };
                if let Some(alias) = alias {
                    rename(&mut branches, columns, alias)?;
                }
                (branches.into_iter().map(|branch| (branch, path.clone())).collect(), rest)
            }
            _ => (vec![(Branch::once(), Vec::new())], &select.from[..]),
        };
        let mut out: Vec<Branch> = Vec::new();
        for (branch, path) in first {
            out.push(self.select_of(select, rest, branch, path)?);
        }
        Ok(out)
    }

    /// The SELECT over one branch of what stands first in FROM.
    fn select_of(
        &self,
        select: &Select,
        expansions: &[FromItem],
        mut branch: Branch,
        path: Vec<String>,
    ) -> Result<Branch, Findings> {
        let columns = std::mem::take(&mut branch.columns);
        let mut relations = vec![Relation { path, columns }];
        for expansion in expansions {
            let scope = Scope { relations: &relations, session: self.session };
            let (expand, columns) = expansion::bind_expansion(expansion, &scope, branch.width)
                .map_err(|finding| vec![finding.at(expansion.at)])?;
            branch.width += expand.width;
            branch.steps.push(Step::Expand(expand));
            let path = expansion.alias.iter().map(|alias| alias.text.clone()).collect();
            relations.push(Relation { path, columns });
        }
        let scope = Scope { relations: &relations, session: self.session };
        let mut findings = Vec::new();
        if let Some(filter) = &select.filter {
            match self.filter(filter, &scope) {
                Ok(filter) => branch.steps.push(Step::Filter(filter)),
                Err(finding) => findings.push(finding),
            }
        }
        for item in &select.items {
            if findings.len() >= FINDINGS_SHOWN_MAX {
                break;
            }
            match self.item(item, branch.columns.len(), &scope) {
                Ok(columns) => branch.columns.extend(columns),
                Err(finding) => findings.push(finding),
            }
            if branch.columns.len() > COLUMNS_MAX {
                let text = format!("a query has at most {COLUMNS_MAX} columns");
                return Err(vec![Finding::new(Rule::Columns, text).at(select.at)]);
            }
        }
        if findings.is_empty() {
            return Ok(branch);
        }
        if let BranchSource::Table(table) = &branch.source {
            let is_of_table = |finding: &Finding| finding.rule == Rule::NoColumn;
            findings = findings
                .into_iter()
                .map(|it| if is_of_table(&it) { it.of(&table.name) } else { it })
                .collect();
        }
        Err(findings)
    }

    fn filter(&self, filter: &Expression, scope: &Scope<'_>) -> Result<Expr, Finding> {
        let bound = self.expression(filter, scope)?;
        bound.implicitly_cast(&LogicalType::Boolean).map_err(|bound| {
            let text = format!("WHERE takes a condition, which is a BOOLEAN; this is {}", bound.data_type());
            Finding::new(Rule::Type, text).at(filter.at)
        })
    }

    fn expression(&self, expression: &Expression, scope: &Scope<'_>) -> Result<Expr, Finding> {
        self.budget.spend(expression, scope)?;
        let bound = bind(&expression.ast, scope).map_err(|finding| finding.at(expression.at))?;
        self.budget.check(&bound, expression.at)?;
        Ok(bound)
    }

    /// The columns of one item, the first of which is the query's column at `place`.
    fn item(&self, item: &Item, place: usize, scope: &Scope<'_>) -> Result<Vec<NamedExpr>, Finding> {
        match item {
            Item::All { qualifier } if qualifier.is_empty() => {
                Ok(scope.relations.iter().flat_map(|relation| relation.columns.iter().cloned()).collect())
            }
            Item::All { qualifier } => all_of(qualifier, scope),
            Item::Expression { expression, alias } => {
                let name = match alias {
                    Some(alias) => alias.text.clone(),
                    None => expression.column_name().map_or_else(|| unnamed(place), str::to_owned),
                };
                Ok(vec![NamedExpr { name: name.into(), expr: self.expression(expression, scope)? }])
            }
        }
    }
}

/// `t.*`
fn all_of(qualifier: &[Name], scope: &Scope<'_>) -> Result<Vec<NamedExpr>, Finding> {
    let is_meant = |relation: &&Relation| {
        let path = &relation.path;
        qualifier.len() <= path.len()
            && qualifier.iter().rev().zip(path.iter().rev()).all(|(part, name)| part.text == *name)
    };
    if let Some(relation) = scope.relations.iter().find(is_meant) {
        return Ok(relation.columns.clone());
    }
    let written: Vec<&str> = qualifier.iter().map(|part| part.text.as_str()).collect();
    let known: Vec<String> = scope.relations.iter().map(|relation| relation.path.join(".")).collect();
    let text = format!("'{}' is not in FROM; '{}' is", written.join("."), known.join("', '"));
    Err(Finding::new(Rule::Table, text).at(qualifier.first().map(|part| part.at)))
}

/// Gives the columns of a query other names, where there are any.
pub(super) fn rename(branches: &mut [Branch], columns: &[Name], of: &Name) -> Result<(), Findings> {
    if columns.is_empty() {
        return Ok(());
    }
    for branch in branches {
        if branch.columns.len() != columns.len() {
            let (names, count) = (columns.len(), branch.columns.len());
            let text = format!("'{}' names {names} columns, and its query has {count}", of.text);
            return Err(vec![Finding::new(Rule::Columns, text).at(of.at)]);
        }
        for (column, name) in branch.columns.iter_mut().zip(columns) {
            column.name = name.text.as_str().into();
        }
    }
    Ok(())
}

/// What Flink calls a column without a name of its own.
fn unnamed(place: usize) -> String {
    format!("EXPR${place}")
}

#[cfg(test)]
mod tests;
