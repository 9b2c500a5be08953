//! From a text to the fields that it names, as `java.time` parses strictly.

use super::parsed::ParsedFields;
use super::{DateTimeFormatter, Element, Minutes, Number, OffsetStyle, SignStyle};
use crate::expr::temporal::field::{ChronoField, TextStyle};
use crate::expr::temporal::zone::Zone;
use crate::row::Timestamp;

/// Why a text is no timestamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ParseFailure {
    /// The text does not follow the pattern, or its parts contradict each other.
    Text,
    /// The text follows the pattern, but its parts are no moment.
    Moment,
}

/// How many digits there must be and may be, and how many of them belong to the numbers that follow.
#[derive(Clone, Copy)]
struct Width {
    min: usize,
    max: usize,
    subsequent: usize,
}

impl DateTimeFormatter {
    /// Reads a timestamp: what the pattern leaves out is that of 1970-01-01 00:00:00.
    ///
    /// # Errors
    /// The text is none.
    pub(crate) fn parse(&self, text: &str) -> Result<Timestamp, ParseFailure> {
        let mut parsed = ParsedFields::default();
        let end = parse_all(&self.0, text.as_bytes(), 0, &mut parsed).ok_or(ParseFailure::Text)?;
        if end < text.len() {
            return Err(ParseFailure::Text);
        }
        let (date, time) = parsed.resolve().ok_or(ParseFailure::Text)?;
        parsed.complete(date, time).ok_or(ParseFailure::Moment)
    }
}

fn parse_all(elements: &[Element], text: &[u8], at: usize, parsed: &mut ParsedFields) -> Option<usize> {
    elements.iter().try_fold(at, |at, element| parse_one(element, text, at, parsed))
}

fn parse_one(element: &Element, text: &[u8], at: usize, parsed: &mut ParsedFields) -> Option<usize> {
    match element {
        Element::Literal(literal) => text[at..].starts_with(literal.as_bytes()).then_some(at + literal.len()),
        Element::Number(number) => parse_number(number, text, at, parsed),
        Element::Reduced { field, subsequent } => {
            let (value, end) = digits(text, at, Width { min: 2, max: 2, subsequent: *subsequent })?;
            parsed.set(*field, 2_000 + value, end)
        }
        Element::Fraction { min, max, point, subsequent } => {
            let width = Width { min: *min, max: *max, subsequent: *subsequent };
            parse_fraction(width, *point, text, at, parsed)
        }
        Element::Text { field, style } => parse_text(*field, *style, text, at, parsed),
        Element::Offset(style) => parse_offset(*style, text, at),
        Element::Zone => parse_zone(text, at),
        Element::Padded { width, inner } => {
            let end = (at + width).min(text.len());
            let blanks = text[at..end].iter().take_while(|byte| **byte == b' ').count();
            parse_one(inner, &text[..end], at + blanks, parsed).filter(|stop| *stop == end)
        }
        Element::Optional(inner) => {
            let before = *parsed;
            parse_all(inner, text, at, parsed).or_else(|| {
                *parsed = before;
                Some(at)
            })
        }
    }
}

fn digits(text: &[u8], at: usize, width: Width) -> Option<(i64, usize)> {
    let Width { min, max, subsequent } = width;
    let rest = text.get(at..)?;
    let run = rest.iter().take(max + subsequent).take_while(|byte| byte.is_ascii_digit()).count();
    let count = if subsequent > 0 { run.saturating_sub(subsequent).max(min) } else { run };
    let digits = rest.get(..count).filter(|_| count >= min && count <= run)?;
    let value = digits
        .iter()
        .try_fold(0_i64, |value, digit| value.checked_mul(10)?.checked_add((digit - b'0').into()))?;
    Some((value, at + count))
}

fn parse_number(number: &Number, text: &[u8], at: usize, parsed: &mut ParsedFields) -> Option<usize> {
    let sign = *text.get(at)?;
    let is_signed = match sign {
        b'+' if number.sign == SignStyle::ExceedsPad => true,
        b'-' if number.sign != SignStyle::NotNegative => true,
        b'+' | b'-' => return None,
        _ => false,
    };
    let begin = at + usize::from(is_signed);
    let width = Width { min: number.min, max: number.max, subsequent: number.subsequent };
    let (value, end) = digits(text, begin, width)?;
    let count = end - begin;
    let (value, fits) = match (is_signed, sign) {
        (true, b'-') => (-value, value != 0),
        (true, _) => (value, count > number.min),
        (false, _) => (value, number.sign != SignStyle::ExceedsPad || count <= number.min),
    };
    if fits { parsed.set(number.field, value, end) } else { None }
}

fn parse_fraction(
    width: Width,
    point: bool,
    text: &[u8],
    at: usize,
    parsed: &mut ParsedFields,
) -> Option<usize> {
    let begin = match text.get(at) {
        Some(b'.') if point => at + 1,
        Some(_) if !point => at,
        _ => return (width.min == 0).then_some(at),
    };
    let (value, end) = digits(text, begin, width)?;
    parsed.set(ChronoField::Nano, value * 10_i64.pow(9 - (end - begin) as u32), end)
}

fn parse_text(
    field: ChronoField,
    style: TextStyle,
    text: &[u8],
    at: usize,
    parsed: &mut ParsedFields,
) -> Option<usize> {
    let names = field.range().filter_map(|value| Some((value, style.name(field, value)?)));
    let standing = names.filter(|(_, name)| text[at..].starts_with(name.as_bytes()));
    let (value, name) = standing.max_by_key(|(_, name)| name.len())?;
    parsed.set(field, value, at + name.len())
}

/// Flink asks only for the wall clock, so an offset's value does not matter.
fn parse_offset(style: OffsetStyle, text: &[u8], at: usize) -> Option<usize> {
    let at = text[at..].starts_with(style.prefix.as_bytes()).then_some(at + style.prefix.len())?;
    match text.get(at) {
        Some(b'Z') if style.zero == "Z" => return Some(at + 1),
        Some(b'+' | b'-') => {}
        _ => return style.zero.is_empty().then_some(at),
    }
    let pair = |at: usize, limit: i64| {
        digits(text, at, Width { min: 2, max: 2, subsequent: 0 }).filter(|(value, _)| *value <= limit)
    };
    let (_, mut end) = pair(at + 1, 18)?;
    let optional = [style.minutes == Minutes::IfAny, true];
    for is_optional in optional.into_iter().take(1 + usize::from(style.seconds)) {
        let follows = !style.colon || text.get(end) == Some(&b':');
        match pair(end + usize::from(style.colon), 59).filter(|_| follows) {
            Some((_, next)) => end = next,
            None if is_optional => break,
            None => return None,
        }
    }
    Some(end)
}

/// Longer than any id of the IANA database.
const ZONE_ID_LENGTH_MAX: usize = 40;

/// The longest id of a zone that stands here.
fn parse_zone(text: &[u8], at: usize) -> Option<usize> {
    let is_part = |byte: &u8| byte.is_ascii_alphanumeric() || b"/_+-:".contains(byte);
    let run = text[at..].iter().take(ZONE_ID_LENGTH_MAX).take_while(|byte| is_part(byte)).count();
    let is_id = |end: &usize| std::str::from_utf8(&text[at..*end]).is_ok_and(|id| Zone::of_id(id).is_some());
    (at + 1..=at + run).rev().find(is_id)
}
