//! The parser's tree of a query as a [`QueryBody`] of ours.

use std::sync::Arc;

use sqlparser::ast::{
    Expr, Function, FunctionArg, FunctionArgExpr, FunctionArguments, JoinOperator, Query as Ast,
    Select as AstSelect, SelectItem, SelectItemQualifiedWildcardKind, SetExpr, Spanned, TableAlias,
    TableFactor, Values as AstValues,
};

use super::ast::{
    Expression, Factor, FromItem, Item, Name, NamedQuery, QueryBody, Select, TableName, Values,
};
use super::names::{name, object_path, place};
use super::token::cut;
use crate::error::{Finding, Position};

/// Reads a query in which nothing is refused: see `features`.
pub(super) struct Converter<'a> {
    /// Where the statement's query begins, for what the parser gives no place.
    at: Position,
    /// The tables of the query, with the options of their hints.
    tables: &'a [TableName],
}

impl<'a> Converter<'a> {
    pub(super) fn new(at: Position, tables: &'a [TableName]) -> Self {
        Self { at, tables }
    }

    pub(super) fn query(&self, ast: &Ast) -> Result<QueryBody, Finding> {
        let body = self.body(&ast.body)?;
        let Some(with) = &ast.with else { return Ok(body) };
        let queries = with.cte_tables.iter().map(|cte| {
            let (name, columns) = alias(&cte.alias);
            Ok(NamedQuery { name, columns, body: self.query(&cte.query)? })
        });
        Ok(QueryBody::With { queries: queries.collect::<Result<_, Finding>>()?, body: Box::new(body) })
    }

    fn body(&self, body: &SetExpr) -> Result<QueryBody, Finding> {
        match body {
            SetExpr::Select(select) => Ok(QueryBody::Select(Arc::new(self.select(select)?))),
            SetExpr::Query(query) => self.query(query),
            SetExpr::Values(values) => self.values(values),
            SetExpr::Table(table) => {
                let path = table.schema_name.iter().chain(&table.table_name).cloned().collect();
                Ok(QueryBody::Table(TableName { path, at: self.at, options: Vec::new() }))
            }
            SetExpr::SetOperation { left, right, .. } => {
                let mut parts = Vec::new();
                for part in [self.body(left)?, self.body(right)?] {
                    match part {
                        QueryBody::UnionAll(inner) => parts.extend(inner),
                        other => parts.push(other),
                    }
                }
                Ok(QueryBody::UnionAll(parts))
            }
            other => Err(self.unknown("this query", other)),
        }
    }

    fn values(&self, values: &AstValues) -> Result<QueryBody, Finding> {
        let rows = values.rows.iter().map(|row| row.content.iter().flat_map(|it| self.cells(it)).collect());
        let rows: Vec<Vec<Expression>> = rows.collect();
        let at = rows.iter().flatten().map(|it| it.at).next().unwrap_or(self.at);
        Ok(QueryBody::Values(Arc::new(Values { rows, at })))
    }

    /// In VALUES, `ROW(a, b)` stands for `(a, b)`.
    fn cells(&self, expr: &Expr) -> Vec<Expression> {
        match expr {
            Expr::Function(function) if function.name.to_string().eq_ignore_ascii_case("ROW") => {
                arguments(function).map_or_else(
                    || vec![self.expression(expr)],
                    |arguments| arguments.iter().map(|it| self.expression(it)).collect(),
                )
            }
            Expr::Tuple(items) => items.iter().map(|it| self.expression(it)).collect(),
            _ => vec![self.expression(expr)],
        }
    }

    fn select(&self, select: &AstSelect) -> Result<Select, Finding> {
        let mut from = Vec::new();
        for part in &select.from {
            from.push(self.factor(&part.relation, false)?);
            for join in &part.joins {
                let is_outer =
                    matches!(join.join_operator, JoinOperator::Left(_) | JoinOperator::LeftOuter(_));
                from.push(self.factor(&join.relation, is_outer)?);
            }
        }
        let items = select.projection.iter().map(|it| self.item(it));
        Ok(Select {
            items: items.collect::<Result<_, _>>()?,
            from,
            filter: select.selection.as_ref().map(|it| self.expression(it)),
            at: place(select).unwrap_or(self.at),
        })
    }

    fn factor(&self, factor: &TableFactor, is_outer: bool) -> Result<FromItem, Finding> {
        let (factor, alias) = match factor {
            TableFactor::Table { name, alias: given, .. } => {
                let (path, at, _) =
                    object_path(name).ok_or_else(|| self.unknown("a name of so many parts", name))?;
                let options = self.tables.iter().find(|table| table.at == at);
                let options = options.map(|table| table.options.clone()).unwrap_or_default();
                (Factor::Rows(QueryBody::Table(TableName { path, at, options })), given)
            }
            TableFactor::Derived { subquery, alias: given, .. } => {
                (Factor::Rows(self.query(subquery)?), given)
            }
            TableFactor::UNNEST { alias: given, array_exprs, with_ordinality, .. } => {
                let [collection] = &array_exprs[..] else {
                    return Err(self.unknown("UNNEST of more than one array", factor));
                };
                let (collection, with_ordinality) = (self.expression(collection), *with_ordinality);
                (Factor::Unnest { collection, is_outer, with_ordinality }, given)
            }
            TableFactor::Function { name, args, alias: given, .. }
                if name.to_string().eq_ignore_ascii_case("TABLE") =>
            {
                let [FunctionArg::Unnamed(FunctionArgExpr::Expr(Expr::Function(call)))] = &args[..] else {
                    return Err(self.unknown("this FROM", factor));
                };
                (self.function(call, is_outer)?, given)
            }
            TableFactor::TableFunction { expr: Expr::Function(call), alias: given } => {
                (self.function(call, is_outer)?, given)
            }
            other => return Err(self.unknown("this FROM", other)),
        };
        let at = match &factor {
            Factor::Rows(QueryBody::Table(table)) => table.at,
            Factor::Unnest { collection, .. } => collection.at,
            _ => self.at,
        };
        let (alias, columns) = alias.as_ref().map(self::alias).unzip();
        Ok(FromItem { factor, alias, columns: columns.unwrap_or_default(), at })
    }

    /// The call of a table function.
    fn function(&self, call: &Function, is_outer: bool) -> Result<Factor, Finding> {
        let arguments = arguments(call).ok_or_else(|| self.unknown("such an argument", call))?;
        Ok(Factor::Function {
            name: call.name.to_string().to_ascii_uppercase(),
            arguments: arguments.into_iter().map(|it| self.expression(it)).collect(),
            is_outer,
        })
    }

    fn item(&self, item: &SelectItem) -> Result<Item, Finding> {
        match item {
            SelectItem::Wildcard(options) if options.to_string().is_empty() => {
                Ok(Item::All { qualifier: Vec::new() })
            }
            SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(path), options)
                if options.to_string().is_empty() =>
            {
                let qualifier: Vec<Name> =
                    path.0.iter().filter_map(|part| part.as_ident()).map(name).collect();
                Ok(Item::All { qualifier })
            }
            SelectItem::UnnamedExpr(expr) => {
                Ok(Item::Expression { expression: self.expression(expr), alias: None })
            }
            SelectItem::ExprWithAlias { expr, alias } => {
                Ok(Item::Expression { expression: self.expression(expr), alias: Some(name(alias)) })
            }
            other => Err(self.unknown(&format!("'{}'", cut(&other.to_string())), other)),
        }
    }

    fn expression(&self, expr: &Expr) -> Expression {
        Expression { at: place(expr).unwrap_or(self.at), ast: Arc::new(expr.clone()) }
    }

    fn unknown(&self, words: &str, node: &impl Spanned) -> Finding {
        let text = format!("{words} is not supported yet");
        Finding::not_yet("query", text).at(place(node).unwrap_or(self.at))
    }
}

/// The arguments of a call that has nothing but plain ones.
fn arguments(call: &Function) -> Option<Vec<&Expr>> {
    let FunctionArguments::List(list) = &call.args else { return None };
    let each = list.args.iter().map(|argument| match argument {
        FunctionArg::Unnamed(FunctionArgExpr::Expr(expr)) => Some(expr),
        _ => None,
    });
    each.collect()
}

fn alias(alias: &TableAlias) -> (Name, Vec<Name>) {
    (name(&alias.name), alias.columns.iter().map(|column| name(&column.name)).collect())
}
