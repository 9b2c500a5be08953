//! Units of time, as EXTRACT, FLOOR, TIMESTAMPADD and TIMESTAMPDIFF name them.

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TimeUnit {
    Year,
    Quarter,
    Month,
    Week,
    Day,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
    DayOfWeek,
    IsoDayOfWeek,
    DayOfYear,
    IsoYear,
    Epoch,
    Decade,
    Century,
    Millennium,
}

/// Every unit by its name.
const NAMES: [(&str, TimeUnit); 19] = [
    ("YEAR", TimeUnit::Year),
    ("QUARTER", TimeUnit::Quarter),
    ("MONTH", TimeUnit::Month),
    ("WEEK", TimeUnit::Week),
    ("DAY", TimeUnit::Day),
    ("HOUR", TimeUnit::Hour),
    ("MINUTE", TimeUnit::Minute),
    ("SECOND", TimeUnit::Second),
    ("MILLISECOND", TimeUnit::Millisecond),
    ("MICROSECOND", TimeUnit::Microsecond),
    ("NANOSECOND", TimeUnit::Nanosecond),
    ("DOW", TimeUnit::DayOfWeek),
    ("ISODOW", TimeUnit::IsoDayOfWeek),
    ("DOY", TimeUnit::DayOfYear),
    ("ISOYEAR", TimeUnit::IsoYear),
    ("EPOCH", TimeUnit::Epoch),
    ("DECADE", TimeUnit::Decade),
    ("CENTURY", TimeUnit::Century),
    ("MILLENNIUM", TimeUnit::Millennium),
];

impl TimeUnit {
    /// The unit of that name, in any case; `SQL_TSI_` may stand before it.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let name = name.to_ascii_uppercase();
        let name = name.strip_prefix("SQL_TSI_").unwrap_or(&name);
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, unit)| *unit)
    }

    /// As SQL writes it.
    pub(crate) fn name(self) -> &'static str {
        NAMES.iter().find(|(_, unit)| *unit == self).map_or("", |(name, _)| name)
    }

    /// Its milliseconds, from a week down to one.
    pub(crate) fn millis(self) -> Option<i64> {
        Some(match self {
            Self::Week => 7 * 86_400_000,
            Self::Day => 86_400_000,
            Self::Hour => 3_600_000,
            Self::Minute => 60_000,
            Self::Second => 1_000,
            Self::Millisecond => 1,
            _ => return None,
        })
    }

    /// Its months, from a year down to one.
    pub(crate) fn months(self) -> Option<i32> {
        Some(match self {
            Self::Year => 12,
            Self::Quarter => 3,
            Self::Month => 1,
            _ => return None,
        })
    }
}
