//! The text of a job: `${NAME}` filled in, and every place still told as the user wrote it.

use std::fmt::Write;

use crate::error::{Error, ErrorKind, Position};

/// A script of statements, ready to be parsed.
#[derive(Clone, Debug)]
pub struct Script {
    text: String,
    /// What the user wrote; `None` where nothing was filled in.
    original: Option<String>,
    edits: Vec<Edit>,
}

/// A placeholder and what took its place, in characters.
#[derive(Clone, Copy, Debug)]
struct Edit {
    from: usize,
    length_from: usize,
    to: usize,
    length_to: usize,
}

impl Script {
    /// Fills in `${NAME}` and `${NAME:-default}`, except in comments.
    ///
    /// # Errors
    /// A name that `lookup` does not know and that has no default; a placeholder that is never closed.
    pub fn substitute(text: &str, lookup: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        let text = text.trim_start_matches(BYTE_ORDER_MARK);
        let mut out = String::with_capacity(text.len());
        let mut edits = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let kept = span_until_placeholder(rest);
            out.push_str(&rest[..kept]);
            rest = &rest[kept..];
            if rest.is_empty() {
                break;
            }
            let from = text.chars().count() - rest.chars().count();
            let (length, value) = placeholder(rest, &lookup)
                .map_err(|reason| Self::from(text).error_at(position_of(text, from), &reason))?;
            edits.push(Edit {
                from,
                length_from: rest[..length].chars().count(),
                to: out.chars().count(),
                length_to: value.chars().count(),
            });
            out.push_str(&value);
            rest = &rest[length..];
        }
        let original = (!edits.is_empty()).then(|| text.to_owned());
        Ok(Self { text: out, original, edits })
    }

    /// What is parsed.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// What the user wrote.
    pub(crate) fn original(&self) -> &str {
        self.original.as_deref().unwrap_or(&self.text)
    }

    /// From a place in what is parsed to the place in what was written.
    pub(crate) fn locate(&self, at: Position) -> Position {
        let Some(original) = &self.original else { return at };
        let offset = offset_of(&self.text, at);
        let mut shift = 0_isize;
        for edit in self.edits.iter().take_while(|edit| edit.to <= offset) {
            if offset < edit.to + edit.length_to {
                return position_of(original, edit.from);
            }
            shift = (edit.from + edit.length_from) as isize - (edit.to + edit.length_to) as isize;
        }
        position_of(original, offset.saturating_add_signed(shift))
    }

    /// A syntax error, with the line it is in and a caret below the place.
    pub(crate) fn error_at(&self, at: Position, reason: &str) -> Error {
        let mut text = format!("{at}: {reason}");
        let index = usize::try_from(at.line.saturating_sub(1)).unwrap_or(usize::MAX);
        if let Some(line) = self.original().lines().nth(index) {
            let number = at.line.to_string();
            let before = usize::try_from(at.column.saturating_sub(1)).unwrap_or(0);
            // A tab before the caret stays a tab, so that both lines are indented alike.
            let blanks: String =
                line.chars().take(before).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
            let gutter = " ".repeat(number.len());
            // Writing to a String cannot fail.
            let _ = write!(text, "\n {number} | {line}\n {gutter} | {blanks}^");
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

/// How many bytes stand before the next placeholder outside a comment.
fn span_until_placeholder(text: &str) -> usize {
    let mut quote = None;
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        if rest.starts_with("${") {
            return at;
        }
        match quote {
            Some(open) if c == open => quote = None,
            None if matches!(c, '\'' | '"' | '`') => quote = Some(c),
            None if rest.starts_with("--") => {
                at += rest.find('\n').unwrap_or(rest.len());
                continue;
            }
            None if rest.starts_with("/*") => {
                at += rest.find("*/").map_or(rest.len(), |end| end + 2);
                continue;
            }
            _ => {}
        }
        at += c.len_utf8();
    }
    text.len()
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
    let value = lookup(name).or_else(|| default.map(str::to_owned));
    let value = value.ok_or_else(|| {
        format!("'${{{name}}}' has no value; set the variable, or write '${{{name}:-default}}'")
    });
    value.map(|value| ("${".len() + end + 1, value))
}

fn offset_of(text: &str, at: Position) -> usize {
    let (mut line, mut column) = (1, 1);
    for (offset, c) in text.chars().enumerate() {
        if (line, column) >= (at.line, at.column) {
            return offset;
        }
        (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
    }
    text.chars().count()
}

fn position_of(text: &str, offset: usize) -> Position {
    let (mut line, mut column) = (1, 1);
    for c in text.chars().take(offset) {
        (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
    }
    Position { line, column }
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
        assert_eq!(script.text(), "x 'longer than\nits name' b longer than\nits name");
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
    fn a_comment_is_left_alone() {
        let text = "-- ${NOPE}\n/* ${NOPE} */ '-- ${A}'";
        let script = Script::substitute(text, lookup).unwrap();
        assert_eq!(script.text(), "-- ${NOPE}\n/* ${NOPE} */ '-- longer than\nits name'");
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
}
