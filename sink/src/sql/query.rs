//! `INSERT INTO … SELECT …`: the queries we can run, and the name of what makes another one too much.

use sqlparser::ast::{
    Expr, GroupByExpr, Ident, ObjectName, Query as Ast, Select as AstSelect, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, Spanned, TableFactor, TableWithJoins,
};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::reserved::{is_reserved, reserved_word};
use super::table::table_name;
use super::tokens::{Tokens, is_word, position};
use super::{Insert, Item, Name, Query, Select, Statement, dialect};
use crate::error::{Error, Finding, Position, Rule};

/// From INSERT on.
pub(super) fn insert(tokens: &mut Tokens<'_>) -> Result<Statement, Error> {
    let at = tokens.here();
    tokens.advance();
    if tokens.eat_word("OVERWRITE") {
        let text = "INSERT OVERWRITE is not supported: a topic only grows; write INSERT INTO";
        return Ok(Statement::Refused(Finding::new(Rule::Statement, text).at(at)));
    }
    tokens.expect_word("INTO")?;
    let mut findings = Vec::new();
    let table = table_name(tokens, &mut findings)?;
    if tokens.is_word("PARTITION") {
        let text = "INSERT INTO … PARTITION is not supported: a topic has no such partitions";
        return Ok(Statement::Refused(Finding::new(Rule::Statement, text).at(tokens.here())));
    }
    let is_list =
        *tokens.peek() == Token::LParen && !QUERY.iter().any(|word| is_word(tokens.peek_at(1), word));
    let columns = if is_list { Some(tokens.names()?) } else { None };
    let mut query = query(tokens)?;
    if let Some(finding) = findings.pop() {
        query.body = Err(finding);
    }
    Ok(Statement::Insert(Insert { table, columns, query }))
}

const QUERY: [&str; 4] = ["SELECT", "WITH", "VALUES", "TABLE"];

/// A query up to the end of the statement.
pub(super) fn query(tokens: &mut Tokens<'_>) -> Result<Query, Error> {
    let at = tokens.here();
    if tokens.is_at_end() {
        return Err(tokens.expected("SELECT"));
    }
    let mut body = tokens.rest();
    let conflict = on_conflict(&mut body);
    if let Some(finding) = window_function(&body) {
        return Ok(Query { tables: Vec::new(), body: Err(finding), at });
    }
    let ast = parse(tokens, body)?;
    if let Some(ident) = reserved(&ast.body) {
        return Err(tokens.script().error_at(position(ident.span.start), &reserved_word(&ident.value)));
    }
    let body = conflict.map_or_else(|| select(&ast).map_err(|it| it.at(at)), Err);
    Ok(Query { tables: table_names(&ast.body), body, at })
}

fn parse(tokens: &Tokens<'_>, body: Vec<TokenWithSpan>) -> Result<Box<Ast>, Error> {
    let mut parser = Parser::new(&dialect::Flink).with_tokens_with_locations(dialect::types(body));
    let ast = parser.parse_query().map_err(|error| {
        let current = parser.get_current_token().span.start;
        let at = if current.line > 0 { position(current) } else { tokens.here() };
        syntax_error(tokens, &error, at)
    })?;
    let next = parser.peek_token_ref();
    if next.token == Token::EOF {
        return Ok(ast);
    }
    let reason = format!("expected the end of the statement, ';', found '{}'", next.token);
    Err(tokens.script().error_at(position(next.span.start), &reason))
}

/// `TABLE(…)`, which the parser cannot read.
fn window_function(body: &[TokenWithSpan]) -> Option<Finding> {
    let pairs = body.windows(2);
    let mut calls = pairs.filter(|pair| is_word(&pair[0].token, "TABLE") && pair[1].token == Token::LParen);
    calls.next().map(|pair| {
        let text = "window functions are not supported yet: FROM takes the name of one table";
        Finding::not_yet("window", text).at(position(pair[0].span.start))
    })
}

/// Takes `ON CONFLICT DO action` off the end. DEDUPLICATE is what a stateless job does anyway.
fn on_conflict(body: &mut Vec<TokenWithSpan>) -> Option<Finding> {
    let from = body.len().checked_sub(4)?;
    let words = ["ON", "CONFLICT", "DO"];
    if !words.iter().zip(&body[from..]).all(|(word, token)| is_word(&token.token, word)) {
        return None;
    }
    let tail = body.split_off(from);
    let action = tail[3].token.to_string().to_ascii_uppercase();
    (action != "DEDUPLICATE").then(|| {
        let text = format!(
            "ON CONFLICT DO {action} is not supported yet: it needs the state of every key; \
             ON CONFLICT DO DEDUPLICATE is"
        );
        Finding::not_yet("on-conflict", text).at(position(tail[0].span.start))
    })
}

/// `near` is where the parser stood, for errors that do not tell their place.
fn syntax_error(tokens: &Tokens<'_>, error: &ParserError, near: Position) -> Error {
    let text = error.to_string();
    let text = text.trim_start_matches("sql parser error: ");
    // The parser tells the place in its text alone.
    let (reason, place) = text.rsplit_once(" at Line: ").unwrap_or((text, ""));
    let at = place.split_once(", Column: ").and_then(|(line, column)| {
        Some(Position { line: line.parse().ok()?, column: column.trim().parse().ok()? })
    });
    let reason = reason
        .replacen("Expected", "expected", 1)
        .replace("expected:", "expected")
        .replace("found:", "found");
    tokens.script().error_at(at.unwrap_or(near), &reason)
}

/// The whole query, if it is `SELECT columns FROM table`.
fn select(ast: &Ast) -> Result<Select, Finding> {
    let clauses: [(bool, &str, &str); 5] = [
        (ast.with.is_some(), "WITH", "with"),
        (ast.order_by.is_some(), "ORDER BY", "order-by"),
        (ast.limit_clause.is_some() || ast.fetch.is_some(), "LIMIT", "limit"),
        (!ast.locks.is_empty() || ast.for_clause.is_some(), "FOR", "query"),
        (
            ast.settings.is_some() || ast.format_clause.is_some() || !ast.pipe_operators.is_empty(),
            "this",
            "query",
        ),
    ];
    let select = match &*ast.body {
        SetExpr::Select(select) => select,
        SetExpr::Values(_) => return Err(not_yet("values", "VALUES")),
        SetExpr::SetOperation { op, .. } => return Err(not_yet("union", &op.to_string())),
        SetExpr::Query(inner) if clauses.iter().all(|(given, ..)| !given) => return self::select(inner),
        _ => return Err(not_yet("query", "this query")),
    };
    if let Some(finding) = refused_clause(select) {
        let condition = match finding.rule {
            Rule::NotYet("having") => select.having.as_ref(),
            Rule::NotYet("filter") => select.selection.as_ref(),
            _ => None,
        };
        return Err(match condition {
            Some(condition) => at_span(finding, condition),
            None => finding,
        });
    }
    refuse(&clauses)?;
    let (from, alias) = from(&select.from)?;
    let items = select.projection.iter().map(item).collect::<Result<_, _>>()?;
    Ok(Select { items, from, alias })
}

fn refused_clause(select: &AstSelect) -> Option<Finding> {
    let grouped = match &select.group_by {
        GroupByExpr::Expressions(expressions, modifiers) => !expressions.is_empty() || !modifiers.is_empty(),
        GroupByExpr::All(_) => true,
    };
    let other = select.top.is_some()
        || select.exclude.is_some()
        || select.into.is_some()
        || select.prewhere.is_some()
        || select.qualify.is_some()
        || select.value_table_mode.is_some()
        || !(select.lateral_views.is_empty() && select.connect_by.is_empty() && select.cluster_by.is_empty())
        || !(select.distribute_by.is_empty() && select.sort_by.is_empty());
    refuse(&[
        (grouped, "GROUP BY", "group-by"),
        (select.having.is_some(), "HAVING", "having"),
        (select.selection.is_some(), "WHERE", "filter"),
        (select.distinct.is_some(), "DISTINCT", "distinct"),
        (!select.named_window.is_empty(), "WINDOW", "window"),
        (other, "this query", "query"),
    ])
    .err()
}

fn refuse(clauses: &[(bool, &str, &'static str)]) -> Result<(), Finding> {
    match clauses.iter().find(|(given, ..)| *given) {
        Some((_, words, feature)) => Err(not_yet(feature, words)),
        None => Ok(()),
    }
}

fn not_yet(feature: &'static str, words: &str) -> Finding {
    Finding::not_yet(
        feature,
        format!("{words} is not supported yet: a query is SELECT columns FROM one table"),
    )
}

fn from(from: &[TableWithJoins]) -> Result<(Name, Option<String>), Finding> {
    let [table] = from else {
        let words = if from.is_empty() { "SELECT without FROM" } else { "a join" };
        return Err(not_yet(if from.is_empty() { "values" } else { "join" }, words));
    };
    if !table.joins.is_empty() {
        return Err(not_yet("join", "JOIN"));
    }
    match &table.relation {
        TableFactor::Table { name, alias, args: None, with_hints, version: None, sample: None, .. }
            if with_hints.is_empty() =>
        {
            let alias = alias.as_ref();
            if alias.is_some_and(|alias| !alias.columns.is_empty()) {
                return Err(not_yet("query", "an alias with columns"));
            }
            Ok((object_name(name)?, alias.map(|alias| alias.name.value.clone())))
        }
        TableFactor::Table { version: Some(_), .. } => Err(not_yet("join", "FOR SYSTEM_TIME AS OF")),
        TableFactor::Derived { .. } => Err(not_yet("subquery", "a query in FROM")),
        _ => Err(not_yet("query", "this FROM")),
    }
}

fn object_name(name: &ObjectName) -> Result<Name, Finding> {
    let parts: Vec<&Ident> = name.0.iter().filter_map(|part| part.as_ident()).collect();
    let texts: Vec<&str> = parts.iter().map(|part| part.value.as_str()).collect();
    match (&texts[..], parts.last()) {
        ([_] | ["default_database", _] | ["default_catalog", "default_database", _], Some(last)) => {
            Ok(self::name(last))
        }
        _ => {
            Err(Finding::not_yet("catalogs", format!("{name}: catalogs and databases are not supported yet")))
        }
    }
}

fn item(item: &SelectItem) -> Result<Item, Finding> {
    match item {
        SelectItem::Wildcard(options) if options.to_string().is_empty() => Ok(Item::All { qualifier: None }),
        SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options)
            if options.to_string().is_empty() && name.0.len() == 1 =>
        {
            Ok(Item::All { qualifier: Some(object_name(name)?) })
        }
        SelectItem::UnnamedExpr(expr) => column(expr, None),
        SelectItem::ExprWithAlias { expr, alias } => column(expr, Some(alias.value.clone())),
        other => Err(at_span(not_yet("query", &format!("'{other}'")), other)),
    }
}

fn column(expr: &Expr, alias: Option<String>) -> Result<Item, Finding> {
    match expr {
        Expr::Identifier(ident) => Ok(Item::Column { qualifier: None, column: name(ident), alias }),
        Expr::CompoundIdentifier(path) => match &path[..] {
            [table, ident] => Ok(Item::Column { qualifier: Some(name(table)), column: name(ident), alias }),
            _ => Err(at_span(not_yet("nested-field", "a field of a column"), expr)),
        },
        Expr::Nested(inner) => column(inner, alias),
        _ => {
            let (feature, words) = richness(expr);
            Err(at_span(not_yet(feature, &words), expr))
        }
    }
}

/// What makes an expression more than a column: the feature, and its name for people.
fn richness(expr: &Expr) -> (&'static str, String) {
    match expr {
        Expr::Cast { .. } => ("cast", "CAST".to_owned()),
        Expr::Case { .. } => ("case", "CASE".to_owned()),
        Expr::Value(_) | Expr::TypedString { .. } | Expr::Interval(_) => {
            ("literal", format!("the literal {expr}"))
        }
        Expr::Function(function) if function.over.is_some() => ("window", format!("{} OVER", function.name)),
        Expr::Function(function) => ("function", format!("the function {}", function.name)),
        Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => {
            ("subquery", "a query inside a query".to_owned())
        }
        _ => ("expression", format!("the expression {expr}")),
    }
}

fn at_span(finding: Finding, node: &impl Spanned) -> Finding {
    let start = node.span().start;
    finding.at((start.line > 0).then(|| position(start)))
}

fn name(ident: &Ident) -> Name {
    Name { text: ident.value.clone(), at: position(ident.span.start) }
}

/// A name behind SELECT that Flink would take for a word of its own.
fn reserved(body: &SetExpr) -> Option<&Ident> {
    let SetExpr::Select(select) = body else { return None };
    let names = select.projection.iter().flat_map(|item| match item {
        SelectItem::UnnamedExpr(expr) => idents(expr).iter().collect::<Vec<_>>(),
        SelectItem::ExprWithAlias { expr, alias } => idents(expr).iter().chain([alias]).collect(),
        _ => Vec::new(),
    });
    names.into_iter().find(|ident| ident.quote_style.is_none() && is_reserved(&ident.value))
}

fn idents(expr: &Expr) -> &[Ident] {
    match expr {
        Expr::Identifier(ident) => std::slice::from_ref(ident),
        Expr::CompoundIdentifier(path) => path,
        _ => &[],
    }
}

/// The tables of a query that are named outright; it may have more.
fn table_names(body: &SetExpr) -> Vec<Name> {
    match body {
        SetExpr::Select(select) => {
            let joined = select.from.iter().flat_map(|it| {
                std::iter::once(&it.relation).chain(it.joins.iter().map(|join| &join.relation))
            });
            joined.flat_map(factor_names).collect()
        }
        SetExpr::SetOperation { left, right, .. } => {
            table_names(left).into_iter().chain(table_names(right)).collect()
        }
        SetExpr::Query(query) => table_names(&query.body),
        _ => Vec::new(),
    }
}

fn factor_names(factor: &TableFactor) -> Vec<Name> {
    match factor {
        TableFactor::Table { name, args: None, .. } => object_name(name).into_iter().collect(),
        TableFactor::Derived { subquery, .. } => table_names(&subquery.body),
        _ => Vec::new(),
    }
}
