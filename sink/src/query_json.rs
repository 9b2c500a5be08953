//! A query's change as a JSON object on a line: the operation, and the row as format `json` writes it.

use std::sync::Arc;

use crate::format::json::{self, JsonEncoder};
use crate::format::{Encoded, Encoder};
use crate::row::{Row, RowKind, Value};
use crate::types::Field;

/// Writes the changes of one query.
#[derive(Clone)]
pub(crate) struct QueryJson {
    /// One for each column, which is an object of its own first.
    columns: Arc<[JsonColumn]>,
}

struct JsonColumn {
    name: Box<str>,
    /// None where format `json` refuses the type, such as a map whose keys are no texts: that becomes a text.
    encoder: Option<JsonEncoder>,
}

impl QueryJson {
    pub(crate) fn new(columns: &[Field]) -> Self {
        let column = |(at, field): (usize, &Field)| JsonColumn {
            name: field.name.clone(),
            encoder: json::shown(columns, at).ok(),
        };
        Self { columns: columns.iter().enumerate().map(column).collect() }
    }

    /// Appends a line without its end; `text` appends a column as connector `print` writes it.
    pub(crate) fn line(
        &self,
        kind: RowKind,
        row: Row<'_>,
        out: &mut Vec<u8>,
        mut text: impl FnMut(usize, &mut Vec<u8>),
    ) {
        out.extend_from_slice(format!("{{\"op\":\"{kind}\",\"row\":").as_bytes());
        let begin = out.len();
        for (at, JsonColumn { name, encoder }) in self.columns.iter().enumerate() {
            let from = out.len();
            let encoded = encoder.as_ref().map(|it| it.encode(kind, row, out));
            if !matches!(encoded, Some(Ok(Encoded::Bytes))) {
                out.push(b'{');
                json::quote(name, out);
                out.push(b':');
                match row[at] {
                    Value::Null => out.extend_from_slice(b"null"),
                    _ => {
                        let mut printed = Vec::new();
                        text(at, &mut printed);
                        json::quote(&String::from_utf8_lossy(&printed), out);
                    }
                }
                out.push(b'}');
            }
            // One object of them all: a comma takes the place of two braces.
            if from > begin {
                out[from] = b',';
            }
            out.pop();
        }
        if out.len() == begin {
            out.push(b'{');
        }
        out.extend_from_slice(b"}}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{Unscaled, Value};
    use crate::types::LogicalType;

    #[test]
    fn a_change_is_an_object_with_its_operation_and_its_row() {
        let map =
            LogicalType::Map(Box::new(LogicalType::Int.not_null()), Box::new(LogicalType::STRING.nullable()));
        let columns = [
            Field::new("id", LogicalType::Int.not_null()),
            Field::new("say \"a\"", LogicalType::STRING.nullable()),
            Field::new("amount", LogicalType::Decimal { precision: 5, scale: 2 }.nullable()),
            Field::new("by_id", map.nullable()),
        ];
        let line = |row: Row<'_>| {
            let mut out = Vec::new();
            QueryJson::new(&columns[..row.len()]).line(RowKind::UpdateAfter, row, &mut out, |at, out| {
                out.extend_from_slice(format!("{{{at}=\"x\"}}").as_bytes());
            });
            String::from_utf8(out).unwrap()
        };
        let entries = [(Value::Int(3), Value::String("x"))];
        let row = [Value::Int(7), Value::Null, Value::Decimal(Unscaled(6000)), Value::Map(&entries)];
        assert_eq!(
            line(&row),
            r#"{"op":"+U","row":{"id":7,"say \"a\"":null,"amount":60.00,"by_id":"{3=\"x\"}"}}"#
        );
        assert_eq!(line(&row[..1]), r#"{"op":"+U","row":{"id":7}}"#);
        assert_eq!(line(&[]), r#"{"op":"+U","row":{}}"#);
    }
}
