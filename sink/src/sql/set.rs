//! `SET`, `SET key = value` and `RESET key`, with quotes or without: read from the text, as Flink's client does.

use super::ast::{Show, Statement, WithOption};
use super::lexed::Source;
use super::script::Script;
use crate::error::Error;

/// The statement, if it is one of these.
pub(super) fn parse(script: &Script, source: &Source<'_>) -> Result<Option<Statement>, Error> {
    let text = source.without_comments();
    let body = text.trim_start();
    let word = body.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let is_reset = word.eq_ignore_ascii_case("RESET");
    if !is_reset && !word.eq_ignore_ascii_case("SET") {
        return Ok(None);
    }
    let rest = &body[word.len()..];
    let from = text.len() - rest.trim_start().len();
    let rest = rest.trim();
    let at = source.place(script, &text[..from]);
    let error = |reason: &str| Err(script.error_at(at, reason));
    if rest.is_empty() {
        let shows = Statement::Show(Show::Settings);
        return Ok(Some(if is_reset { Statement::Reset(None) } else { shows }));
    }
    let Some((key, behind)) = key(rest) else {
        return error("expected a setting, such as 'pipeline.name'");
    };
    let behind = behind.trim_start();
    if is_reset {
        return if behind.is_empty() {
            Ok(Some(Statement::Reset(Some(WithOption { key, value: String::new(), at }))))
        } else {
            error("RESET takes one key, and nothing behind it")
        };
    }
    let Some(value) = behind.strip_prefix('=').map(str::trim) else {
        let from = text.trim_end().len() - behind.len();
        let at = source.place(script, &text[..from]);
        return Err(script.error_at(at, "expected '=' behind the setting: SET 'key' = 'value'"));
    };
    match self::value(value) {
        Some(value) => Ok(Some(Statement::Set(WithOption { key, value, at }))),
        None => error("expected one value behind '=', and then ';': SET 'key' = 'value';"),
    }
}

/// The key at the beginning, and what follows it.
fn key(text: &str) -> Option<(String, &str)> {
    if text.starts_with(QUOTES) {
        return quoted(text);
    }
    let end = text.find(|c: char| c.is_whitespace() || c == '=').unwrap_or(text.len());
    (end > 0).then(|| (text[..end].to_owned(), &text[end..]))
}

/// A text in quotes, or everything there is.
fn value(text: &str) -> Option<String> {
    if text.starts_with(QUOTES) {
        return quoted(text).filter(|(_, behind)| behind.trim().is_empty()).map(|(value, _)| value);
    }
    // It ends with its line; more than that would be a statement whose `;` is missing before it.
    (!text.is_empty() && !text.contains(QUOTES) && !text.contains('\n')).then(|| text.to_owned())
}

const QUOTES: [char; 3] = ['\'', '"', '`'];

/// The text in the quotes that `text` begins with, in which a doubled quote is one; and what follows.
fn quoted(text: &str) -> Option<(String, &str)> {
    let quote = text.chars().next()?;
    let mut out = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != quote {
            out.push(c);
        } else if chars.next_if(|(_, next)| *next == quote).is_some() {
            out.push(quote);
        } else {
            return Some((out, &text[at + 1..]));
        }
    }
    None
}
