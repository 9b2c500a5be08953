//! Regular expressions of Java: translated for the crate that matches them, or refused with a sentence.
//!
//! Functions of SQL, the filters of `canal-json` and `topic-pattern` take them alike.

mod engine;
mod error;
mod translate;

use std::ops::Range;

use self::engine::{Engine, GroupMatch};
pub(crate) use self::error::{Exhausted, PatternError};
use self::translate::{Translated, translate};
use crate::row::Arena;

/// A compiled pattern.
#[derive(Clone, Debug)]
pub(crate) struct JavaPattern {
    engine: Engine,
    /// Java's `$` also stands before a line's end that is the text's end.
    has_end: bool,
}

impl JavaPattern {
    /// Compiles a pattern as `Pattern.compile` takes it.
    pub(crate) fn compile(pattern: &str) -> Result<Self, PatternError> {
        let Translated { text, has_end } = translate(pattern)?;
        Ok(Self { engine: Engine::built(pattern, &text)?, has_end })
    }

    /// The same, held to whole texts, as `Matcher.matches` holds it.
    pub(crate) fn whole(pattern: &str) -> Result<Self, PatternError> {
        // Nothing is left behind a match where a line's end could stand.
        let engine = Engine::built(pattern, &format!(r"\A(?:{})\z", translate(pattern)?.text))?;
        Ok(Self { engine, has_end: false })
    }

    /// How many groups it captures, beside the whole.
    pub(crate) fn groups(&self) -> usize {
        self.engine.groups()
    }

    pub(crate) fn is_match(&self, text: &str) -> Result<bool, Exhausted> {
        Ok(self.engine.is_match(text)?
            || match self.without_line_end(text) {
                Some(text) => self.engine.is_match(text)?,
                None => false,
            })
    }

    /// The first match from a byte on.
    pub(crate) fn find_at(&self, text: &str, from: usize) -> Result<Option<Range<usize>>, Exhausted> {
        self.earlier(text, from, |text| self.engine.find_at(text, from), |found| found.start)
    }

    /// What a group of the pattern found in its first match, or nothing where that match is without it. The group is
    /// among [`groups`](Self::groups), or 0, the whole.
    pub(crate) fn find_group(
        &self,
        text: &str,
        group: usize,
        arena: &Arena,
    ) -> Result<Option<Range<usize>>, Exhausted> {
        Ok(self.group_matches(text, group, arena).next().transpose()?.flatten())
    }

    /// All matches as Java finds them: an empty one may touch the end of the one before.
    pub(crate) fn matches(&self, text: &str) -> impl Iterator<Item = Result<Range<usize>, Exhausted>> {
        let mut from = Some(0);
        std::iter::from_fn(move || {
            let found = self.find_at(text, from?);
            from = found.as_ref().ok().and_then(Option::as_ref).and_then(|range| behind(text, range));
            found.transpose()
        })
    }

    /// What the group found in each match, as [`find_group`](Self::find_group) has it of the first.
    pub(crate) fn group_matches(
        &self,
        text: &str,
        group: usize,
        arena: &Arena,
    ) -> impl Iterator<Item = Result<Option<Range<usize>>, Exhausted>> {
        let slots = self.engine.slots(group, arena);
        let mut from = Some(0);
        std::iter::from_fn(move || {
            let at = from?;
            let find = |text: &str| self.engine.find_group_at(text, at, group, slots);
            let found = self.earlier(text, at, find, |found| found.whole.start);
            from = found.as_ref().ok().and_then(Option::as_ref).and_then(|it| behind(text, &it.whole));
            found.transpose().map(|found| found.map(|GroupMatch { group, .. }| group))
        })
    }

    /// What is found in the text or, if it begins earlier, in the text without the line's end that Java's `$` passes by.
    fn earlier<M>(
        &self,
        text: &str,
        from: usize,
        mut find: impl FnMut(&str) -> Result<Option<M>, Exhausted>,
        start: impl Fn(&M) -> usize,
    ) -> Result<Option<M>, Exhausted> {
        let found = find(text)?;
        let Some(shorter) = self.without_line_end(text).filter(|shorter| from <= shorter.len()) else {
            return Ok(found);
        };
        let before = find(shorter)?;
        Ok(match (found.as_ref().map(&start), before.as_ref().map(&start)) {
            (None, _) => before,
            (Some(at), Some(earlier)) if earlier < at => before,
            _ => found,
        })
    }

    fn without_line_end<'t>(&self, text: &'t str) -> Option<&'t str> {
        if !self.has_end {
            return None;
        }
        text.strip_suffix("\r\n")
            .or_else(|| text.strip_suffix(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']))
    }
}

/// Where the next match is looked for; nowhere behind the text's end.
fn behind(text: &str, found: &Range<usize>) -> Option<usize> {
    let next = if found.is_empty() { next_char(text, found.end) } else { found.end };
    (next <= text.len()).then_some(next)
}

/// The byte behind the character that begins here, and one beyond the end at the end.
pub(crate) fn next_char(text: &str, at: usize) -> usize {
    at + text[at..].chars().next().map_or(1, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(pattern: &str, text: &str) -> Option<String> {
        let pattern = JavaPattern::compile(pattern).unwrap();
        let found = pattern.find_at(text, 0).unwrap();
        let captured = pattern.find_group(text, 0, &Arena::new()).unwrap();
        assert_eq!(found, captured, "with groups and without");
        found.map(|range| text[range].to_owned())
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

    /// What `Matcher.group` of JDK 17 gives of each match, by either engine.
    #[test]
    fn groups_are_those_of_each_match() {
        for (pattern, text, group, wanted) in [
            (r"(a)|(b)", "aba", 2, &[None, Some("b"), None][..]),
            (r"(\w)(\d)?", "a1b", 2, &[Some("1"), None]),
            (r"(?:(x)|y)+", "xy-y", 1, &[Some("x"), None]),
            (r"k=(\w*)$", "k=1\n", 1, &[Some("1")]),
            (r"(\w)\1", "aabcc", 1, &[Some("a"), Some("c")]),
            (r"(a++)(b)", "aab", 2, &[Some("b")]),
            (r"(?<=-)(\w+)", "a-bc-d", 1, &[Some("bc"), Some("d")]),
            (r"(q){0}(a)", "a", 1, &[None]),
            (r"()", "é", 1, &[Some(""), Some("")]),
        ] {
            let compiled = JavaPattern::compile(pattern).unwrap();
            let arena = Arena::new();
            let found = compiled.group_matches(text, group, &arena).map(|it| it.unwrap());
            let found: Vec<_> = found.map(|it| it.map(|range| text[range].to_owned())).collect();
            let found: Vec<_> = found.iter().map(Option::as_deref).collect();
            assert_eq!(found, wanted, "group {group} of {pattern} in {text:?}");
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
