//! The `maxwell-json` format: a change event with the row as it is now, and what of it was other before.

use std::sync::Arc;

use super::envelope::{
    Envelope, EnvelopeEncoder, EnvelopeMetadata, Event, EventDecoder, Events, Place, as_it_is, instant,
    listed, long, seconds, text, texts,
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
use crate::types::{Field, LogicalType};

/// The row of the table.
pub(super) const MAXWELL_JSON: FormatSpec = FormatSpec {
    name: "maxwell-json",
    about: "Maxwell's change events in JSON",
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
        metadata: FormatMetadata { key: "database", data_type: text },
        place: Place::Event("database"),
        field_type: text,
        convert: as_it_is,
    },
    EnvelopeMetadata {
        metadata: FormatMetadata { key: "table", data_type: text },
        place: Place::Event("table"),
        field_type: text,
        convert: as_it_is,
    },
    EnvelopeMetadata {
        metadata: FormatMetadata { key: "primary-key-columns", data_type: texts },
        place: Place::Event("primary_key_columns"),
        field_type: texts,
        convert: as_it_is,
    },
    EnvelopeMetadata {
        metadata: FormatMetadata { key: "ingestion-timestamp", data_type: instant },
        place: Place::Event("ts"),
        field_type: long,
        convert: seconds,
    },
];

fn decoding(
    options: &OptionSet,
    columns: &[Field],
    metadata: &[&str],
) -> Result<Box<dyn DecodingFormat>, FormatError> {
    let row = LogicalType::Row(columns.into());
    let own = vec![
        Field::new("data", row.clone().nullable()),
        Field::new("old", row.nullable()),
        Field::new("type", text()),
    ];
    let name = MAXWELL_JSON.name;
    let codec: Arc<dyn Decoder> = Arc::new(EventDecoder {
        envelope: Envelope::new(name, json::tree, options, own, (&METADATA, metadata), false)?,
        events: MaxwellEvents { columns: columns.into() },
        ignore_parse_errors: options.is_true(IGNORE_PARSE_ERRORS.key),
    });
    Ok(Box::new(Ready { name, codec }))
}

fn encoding(
    options: &OptionSet,
    columns: &[Field],
    slots: &[usize],
) -> Result<Box<dyn EncodingFormat>, FormatError> {
    let codec: Arc<dyn Encoder> = Arc::new(EnvelopeEncoder {
        row: json::encoder(options, columns, slots)?,
        insert: ("{\"data\":", ",\"type\":\"insert\"}"),
        delete: ("{\"data\":", ",\"type\":\"delete\"}"),
    });
    Ok(Box::new(Ready { name: MAXWELL_JSON.name, codec }))
}

/// Makes rows of its events.
struct MaxwellEvents {
    columns: Box<[Field]>,
}

impl Events for MaxwellEvents {
    fn changes<'a>(
        &self,
        envelope: &Envelope,
        event: &Event<'a>,
        each: &mut dyn FnMut(RowKind, Option<Row<'a>>),
    ) -> Result<(), DecodeError> {
        let &[data, old, operation, ..] = event.fields else { return Ok(()) };
        let mut tell = |kind, row| each(kind, Some(event.row(row)));
        let data = || match data {
            Value::Row(row) => Ok(row),
            _ => Err(envelope.refused("has no \"data\"")),
        };
        match operation {
            Value::String("insert") => tell(RowKind::Insert, data()?),
            Value::String("delete") => tell(RowKind::Delete, data()?),
            Value::String("update") => {
                let after = data()?;
                let Value::Row(old) = old else {
                    return Err(envelope.refused("has no \"old\", which an update needs"));
                };
                let named = event.named_in_old(&self.columns);
                tell(RowKind::UpdateBefore, event.row_before(old, after, named));
                tell(RowKind::UpdateAfter, after);
            }
            other => return Err(envelope.unknown("type", other, "insert, update, delete")),
        }
        Ok(())
    }
}
