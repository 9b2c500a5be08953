//! Dates, times, intervals and zones.

pub(super) mod arithmetic;
pub(super) mod clock;
pub(super) mod dli;
pub(super) mod format;
pub(super) mod parse;
pub(super) mod parts;
pub(super) mod span;

mod pattern;

use crate::expr::function::{Arguments, BindError};
use crate::expr::temporal::unit::TimeUnit;
use crate::expr::temporal::zone::Zone;
use crate::types::LogicalType;

impl Arguments<'_> {
    /// The zone of the session. It was checked when it was set.
    fn zone(&self) -> Zone {
        Zone::of_session(&self.session.time_zone).unwrap_or_else(Zone::utc)
    }

    /// The unit that the first argument names. The binder hands a keyword over as a text.
    fn unit(&self) -> Result<TimeUnit, BindError> {
        let name = self.constant_text(0).unwrap_or_default();
        TimeUnit::named(name).ok_or_else(|| BindError(format!("'{name}' is not a unit of time")))
    }
}

fn is_moment(logical: &LogicalType) -> bool {
    use LogicalType as T;
    matches!(logical, T::Date | T::Time(_) | T::Timestamp(_) | T::TimestampLtz(_))
}

fn is_interval(logical: &LogicalType) -> bool {
    matches!(logical, LogicalType::IntervalYearMonth | LogicalType::IntervalDayTime)
}
