//! Texts and numbers read as dates and moments.

use std::sync::Arc;

use super::pattern::Pattern;
use crate::calendar::DAY_MILLIS;
use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Nulls, Pure, Scalar};
use crate::expr::functions::signature::{
    BareNull, Takes, as_nullable_as, bound, integer, is_number, is_text, mistyped, text,
};
use crate::expr::temporal::formatter::{DateTimeFormatter, ParseFailure};
use crate::expr::temporal::millis;
use crate::expr::temporal::simple::SimpleDateFormat;
use crate::expr::temporal::text::{read_date, read_sql, read_timestamp};
use crate::expr::temporal::zone::Zone;
use crate::row::{Timestamp, Unscaled, Value};
use crate::types::LogicalType;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "TO_DATE",
        aliases: &[],
        usage: &["TO_DATE(text)", "TO_DATE(text, pattern)"],
        since: "1.12",
        about: "The DATE that a text says, 'yyyy-MM-dd' or by a pattern of SimpleDateFormat.",
        bind: bind_to_date,
    },
    FunctionSpec {
        name: "TO_TIMESTAMP",
        aliases: &[],
        usage: &["TO_TIMESTAMP(text)", "TO_TIMESTAMP(text, pattern)"],
        since: "1.12",
        about: "The TIMESTAMP(3) that a text says, 'yyyy-MM-dd HH:mm:ss' or by a pattern of DateTimeFormatter; NULL for \
                any other text.",
        bind: bind_to_timestamp,
    },
    FunctionSpec {
        name: "TO_TIMESTAMP_LTZ",
        aliases: &[],
        usage: &[
            "TO_TIMESTAMP_LTZ(number)",
            "TO_TIMESTAMP_LTZ(number, 0 or 3)",
            "TO_TIMESTAMP_LTZ(text)",
            "TO_TIMESTAMP_LTZ(text, pattern)",
            "TO_TIMESTAMP_LTZ(text, pattern, zone)",
        ],
        since: "1.13",
        about: "The instant of so many seconds (0) or milliseconds (3) since 1970, or of a text, which is read in UTC \
                unless a zone is given.",
        bind: bind_to_timestamp_ltz,
    },
    FunctionSpec {
        name: "UNIX_TIMESTAMP",
        aliases: &[],
        usage: &["UNIX_TIMESTAMP()", "UNIX_TIMESTAMP(text)", "UNIX_TIMESTAMP(text, pattern)"],
        since: "1.12",
        about: "Seconds since 1970 of now, or of a text in the session's zone, by a pattern of SimpleDateFormat.",
        bind: bind_unix_timestamp,
    },
];

/// What Flink makes of a text that its older parser cannot read.
const UNREADABLE_MILLIS: i64 = i64::MIN;

fn bind_to_date(args: &Arguments<'_>) -> Result<Bound, BindError> {
    args.count(1, 2)?;
    let casts = args.check(&[Takes::Text], BareNull::Refused)?;
    if args.len() == 1 {
        let scalar = Pure(|args, _| {
            // A date that is read has four digits of year.
            Ok(read_date(text(args[0])?).map_or(Value::Null, |days| Value::Date(days as i32)))
        });
        return Ok(bound(casts, LogicalType::Date.nullable(), scalar));
    }
    let pattern = Pattern::of(args, 1);
    let is_deterministic = !pattern.reads_century();
    Ok(Bound { is_deterministic, ..bound(casts, LogicalType::Date.nullable(), ToDate(pattern)) })
}

struct ToDate(Pattern<SimpleDateFormat>);

impl Scalar for ToDate {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        let text = text(args[0])?;
        self.0.with(args, |pattern| {
            let millis = pattern.parse(text, &Zone::utc(), moment.now.seconds);
            let days = millis.map_or(UNREADABLE_DAYS, |millis| millis.div_euclid(DAY_MILLIS));
            Ok(Value::Date(days as i32))
        })
    }
}

/// The days of [`UNREADABLE_MILLIS`] as Java's `int` counts them: +1705471-09-27.
const UNREADABLE_DAYS: i64 = 622_191_233;

fn bind_to_timestamp(args: &Arguments<'_>) -> Result<Bound, BindError> {
    args.count(1, 2)?;
    let casts = args.check(&[Takes::Text], BareNull::Refused)?;
    let pattern = (args.len() == 2).then(|| Pattern::of(args, 1));
    let default = DateTimeFormatter::of_timestamps();
    Ok(bound(casts, LogicalType::Timestamp(3).nullable(), ToTimestamp { pattern, default }))
}

struct ToTimestamp {
    pattern: Option<Pattern<DateTimeFormatter>>,
    default: DateTimeFormatter,
}

impl Scalar for ToTimestamp {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        let text = text(args[0])?;
        let read = match &self.pattern {
            None => read_timestamp(&self.default, text, 3),
            // A wrong pattern reads nothing.
            Some(pattern) => pattern.with(args, |pattern| Ok(read_by(pattern, text))).unwrap_or(None),
        };
        Ok(read.map_or(Value::Null, Value::Timestamp))
    }
}

/// By the pattern, to the millisecond; where the text does not follow it, as SQL writes timestamps.
fn read_by(pattern: &DateTimeFormatter, text: &str) -> Option<Timestamp> {
    match pattern.parse(text) {
        Ok(Timestamp { seconds, nanos }) => Some(Timestamp { seconds, nanos: nanos - nanos % 1_000_000 }),
        Err(ParseFailure::Text) => read_sql(text),
        Err(ParseFailure::Moment) => None,
    }
}

fn bind_to_timestamp_ltz(args: &Arguments<'_>) -> Result<Bound, BindError> {
    args.count(1, 3)?;
    let data_type = LogicalType::TimestampLtz(3).nullable();
    if is_number(args.logical(0)) {
        args.count(1, 2)?;
        let casts = args.check(&[Takes::Number, Takes::Integer], BareNull::Refused)?;
        let scale = match args.logical(0) {
            LogicalType::Decimal { scale, .. } => *scale,
            _ => 0,
        };
        return Ok(bound(casts, data_type, OfNumber { scale }));
    }
    if !is_text(args.logical(0)) {
        return Err(args.refused(0, "a number or a character string"));
    }
    let casts = args.check(&[Takes::Text], BareNull::Refused)?;
    if args.len() == 1 {
        return Ok(bound(casts, data_type, OfText(DateTimeFormatter::of_timestamps())));
    }
    let zone = args.constant_text(2).map(Zone::of_id);
    Ok(bound(casts, data_type, OfPattern { pattern: Pattern::of(args, 1), zone }))
}

struct OfNumber {
    scale: u8,
}

impl Scalar for OfNumber {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        let is_seconds = match args.get(1) {
            None => false,
            Some(precision) => match integer(*precision)? {
                0 => true,
                3 => false,
                other => {
                    return Err(EvalError::new(format!(
                        "the precision {other} of TO_TIMESTAMP_LTZ(number, precision) is not supported: 0 says seconds, \
                         3 milliseconds"
                    )));
                }
            },
        };
        let millis = self.millis(args[0], is_seconds)?;
        // Years 0000 to 9999.
        let fits = millis.is_some_and(|millis| (-62_167_219_200_000..=253_402_300_799_999).contains(&millis));
        Ok(millis
            .filter(|_| fits)
            .map_or(Value::Null, |millis| Value::Timestamp(millis::to_timestamp(millis))))
    }
}

impl OfNumber {
    fn millis(&self, number: Value<'_>, is_seconds: bool) -> Result<Option<i64>, EvalError> {
        let unit = if is_seconds { 1_000 } else { 1 };
        let floating = |number: f64| (number.abs() < 1e15).then_some((number * unit as f64) as i64);
        match number {
            Value::Float(number) => Ok(floating(number.into())),
            Value::Double(number) => Ok(floating(number)),
            Value::Decimal(Unscaled(digits)) => {
                let whole = digits / crate::expr::decimal::power(self.scale);
                Ok(i64::try_from(whole).ok().and_then(|whole| whole.checked_mul(unit)))
            }
            other => Ok(integer(other)?.checked_mul(unit)),
        }
    }
}

struct OfText(DateTimeFormatter);

impl Scalar for OfText {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        let read = read_timestamp(&self.0, text(args[0])?, 3);
        read.map(Value::Timestamp).ok_or_else(|| {
            EvalError::new("the text of TO_TIMESTAMP_LTZ(text) is no timestamp like yyyy-MM-dd HH:mm:ss.SSS")
        })
    }
}

struct OfPattern {
    pattern: Pattern<DateTimeFormatter>,
    /// Where it is constant: what it says, nothing if Java knows no such zone.
    zone: Option<Option<Zone>>,
}

impl Scalar for OfPattern {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], _: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        let given = text(args[0])?;
        let Some(local) = self.pattern.with(args, |pattern| Ok(read_by(pattern, given)))? else {
            return Ok(Value::Null);
        };
        let zone = match (&self.zone, args.get(2)) {
            (Some(zone), _) => zone.clone(),
            (None, Some(id)) => Zone::of_id(text(*id)?),
            (None, None) => Some(Zone::utc()),
        };
        let instant = zone.map(|zone| Timestamp { seconds: zone.instant_of(local.seconds), ..local });
        Ok(instant.map_or(Value::Null, Value::Timestamp))
    }
}

fn bind_unix_timestamp(args: &Arguments<'_>) -> Result<Bound, BindError> {
    if args.len() == 0 {
        let scalar = Arc::new(Pure(|_, moment| Ok(Value::BigInt(moment.now.seconds))));
        let data_type = LogicalType::BigInt.not_null();
        let nulls = Nulls::Propagate;
        return Ok(Bound { casts: Vec::new(), data_type, nulls, is_deterministic: false, scalar });
    }
    args.count(1, 2)?;
    let casts = args.check(&[Takes::Text], BareNull::Refused)?;
    let pattern = if args.len() == 2 {
        Pattern::of(args, 1)
    } else {
        Pattern::Constant(Ok(SimpleDateFormat::of_timestamps()))
    };
    let is_deterministic = !pattern.reads_century();
    let scalar = UnixTimestamp { pattern, zone: args.zone() };
    Ok(Bound { is_deterministic, ..bound(casts, as_nullable_as(args, LogicalType::BigInt), scalar) })
}

struct UnixTimestamp {
    pattern: Pattern<SimpleDateFormat>,
    zone: Zone,
}

impl Scalar for UnixTimestamp {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        let Value::String(text) = args[0] else { return Err(mistyped()) };
        self.pattern.with(args, |pattern| {
            let millis = pattern.parse(text, &self.zone, moment.now.seconds);
            Ok(Value::BigInt(millis.map_or(UNREADABLE_MILLIS, |millis| millis / 1_000)))
        })
    }
}
