//! One statement by its first words.

use sqlparser::tokenizer::Token;

use super::ast::{CreateView, Drop, Show, Statement, TableName, Use};
use super::token::is_word;
use super::tokens::Tokens;
use super::{no_effect, query, table};
use crate::error::{Error, Finding, Rule};
use crate::options::nearest;

/// The statement that the tokens are.
pub(super) fn statement(tokens: &mut Tokens<'_>) -> Result<Statement, Error> {
    let at = tokens.here();
    let Token::Word(first) = tokens.peek() else {
        return match tokens.peek() {
            Token::LParen => query::query(tokens).map(Statement::Select),
            _ => Err(tokens.expected(STATEMENTS)),
        };
    };
    let first = first.value.to_ascii_uppercase();
    if let Some(shown) = show(tokens)? {
        return Ok(shown);
    }
    match first.as_str() {
        "CREATE" => create(tokens),
        "DROP" => drop(tokens),
        "INSERT" => query::insert(tokens),
        "WITH" if is_before_insert(tokens) => {
            let text = "WITH before INSERT is not supported: write INSERT INTO … WITH … SELECT";
            Ok(refused(Finding::not_yet("with", text).at(at)))
        }
        "SELECT" | "WITH" | "VALUES" => query::query(tokens).map(Statement::Select),
        "TABLE" if matches!(tokens.peek_at(1), Token::Word(_)) => query::query(tokens).map(Statement::Select),
        "DESCRIBE" | "DESC" => {
            tokens.advance();
            tokens.eat_word("EXTENDED");
            last_name(tokens).map(Statement::Describe)
        }
        "USE" => use_names(tokens),
        "UPDATE" | "DELETE" => {
            let text = format!(
                "{first} changes rows in place, which a topic cannot: write rows that change by INSERT"
            );
            Ok(refused(Finding::new(Rule::Statement, text).at(at)))
        }
        _ => match no_effect::sentence(tokens) {
            Some(sentence) => Ok(Statement::NoEffect(sentence)),
            None if REFUSED.contains(&&*first) => {
                let text = format!(
                    "{first} is not supported yet: a job is CREATE TABLE, CREATE VIEW, SET and INSERT"
                );
                Ok(refused(Finding::not_yet("statements", text).at(at)))
            }
            // What looks like no statement may be what a missing quote left of a value.
            None if nearest(&first, FIRST_WORDS).is_some() => Err(tokens.expected(STATEMENTS)),
            None => Err(tokens.expected_in_options(STATEMENTS)),
        },
    }
}

/// Whether an INSERT follows the common table expressions.
fn is_before_insert(tokens: &Tokens<'_>) -> bool {
    let mut depth = 0usize;
    for ahead in 0.. {
        match tokens.peek_at(ahead) {
            Token::EOF => return false,
            Token::LParen => depth += 1,
            Token::RParen => depth = depth.saturating_sub(1),
            token if depth == 0 && is_word(token, "INSERT") => return true,
            _ => {}
        }
    }
    false
}

/// Words that a mistyped one is compared with.
const FIRST_WORDS: [&str; 8] = ["CREATE", "SET", "INSERT", "SELECT", "DROP", "EXECUTE", "BEGIN", "END"];

const STATEMENTS: &str = "a statement such as CREATE TABLE, CREATE VIEW, INSERT, SELECT or SET";

/// What DLI called its tables in Flink 1.7.
const STREAMS: [&str; 3] = ["SOURCE", "SINK", "TEMP"];

/// Statements of Flink that would change a job, and that we do not have.
const REFUSED: [&str; 5] = ["ALTER", "ANALYZE", "CALL", "STOP", "TRUNCATE"];

fn refused(finding: Finding) -> Statement {
    Statement::Refused { findings: vec![finding], declares: None }
}

fn create(tokens: &mut Tokens<'_>) -> Result<Statement, Error> {
    let at = tokens.here();
    tokens.advance();
    tokens.eat_words(&["OR", "REPLACE"]);
    tokens.eat_word("TEMPORARY");
    tokens.eat_word("SYSTEM");
    if tokens.eat_word("TABLE") {
        return table::create_table(tokens).map(Statement::CreateTable);
    }
    if tokens.eat_word("VIEW") {
        return view(tokens);
    }
    if let Some(kind) = STREAMS.into_iter().find(|kind| tokens.eat_words(&[kind, "STREAM"])) {
        let name = tokens.table_name()?;
        let text = format!(
            "CREATE {kind} STREAM is DLI's syntax of Flink 1.7; write CREATE TABLE … WITH ('connector' = 'kafka', …); \
             kafka_certificate_name becomes ssl_auth_name, krb_auth becomes krb_auth_name, each entry of \
             kafka_properties a 'properties.…' option"
        );
        let findings = vec![Finding::not_yet("statements", text).of(&name.path.join(".")).at(at)];
        return Ok(Statement::Refused { findings, declares: Some(name) });
    }
    match tokens.peek() {
        Token::Word(word) => {
            let kind = word.value.to_ascii_uppercase();
            if let Some(why) = no_effect::namespace(&kind) {
                return Ok(Statement::NoEffect(format!("CREATE {kind} has no effect: {why}")));
            }
            let text = format!("CREATE {} is not supported yet", super::token::cut(&kind));
            Ok(refused(
                Finding::not_yet(if kind == "FUNCTION" { "function" } else { "statements" }, text).at(at),
            ))
        }
        _ => Err(tokens.expected("TABLE")),
    }
}

/// After `CREATE VIEW`.
fn view(tokens: &mut Tokens<'_>) -> Result<Statement, Error> {
    let if_not_exists = tokens.eat_words(&["IF", "NOT", "EXISTS"]);
    let name = tokens.table_name()?;
    let columns = if *tokens.peek() == Token::LParen { tokens.names()? } else { Vec::new() };
    if tokens.eat_word("COMMENT") {
        tokens.string("a comment")?;
    }
    tokens.expect_word("AS")?;
    let query = query::query(tokens)?;
    Ok(Statement::CreateView(CreateView { name, if_not_exists, columns, query }))
}

/// After SHOW, where something is shown.
fn show(tokens: &mut Tokens<'_>) -> Result<Option<Statement>, Error> {
    let show = if tokens.eat_words(&["SHOW", "TABLES"]) {
        Show::Tables
    } else if tokens.eat_words(&["SHOW", "VIEWS"]) {
        Show::Views
    } else if tokens.eat_words(&["SHOW", "FUNCTIONS"]) {
        Show::Functions
    } else if tokens.eat_words(&["SHOW", "COLUMNS"]) {
        if !tokens.eat_word("FROM") {
            tokens.expect_word("IN")?;
        }
        return Ok(Some(Statement::Describe(last_name(tokens)?)));
    } else if tokens.eat_words(&["SHOW", "CREATE", "TABLE"]) || tokens.eat_words(&["SHOW", "CREATE", "VIEW"])
    {
        Show::Create(last_name(tokens)?)
    } else {
        return Ok(None);
    };
    tokens.expect_end()?;
    Ok(Some(Statement::Show(show)))
}

fn last_name(tokens: &mut Tokens<'_>) -> Result<TableName, Error> {
    let name = tokens.table_name()?;
    tokens.expect_end()?;
    Ok(name)
}

fn drop(tokens: &mut Tokens<'_>) -> Result<Statement, Error> {
    tokens.advance();
    tokens.eat_word("TEMPORARY");
    tokens.eat_word("SYSTEM");
    let Token::Word(word) = tokens.peek() else { return Err(tokens.expected("TABLE")) };
    let word = word.value.to_ascii_uppercase();
    let Some(kind) = ["TABLE", "VIEW"].into_iter().find(|kind| *kind == word) else {
        let why =
            no_effect::namespace(&word).or((word == "FUNCTION").then_some("no function was made by the job"));
        return match why {
            Some(why) => Ok(Statement::NoEffect(format!("DROP {word} has no effect: {why}"))),
            None => Err(tokens.expected("TABLE or VIEW")),
        };
    };
    tokens.advance();
    let if_exists = tokens.eat_words(&["IF", "EXISTS"]);
    let table = tokens.table_name()?;
    tokens.expect_end()?;
    Ok(Statement::Drop(Drop { table, if_exists, kind }))
}

/// `USE [catalog.]database`, `USE CATALOG catalog`, `USE MODULES m, n`
fn use_names(tokens: &mut Tokens<'_>) -> Result<Statement, Error> {
    tokens.advance();
    if tokens.is_word("MODULES") {
        return Ok(Statement::NoEffect("USE MODULES has no effect: functions are built in".to_owned()));
    }
    if tokens.eat_word("CATALOG") {
        let catalog = Some(tokens.name()?.text);
        tokens.expect_end()?;
        return Ok(Statement::Use(Use { catalog, database: None }));
    }
    let TableName { mut path, at, .. } = tokens.table_name()?;
    tokens.expect_end()?;
    let database = path.pop();
    match &path[..] {
        [] => Ok(Statement::Use(Use { catalog: None, database })),
        [catalog] => Ok(Statement::Use(Use { catalog: Some(catalog.clone()), database })),
        _ => Err(tokens.error_at(at, "USE takes a database, or catalog.database")),
    }
}
