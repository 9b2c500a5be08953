//! The fields of dates and times that a pattern names, and the names that people give them.

/// A field of `java.time`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChronoField {
    Era,
    YearOfEra,
    Year,
    Quarter,
    Month,
    DayOfYear,
    DayOfMonth,
    AlignedDayOfWeekInMonth,
    DayOfWeek,
    /// Sunday is 1.
    LocalDayOfWeek,
    WeekBasedYear,
    WeekOfYear,
    WeekOfMonth,
    ModifiedJulianDay,
    AmPm,
    HourOfDay,
    ClockHourOfDay,
    HourOfAmPm,
    ClockHourOfAmPm,
    Minute,
    Second,
    Nano,
    MilliOfDay,
    NanoOfDay,
}

/// How many there are.
pub(crate) const CHRONO_FIELDS: usize = 24;

impl ChronoField {
    /// The values that `java.time` takes.
    pub(crate) fn range(self) -> std::ops::RangeInclusive<i64> {
        match self {
            Self::Era | Self::AmPm => 0..=1,
            Self::Year => -999_999_999..=999_999_999,
            Self::YearOfEra | Self::WeekBasedYear => 1..=1_000_000_000,
            Self::Quarter => 1..=4,
            Self::Month => 1..=12,
            Self::DayOfYear => 1..=366,
            Self::DayOfMonth => 1..=31,
            Self::AlignedDayOfWeekInMonth | Self::DayOfWeek | Self::LocalDayOfWeek => 1..=7,
            Self::WeekOfYear => 1..=54,
            Self::WeekOfMonth => 0..=6,
            Self::ModifiedJulianDay => -365_243_219_162..=365_241_780_471,
            Self::HourOfDay => 0..=23,
            Self::ClockHourOfDay => 1..=24,
            Self::HourOfAmPm => 0..=11,
            Self::ClockHourOfAmPm => 1..=12,
            Self::Minute | Self::Second => 0..=59,
            Self::Nano => 0..=999_999_999,
            Self::MilliOfDay => 0..=86_399_999,
            Self::NanoOfDay => 0..=86_399_999_999_999,
        }
    }
}

/// January is the first.
pub(crate) const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// Monday is the first.
pub(crate) const WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// Before noon, after noon.
pub(crate) const HALVES: [&str; 2] = ["AM", "PM"];

/// Before year 1, from year 1 on.
pub(crate) const ERAS: [&str; 2] = ["BC", "AD"];

/// How long a name is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TextStyle {
    Full,
    Short,
    Narrow,
}

impl TextStyle {
    /// A field's value in words; `None` where it has none.
    pub(crate) fn name(self, field: ChronoField, value: i64) -> Option<&'static str> {
        let at =
            |names: &[&'static str], first: i64| names.get(usize::try_from(value - first).ok()?).copied();
        let name = match field {
            ChronoField::Month => at(&MONTHS, 1)?,
            ChronoField::DayOfWeek => at(&WEEKDAYS, 1)?,
            ChronoField::LocalDayOfWeek => WEEKDAYS[usize::try_from((value + 5).rem_euclid(7)).ok()?],
            ChronoField::AmPm => return at(&HALVES, 0),
            ChronoField::Era if self == Self::Full => return at(&["Before Christ", "Anno Domini"], 0),
            ChronoField::Era if self == Self::Narrow => return at(&["B", "A"], 0),
            ChronoField::Era => return at(&ERAS, 0),
            ChronoField::Quarter if self == Self::Full => {
                return at(&["1st quarter", "2nd quarter", "3rd quarter", "4th quarter"], 1);
            }
            ChronoField::Quarter if self == Self::Narrow => return at(&["1", "2", "3", "4"], 1),
            ChronoField::Quarter => return at(&["Q1", "Q2", "Q3", "Q4"], 1),
            _ => return None,
        };
        match self {
            Self::Full => Some(name),
            Self::Short => name.get(..3),
            Self::Narrow => name.get(..1),
        }
    }
}
