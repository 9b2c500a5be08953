//! The `maxwell-json` format: a change event with the row as it is now, and what of it was other before.

use super::envelope::{
    Envelope, EnvelopeEncoder, EnvelopeMetadata, Event, EventDecoder, Events, listed, seconds, text, texts,
};
use super::json;
use super::json::options::EVENT_OPTIONS;
use super::{DecodeError, DecodingFormat, EncodingFormat, FormatError, FormatSpec, Ready};
use crate::option::OptionSet;
use crate::row::{Row, RowKind, Value};
use crate::types::{Field, LogicalType};

/// The row of the table.
pub(super) const MAXWELL_JSON: FormatSpec = FormatSpec {
    name: "maxwell-json",
    about: "Maxwell's change events in JSON",
    options: EVENT_OPTIONS,
    metadata: &listed(&METADATA),
    carries_changes: true,
    decoding: Some(decoding),
    encoding: Some(encoding),
};

const METADATA: [EnvelopeMetadata; 4] = [
    EnvelopeMetadata::of_event("database", "database", text),
    EnvelopeMetadata::of_event("table", "table", text),
    EnvelopeMetadata::of_event("primary-key-columns", "primary_key_columns", texts),
    EnvelopeMetadata::instant_of_event("ingestion-timestamp", "ts", seconds),
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
    let envelope = Envelope::new(MAXWELL_JSON.name, options, own, (&METADATA, metadata), false)?;
    Ok(EventDecoder::describe(envelope, MaxwellEvents { columns: columns.into() }, options))
}

fn encoding(
    options: &OptionSet,
    columns: &[Field],
    slots: &[usize],
) -> Result<Box<dyn EncodingFormat>, FormatError> {
    let row = json::encoder(options, columns, slots)?;
    let insert = ["{\"data\":", ",\"type\":\"insert\"}"];
    let delete = ["{\"data\":", ",\"type\":\"delete\"}"];
    Ok(Ready::encoding(MAXWELL_JSON.name, EnvelopeEncoder::new(row, insert, delete)))
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
