//! What a log should hold against what it holds, by the rules of the golden data's README.

use std::collections::BTreeMap;

use upsert_kafka_tests::record::{Record, text};

use super::case::{ExpectedRecord, Rule};

/// The first difference. Within a partition both lists are in the order of offsets.
pub(super) fn compare(rule: &Rule, expected: &[ExpectedRecord], actual: &[Record]) -> Result<(), String> {
    match rule {
        Rule::Error => Ok(()),
        Rule::PartitionOrder => {
            by(expected, actual, |it| (it.topic(), it.partition()), |a, b| sequence(a, b, Offsets::Count))
        }
        Rule::PerKeyOrder => {
            by(expected, actual, |it| (it.topic(), it.key()), |a, b| sequence(a, b, Offsets::Free))
        }
        Rule::Set => set(&refs(expected), &refs(actual)),
        Rule::FlushGroups(sizes) => flush_groups(sizes, expected, actual),
        Rule::LastPerKey => by(expected, actual, |it| (it.topic(), it.key()), last),
        Rule::LastPerKeyAndCount => by(
            expected,
            actual,
            |it| (it.topic(), it.key()),
            |a, b| {
                count(a.len(), b.len())?;
                last(a, b)
            },
        ),
    }
}

/// Printed lines: in order where the rule knows an order, else as a set.
pub(super) fn compare_prints(rule: &Rule, expected: &[String], actual: &[String]) -> Result<(), String> {
    let (mut expected, mut actual) = (expected.to_vec(), actual.to_vec());
    if *rule != Rule::PartitionOrder {
        expected.sort();
        actual.sort();
    }
    match expected == actual {
        true => Ok(()),
        false => Err(format!("printed\n  {}\ninstead of\n  {}", actual.join("\n  "), expected.join("\n  "))),
    }
}

#[derive(Clone, Copy, PartialEq)]
enum Offsets {
    Count,
    Free,
}

/// What both sides have to be grouped by.
trait Place {
    fn topic(&self) -> &str;
    fn partition(&self) -> i32;
    fn key(&self) -> Option<&[u8]>;
}

impl Place for ExpectedRecord {
    fn topic(&self) -> &str {
        &self.topic
    }
    fn partition(&self) -> i32 {
        self.partition
    }
    fn key(&self) -> Option<&[u8]> {
        self.key.as_deref()
    }
}

impl Place for Record {
    fn topic(&self) -> &str {
        &self.topic
    }
    fn partition(&self) -> i32 {
        self.partition
    }
    fn key(&self) -> Option<&[u8]> {
        self.key.as_deref()
    }
}

/// Groups both sides alike and compares group by group.
fn by<'a, K: Ord + std::fmt::Debug>(
    expected: &'a [ExpectedRecord],
    actual: &'a [Record],
    key: impl Fn(&'a dyn Place) -> K,
    compare: impl Fn(&[&'a ExpectedRecord], &[&'a Record]) -> Result<(), String>,
) -> Result<(), String> {
    let mut groups: BTreeMap<K, (Vec<_>, Vec<_>)> = BTreeMap::new();
    expected.iter().for_each(|it| groups.entry(key(it)).or_default().0.push(it));
    actual.iter().for_each(|it| groups.entry(key(it)).or_default().1.push(it));
    groups.values().try_for_each(|(expected, actual)| compare(expected, actual))
}

fn sequence(expected: &[&ExpectedRecord], actual: &[&Record], offsets: Offsets) -> Result<(), String> {
    for (expected, actual) in expected.iter().zip(actual) {
        same(expected, actual, offsets)?;
    }
    count(expected.len(), actual.len()).map_err(|e| format!("{e}: {}", shown(actual)))
}

fn set(expected: &[&ExpectedRecord], actual: &[&Record]) -> Result<(), String> {
    count(expected.len(), actual.len())?;
    let mut left = actual.to_vec();
    for expected in expected {
        let found = left.iter().position(|it| same(expected, it, Offsets::Free).is_ok());
        let at = found.ok_or_else(|| format!("no {} among {}", expected_text(expected), shown(&left)))?;
        left.swap_remove(at);
    }
    Ok(())
}

fn flush_groups(sizes: &[usize], expected: &[ExpectedRecord], actual: &[Record]) -> Result<(), String> {
    count(expected.len(), actual.len())?;
    count(expected.len(), sizes.iter().sum())?;
    let (mut expected, mut actual) = (&refs(expected)[..], &refs(actual)[..]);
    for (number, size) in sizes.iter().enumerate() {
        let (one, other) = (expected.split_off(..*size), actual.split_off(..*size));
        set(one.unwrap_or_default(), other.unwrap_or_default())
            .map_err(|e| format!("flush {number}: {e}"))?;
    }
    Ok(())
}

fn last(expected: &[&ExpectedRecord], actual: &[&Record]) -> Result<(), String> {
    match (expected.last(), actual.last()) {
        (Some(expected), Some(actual)) => {
            let moved = actual.partition != expected.partition;
            same(expected, actual, Offsets::Free)?;
            if moved { Err(format!("{actual} instead of partition {}", expected.partition)) } else { Ok(()) }
        }
        (expected, actual) => {
            count(expected.iter().len(), actual.iter().len()).map_err(|e| match (expected, actual) {
                (Some(it), _) => format!("{e}: {}", expected_text(it)),
                (_, Some(it)) => format!("{e}: {it}"),
                _ => e,
            })
        }
    }
}

/// The fields that are deterministic are equal; the order of headers is not specified.
fn same(expected: &ExpectedRecord, actual: &Record, offsets: Offsets) -> Result<(), String> {
    let compared = |field: &str| expected.deterministic.iter().any(|it| it == field);
    let sorted = |headers: &[(String, Option<Vec<u8>>)]| {
        let mut headers = headers.to_vec();
        headers.sort();
        headers
    };
    let equal = expected.topic == actual.topic
        && (!compared("partition") || expected.partition == actual.partition)
        && (!compared("offset") || offsets == Offsets::Free || expected.offset == actual.offset)
        && (!compared("key") || expected.key == actual.key)
        && (!compared("value") || expected.value == actual.value)
        && (!compared("headers") || sorted(&expected.headers) == sorted(&actual.headers))
        && (!compared("timestamp") || expected.timestamp_ms.is_none_or(|it| it == actual.timestamp_ms));
    if equal { Ok(()) } else { Err(format!("{actual}\ninstead of {}", expected_text(expected))) }
}

fn count(expected: usize, actual: usize) -> Result<(), String> {
    if expected == actual { Ok(()) } else { Err(format!("{actual} records instead of {expected}")) }
}

fn refs<T>(all: &[T]) -> Vec<&T> {
    all.iter().collect()
}

fn shown(records: &[&Record]) -> String {
    records.iter().map(|it| format!("\n  {it}")).collect()
}

fn expected_text(it: &ExpectedRecord) -> String {
    let (key, value) = (text(it.key.as_deref()), text(it.value.as_deref()));
    let timestamp = it.timestamp_ms.map_or(String::new(), |at| format!(" at {at}"));
    let headers = if it.headers.is_empty() { String::new() } else { format!(" {:?}", it.headers) };
    format!("{}-{}@{} {key} = {value}{timestamp}{headers}", it.topic, it.partition, it.offset)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expected(rows: &[(i32, &str, &str)]) -> Vec<ExpectedRecord> {
        let deterministic = ["partition", "offset", "key", "value"].map(str::to_owned).to_vec();
        let row = |(partition, key, value): &(i32, &str, &str)| ExpectedRecord {
            partition: *partition,
            key: Some((*key).into()),
            value: Some((*value).into()),
            deterministic: deterministic.clone(),
            ..ExpectedRecord::default()
        };
        let mut records: Vec<_> = rows.iter().map(row).collect();
        (0..records.len()).for_each(|at| records[at].offset = i64::try_from(at).expect("small"));
        records
    }

    fn actual(rows: &[(i32, &str, &str)]) -> Vec<Record> {
        let one = |it: ExpectedRecord| Record {
            partition: it.partition,
            offset: it.offset,
            key: it.key,
            value: it.value,
            ..Record::default()
        };
        expected(rows).into_iter().map(one).collect()
    }

    fn agree(rule: Rule, a: &[(i32, &str, &str)], b: &[(i32, &str, &str)]) -> bool {
        compare(&rule, &expected(a), &actual(b)).is_ok()
    }

    const ONE: &[(i32, &str, &str)] = &[(0, "a", "1"), (0, "b", "2"), (0, "a", "3")];
    const SWAPPED: &[(i32, &str, &str)] = &[(0, "b", "2"), (0, "a", "1"), (0, "a", "3")];
    const BACKWARDS: &[(i32, &str, &str)] = &[(0, "a", "3"), (0, "b", "2"), (0, "a", "1")];
    const SHORT: &[(i32, &str, &str)] = &[(0, "b", "2"), (0, "a", "3")];
    const ELSEWHERE: &[(i32, &str, &str)] = &[(1, "b", "2"), (0, "a", "3")];

    #[test]
    fn each_rule_sees_what_it_should_and_no_more() {
        for (rule, swapped, backwards, short) in [
            (Rule::PartitionOrder, false, false, false),
            (Rule::PerKeyOrder, true, false, false),
            (Rule::Set, true, true, false),
            (Rule::FlushGroups(vec![2, 1]), true, false, false),
            (Rule::LastPerKey, true, false, true),
            (Rule::LastPerKeyAndCount, true, false, false),
            (Rule::Error, true, true, true),
        ] {
            assert!(agree(rule.clone(), ONE, ONE), "{rule:?}");
            assert_eq!(agree(rule.clone(), ONE, SWAPPED), swapped, "{rule:?}");
            assert_eq!(agree(rule.clone(), ONE, BACKWARDS), backwards, "{rule:?}");
            assert_eq!(agree(rule.clone(), ONE, SHORT), short, "{rule:?}");
            assert_eq!(agree(rule.clone(), ONE, ELSEWHERE), rule == Rule::Error, "{rule:?}");
            assert_eq!(agree(rule.clone(), ONE, &[]), rule == Rule::Error, "{rule:?}");
            assert_eq!(agree(rule.clone(), &[], ONE), rule == Rule::Error, "{rule:?}");
        }
    }

    #[test]
    fn printed_lines_have_an_order_where_partitions_have() {
        let (one, other) =
            (["+I[1]".to_owned(), "-D[1]".to_owned()], ["-D[1]".to_owned(), "+I[1]".to_owned()]);
        assert!(compare_prints(&Rule::PartitionOrder, &one, &one).is_ok());
        assert!(compare_prints(&Rule::PartitionOrder, &one, &other).is_err());
        assert!(compare_prints(&Rule::Set, &one, &other).is_ok());
        assert!(compare_prints(&Rule::Set, &one, &one[..1]).is_err());
    }
}
