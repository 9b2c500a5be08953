//! The rows of a query's result as its changes leave them.

use std::collections::BTreeMap;

use upsert_kafka_sink::QueryChange;
use upsert_kafka_sink::row::RowKind;

use crate::text;

/// A row that changes keeps its place; of more than [`ROWS_MAX`], or [`BYTES_MAX`], the oldest are forgotten.
#[derive(Default)]
pub(super) struct ResultTable {
    rows: BTreeMap<u64, Cells>,
    /// The places of each row: a result may have one twice.
    places: BTreeMap<Cells, Vec<u64>>,
    next: u64,
    /// Where a row was taken away that the next one replaces.
    replaced: Option<u64>,
    changes: u64,
    forgotten: u64,
    bytes: usize,
}

type Cells = Vec<Option<String>>;

/// So many rows are kept.
const ROWS_MAX: usize = 10_000;

/// And so many bytes of their cells; each is kept twice.
const BYTES_MAX: usize = 32 << 20;

fn bytes(cells: &Cells) -> usize {
    cells.iter().flatten().map(String::len).sum()
}

impl ResultTable {
    /// Takes a change in.
    pub(super) fn apply(&mut self, change: QueryChange) {
        self.changes += 1;
        match change.kind {
            RowKind::Insert => self.add(None, change.cells),
            RowKind::UpdateAfter => {
                let place = self.replaced.take();
                self.add(place, change.cells);
            }
            RowKind::UpdateBefore => self.replaced = self.remove(&change.cells),
            RowKind::Delete => {
                self.remove(&change.cells);
            }
        }
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether there were more than are kept.
    pub(super) fn is_cut(&self) -> bool {
        self.forgotten > 0
    }

    /// Rows from that one on, as cells of which no more than so many columns can be seen.
    pub(super) fn rows(&self, from: usize, count: usize, columns: usize) -> Vec<Vec<String>> {
        let cell = |cell: &Option<String>| text::shown(cell.as_deref().unwrap_or("<NULL>"), columns);
        self.rows.values().skip(from).take(count).map(|row| row.iter().map(cell).collect()).collect()
    }

    /// How many rows and changes there are.
    pub(super) fn told(&self) -> String {
        let oldest = match self.forgotten {
            0 => String::new(),
            forgotten => format!(" ({forgotten} older ones are forgotten)"),
        };
        format!("{} rows{oldest}, {} changes", self.rows.len(), self.changes)
    }

    fn add(&mut self, place: Option<u64>, cells: Cells) {
        let place = place.unwrap_or_else(|| {
            self.next += 1;
            self.next
        });
        self.bytes += bytes(&cells);
        self.places.entry(cells.clone()).or_default().push(place);
        self.rows.insert(place, cells);
        while (self.rows.len() > ROWS_MAX || self.bytes > BYTES_MAX && self.rows.len() > 1)
            && let Some((place, cells)) = self.rows.pop_first()
        {
            self.bytes -= bytes(&cells);
            self.forget(&cells, |places| places.retain(|it| *it != place));
            self.forgotten += 1;
        }
    }

    /// Takes the latest of equal rows away; its place, if there was one.
    fn remove(&mut self, cells: &Cells) -> Option<u64> {
        let place = *self.places.get(cells)?.last()?;
        self.forget(cells, |places| {
            places.pop();
        });
        let row = self.rows.remove(&place)?;
        self.bytes -= bytes(&row);
        Some(place)
    }

    fn forget(&mut self, cells: &Cells, change: impl Fn(&mut Vec<u64>)) {
        if let Some(places) = self.places.get_mut(cells) {
            change(places);
            if places.is_empty() {
                self.places.remove(cells);
            }
        }
    }
}

#[cfg(test)]
pub(super) fn change(kind: RowKind, cells: &[&str]) -> QueryChange {
    QueryChange::new(kind, cells.iter().map(|it| Some((*it).to_owned())).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use RowKind::{Delete, Insert, UpdateAfter, UpdateBefore};

    fn table(changes: &[(RowKind, &[&str])]) -> ResultTable {
        let mut table = ResultTable::default();
        changes.iter().for_each(|(kind, cells)| table.apply(change(*kind, cells)));
        table
    }

    #[test]
    fn a_row_that_changes_keeps_its_place_and_one_that_is_deleted_goes() {
        let changes: [(RowKind, &[&str]); 7] = [
            (Insert, &["1", "a"]),
            (Insert, &["2", "b"]),
            (UpdateBefore, &["1", "a"]),
            (UpdateAfter, &["1", "A"]),
            (Insert, &["3", "c"]),
            (Delete, &["2", "b"]),
            // It was never there.
            (Delete, &["9", "x"]),
        ];
        let table = table(&changes);
        assert_eq!(table.rows(0, 9, 9), [["1", "A"], ["3", "c"]]);
        assert_eq!(table.told(), "2 rows, 7 changes");
        assert_eq!(table.places.len(), 2);
    }

    #[test]
    fn a_result_may_have_a_row_twice() {
        let twice = table(&[(Insert, &["a"]), (Insert, &["b"]), (Insert, &["a"]), (Delete, &["a"])]);
        assert_eq!(twice.rows(0, 9, 9), [["a"], ["b"]]);
    }

    #[test]
    fn the_oldest_rows_are_forgotten_and_that_is_told() {
        let mut table = ResultTable::default();
        (0..ROWS_MAX + 3).for_each(|n| table.apply(change(Insert, &[&n.to_string()])));
        assert_eq!((table.len(), table.places.len()), (ROWS_MAX, ROWS_MAX));
        assert_eq!(table.rows(0, 1, 9), [["3"]]);
        let wide = "x".repeat(BYTES_MAX / 2);
        ["a", "b", "c"].iter().for_each(|n| table.apply(change(Insert, &[n, &wide])));
        assert_eq!(table.rows(0, 9, 1), [["c", "…"]]);
        table.apply(change(Delete, &["c", &wide]));
        assert_eq!((table.len(), table.bytes, table.places.len()), (0, 0, 0));
        let mut table = ResultTable::default();
        (0..ROWS_MAX + 3).for_each(|n| table.apply(change(Insert, &[&n.to_string()])));
        assert!(table.is_cut() && table.told().contains("(3 older ones are forgotten)"), "{}", table.told());
    }
}
