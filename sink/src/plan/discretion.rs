//! Whether a text of SQL holds what must not be kept: a secret, or what may be one.

use crate::options::{HIDDEN, looks_secret, shown};
use crate::sql::{Lexeme, lexemes};

/// Whether a text holds a value that errors and `explain` would hide. Of keys that nobody knows every value is one; and
/// so is a text in quotes that looks like a secret wherever it stands.
pub fn holds_secret(text: &str) -> bool {
    let (lexemes, _) = lexemes(text);
    let is_hidden = |at: usize| {
        let Some((key, value)) = pair(text, &lexemes, at) else { return false };
        shown(key, value) == HIDDEN
    };
    (0..lexemes.len()).any(|at| is_hidden(at) || lexemes[at].is_text() && looks_secret(lexemes[at].text))
}

/// What stands on both sides of a `=` that begins a value: `'key' = 'value'`, or `SET key = value` without quotes.
fn pair<'a>(text: &'a str, lexemes: &[Lexeme<'a>], at: usize) -> Option<(&'a str, &'a str)> {
    if !lexemes[at].is_sign("=") {
        return None;
    }
    let (before, behind) = (lexemes[..at].last()?, lexemes.get(at + 1)?);
    if before.is_text() && behind.is_text() {
        return Some((before.text, behind.text));
    }
    let statement = lexemes[..at].iter().rposition(|it| it.is_sign(";")).map_or(0, |at| at + 1);
    let set = lexemes.get(statement).filter(|it| it.is_word("SET"))?;
    let end = lexemes[at..].iter().find(|it| it.is_sign(";")).map_or(text.len(), |it| it.at);
    let quotes = ['\'', '"', '`'];
    let key = text[set.at + set.text.len()..lexemes[at].at].trim().trim_matches(quotes);
    Some((key, text[lexemes[at].at + 1..end].trim().trim_matches(quotes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_with_a_value_that_is_not_shown_holds_a_secret() {
        for text in [
            "CREATE TABLE t (a INT) WITH ('connector' = 'kafka', 'properties.sasl.jaas.config' = 'hush');",
            "SET 'properties.ssl.key.password' = 'hush';",
            "SET properties.ssl.key.password=hush",
            "SET pipeline.name = a; SET some.token = hush;",
            "CREATE TABLE t (a INT) WITH ('nobody.knows' = 'it",
            "CREATE TABLE t (a INT) WITH ('avro-confluent.url' = 'http://me:hush@host')",
            "SELECT 'password=hush' FROM t",
            "SELECT * FROM t /*+ OPTIONS('properties.ssl.key.password' = 'x') */; \
             CREATE TABLE t (a INT) WITH ('properties.ssl.key.password' = \"x\")",
        ] {
            assert!(holds_secret(text), "{text}");
        }
        for text in [
            "CREATE TABLE t (a INT) WITH ('connector' = 'kafka', 'properties.bootstrap.servers' = 'a:1');",
            "SET 'pipeline.name' = 'orders'; SET pipeline.name = orders;",
            "SELECT a FROM t WHERE a = 1 AND b = 'x'",
            "",
        ] {
            assert!(!holds_secret(text), "{text}");
        }
    }
}
