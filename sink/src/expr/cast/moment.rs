//! Moments to dates, times and moments of other kinds.

use crate::calendar::{DAY_MILLIS, DAY_SECONDS};
use crate::expr::EvalError;
use crate::expr::temporal::millis;
use crate::expr::temporal::zone::Zone;
use crate::row::{Timestamp, Value};

/// The instant at which a wall clock shows this.
pub(super) fn to_instant(local: Timestamp, zone: &Zone) -> Timestamp {
    Timestamp { seconds: zone.instant_of(local.seconds), ..local }
}

/// What a wall clock shows at an instant.
pub(super) fn to_wall_clock(instant: Timestamp, zone: &Zone) -> Timestamp {
    Timestamp { seconds: instant.seconds.saturating_add(zone.offset_at(instant.seconds)), ..instant }
}

/// As Flink cuts: milliseconds towards 1970, what is finer towards the past; nothing where the nanoseconds, written as a
/// number, have no more digits than the precision.
pub(super) fn truncated(moment: Timestamp, precision: u8) -> Timestamp {
    if moment.nanos.checked_ilog10().unwrap_or(0) < u32::from(precision) {
        return moment;
    }
    if precision > 3 {
        let unit = 10_u32.pow(u32::from(9 - precision.min(9)));
        return Timestamp { seconds: moment.seconds, nanos: moment.nanos - moment.nanos % unit };
    }
    let unit = 10_i64.pow(u32::from(3 - precision));
    millis::to_timestamp(millis::of_timestamp(moment) / unit * unit)
}

/// Flink counts days towards 1970.
pub(super) fn to_date<'a>(local: Timestamp) -> Result<Value<'a>, EvalError> {
    days(millis::of_timestamp(local) / DAY_MILLIS)
}

/// Seconds of the day, negative before 1970.
pub(super) fn to_time<'a>(local: Timestamp) -> Value<'a> {
    // Below a day's 86,400,000.
    Value::Time((millis::of_timestamp(local) % DAY_MILLIS / 1_000 * 1_000) as i32)
}

pub(super) fn to_local_date<'a>(instant: Timestamp, zone: &Zone) -> Result<Value<'a>, EvalError> {
    days(to_wall_clock(instant, zone).seconds.div_euclid(DAY_SECONDS))
}

pub(super) fn to_local_time<'a>(instant: Timestamp, zone: &Zone) -> Value<'a> {
    Value::Time((to_wall_clock(instant, zone).seconds.rem_euclid(DAY_SECONDS) * 1_000) as i32)
}

pub(super) fn of_date<'a>(days: i32, zone: &Zone) -> Value<'a> {
    Value::Timestamp(to_instant(Timestamp { seconds: i64::from(days) * DAY_SECONDS, nanos: 0 }, zone))
}

pub(super) fn of_time<'a>(time: i32, zone: &Zone) -> Value<'a> {
    Value::Timestamp(to_instant(millis::to_timestamp(time.into()), zone))
}

fn days<'a>(days: i64) -> Result<Value<'a>, EvalError> {
    let days = i32::try_from(days);
    days.map(Value::Date).map_err(|_| EvalError::new("the moment lies beyond the days of a DATE"))
}
