//! The `ogg-json` format: Oracle GoldenGate's change event, with the row before and the row after.

use super::envelope::{
    Envelope, EnvelopeEncoder, EnvelopeMetadata, Event, EventDecoder, Events, Place, as_it_is, listed, text,
    texts,
};
use super::json;
use super::json::options::EVENT_OPTIONS;
use super::{DecodeError, DecodingFormat, EncodingFormat, FormatError, FormatMetadata, FormatSpec, Ready};
use crate::option::OptionSet;
use crate::row::{Row, RowKind, Value};
use crate::types::{DataType, Field, LogicalType};

/// The row of the table.
pub(super) const OGG_JSON: FormatSpec = FormatSpec {
    name: "ogg-json",
    about: "Oracle GoldenGate's change events in JSON",
    options: EVENT_OPTIONS,
    metadata: &listed(&METADATA),
    carries_changes: true,
    decoding: Some(decoding),
    encoding: Some(encoding),
};

const METADATA: [EnvelopeMetadata; 4] = [
    EnvelopeMetadata::of_event("table", "table", text),
    EnvelopeMetadata::of_event("primary-keys", "primary_keys", texts),
    moment("ingestion-timestamp", "current_ts"),
    moment("event-timestamp", "op_ts"),
];

/// A wall clock in the event, taken as one of UTC.
const fn moment(key: &'static str, field: &'static str) -> EnvelopeMetadata {
    let metadata = FormatMetadata { key, data_type: instant };
    EnvelopeMetadata { metadata, place: Place::Event(field), field_type: wall_clock, convert: as_it_is }
}

/// `TIMESTAMP_LTZ(6)`
fn instant() -> DataType {
    LogicalType::TimestampLtz(6).nullable()
}

/// `TIMESTAMP(6)`
fn wall_clock() -> DataType {
    LogicalType::Timestamp(6).nullable()
}

fn decoding(
    options: &OptionSet,
    columns: &[Field],
    metadata: &[&str],
) -> Result<Box<dyn DecodingFormat>, FormatError> {
    let row = LogicalType::Row(columns.into());
    let own = vec![
        Field::new("before", row.clone().nullable()),
        Field::new("after", row.nullable()),
        Field::new("op_type", text()),
    ];
    let envelope = Envelope::new(OGG_JSON.name, options, own, (&METADATA, metadata), false)?;
    Ok(EventDecoder::describe(envelope, OggEvents, options))
}

fn encoding(
    options: &OptionSet,
    columns: &[Field],
    slots: &[usize],
) -> Result<Box<dyn EncodingFormat>, FormatError> {
    let row = json::encoder(options, columns, slots)?;
    let changes = ["\"op_type\":\"I\"", "\"op_type\":\"D\""];
    Ok(Ready::encoding(OGG_JSON.name, EnvelopeEncoder::of_sides(row, options, changes)))
}

/// Makes rows of its events.
struct OggEvents;

impl Events for OggEvents {
    fn changes<'a>(
        &self,
        envelope: &Envelope,
        event: &Event<'a>,
        each: &mut dyn FnMut(RowKind, Option<Row<'a>>),
    ) -> Result<(), DecodeError> {
        let &[before, after, operation, ..] = event.fields else { return Ok(()) };
        let mut tell = |kind, row| each(kind, Some(event.row(row)));
        match operation {
            Value::String("I") => tell(RowKind::Insert, side(envelope, after, "after")?),
            Value::String("U") => {
                let (before, after) = (side(envelope, before, "before")?, side(envelope, after, "after")?);
                tell(RowKind::UpdateBefore, before);
                tell(RowKind::UpdateAfter, after);
            }
            Value::String("D") => tell(RowKind::Delete, side(envelope, before, "before")?),
            other => return Err(envelope.unknown("op_type", other, "I, U, D")),
        }
        Ok(())
    }
}

fn side<'a>(envelope: &Envelope, row: Value<'a>, name: &str) -> Result<Row<'a>, DecodeError> {
    match row {
        Value::Row(row) => Ok(row),
        _ => Err(envelope.refused(&format!(
            "has no {name:?}: GoldenGate sends whole rows where it logs all columns (ADD TRANDATA … ALLCOLS)"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::super::json::options::IGNORE_NULL_FIELDS;
    use super::*;
    use crate::format::Encoded;
    use crate::option::OptionValue;

    /// As Flink wrote them: `ogg-json-00001` to `ogg-json-00004` of the golden data.
    #[test]
    fn a_row_stands_on_its_side_of_the_change() {
        let names = [("id", LogicalType::Int), ("name", LogicalType::STRING), ("w", LogicalType::Double)];
        let columns = names.map(|(name, logical)| Field::new(name, logical.nullable()));
        let row = [Value::Int(1), Value::String("a"), Value::Null];
        let nulls = r#"{"id":1,"name":"a","w":null}"#;
        for (ignores_nulls, kind, expected) in [
            (false, RowKind::Insert, format!(r#"{{"before":null,"after":{nulls},"op_type":"I"}}"#)),
            (true, RowKind::Insert, r#"{"after":{"id":1,"name":"a"},"op_type":"I"}"#.to_owned()),
            (false, RowKind::UpdateBefore, format!(r#"{{"before":{nulls},"after":null,"op_type":"D"}}"#)),
            (true, RowKind::UpdateBefore, r#"{"before":{"id":1,"name":"a"},"op_type":"D"}"#.to_owned()),
        ] {
            let mut options = OptionSet::default();
            options.insert(IGNORE_NULL_FIELDS.key, OptionValue::Bool(ignores_nulls));
            let encoder = encoding(&options, &columns, &[0, 1, 2]).unwrap().open_at_once().unwrap();
            let mut out = Vec::new();
            assert_eq!(encoder.encode(kind, &row, &mut out).unwrap(), Encoded::Bytes);
            assert_eq!(String::from_utf8(out).unwrap(), expected);
        }
    }
}
