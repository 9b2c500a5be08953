//! `INTERVAL '1 02:03:04.5' DAY TO SECOND`: a literal of months or milliseconds.

use crate::error::{Finding, Rule};
use crate::expr::Expr;
use crate::expr::constant::Constant;
use crate::row::Value;
use crate::types::LogicalType;

/// The parts of a literal, as the parser's helper gives them.
pub(super) struct Parts<'a> {
    pub(super) is_negative: bool,
    pub(super) text: &'a str,
    pub(super) first: &'a str,
    /// Digits that the first unit may have; two where it is not said.
    pub(super) precision: Option<usize>,
    pub(super) last: Option<&'a str>,
}

/// Digits of the first unit where no precision is written.
const PRECISION_DEFAULT: usize = 2;

/// Units from the largest, with the milliseconds or months of one, and how many of them the next larger one has.
const UNITS: [(&str, i64, i64); 8] = [
    ("YEAR", 12, 0),
    ("QUARTER", 3, 4),
    ("MONTH", 1, 12),
    ("WEEK", 604_800_000, 0),
    ("DAY", 86_400_000, 7),
    ("HOUR", 3_600_000, 24),
    ("MINUTE", 60_000, 60),
    ("SECOND", 1_000, 60),
];

/// The units of a literal from one to another have these between them.
const CHAINS: [&[&str]; 2] = [&["YEAR", "MONTH"], &["DAY", "HOUR", "MINUTE", "SECOND"]];

/// The value of a literal.
///
/// # Errors
/// Its text does not fit its units.
pub(super) fn literal(parts: &Parts<'_>) -> Result<Expr, Finding> {
    let first = singular(parts.first);
    let units = units(first, parts.last.map(singular)).ok_or_else(|| {
        let last = parts.last.map(|last| format!(" TO {last}")).unwrap_or_default();
        refused(&format!("there is no INTERVAL of {}{last}", parts.first))
    })?;
    let (text, is_negative) = match parts.text.strip_prefix('-') {
        Some(rest) => (rest, !parts.is_negative),
        None => (parts.text.strip_prefix('+').unwrap_or(parts.text), parts.is_negative),
    };
    let size = size(text, &units, parts.precision.unwrap_or(PRECISION_DEFAULT))
        .ok_or_else(|| refused(&format!("the text of this INTERVAL does not fit {}", units.join(" TO "))))?;
    let size = if is_negative { -size } else { size };
    let is_months = matches!(first, "YEAR" | "QUARTER" | "MONTH");
    let (value, logical) = if is_months {
        let months = i32::try_from(size).map_err(|_| refused("this INTERVAL is too long"))?;
        (Value::Int(months), LogicalType::IntervalYearMonth)
    } else {
        (Value::BigInt(size), LogicalType::IntervalDayTime)
    };
    Ok(Expr::literal(Constant::Plain(value), logical.not_null()))
}

fn refused(text: &str) -> Finding {
    Finding::new(Rule::Type, text)
}

/// `DAYS` is `DAY`.
fn singular(unit: &str) -> &str {
    unit.strip_suffix('S').unwrap_or(unit)
}

fn units(first: &str, last: Option<&str>) -> Option<Vec<&'static str>> {
    let known = |name: &str| UNITS.iter().map(|unit| unit.0).find(|unit| *unit == name);
    let first = known(first)?;
    let Some(last) = last.filter(|last| *last != first) else { return Some(vec![first]) };
    let chain = CHAINS.iter().find(|chain| chain.contains(&first) && chain.contains(&last))?;
    let from = chain.iter().position(|unit| *unit == first)?;
    let to = chain.iter().position(|unit| *unit == last)?;
    (from < to).then(|| chain[from..=to].to_vec())
}

/// The whole in months or milliseconds.
fn size(text: &str, units: &[&'static str], precision: usize) -> Option<i64> {
    let (text, fraction) = match units.last() {
        Some(&"SECOND") => text.split_once('.').map_or((text, None), |(text, rest)| (text, Some(rest))),
        _ => (text, None),
    };
    let parts: Vec<&str> = text.split(['-', ' ', ':']).collect();
    if parts.len() != units.len() || separators(text) != expected_separators(units) {
        return None;
    }
    let mut size = fraction.map_or(Some(0), milliseconds)?;
    for (at, (part, unit)) in parts.iter().zip(units).enumerate() {
        let (_, worth, most) = UNITS.iter().find(|known| known.0 == *unit)?;
        let number = digits(part)?;
        let fits = if at == 0 { part.trim_start_matches('0').len() <= precision } else { number < *most };
        if !fits {
            return None;
        }
        size = number.checked_mul(*worth)?.checked_add(size)?;
    }
    Some(size)
}

fn separators(text: &str) -> String {
    text.chars().filter(|c| matches!(c, '-' | ' ' | ':')).collect()
}

fn expected_separators(units: &[&str]) -> String {
    let between = |unit: &&str| match *unit {
        "YEAR" => '-',
        "DAY" => ' ',
        _ => ':',
    };
    units[..units.len() - 1].iter().map(between).collect()
}

/// What lies below a millisecond is cut.
fn milliseconds(fraction: &str) -> Option<i64> {
    let is_number =
        !fraction.is_empty() && fraction.len() <= 9 && fraction.bytes().all(|it| it.is_ascii_digit());
    if is_number { format!("{fraction:0<3}")[..3].parse().ok() } else { None }
}

fn digits(text: &str) -> Option<i64> {
    let is_number = !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    if is_number { text.parse().ok() } else { None }
}
