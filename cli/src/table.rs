//! A table that a person can read, written as its rows come.

use crate::exit::Failure;
use crate::output::Output;
use crate::text;

/// Rows under their heads. The first rows wait until there are enough of them to tell how wide columns should be, or
/// until they are wanted; from then on a row leaves as it comes, and one that is wider than those before it widens its
/// columns for those behind it.
///
/// On a terminal no line is wider than the terminal: the widest columns give way. Elsewhere nothing is cut. The last
/// column is not padded.
pub(crate) struct Table {
    heads: Vec<String>,
    /// Of the terminal; `None` cuts nothing.
    columns: Option<usize>,
    /// Of the widest cell so far.
    widths: Vec<usize>,
    begun: bool,
    waiting: Vec<Vec<String>>,
    waiting_bytes: usize,
}

/// How wide columns are now.
struct Layout {
    /// Cells are filled up to this.
    pad: Vec<usize>,
    /// Cells are cut down to this.
    cut: Vec<usize>,
}

impl Table {
    /// A table without rows.
    pub(crate) fn new(heads: &[&str], columns: Option<usize>) -> Self {
        let heads: Vec<_> = heads.iter().map(|head| (*head).to_owned()).collect();
        let widths = heads.iter().map(|head| text::width(head)).collect();
        Self { heads, columns, widths, begun: false, waiting: Vec::new(), waiting_bytes: 0 }
    }

    /// How many columns of a cell can be seen at most.
    pub(crate) fn seen(&self) -> usize {
        self.columns.unwrap_or(usize::MAX)
    }

    /// Takes a row; its cells hold no control characters.
    pub(crate) fn add(&mut self, row: Vec<String>, out: &mut Output) -> Result<(), Failure> {
        for (width, cell) in self.widths.iter_mut().zip(&row) {
            *width = text::width(cell).max(*width);
        }
        self.waiting_bytes += row.iter().map(String::len).sum::<usize>();
        self.waiting.push(row);
        let enough = self.waiting.len() >= WAITING_ROWS_MAX || self.waiting_bytes >= WAITING_BYTES_MAX;
        if enough || self.begun { self.show(out) } else { Ok(()) }
    }

    /// Writes the rows that wait, under the heads if they are the first.
    pub(crate) fn show(&mut self, out: &mut Output) -> Result<(), Failure> {
        if self.waiting.is_empty() { Ok(()) } else { self.write(out) }
    }

    /// The same at the end: a table without rows has its heads.
    pub(crate) fn end(&mut self, out: &mut Output) -> Result<(), Failure> {
        if self.begun { self.show(out) } else { self.write(out) }
    }

    fn write(&mut self, out: &mut Output) -> Result<(), Failure> {
        let layout = Layout::of(&self.widths, self.columns);
        if !self.begun {
            out.write(layout.line(&self.heads))?;
            self.begun = true;
        }
        self.waiting_bytes = 0;
        self.waiting.drain(..).try_for_each(|row| out.write(layout.line(&row)))
    }
}

/// Rows under their heads, a line each without its end, none wider than so many columns.
pub(crate) fn lines(heads: &[String], rows: &[Vec<String>], columns: usize) -> Vec<String> {
    let width = |at: usize| rows.iter().chain([&heads.to_vec()]).map(|row| text::width(&row[at])).max();
    let widths: Vec<usize> = (0..heads.len()).map(|at| width(at).unwrap_or(0)).collect();
    let layout = Layout::of(&widths, Some(columns));
    let line = |cells: &[String]| layout.line(cells).trim_end_matches('\n').to_owned();
    [heads].into_iter().chain(rows.iter().map(Vec::as_slice)).map(line).collect()
}

impl Layout {
    fn of(widths: &[usize], columns: Option<usize>) -> Self {
        let Some(columns) = columns else {
            let pad = widths.iter().map(|width| (*width).min(PADDED_COLUMNS_MAX)).collect();
            return Self { pad, cut: vec![usize::MAX; widths.len()] };
        };
        let cut = shares(widths, columns.saturating_sub(GAP * widths.len().saturating_sub(1)));
        Self { pad: cut.clone(), cut }
    }

    fn line(&self, cells: &[String]) -> String {
        let (mut line, mut owed) = (String::new(), 0);
        for ((cell, pad), cut) in cells.iter().zip(&self.pad).zip(&self.cut) {
            let width = text::width(cell);
            let cell = if width > *cut { &text::shown(cell, *cut) } else { cell };
            // What stands between cells is owed until there is something behind it.
            if !cell.is_empty() {
                line.extend(std::iter::repeat_n(' ', owed));
                line.push_str(cell);
                owed = 0;
            }
            let taken = text::width(cell);
            owed += pad.saturating_sub(taken) + GAP;
        }
        line.push('\n');
        line
    }
}

/// Room for each column: the narrow get what they want, and the wide share the rest.
fn shares(wanted: &[usize], room: usize) -> Vec<usize> {
    let mut order: Vec<_> = (0..wanted.len()).collect();
    order.sort_by_key(|at| wanted[*at]);
    let (mut given, mut left) = (vec![0; wanted.len()], room);
    for (done, at) in order.iter().enumerate() {
        given[*at] = wanted[*at].min(left / (wanted.len() - done));
        left -= given[*at];
    }
    given
}

const GAP: usize = 2;

/// So many rows wait at most before the width of columns is settled.
const WAITING_ROWS_MAX: usize = 200;

/// And so many bytes of them.
const WAITING_BYTES_MAX: usize = 256 * 1024;

/// No cell is filled up beyond this: one long key does not push all others to the right.
const PADDED_COLUMNS_MAX: usize = 48;

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn rendered(heads: &[&str], rows: &[&[&str]], columns: Option<usize>) -> String {
        let kept = Kept::default();
        let mut out = Output::to(kept.clone(), columns);
        let mut table = Table::new(heads, columns);
        for row in rows {
            table.add(row.iter().map(|cell| (*cell).to_owned()).collect(), &mut out).unwrap();
        }
        table.end(&mut out).and_then(|()| out.flush()).unwrap();
        let bytes = kept.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let text = rendered(&["p", "key", "value"], &[&["0", "café", "x"], &["10", "b", ""]], None);
        assert_eq!(text, "p   key   value\n0   café  x\n10  b\n");
    }

    #[test]
    fn the_last_cell_keeps_its_own_blanks_and_gets_no_others() {
        let text = rendered(&["k", "value"], &[&["a", "x  "], &["b", "a longer one"]], None);
        assert_eq!(text, "k  value\na  x  \nb  a longer one\n");
    }

    #[test]
    fn a_terminal_is_not_overrun_and_a_pipe_is_not_cut() {
        let long = "x".repeat(70_000);
        let rows: [&[&str]; 2] = [&["0", "17", &long, &long], &["0", "18", "k", "v"]];
        let text = rendered(&["partition", "offset", "key", "value"], &rows, Some(60));
        let widths: Vec<_> = text.lines().map(text::width).collect();
        assert_eq!((widths.len(), widths[1]), (3, 60), "{text}");
        assert!(widths.iter().all(|width| *width <= 60), "{widths:?}");
        assert!(text.lines().nth(1).is_some_and(|line| line.starts_with("0          17      xxx")), "{text}");
        let text = rendered(&["partition", "offset", "key", "value"], &rows, None);
        assert_eq!(text.matches(&long).count(), 2);
        assert_eq!(text.lines().nth(2).map(str::len), Some(11 + 8 + PADDED_COLUMNS_MAX + GAP + 1));
    }

    #[test]
    fn a_terminal_of_a_few_columns_does_no_harm() {
        for columns in 1..12 {
            let text = rendered(&["partition", "offset", "key"], &[&["0", "1", "key"]], Some(columns));
            assert!(text.lines().count() == 2, "{text}");
        }
    }

    #[test]
    fn later_rows_widen_their_columns_and_an_empty_table_has_its_heads() {
        let kept = Kept::default();
        let mut out = Output::to(kept.clone(), None);
        let mut table = Table::new(&["k", "v"], None);
        table.show(&mut out).unwrap();
        for key in ["a", "long", "b"] {
            table.add(vec![key.into(), "x".into()], &mut out).and_then(|()| table.show(&mut out)).unwrap();
        }
        table.end(&mut out).and_then(|()| out.flush()).unwrap();
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        assert_eq!(text, "k  v\na  x\nlong  x\nb     x\n");
        assert_eq!(rendered(&["k", "v"], &[], None), "k  v\n");
    }

    #[test]
    fn rows_leave_before_the_table_ends() {
        let kept = Kept::default();
        let mut out = Output::to(kept.clone(), None);
        let mut table = Table::new(&["n"], None);
        for row in 0..WAITING_ROWS_MAX + 5 {
            table.add(vec![row.to_string()], &mut out).unwrap();
        }
        assert!(table.waiting.is_empty());
        out.flush().unwrap();
        assert_eq!(kept.0.lock().unwrap().iter().filter(|it| **it == b'\n').count(), WAITING_ROWS_MAX + 6);
    }
}
