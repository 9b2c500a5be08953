//! A regular expression of Java.

use fancy_regex::{Captures, Regex, RegexBuilder};

use super::translate::translate;
use crate::expr::EvalError;

/// Steps that a pattern with look-around or references back may take on one text; beyond, the row fails.
const BACKTRACKS_MAX: usize = 1_000_000;

/// Bytes that a compiled pattern may have.
const COMPILED_BYTES_MAX: usize = 10 * 1024 * 1024;

/// A compiled pattern.
#[derive(Debug)]
pub(super) struct JavaPattern {
    regex: Regex,
    /// Java's `$` also stands before a line's end that is the text's end.
    has_end: bool,
}

/// Why there is no pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum PatternError {
    /// Java would not take it either.
    Invalid(String),
    /// Java takes it: the sentence that says what is not to be had here.
    Unsupported(String),
}

impl JavaPattern {
    /// Compiles a pattern as `Pattern.compile` takes it.
    pub(super) fn compile(pattern: &str) -> Result<Self, PatternError> {
        let translated = translate(pattern)?;
        let regex = RegexBuilder::new(&translated.text)
            .backtrack_limit(BACKTRACKS_MAX)
            .delegate_size_limit(COMPILED_BYTES_MAX)
            .delegate_dfa_size_limit(COMPILED_BYTES_MAX)
            .build();
        match regex {
            Ok(regex) => Ok(Self { regex, has_end: translated.has_end }),
            Err(error) if error.to_string().contains("size limit") => {
                Err(PatternError::Unsupported(format!(
                    "the pattern '{pattern}' is larger than {COMPILED_BYTES_MAX} bytes when it is compiled"
                )))
            }
            Err(error) => {
                Err(PatternError::Invalid(format!("'{pattern}' is no regular expression: {error}")))
            }
        }
    }

    /// How many groups it captures, beside the whole.
    pub(super) fn groups(&self) -> usize {
        self.regex.captures_len() - 1
    }

    pub(super) fn is_match(&self, text: &str) -> Result<bool, EvalError> {
        Ok(self.regex.is_match(text).map_err(exhausted)?
            || match self.without_line_end(text) {
                Some(text) => self.regex.is_match(text).map_err(exhausted)?,
                None => false,
            })
    }

    /// The first match from a byte on.
    pub(super) fn find_at<'t>(
        &self,
        text: &'t str,
        from: usize,
    ) -> Result<Option<Captures<'t, str>>, EvalError> {
        let found = self.regex.captures_from_pos(text, from).map_err(exhausted)?;
        let Some(shorter) = self.without_line_end(text).filter(|shorter| from <= shorter.len()) else {
            return Ok(found);
        };
        let before = self.regex.captures_from_pos(shorter, from).map_err(exhausted)?;
        let start =
            |found: &Option<Captures<'t, str>>| found.as_ref().and_then(|it| it.get(0)).map(|it| it.start());
        Ok(match (start(&found), start(&before)) {
            (None, _) => before,
            (Some(at), Some(earlier)) if earlier < at => before,
            _ => found,
        })
    }

    /// All matches as Java finds them: an empty one may touch the end of the one before.
    pub(super) fn find_all<'t>(&self, text: &'t str) -> Result<Vec<Captures<'t, str>>, EvalError> {
        let mut all = Vec::new();
        let mut from = 0;
        while from <= text.len() {
            let Some(found) = self.find_at(text, from)? else { break };
            let Some(range) = found.get(0).map(|it| it.range()) else { break };
            from = if range.is_empty() { next_char(text, range.end) } else { range.end };
            all.push(found);
        }
        Ok(all)
    }

    fn without_line_end<'t>(&self, text: &'t str) -> Option<&'t str> {
        if !self.has_end {
            return None;
        }
        text.strip_suffix("\r\n")
            .or_else(|| text.strip_suffix(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']))
    }
}

/// The byte behind the character that begins here, and one beyond the end at the end.
pub(super) fn next_char(text: &str, at: usize) -> usize {
    at + text[at..].chars().next().map_or(1, char::len_utf8)
}

#[cold]
fn exhausted(error: fancy_regex::Error) -> EvalError {
    EvalError::new(format!("a regular expression gave up on a text: {error}"))
}
