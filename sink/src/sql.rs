//! Text to statements of our own; nothing above sees the parser's tree.

mod data_type;
mod dialect;
mod query;
mod reserved;
mod script;
mod table;
mod tokens;

use sqlparser::tokenizer::{Token, TokenWithSpan, Tokenizer, Whitespace};

pub use self::script::Script;
use self::tokens::{Tokens, position};
use crate::error::{Error, Finding, Position, Rule};
use crate::types::DataType;

/// A statement, in the words of Flink.
#[derive(Debug)]
pub(crate) enum Statement {
    /// `CREATE TABLE`
    CreateTable(CreateTable),
    /// `SET 'key' = 'value'`
    Set(WithOption),
    /// `INSERT INTO t [(a, b)] query`
    Insert(Insert),
    /// A query whose rows nobody takes.
    Select(Query),
    /// One that we know but cannot do.
    Refused(Finding),
}

/// A name and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name {
    pub(crate) text: String,
    pub(crate) at: Position,
}

/// `CREATE TABLE`
#[derive(Debug)]
pub(crate) struct CreateTable {
    pub(crate) name: Name,
    pub(crate) if_not_exists: bool,
    pub(crate) columns: Vec<Column>,
    /// Every one that is declared: a second one is an error of the plan.
    pub(crate) primary_keys: Vec<PrimaryKey>,
    pub(crate) partitioned_by: Vec<Name>,
    pub(crate) options: Vec<WithOption>,
    /// What is refused of it, besides what the plan finds.
    pub(crate) findings: Vec<Finding>,
}

/// A column of a table.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: Name,
    pub(crate) kind: ColumnKind,
}

/// Where a column's value comes from.
#[derive(Debug)]
pub(crate) enum ColumnKind {
    /// The message's key or value.
    Physical(DataType),
    /// `METADATA [FROM 'key'] [VIRTUAL]`
    Metadata { key: Option<String>, is_virtual: bool },
    /// `AS expression`
    Computed,
}

/// `PRIMARY KEY (a, b) NOT ENFORCED`
#[derive(Debug)]
pub(crate) struct PrimaryKey {
    pub(crate) columns: Vec<Name>,
    pub(crate) is_enforced: bool,
    pub(crate) at: Position,
}

/// A key and a value, in WITH or SET.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct WithOption {
    pub(crate) key: String,
    pub(crate) value: String,
    pub(crate) at: Position,
}

/// `INSERT INTO`
#[derive(Debug)]
pub(crate) struct Insert {
    pub(crate) table: Name,
    /// `(a, b)` behind the table.
    pub(crate) columns: Option<Vec<Name>>,
    pub(crate) query: Query,
}

/// What an INSERT takes its rows from.
#[derive(Debug)]
pub(crate) struct Query {
    /// The tables that it names, where they could be told.
    pub(crate) tables: Vec<Name>,
    /// The query, or why it is more than we can do.
    pub(crate) body: Result<Select, Finding>,
    pub(crate) at: Position,
}

/// `SELECT items FROM table [alias]`
#[derive(Debug)]
pub(crate) struct Select {
    pub(crate) items: Vec<Item>,
    pub(crate) from: Name,
    pub(crate) alias: Option<String>,
}

/// One item behind SELECT.
#[derive(Debug)]
pub(crate) enum Item {
    /// `*` or `t.*`
    All { qualifier: Option<Name> },
    /// `[t.]column [AS alias]`
    Column { qualifier: Option<Name>, column: Name, alias: Option<String> },
}

/// Parses a script of statements, each ended by `;` or the end of the text.
///
/// # Errors
/// With line, column and the line itself, when the text is not SQL.
pub(crate) fn parse(script: &Script) -> Result<Vec<Statement>, Error> {
    let tokens = tokenize(script)?;
    let statements = tokens.split(|token| token.token == Token::SemiColon);
    let statements = statements.filter(|tokens| !tokens.is_empty()).map(<[_]>::to_vec);
    let mut parsed = Vec::new();
    for tokens in statements {
        let statement = statement(&mut Tokens::new(script, tokens))?;
        let is_set = matches!(&statement, Statement::Refused(it) if it.rule == STATEMENT_SET);
        parsed.push(statement);
        // What follows is inside the set and would be refused for the wrong reason.
        if is_set {
            break;
        }
    }
    Ok(parsed)
}

const STATEMENT_SET: Rule = Rule::NotYet("statement-set");

/// Tokens without blanks and comments, placed where the user wrote them; a hint is an error.
fn tokenize(script: &Script) -> Result<Vec<TokenWithSpan>, Error> {
    let tokens = Tokenizer::new(&dialect::Flink, script.text()).tokenize_with_location();
    let tokens = tokens.map_err(|error| {
        script.error_at(script.locate(position(error.location)), &error.message.to_lowercase())
    })?;
    let mut kept = Vec::with_capacity(tokens.len());
    for mut token in tokens {
        for end in [&mut token.span.start, &mut token.span.end] {
            let at = script.locate(position(*end));
            (end.line, end.column) = (at.line, at.column);
        }
        match token.token {
            Token::Whitespace(Whitespace::MultiLineComment(text)) if text.starts_with('+') => {
                return Err(Finding::not_yet("hints", format!("hints are not supported yet: /*{text}*/"))
                    .at(position(token.span.start))
                    .into());
            }
            Token::Whitespace(_) => {}
            _ => kept.push(token),
        }
    }
    Ok(kept)
}

fn statement(tokens: &mut Tokens<'_>) -> Result<Statement, Error> {
    let at = tokens.here();
    let Token::Word(first) = tokens.peek() else {
        return match tokens.peek() {
            Token::LParen => query::query(tokens).map(Statement::Select),
            _ => Err(tokens.expected(STATEMENTS)),
        };
    };
    let first = first.value.to_ascii_uppercase();
    match first.as_str() {
        "CREATE" => create(tokens),
        "SET" => set(tokens).map(Statement::Set),
        "INSERT" => query::insert(tokens),
        "SELECT" | "WITH" | "VALUES" => query::query(tokens).map(Statement::Select),
        "EXECUTE" | "BEGIN" => Ok(Statement::Refused(
            Finding::new(
                STATEMENT_SET,
                "EXECUTE STATEMENT SET is not supported yet: write each INSERT as a statement of its own",
            )
            .at(at),
        )),
        "UPDATE" | "DELETE" => {
            let text = format!(
                "{first} changes rows in place, which a topic cannot: write rows that change by INSERT"
            );
            Ok(Statement::Refused(Finding::new(Rule::Statement, text).at(at)))
        }
        _ => match REFUSED.iter().find(|(word, _)| *word == first) {
            Some((word, feature)) => {
                let text = format!("{word} is not supported yet: a job is CREATE TABLE, SET and INSERT");
                Ok(Statement::Refused(Finding::not_yet(feature, text).at(at)))
            }
            None => Err(tokens.expected(STATEMENTS)),
        },
    }
}

const STATEMENTS: &str = "a statement (CREATE TABLE, SET or INSERT)";

/// Statements of Flink that a job here has no use for, each with its feature.
const REFUSED: &[(&str, &str)] = &[
    ("ADD", "statements"),
    ("ALTER", "statements"),
    ("ANALYZE", "statements"),
    ("CALL", "statements"),
    ("COMPILE", "statements"),
    ("DESC", "statements"),
    ("DESCRIBE", "statements"),
    ("DROP", "statements"),
    ("EXPLAIN", "statements"),
    ("LOAD", "statements"),
    ("RESET", "statements"),
    ("SHOW", "statements"),
    ("STOP", "statements"),
    ("TRUNCATE", "statements"),
    ("UNLOAD", "statements"),
    ("USE", "statements"),
];

fn create(tokens: &mut Tokens<'_>) -> Result<Statement, Error> {
    let at = tokens.here();
    tokens.advance();
    tokens.eat_word("TEMPORARY");
    if tokens.eat_word("TABLE") {
        return table::create_table(tokens).map(Statement::CreateTable);
    }
    match tokens.peek() {
        Token::Word(word) => {
            let text = format!("CREATE {} is not supported yet", word.value.to_ascii_uppercase());
            Ok(Statement::Refused(Finding::not_yet("statements", text).at(at)))
        }
        _ => Err(tokens.expected("TABLE")),
    }
}

/// `SET 'k' = 'v'`
fn set(tokens: &mut Tokens<'_>) -> Result<WithOption, Error> {
    tokens.advance();
    let option = with_option(tokens, "a setting")?;
    tokens.expect_end()?;
    Ok(option)
}

fn with_option(tokens: &mut Tokens<'_>, what: &str) -> Result<WithOption, Error> {
    let (key, at) = tokens.any_string(what)?;
    tokens.expect(&Token::Eq)?;
    let (value, _) = tokens.any_string("a value")?;
    Ok(WithOption { key, value, at })
}

#[cfg(test)]
mod tests;
