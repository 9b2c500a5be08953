//! TIMESTAMPADD, TIMESTAMPDIFF, the difference of two moments as an interval, and OVERLAPS.

use super::{is_interval, is_moment};
use crate::calendar::DAY_MILLIS;
use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Pure, Scalar};
use crate::expr::functions::signature::{as_nullable_as, bound, integer, is_integer, mistyped};
use crate::expr::temporal::arithmetic::{add_millis, add_months, millis_of};
use crate::expr::temporal::millis;
use crate::expr::temporal::unit::TimeUnit;
use crate::row::Value;
use crate::types::LogicalType;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "TIMESTAMPADD",
        aliases: &[],
        usage: &["TIMESTAMPADD(unit, count, time)"],
        since: "1.12",
        about: "A moment so many units later.",
        bind: bind_add,
    },
    FunctionSpec {
        name: "TIMESTAMPDIFF",
        aliases: &[],
        usage: &["TIMESTAMPDIFF(unit, from, to)"],
        since: "1.12",
        about: "Whole units from one moment to another, as INT, which wraps.",
        bind: bind_difference,
    },
    FunctionSpec {
        name: "MINUS TO",
        aliases: &[],
        usage: &["(to - from) unit"],
        since: "1.12",
        about: "The interval from one moment to another: of months for YEAR, QUARTER and MONTH, else of milliseconds.",
        bind: bind_interval,
    },
    FunctionSpec {
        name: "OVERLAPS",
        aliases: &[],
        usage: &["(start, end) OVERLAPS (start, end)", "(start, interval) OVERLAPS (start, interval)"],
        since: "1.12",
        about: "Whether two spans of time have a moment in common.",
        bind: bind_overlaps,
    },
];

fn bind_add(args: &Arguments<'_>) -> Result<Bound, BindError> {
    args.count(3, 3)?;
    let unit = args.unit()?;
    let logical = args.logical(2);
    if !is_integer(args.logical(1)) || args.is_bare_null(1) {
        return Err(args.refused(1, "a whole number"));
    }
    if !is_moment(logical) || args.is_bare_null(2) {
        return Err(args.refused(2, "a date or a time"));
    }
    let is_date = *logical == LogicalType::Date;
    let refused = || BindError(format!("{} cannot be added to {logical}", unit.name()));
    let step = match (unit.months(), unit.millis()) {
        (Some(months), _) => SpanStep::Months(months),
        _ if unit == TimeUnit::Week => SpanStep::Weeks,
        (_, Some(_)) if is_date && unit == TimeUnit::Millisecond => return Err(refused()),
        (_, Some(millis)) => SpanStep::Millis(millis),
        _ => return Err(refused()),
    };
    let is_whole_days = matches!(step, SpanStep::Months(_) | SpanStep::Weeks) || unit == TimeUnit::Day;
    let mut casts = vec![None; 3];
    let logical = match logical {
        // Flink reckons with hours of a DATE as with those of its midnight.
        LogicalType::Date if !is_whole_days => LogicalType::Timestamp(6),
        LogicalType::Time(_) => LogicalType::Time(0),
        LogicalType::Timestamp(p) if unit == TimeUnit::Millisecond => LogicalType::Timestamp(*p.max(&3)),
        LogicalType::TimestampLtz(p) if unit == TimeUnit::Millisecond => {
            LogicalType::TimestampLtz(*p.max(&3))
        }
        other => other.clone(),
    };
    if is_date && !is_whole_days {
        casts[2] = Some(logical.clone());
    }
    Ok(bound(casts, as_nullable_as(args, logical), step))
}

/// How far one unit goes.
enum SpanStep {
    Months(i32),
    /// Seven days, which Flink counts in an `int`.
    Weeks,
    Millis(i64),
}

impl Scalar for SpanStep {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        let count = integer(args[1])?;
        let later = match self {
            // Java's numbers wrap.
            Self::Months(months) => add_months(args[2], count.wrapping_mul((*months).into()) as i32),
            Self::Weeks => add_millis(args[2], i64::from(count.wrapping_mul(7) as i32) * DAY_MILLIS),
            Self::Millis(millis) => add_millis(args[2], count.wrapping_mul(*millis)),
        };
        later.ok_or_else(mistyped)
    }
}

/// Holds the two moments to what Flink subtracts from each other.
fn check_pair(args: &Arguments<'_>) -> Result<(), BindError> {
    let (from, to) = (args.logical(1), args.logical(2));
    for index in [1, 2] {
        if !is_moment(args.logical(index)) || args.is_bare_null(index) {
            return Err(args.refused(index, "a date or a time"));
        }
    }
    if matches!(from, LogicalType::Time(_)) || matches!(to, LogicalType::Time(_)) {
        return Err(BindError("Flink cannot subtract a TIME: use TIMESTAMP".into()));
    }
    let is_instant = |logical: &LogicalType| matches!(logical, LogicalType::TimestampLtz(_));
    if is_instant(from) != is_instant(to) {
        return Err(BindError(format!(
            "{from} and {to} cannot be subtracted: CAST one to the type of the other"
        )));
    }
    Ok(())
}

fn bind_difference(args: &Arguments<'_>) -> Result<Bound, BindError> {
    args.count(3, 3)?;
    let unit = args.unit()?;
    check_pair(args)?;
    let difference = match (unit.months(), unit) {
        (Some(months), _) => Difference::Months(months),
        (_, TimeUnit::Day | TimeUnit::Hour | TimeUnit::Minute | TimeUnit::Second) => {
            Difference::Millis(unit.millis().unwrap_or(1))
        }
        (_, TimeUnit::Week) => Difference::Weeks,
        (_, TimeUnit::Millisecond) => Difference::PerSecond(1_000),
        (_, TimeUnit::Microsecond) => Difference::PerSecond(1_000_000),
        _ => return Err(BindError(format!("TIMESTAMPDIFF does not count in {}", unit.name()))),
    };
    Ok(bound(vec![None; 3], as_nullable_as(args, LogicalType::Int), difference))
}

/// Java's `int` wraps. Weeks and what is finer than a second are made of whole seconds, which have wrapped before.
enum Difference {
    Months(i32),
    Millis(i64),
    Weeks,
    PerSecond(i32),
}

impl Scalar for Difference {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        let (from, to) = pair(args)?;
        let elapsed = to.wrapping_sub(from);
        let seconds = (elapsed / 1_000) as i32;
        Ok(Value::Int(match self {
            Self::Months(months) => millis::months_between(from, to) / months,
            Self::Millis(millis) => (elapsed / millis) as i32,
            Self::Weeks => seconds / WEEK_SECONDS,
            Self::PerSecond(parts) => seconds.wrapping_mul(*parts),
        }))
    }
}

const WEEK_SECONDS: i32 = 604_800;

fn pair(args: &[Value<'_>]) -> Result<(i64, i64), EvalError> {
    let from = millis_of(args[1]).ok_or_else(mistyped)?;
    Ok((from, millis_of(args[2]).ok_or_else(mistyped)?))
}

fn bind_interval(args: &Arguments<'_>) -> Result<Bound, BindError> {
    args.count(3, 3)?;
    let unit = args.unit()?;
    check_pair(args)?;
    let casts = vec![None; 3];
    if unit.months().is_some() {
        let months =
            Pure(|args, _| pair(args).map(|(to, from)| Value::Int(millis::months_between(from, to))));
        return Ok(bound(casts, as_nullable_as(args, LogicalType::IntervalYearMonth), months));
    }
    if unit.millis().is_none() {
        return Err(BindError(format!("{} is no unit of an interval", unit.name())));
    }
    let elapsed = Pure(|args, _| pair(args).map(|(to, from)| Value::BigInt(to.wrapping_sub(from))));
    Ok(bound(casts, as_nullable_as(args, LogicalType::IntervalDayTime), elapsed))
}

fn bind_overlaps(args: &Arguments<'_>) -> Result<Bound, BindError> {
    args.count(4, 4)?;
    for index in 0..4 {
        let logical = args.logical(index);
        let fits = is_moment(logical) || (index % 2 == 1 && is_interval(logical));
        if !fits || args.is_bare_null(index) {
            return Err(args.refused(index, "a date or a time"));
        }
    }
    let is_months = [1, 3].map(|index| *args.logical(index) == LogicalType::IntervalYearMonth);
    Ok(bound(vec![None; 4], as_nullable_as(args, LogicalType::Boolean), Overlaps { is_months }))
}

struct Overlaps {
    /// Whether each end is an interval of months.
    is_months: [bool; 2],
}

impl Scalar for Overlaps {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        let end = |start: Value<'a>, end: Value<'a>, is_months: bool| match end {
            Value::Int(months) if is_months => add_months(start, months).ok_or_else(mistyped),
            Value::BigInt(millis) => add_millis(start, millis).ok_or_else(mistyped),
            moment => Ok(moment),
        };
        let mut spans = [(0, 0); 2];
        for (at, span) in spans.iter_mut().enumerate() {
            let start = args[at * 2];
            let bounds = [nanos(start)?, nanos(end(start, args[at * 2 + 1], self.is_months[at])?)?];
            *span = (bounds[0].min(bounds[1]), bounds[0].max(bounds[1]));
        }
        let [first, second] = spans;
        Ok(Value::Boolean(first.1 >= second.0 && second.1 >= first.0))
    }
}

fn nanos(moment: Value<'_>) -> Result<i128, EvalError> {
    let below = match moment {
        Value::Timestamp(at) => at.nanos % 1_000_000,
        _ => 0,
    };
    Ok(i128::from(millis_of(moment).ok_or_else(mistyped)?) * 1_000_000 + i128::from(below))
}
