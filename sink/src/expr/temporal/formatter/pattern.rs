//! From the letters of a pattern to its elements.

use std::iter::Peekable;
use std::str::Chars;

use super::{DateTimeFormatter, Element, Minutes, Number, OffsetStyle, SignStyle};
use crate::expr::temporal::field::{ChronoField, TextStyle};

/// How deep `[` may nest.
const OPTIONAL_DEPTH_MAX: usize = 16;

/// To how many characters `p` may fill up.
const PAD_WIDTH_MAX: usize = 255;

impl DateTimeFormatter {
    /// `DateTimeFormatter.ofPattern`.
    ///
    /// # Errors
    /// What Java says of a pattern that is none.
    pub(crate) fn of_pattern(pattern: &str) -> Result<Self, String> {
        let mut builder = Builder::default();
        builder.pattern(pattern)?;
        Ok(builder.finish())
    }

    /// What Flink reads timestamps with where no pattern is given: `2021-3-25 12:02:02.5`, the time optional.
    pub(crate) fn of_timestamps() -> Self {
        let mut builder = Builder::default();
        // The pattern is ours and correct.
        let _ = builder.pattern("yyyy-[MM][M]-[dd][d][ [HH][H]:[mm][m]:[ss][s]");
        builder.push(Element::Fraction { min: 0, max: 9, point: true, subsequent: 0 });
        builder.finish()
    }
}

/// Elements on their way, a list for every `[` that is open.
struct Builder {
    levels: Vec<Vec<Element>>,
    /// Where in the innermost list the number stands that gives digits to those that follow it.
    active: Option<usize>,
}

impl Default for Builder {
    fn default() -> Self {
        Self { levels: vec![Vec::new()], active: None }
    }
}

impl Builder {
    fn finish(mut self) -> DateTimeFormatter {
        while self.levels.len() > 1 {
            self.close();
        }
        DateTimeFormatter(self.levels.into_iter().flatten().collect())
    }

    fn pattern(&mut self, pattern: &str) -> Result<(), String> {
        let mut chars = pattern.chars().peekable();
        while let Some(char) = chars.next() {
            match char {
                'p' => self.padded(1 + repeats(&mut chars, 'p'), &mut chars)?,
                'a'..='z' | 'A'..='Z' => self.letters(char, 1 + repeats(&mut chars, char))?,
                '\'' => self.quoted(&mut chars, pattern)?,
                '[' if self.levels.len() > OPTIONAL_DEPTH_MAX => {
                    return Err(format!(
                        "Pattern has more than {OPTIONAL_DEPTH_MAX} optional parts in each other"
                    ));
                }
                '[' => {
                    self.levels.push(Vec::new());
                    self.active = None;
                }
                ']' if self.levels.len() == 1 => {
                    return Err("Pattern invalid as it contains ] without previous [".into());
                }
                ']' => self.close(),
                '{' | '}' | '#' => return Err(format!("Pattern includes reserved character: '{char}'")),
                other => self.literal(other.encode_utf8(&mut [0; 4])),
            }
        }
        Ok(())
    }

    fn quoted(&mut self, chars: &mut Peekable<Chars<'_>>, pattern: &str) -> Result<(), String> {
        let mut text = String::new();
        loop {
            match chars.next() {
                None => return Err(format!("Pattern ends with an incomplete string literal: {pattern}")),
                Some('\'') if chars.next_if_eq(&'\'').is_none() => break,
                Some(char) => text.push(char),
            }
        }
        self.literal(if text.is_empty() { "'" } else { &text });
        Ok(())
    }

    fn padded(&mut self, width: usize, chars: &mut Peekable<Chars<'_>>) -> Result<(), String> {
        let Some(letter) = chars.next_if(char::is_ascii_alphabetic) else {
            return Err("Pad letter 'p' must be followed by valid pad pattern".into());
        };
        let count = 1 + repeats(chars, letter);
        if width > PAD_WIDTH_MAX {
            return Err(format!("Pad letter 'p' stands there more than {PAD_WIDTH_MAX} times"));
        }
        self.active = None;
        self.letters(letter, count)?;
        if let Some(inner) = self.levels.last_mut().and_then(Vec::pop) {
            self.push(Element::Padded { width, inner: Box::new(inner) });
        }
        Ok(())
    }

    fn close(&mut self) {
        if let Some(inner) = self.levels.pop() {
            self.push(Element::Optional(inner));
        }
    }

    fn literal(&mut self, text: &str) {
        self.active = None;
        if let Some(Element::Literal(before)) = self.levels.last_mut().and_then(|level| level.last_mut()) {
            before.push_str(text);
        } else {
            self.push(Element::Literal(text.into()));
        }
    }

    fn push(&mut self, element: Element) {
        self.active = None;
        if let Some(level) = self.levels.last_mut() {
            level.push(element);
        }
    }

    /// Numbers of fixed width that follow another without a separator take their digits from it.
    fn push_number(&mut self, element: Element, fixed_width: Option<usize>) {
        let Some(level) = self.levels.last_mut() else { return };
        match (self.active.and_then(|active| level.get_mut(active)), fixed_width) {
            (
                Some(
                    Element::Number(Number { subsequent, .. })
                    | Element::Reduced { subsequent, .. }
                    | Element::Fraction { subsequent, .. },
                ),
                Some(width),
            ) => *subsequent += width,
            _ => self.active = Some(level.len()),
        }
        level.push(element);
    }

    fn number(&mut self, field: ChronoField, min: usize, max: usize, sign: SignStyle) {
        let fixed_width = (min == max && sign == SignStyle::NotNegative).then_some(max);
        self.push_number(Element::Number(Number { field, min, max, sign, subsequent: 0 }), fixed_width);
    }

    fn text(&mut self, field: ChronoField, style: TextStyle) {
        self.push(Element::Text { field, style });
    }

    fn letters(&mut self, letter: char, count: usize) -> Result<(), String> {
        match (letter, count) {
            ('u' | 'y' | 'Y', 2) => {
                self.push_number(Element::Reduced { field: field_of(letter), subsequent: 0 }, Some(2));
            }
            ('u' | 'y' | 'Y', 1..=3) => self.number(field_of(letter), count, 19, SignStyle::Normal),
            ('u' | 'y' | 'Y', 4..=19) => self.number(field_of(letter), count, 19, SignStyle::ExceedsPad),
            ('M' | 'L' | 'Q' | 'q' | 'E' | 'e' | 'c', _) => return self.named(letter, count),
            ('a', 1) | ('G', 1..=3) => self.text(field_of(letter), TextStyle::Short),
            ('G', 4) => self.text(ChronoField::Era, TextStyle::Full),
            ('G', 5) => self.text(ChronoField::Era, TextStyle::Narrow),
            ('S', 1..=9) => {
                let fraction = Element::Fraction { min: count, max: count, point: false, subsequent: 0 };
                self.push_number(fraction, Some(count));
            }
            ('d' | 'h' | 'H' | 'k' | 'K' | 'm' | 's' | 'w' | 'F' | 'W' | 'D' | 'A' | 'n' | 'N' | 'g', 1) => {
                self.number(field_of(letter), 1, 19, SignStyle::Normal);
            }
            ('d' | 'h' | 'H' | 'k' | 'K' | 'm' | 's' | 'w', 2) | ('A' | 'n' | 'N', 2..=19) => {
                self.number(field_of(letter), count, count, SignStyle::NotNegative);
            }
            ('D', 2 | 3) => self.number(ChronoField::DayOfYear, count, 3, SignStyle::NotNegative),
            ('g', 2..=19) => self.number(ChronoField::ModifiedJulianDay, count, 19, SignStyle::Normal),
            ('z', 1..=4) | ('V', 2) | ('v', 1 | 4) => self.push(Element::Zone),
            ('Z' | 'X' | 'x' | 'O', _) => return self.offset(letter, count),
            ('V' | 'v', _) => return Err(format!("Pattern letter count must be 2: {letter}")),
            (letter, _) if "uyYaGSdhHkKmswFWDAnNgz".contains(letter) => return Err(too_many(letter)),
            _ => return Err(format!("Unknown pattern letter: {letter}")),
        }
        Ok(())
    }

    /// Numbers up to two letters, names above.
    fn named(&mut self, letter: char, count: usize) -> Result<(), String> {
        let field = field_of(letter);
        match (letter, count) {
            ('E', 1 | 2) => self.text(field, TextStyle::Short),
            ('c', 2) => return Err("Invalid pattern \"cc\"".into()),
            (_, 1) => self.number(field, 1, 19, SignStyle::Normal),
            (_, 2) => self.number(field, 2, 2, SignStyle::NotNegative),
            (_, 3) => self.text(field, TextStyle::Short),
            (_, 4) => self.text(field, TextStyle::Full),
            (_, 5) => self.text(field, TextStyle::Narrow),
            _ => return Err(too_many(letter)),
        }
        Ok(())
    }

    fn offset(&mut self, letter: char, count: usize) -> Result<(), String> {
        let style = |minutes, colon, seconds, zero| OffsetStyle { minutes, colon, seconds, zero, prefix: "" };
        let gmt = |minutes| OffsetStyle { prefix: "GMT", ..style(minutes, true, true, "") };
        let style = match (letter, count) {
            ('Z', 1..=3) => style(Minutes::Always, false, false, "+0000"),
            ('Z' | 'O', 4) => gmt(Minutes::Always),
            ('O', 1) => gmt(Minutes::IfAny),
            ('Z', 5) => style(Minutes::Always, true, true, "Z"),
            ('X' | 'x', 1..=5) => {
                let zero = if letter == 'X' { "Z" } else { "+00" };
                let minutes = if count == 1 { Minutes::IfAny } else { Minutes::Always };
                style(minutes, matches!(count, 3 | 5), count > 3, zero)
            }
            ('O', _) => return Err("Pattern letter count must be 1 or 4: O".into()),
            _ => return Err(too_many(letter)),
        };
        self.push(Element::Offset(style));
        Ok(())
    }
}

fn repeats(chars: &mut Peekable<Chars<'_>>, letter: char) -> usize {
    std::iter::from_fn(|| chars.next_if_eq(&letter)).count()
}

fn too_many(letter: char) -> String {
    format!("Too many pattern letters: {letter}")
}

fn field_of(letter: char) -> ChronoField {
    match letter {
        'G' => ChronoField::Era,
        'u' => ChronoField::Year,
        'y' => ChronoField::YearOfEra,
        'Y' => ChronoField::WeekBasedYear,
        'M' | 'L' => ChronoField::Month,
        'Q' | 'q' => ChronoField::Quarter,
        'E' => ChronoField::DayOfWeek,
        'e' | 'c' => ChronoField::LocalDayOfWeek,
        'w' => ChronoField::WeekOfYear,
        'W' => ChronoField::WeekOfMonth,
        'F' => ChronoField::AlignedDayOfWeekInMonth,
        'D' => ChronoField::DayOfYear,
        'd' => ChronoField::DayOfMonth,
        'a' => ChronoField::AmPm,
        'h' => ChronoField::ClockHourOfAmPm,
        'H' => ChronoField::HourOfDay,
        'k' => ChronoField::ClockHourOfDay,
        'K' => ChronoField::HourOfAmPm,
        'm' => ChronoField::Minute,
        's' => ChronoField::Second,
        'A' => ChronoField::MilliOfDay,
        'n' => ChronoField::Nano,
        'N' => ChronoField::NanoOfDay,
        _ => ChronoField::ModifiedJulianDay,
    }
}
