//! Lines out of a stream of bytes; blank ones are none. No I/O.

use crate::json_values::{JsonValue, TooLarge};

/// Bytes that come piece by piece, and the lines in them.
#[derive(Debug)]
pub(crate) struct TextLines {
    /// What was not handed out yet.
    text: Vec<u8>,
    /// Where the next line begins, and up to where no line end is.
    begins: usize,
    looked: usize,
    /// The number of that line, counted from 1.
    line: u64,
    line_bytes_max: usize,
    ended: bool,
}

impl TextLines {
    /// Nothing yet.
    pub(crate) fn new(line_bytes_max: usize) -> Self {
        Self { text: Vec::new(), begins: 0, looked: 0, line: 1, line_bytes_max, ended: false }
    }

    /// Takes what comes next.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.text.drain(..self.begins);
        self.looked -= self.begins;
        self.begins = 0;
        self.text.extend_from_slice(bytes);
    }

    /// Says that nothing comes any more.
    pub(crate) fn end(&mut self) {
        self.ended = true;
    }

    /// The next line that is whole, without its end; `None` asks for more, or is the end.
    ///
    /// # Errors
    /// A line that is too long.
    pub(crate) fn next(&mut self) -> Result<Option<JsonValue>, TooLarge> {
        loop {
            let found = self.text[self.looked..].iter().position(|byte| *byte == b'\n');
            let end = found.map_or(self.text.len(), |at| self.looked + at);
            if end - self.begins > self.line_bytes_max {
                return Err(TooLarge { line: self.line });
            }
            self.looked = end;
            if found.is_none() && (!self.ended || self.begins == end) {
                return Ok(None);
            }
            let line = &self.text[self.begins..end];
            let bytes = line.strip_suffix(b"\r").unwrap_or(line);
            let value = (!bytes.trim_ascii().is_empty()).then(|| JsonValue {
                bytes: bytes.to_vec(),
                line: self.line,
                problem: None,
            });
            self.begins = end + usize::from(found.is_some());
            self.looked = self.begins;
            self.line += 1;
            if value.is_some() {
                return Ok(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_found_however_they_are_cut() {
        let text = b"a,1\n\n  \nb,2\r\nc";
        for size in 1..=text.len() {
            let (mut lines, mut found) = (TextLines::new(10), Vec::new());
            for piece in text.chunks(size) {
                lines.push(piece);
                while let Some(it) = lines.next().unwrap() {
                    found.push((it.line, String::from_utf8(it.bytes).unwrap()));
                }
            }
            lines.end();
            while let Some(it) = lines.next().unwrap() {
                found.push((it.line, String::from_utf8(it.bytes).unwrap()));
            }
            assert_eq!(found, [(1, "a,1".into()), (4, "b,2".into()), (5, "c".into())], "in pieces of {size}");
        }
    }

    #[test]
    fn a_line_beyond_the_bound_is_refused() {
        let mut lines = TextLines::new(3);
        lines.push(b"abc\nabcd");
        assert_eq!(lines.next().unwrap().map(|it| it.bytes), Some(b"abc".to_vec()));
        assert_eq!(lines.next(), Err(TooLarge { line: 2 }));
    }
}
