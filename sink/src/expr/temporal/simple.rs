//! `java.text.SimpleDateFormat` in English, lenient: TO_DATE with a pattern, UNIX_TIMESTAMP, FROM_UNIXTIME, CONVERT_TZ,
//! and DATE_FORMAT of texts.

mod calendar_fields;
mod parse;
mod print;

/// A pattern, compiled.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct SimpleDateFormat(Vec<Piece>);

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Literal(String),
    /// A letter, and how often it stands there.
    Letters(char, usize),
}

/// How often a letter may stand in a row: a number is written no wider.
const LETTERS_MAX: usize = 255;

/// The letters that Java knows.
const LETTERS: &str = "GyMdkHmsSEDFwWahKzZYuXL";

impl SimpleDateFormat {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// What Java says of a pattern that is none.
    pub(crate) fn new(pattern: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut literal = String::new();
        let mut chars = pattern.chars().peekable();
        let mut is_quoted = false;
        while let Some(char) = chars.next() {
            match char {
                '\'' if chars.next_if_eq(&'\'').is_some() => literal.push('\''),
                '\'' => is_quoted = !is_quoted,
                'a'..='z' | 'A'..='Z' if !is_quoted => {
                    let count = 1 + std::iter::from_fn(|| chars.next_if_eq(&char)).count();
                    if !LETTERS.contains(char) {
                        return Err(format!("Illegal pattern character '{char}'"));
                    }
                    if count > LETTERS_MAX {
                        return Err(format!("'{char}' stands there more than {LETTERS_MAX} times"));
                    }
                    if char == 'X' && count > 3 {
                        return Err(format!("invalid ISO 8601 format: length={count}"));
                    }
                    if !literal.is_empty() {
                        pieces.push(Piece::Literal(std::mem::take(&mut literal)));
                    }
                    pieces.push(Piece::Letters(char, count));
                }
                other => literal.push(other),
            }
        }
        if is_quoted {
            return Err("Unterminated quote".into());
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal));
        }
        Ok(Self(pieces))
    }

    /// Whether it may read a year of two digits, whose century is told by the present.
    pub(crate) fn has_short_year(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Letters('y' | 'Y', ..=2)))
    }

    /// `yyyy-MM-dd HH:mm:ss`, with which Flink reads and writes where no pattern is given.
    pub(crate) fn of_timestamps() -> Self {
        let letters = |(letter, count): (char, usize)| Piece::Letters(letter, count);
        let mut pieces = Vec::new();
        for (piece, separator) in [
            (('y', 4), "-"),
            (('M', 2), "-"),
            (('d', 2), " "),
            (('H', 2), ":"),
            (('m', 2), ":"),
            (('s', 2), ""),
        ] {
            pieces.push(letters(piece));
            if !separator.is_empty() {
                pieces.push(Piece::Literal(separator.into()));
            }
        }
        Self(pieces)
    }
}

#[cfg(test)]
mod tests;
