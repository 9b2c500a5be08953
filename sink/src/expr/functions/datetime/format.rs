//! Moments written as texts.

use super::pattern::Pattern;
use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Scalar};
use crate::expr::functions::signature::{BareNull, Takes, bound, integer, is_text, mistyped, text};
use crate::expr::temporal::formatter::DateTimeFormatter;
use crate::expr::temporal::local::LocalDateTime;
use crate::expr::temporal::simple::SimpleDateFormat;
use crate::expr::temporal::zone::Zone;
use crate::row::{Timestamp, Value};
use crate::types::LogicalType;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "DATE_FORMAT",
        aliases: &[],
        usage: &["DATE_FORMAT(timestamp, pattern)", "DATE_FORMAT(text, pattern)"],
        since: "1.12",
        about: "A timestamp by a pattern of DateTimeFormatter, or a text 'yyyy-MM-dd HH:mm:ss' by one of \
                SimpleDateFormat.",
        bind: bind_date_format,
    },
    FunctionSpec {
        name: "FROM_UNIXTIME",
        aliases: &[],
        usage: &["FROM_UNIXTIME(seconds)", "FROM_UNIXTIME(seconds, pattern)"],
        since: "1.12",
        about: "So many seconds since 1970 in the session's zone, 'yyyy-MM-dd HH:mm:ss' or by a pattern of \
                SimpleDateFormat.",
        bind: bind_from_unixtime,
    },
    FunctionSpec {
        name: "CONVERT_TZ",
        aliases: &[],
        usage: &["CONVERT_TZ(text, from_zone, to_zone)"],
        since: "1.12",
        about: "A text 'yyyy-MM-dd HH:mm:ss' of one zone as another zone shows it; unknown zones are GMT.",
        bind: |args| {
            args.count(3, 3)?;
            let casts = args.check(&[Takes::Text], BareNull::Refused)?;
            let zones = [1, 2].map(|index| args.constant_text(index).map(Zone::of_legacy));
            let format = SimpleDateFormat::of_timestamps();
            Ok(bound(casts, LogicalType::STRING.nullable(), ConvertTz { zones, format }))
        },
    },
];

fn bind_date_format(args: &Arguments<'_>) -> Result<Bound, BindError> {
    args.count(2, 2)?;
    let casts = args.check(&[Takes::Any, Takes::Text], BareNull::Refused)?;
    let data_type = LogicalType::STRING.nullable();
    Ok(match args.logical(0) {
        LogicalType::Timestamp(_) => {
            bound(casts, data_type, FormatMoment { pattern: Pattern::of(args, 1), zone: Zone::utc() })
        }
        LogicalType::TimestampLtz(_) => {
            bound(casts, data_type, FormatMoment { pattern: Pattern::of(args, 1), zone: args.zone() })
        }
        logical if is_text(logical) => {
            let from = SimpleDateFormat::of_timestamps();
            bound(casts, data_type, FormatText { from, to: Pattern::of(args, 1), zone: args.zone() })
        }
        _ => return Err(args.refused(0, "a TIMESTAMP or a character string: CAST it")),
    })
}

struct FormatMoment {
    pattern: Pattern<DateTimeFormatter>,
    zone: Zone,
}

impl Scalar for FormatMoment {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        let Value::Timestamp(at) = args[0] else { return Err(mistyped()) };
        let seconds = at.seconds.saturating_add(self.zone.offset_at(at.seconds));
        let local = LocalDateTime::of(Timestamp { seconds, ..at });
        self.pattern.with(args, |pattern| {
            let mut out = moment.arena.string_with_capacity(TEXT_BYTES_USUAL);
            pattern.print(&local, &mut out).map_err(EvalError::new)?;
            Ok(Value::String(out.into_str()))
        })
    }
}

/// Room for most formatted timestamps.
const TEXT_BYTES_USUAL: usize = 32;

struct FormatText {
    from: SimpleDateFormat,
    to: Pattern<SimpleDateFormat>,
    zone: Zone,
}

impl Scalar for FormatText {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        let text = text(args[0])?;
        self.to.with(args, |to| {
            let millis = self.from.parse(text, &self.zone, moment.now.seconds);
            Ok(millis.map_or(Value::Null, |millis| printed(to, millis, &self.zone, moment)))
        })
    }
}

fn printed<'a>(format: &SimpleDateFormat, millis: i64, zone: &Zone, moment: &Moment<'a>) -> Value<'a> {
    let mut out = moment.arena.string_with_capacity(TEXT_BYTES_USUAL);
    // Growing text in the arena does not fail.
    let _ = format.print(millis, zone, &mut out);
    Value::String(out.into_str())
}

fn bind_from_unixtime(args: &Arguments<'_>) -> Result<Bound, BindError> {
    args.count(1, 2)?;
    let casts = args.check(&[Takes::Integer, Takes::Text], BareNull::Refused)?;
    let pattern = if args.len() == 2 {
        Pattern::of(args, 1)
    } else {
        Pattern::Constant(Ok(SimpleDateFormat::of_timestamps()))
    };
    Ok(bound(casts, LogicalType::STRING.nullable(), FromUnixtime { pattern, zone: args.zone() }))
}

struct FromUnixtime {
    pattern: Pattern<SimpleDateFormat>,
    zone: Zone,
}

impl Scalar for FromUnixtime {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        // Java's long wraps.
        let millis = integer(args[0])?.wrapping_mul(1_000);
        self.pattern.with(args, |pattern| Ok(printed(pattern, millis, &self.zone, moment)))
    }
}

struct ConvertTz {
    /// Those that are constant.
    zones: [Option<Zone>; 2],
    format: SimpleDateFormat,
}

impl Scalar for ConvertTz {
    fn evaluate<'a>(&'a self, args: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        let zone = |index: usize| match &self.zones[index] {
            Some(zone) => Ok(zone.clone()),
            None => text(args[index + 1]).map(Zone::of_legacy),
        };
        let millis = self.format.parse(text(args[0])?, &zone(0)?, moment.now.seconds);
        let to = zone(1)?;
        Ok(millis.map_or(Value::Null, |millis| printed(&self.format, millis, &to, moment)))
    }
}
