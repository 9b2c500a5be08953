//! Literals: numbers, texts, bytes, and dates and times with their type before them.

use sqlparser::ast::{DataType as AstType, TypedString, Value as Ast};

use super::folding::{folded, refused};
use crate::error::{Finding, Rule};
use crate::expr::Expr;
use crate::expr::cast;
use crate::expr::constant::Constant;
use crate::expr::function::Session;
use crate::row::{Timestamp, Unscaled, Value};
use crate::sql::fragment::type_of;
use crate::types::{DataType, LogicalType};

/// A value as it stands in the text.
pub(super) fn value(value: &Ast) -> Result<Expr, Finding> {
    Ok(match value {
        Ast::Number(text, false) => return number(text, false),
        Ast::SingleQuotedString(text)
        | Ast::DoubleQuotedString(text)
        | Ast::NationalStringLiteral(text)
        | Ast::EscapedStringLiteral(text)
        | Ast::UnicodeStringLiteral(text) => self::text(text),
        Ast::HexStringLiteral(digits) => return bytes(digits),
        Ast::Boolean(truth) => {
            Expr::literal(Constant::Plain(Value::Boolean(*truth)), LogicalType::Boolean.not_null())
        }
        Ast::Null => Expr::null(LogicalType::STRING),
        other => return Err(Finding::new(Rule::Type, format!("Flink has no literal such as {other}"))),
    })
}

/// A text: CHAR of as many characters.
pub(super) fn text(text: &str) -> Expr {
    // Java counts a character beyond 16 bits twice.
    let length = u32::try_from(text.encode_utf16().count()).unwrap_or(u32::MAX);
    Expr::literal(Constant::String(text.into()), LogicalType::Char(length).not_null())
}

/// UNKNOWN: the truth that is neither.
pub(super) fn unknown() -> Expr {
    Expr::folded(Constant::NULL, LogicalType::Boolean.nullable())
}

/// A number: INT, BIGINT, DECIMAL by its digits, or DOUBLE with an exponent.
pub(super) fn number(text: &str, is_negative: bool) -> Result<Expr, Finding> {
    let refused = || Finding::new(Rule::Type, format!("the number {text} is beyond what a literal holds"));
    let sign = if is_negative { "-" } else { "" };
    if text.contains(['e', 'E']) {
        let number: f64 = format!("{sign}{text}").parse().map_err(|_| refused())?;
        let literal = Constant::Plain(Value::Double(number));
        return if number.is_finite() {
            Ok(Expr::literal(literal, LogicalType::Double.not_null()))
        } else {
            Err(refused())
        };
    }
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let unscaled: i64 = format!("{sign}{whole}{fraction}").parse().map_err(|_| refused())?;
    let (value, logical) = if !fraction.is_empty() {
        let scale = u8::try_from(fraction.len()).map_err(|_| refused())?;
        let precision = u8::try_from(whole.len() + fraction.len()).map_err(|_| refused())?;
        (Value::Decimal(Unscaled(unscaled.into())), LogicalType::Decimal { precision, scale })
    } else if let Ok(small) = i32::try_from(unscaled) {
        (Value::Int(small), LogicalType::Int)
    } else {
        (Value::BigInt(unscaled), LogicalType::BigInt)
    };
    Ok(Expr::literal(Constant::Plain(value), logical.not_null()))
}

/// `X'0aff'`
fn bytes(digits: &str) -> Result<Expr, Finding> {
    let refused = || Finding::new(Rule::Type, "X'…' takes pairs of hexadecimal digits");
    if !digits.len().is_multiple_of(2) || !digits.is_ascii() {
        return Err(refused());
    }
    let pairs = (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16));
    let bytes = pairs.collect::<Result<Vec<u8>, _>>().map_err(|_| refused())?;
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    Ok(Expr::literal(Constant::Bytes(bytes.into()), LogicalType::Binary(length).not_null()))
}

/// `DATE '…'`, `TIME '…'`, `TIMESTAMP '…'`, `TIMESTAMP WITH LOCAL TIME ZONE '…'`
pub(super) fn typed(typed: &TypedString, session: &Session) -> Result<Expr, Finding> {
    let Ast::SingleQuotedString(text) = &typed.value.value else {
        return Err(Finding::new(Rule::Type, "a text in single quotes is expected behind the type"));
    };
    let kind = typed.data_type.to_string().to_ascii_uppercase();
    let parsed = match &*kind {
        "DECIMAL" => return number(text, false),
        "DATE" => date(text)
            .filter(|(_, rest)| rest.is_none())
            .map(|(days, _)| (Value::Date(days), LogicalType::Date)),
        "TIME" => whole_clock(text).map(|(ms, _)| (Value::Time(ms), LogicalType::Time(0))),
        "TIMESTAMP" | "TIMESTAMP_LTZ" => moment(text).map(|(at, precision)| {
            let logical = if kind == "TIMESTAMP" {
                LogicalType::Timestamp(precision)
            } else {
                LogicalType::TimestampLtz(precision)
            };
            (Value::Timestamp(at), logical)
        }),
        _ => return Err(Finding::new(Rule::Type, format!("Flink has no literal {kind} '…'"))),
    };
    let Some((value, logical)) = parsed else {
        return Err(Finding::new(Rule::Type, format!("the text is no {kind}: write {}", shape(&kind))));
    };
    let LogicalType::TimestampLtz(precision) = logical else {
        return Ok(Expr::literal(Constant::Plain(value), logical.not_null()));
    };
    let wall_clock = Expr::literal(Constant::Plain(value), LogicalType::Timestamp(precision).not_null());
    let instant = cast::bind(wall_clock, &logical.not_null(), false, session).map_err(refused)?;
    Ok(folded(instant))
}

fn shape(kind: &str) -> &'static str {
    match kind {
        "DATE" => "DATE '2021-03-25'",
        "TIME" => "TIME '12:02:02'",
        _ => "TIMESTAMP '2021-03-25 12:02:02.123'",
    }
}

/// The type behind CAST, where VARCHAR has no length unless it says so.
pub(super) fn data_type(data_type: &AstType) -> Result<DataType, Finding> {
    let text = data_type.to_string();
    match &*text.to_ascii_uppercase() {
        "VARCHAR" => return Ok(LogicalType::STRING.nullable()),
        "VARBINARY" => return Ok(LogicalType::BYTES.nullable()),
        "INTERVAL YEAR" | "INTERVAL MONTH" | "INTERVAL YEAR TO MONTH" => {
            return Ok(LogicalType::IntervalYearMonth.nullable());
        }
        other if other.starts_with("INTERVAL ") => return Ok(LogicalType::IntervalDayTime.nullable()),
        _ => {}
    }
    let to = type_of(&text).map_err(|error| {
        let text = error.to_string();
        Finding::new(Rule::Type, text.lines().next().unwrap_or_default().to_owned())
    })?;
    if !to.nullable {
        return Err(Finding::new(Rule::Type, "CAST takes a type without NOT NULL"));
    }
    Ok(to)
}

/// `y-M-d` with days that exist, up to the year 9999; and what follows.
fn date(text: &str) -> Option<(i32, Option<&str>)> {
    let (date, rest) = match text.split_once(' ') {
        Some((date, rest)) => (date, Some(rest)),
        None => (text, None),
    };
    let mut parts = date.split('-').map(|part| number_of(part, 4));
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let is_done = parts.next().is_none();
    // The one reading of days that knows their calendar is the formats'.
    let days = crate::format::time::parse_date(&format!("{year:04}-{month:02}-{day:02}"))?;
    (is_done && month <= 99 && day <= 99 && year > 0).then_some((days, rest))
}

fn whole_clock(text: &str) -> Option<(i32, u32)> {
    let (seconds, nanos, _) = clock(text)?;
    Some((i32::try_from(seconds * 1_000 + nanos / 1_000_000).ok()?, nanos))
}

/// `H:m:s[.fraction]`: seconds of the day, nanoseconds, digits of the fraction, nine at most.
fn clock(text: &str) -> Option<(u32, u32, u8)> {
    let (clock, fraction) = text.split_once('.').unwrap_or((text, ""));
    let mut parts = clock.split(':').map(|part| number_of(part, 2));
    let (hour, minute, second) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    if !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let kept = &fraction[..fraction.len().min(9)];
    let nanos = format!("{kept:0<9}").parse().ok()?;
    Some((hour * 3_600 + minute * 60 + second, nanos, kept.len() as u8))
}

/// A date, or a date and a clock with a blank between; and how many digits the seconds have.
fn moment(text: &str) -> Option<(Timestamp, u8)> {
    let (days, rest) = date(text)?;
    let (seconds, nanos, digits) = match rest {
        Some(rest) => clock(rest)?,
        None => (0, 0, 0),
    };
    let seconds = i64::from(days) * 86_400 + i64::from(seconds);
    Some((Timestamp { seconds, nanos }, digits))
}

fn number_of(digits: &str, most: usize) -> Option<u32> {
    let is_number =
        !digits.is_empty() && digits.len() <= most && digits.bytes().all(|it| it.is_ascii_digit());
    if is_number { digits.parse().ok() } else { None }
}
