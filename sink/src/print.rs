//! A change as a line of text, as Flink's print connector writes it: `+I[1, a]`.

use crate::changelog_grid::ChangelogGrid;
use crate::format::{decimal, number, time};
use crate::plan::{Layout, PrintPlan};
use crate::query_cells;
use crate::query_json::QueryJson;
use crate::row::{Row, RowKind, Timestamp, Value};
use crate::types::{DataType, Field, LogicalType};

mod java_text;

/// Writes lines for one table.
#[derive(Clone)]
pub(crate) struct Print {
    columns: std::sync::Arc<[Field]>,
    form: PrintForm,
}

/// What a change is shown as.
#[derive(Clone)]
enum PrintForm {
    /// Connector `print`'s line.
    Row,
    Grid(ChangelogGrid),
    Json(QueryJson),
    /// Cells with tabs between.
    Raw,
    /// Cells are handed out and not shown.
    Cells,
}

impl Print {
    /// For the plan of a print table.
    pub(crate) fn new(plan: PrintPlan) -> Self {
        let form = match plan.layout {
            Layout::Row => PrintForm::Row,
            Layout::Changelog { .. } => PrintForm::Grid(ChangelogGrid::new(&plan.columns)),
            Layout::Json => PrintForm::Json(QueryJson::new(&plan.columns)),
            Layout::Raw => PrintForm::Raw,
            Layout::Cells => PrintForm::Cells,
        };
        Self { columns: plan.columns, form }
    }

    /// Appends the line without its end and returns its length.
    pub(crate) fn line(&self, kind: RowKind, row: Row<'_>, out: &mut Vec<u8>) -> usize {
        let start = out.len();
        match &self.form {
            PrintForm::Row => {
                out.extend_from_slice(kind.to_string().as_bytes());
                fields(&self.columns, row, Style::Java, out);
            }
            PrintForm::Grid(grid) => grid.line(kind, out, |at, out| match row[at] {
                Value::Null => out.extend_from_slice(b"<NULL>"),
                item => value(&self.columns[at].data_type.logical, item, Style::Sql, out),
            }),
            PrintForm::Json(json) => json.line(kind, row, out, |at, out| {
                value(&self.columns[at].data_type.logical, row[at], Style::Sql, out);
            }),
            PrintForm::Raw => {
                out.extend_from_slice(kind.to_string().as_bytes());
                for (column, item) in self.columns.iter().zip(row) {
                    out.push(b'\t');
                    value(&column.data_type.logical, *item, Style::Sql, out);
                }
            }
            PrintForm::Cells => self.cells(row, out),
        }
        out.len() - start
    }

    fn cells(&self, row: Row<'_>, out: &mut Vec<u8>) {
        let cells = self.columns.iter().zip(row).map(|(column, item)| match item {
            Value::Null => None,
            item => {
                let mut text = Vec::new();
                value(&column.data_type.logical, *item, Style::Sql, &mut text);
                Some(text)
            }
        });
        query_cells::write(cells, out);
    }
}

/// Whose texts values are.
#[derive(Clone, Copy)]
enum Style {
    /// `toString` of Java's classes, by which connector `print` writes.
    Java,
    /// Casts to STRING, by which Flink's client shows the rows of a query.
    Sql,
}

fn fields(columns: &[Field], row: Row<'_>, style: Style, out: &mut Vec<u8>) {
    let members = columns.iter().map(|column| &column.data_type).zip(row.iter().copied());
    list(members, style, out);
}

fn list<'a>(members: impl Iterator<Item = (&'a DataType, Value<'a>)>, style: Style, out: &mut Vec<u8>) {
    out.push(b'[');
    for (at, (data_type, item)) in members.enumerate() {
        if at > 0 {
            out.extend_from_slice(b", ");
        }
        value(&data_type.logical, item, style, out);
    }
    out.push(b']');
}

fn value(logical: &LogicalType, item: Value<'_>, style: Style, out: &mut Vec<u8>) {
    match (logical, item) {
        (_, Value::Null) => out.extend_from_slice(b"null"),
        (_, Value::Boolean(it)) => text(it, out),
        (_, Value::TinyInt(it)) => text(it, out),
        (_, Value::SmallInt(it)) => text(it, out),
        (_, Value::Int(it)) => text(it, out),
        (_, Value::BigInt(it)) => text(it, out),
        (_, Value::Float(it)) => number::write_f32(it, out),
        (_, Value::Double(it)) => number::write_f64(it, out),
        (_, Value::String(it)) => out.extend_from_slice(it.as_bytes()),
        (_, Value::Date(days)) => time::write_date(days.into(), out),
        (_, Value::Time(millis)) => match style {
            Style::Java => java_text::local_time(millis, out),
            Style::Sql => time::write_time(millis, out),
        },
        (_, Value::Bytes(bytes)) => byte_list(bytes, out),
        (LogicalType::Decimal { scale, .. }, Value::Decimal(it)) => match style {
            Style::Java => java_text::big_decimal(it, *scale, out),
            Style::Sql => decimal::write_plain(it.0, *scale, out),
        },
        (LogicalType::Timestamp(p) | LogicalType::TimestampLtz(p), Value::Timestamp(it)) => {
            match (style, logical) {
                (Style::Sql, _) => moment(it, *p, out),
                (Style::Java, LogicalType::TimestampLtz(_)) => java_text::instant(it, out),
                (Style::Java, _) => java_text::local_date_time(it, out),
            }
        }
        (LogicalType::Array(of), Value::Array(items)) => {
            list(items.iter().map(|item| (&**of, *item)), style, out);
        }
        (LogicalType::Map(key, of), Value::Map(entries)) => {
            map((&key.logical, &of.logical), entries, style, out);
        }
        (LogicalType::Multiset(key), Value::Map(entries)) => {
            map((&key.logical, &LogicalType::Int), entries, style, out);
        }
        (LogicalType::Row(columns), Value::Row(row)) => {
            out.extend_from_slice(b"+I");
            fields(columns, row, style, out);
        }
        // The decoder gives no value that its column cannot hold.
        (_, other) => out.extend_from_slice(format!("{other:?}").as_bytes()),
    }
}

fn text(item: impl std::fmt::Display, out: &mut Vec<u8>) {
    out.extend_from_slice(item.to_string().as_bytes());
}

/// Java prints bytes as signed numbers.
fn byte_list(bytes: &[u8], out: &mut Vec<u8>) {
    let items: Vec<_> = bytes.iter().map(|byte| byte.cast_signed().to_string()).collect();
    text(format_args!("[{}]", items.join(", ")), out);
}

/// The fraction has as many digits as the type's precision.
fn moment(it: Timestamp, precision: u8, out: &mut Vec<u8>) {
    time::write_timestamp(Timestamp { nanos: 0, ..it }, time::Standard::Sql, out);
    if precision > 0 {
        let digits = format!("{:09}", it.nanos);
        out.push(b'.');
        out.extend_from_slice(&digits.as_bytes()[..usize::from(precision.min(9))]);
    }
}

fn map(
    (key, of): (&LogicalType, &LogicalType),
    entries: &[(Value<'_>, Value<'_>)],
    style: Style,
    out: &mut Vec<u8>,
) {
    out.push(b'{');
    for (at, (name, item)) in entries.iter().enumerate() {
        if at > 0 {
            out.extend_from_slice(b", ");
        }
        value(key, *name, style, out);
        out.push(b'=');
        value(of, *item, style, out);
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines of golden jobs 19 and 24, and what Java makes of bytes.
    #[test]
    fn a_line_reads_as_flinks() {
        let columns = [
            Field::new("id", LogicalType::Int.not_null()),
            Field::new("name", LogicalType::STRING.nullable()),
            Field::new("at", LogicalType::TimestampLtz(3).nullable()),
            Field::new(
                "h",
                LogicalType::Map(
                    Box::new(LogicalType::STRING.not_null()),
                    Box::new(LogicalType::BYTES.nullable()),
                )
                .nullable(),
            ),
        ];
        let print = Print { columns: columns.into(), form: PrintForm::Row };
        let entries = [(Value::String("a"), Value::Bytes(b"3")), (Value::String("b"), Value::Bytes(b"\xff"))];
        let row = [
            Value::Int(1),
            Value::Null,
            Value::Timestamp(Timestamp { seconds: 1, nanos: 0 }),
            Value::Map(&entries),
        ];
        let mut out = Vec::new();
        let length = print.line(RowKind::UpdateBefore, &row, &mut out);
        assert_eq!(String::from_utf8_lossy(&out), "-U[1, null, 1970-01-01T00:00:01Z, {a=[51], b=[-1]}]");
        assert_eq!(length, out.len());
    }
}
