//! LIKE.

use std::sync::Arc;

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
    let constant = constant.transpose().map_err(BindError)?;
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
        let glob = Glob::escaped(text(args[1])?, escape).map_err(EvalError::new)?;
        Ok(Value::Boolean(glob.matches(whole)))
    }
}

/// A pattern, cut at its percent signs. Of two or more segments the first stands at the text's beginning and the last at
/// its end; a single one is the text.
#[derive(Debug, PartialEq, Eq)]
enum Glob {
    /// Whatever the text is.
    Anything,
    Segments(Vec<Segment>),
}

/// What stands between two percent signs.
#[derive(Debug, Default, PartialEq, Eq)]
struct Segment {
    /// Texts, with one character, whichever it is, between each two.
    texts: Vec<String>,
    /// How many characters it takes.
    characters: usize,
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
        let mut chars = escape.chars();
        let (Some(escape), None) = (chars.next(), chars.next()) else {
            return Err(format!("'{escape}' is no escape character of LIKE: one character is"));
        };
        let mut segments = vec![Segment::of_text("")];
        let mut chars = pattern.chars();
        while let Some(char) = chars.next() {
            let last = segments.len() - 1;
            let segment = &mut segments[last];
            if char == escape {
                match chars.next() {
                    Some(next) if next == '_' || next == '%' || next == escape => segment.push(next),
                    _ => {
                        return Err(format!(
                            "in the pattern '{pattern}' of LIKE the escape character '{escape}' stands before \
                             something else than itself, _ or %"
                        ));
                    }
                }
            } else if char == '%' {
                segments.push(Segment::of_text(""));
            } else if char == '_' {
                segment.texts.push(String::new());
                segment.characters += 1;
            } else {
                segment.push(char);
            }
        }
        Ok(Self::Segments(segments))
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
        Self { texts: vec![text.to_owned()], characters: text.chars().count() }
    }

    fn push(&mut self, char: char) {
        if let Some(last) = self.texts.last_mut() {
            last.push(char);
        }
        self.characters += 1;
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
            return text.find(own.as_str()).map(|at| &text[at + own.len()..]);
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
        Glob::escaped(pattern, "!").unwrap().matches(text)
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
        ] {
            assert_eq!(like(text, pattern), matches, "{text} LIKE {pattern}");
        }
    }

    #[test]
    fn an_escape_before_anything_else_is_refused() {
        assert!(Glob::escaped("a!b", "!").unwrap_err().contains("'a!b'"));
        assert!(Glob::escaped("a!", "!").is_err());
        assert!(Glob::escaped("a", "").is_err());
    }
}
