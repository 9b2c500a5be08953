//! A table that a person can read: columns as wide as what is in them.

use std::fmt::Write;

/// Renders rows under their heads; the last column is not padded.
pub(crate) fn render(heads: &[&str], rows: &[Vec<String>]) -> String {
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at)).map(|cell| cell.chars().count());
        cells.chain([heads[at].len()]).max().unwrap_or(0)
    };
    let widths: Vec<_> = (0..heads.len()).map(width).collect();
    let mut out = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<_> = cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        let _ = writeln!(out, "{}", padded.join("  ").trim_end());
    };
    line(&mut heads.iter().copied());
    for row in rows {
        line(&mut row.iter().map(String::as_str));
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [vec!["0".into(), "café".into(), "x".into()], vec!["10".into(), "b".into(), "".into()]];
        let text = super::render(&["p", "key", "value"], &rows);
        assert_eq!(text, "p   key   value\n0   café  x\n10  b\n");
    }
}
