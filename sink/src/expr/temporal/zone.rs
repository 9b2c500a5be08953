//! Time zones: offsets of instants and instants of wall clocks, as `java.time` has them and as `java.util` has them.
//!
//! Flink uses both. They differ before 1900, where `java.util` knows no local mean time and takes the zone's present
//! standard offset, and in an overlap, where `java.time` takes the earlier instant and `java.util` the later one. In a
//! gap both count on with the offset before it.

use jiff::Timestamp as Instant;
use jiff::civil;
use jiff::tz::{AmbiguousOffset, TimeZone};

use crate::calendar::{CivilDate, DAY_SECONDS};

/// A zone of the IANA database, or a fixed offset.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Zone {
    /// As Java writes it.
    id: Box<str>,
    rules: Rules,
}

#[derive(Clone, Debug, PartialEq)]
enum Rules {
    /// Seconds east of Greenwich.
    Fixed(i32),
    /// A region, and its present standard offset.
    Region(TimeZone, i32),
}

impl Zone {
    /// Coordinated Universal Time.
    pub(crate) fn utc() -> Self {
        Self { id: "UTC".into(), rules: Rules::Fixed(0) }
    }

    /// What `table.local-time-zone` takes: ids on which `java.time` and `java.util` agree.
    pub(crate) fn of_session(id: &str) -> Option<Self> {
        let is_disputed =
            ["+", "-", "UTC+", "UTC-", "UT+", "UT-"].iter().any(|prefix| id.starts_with(prefix));
        if is_disputed || matches!(id, "Z" | "UT") { None } else { Self::of_id(id) }
    }

    /// What `java.time.ZoneId.of` takes: a region, `Z`, `+08:00`, and the same behind `UTC`, `GMT` or `UT`.
    pub(crate) fn of_id(id: &str) -> Option<Self> {
        if let Some(seconds) = offset_id(id) {
            return Some(Self::fixed(id, seconds));
        }
        for prefix in ["UTC", "GMT", "UT"] {
            if let Some(rest) = id.strip_prefix(prefix) {
                if rest.is_empty() {
                    return Some(Self::fixed(id, 0));
                }
                if let Some(seconds) = offset_id(rest).filter(|_| rest != "Z") {
                    return Some(Self::fixed(&format!("{prefix}{}", Offset(seconds)), seconds));
                }
            }
        }
        // These three are old names of offsets, not regions.
        if matches!(id, "EST" | "MST" | "HST") { None } else { Self::region(id) }
    }

    /// What `java.util.TimeZone.getTimeZone` makes of any text: what it does not know is GMT.
    pub(crate) fn of_legacy(id: &str) -> Self {
        if let Some((_, hours)) = LEGACY_OFFSETS.iter().find(|(name, _)| *name == id) {
            return Self::fixed(id, hours * 3_600);
        }
        let id = LEGACY_REGIONS.iter().find(|(name, _)| *name == id).map_or(id, |(_, region)| region);
        if let Some(seconds) = id.strip_prefix("GMT").and_then(custom_offset) {
            return Self::fixed(&format!("GMT{}", Offset(seconds)), seconds);
        }
        if id == "UTC" { Self::utc() } else { Self::region(id).unwrap_or_else(|| Self::fixed("GMT", 0)) }
    }

    fn fixed(id: &str, seconds: i32) -> Self {
        Self { id: id.into(), rules: Rules::Fixed(seconds) }
    }

    fn region(id: &str) -> Option<Self> {
        let zone = TimeZone::get(id).ok().filter(|zone| zone.iana_name() == Some(id))?;
        let offset = |date: civil::Date| {
            zone.to_offset_info(Instant::from_second(days(date) * DAY_SECONDS).unwrap_or(Instant::MAX))
                .offset()
        };
        let standard = offset(civil::date(9998, 1, 15)).min(offset(civil::date(9998, 7, 15))).seconds();
        Some(Self { id: id.into(), rules: Rules::Region(zone, standard) })
    }

    /// Whether wall clocks and instants are one number.
    pub(crate) fn is_utc(&self) -> bool {
        matches!(self.rules, Rules::Fixed(0))
    }

    /// Seconds to add to an instant for its wall clock.
    pub(crate) fn offset_at(&self, seconds: i64) -> i64 {
        match &self.rules {
            Rules::Fixed(offset) => (*offset).into(),
            Rules::Region(zone, _) => zone.to_offset(instant(seconds)).seconds().into(),
        }
    }

    /// The same as `java.util` has it.
    pub(crate) fn legacy_offset_at(&self, seconds: i64) -> i64 {
        match &self.rules {
            Rules::Region(_, standard) if seconds < LEGACY_BEGIN => (*standard).into(),
            _ => self.offset_at(seconds),
        }
    }

    /// The instant at which a wall clock shows so many seconds since 1970; of two the earlier.
    pub(crate) fn instant_of(&self, local: i64) -> i64 {
        match &self.rules {
            Rules::Fixed(offset) => local - i64::from(*offset),
            Rules::Region(zone, _) => match zone.to_ambiguous_timestamp(wall_clock(local)).offset() {
                AmbiguousOffset::Unambiguous { offset: before }
                | AmbiguousOffset::Gap { before, .. }
                | AmbiguousOffset::Fold { before, .. } => local - i64::from(before.seconds()),
            },
        }
    }

    /// The same as `java.util` has it; of two the later.
    pub(crate) fn legacy_instant_of(&self, local: i64) -> i64 {
        match &self.rules {
            Rules::Fixed(offset) => local - i64::from(*offset),
            Rules::Region(_, standard) if local < LEGACY_BEGIN + self.offset_at(LEGACY_BEGIN) => {
                local - i64::from(*standard)
            }
            Rules::Region(zone, _) => match zone.to_ambiguous_timestamp(wall_clock(local)).offset() {
                AmbiguousOffset::Unambiguous { offset }
                | AmbiguousOffset::Gap { before: offset, .. }
                | AmbiguousOffset::Fold { after: offset, .. } => local - i64::from(offset.seconds()),
            },
        }
    }

    /// `EST`, `CEST`: today's abbreviation of what the zone observes at an instant, as `java.util` prints it.
    pub(crate) fn abbreviation_at(&self, seconds: i64) -> String {
        let Rules::Region(zone, _) = &self.rules else { return self.id.to_string() };
        let then = zone.to_offset_info(instant(seconds));
        let today = [civil::date(2025, 1, 15), civil::date(2025, 7, 15)]
            .map(|date| zone.to_offset_info(instant(days(date) * DAY_SECONDS)));
        let name = today.iter().find(|info| info.dst() == then.dst()).unwrap_or(&then).abbreviation();
        if name.starts_with(['+', '-']) {
            return format!("GMT{}", Offset(self.legacy_offset_at(seconds) as i32));
        }
        name.to_owned()
    }
}

/// Where the tables of `java.util` begin: 1900-01-01 00:00:00 UTC.
const LEGACY_BEGIN: i64 = -2_208_988_800;

/// The Gregorian calendar repeats itself, weekdays included.
const CYCLE_SECONDS: i64 = 146_097 * DAY_SECONDS;

/// The seconds of 400 years within jiff's, so that rules go on for ever.
fn instant(seconds: i64) -> Instant {
    let latest = Instant::MAX.as_second() - 1;
    let cycles = ((seconds - latest).max(0) + CYCLE_SECONDS - 1) / CYCLE_SECONDS;
    Instant::from_second(seconds - cycles * CYCLE_SECONDS).unwrap_or(Instant::MIN)
}

fn wall_clock(local: i64) -> civil::DateTime {
    let CivilDate { year, month, day } = CivilDate::of(local.div_euclid(DAY_SECONDS));
    let year = if year > 9_999 { 9_600 + year.rem_euclid(400) } else { year };
    let second = local.rem_euclid(DAY_SECONDS);
    let parts = [second / 3_600, second / 60 % 60, second % 60].map(|part| part as i8);
    let year = i16::try_from(year).unwrap_or(i16::MIN);
    civil::DateTime::new(year, month as i8, day as i8, parts[0], parts[1], parts[2], 0)
        .unwrap_or(civil::DateTime::MIN)
}

fn days(date: civil::Date) -> i64 {
    CivilDate { year: date.year().into(), month: date.month().into(), day: date.day().into() }.days()
}

/// `Z`, `+8`, `+08`, `+0800`, `+08:00`, with seconds too; at most 18 hours.
fn offset_id(id: &str) -> Option<i32> {
    if id == "Z" {
        return Some(0);
    }
    let (sign, digits) = match id.as_bytes() {
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    let (hours, minutes, seconds) = match digits {
        [h] => (two(b'0', *h)?, 0, 0),
        [a, b] => (two(*a, *b)?, 0, 0),
        [a, b, c, d] | [a, b, b':', c, d] => (two(*a, *b)?, two(*c, *d)?, 0),
        [a, b, c, d, e, f] | [a, b, b':', c, d, b':', e, f] => (two(*a, *b)?, two(*c, *d)?, two(*e, *f)?),
        _ => return None,
    };
    let size = hours * 3_600 + minutes * 60 + seconds;
    (minutes < 60 && seconds < 60 && size <= 18 * 3_600).then_some(sign * size)
}

/// What stands behind GMT in a custom id of `java.util`: `+8`, `+08`, `+830`, `+0830`, `+8:30`.
fn custom_offset(text: &str) -> Option<i32> {
    let (sign, digits) = match text.as_bytes() {
        [b'+', digits @ ..] => (1, digits),
        [b'-', digits @ ..] => (-1, digits),
        _ => return None,
    };
    let (hours, minutes) = match digits {
        [h] => (two(b'0', *h)?, 0),
        [a, b] => (two(*a, *b)?, 0),
        [h, c, d] | [h, b':', c, d] => (two(b'0', *h)?, two(*c, *d)?),
        [a, b, c, d] | [a, b, b':', c, d] => (two(*a, *b)?, two(*c, *d)?),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 3_600 + minutes * 60))
}

fn two(tens: u8, ones: u8) -> Option<i32> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| i32::from(byte - b'0'));
    Some(digit(tens)? * 10 + digit(ones)?)
}

/// `+08:00`
struct Offset(i32);

impl std::fmt::Display for Offset {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let size = self.0.unsigned_abs();
        let sign = if self.0 < 0 { '-' } else { '+' };
        write!(f, "{sign}{:02}:{:02}", size / 3_600, size / 60 % 60)?;
        if size.is_multiple_of(60) { Ok(()) } else { write!(f, ":{:02}", size % 60) }
    }
}

/// Old three-letter ids that are offsets, in hours.
const LEGACY_OFFSETS: [(&str, i32); 3] = [("EST", -5), ("MST", -7), ("HST", -10)];

/// Old three-letter ids that are regions.
const LEGACY_REGIONS: [(&str, &str); 25] = [
    ("ACT", "Australia/Darwin"),
    ("AET", "Australia/Sydney"),
    ("AGT", "America/Argentina/Buenos_Aires"),
    ("ART", "Africa/Cairo"),
    ("AST", "America/Anchorage"),
    ("BET", "America/Sao_Paulo"),
    ("BST", "Asia/Dhaka"),
    ("CAT", "Africa/Harare"),
    ("CNT", "America/St_Johns"),
    ("CST", "America/Chicago"),
    ("CTT", "Asia/Shanghai"),
    ("EAT", "Africa/Addis_Ababa"),
    ("ECT", "Europe/Paris"),
    ("IET", "America/Indiana/Indianapolis"),
    ("IST", "Asia/Kolkata"),
    ("JST", "Asia/Tokyo"),
    ("MIT", "Pacific/Apia"),
    ("NET", "Asia/Yerevan"),
    ("NST", "Pacific/Auckland"),
    ("PLT", "Asia/Karachi"),
    ("PNT", "America/Phoenix"),
    ("PRT", "America/Puerto_Rico"),
    ("PST", "America/Los_Angeles"),
    ("SST", "Pacific/Guadalcanal"),
    ("VST", "Asia/Ho_Chi_Minh"),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// Vectors zone-0006, zone-0011, zone-0081 and zone-0091 of Flink 2.2.
    #[test]
    fn the_two_clocks_of_java_differ_before_1900_and_where_clocks_go_back() {
        let new_york = Zone::of_id("America/New_York").unwrap();
        let noon_1883 = CivilDate { year: 1883, month: 11, day: 18 }.days() * DAY_SECONDS + 43_200;
        assert_eq!(new_york.instant_of(noon_1883) - noon_1883, 4 * 3_600 + 56 * 60 + 2);
        assert_eq!(new_york.legacy_instant_of(noon_1883), -2_717_650_800);
        let november_2021 = 1_636_248_600;
        assert_eq!(new_york.instant_of(november_2021), 1_636_263_000);
        assert_eq!(new_york.legacy_instant_of(november_2021), 1_636_266_600);
        let gap = 1_615_689_000;
        assert_eq!(
            (new_york.instant_of(gap), new_york.legacy_instant_of(gap)),
            (1_615_707_000, 1_615_707_000)
        );
    }

    #[test]
    fn the_rules_go_on_after_year_9999() {
        let new_york = Zone::of_id("America/New_York").unwrap();
        let july = CivilDate { year: 12_021, month: 7, day: 1 }.days() * DAY_SECONDS;
        assert_eq!((new_york.offset_at(july), new_york.instant_of(july) - july), (-4 * 3_600, 4 * 3_600));
        let first = CivilDate { year: -20_000, month: 7, day: 1 }.days() * DAY_SECONDS;
        assert_eq!(new_york.offset_at(first), -(4 * 3_600 + 56 * 60 + 2));
    }

    #[test]
    fn a_session_takes_the_ids_on_which_java_agrees_with_itself() {
        for id in ["UTC", "GMT", "Asia/Shanghai", "GMT+08:00", "GMT-3", "Etc/GMT+8", "EST5EDT", "US/Pacific"]
        {
            assert!(Zone::of_session(id).is_some(), "{id}");
        }
        for id in ["", "Z", "+08:00", "UTC+8", "PST", "EST", "asia/shanghai", "Nowhere", "GMT+25", "utc"] {
            assert!(Zone::of_session(id).is_none(), "{id}");
        }
        assert_eq!(Zone::of_id("UTC+8").map(|zone| zone.offset_at(0)), Some(8 * 3_600));
    }

    /// Vectors datetime-0463 to datetime-0466.
    #[test]
    fn java_util_takes_any_id() {
        let offset = |id: &str| Zone::of_legacy(id).legacy_offset_at(1_616_673_722);
        assert_eq!([offset("PST"), offset("EST"), offset("GMT+08:30")], [-7 * 3_600, -5 * 3_600, 30_600]);
        assert_eq!([offset("nope"), offset(""), offset("+08:00")], [0, 0, 0]);
    }
}
