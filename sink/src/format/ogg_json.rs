//! The `ogg-json` format: Oracle GoldenGate's change event, with the row before and the row after.

use std::sync::Arc;

use super::envelope::{
    Envelope, EnvelopeEncoder, EnvelopeMetadata, Event, EventDecoder, Events, Place, as_it_is, listed, text,
    texts,
};
use super::json;
use super::json::options::{
    DECIMAL_AS_PLAIN_NUMBER, IGNORE_NULL_FIELDS, IGNORE_PARSE_ERRORS, MAP_NULL_KEY_LITERAL,
    MAP_NULL_KEY_MODE, TIMESTAMP_FORMAT,
};
use super::{
    DecodeError, Decoder, DecodingFormat, Encoder, EncodingFormat, FormatError, FormatMetadata, FormatSpec,
    Ready,
};
use crate::option::OptionSet;
use crate::row::{Row, RowKind, Value};
use crate::types::{DataType, Field, LogicalType};

/// The row of the table.
pub(super) const OGG_JSON: FormatSpec = FormatSpec {
    name: "ogg-json",
    about: "Oracle GoldenGate's change events in JSON",
    options: &[
        IGNORE_PARSE_ERRORS,
        TIMESTAMP_FORMAT,
        MAP_NULL_KEY_MODE,
        MAP_NULL_KEY_LITERAL,
        DECIMAL_AS_PLAIN_NUMBER,
        IGNORE_NULL_FIELDS,
    ],
    metadata: &listed(&METADATA),
    carries_changes: true,
    decoding: Some(decoding),
    encoding: Some(encoding),
};

const METADATA: [EnvelopeMetadata; 4] = [
    EnvelopeMetadata {
        metadata: FormatMetadata { key: "table", data_type: text },
        place: Place::Event("table"),
        field_type: text,
        convert: as_it_is,
    },
    EnvelopeMetadata {
        metadata: FormatMetadata { key: "primary-keys", data_type: texts },
        place: Place::Event("primary_keys"),
        field_type: texts,
        convert: as_it_is,
    },
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
    let name = OGG_JSON.name;
    let codec: Arc<dyn Decoder> = Arc::new(EventDecoder {
        events: OggEvents,
        envelope: Envelope::new(name, json::tree, options, own, (&METADATA, metadata), false)?,
        ignore_parse_errors: options.is_true(IGNORE_PARSE_ERRORS.key),
    });
    Ok(Box::new(Ready { name, codec }))
}

fn encoding(
    options: &OptionSet,
    columns: &[Field],
    slots: &[usize],
) -> Result<Box<dyn EncodingFormat>, FormatError> {
    let row = json::encoder(options, columns, slots)?;
    let (insert, delete) = match options.is_true(IGNORE_NULL_FIELDS.key) {
        true => (("{\"after\":", ",\"op_type\":\"I\"}"), ("{\"before\":", ",\"op_type\":\"D\"}")),
        false => (
            ("{\"before\":null,\"after\":", ",\"op_type\":\"I\"}"),
            ("{\"before\":", ",\"after\":null,\"op_type\":\"D\"}"),
        ),
    };
    let codec: Arc<dyn Encoder> = Arc::new(EnvelopeEncoder { row, insert, delete });
    Ok(Box::new(Ready { name: OGG_JSON.name, codec }))
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
