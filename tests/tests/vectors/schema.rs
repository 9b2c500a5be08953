//! `a INT, r ROW<x DECIMAL(10, 2), y STRING>`: the column lists of the golden data.

use upsert_kafka_sink::types::{DataType, Field, LENGTH_MAX, LogicalType};

/// `None` if a type is unknown.
pub(super) fn columns(text: &str) -> Option<Vec<Field>> {
    split(text).into_iter().map(column).collect()
}

fn column(text: &str) -> Option<Field> {
    let text = text.trim();
    let (name, data_type) = match text.strip_prefix('`') {
        Some(rest) => rest.split_once('`')?,
        None => text.split_once(' ')?,
    };
    Some(Field::new(name, typed(data_type)?))
}

fn typed(text: &str) -> Option<DataType> {
    let text = text.trim();
    Some(match text.strip_suffix(" NOT NULL") {
        Some(text) => logical(text)?.not_null(),
        None => logical(text)?.nullable(),
    })
}

fn logical(text: &str) -> Option<LogicalType> {
    let (word, inside, after) = match text.find(['(', '<']) {
        Some(at) => {
            let (inside, after) = text[at + 1..].rsplit_once([')', '>'])?;
            (&text[..at], inside, after.trim())
        }
        None => (text, "", ""),
    };
    let number = || inside.parse().ok();
    Some(match (word, after) {
        ("BOOLEAN", "") => LogicalType::Boolean,
        ("TINYINT", "") => LogicalType::TinyInt,
        ("SMALLINT", "") => LogicalType::SmallInt,
        ("INT", "") => LogicalType::Int,
        ("BIGINT", "") => LogicalType::BigInt,
        ("FLOAT", "") => LogicalType::Float,
        ("DOUBLE", "") => LogicalType::Double,
        ("STRING", "") => LogicalType::STRING,
        ("BYTES", "") => LogicalType::BYTES,
        ("CHAR", "") => LogicalType::Char(inside.parse().ok()?),
        ("VARCHAR", "") => LogicalType::VarChar(inside.parse().unwrap_or(LENGTH_MAX)),
        ("BINARY", "") => LogicalType::Binary(inside.parse().ok()?),
        ("VARBINARY", "") => LogicalType::VarBinary(inside.parse().unwrap_or(LENGTH_MAX)),
        ("DATE", "") => LogicalType::Date,
        ("TIME", "") => LogicalType::Time(number().unwrap_or(0)),
        ("TIMESTAMP", "") => LogicalType::Timestamp(number().unwrap_or(6)),
        ("TIMESTAMP", "WITH LOCAL TIME ZONE") => LogicalType::TimestampLtz(number().unwrap_or(6)),
        ("TIMESTAMP_LTZ", "") => LogicalType::TimestampLtz(number().unwrap_or(6)),
        ("INTERVAL YEAR TO MONTH", "") => LogicalType::IntervalYearMonth,
        ("INTERVAL DAY TO SECOND", "") => LogicalType::IntervalDayTime,
        ("DECIMAL", "") => {
            let (precision, scale) = inside.split_once(',')?;
            LogicalType::Decimal {
                precision: precision.trim().parse().ok()?,
                scale: scale.trim().parse().ok()?,
            }
        }
        ("ARRAY", "") => LogicalType::Array(Box::new(typed(inside)?)),
        ("MULTISET", "") => LogicalType::Multiset(Box::new(typed(inside)?)),
        ("MAP", "") => match &split(inside)[..] {
            [key, value] => LogicalType::Map(Box::new(typed(key)?), Box::new(typed(value)?)),
            _ => return None,
        },
        ("ROW", "") => LogicalType::Row(columns(inside)?.into()),
        _ => return None,
    })
}

/// At the commas that stand in no brackets.
fn split(text: &str) -> Vec<&str> {
    let mut depth = 0;
    text.split(|char| {
        depth += match char {
            '(' | '<' => 1,
            ')' | '>' => -1,
            _ => 0,
        };
        char == ',' && depth == 0
    })
    .collect()
}
