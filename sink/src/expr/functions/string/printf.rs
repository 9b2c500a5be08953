//! PRINTF: Java's Formatter, for texts and numbers.

use std::io::Write as _;

use crate::arena::ArenaString;
use crate::expr::EvalError;
use crate::expr::function::{FunctionSpec, Moment, Nulls, Pure};
use crate::expr::functions::signature::{BareNull, Takes, bound, text};
use crate::format::number;
use crate::row::{Arena, Value};
use crate::types::LogicalType;

/// Characters that a directive may ask for.
const WIDTH_MAX: usize = 1_000_000;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[FunctionSpec {
    name: "PRINTF",
    aliases: &[],
    usage: &["PRINTF(format, value, …)"],
    since: "2.0",
    about: "The values put into a text at its directives: %s, %d, %x, %o, %f, %e, %c, %b, as Java's Formatter has them.",
    bind: |args| {
        args.count(1, usize::MAX)?;
        let casts = args.check(&[Takes::Text, Takes::Any], BareNull::Taken)?;
        let mut call = bound(casts, LogicalType::STRING.nullable(), Pure(printf));
        call.nulls = Nulls::Given;
        Ok(call)
    },
}];

fn printf<'a>(args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
    if args[0] == Value::Null {
        return Ok(Value::Null);
    }
    let arena = moment.arena;
    let mut rest = text(args[0])?;
    let mut out = arena.string_with_capacity(2 * rest.len());
    let (mut ordinary, mut last) = (0, None);
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let (directive, behind) = Directive::read(&rest[at + 1..])?;
        rest = behind;
        match directive.conversion {
            'n' => out.push('\n'),
            '%' => directive.pad("%", &mut out),
            _ => {
                let index = match directive.index {
                    Index::Next => {
                        ordinary += 1;
                        ordinary
                    }
                    Index::Last => last.ok_or_else(|| wrong("'%<' stands before any value"))?,
                    Index::Number(number) => number,
                };
                last = Some(index);
                let value = args.get(index).ok_or_else(|| wrong("there are fewer values than directives"))?;
                directive.write(*value, arena, &mut out)?;
            }
        }
    }
    out.push_str(rest);
    Ok(Value::String(out.into_str()))
}

#[cold]
fn wrong(why: impl std::fmt::Display) -> EvalError {
    EvalError::new(format!("the format of PRINTF cannot be followed: {why}"))
}

#[derive(Clone, Copy)]
enum Index {
    Next,
    Last,
    Number(usize),
}

struct Directive<'a> {
    index: Index,
    flags: &'a str,
    width: usize,
    precision: Option<usize>,
    conversion: char,
}

impl<'a> Directive<'a> {
    /// What stands behind a percent sign, and the rest.
    fn read(text: &'a str) -> Result<(Self, &'a str), EvalError> {
        let (index, text) = index(text);
        let end = text.find(|char| !"-#+ 0,(".contains(char)).unwrap_or(text.len());
        let (flags, text) = text.split_at(end);
        let (width, text) = number_at(text);
        let (precision, text) = match text.strip_prefix('.') {
            Some(text) => {
                let (precision, text) = number_at(text);
                (Some(precision.ok_or_else(|| wrong("a point without digits behind it"))?), text)
            }
            None => (None, text),
        };
        let conversion = text.chars().next().ok_or_else(|| wrong("it ends within a directive"))?;
        let width = width.unwrap_or(0);
        if width.max(precision.unwrap_or(0)) > WIDTH_MAX {
            return Err(wrong(format_args!("more than {WIDTH_MAX} characters are asked for")));
        }
        if width == 0 && flags.contains(['-', '0']) {
            return Err(wrong("a flag asks for a width"));
        }
        let directive = Self { index, flags, width, precision, conversion };
        Ok((directive, &text[conversion.len_utf8()..]))
    }

    fn has(&self, flag: char) -> bool {
        self.flags.contains(flag)
    }

    /// A directive in upper case writes as the other does, and all that it wrote is raised.
    fn write(&self, value: Value<'_>, arena: &Arena, out: &mut ArenaString<'_>) -> Result<(), EvalError> {
        if !self.conversion.is_ascii_uppercase() {
            return self.write_lower(value, arena, out);
        }
        let mut lower = arena.string_with_capacity(self.width);
        self.write_lower(value, arena, &mut lower)?;
        out.extend(lower.into_str().chars().flat_map(char::to_uppercase));
        Ok(())
    }

    fn write_lower(
        &self,
        value: Value<'_>,
        arena: &Arena,
        out: &mut ArenaString<'_>,
    ) -> Result<(), EvalError> {
        let conversion = self.conversion.to_ascii_lowercase();
        match (conversion, value) {
            ('b', _) => self.pad_cut(if boolean(value) { "true" } else { "false" }, out),
            ('s' | 'd' | 'x' | 'o' | 'c' | 'f' | 'e' | 'g', Value::Null) => self.pad_cut("null", out),
            ('s', _) => self.pad_cut(plain(value, arena)?, out),
            ('d', _) => {
                let number = signed(value).ok_or_else(|| self.unfit())?;
                self.number(itoa::Buffer::new().format(number), arena, out);
            }
            ('x' | 'o', _) => {
                let digits = digits(value, conversion, arena).ok_or_else(|| self.unfit())?;
                self.pad_zeros(digits, arena, out);
            }
            ('c', _) => {
                let code = signed(value).and_then(|code| u32::try_from(code).ok());
                let char = code.and_then(char::from_u32).ok_or_else(|| self.unfit())?;
                self.pad(char.encode_utf8(&mut [0; 4]), out);
            }
            ('f' | 'e', _) => {
                let number = floating(value, arena).ok_or_else(|| self.unfit())?;
                self.floating(number, conversion, arena, out);
            }
            _ => return Err(wrong(format_args!("%{} is not known here", self.conversion))),
        }
        Ok(())
    }

    #[cold]
    fn unfit(&self) -> EvalError {
        wrong(format_args!("%{} does not fit its value", self.conversion))
    }

    fn floating(&self, value: f64, conversion: char, arena: &Arena, out: &mut ArenaString<'_>) {
        if !value.is_finite() {
            let text = arena.written_text(|out| number::write_f64(value.abs(), out));
            let sign = if value == f64::NEG_INFINITY {
                "-"
            } else if self.has('+') && !value.is_nan() {
                "+"
            } else {
                ""
            };
            return self.pad(arena.formatted(format_args!("{sign}{text}")), out);
        }
        let places = self.precision.unwrap_or(6);
        self.number(rounded(value, places, conversion == 'e', arena), arena, out);
    }

    /// A number with its sign, its groups and its zeros.
    fn number(&self, text: &str, arena: &Arena, out: &mut ArenaString<'_>) {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
        let digits = if self.has(',') { grouped(digits, arena) } else { digits };
        let (sign, end) = match negative {
            true if self.has('(') => ("(", ")"),
            true => ("-", ""),
            false if self.has('+') => ("+", ""),
            false if self.has(' ') => (" ", ""),
            false => ("", ""),
        };
        let missing = self.width.saturating_sub(sign.len() + digits.len() + end.len());
        let zeros = if self.has('0') { missing } else { 0 };
        self.pad(arena.formatted(format_args!("{sign}{:0<zeros$}{digits}{end}", "")), out);
    }

    fn pad_zeros(&self, digits: &str, arena: &Arena, out: &mut ArenaString<'_>) {
        let prefix = match self.conversion {
            'x' | 'X' if self.has('#') => "0x",
            'o' if self.has('#') => "0",
            _ => "",
        };
        let missing = if self.has('0') { self.width.saturating_sub(prefix.len() + digits.len()) } else { 0 };
        self.pad(arena.formatted(format_args!("{prefix}{:0<missing$}{digits}", "")), out);
    }

    fn pad_cut(&self, text: &str, out: &mut ArenaString<'_>) {
        let end =
            self.precision.and_then(|most| text.char_indices().nth(most)).map_or(text.len(), |(at, _)| at);
        self.pad(&text[..end], out);
    }

    fn pad(&self, text: &str, out: &mut ArenaString<'_>) {
        let missing = self.width.saturating_sub(text.chars().count());
        let (front, back) = if self.has('-') { (0, missing) } else { (missing, 0) };
        out.push_times(' ', front);
        out.push_str(text);
        out.push_times(' ', back);
    }
}

/// `2$`, `<` or nothing.
fn index(text: &str) -> (Index, &str) {
    if let Some(rest) = text.strip_prefix('<') {
        return (Index::Last, rest);
    }
    let (number, rest) = number_at(text);
    match (number, rest.strip_prefix('$')) {
        (Some(number @ 1..), Some(rest)) => (Index::Number(number), rest),
        _ => (Index::Next, text),
    }
}

/// A number without a leading zero, and what stands behind it.
fn number_at(text: &str) -> (Option<usize>, &str) {
    let end = text.find(|char: char| !char.is_ascii_digit()).unwrap_or(text.len());
    (text[..end].parse().ok(), &text[end..])
}

fn boolean(value: Value<'_>) -> bool {
    match value {
        Value::Null => false,
        Value::Boolean(truth) => truth,
        _ => true,
    }
}

fn signed(value: Value<'_>) -> Option<i64> {
    match value {
        Value::TinyInt(number) => Some(number.into()),
        Value::SmallInt(number) => Some(number.into()),
        Value::Int(number) | Value::Date(number) => Some(number.into()),
        Value::BigInt(number) => Some(number),
        _ => None,
    }
}

/// The digits of a number's bits, in the width of its type.
fn digits<'a>(value: Value<'_>, conversion: char, arena: &'a Arena) -> Option<&'a str> {
    let bits: u64 = match value {
        Value::TinyInt(number) => number.cast_unsigned().into(),
        Value::SmallInt(number) => number.cast_unsigned().into(),
        Value::Int(number) | Value::Date(number) => number.cast_unsigned().into(),
        Value::BigInt(number) => number.cast_unsigned(),
        _ => return None,
    };
    Some(match conversion {
        'x' => arena.formatted(format_args!("{bits:x}")),
        _ => arena.formatted(format_args!("{bits:o}")),
    })
}

fn floating(value: Value<'_>, arena: &Arena) -> Option<f64> {
    match value {
        Value::Double(number) => Some(number),
        // Java widens the text of a FLOAT, not its bits.
        Value::Float(number) => arena.formatted(format_args!("{number}")).parse().ok(),
        _ => None,
    }
}

/// A value as Java's `String.valueOf` has it.
fn plain<'a>(value: Value<'a>, arena: &'a Arena) -> Result<&'a str, EvalError> {
    Ok(match value {
        Value::String(text) => text,
        Value::Boolean(true) => "true",
        Value::Boolean(false) => "false",
        Value::Float(number) => arena.written_text(|out| number::write_f32(number, out)),
        Value::Double(number) => arena.written_text(|out| number::write_f64(number, out)),
        other => {
            let number = signed(other).ok_or_else(|| wrong("%s takes texts, numbers and BOOLEAN"))?;
            arena.alloc_str(itoa::Buffer::new().format(number))
        }
    })
}

/// A finite number with so many places, rounded half up from its shortest digits.
fn rounded(value: f64, places: usize, scientific: bool, arena: &Arena) -> &str {
    let shortest = arena.formatted(format_args!("{:e}", value.abs()));
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((shortest, "0"));
    let mut exponent: i64 = exponent.parse().unwrap_or(0);
    let places = i64::try_from(places).unwrap_or(i64::MAX);
    let kept = if scientific { places + 1 } else { exponent + 1 + places };
    let (digits, is_carried) = kept_digits(mantissa, kept, arena);
    exponent += i64::from(is_carried);
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let digit = |at: i64| usize::try_from(at).ok().and_then(|at| digits.get(at)).copied().unwrap_or(b'0');
    let point = if places > 0 { "." } else { "" };
    arena.written_text(|out| {
        out.extend_from_slice(sign.as_bytes());
        if scientific {
            out.push(digit(0));
            out.extend_from_slice(point.as_bytes());
            out.extend((1..=places).map(digit));
            let exponent = if value == 0.0 { 0 } else { exponent };
            let mark = if exponent < 0 { '-' } else { '+' };
            // A buffer that grows takes whatever is written.
            let _ = write!(out, "e{mark}{:02}", exponent.abs());
            return;
        }
        match exponent {
            0.. => out.extend((0..=exponent).map(digit)),
            _ => out.push(b'0'),
        }
        out.extend_from_slice(point.as_bytes());
        out.extend((1..=places).map(|place| digit(exponent + place)));
    })
}

/// So many digits of a mantissa, rounded half up, and whether a digit more stands in front of them now.
fn kept_digits<'a>(mantissa: &str, kept: i64, arena: &'a Arena) -> (&'a [u8], bool) {
    let mut digits = arena.vec();
    // In front of them all a digit that rounding may carry into.
    digits.push(b'0');
    digits.extend(mantissa.bytes().filter(u8::is_ascii_digit));
    let digits = digits.into_slice();
    let Ok(kept) = usize::try_from(kept) else { return (&[], false) };
    let round_up = digits.get(kept + 1).is_some_and(|digit| *digit >= b'5');
    let end = digits.len().min(kept + 1);
    if round_up {
        let nines = digits[1..end].iter().rev().take_while(|digit| **digit == b'9').count();
        digits[end - nines..end].fill(b'0');
        digits[end - nines - 1] += 1;
    }
    let is_carried = digits[0] != b'0';
    (if is_carried { &digits[..end] } else { &digits[1..end] }, is_carried)
}

/// Commas between groups of three digits.
fn grouped<'a>(digits: &'a str, arena: &'a Arena) -> &'a str {
    let (whole, fraction) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut out = arena.string_with_capacity(digits.len() + whole.len() / 3);
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out.push_str(fraction);
    out.into_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `String.format(Locale.US, …)` of JDK 17 gives.
    #[test]
    fn directives_are_javas() {
        let arena = Arena::new();
        let moment = Moment::still(&arena);
        let text = Value::String("ab");
        for (format, value, wanted) in [
            ("%5s|%-5s|%.1s", text, None),
            ("%1$5s|%1$-5s|%1$.1s", text, Some("   ab|ab   |a")),
            ("%S", text, Some("AB")),
            ("%,d", Value::Int(1_234_567), Some("1,234,567")),
            ("%08d", Value::Int(-42), Some("-0000042")),
            ("%+d %<(d", Value::Int(-7), Some("-7 (7)")),
            ("%x %<X %<o", Value::Int(-1), Some("ffffffff FFFFFFFF 37777777777")),
            ("%.2f", Value::Double(0.125), Some("0.13")),
            ("%.0f", Value::Double(0.5), Some("1")),
            ("%.1f", Value::Double(9.96), Some("10.0")),
            ("%f", Value::Double(1e-7), Some("0.000000")),
            ("%e", Value::Double(12_345.678), Some("1.234568e+04")),
            ("%.3e", Value::Double(9.9996), Some("1.000e+01")),
            ("%c%%%n", Value::Int(65), Some("A%\n")),
            ("%b", Value::Null, Some("false")),
            ("%d", text, None),
            ("%q", text, None),
            ("%", text, None),
            ("%999999999s", text, None),
        ] {
            let got = printf(&[Value::String(format), value], &moment);
            assert_eq!(got.ok(), wanted.map(Value::String), "{format}");
        }
    }
}
