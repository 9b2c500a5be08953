//! The text of a job: `${NAME}` filled in, and every place still told as the user wrote it.

use std::fmt::Write;

use super::excerpt::excerpt;
use super::lexical::{Lexer, Region};
use super::limits::SCRIPT_BYTES_MAX;
use crate::error::{Error, ErrorKind, Position, shortened};

/// A script of statements, ready to be parsed.
#[derive(Clone, Debug)]
pub struct Script {
    text: String,
    /// What the user wrote; `None` where nothing was filled in.
    original: Option<String>,
    /// In the order of the text.
    edits: Vec<Edit>,
}

/// A placeholder and what took its place: where each begins and ends.
#[derive(Clone, Copy, Debug)]
struct Edit {
    from: Position,
    from_end: Position,
    to: Position,
    to_end: Position,
}

impl Script {
    /// Fills in `${NAME}` and `${NAME:-default}`, except in comments.
    ///
    /// # Errors
    /// A name that `lookup` does not know and that has no default; a placeholder that is never closed; more text than
    /// [`SCRIPT_BYTES_MAX`].
    pub fn substitute(text: &str, lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let text = text.trim_start_matches(BYTE_ORDER_MARK);
        let mut out = String::with_capacity(text.len().min(SCRIPT_BYTES_MAX));
        let mut edits = Vec::new();
        let mut lexer = Lexer::default();
        let (mut from, mut to) = (Position::START, Position::START);
        let mut rest = text;
        while !rest.is_empty() {
            if out.len() > SCRIPT_BYTES_MAX {
                return Err(too_large());
            }
            let is_comment = matches!(lexer.region(), Region::LineComment | Region::BlockComment);
            if rest.starts_with("${") && !is_comment {
                let (length, value) =
                    placeholder(rest, &lookup).map_err(|reason| Self::from(text).error_at(from, &reason))?;
                let edit =
                    Edit { from, from_end: from.behind(&rest[..length]), to, to_end: to.behind(&value) };
                edits.push(edit);
                (from, to) = (edit.from_end, edit.to_end);
                out.push_str(&value);
                rest = &rest[length..];
            } else if let Some((length, _)) = lexer.step(rest) {
                (from, to) = (from.behind(&rest[..length]), to.behind(&rest[..length]));
                out.push_str(&rest[..length]);
                rest = &rest[length..];
            }
        }
        let original = (!edits.is_empty()).then(|| text.to_owned());
        Ok(Self { text: out, original, edits })
    }

    /// What is parsed.
    ///
    /// # Errors
    /// When it is larger than [`SCRIPT_BYTES_MAX`].
    pub(crate) fn text(&self) -> Result<&str, Error> {
        if self.text.len() > SCRIPT_BYTES_MAX { Err(too_large()) } else { Ok(&self.text) }
    }

    /// From a place in what is parsed to the place in what was written.
    pub(crate) fn locate(&self, at: Position) -> Position {
        let before = self.edits.partition_point(|edit| edit.to <= at);
        let Some(edit) = before.checked_sub(1).and_then(|index| self.edits.get(index)) else { return at };
        if at < edit.to_end {
            return edit.from;
        }
        let line = edit.from_end.line + (at.line - edit.to_end.line);
        let column = if at.line == edit.to_end.line {
            edit.from_end.column + (at.column - edit.to_end.column)
        } else {
            at.column
        };
        Position { line, column }
    }

    /// Whether a placeholder gave some of what is parsed between two places: it may be a secret.
    pub(crate) fn is_filled_in(&self, from: Position, to: Position) -> bool {
        let behind = self.edits.partition_point(|edit| edit.to_end <= from);
        self.edits.get(behind).is_some_and(|edit| edit.to < to)
    }

    /// A syntax error, with the line it is in and a caret below the place.
    pub(crate) fn error_at(&self, at: Position, reason: &str) -> Error {
        let mut text = format!("{at}: {}", shortened(reason));
        if let Some(excerpt) = excerpt(self.original.as_deref().unwrap_or(&self.text), at) {
            let number = at.line.to_string();
            let gutter = " ".repeat(number.len());
            // Writing to a String cannot fail.
            let _ = write!(text, "\n {number} | {}\n {gutter} | {}^", excerpt.line, excerpt.blanks);
        }
        Error::new(ErrorKind::Sql, text)
    }
}

impl From<&str> for Script {
    fn from(text: &str) -> Self {
        let text = text.trim_start_matches(BYTE_ORDER_MARK).to_owned();
        Self { text, original: None, edits: Vec::new() }
    }
}

/// Some editors put it in front; it is no part of the text.
const BYTE_ORDER_MARK: char = '\u{feff}';

fn too_large() -> Error {
    let text = format!("the script is larger than {SCRIPT_BYTES_MAX} bytes, which is the most");
    Error::new(ErrorKind::Sql, text)
}

/// The length of the placeholder at the beginning of `text`, and its value.
fn placeholder(text: &str, lookup: impl Fn(&str) -> Option<String>) -> Result<(usize, String), String> {
    let body = &text["${".len()..];
    let end = body.find(['}', '\n']).filter(|end| body[*end..].starts_with('}'));
    let Some(end) = end else { return Err("'${' is not closed by '}'".to_owned()) };
    let (name, default) = match body[..end].split_once(":-") {
        Some((name, default)) => (name, Some(default)),
        None => (&body[..end], None),
    };
    if body[..end].contains("${") {
        return Err("a default of '${NAME:-default}' cannot hold another '${'".to_owned());
    }
    // What follows the name may be a password in a shell's other spellings of a default: it is not shown.
    let known = name.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(name.len());
    if known < name.len() || name.is_empty() {
        if !name.is_empty() && name[known..].starts_with('(') {
            return Err(
                "an expression in '${…}' is DLI's; pass the value as a variable: '${NAME}'".to_owned()
            );
        }
        return Err(format!(
            "'${{{}…' is not of the form '${{NAME}}' or '${{NAME:-default}}'",
            &name[..known]
        ));
    }
    let value = lookup(name).or_else(|| default.map(str::to_owned));
    let value = value.ok_or_else(|| {
        format!("'${{{name}}}' has no value; set the variable, or write '${{{name}:-default}}'")
    });
    value.map(|value| ("${".len() + end + 1, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lookup(name: &str) -> Option<String> {
        (name == "A").then(|| "longer than\nits name".to_owned())
    }

    #[test]
    fn names_are_filled_in_and_defaults_count_when_there_is_no_value() {
        let script = Script::substitute("x '${A}' ${B:-b} ${A:-c}", lookup).unwrap();
        assert_eq!(script.text().unwrap(), "x 'longer than\nits name' b longer than\nits name");
    }

    #[test]
    fn a_missing_name_is_told_with_its_line() {
        let error = Script::substitute("one\n two ${NOPE}", lookup).unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 2, column 6: '${NOPE}' has no value; set the variable, or write '${NOPE:-default}'\
             \n 2 |  two ${NOPE}\n   |      ^"
        );
    }

    #[test]
    fn what_a_shell_takes_for_a_default_is_refused_and_not_shown() {
        for text in ["'${PW-s3cret}'", "'${PW:=s3cret}'", "'${PW:?s3cret}'", "'${}'"] {
            let error = Script::substitute(text, lookup).unwrap_err().to_string();
            assert!(error.contains("is not of the form '${NAME}'") && !error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn a_comment_is_left_alone() {
        let text = "-- ${NOPE}\n/* ${NOPE} */ '-- ${A}'";
        let script = Script::substitute(text, lookup).unwrap();
        assert_eq!(script.text().unwrap(), "-- ${NOPE}\n/* ${NOPE} */ '-- longer than\nits name'");
    }

    #[test]
    fn a_place_is_told_as_the_user_wrote_it() {
        let script = Script::substitute("a ${A} b ${A}\nc", lookup).unwrap();
        let place = |line, column| script.locate(Position { line, column });
        assert_eq!(place(1, 1), Position { line: 1, column: 1 });
        assert_eq!(place(2, 3), Position { line: 1, column: 3 });
        assert_eq!(place(2, 10), Position { line: 1, column: 8 });
        assert_eq!(place(4, 1), Position { line: 2, column: 1 });
    }

    #[test]
    fn quotes_go_on_behind_a_placeholder() {
        let script = Script::substitute("'${A:-a} -- ${B:-b}' ${B:-c}", |_| None).unwrap();
        assert_eq!(script.text().unwrap(), "'a -- b' c");
    }

    #[test]
    fn a_default_holds_no_placeholder() {
        let error = Script::substitute("${A:-${B:-x}}", |_| None).unwrap_err().to_string();
        assert!(
            error.starts_with("line 1, column 1: a default of '${NAME:-default}' cannot hold"),
            "{error}"
        );
    }

    #[test]
    fn what_was_filled_in_is_known() {
        let script = Script::substitute("ab${A:-cd}ef ${B:-}g", |_| None).unwrap();
        let filled = |from, to| {
            script.is_filled_in(Position { line: 1, column: from }, Position { line: 1, column: to })
        };
        assert_eq!(script.text().unwrap(), "abcdef g");
        assert!(filled(1, 7) && filled(3, 4) && filled(4, 5) && !filled(1, 3) && !filled(5, 7));
    }

    #[test]
    fn values_that_grow_a_script_beyond_its_bound_are_refused() {
        let value = "x".repeat(SCRIPT_BYTES_MAX / 4);
        let error = Script::substitute(&"${A} ".repeat(1_000_000), |_| Some(value.clone())).unwrap_err();
        assert_eq!(error.to_string(), "the script is larger than 16777216 bytes, which is the most");
    }
}
