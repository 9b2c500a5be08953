//! LIKE.

use std::str::Chars;
use std::sync::Arc;

use memchr::memmem::Finder;

use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Nulls, Scalar};
use crate::expr::functions::signature::{BareNull, Takes, as_nullable_as, text};
use crate::row::Value;
use crate::types::LogicalType;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[FunctionSpec {
    name: "LIKE",
    aliases: &[],
    usage: &["text [NOT] LIKE pattern [ESCAPE character]"],
    since: "1.12",
    about: "Whether the text is as the pattern says, in which `_` is any character and `%` any text.",
    bind,
}];

fn bind(args: &Arguments<'_>) -> Result<Bound, BindError> {
    args.count(2, 3)?;
    let casts = args.check(&[Takes::Text], BareNull::Refused)?;
    let literal = |index: usize| args.constant_text(index);
    let constant = match (literal(1), args.len()) {
        (Some(pattern), 2) => Some(Glob::constant(pattern, None)),
        (Some(pattern), _) => literal(2).map(|escape| Glob::constant(pattern, Some(escape))),
        (None, _) => None,
    };
    let constant = constant.transpose().map_err(BindError)?.map(Glob::prepared);
    Ok(Bound {
        casts,
        data_type: as_nullable_as(args, LogicalType::Boolean),
        nulls: Nulls::Propagate,
        is_deterministic: true,
        scalar: Arc::new(LikeScalar { constant }),
    })
}

struct LikeScalar {
    /// The pattern, where it is constant.
    constant: Option<Glob>,
}

impl Scalar for LikeScalar {
    #[inline]
    fn evaluate<'a>(&'a self, args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        let whole = text(args[0])?;
        if let Some(glob) = &self.constant {
            return Ok(Value::Boolean(glob.matches(whole)));
        }
        let escape = args.get(2).map_or(Ok("\\"), |escape| text(*escape))?;
        let pattern = LikePattern::of(text(args[1])?, escape).map_err(EvalError::new)?;
        Ok(Value::Boolean(pattern.matches(whole)))
    }
}

/// A pattern, part by part: for one text there is nothing to prepare.
#[derive(Clone)]
struct LikePattern<'p> {
    chars: Chars<'p>,
    escape: char,
}

#[derive(Clone, Copy)]
enum LikePart {
    AnyText,
    AnyCharacter,
    Character(char),
}

impl<'p> LikePattern<'p> {
    /// # Errors
    /// The escape is not one character, or stands before what needs none.
    fn of(pattern: &'p str, escape: &str) -> Result<Self, String> {
        let mut chars = escape.chars();
        let (Some(escape), None) = (chars.next(), chars.next()) else {
            return Err(format!("'{escape}' is no escape character of LIKE: one character is"));
        };
        let parts = Self { chars: pattern.chars(), escape };
        let mut unread = parts.clone();
        while unread.next().is_some() {}
        if unread.chars.as_str().is_empty() {
            return Ok(parts);
        }
        Err(format!(
            "in the pattern '{pattern}' of LIKE the escape character '{escape}' stands before something else than \
             itself, _ or %"
        ))
    }

    /// Whether the whole text is as the pattern says. Where a text does not go on as it should, the last percent sign takes
    /// one character more.
    fn matches(self, text: &str) -> bool {
        let (mut parts, mut chars) = (self, text.chars());
        // What follows the last percent sign, and the text from where that was tried last.
        let mut again: Option<(Self, Chars<'_>)> = None;
        loop {
            match parts.next() {
                Some(LikePart::AnyText) => {
                    again = Some((parts.clone(), chars.clone()));
                    continue;
                }
                Some(part) if chars.next().is_some_and(|char| part.takes(char)) => continue,
                None if chars.as_str().is_empty() => return true,
                _ => {}
            }
            let Some((behind, from)) = &mut again else { return false };
            if from.next().is_none() {
                return false;
            }
            (parts, chars) = (behind.clone(), from.clone());
        }
    }
}

/// Ends early, with the escape unread, where that stands before what needs none.
impl Iterator for LikePattern<'_> {
    type Item = LikePart;

    #[inline]
    fn next(&mut self) -> Option<LikePart> {
        let mut chars = self.chars.clone();
        let part = match chars.next()? {
            char if char == self.escape => match chars.next()? {
                next if matches!(next, '_' | '%') || next == self.escape => LikePart::Character(next),
                _ => return None,
            },
            '%' => LikePart::AnyText,
            '_' => LikePart::AnyCharacter,
            char => LikePart::Character(char),
        };
        self.chars = chars;
        Some(part)
    }
}

impl LikePart {
    fn takes(self, char: char) -> bool {
        match self {
            Self::AnyText => true,
            Self::AnyCharacter => !is_line_end(char),
            Self::Character(own) => own == char,
        }
    }
}

/// A pattern, cut at its percent signs. Of two or more segments the first stands at the text's beginning and the last at
/// its end; a single one is the text.
#[derive(Debug)]
enum Glob {
    /// Whatever the text is.
    Anything,
    Segments(Vec<Segment>),
}

/// What stands between two percent signs.
#[derive(Debug)]
struct Segment {
    /// Texts, with one character, whichever it is, between each two.
    texts: Vec<String>,
    /// How many characters it takes.
    characters: usize,
    /// Finds its only text, where it is looked for in many.
    finder: Option<Finder<'static>>,
}

impl Glob {
    /// A pattern that stands in the query. Without ESCAPE and `_` Flink compares texts and knows no backslash.
    fn constant(pattern: &str, escape: Option<&str>) -> Result<Self, String> {
        match escape {
            // So has Flink 2.2 it; 2.3 takes the empty pattern for the empty text.
            None if pattern.is_empty() => Ok(Self::Anything),
            None if !pattern.contains('_') => Ok(Self::plain(pattern)),
            None => Self::escaped(pattern, "\\"),
            // Calcite takes it for IS NOT NULL before anybody looks at the escape.
            Some(_) if pattern == "%" => Ok(Self::Anything),
            Some(escape) => Self::escaped(pattern, escape),
        }
    }

    fn plain(pattern: &str) -> Self {
        Self::Segments(pattern.split('%').map(Segment::of_text).collect())
    }

    fn escaped(pattern: &str, escape: &str) -> Result<Self, String> {
        let mut segments = vec![Segment::of_text("")];
        for part in LikePattern::of(pattern, escape)? {
            let last = segments.len() - 1;
            match part {
                LikePart::AnyText => segments.push(Segment::of_text("")),
                LikePart::AnyCharacter => segments[last].push_any(),
                LikePart::Character(char) => segments[last].push(char),
            }
        }
        Ok(Self::Segments(segments))
    }

    /// The same, for many texts.
    fn prepared(mut self) -> Self {
        if let Self::Segments(segments) = &mut self
            && let [_, middle @ .., _] = &mut segments[..]
        {
            middle.iter_mut().for_each(Segment::prepare);
        }
        self
    }

    fn matches(&self, text: &str) -> bool {
        let Self::Segments(segments) = self else { return true };
        let (first, rest) = match &segments[..] {
            [] => return true,
            [only] => return only.at_start(text).is_some_and(str::is_empty),
            [first, rest @ ..] => (first, rest),
        };
        let (middle, last) = match rest {
            [middle @ .., last] => (middle, last),
            [] => return true,
        };
        let Some(mut text) = first.at_start(text) else { return false };
        let Some(before) = last.before_end(text) else { return false };
        text = before;
        for segment in middle {
            match segment.first_in(text) {
                Some(rest) => text = rest,
                None => return false,
            }
        }
        true
    }
}

impl Segment {
    fn of_text(text: &str) -> Self {
        Self { texts: vec![text.to_owned()], characters: text.chars().count(), finder: None }
    }

    fn push(&mut self, char: char) {
        if let Some(last) = self.texts.last_mut() {
            last.push(char);
        }
        self.characters += 1;
    }

    fn push_any(&mut self) {
        self.texts.push(String::new());
        self.characters += 1;
    }

    fn prepare(&mut self) {
        if let [own] = &self.texts[..] {
            self.finder = Some(Finder::new(own).into_owned());
        }
    }

    /// What stands behind it, if the text begins with it.
    fn at_start<'t>(&self, text: &'t str) -> Option<&'t str> {
        let mut rest = text;
        for (at, own) in self.texts.iter().enumerate() {
            if at > 0 {
                let char = rest.chars().next().filter(|char| !is_line_end(*char))?;
                rest = &rest[char.len_utf8()..];
            }
            rest = rest.strip_prefix(own.as_str())?;
        }
        Some(rest)
    }

    /// What stands before it, if the text ends with it.
    fn before_end<'t>(&self, text: &'t str) -> Option<&'t str> {
        if let [own] = &self.texts[..] {
            return text.strip_suffix(own.as_str());
        }
        let (start, _) = text.char_indices().nth_back(self.characters - 1)?;
        self.at_start(&text[start..])?.is_empty().then(|| &text[..start])
    }

    /// What stands behind it where it is found first.
    fn first_in<'t>(&self, text: &'t str) -> Option<&'t str> {
        if let [own] = &self.texts[..] {
            let found = match &self.finder {
                Some(finder) => finder.find(text.as_bytes()),
                None => text.find(own.as_str()),
            };
            return found.map(|at| &text[at + own.len()..]);
        }
        text.char_indices().find_map(|(at, _)| self.at_start(&text[at..]))
    }
}

/// `_` is Java's point, which takes no line's end.
fn is_line_end(char: char) -> bool {
    matches!(char, '\n' | '\r' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(text: &str, pattern: &str) -> bool {
        let glob = Glob::escaped(pattern, "!").unwrap();
        let matches = glob.matches(text);
        assert_eq!(glob.prepared().matches(text), matches, "{text} LIKE {pattern}, as a constant");
        let of_row = LikePattern::of(pattern, "!").unwrap();
        assert_eq!(of_row.matches(text), matches, "{text} LIKE {pattern}, as a column");
        matches
    }

    #[test]
    fn percent_is_any_text_and_underscore_a_character() {
        for (text, pattern, matches) in [
            ("abcabd", "a%b_", true),
            ("abcab", "a%b_", false),
            ("日本語", "_本%", true),
            ("x😀y", "x_y", true),
            ("aaa", "%a_a%", true),
            ("aa", "%a_a%", false),
            ("a\nb", "a_b", false),
            ("a\nb", "a%b", true),
            ("100%", "100!%", true),
            ("100x", "100!%", false),
            // First and last segment may not share what they match.
            ("aba", "ab%ba", false),
            ("abba", "ab%ba", true),
            ("", "%", true),
            ("日本語", "%本%語%", true),
            ("日本語", "%語%本%", false),
            ("aXbXc", "a%X%X%c", true),
            ("aXbc", "a%X%X%c", false),
            ("ab", "%%%", true),
        ] {
            assert_eq!(like(text, pattern), matches, "{text} LIKE {pattern}");
        }
    }

    /// A pattern of a row and a constant one are read by two matchers.
    #[test]
    fn a_pattern_means_the_same_wherever_it_stands() {
        let all = |of: &[&str]| -> Vec<String> {
            let pairs = of.iter().flat_map(|a| of.iter().map(move |b| format!("{a}{b}")));
            let pairs: Vec<String> = pairs.collect();
            pairs.iter().flat_map(|a| of.iter().map(move |b| format!("{a}{b}"))).collect()
        };
        let texts = all(&["", "a", "b", "\n", "%", "aba"]);
        for pattern in all(&["", "a", "b", "%", "_", "!%", "%a_"]) {
            for text in &texts {
                like(text, &pattern);
            }
        }
    }

    #[test]
    fn an_escape_before_anything_else_is_refused() {
        assert!(Glob::escaped("a!b", "!").unwrap_err().contains("'a!b'"));
        assert!(Glob::escaped("a!", "!").is_err());
        assert!(Glob::escaped("a", "").is_err());
    }
}
