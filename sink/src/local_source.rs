//! Sources without Kafka: lines of files or of standard input, and numbered rows that a format makes columns of.
//!
//! What they give are messages like a topic's, of partition 0: the offset is the line's number in its file from 0, or the
//! row's. They keep no position: a job that begins again begins at their beginning.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;
use tokio::time::sleep;
use upsert_kafka_client::Clock;

use crate::error::{Error, ErrorKind};
use crate::message::Message;

/// What is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum LocalPlan {
    /// Each line of a file, of every file of a folder, or of standard input (`-`).
    Lines {
        /// Where.
        path: String,
    },
    /// Messages that hold their number and the time, so many a second.
    Rows {
        /// How many; `None` is for ever.
        count: Option<u64>,
        /// At most.
        per_second: u64,
    },
}

/// A source that is open.
pub(crate) struct LocalSource {
    table: String,
    reader: Reader,
    is_done: bool,
}

enum Reader {
    Lines(mpsc::Receiver<Result<LocalBatch, String>>),
    Rows { next: u64, count: Option<u64>, per_second: u64, began: Instant, clock: Clock },
}

/// Messages, one after another.
#[derive(Debug)]
pub(crate) struct LocalBatch {
    topic: Arc<str>,
    first: i64,
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl LocalSource {
    /// Begins to read.
    pub(crate) fn open(table: &str, plan: &LocalPlan, clock: &Clock) -> Self {
        let reader = match plan {
            LocalPlan::Lines { path } => {
                let (batches, read) = mpsc::channel(BATCHES_MAX);
                let path = path.clone();
                // It ends with the file, or when nobody takes a batch any more.
                std::thread::spawn(move || {
                    if let Err(why) = read_all(&path, &batches) {
                        _ = batches.blocking_send(Err(why));
                    }
                });
                Reader::Lines(read)
            }
            LocalPlan::Rows { count, per_second } => Reader::Rows {
                next: 0,
                count: *count,
                per_second: *per_second,
                began: clock.now(),
                clock: clock.clone(),
            },
        };
        Self { table: table.to_owned(), reader, is_done: false }
    }

    /// Waits for the next messages; none where the source has ended. Cancel-safe.
    pub(crate) async fn poll(&mut self) -> Result<Option<LocalBatch>, Error> {
        let batch = match &mut self.reader {
            Reader::Lines(batches) => match batches.recv().await.transpose() {
                Ok(batch) => batch,
                Err(why) => {
                    return Err(Error::new(ErrorKind::Source, format!("table {}: {why}", self.table)));
                }
            },
            Reader::Rows { next, count, per_second, began, clock } => loop {
                let elapsed = clock.since(*began);
                let left = count.map_or(u64::MAX, |count| count.saturating_sub(*next));
                if left == 0 {
                    break None;
                }
                let due = rows_due(elapsed, *per_second).saturating_sub(*next);
                let rows = due.min(left).min(ROWS_MAX);
                if rows > 0 {
                    let batch = numbered(*next, rows, clock.unix_ms());
                    *next += rows;
                    break Some(batch);
                }
                sleep(PAUSE).await;
            },
        };
        self.is_done = batch.is_none();
        Ok(batch)
    }

    pub(crate) fn is_done(&self) -> bool {
        self.is_done
    }

    /// From now on it ends; files end by themselves.
    pub(crate) fn stop_at_end(&mut self) {
        if let Reader::Rows { next, count, .. } = &mut self.reader
            && count.is_none()
        {
            *count = Some(*next);
        }
    }
}

impl LocalBatch {
    fn new(topic: Arc<str>, first: i64) -> Self {
        Self { topic, first, bytes: Vec::new(), ends: Vec::new() }
    }

    /// The path of the file, or of what is generated.
    pub(crate) fn topic(&self) -> &Arc<str> {
        &self.topic
    }

    /// Each message.
    pub(crate) fn messages(&self) -> impl Iterator<Item = Message<'_>> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        let spans = starts.zip(&self.ends).zip(self.first..);
        spans.map(|((start, end), offset)| Message {
            value: Some(&self.bytes[start..*end]),
            ..Message::new(&self.topic, 0, offset)
        })
    }

    fn push(&mut self, value: &[u8]) {
        self.bytes.extend_from_slice(value);
        self.ends.push(self.bytes.len());
    }
}

/// How many rows a source of that speed has given by then; the first one at once.
fn rows_due(elapsed: Duration, per_second: u64) -> u64 {
    let due = elapsed.as_millis().saturating_mul(per_second.into()) / 1_000;
    u64::try_from(due).unwrap_or(u64::MAX).saturating_add(1)
}

/// Messages whose values are their numbers and the wall clock, in 8 bytes each.
fn numbered(first: u64, rows: u64, unix_ms: i64) -> LocalBatch {
    let mut batch = LocalBatch::new("datagen".into(), first.cast_signed());
    for number in first..first + rows {
        let mut value = [0; 16];
        value[..8].copy_from_slice(&number.to_le_bytes());
        value[8..].copy_from_slice(&unix_ms.to_le_bytes());
        batch.push(&value);
    }
    batch
}

fn read_all(path: &str, batches: &mpsc::Sender<Result<LocalBatch, String>>) -> Result<(), String> {
    if path == STANDARD_INPUT {
        return read_lines("standard input", io::stdin().lock(), batches);
    }
    let mut left = VecDeque::from([PathBuf::from(path.strip_prefix("file://").unwrap_or(path))]);
    while let Some(path) = left.pop_front() {
        let named = |e: io::Error| format!("{}: {e}", path.display());
        if path.is_dir() {
            left.extend(files(&path).map_err(named)?);
        } else {
            let file = File::open(&path).map_err(named)?;
            read_lines(&path.display().to_string(), file, batches)?;
        }
    }
    Ok(())
}

/// The files of a folder by name, without those that are hidden, as Flink reads it.
fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths =
        std::fs::read_dir(folder)?.map(|it| it.map(|it| it.path())).collect::<io::Result<Vec<_>>>()?;
    let is_shown = |path: &PathBuf| {
        let name = path.file_name().map(|it| it.to_string_lossy().into_owned()).unwrap_or_default();
        !name.starts_with(['.', '_'])
    };
    paths.retain(is_shown);
    paths.sort();
    Ok(paths)
}

fn read_lines(
    name: &str,
    file: impl Read,
    batches: &mpsc::Sender<Result<LocalBatch, String>>,
) -> Result<(), String> {
    let mut file = BufReader::new(file);
    let (topic, mut number) = (Arc::from(name), 0);
    let mut line = Vec::new();
    loop {
        let mut batch = LocalBatch::new(Arc::clone(&topic), number);
        while batch.bytes.len() < BATCH_BYTES && file.fill_buf().is_ok_and(|it| !it.is_empty()) {
            line.clear();
            let read = file.by_ref().take(LINE_BYTES_MAX).read_until(b'\n', &mut line);
            read.map_err(|e| format!("{name}, line {}: {e}", number + 1))?;
            if line.len() as u64 == LINE_BYTES_MAX {
                return Err(format!("{name}, line {}: longer than {LINE_BYTES_MAX} bytes", number + 1));
            }
            number += 1;
            let line = line.strip_suffix(b"\n").unwrap_or(&line);
            batch.push(line.strip_suffix(b"\r").unwrap_or(line));
            // What a person types is not kept back.
            if file.buffer().is_empty() {
                break;
            }
        }
        if batch.ends.is_empty() {
            // The end, or an error that reading tells again.
            return file.fill_buf().map(drop).map_err(|e| format!("{name}, line {}: {e}", number + 1));
        }
        if batches.blocking_send(Ok(batch)).is_err() {
            return Ok(());
        }
    }
}

/// The path that is no file.
pub(crate) const STANDARD_INPUT: &str = "-";

/// Batches of lines that wait.
const BATCHES_MAX: usize = 4;
/// A batch is full at so many bytes.
const BATCH_BYTES: usize = 64 * 1024;
/// The longest line.
const LINE_BYTES_MAX: u64 = 64 << 20;
/// Rows of one batch.
const ROWS_MAX: u64 = 1_000;
/// How often a generator looks whether rows are due.
const PAUSE: Duration = Duration::from_millis(10);

#[cfg(test)]
mod tests {
    use super::*;

    async fn lines(plan: LocalPlan) -> Result<Vec<(String, i64, String)>, String> {
        let mut source = LocalSource::open("t", &plan, &Clock::of_runtime(0));
        let mut all = Vec::new();
        while let Some(batch) = source.poll().await.map_err(|e| e.to_string())? {
            let text = |it: Message<'_>| String::from_utf8_lossy(it.value.unwrap_or_default()).into_owned();
            all.extend(batch.messages().map(|it| (it.topic.to_owned(), it.offset, text(it))));
        }
        assert!(source.is_done());
        Ok(all)
    }

    #[tokio::test]
    async fn the_lines_of_a_folder_are_read_file_by_file() {
        let folder = std::env::temp_dir().join(format!("upsert-kafka-lines-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        for (name, text) in [("b", "3\n"), ("a", "1\r\n\n2"), ("_hidden", "x"), ("empty", "")] {
            std::fs::write(folder.join(name), text).unwrap();
        }
        let path = folder.display().to_string();
        let read = lines(LocalPlan::Lines { path: path.clone() }).await.unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        let texts: Vec<_> = read.iter().map(|(_, number, text)| (*number, text.as_str())).collect();
        assert_eq!(texts, [(0, "1"), (1, ""), (2, "2"), (0, "3")]);
        assert_eq!(read[3].0, folder.join("b").display().to_string());
        let missing = lines(LocalPlan::Lines { path: format!("{path}/nowhere") }).await.unwrap_err();
        assert!(missing.starts_with("table t: ") && missing.contains("nowhere"), "{missing}");
    }

    #[tokio::test(start_paused = true)]
    async fn rows_are_numbered_and_end_where_they_are_told() {
        let read = lines(LocalPlan::Rows { count: Some(2_500), per_second: 1_000 }).await.unwrap();
        assert_eq!(read.len(), 2_500);
        assert!(read.iter().map(|it| it.1).eq(0..2_500));
    }

    #[test]
    fn a_rate_is_kept() {
        assert_eq!(rows_due(Duration::ZERO, 10), 1);
        assert_eq!(rows_due(Duration::from_millis(1_500), 10), 16);
        assert_eq!(rows_due(Duration::from_secs(u64::MAX), u64::MAX), u64::MAX);
    }
}
