//! Values in the neutral notation of the golden data, read by other means than the code under test.

use serde_json::Value as Json;
use upsert_kafka_sink::row::{Arena, Timestamp, Unscaled, Value};
use upsert_kafka_sink::types::LogicalType;
use upsert_kafka_tests::hex;

/// Rows are compared as text: NaN equals itself in it, −0.0 does not equal 0.0, and maps have no order.
pub(super) fn text(value: &Value<'_>) -> String {
    match value {
        Value::Array(items) => format!("{:?}", items.iter().map(text).collect::<Vec<_>>()),
        Value::Row(row) => format!("({})", row.iter().map(text).collect::<Vec<_>>().join(", ")),
        Value::Map(entries) => {
            let mut entries: Vec<_> = entries.iter().map(|(key, value)| (text(key), text(value))).collect();
            entries.sort();
            format!("{entries:?}")
        }
        value => format!("{value:?}"),
    }
}

/// Whether no string in it is given by bytes that are not UTF-8.
pub(super) fn is_text(json: &Json) -> bool {
    match json {
        Json::Object(fields) => !fields.contains_key("hex") && fields.values().all(is_text),
        Json::Array(items) => items.iter().all(is_text),
        _ => true,
    }
}

pub(super) fn value<'a>(logical: &LogicalType, json: &Json, arena: &'a Arena) -> Value<'a> {
    let bits = || u64::from_str_radix(json["bits"].as_str().unwrap(), 16).unwrap();
    let number = || json.as_i64().unwrap();
    match (logical, json) {
        (_, Json::Null) => Value::Null,
        (LogicalType::Boolean, Json::Bool(value)) => Value::Boolean(*value),
        (LogicalType::TinyInt, _) => Value::TinyInt(number().try_into().unwrap()),
        (LogicalType::SmallInt, _) => Value::SmallInt(number().try_into().unwrap()),
        (LogicalType::Int | LogicalType::IntervalYearMonth, _) => Value::Int(number().try_into().unwrap()),
        (LogicalType::BigInt | LogicalType::IntervalDayTime, _) => Value::BigInt(number()),
        (LogicalType::Float, Json::String(text)) => Value::Float(text.parse().unwrap()),
        (LogicalType::Double, Json::String(text)) => Value::Double(text.parse().unwrap()),
        (LogicalType::Float, _) => Value::Float(f32::from_bits(bits().try_into().unwrap())),
        (LogicalType::Double, _) => Value::Double(f64::from_bits(bits())),
        (LogicalType::Decimal { precision, scale }, Json::String(text)) => {
            match unscaled(text, (*scale).into()) {
                wide if wide.abs() >= 10i128.pow((*precision).into()) => Value::Null,
                fits => Value::Decimal(Unscaled(fits)),
            }
        }
        (LogicalType::Char(_) | LogicalType::VarChar(_), Json::String(text)) => {
            Value::String(arena.alloc_str(text))
        }
        (LogicalType::Binary(_) | LogicalType::VarBinary(_), Json::String(text)) => {
            Value::Bytes(arena.alloc_slice_copy(&hex::decode(text).unwrap()))
        }
        (LogicalType::Date, Json::String(text)) => {
            Value::Date((moment(&format!("{text}T00:00:00")).seconds / 86_400).try_into().unwrap())
        }
        (LogicalType::Time(_), Json::String(text)) => {
            let time = moment(&format!("1970-01-01T{text}"));
            Value::Time(i32::try_from(time.seconds * 1_000 + i64::from(time.nanos / 1_000_000)).unwrap())
        }
        (LogicalType::Timestamp(_), Json::String(text)) => Value::Timestamp(moment(text)),
        (LogicalType::TimestampLtz(_), Json::String(text)) => {
            Value::Timestamp(moment(text.strip_suffix('Z').unwrap()))
        }
        _ => composite(logical, json, arena),
    }
}

fn composite<'a>(logical: &LogicalType, json: &Json, arena: &'a Arena) -> Value<'a> {
    match (logical, json) {
        (LogicalType::Array(item), Json::Array(items)) => {
            let values: Vec<_> = items.iter().map(|json| value(&item.logical, json, arena)).collect();
            Value::Array(arena.alloc_slice_copy(&values))
        }
        (LogicalType::Map(key, item), Json::Array(entries)) => {
            pairs(&key.logical, &item.logical, entries, arena)
        }
        (LogicalType::Multiset(key), Json::Array(entries)) => {
            pairs(&key.logical, &LogicalType::Int, entries, arena)
        }
        (LogicalType::Row(fields), Json::Object(members)) => {
            let slots: Vec<_> = fields
                .iter()
                .map(|field| value(&field.data_type.logical, &members[&*field.name], arena))
                .collect();
            Value::Row(arena.alloc_slice_copy(&slots))
        }
        _ => panic!("{logical} {json}"),
    }
}

fn pairs<'a>(key: &LogicalType, item: &LogicalType, entries: &[Json], arena: &'a Arena) -> Value<'a> {
    let pair = |entry: &Json| (value(key, &entry[0], arena), value(item, &entry[1], arena));
    Value::Map(arena.alloc_slice_copy(&entries.iter().map(pair).collect::<Vec<_>>()))
}

fn unscaled(text: &str, scale: i32) -> i128 {
    let (mantissa, exponent) = text.split_once('E').unwrap_or((text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let zeros = scale + exponent.parse::<i32>().unwrap() - i32::try_from(fraction.len()).unwrap();
    let digits: i128 = format!("{whole}{fraction}").parse().unwrap();
    let power = 10i128.pow(zeros.unsigned_abs());
    if zeros < 0 { digits / power } else { digits * power }
}

/// `yyyy-MM-ddTHH:mm:ss[.n]`: days are counted one year after another.
fn moment(text: &str) -> Timestamp {
    let (date, time) = text.split_once('T').unwrap();
    let mut parts = date.rsplitn(3, '-');
    let day: i64 = parts.next().unwrap().parse().unwrap();
    let month: usize = parts.next().unwrap().parse().unwrap();
    let year: i64 = parts.next().unwrap().parse().unwrap();
    let leap =
        |year: i64| year.rem_euclid(4) == 0 && (year.rem_euclid(100) != 0 || year.rem_euclid(400) == 0);
    let length = |year: i64| 365 + i64::from(leap(year));
    let mut days: i64 =
        (1970..year).map(length).sum::<i64>() - (year..1970).map(length).sum::<i64>() + day - 1;
    let months = [31, 28 + i64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    days += months[..month - 1].iter().sum::<i64>();
    let (clock, fraction) = time.split_once('.').unwrap_or((time, ""));
    let seconds = clock.split(':').fold(0, |sum, part| sum * 60 + part.parse::<i64>().unwrap());
    Timestamp { seconds: days * 86_400 + seconds, nanos: format!("{fraction:0<9}").parse().unwrap() }
}
