//! EXTRACT and its short forms, and FLOOR and CEIL of moments.

use super::{is_interval, is_moment};
use crate::calendar::DAY_MILLIS;
use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Scalar};
use crate::expr::functions::signature::{as_nullable_as, bound, mistyped};
use crate::expr::temporal::round::{self, Toward};
use crate::expr::temporal::unit::TimeUnit;
use crate::expr::temporal::zone::Zone;
use crate::expr::temporal::{extract, millis};
use crate::row::Value;
use crate::types::LogicalType;

/// `YEAR(time)` is `EXTRACT(YEAR FROM time)`.
macro_rules! short_form {
    ($name:literal, $unit:expr, $about:literal) => {
        FunctionSpec {
            name: $name,
            aliases: &[],
            usage: &[concat!($name, "(time)")],
            since: "1.12",
            about: $about,
            bind: |args| {
                args.count(1, 1)?;
                bind_extract(args, $unit, 0)
            },
        }
    };
}

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "EXTRACT",
        aliases: &[],
        usage: &["EXTRACT(unit FROM time)"],
        since: "1.12",
        about: "A part of a date, a time or an interval; of TIMESTAMP_LTZ in the session's zone.",
        bind: |args| {
            args.count(2, 2)?;
            bind_extract(args, args.unit()?, 1)
        },
    },
    short_form!("YEAR", TimeUnit::Year, "The year."),
    short_form!("QUARTER", TimeUnit::Quarter, "The quarter of the year, from 1."),
    short_form!("MONTH", TimeUnit::Month, "The month, from 1."),
    short_form!("WEEK", TimeUnit::Week, "The ISO week of the year."),
    short_form!("DAYOFYEAR", TimeUnit::DayOfYear, "The day of the year, from 1."),
    short_form!("DAYOFMONTH", TimeUnit::Day, "The day of the month, from 1."),
    short_form!("DAYOFWEEK", TimeUnit::DayOfWeek, "The day of the week; Sunday is 1."),
    short_form!("HOUR", TimeUnit::Hour, "The hour of the day."),
    short_form!("MINUTE", TimeUnit::Minute, "The minute of the hour."),
    short_form!("SECOND", TimeUnit::Second, "The second of the minute."),
    FunctionSpec {
        name: "FLOOR TO",
        aliases: &[],
        usage: &["FLOOR(time TO unit)"],
        since: "1.12",
        about: "A moment rounded down to a unit of time; a TIMESTAMP_LTZ in the session's zone.",
        bind: |args| bind_round(args, Toward::Floor),
    },
    FunctionSpec {
        name: "CEIL TO",
        aliases: &["CEILING TO"],
        usage: &["CEIL(time TO unit)"],
        since: "1.12",
        about: "A moment rounded up to a unit of time; a TIMESTAMP_LTZ in the session's zone.",
        bind: |args| bind_round(args, Toward::Ceil),
    },
];

fn bind_extract(args: &Arguments<'_>, unit: TimeUnit, index: usize) -> Result<Bound, BindError> {
    let logical = args.logical(index);
    let refused = || BindError(format!("{} is not a part of {logical}", unit.name()));
    let is_below_millis = matches!(unit, TimeUnit::Microsecond | TimeUnit::Nanosecond);
    let is_clock =
        matches!(unit, TimeUnit::Hour | TimeUnit::Minute | TimeUnit::Second | TimeUnit::Millisecond);
    let zone = if matches!(logical, LogicalType::TimestampLtz(_)) { args.zone() } else { Zone::utc() };
    let fits = match logical {
        LogicalType::Timestamp(_) | LogicalType::TimestampLtz(_) => true,
        LogicalType::Date => !is_below_millis,
        LogicalType::Time(_) => is_clock,
        LogicalType::IntervalDayTime => is_clock || unit == TimeUnit::Day,
        LogicalType::IntervalYearMonth => unit.months().is_some(),
        _ => false,
    };
    if args.is_bare_null(index) || !fits {
        return Err(refused());
    }
    let is_months = *logical == LogicalType::IntervalYearMonth;
    let data_type = as_nullable_as(args, LogicalType::BigInt);
    Ok(bound(vec![None; args.len()], data_type, Extract { unit, zone, index, is_months }))
}

struct Extract {
    unit: TimeUnit,
    /// UTC where it does not matter.
    zone: Zone,
    /// Where the moment stands among the arguments.
    index: usize,
    is_months: bool,
}

impl Scalar for Extract {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        let value = match args[self.index] {
            Value::Timestamp(at) => {
                let offset = self.zone.legacy_offset_at(at.seconds) * 1_000;
                let local = millis::of_timestamp(at).wrapping_add(offset);
                extract::of_moment(self.unit, local, at.nanos % 1_000_000)
            }
            Value::Date(days) => extract::of_days(self.unit, days.into()),
            Value::Time(time) => extract::of_clock(self.unit, time.into()).ok_or_else(mistyped)?,
            Value::Int(months) if self.is_months => i64::from(match self.unit {
                TimeUnit::Year => months / 12,
                TimeUnit::Quarter => months % 12 / 3 + 1,
                _ => months % 12,
            }),
            Value::BigInt(interval) => {
                extract::of_clock(self.unit, interval).unwrap_or(interval / DAY_MILLIS)
            }
            _ => return Err(mistyped()),
        };
        Ok(Value::BigInt(value))
    }
}

fn bind_round(args: &Arguments<'_>, toward: Toward) -> Result<Bound, BindError> {
    args.count(2, 2)?;
    let unit = args.unit()?;
    let logical = args.logical(1);
    if args.is_bare_null(1) || !is_moment(logical) || is_interval(logical) {
        return Err(args.refused(1, "a date or a time"));
    }
    if *logical != LogicalType::Date && !round::is_span(unit) {
        return Err(BindError(format!("{} is nothing to round {logical} to", unit.name())));
    }
    let (logical, zone) = match logical {
        LogicalType::TimestampLtz(_) => (logical.clone(), args.zone()),
        // Flink's TIME has no precision.
        LogicalType::Time(_) => (LogicalType::Time(0), Zone::utc()),
        other => (other.clone(), Zone::utc()),
    };
    let is_instant = matches!(logical, LogicalType::TimestampLtz(_));
    let scalar = Round { unit, toward, zone, is_instant };
    Ok(bound(vec![None; 2], as_nullable_as(args, logical), scalar))
}

struct Round {
    unit: TimeUnit,
    toward: Toward,
    zone: Zone,
    is_instant: bool,
}

impl Scalar for Round {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        let Self { unit, toward, .. } = *self;
        let unsupported = || {
            EvalError::new(format!("{} is too fine to round to: the finest unit is MILLISECOND", unit.name()))
        };
        Ok(match args[1] {
            Value::Date(days) if round::is_of_date(unit) => {
                Value::Date(round::date(unit, toward, days.into()) as i32)
            }
            Value::Date(days) => Value::Date(days),
            // Flink takes the milliseconds of a TIME for days where the unit is one of days.
            Value::Time(time) if round::is_of_date(unit) => {
                Value::Time(round::date(unit, toward, time.into()) as i32)
            }
            Value::Time(time) => {
                Value::Time(round::clock(unit, toward, time.into()).ok_or_else(unsupported)? as i32)
            }
            Value::Timestamp(_) if self.is_instant && unit == TimeUnit::IsoYear => {
                return Err(EvalError::new("Flink cannot round TIMESTAMP_LTZ to ISOYEAR: use YEAR"));
            }
            Value::Timestamp(at) => {
                let is_whole = round::is_of_date(unit) || unit == TimeUnit::Hour;
                let offset = if is_whole { self.zone.legacy_offset_at(at.seconds) * 1_000 } else { 0 };
                let local = millis::of_timestamp(at).wrapping_add(offset);
                let rounded = round::moment(unit, toward, local).ok_or_else(unsupported)?;
                Value::Timestamp(millis::to_timestamp(rounded.wrapping_sub(offset)))
            }
            _ => return Err(mistyped()),
        })
    }
}
