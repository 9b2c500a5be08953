//! The text of a value to what it means, as Flink reads it.

use std::time::Duration;

use upsert_kafka_client::Secret;

use crate::option::{OptionKind, OptionValue};

/// The value, or nothing where the text is not of the kind.
pub(crate) fn parse(kind: OptionKind, text: &str) -> Option<OptionValue> {
    Some(match kind {
        OptionKind::String => OptionValue::String(text.to_owned()),
        OptionKind::List => OptionValue::List(list(text).filter(|items| items.len() <= ITEMS_MAX)?),
        OptionKind::Int => OptionValue::Int(text.parse().ok()?),
        OptionKind::Long => OptionValue::Long(text.parse().ok()?),
        OptionKind::Bool => OptionValue::Bool(boolean(text)?),
        OptionKind::Duration => OptionValue::Duration(duration(text)?),
        OptionKind::Memory => OptionValue::Memory(memory(text)?),
        OptionKind::Choice(choices) => {
            OptionValue::Choice(choices.iter().find(|choice| choice.eq_ignore_ascii_case(text))?)
        }
        OptionKind::Exact(choices) => OptionValue::Choice(choices.iter().find(|choice| **choice == text)?),
        OptionKind::Secret => OptionValue::Secret(text.into()),
        OptionKind::Map => OptionValue::Map(pairs(text)?),
    })
}

/// A time as options have it: `2 s`, `500ms`, `PT1S`; a bare number counts milliseconds.
pub fn parse_duration(text: &str) -> Option<Duration> {
    match parse(OptionKind::Duration, text)? {
        OptionValue::Duration(duration) => Some(duration),
        _ => None,
    }
}

/// Items of a list; those of one table are compared with those of others.
const ITEMS_MAX: usize = 1_000;

/// What a text should have been: "a whole number".
pub(crate) fn expectation(kind: OptionKind) -> String {
    match kind {
        OptionKind::String => "a text".to_owned(),
        OptionKind::List => format!("a list such as 'a;b', of at most {ITEMS_MAX} items"),
        OptionKind::Int | OptionKind::Long => "a whole number".to_owned(),
        OptionKind::Bool => "one of true, false".to_owned(),
        OptionKind::Duration => "a duration such as '2 s'".to_owned(),
        OptionKind::Memory => "a size such as '64 mb'".to_owned(),
        OptionKind::Choice(choices) | OptionKind::Exact(choices) => format!("one of {}", choices.join(", ")),
        OptionKind::Secret => "a text".to_owned(),
        OptionKind::Map => format!("pairs such as 'a:b,c:d', at most {ITEMS_MAX} of them"),
    }
}

/// `key:value,key:value`, quoted where a comma or a colon stands in one; or YAML's `{key: value, key: value}`.
fn pairs(text: &str) -> Option<Vec<(String, Secret)>> {
    let text = text.trim();
    let text = text.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(text);
    let items: Vec<String> = split(text, ',')?.into_iter().filter(|item| !item.is_empty()).collect();
    let pair = |item: &String| {
        let (key, value) = item.split_once(':')?;
        let text = |part: &str| unquoted(part.trim()).unwrap_or_else(|| part.trim().to_owned());
        Some((text(key), Secret::from(text(value))))
    };
    if items.len() > ITEMS_MAX { None } else { items.iter().map(pair).collect() }
}

fn boolean(text: &str) -> Option<bool> {
    [true, false].into_iter().find(|value| text.eq_ignore_ascii_case(&value.to_string()))
}

/// Items between semicolons, each perhaps in quotes; or YAML, from Flink 1.20 on.
fn list(text: &str) -> Option<Vec<String>> {
    let trimmed = text.trim();
    if let Some(flow) = trimmed.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        return Some(split(flow, ',')?.into_iter().filter(|item| !item.is_empty()).collect());
    }
    if trimmed.starts_with("- ") {
        let lines = trimmed.lines().map(|line| line.trim().strip_prefix("- ").map(str::trim));
        return lines
            .map(|line| line.map(|item| unquoted(item).unwrap_or_else(|| item.to_owned())))
            .collect();
    }
    if trimmed.is_empty() { Some(Vec::new()) } else { split(text, ';') }
}

/// Flink's own splitter: quotes protect the separator, a doubled quote is one, blanks around are cut.
fn split(text: &str, separator: char) -> Option<Vec<String>> {
    let mut items = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (item, after) = match rest.trim_start().chars().next() {
            Some(quote @ ('\'' | '"')) => {
                let open = rest.len() - rest.trim_start().len();
                let (item, length) = quoted(&rest[open..], quote)?;
                let after = rest[open + length..].trim_start();
                if !after.is_empty() && !after.starts_with(separator) {
                    return None;
                }
                (item, after)
            }
            _ => {
                let end = rest.find(separator).unwrap_or(rest.len());
                (rest[..end].trim().to_owned(), &rest[end..])
            }
        };
        items.push(item);
        rest = after.strip_prefix(separator).unwrap_or(after);
    }
    Some(items)
}

fn unquoted(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    quoted(text, quote).filter(|(_, length)| *length == text.len()).map(|(item, _)| item)
}

/// The text in quotes at the beginning, and its length with them.
fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut item = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        if c != quote {
            item.push(c);
        } else if chars.peek().is_some_and(|(_, next)| *next == quote) {
            chars.next();
            item.push(quote);
        } else {
            return Some((item, at + 1));
        }
    }
    None
}

/// `<int>[ ]<unit>`, or ISO 8601 such as `PT1S`.
fn duration(text: &str) -> Option<Duration> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    if digits == 0 {
        return iso_duration(text);
    }
    let amount: u64 = text[..digits].parse().ok()?;
    let unit = text[digits..].trim().to_lowercase();
    if unit.is_empty() {
        return Some(Duration::from_millis(amount));
    }
    let (_, nanos) = UNITS.iter().find(|(labels, _)| labels.contains(&unit.as_str()))?;
    let nanos = u128::from(amount) * u128::from(*nanos);
    let seconds = u64::try_from(nanos / 1_000_000_000).ok()?;
    // Below a billion by the remainder.
    Some(Duration::new(seconds, (nanos % 1_000_000_000) as u32))
}

/// Each unit's labels, and how many nanoseconds it has.
const UNITS: [(&[&str], u64); 7] = [
    (&["d", "day", "days"], 86_400_000_000_000),
    (&["h", "hour", "hours"], 3_600_000_000_000),
    (&["min", "m", "minute", "minutes"], 60_000_000_000),
    (&["s", "sec", "secs", "second", "seconds"], 1_000_000_000),
    (&["ms", "milli", "millis", "millisecond", "milliseconds"], 1_000_000),
    (&["µs", "micro", "micros", "microsecond", "microseconds"], 1_000),
    (&["ns", "nano", "nanos", "nanosecond", "nanoseconds"], 1),
];

/// `<int>[ ]<unit>`, as Flink's MemorySize.
fn memory(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let unit = text[digits..].trim().to_lowercase();
    let (_, shift) = MEMORY_UNITS.iter().find(|(labels, _)| labels.contains(&unit.as_str()))?;
    text[..digits].parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// Each unit's labels, and by how many bits it is shifted.
const MEMORY_UNITS: [(&[&str], u32); 5] = [
    (&["", "b", "bytes"], 0),
    (&["k", "kb", "kibibytes"], 10),
    (&["m", "mb", "mebibytes"], 20),
    (&["g", "gb", "gibibytes"], 30),
    (&["t", "tb", "tebibytes"], 40),
];

/// `PnDTnHnMn.nS`, positive.
fn iso_duration(text: &str) -> Option<Duration> {
    let upper = text.to_ascii_uppercase();
    let body = upper.strip_prefix('P')?;
    let (days, time) = body.split_once('T').map_or((body, None), |(days, time)| (days, Some(time)));
    let mut total = Duration::ZERO;
    let mut rest = days;
    if !rest.is_empty() {
        total += Duration::from_secs(rest.strip_suffix('D')?.parse::<u64>().ok()?.checked_mul(86_400)?);
    } else if time.is_none_or(str::is_empty) {
        return None;
    }
    rest = time.unwrap_or("");
    for (unit, seconds) in [('H', 3_600), ('M', 60)] {
        if let Some((amount, after)) = rest.split_once(unit) {
            total =
                total.checked_add(Duration::from_secs(amount.parse::<u64>().ok()?.checked_mul(seconds)?))?;
            rest = after;
        }
    }
    if rest.is_empty() {
        return Some(total);
    }
    let (whole, fraction) = rest.strip_suffix('S')?.split_once('.').unwrap_or((rest.strip_suffix('S')?, "0"));
    let nanos = format!("{fraction:0<9}");
    total.checked_add(Duration::new(whole.parse().ok()?, nanos.get(..9)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        for (text, ms) in [
            ("10", 10),
            ("2 s", 2_000),
            ("2s", 2_000),
            (" 5 min ", 300_000),
            ("3 m", 180_000),
            ("1 d", 86_400_000),
            ("1 Hour", 3_600_000),
            ("7 millis", 7),
            ("PT1S", 1_000),
            ("pt1m0.5s", 60_500),
            ("P1DT1H", 90_000_000),
        ] {
            assert_eq!(duration(text), Some(Duration::from_millis(ms)), "{text}");
        }
        for wrong in ["", "-1 s", "1.5s", "10 us", "abc", "P", "PT", "-PT1S"] {
            assert_eq!(duration(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_size_is_a_number_and_a_unit() {
        for (text, bytes) in [("10", 10), ("64 mb", 64 << 20), ("1Gb", 1 << 30), ("3kibibytes", 3 << 10)] {
            assert_eq!(memory(text), Some(bytes), "{text}");
        }
        for wrong in ["", "mb", "-1", "1.5 gb", "1 xb", "99999999999999999 tb"] {
            assert_eq!(memory(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_list_is_split_at_semicolons_outside_quotes() {
        for (text, items) in [
            ("a;b", &["a", "b"][..]),
            (" a ; b ", &["a", "b"]),
            ("a;;b", &["a", "", "b"]),
            ("a;", &["a"]),
            ("a,b", &["a,b"]),
            ("'a;b';c", &["a;b", "c"]),
            ("\"a;b\";c", &["a;b", "c"]),
            ("'it''s'", &["it's"]),
            ("", &[]),
            (" ", &[]),
            ("[a, b]", &["a", "b"]),
            ("- a\n- b", &["a", "b"]),
        ] {
            assert_eq!(
                list(text).as_deref(),
                Some(&items.iter().map(ToString::to_string).collect::<Vec<_>>()[..]),
                "{text}"
            );
        }
    }

    #[test]
    fn numbers_are_javas_and_choices_are_written_out() {
        assert_eq!(parse(OptionKind::Int, "+1"), Some(OptionValue::Int(1)));
        assert_eq!(parse(OptionKind::Int, "-1"), Some(OptionValue::Int(-1)));
        for wrong in ["", " 1", "1.0", "0x1", "2147483648"] {
            assert_eq!(parse(OptionKind::Int, wrong), None, "{wrong}");
        }
        let choice = OptionKind::Choice(&["ALL", "EXCEPT_KEY"]);
        assert_eq!(parse(choice, "all"), Some(OptionValue::Choice("ALL")));
        assert_eq!(parse(choice, "except-key"), None);
        assert_eq!(parse(OptionKind::Bool, "TRUE"), Some(OptionValue::Bool(true)));
        assert_eq!(parse(OptionKind::Bool, "yes"), None);
    }

    #[test]
    fn a_map_is_pairs_and_a_secret_is_shown_by_nobody() {
        let pair = |key: &str, value: &str| (key.to_owned(), Secret::from(value));
        let map = |text| parse(OptionKind::Map, text);
        assert_eq!(map("a:b, c : d:e"), Some(OptionValue::Map(vec![pair("a", "b"), pair("c", "d:e")])));
        assert_eq!(map("{a: b}"), Some(OptionValue::Map(vec![pair("a", "b")])));
        assert_eq!(map(""), Some(OptionValue::Map(Vec::new())));
        assert_eq!(map("a"), None);
        let shown = format!("{:?} {:?}", parse(OptionKind::Secret, "hush"), map("a:hush"));
        assert!(!shown.contains("hush"), "{shown}");
    }
}
