//! Text to statements of our own; nothing above sees the parser's tree.

mod block;
mod data_type;
mod dialect;
mod excerpt;
pub(crate) mod expression;
mod features;
mod foreign_type;
mod hint;
mod lexed;
mod lexical;
pub mod limits;
mod no_effect;
mod query;
mod reserved;
mod script;
mod set;
mod special_forms;
mod statement;
mod table;
mod tokens;

use std::collections::HashSet;

pub use self::script::Script;
use self::tokens::position;
use crate::error::{Error, ErrorKind, Finding, Position};
use crate::types::DataType;

/// A statement, in the words of Flink.
#[derive(Debug)]
pub(crate) enum Statement {
    /// `CREATE TABLE`
    CreateTable(CreateTable),
    /// `SET 'key' = 'value'`
    Set(WithOption),
    /// `RESET ['key']`; the value is empty.
    Reset(Option<WithOption>),
    /// `DROP TABLE t`, `DROP VIEW v`
    Drop(Drop),
    /// `USE database`, `USE CATALOG c`
    Use(Use),
    /// `INSERT INTO t [(a, b)] query`
    Insert(Insert),
    /// A query whose rows nobody takes.
    Select(Query),
    /// One that changes nothing here, and why.
    NoEffect(String),
    /// One that we know but cannot do, and the table or view that it would have made.
    Refused { findings: Vec<Finding>, declares: Option<TableName> },
}

/// The name of a table as a statement writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TableName {
    /// One to three parts: `[[catalog.]database.]table`.
    pub(crate) path: Vec<String>,
    pub(crate) at: Position,
    /// What a hint behind it sets for this use.
    pub(crate) options: Vec<WithOption>,
}

/// `DROP TABLE [IF EXISTS] t`, and the same of views.
#[derive(Debug)]
pub(crate) struct Drop {
    pub(crate) table: TableName,
    pub(crate) if_exists: bool,
    /// `TABLE` or `VIEW`
    pub(crate) kind: &'static str,
}

/// What names without a catalog or a database mean from here on.
#[derive(Debug)]
pub(crate) struct Use {
    pub(crate) catalog: Option<String>,
    pub(crate) database: Option<String>,
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
    pub(crate) name: TableName,
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
    Metadata { data_type: DataType, key: Option<String>, is_virtual: bool },
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
    pub(crate) table: TableName,
    /// `(a, b)` behind the table.
    pub(crate) columns: Option<Vec<Name>>,
    pub(crate) query: Query,
}

/// What an INSERT takes its rows from.
#[derive(Debug)]
pub(crate) struct Query {
    /// The tables that it names, where they could be told.
    pub(crate) tables: Vec<TableName>,
    /// The names of the columns of a query that is refused, wherever they stand.
    pub(crate) columns: HashSet<String>,
    /// The query, or everything for which it is more than we can do.
    pub(crate) body: Result<Select, Vec<Finding>>,
    pub(crate) at: Position,
}

/// `SELECT items FROM table [alias]`
#[derive(Debug)]
pub(crate) struct Select {
    pub(crate) items: Vec<Item>,
    pub(crate) from: TableName,
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
    // The parser and the walks over its tree recurse. A thread is a stack of a known size, whoever calls.
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(limits::STACK_BYTES);
        let parsing = thread.spawn_scoped(scope, || statements(script));
        let parsing = parsing
            .map_err(|error| Error::caused(ErrorKind::Sql, "the script cannot be parsed now", error))?;
        parsing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn statements(script: &Script) -> Result<Vec<Statement>, Error> {
    let mut parser = block::Parser::new(script);
    for source in lexed::split(script)? {
        parser.take(&source)?;
    }
    parser.finish()
}

/// `'key' = 'value'`
fn with_option(tokens: &mut tokens::Tokens<'_>, what: &str) -> Result<WithOption, Error> {
    let (key, at) = tokens.option_text(what)?;
    if !tokens.eat(&sqlparser::tokenizer::Token::Eq) {
        return Err(tokens.expected_in_options("'='"));
    }
    let (value, _) = tokens.option_text("a value")?;
    Ok(WithOption { key, value, at })
}

#[cfg(test)]
mod tests;
