//! From a text to an instant. What stands behind the pattern does not matter, and no number is too large for its field.

use super::calendar_fields::{CalendarField, CalendarFields};
use super::{Piece, SimpleDateFormat};
use crate::calendar::CivilDate;
use crate::expr::temporal::field::{ERAS, HALVES, MONTHS, WEEKDAYS};
use crate::expr::temporal::zone::Zone;

/// Two digits of a year lie within 80 years before and 20 after now.
const CENTURY_BEGIN_YEARS: i64 = 80;

/// A text on its way, and what it has said.
struct DateReader<'a> {
    text: &'a [u8],
    fields: CalendarFields,
    zone: &'a Zone,
    /// The year that the hundred years of two-digit years begin with.
    century_begin: i64,
    is_year_ambiguous: bool,
}

impl SimpleDateFormat {
    /// Milliseconds since 1970-01-01 00:00:00 UTC, as the zone's clocks mean them; nothing where the text does not begin
    /// like the pattern. `now`, in seconds, decides the century of two-digit years.
    pub(crate) fn parse(&self, text: &str, zone: &Zone, now: i64) -> Option<i64> {
        let begin = CivilDate::of(now.div_euclid(crate::calendar::DAY_SECONDS)).year - CENTURY_BEGIN_YEARS;
        let mut reader = DateReader {
            text: text.as_bytes(),
            fields: CalendarFields::default(),
            zone,
            century_begin: begin,
            is_year_ambiguous: false,
        };
        let mut at = 0;
        for (index, piece) in self.0.iter().enumerate() {
            at = match piece {
                Piece::Literal(literal) => {
                    reader.text[at..].starts_with(literal.as_bytes()).then_some(at + literal.len())?
                }
                Piece::Letters(letter, count) => {
                    // Numbers without a separator take no more than their letters.
                    let is_followed = matches!(self.0.get(index + 1), Some(Piece::Letters(..)));
                    reader.field(*letter, *count, is_followed, at)?
                }
            };
        }
        // Java refuses to have read nothing.
        (at > 0).then(|| reader.finish(now))
    }
}

impl DateReader<'_> {
    fn finish(mut self, now: i64) -> i64 {
        let millis = self.fields.instant(self.zone);
        let begin_of_century = {
            let CivilDate { year, month, day } = CivilDate::of(now.div_euclid(crate::calendar::DAY_SECONDS));
            let days = CivilDate::legacy_days(year - CENTURY_BEGIN_YEARS, month, day);
            (days * crate::calendar::DAY_SECONDS + now.rem_euclid(crate::calendar::DAY_SECONDS)) * 1_000
        };
        if self.is_year_ambiguous && millis < begin_of_century {
            self.fields.add_years(100);
            return self.fields.instant(self.zone);
        }
        millis
    }

    /// Reads a field; where it ends.
    fn field(&mut self, letter: char, count: usize, is_followed: bool, start: usize) -> Option<usize> {
        use CalendarField as F;
        let blanks = self.text[start..].iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
        let at = start + blanks;
        if at >= self.text.len() {
            return None;
        }
        match letter {
            'G' => self.name(&ERAS, F::Era, 0, start),
            'M' | 'L' if count > 2 => self.name(&MONTHS, F::Month, 1, start),
            'E' => self.name(&WEEKDAYS, F::DayOfWeek, 0, start),
            'a' => self.name(&HALVES, F::AmPm, 0, start),
            'z' | 'Z' => self.zone_text(at),
            'X' => self.iso_zone(count, at),
            _ => {
                let limit = if is_followed { Some(start + count) } else { None };
                let (value, end) = self.number(at, limit)?;
                self.set_number(letter, count, value, end - at, at);
                Some(end)
            }
        }
    }

    fn set_number(&mut self, letter: char, count: usize, value: i64, length: usize, at: usize) {
        use CalendarField as F;
        let (field, value) = match letter {
            'y' | 'Y' => {
                let is_short =
                    count <= 2 && length == 2 && self.text[at..at + 2].iter().all(u8::is_ascii_digit);
                (F::Year, if is_short { self.full_year(value) } else { value })
            }
            'M' | 'L' => (F::Month, value),
            'd' => (F::DayOfMonth, value),
            'D' => (F::DayOfYear, value),
            'F' => (F::DayOfWeekInMonth, value),
            'w' => (F::WeekOfYear, value),
            'W' => (F::WeekOfMonth, value),
            'u' => (F::DayOfWeek, value % 7 + 1),
            'H' => (F::HourOfDay, value),
            'k' => (F::HourOfDay, if value == 24 { 0 } else { value }),
            'K' => (F::Hour, value),
            'h' => (F::Hour, if value == 12 { 0 } else { value }),
            'm' => (F::Minute, value),
            's' => (F::Second, value),
            _ => (F::Millisecond, value),
        };
        self.fields.set(field, value);
    }

    fn full_year(&mut self, value: i64) -> i64 {
        let begin = self.century_begin % 100;
        self.is_year_ambiguous = value == begin;
        value + self.century_begin / 100 * 100 + if value < begin { 100 } else { 0 }
    }

    /// A number of Java's `int`, and where it ends: digits, perhaps with a minus.
    fn number(&self, at: usize, limit: Option<usize>) -> Option<(i64, usize)> {
        let end = match limit {
            Some(limit) if limit > self.text.len() => return None,
            Some(limit) => limit,
            None => self.text.len(),
        };
        let text = self.text.get(at..end)?;
        let is_negative = text.first() == Some(&b'-');
        let digits = &text[usize::from(is_negative)..];
        let count = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            return None;
        }
        let add = |value: i64, digit: &u8| value.saturating_mul(10).saturating_add(i64::from(digit - b'0'));
        let value = digits[..count].iter().fold(0, add);
        let value = if is_negative { -value } else { value };
        // Longer numbers are doubles in Java, which do not wrap.
        let value = if value.unsigned_abs() < i64::MAX as u64 { value as i32 } else { i32::MAX };
        Some((value.into(), at + usize::from(is_negative) + count))
    }

    /// The longest name that stands here, in any case, in full or by its first three letters.
    fn name(&mut self, names: &[&str], field: CalendarField, first: i64, at: usize) -> Option<usize> {
        let stands = |name: &str| {
            self.text[at..].get(..name.len()).is_some_and(|text| text.eq_ignore_ascii_case(name.as_bytes()))
        };
        let length = |name: &str| {
            if stands(name) {
                name.len()
            } else {
                usize::from(stands(&name[..name.len().min(3)])) * name.len().min(3)
            }
        };
        let (index, length) =
            names.iter().map(|name| length(name)).enumerate().max_by_key(|(_, length)| *length)?;
        if length == 0 {
            return None;
        }
        // Days of the week are counted from Sunday.
        let value =
            if field == CalendarField::DayOfWeek { (index as i64 + 1) % 7 + 1 } else { index as i64 + first };
        self.fields.set(field, value);
        Some(at + length)
    }

    /// `+0800`, `GMT+8:00`, `GMT`, or a zone's name.
    fn zone_text(&mut self, at: usize) -> Option<usize> {
        let gmt = self.text[at..].get(..3).is_some_and(|text| text.eq_ignore_ascii_case(b"GMT"));
        let after = if gmt { at + 3 } else { at };
        match self.text.get(after) {
            Some(sign @ (b'+' | b'-')) => {
                self.offset(after + 1, *sign == b'-', if gmt { Colon::Needed } else { Colon::Refused })
            }
            _ if gmt => {
                self.fields.set(CalendarField::ZoneOffset, 0);
                Some(after)
            }
            _ => {
                let run = self.text[at..].iter().take_while(|byte| byte.is_ascii_alphabetic()).count();
                let name = std::str::from_utf8(&self.text[at..at + run]).ok()?.to_ascii_uppercase();
                let (_, hours) = ZONE_NAMES.iter().find(|(known, _)| *known == name)?;
                self.fields.set(CalendarField::ZoneOffset, hours * 3_600);
                Some(at + run)
            }
        }
    }

    fn iso_zone(&mut self, count: usize, at: usize) -> Option<usize> {
        match self.text[at] {
            b'Z' => {
                self.fields.set(CalendarField::ZoneOffset, 0);
                Some(at + 1)
            }
            sign @ (b'+' | b'-') => {
                let colon = match count {
                    1 => Colon::NoMinutes,
                    2 => Colon::Refused,
                    _ => Colon::Needed,
                };
                self.offset(at + 1, sign == b'-', colon)
            }
            _ => None,
        }
    }

    fn offset(&mut self, at: usize, is_negative: bool, colon: Colon) -> Option<usize> {
        let digit = |at: usize| {
            self.text.get(at).filter(|byte| byte.is_ascii_digit()).map(|byte| i64::from(byte - b'0'))
        };
        let mut hours = digit(at)?;
        let mut end = at + 1;
        if let Some(ones) = digit(end) {
            hours = hours * 10 + ones;
            end += 1;
        } else if colon != Colon::Needed {
            return None;
        }
        let mut minutes = 0;
        if colon != Colon::NoMinutes {
            if colon == Colon::Needed {
                self.text.get(end).filter(|byte| **byte == b':')?;
                end += 1;
            }
            minutes = digit(end)? * 10 + digit(end + 1)?;
            end += 2;
        }
        if hours > 23 || minutes > 59 {
            return None;
        }
        let seconds = (hours * 60 + minutes) * 60;
        self.fields.set(CalendarField::ZoneOffset, if is_negative { -seconds } else { seconds });
        Some(end)
    }
}

/// How minutes follow the hours of an offset.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Colon {
    NoMinutes,
    Refused,
    Needed,
}

/// Names of zones that stand in texts, and their hours.
const ZONE_NAMES: [(&str, i64); 12] = [
    ("UTC", 0),
    ("UT", 0),
    ("EST", -5),
    ("EDT", -4),
    ("CST", -6),
    ("CDT", -5),
    ("MST", -7),
    ("MDT", -6),
    ("PST", -8),
    ("PDT", -7),
    ("CET", 1),
    ("CEST", 2),
];
