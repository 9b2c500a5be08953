//! Regular expressions of Java: translated for the crate that matches them, or refused with a sentence.
//!
//! Functions of SQL, the filters of `canal-json` and `topic-pattern` take them alike.

mod error;
mod translate;

use fancy_regex::{Captures, CompileError, ParseError, Regex, RegexBuilder};

pub(crate) use self::error::{Exhausted, PatternError};
use self::translate::{Translated, translate};

/// Steps that a pattern with look-around or references back may take on one text; beyond, the row fails.
const BACKTRACKS_MAX: usize = 1_000_000;

/// Bytes that a compiled pattern may have.
const COMPILED_BYTES_MAX: usize = 10 * 1024 * 1024;

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(crate) struct JavaPattern {
    regex: Regex,
    /// Java's `$` also stands before a line's end that is the text's end.
    has_end: bool,
}

impl JavaPattern {
    /// Compiles a pattern as `Pattern.compile` takes it.
    pub(crate) fn compile(pattern: &str) -> Result<Self, PatternError> {
        let Translated { text, has_end } = translate(pattern)?;
        Ok(Self { regex: built(pattern, &text)?, has_end })
    }

    /// The same, held to whole texts, as `Matcher.matches` holds it.
    pub(crate) fn whole(pattern: &str) -> Result<Self, PatternError> {
        // Nothing is left behind a match where a line's end could stand.
        let regex = built(pattern, &format!(r"\A(?:{})\z", translate(pattern)?.text))?;
        Ok(Self { regex, has_end: false })
    }

    /// How many groups it captures, beside the whole.
    pub(crate) fn groups(&self) -> usize {
        self.regex.captures_len() - 1
    }

    pub(crate) fn is_match(&self, text: &str) -> Result<bool, Exhausted> {
        Ok(self.regex.is_match(text).map_err(exhausted)?
            || match self.without_line_end(text) {
                Some(text) => self.regex.is_match(text).map_err(exhausted)?,
                None => false,
            })
    }

    /// The first match from a byte on.
    pub(crate) fn find_at<'t>(
        &self,
        text: &'t str,
        from: usize,
    ) -> Result<Option<Captures<'t, str>>, Exhausted> {
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
    pub(crate) fn find_all<'t>(&self, text: &'t str) -> Result<Vec<Captures<'t, str>>, Exhausted> {
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

fn built(pattern: &str, translated: &str) -> Result<Regex, PatternError> {
    let regex = RegexBuilder::new(translated)
        .backtrack_limit(BACKTRACKS_MAX)
        .delegate_size_limit(COMPILED_BYTES_MAX)
        .delegate_dfa_size_limit(COMPILED_BYTES_MAX)
        .build();
    regex.map_err(|error| match is_too_much(&error) {
        true => PatternError::Unsupported(format!(
            "the regular expression '{pattern}' is more than can be compiled here: {error}"
        )),
        false => PatternError::Invalid(format!("'{pattern}' is no regular expression: {error}")),
    })
}

/// Whether the pattern is a pattern, and only too large or too deep, or looks behind further than can be known.
fn is_too_much(error: &fancy_regex::Error) -> bool {
    match error {
        fancy_regex::Error::ParseError(_, why) => matches!(why, ParseError::RecursionExceeded),
        fancy_regex::Error::CompileError(why) => match &**why {
            CompileError::InnerError(why) => why.syntax_error().is_none(),
            _ => true,
        },
        _ => false,
    }
}

/// The byte behind the character that begins here, and one beyond the end at the end.
pub(crate) fn next_char(text: &str, at: usize) -> usize {
    at + text[at..].chars().next().map_or(1, char::len_utf8)
}

#[cold]
fn exhausted(error: fancy_regex::Error) -> Exhausted {
    Exhausted(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pattern: &str, text: &str) -> Option<String> {
        let found = JavaPattern::compile(pattern).unwrap().find_at(text, 0).unwrap();
        found.and_then(|it| it.get(0)).map(|it| it.as_str().to_owned())
    }

    /// What JDK 17 finds first.
    #[test]
    fn javas_syntax_means_what_java_means() {
        for (pattern, text, wanted) in [
            (r"\d+", "٣4", Some("4")),
            (r"\w+", "é_a1", Some("_a1")),
            (r"(?U)\w+", "é_a1", Some("é_a1")),
            (r"\Qa.b\E+", "axb a.bb", Some("a.bb")),
            (r"[a-z&&[^b]]+", "bacb", Some("ac")),
            (r"[\w-]+", "+a-b", Some("a-b")),
            (r"\p{Alpha}+", "éab", Some("ab")),
            (r"\p{L}+", "1éab", Some("éab")),
            (r"a{2}", "aaa", Some("aa")),
            (r"a++a", "aaa", None),
            (r"(?<=x)y", "yxy", Some("y")),
            (r"(a)\1", "abaa", Some("aa")),
            (r"(?i)ABC", "xabc", Some("abc")),
            (r"o$", "foo\n", Some("o")),
            (r".+", "a\u{2028}b", Some("a")),
            (r"(?s).+", "a\nb", Some("a\nb")),
            ("\\uD83D\\uDE00", "x😀", Some("😀")),
            (r"\x41\u0042\0103", "ABC", Some("ABC")),
            (r"[~&]+", "a~&", Some("~&")),
        ] {
            assert_eq!(found(pattern, text).as_deref(), wanted, "{pattern} in {text:?}");
        }
    }

    /// What `Matcher.matches` of JDK 17 says.
    #[test]
    fn a_whole_text_is_matched_and_not_a_part_of_it() {
        for (pattern, text, wanted) in [
            ("a|ab", "ab", true),
            ("a", "ab", false),
            ("a", "ba", false),
            ("a$", "a", true),
            ("a$", "a\n", false),
            ("(?x)a # b", "a", true),
            (r"\Qa.b", "a.b", true),
            ("(?i)A", "a", true),
            (".*", "a\n", false),
            (r"\d+", "٣", false),
        ] {
            let pattern = JavaPattern::whole(pattern).unwrap();
            assert_eq!(pattern.is_match(text), Ok(wanted), "{pattern:?} on {text:?}");
        }
        assert!(matches!(JavaPattern::whole("a)(b"), Err(PatternError::Invalid(_))));
    }

    #[test]
    fn what_java_refuses_is_invalid_and_what_is_not_to_be_had_says_so() {
        for pattern in ["[", "(", ")", "*", "a{", r"\q", r"\", "(?<1>a)", "(?y)"] {
            assert!(matches!(JavaPattern::compile(pattern), Err(PatternError::Invalid(_))), "{pattern}");
        }
        let Err(PatternError::Unsupported(why)) = JavaPattern::compile(r"\Ga") else { panic!("taken") };
        assert!(why.contains(r"'\Ga'") && why.contains(r"has \G"), "{why}");
    }

    #[test]
    fn a_hostile_pattern_ends() {
        let many = "(".repeat(5_000);
        assert!(matches!(JavaPattern::compile(&many), Err(PatternError::Unsupported(_))));
        let pattern = JavaPattern::compile(r"^(?=(a|aa)+\1$)b").unwrap();
        let error = pattern.is_match(&format!("{}c", "a".repeat(60))).unwrap_err();
        assert!(error.to_string().contains("gave up"), "{error}");
        assert!(matches!(JavaPattern::compile("(a{1000}){1000}"), Err(PatternError::Unsupported(_))));
    }
}
