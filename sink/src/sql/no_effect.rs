//! Statements of Flink's client that change nothing about a job here, and why.

use super::tokens::Tokens;

/// What is said about such a statement; `None`: it is none.
pub(super) fn sentence(tokens: &Tokens<'_>) -> Option<String> {
    let row = ROWS.iter().find(|(words, _)| {
        words.iter().enumerate().all(|(ahead, word)| super::token::is_word(tokens.peek_at(ahead), word))
    });
    row.map(|(words, why)| format!("{} {why}", words.join(" ")))
}

/// Why making or dropping such a thing changes nothing.
pub(super) fn namespace(kind: &str) -> Option<&'static str> {
    match kind {
        "DATABASE" | "CATALOG" => {
            Some("databases and catalogs are parts of names here, and need not be made")
        }
        _ => None,
    }
}

const JAR: &str = "has no effect: Java classes cannot run here; connectors and formats are built in";
const MODULE: &str = "has no effect: functions are built in";
const SHOWS: &str =
    "shows nothing here: TABLES, VIEWS, FUNCTIONS, COLUMNS FROM and CREATE TABLE can be shown";
const TERMINAL: &str = "is for a terminal and has no effect";

const ROWS: &[(&[&str], &str)] = &[
    (&["ADD", "JAR"], JAR),
    (&["ADD", "JARS"], JAR),
    (&["REMOVE", "JAR"], JAR),
    (&["LOAD", "MODULE"], MODULE),
    (&["UNLOAD", "MODULE"], MODULE),
    (&["SHOW"], SHOWS),
    (&["HELP"], TERMINAL),
    (&["CLEAR"], TERMINAL),
];
