//! The Avro schema that Flink derives from a table's columns.

use serde_json::{Value as Json, json};

use crate::format::FormatError;
use crate::types::{DataType, Field, LogicalType};

/// How timestamps are mapped: `timestamp_mapping.legacy`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::format) enum TimestampMapping {
    /// TIMESTAMP is a `timestamp-millis`, and there is no TIMESTAMP_LTZ.
    Legacy,
    /// TIMESTAMP is a local timestamp and TIMESTAMP_LTZ a timestamp, to the microsecond. Within arrays and maps Flink
    /// stays with the legacy.
    Exact,
    /// What Flink 2.3 writes and reads under the exact mapping: milliseconds, whatever the schema says.
    Written,
}

/// The record of all these columns.
pub(in crate::format) fn record_of(
    columns: &[Field],
    mapping: TimestampMapping,
) -> Result<Json, FormatError> {
    record(columns, RECORD, mapping).map_err(|Unfit { path, data_type, why }| {
        FormatError::cannot_hold(&path.join("."), "avro", &data_type, &why)
    })
}

/// A union with `null`.
pub(in crate::format) fn nullable(schema: Json) -> Json {
    json!(["null", schema])
}

/// A type that Avro, or Flink's use of it, has no place for.
struct Unfit {
    path: Vec<String>,
    data_type: LogicalType,
    why: String,
}

impl Unfit {
    fn new(data_type: &LogicalType, why: impl Into<String>) -> Self {
        Self { path: Vec::new(), data_type: data_type.clone(), why: why.into() }
    }
}

fn record(columns: &[Field], name: &str, mapping: TimestampMapping) -> Result<Json, Unfit> {
    let mut fields = Vec::with_capacity(columns.len());
    for Field { name: column, data_type } in columns {
        let schema = of_type(data_type, &format!("{name}_{column}"), mapping).map_err(|mut unfit| {
            unfit.path.insert(0, column.to_string());
            unfit
        })?;
        fields.push(match data_type.nullable {
            true => json!({"name": column, "type": schema, "default": null}),
            false => json!({"name": column, "type": schema}),
        });
    }
    let (namespace, own) = name.rsplit_once('.').unwrap_or(("", name));
    Ok(json!({"type": "record", "name": own, "namespace": namespace, "fields": fields}))
}

fn of_type(data_type: &DataType, name: &str, mapping: TimestampMapping) -> Result<Json, Unfit> {
    let schema = of_logical(&data_type.logical, name, mapping)?;
    Ok(if data_type.nullable { nullable(schema) } else { schema })
}

fn of_logical(logical: &LogicalType, name: &str, mapping: TimestampMapping) -> Result<Json, Unfit> {
    let long = |annotation: &str| json!({"type": "long", "logicalType": annotation});
    let exact = mapping != TimestampMapping::Legacy;
    let (local, instant) = match mapping {
        TimestampMapping::Exact => ("local-timestamp-micros", "timestamp-micros"),
        _ => ("local-timestamp-millis", "timestamp-millis"),
    };
    Ok(match logical {
        LogicalType::Boolean => json!("boolean"),
        LogicalType::TinyInt | LogicalType::SmallInt | LogicalType::Int => json!("int"),
        LogicalType::BigInt => json!("long"),
        LogicalType::Float => json!("float"),
        LogicalType::Double => json!("double"),
        LogicalType::Char(_) | LogicalType::VarChar(_) => json!("string"),
        LogicalType::Binary(_) | LogicalType::VarBinary(_) => json!("bytes"),
        LogicalType::Decimal { precision, scale } => {
            json!({"type": "bytes", "logicalType": "decimal", "precision": precision, "scale": scale})
        }
        LogicalType::Date => json!({"type": "int", "logicalType": "date"}),
        LogicalType::Time(..=3) => json!({"type": "int", "logicalType": "time-millis"}),
        LogicalType::Time(_) => return Err(Unfit::new(logical, "it has no more than milliseconds, TIME(3)")),
        LogicalType::Timestamp(..=3) if exact => long("local-timestamp-millis"),
        LogicalType::Timestamp(4..=6) if exact => long(local),
        LogicalType::TimestampLtz(..=3) if exact => long("timestamp-millis"),
        LogicalType::TimestampLtz(4..=6) if exact => long(instant),
        LogicalType::Timestamp(..=3) => long("timestamp-millis"),
        LogicalType::Timestamp(_) | LogicalType::TimestampLtz(_) => {
            return Err(Unfit::new(logical, timestamp_advice(exact)));
        }
        LogicalType::Array(item) => {
            json!({"type": "array", "items": of_type(item, name, TimestampMapping::Legacy)?})
        }
        LogicalType::Map(key, value) => map(logical, key, value, name)?,
        LogicalType::Multiset(key) => map(logical, key, &LogicalType::Int.nullable(), name)?,
        LogicalType::Row(fields) => {
            let mut nested = record(fields, name, mapping)?;
            if let Some(object) = nested.as_object_mut() {
                object.remove("namespace");
                object["name"] = json!(name.rsplit('.').next());
            }
            nested
        }
        LogicalType::IntervalYearMonth | LogicalType::IntervalDayTime => {
            return Err(Unfit::new(logical, "it has no intervals"));
        }
    })
}

fn map(logical: &LogicalType, key: &DataType, value: &DataType, name: &str) -> Result<Json, Unfit> {
    if !matches!(key.logical, LogicalType::Char(_) | LogicalType::VarChar(_)) {
        return Err(Unfit::new(logical, "keys of its maps are strings"));
    }
    Ok(json!({"type": "map", "values": of_type(value, name, TimestampMapping::Legacy)?}))
}

fn timestamp_advice(exact: bool) -> &'static str {
    match exact {
        true => "it has no more than microseconds, and within arrays and maps milliseconds of TIMESTAMP(3)",
        false => {
            "it has TIMESTAMP(3) at most; the format avro with 'timestamp_mapping.legacy' = 'false' takes \
             TIMESTAMP(6) and TIMESTAMP_LTZ(6)"
        }
    }
}

/// Flink's name of the top record; those within add their columns' names to it.
const RECORD: &str = "org.apache.flink.avro.generated.record";
