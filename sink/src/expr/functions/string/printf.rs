//! PRINTF: Java's Formatter, for texts and numbers.

use crate::expr::EvalError;
use crate::expr::function::{FunctionSpec, Moment, Nulls, Pure};
use crate::expr::functions::signature::{BareNull, Takes, bound, text};
use crate::format::number;
use crate::row::Value;
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
    let mut rest = text(args[0])?;
    let mut out = String::with_capacity(rest.len());
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
                directive.write(*value, &mut out)?;
            }
        }
    }
    out.push_str(rest);
    Ok(Value::String(moment.arena.alloc_str(&out)))
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

    fn write(&self, value: Value<'_>, out: &mut String) -> Result<(), EvalError> {
        let upper = self.conversion.is_ascii_uppercase();
        let start = out.len();
        let conversion = self.conversion.to_ascii_lowercase();
        match (conversion, value) {
            ('b', _) => self.pad_cut(if boolean(value) { "true" } else { "false" }, out),
            ('s' | 'd' | 'x' | 'o' | 'c' | 'f' | 'e' | 'g', Value::Null) => self.pad_cut("null", out),
            ('s', _) => self.pad_cut(&plain(value)?, out),
            ('d', _) => self.number(&signed(value).ok_or_else(|| self.unfit())?.to_string(), out),
            ('x' | 'o', _) => self.pad_zeros(&digits(value, conversion).ok_or_else(|| self.unfit())?, out),
            ('c', _) => {
                let code = signed(value).and_then(|code| u32::try_from(code).ok());
                let char = code.and_then(char::from_u32).ok_or_else(|| self.unfit())?;
                self.pad(char.encode_utf8(&mut [0; 4]), out);
            }
            ('f' | 'e', _) => self.floating(floating(value).ok_or_else(|| self.unfit())?, conversion, out),
            _ => return Err(wrong(format_args!("%{} is not known here", self.conversion))),
        }
        if upper {
            let changed = out[start..].to_uppercase();
            out.truncate(start);
            out.push_str(&changed);
        }
        Ok(())
    }

    #[cold]
    fn unfit(&self) -> EvalError {
        wrong(format_args!("%{} does not fit its value", self.conversion))
    }

    fn floating(&self, value: f64, conversion: char, out: &mut String) {
        if !value.is_finite() {
            let mut text = Vec::new();
            number::write_f64(value.abs(), &mut text);
            let text = String::from_utf8(text).unwrap_or_default();
            let sign = if value == f64::NEG_INFINITY {
                "-"
            } else if self.has('+') && !value.is_nan() {
                "+"
            } else {
                ""
            };
            return self.pad(&format!("{sign}{text}"), out);
        }
        let places = self.precision.unwrap_or(6);
        let text = rounded(value, places, conversion == 'e');
        self.number(&text, out);
    }

    /// A number with its sign, its groups and its zeros.
    fn number(&self, text: &str, out: &mut String) {
        let (negative, digits) = text.strip_prefix('-').map_or((false, text), |digits| (true, digits));
        let mut digits = if self.has(',') { grouped(digits) } else { digits.to_owned() };
        let (sign, end) = match negative {
            true if self.has('(') => ("(", ")"),
            true => ("-", ""),
            false if self.has('+') => ("+", ""),
            false if self.has(' ') => (" ", ""),
            false => ("", ""),
        };
        if self.has('0') {
            let missing = self.width.saturating_sub(sign.len() + digits.len() + end.len());
            digits.insert_str(0, &"0".repeat(missing));
        }
        self.pad(&format!("{sign}{digits}{end}"), out);
    }

    fn pad_zeros(&self, digits: &str, out: &mut String) {
        let prefix = match self.conversion {
            'x' | 'X' if self.has('#') => "0x",
            'o' if self.has('#') => "0",
            _ => "",
        };
        let missing = if self.has('0') { self.width.saturating_sub(prefix.len() + digits.len()) } else { 0 };
        self.pad(&format!("{prefix}{}{digits}", "0".repeat(missing)), out);
    }

    fn pad_cut(&self, text: &str, out: &mut String) {
        let end =
            self.precision.and_then(|most| text.char_indices().nth(most)).map_or(text.len(), |(at, _)| at);
        self.pad(&text[..end], out);
    }

    fn pad(&self, text: &str, out: &mut String) {
        let missing = " ".repeat(self.width.saturating_sub(text.chars().count()));
        let (front, back) = if self.has('-') { ("", missing.as_str()) } else { (missing.as_str(), "") };
        out.extend([front, text, back]);
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
fn digits(value: Value<'_>, conversion: char) -> Option<String> {
    let hex = conversion == 'x';
    Some(match value {
        Value::TinyInt(n) => {
            if hex {
                format!("{n:x}")
            } else {
                format!("{n:o}")
            }
        }
        Value::SmallInt(n) => {
            if hex {
                format!("{n:x}")
            } else {
                format!("{n:o}")
            }
        }
        Value::Int(n) | Value::Date(n) => {
            if hex {
                format!("{n:x}")
            } else {
                format!("{n:o}")
            }
        }
        Value::BigInt(n) => {
            if hex {
                format!("{n:x}")
            } else {
                format!("{n:o}")
            }
        }
        _ => return None,
    })
}

fn floating(value: Value<'_>) -> Option<f64> {
    match value {
        Value::Double(number) => Some(number),
        // Java widens the text of a FLOAT, not its bits.
        Value::Float(number) => number.to_string().parse().ok(),
        _ => None,
    }
}

/// A value as Java's `String.valueOf` has it.
fn plain(value: Value<'_>) -> Result<String, EvalError> {
    let mut out = Vec::new();
    match value {
        Value::String(text) => return Ok(text.to_owned()),
        Value::Boolean(truth) => return Ok(truth.to_string()),
        Value::Float(number) => number::write_f32(number, &mut out),
        Value::Double(number) => number::write_f64(number, &mut out),
        other => {
            let number = signed(other).ok_or_else(|| wrong("%s takes texts, numbers and BOOLEAN"))?;
            return Ok(number.to_string());
        }
    }
    Ok(String::from_utf8(out).unwrap_or_default())
}

/// A finite number with so many places, rounded half up from its shortest digits.
fn rounded(value: f64, places: usize, scientific: bool) -> String {
    let shortest = format!("{:e}", value.abs());
    let (mantissa, exponent) = shortest.split_once('e').unwrap_or((&shortest, "0"));
    let mut exponent: i64 = exponent.parse().unwrap_or(0);
    let mut digits: Vec<u8> = mantissa.bytes().filter(u8::is_ascii_digit).map(|digit| digit - b'0').collect();
    let places_kept = i64::try_from(places).unwrap_or(i64::MAX);
    let kept = if scientific { places_kept + 1 } else { exponent + 1 + places_kept };
    let round_up = usize::try_from(kept).is_ok_and(|kept| digits.get(kept).is_some_and(|digit| *digit >= 5));
    digits.truncate(usize::try_from(kept).unwrap_or(0));
    if round_up {
        let nines = digits.iter().rev().take_while(|digit| **digit == 9).count();
        let length = digits.len();
        digits[length - nines..].fill(0);
        match length - nines {
            0 => {
                digits.insert(0, 1);
                exponent += 1;
                if scientific {
                    digits.pop();
                }
            }
            at => digits[at - 1] += 1,
        }
    }
    let sign = if value.is_sign_negative() { "-" } else { "" };
    let digit = |at: i64| {
        let digit = usize::try_from(at).ok().and_then(|at| digits.get(at)).copied().unwrap_or(0);
        char::from(b'0' + digit)
    };
    let point = if places > 0 { "." } else { "" };
    if scientific {
        let exponent = if value == 0.0 { 0 } else { exponent };
        let fraction: String = (1..=places_kept).map(digit).collect();
        let (mark, size) = (if exponent < 0 { '-' } else { '+' }, exponent.abs());
        return format!("{sign}{}{point}{fraction}e{mark}{size:02}", digit(0));
    }
    let whole: String = (exponent.min(0)..=exponent.max(0)).filter(|at| *at >= 0).map(digit).collect();
    let whole = if exponent < 0 { "0".to_owned() } else { whole };
    let fraction: String = (1..=places_kept).map(|place| digit(exponent + place)).collect();
    format!("{sign}{whole}{point}{fraction}")
}

/// Commas between groups of three digits.
fn grouped(digits: &str) -> String {
    let (whole, fraction) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
    let mut out = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out + fraction
}
