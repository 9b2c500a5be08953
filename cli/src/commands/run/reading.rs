//! A file on its way into values, one at a time.

use tokio::fs::File;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::exit::{Exit, Failure};
use crate::json_values::{JsonValue, JsonValues, TooLarge};
use crate::text_lines::TextLines;

/// How records lie in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InputLayout {
    /// A JSON value is a record, however it is laid out.
    Json,
    /// A line is a record; blank ones are none.
    Lines,
}

/// A file on its way into values: what is held is one value and one piece.
pub(super) struct Reading {
    path: String,
    from: Box<dyn AsyncRead + Send + Unpin>,
    piece: Vec<u8>,
    values: Values,
    ended: bool,
}

enum Values {
    Json(JsonValues),
    Lines(TextLines),
}

impl Reading {
    /// Opens a file; `-` is standard input.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub(super) async fn open(path: &str, layout: InputLayout) -> Result<Self, Failure> {
        let from: Box<dyn AsyncRead + Send + Unpin> = match path {
            "-" => Box::new(tokio::io::stdin()),
            _ => Box::new(File::open(path).await.map_err(|e| unreadable(path, &e))?),
        };
        let values = match layout {
            InputLayout::Json => Values::Json(JsonValues::new(VALUE_BYTES_MAX)),
            InputLayout::Lines => Values::Lines(TextLines::new(VALUE_BYTES_MAX)),
        };
        Ok(Self { path: path.to_owned(), from, piece: vec![0; PIECE_BYTES], values, ended: false })
    }

    /// The next value; `None` at the end.
    ///
    /// # Errors
    /// When it cannot be read or is too large.
    pub(super) async fn next(&mut self) -> Result<Option<JsonValue>, Failure> {
        loop {
            match self.values.next() {
                Ok(Some(value)) => return Ok(Some(value)),
                Err(TooLarge { line }) => {
                    let text = format!(
                        "{}, line {line}: a value of more than {} MiB, which is all that --input takes",
                        self.path,
                        VALUE_BYTES_MAX >> 20
                    );
                    return Err(Failure::new(Exit::Job, text));
                }
                Ok(None) if self.ended => return Ok(None),
                Ok(None) => {}
            }
            match self.from.read(&mut self.piece).await.map_err(|e| unreadable(&self.path, &e))? {
                0 => {
                    self.values.end();
                    self.ended = true;
                }
                read => self.values.push(&self.piece[..read]),
            }
        }
    }
}

impl Values {
    fn push(&mut self, bytes: &[u8]) {
        match self {
            Self::Json(values) => values.push(bytes),
            Self::Lines(lines) => lines.push(bytes),
        }
    }

    fn end(&mut self) {
        match self {
            Self::Json(values) => values.end(),
            Self::Lines(lines) => lines.end(),
        }
    }

    fn next(&mut self) -> Result<Option<JsonValue>, TooLarge> {
        match self {
            Self::Json(values) => values.next(),
            Self::Lines(lines) => lines.next(),
        }
    }
}

/// A file that cannot be read fails the job.
pub(super) fn unreadable(path: &str, error: &std::io::Error) -> Failure {
    Failure::new(Exit::Job, format!("{path}: {error}"))
}

/// A larger value is refused: it is held several times over on its way, and an answer of a broker holds 256 MiB.
const VALUE_BYTES_MAX: usize = 128 << 20;

/// What is read of a file at once.
const PIECE_BYTES: usize = 64 * 1024;
