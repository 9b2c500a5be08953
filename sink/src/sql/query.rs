//! `INSERT INTO … SELECT …`: the queries we can run, and the name of what makes another one too much.

use std::collections::HashSet;

use sqlparser::ast::{
    Expr, GroupByExpr, Ident, ObjectName, Query as Ast, Select as AstSelect, SelectItem,
    SelectItemQualifiedWildcardKind, SetExpr, Spanned, TableFactor, TableWithJoins,
};
use sqlparser::parser::{Parser, ParserError};
use sqlparser::tokenizer::{Token, TokenWithSpan};

use super::features::{self, Features};
use super::limits::{self, COLUMNS_MAX, DEPTH_MAX};
use super::reserved::{is_reserved, reserved_word};
use super::tokens::{Tokens, cut, is_word, position};
use super::{Insert, Item, Name, Query, Select, Statement, TableName, dialect};
use crate::error::{Error, Finding, Position, Rule};

/// From INSERT on.
pub(super) fn insert(tokens: &mut Tokens<'_>) -> Result<Statement, Error> {
    let at = tokens.here();
    tokens.advance();
    let refused = |text: &str, at: Position| {
        let findings = vec![Finding::new(Rule::Statement, text).at(at)];
        Ok(Statement::Refused { findings, declares: None })
    };
    if tokens.eat_word("OVERWRITE") {
        return refused("INSERT OVERWRITE is not supported: a topic only grows; write INSERT INTO", at);
    }
    tokens.expect_word("INTO")?;
    let table = tokens.table_name()?;
    if tokens.is_word("PARTITION") {
        let text = "INSERT INTO … PARTITION is not supported: a topic has no such partitions";
        return refused(text, tokens.here());
    }
    let is_list =
        *tokens.peek() == Token::LParen && !QUERY.iter().any(|word| is_word(tokens.peek_at(1), word));
    let columns = if is_list { Some(tokens.names()?) } else { None };
    let query = query(tokens)?;
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
    limits::check(tokens, &body)?;
    let conflict = on_conflict(&mut body);
    let window = window_function(&mut body);
    let ast = parse(tokens, body)?;
    if let SetExpr::Select(select) = &*ast.body
        && select.projection.len() > COLUMNS_MAX
    {
        return Err(tokens.script().error_at(at, &format!("a query has at most {COLUMNS_MAX} columns")));
    }
    if let Some(ident) = reserved(&ast.body) {
        return Err(tokens.script().error_at(position(ident.span.start), &reserved_word(&ident.value)));
    }
    let features = Features::of(&ast);
    let tables = features.tables(|last| tokens.hint_behind(Some(last)));
    let mut body = match conflict.or(window) {
        Some(finding) => Err(vec![finding]),
        None => select(&ast).map_err(|it| vec![it]),
    };
    match &mut body {
        Ok(select) => select.from = with_hint(&tables, &select.from),
        Err(findings) => complete(findings, features.findings(), at),
    }
    let columns = if body.is_ok() { HashSet::new() } else { features.columns() };
    Ok(Query { tables, columns, body, at })
}

/// The table of FROM, with the options of its hint.
fn with_hint(tables: &[TableName], from: &TableName) -> TableName {
    tables.iter().find(|table| table.at == from.at).unwrap_or(from).clone()
}

/// Behind the reason that was found first, all others.
fn complete(findings: &mut Vec<Finding>, all: Vec<Finding>, at: Position) {
    let first = findings.first().map(|it| it.rule);
    for other in all {
        match findings.first_mut() {
            Some(it) if Some(other.rule) == first => {
                // Of functions the other tells all.
                if [Rule::NotYet("function"), Rule::NotYet("aggregate")].contains(&other.rule) {
                    it.text = other.text;
                }
            }
            _ => {
                // Said once, it need not be said of each.
                let text = other.text.strip_suffix(ONE_TABLE).unwrap_or(&other.text).to_owned();
                findings.push(Finding { text, ..other });
            }
        }
    }
    findings.iter_mut().for_each(|it| it.at = it.at.or(Some(at)));
}

fn parse(tokens: &Tokens<'_>, body: Vec<TokenWithSpan>) -> Result<Box<Ast>, Error> {
    // Above the depth that was checked, so that the check's sentence is the one that is said.
    let mut parser =
        Parser::new(&dialect::Flink).with_recursion_limit(DEPTH_MAX + 10).with_tokens_with_locations(body);
    let ast = parser.parse_query().map_err(|error| {
        let current = parser.get_current_token().span.start;
        let at = if current.line > 0 { position(current) } else { tokens.here() };
        syntax_error(tokens, &parser, &error, at)
    })?;
    let next = parser.peek_token_ref();
    if next.token == Token::EOF {
        return Ok(ast);
    }
    let at = position(next.span.start);
    let reason =
        format!("expected the end of the statement, ';', found {}", tokens.described(&next.token, at));
    Err(tokens.script().error_at(at, &reason))
}

/// `TABLE(TUMBLE(TABLE t, …))`, which the parser cannot read: `t` takes its place.
fn window_function(body: &mut Vec<TokenWithSpan>) -> Option<Finding> {
    let mut found = None;
    while let Some(from) =
        body.windows(2).position(|pair| is_word(&pair[0].token, "TABLE") && pair[1].token == Token::LParen)
    {
        let (to, mut name) = table_inside(&body[from..]);
        let text = "window functions are not supported yet: FROM takes the name of one table";
        found.get_or_insert(Finding::not_yet("window", text).at(position(body[from].span.start)));
        if name.is_empty() {
            let token = Token::Word(sqlparser::tokenizer::Word {
                value: NO_TABLE.to_owned(),
                quote_style: Some('`'),
                keyword: sqlparser::keywords::Keyword::NoKeyword,
            });
            name.push(TokenWithSpan { token, span: body[from].span });
        }
        let is_lateral = from > 0 && is_word(&body[from - 1].token, "LATERAL");
        body.splice(from - usize::from(is_lateral)..from + to, name);
    }
    found
}

/// Stands where a function gives a table that has no name.
pub(super) const NO_TABLE: &str = "";

/// How many tokens `TABLE(…)` has, and the name behind the TABLE inside.
fn table_inside(body: &[TokenWithSpan]) -> (usize, Vec<TokenWithSpan>) {
    let mut depth = 0_usize;
    let mut name: Vec<TokenWithSpan> = Vec::new();
    let mut in_name = false;
    for (at, token) in body.iter().enumerate().skip(1) {
        match &token.token {
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            _ => {}
        }
        in_name = match &token.token {
            it if is_word(it, "TABLE") && name.is_empty() => true,
            Token::Word(_) | Token::Period if in_name => {
                name.push(token.clone());
                true
            }
            _ => false,
        };
        if depth == 0 {
            return (at + 1, name);
        }
    }
    (body.len(), name)
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
fn syntax_error(tokens: &Tokens<'_>, parser: &Parser<'_>, error: &ParserError, near: Position) -> Error {
    if matches!(error, ParserError::RecursionLimitExceeded) {
        let reason = format!("this nests deeper than {DEPTH_MAX} levels, which is the most");
        return tokens.script().error_at(near, &reason);
    }
    let text = error.to_string();
    let text = text.trim_start_matches("sql parser error: ");
    // The parser tells the place in its text alone.
    let (reason, place) = text.rsplit_once(" at Line: ").unwrap_or((text, ""));
    let at = place.split_once(", Column: ").and_then(|(line, column)| {
        Some(Position { line: line.parse().ok()?, column: column.trim().parse().ok()? })
    });
    let at = at.unwrap_or(near);
    let expected = reason.split_once(", found: ").map(|(expected, _)| expected);
    let found = [parser.get_current_token(), parser.peek_token_ref()].into_iter();
    let found = found.filter(|token| position(token.span.start) == at).map(|token| &token.token).next();
    let reason = match (expected, found) {
        // What was found may be a secret: it is told as the tokens tell it.
        (Some(expected), Some(token)) => format!("{expected}, found {}", tokens.described(token, at)),
        (Some(expected), None) => expected.to_owned(),
        (None, _) => reason.split(['\'', '"']).next().unwrap_or_default().trim().to_owned(),
    };
    let reason = reason.replacen("Expected", "expected", 1).replace("expected:", "expected");
    tokens.script().error_at(at, &reason)
}

/// The whole query, if it is `SELECT columns FROM table`.
fn select(ast: &Ast) -> Result<Select, Finding> {
    let clauses = clauses(ast);
    let select = match &*ast.body {
        SetExpr::Select(select) => select,
        SetExpr::Values(_) => return Err(not_yet("values", "VALUES")),
        SetExpr::SetOperation { op, .. } => return Err(not_yet("union", &op.to_string())),
        SetExpr::Query(inner) if clauses.iter().all(|(given, ..)| !given) => return self::select(inner),
        _ => return Err(not_yet("query", "this query")),
    };
    if let Err(finding) = refuse(&refused_clauses(select)) {
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
    let items = select.projection.iter().map(|it| item(it, &from, alias.is_some()));
    let items = items.collect::<Result<_, _>>()?;
    Ok(Select { items, from, alias })
}

/// What stands around a query's body: whether it is given, how it is called, its feature.
pub(super) fn clauses(ast: &Ast) -> [(bool, &'static str, &'static str); 5] {
    [
        (ast.with.is_some(), "WITH", "with"),
        (ast.order_by.is_some(), "ORDER BY", "order-by"),
        (ast.limit_clause.is_some() || ast.fetch.is_some(), "LIMIT", "limit"),
        (!ast.locks.is_empty() || ast.for_clause.is_some(), "FOR", "query"),
        (
            ast.settings.is_some() || ast.format_clause.is_some() || !ast.pipe_operators.is_empty(),
            "this",
            "query",
        ),
    ]
}

/// The same of a SELECT.
pub(super) fn refused_clauses(select: &AstSelect) -> [(bool, &'static str, &'static str); 6] {
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
    [
        (grouped, "GROUP BY", "group-by"),
        (select.having.is_some(), "HAVING", "having"),
        (select.selection.is_some(), "WHERE", "filter"),
        (select.distinct.is_some(), "DISTINCT", "distinct"),
        (!select.named_window.is_empty(), "WINDOW", "window"),
        (other, "this query", "query"),
    ]
}

fn refuse(clauses: &[(bool, &'static str, &'static str)]) -> Result<(), Finding> {
    match clauses.iter().find(|(given, ..)| *given) {
        Some((_, words, feature)) => Err(not_yet(feature, words)),
        None => Ok(()),
    }
}

pub(super) fn not_yet(feature: &'static str, words: &str) -> Finding {
    Finding::not_yet(feature, format!("{words} is not supported yet{ONE_TABLE}"))
}

/// What a query is here.
pub(super) const ONE_TABLE: &str = ": a query is SELECT columns FROM one table";

fn from(from: &[TableWithJoins]) -> Result<(TableName, Option<String>), Finding> {
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
            let (path, at, _) = object_path(name).ok_or_else(|| not_yet("query", "this FROM"))?;
            let table = TableName { path, at, options: Vec::new() };
            Ok((table, alias.map(|alias| alias.name.value.clone())))
        }
        TableFactor::Table { version: Some(_), .. } => Err(not_yet("join", "FOR SYSTEM_TIME AS OF")),
        TableFactor::Derived { .. } => Err(not_yet("subquery", "a query in FROM")),
        _ => Err(not_yet("query", "this FROM")),
    }
}

/// The parts of a name, where it begins, and where its last part does.
pub(super) fn object_path(name: &ObjectName) -> Option<(Vec<String>, Position, Position)> {
    let parts: Option<Vec<&Ident>> = name.0.iter().map(|part| part.as_ident()).collect();
    let parts = parts.filter(|parts| parts.len() <= 3)?;
    let (first, last) = (parts.first()?, parts.last()?);
    let path = parts.iter().map(|part| part.value.clone()).collect();
    Some((path, position(first.span.start), position(last.span.start)))
}

fn item(item: &SelectItem, from: &TableName, has_alias: bool) -> Result<Item, Finding> {
    match item {
        SelectItem::Wildcard(options) if options.to_string().is_empty() => Ok(Item::All { qualifier: None }),
        SelectItem::QualifiedWildcard(SelectItemQualifiedWildcardKind::ObjectName(name), options)
            if options.to_string().is_empty() =>
        {
            let parts: Vec<&Ident> = name.0.iter().filter_map(|part| part.as_ident()).collect();
            match qualifier(&parts, from, has_alias) {
                Some(table) => Ok(Item::All { qualifier: Some(table) }),
                None => Err(at_span(not_yet("query", &format!("'{}'", cut(&item.to_string()))), item)),
            }
        }
        SelectItem::UnnamedExpr(expr) => column(expr, None, from, has_alias),
        SelectItem::ExprWithAlias { expr, alias } => column(expr, Some(alias.value.clone()), from, has_alias),
        other => Err(at_span(not_yet("query", &format!("'{}'", cut(&other.to_string()))), other)),
    }
}

fn column(expr: &Expr, alias: Option<String>, from: &TableName, has_alias: bool) -> Result<Item, Finding> {
    match expr {
        Expr::Identifier(ident) => Ok(Item::Column { qualifier: None, column: name(ident), alias }),
        Expr::CompoundIdentifier(path) => {
            let (ident, table) = path.split_last().map_or((None, &[][..]), |(last, rest)| (Some(last), rest));
            let table: Vec<&Ident> = table.iter().collect();
            match (ident, qualifier(&table, from, has_alias)) {
                (Some(ident), Some(table)) => {
                    Ok(Item::Column { qualifier: Some(table), column: name(ident), alias })
                }
                _ => Err(at_span(not_yet("nested-field", "a field of a column"), expr)),
            }
        }
        Expr::Nested(inner) => column(inner, alias, from, has_alias),
        _ => {
            let (feature, words) = richness(expr);
            Err(at_span(not_yet(feature, &words), expr))
        }
    }
}

/// The table before a column: one name, or the path of the table in FROM as it is written there.
fn qualifier(parts: &[&Ident], from: &TableName, has_alias: bool) -> Option<Name> {
    let last = parts.last()?;
    let is_path = !has_alias
        && parts.len() <= from.path.len()
        && parts.iter().rev().zip(from.path.iter().rev()).all(|(part, name)| part.value == *name);
    (parts.len() == 1 || is_path).then(|| name(last))
}

/// What makes an expression more than a column: the feature, and its name for people.
pub(super) fn richness(expr: &Expr) -> (&'static str, String) {
    match expr {
        Expr::Cast { .. } => ("cast", "CAST".to_owned()),
        Expr::Case { .. } => ("case", "CASE".to_owned()),
        Expr::Value(_) | Expr::TypedString { .. } | Expr::Interval(_) => {
            ("literal", format!("the literal {}", cut(&expr.to_string())))
        }
        Expr::Function(function) if function.over.is_some() => {
            ("window", format!("{} OVER", cut(&function.name.to_string())))
        }
        Expr::Function(function) => features::kind(&function.name.to_string()),
        Expr::Subquery(_) | Expr::Exists { .. } | Expr::InSubquery { .. } => {
            ("subquery", "a query inside a query".to_owned())
        }
        Expr::CompoundFieldAccess { .. } | Expr::JsonAccess { .. } => {
            ("nested-field", "a field of a column".to_owned())
        }
        _ => match features::special_function(expr) {
            Some(name) => features::kind(name),
            None => ("expression", format!("the expression {}", cut(&expr.to_string()))),
        },
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
