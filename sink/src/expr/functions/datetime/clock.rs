//! What time it is, as each row sees it.

use std::sync::Arc;

use crate::calendar::DAY_SECONDS;
use crate::expr::EvalError;
use crate::expr::function::{Arguments, BindError, Bound, FunctionSpec, Moment, Nulls, Pure, Scalar};
use crate::expr::temporal::zone::Zone;
use crate::row::{Timestamp, Value};
use crate::types::LogicalType;

pub(in crate::expr::functions) static FUNCTIONS: &[FunctionSpec] = &[
    FunctionSpec {
        name: "CURRENT_TIMESTAMP",
        aliases: &[],
        usage: &["CURRENT_TIMESTAMP"],
        since: "1.12",
        about: "Now, as TIMESTAMP_LTZ(3).",
        bind: |args| instant(args, 1),
    },
    FunctionSpec {
        name: "NOW",
        aliases: &["CURRENT_ROW_TIMESTAMP"],
        usage: &["NOW()", "CURRENT_ROW_TIMESTAMP()"],
        since: "1.12",
        about: "Now, as TIMESTAMP_LTZ(3).",
        bind: |args| instant(args, 0),
    },
    FunctionSpec {
        name: "PROCTIME",
        aliases: &[],
        usage: &["PROCTIME()"],
        since: "1.12",
        about: "When the row is processed, as TIMESTAMP_LTZ(3).",
        bind: |args| instant(args, 0),
    },
    FunctionSpec {
        name: "LOCALTIMESTAMP",
        aliases: &[],
        usage: &["LOCALTIMESTAMP"],
        since: "1.12",
        about: "Now in the session's zone, as TIMESTAMP(3).",
        bind: |args| local(args, LogicalType::Timestamp(3), Value::Timestamp),
    },
    FunctionSpec {
        name: "CURRENT_DATE",
        aliases: &[],
        usage: &["CURRENT_DATE"],
        since: "1.12",
        about: "Today in the session's zone.",
        bind: |args| {
            args.count(0, 0)?;
            local(args, LogicalType::Date, |now| Value::Date(now.seconds.div_euclid(DAY_SECONDS) as i32))
        },
    },
    FunctionSpec {
        name: "CURRENT_TIME",
        aliases: &["LOCALTIME"],
        usage: &["CURRENT_TIME", "LOCALTIME"],
        since: "1.12",
        about: "The time of the day in the session's zone.",
        bind: |args| {
            local(args, LogicalType::Time(0), |now| {
                // Below a day's 86,400,000.
                let millis = now.seconds.rem_euclid(DAY_SECONDS) * 1_000 + i64::from(now.nanos / 1_000_000);
                Value::Time(millis as i32)
            })
        },
    },
];

fn instant(args: &Arguments<'_>, count_max: usize) -> Result<Bound, BindError> {
    args.count(0, count_max)?;
    let scalar = Arc::new(Pure(|_, moment| Ok(Value::Timestamp(to_millis(moment.now)))));
    Ok(unstable(args, LogicalType::TimestampLtz(3), scalar))
}

fn local(
    args: &Arguments<'_>,
    logical: LogicalType,
    value: fn(Timestamp) -> Value<'static>,
) -> Result<Bound, BindError> {
    args.count(0, 1)?;
    Ok(unstable(args, logical, Arc::new(LocalClock { zone: args.zone(), value })))
}

/// A call that is asked anew for every row.
fn unstable(args: &Arguments<'_>, logical: LogicalType, scalar: Arc<dyn Scalar>) -> Bound {
    let casts = vec![None; args.len()];
    Bound { casts, data_type: logical.not_null(), nulls: Nulls::Given, is_deterministic: false, scalar }
}

struct LocalClock {
    zone: Zone,
    value: fn(Timestamp) -> Value<'static>,
}

impl Scalar for LocalClock {
    fn evaluate<'a>(&'a self, _: &[Value<'a>], moment: &Moment<'a>) -> Result<Value<'a>, EvalError> {
        let now = to_millis(moment.now);
        let seconds = now.seconds + self.zone.offset_at(now.seconds);
        Ok((self.value)(Timestamp { seconds, ..now }))
    }
}

fn to_millis(now: Timestamp) -> Timestamp {
    Timestamp { nanos: now.nanos - now.nanos % 1_000_000, ..now }
}
