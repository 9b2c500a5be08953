//! A query's changes as a grid with a column for the operation, as Flink's client shows them.

use crate::row::RowKind;
use crate::types::{Field, LogicalType};

/// How wide each column of the grid is.
#[derive(Clone, Debug)]
pub(crate) struct ChangelogGrid {
    names: Vec<Box<str>>,
    widths: Vec<usize>,
}

impl ChangelogGrid {
    pub(crate) fn new(columns: &[Field]) -> Self {
        let width = |column: &Field| width(&column.data_type.logical).max(column.name.chars().count());
        Self {
            names: columns.iter().map(|column| column.name.clone()).collect(),
            widths: columns.iter().map(width).collect(),
        }
    }

    /// The names between two rules, each with its line's end.
    pub(crate) fn header(&self) -> Vec<u8> {
        let mut rule = String::from("+----");
        let mut names = String::from("| op ");
        for (name, width) in self.names.iter().zip(&self.widths) {
            rule += &format!("+{}", "-".repeat(width + 2));
            names += &format!("| {name:>width$} ");
        }
        format!("{rule}+\n{names}|\n{rule}+\n").into_bytes()
    }

    /// Appends a line without its end: the operation, then the cells as `cell` writes each of them.
    pub(crate) fn line(&self, kind: RowKind, out: &mut Vec<u8>, mut cell: impl FnMut(usize, &mut Vec<u8>)) {
        out.extend_from_slice(format!("| {kind} ").as_bytes());
        for (at, width) in self.widths.iter().enumerate() {
            out.extend_from_slice(b"| ");
            let from = out.len();
            cell(at, out);
            let shown = String::from_utf8_lossy(&out[from..]).chars().count();
            let missing = width.saturating_sub(shown);
            // Right-aligned, as Flink's are.
            out.splice(from..from, std::iter::repeat_n(b' ', missing));
            out.push(b' ');
        }
        out.push(b'|');
    }
}

/// As wide as the widest value of the type; of texts and what has no end as Flink's client by default.
fn width(logical: &LogicalType) -> usize {
    match logical {
        LogicalType::Boolean => 5,
        LogicalType::TinyInt => 4,
        LogicalType::SmallInt => 6,
        LogicalType::Int => 11,
        LogicalType::BigInt => 20,
        LogicalType::Decimal { precision, .. } => usize::from(*precision) + 2,
        LogicalType::Date => 10,
        LogicalType::Time(_) => 8,
        LogicalType::Timestamp(p) | LogicalType::TimestampLtz(p) => {
            19 + usize::from(*p) + usize::from(*p > 0)
        }
        _ => CELL_CHARS,
    }
}

/// `sql-client.display.max-column-width`; what is longer is shown whole all the same.
const CELL_CHARS: usize = 30;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_reads_as_flinks() {
        let columns = [
            Field::new("id", LogicalType::Int.not_null()),
            Field::new("name", LogicalType::STRING.nullable()),
        ];
        let grid = ChangelogGrid::new(&columns);
        let header = String::from_utf8(grid.header()).unwrap();
        let rule = "+----+-------------+--------------------------------+";
        let names = "| op |          id |                           name |";
        assert_eq!(header, format!("{rule}\n{names}\n{rule}\n"));
        let mut out = Vec::new();
        grid.line(RowKind::UpdateAfter, &mut out, |at, out| {
            out.extend_from_slice([&b"7"[..], "ü".as_bytes()][at])
        });
        assert_eq!(String::from_utf8(out).unwrap(), "| +U |           7 |                              ü |");
    }
}
