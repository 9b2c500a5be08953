//! The one error of this crate: opaque outside, and a sentence that names table, option, column or line.

use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// What went wrong. The text says it to a person, [`Error::kind`] to a program.
pub struct Error(Box<Fault>);

/// Whose turn it is to act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The text is not SQL as we read it.
    Sql,
    /// The job as written cannot be run; [`Error::findings`] lists why.
    Plan,
    /// A record of the source cannot be read.
    Source,
    /// A row cannot be written.
    Sink,
    /// The cluster could not be reached or refused.
    Cluster,
    /// What a query keeps of earlier rows takes more memory than it may.
    State,
}

/// One reason why a table or a statement is refused.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Finding {
    /// The rule that it breaks.
    pub rule: Rule,
    /// The table it is about, where it is about one.
    pub table: Option<String>,
    /// A sentence without the table and the place.
    pub text: String,
    /// Where the SQL says it.
    pub at: Option<Position>,
}

/// The rules of validation; `V-…` are those of Flink, in the words of our specification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// V-UNSUP: an option that nobody knows.
    UnknownOption,
    /// V-MISSING: an option without which the connector cannot do.
    MissingOption,
    /// V-VALUE: a value that is not of the option's type.
    Value,
    /// V-CONN: a connector that does not exist, or none.
    Connector,
    /// A format that does not exist.
    Format,
    /// V-TBOTH: `topic` and `topic-pattern`.
    TopicAndPattern,
    /// V-TNONE: neither of them.
    NoTopic,
    /// V-KFMT: a key format that carries changes.
    KeyFormat,
    /// V-VFMT: a value format that carries changes.
    ValueFormat,
    /// V-NOPK: no primary key.
    NoPrimaryKey,
    /// A primary key where none may be, or one that is not well made.
    PrimaryKey,
    /// V-FLUSH and V-FLUSHNEG: half a buffer.
    BufferFlush,
    /// V-EOS: exactly-once without a prefix.
    ExactlyOnce,
    /// V-PREFIXALL: a prefix while the key stands in the value too.
    PrefixWithAll,
    /// V-PREFIX: a key column without the prefix.
    Prefix,
    /// V-NOFIELD: no such column.
    NoColumn,
    /// V-BTS, V-BSO and their startup twins: a mode without its value.
    ScanMode,
    /// V-BMULTI: offsets for several topics.
    OffsetsOfMany,
    /// V-OFFS: offsets that do not parse.
    Offsets,
    /// V-PAR: a parallelism below one.
    Parallelism,
    /// V-LOOP: a job that reads what it writes.
    Loop,
    /// Two tables of a job that read one topic as one group, and not in the same way.
    Group,
    /// A type that SQL, a format or a cast refuses.
    Type,
    /// A table that is not there, or is there twice.
    Table,
    /// A statement that makes no sense for a topic.
    Statement,
    /// A query whose columns do not fit the sink.
    Columns,
    /// V-AUTH: credentials that are not there, or do not fit the protocol or the mechanism.
    Credentials,
    /// A `properties.*` key whose value the client refuses, or two that contradict each other.
    Property,
    /// A setting whose value does not parse.
    Setting,
    /// Good in Flink, but not done here yet: the feature's short name.
    NotYet(&'static str),
}

/// A place in the text of the job, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub struct Position {
    /// The line.
    pub line: u64,
    /// The character in the line.
    pub column: u64,
}

/// Which record of a source something is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct RecordPlace {
    /// Its topic.
    pub topic: Arc<str>,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
}

type Cause = Box<dyn StdError + Send + Sync>;

struct Fault {
    kind: ErrorKind,
    text: String,
    findings: Vec<Finding>,
    cause: Option<Cause>,
    record: Option<RecordPlace>,
}

impl Error {
    /// Whose turn it is.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Every reason of an [`ErrorKind::Plan`], in the order of the checks; empty for other kinds.
    pub fn findings(&self) -> &[Finding] {
        &self.0.findings
    }

    /// The record that could not be processed, where one is to blame.
    pub fn record(&self) -> Option<&RecordPlace> {
        self.0.record.as_ref()
    }

    /// The same error, about this record: its place stands in front.
    pub(crate) fn of_record(mut self, place: RecordPlace) -> Self {
        self = self.within(&place);
        self.0.record = Some(place);
        self
    }

    /// The same error, with the place where it happened in front.
    #[must_use]
    pub fn within(mut self, place: impl fmt::Display) -> Self {
        self.0.text = format!("{place}: {}", self.0.text);
        self
    }

    /// An error of one sentence.
    #[cold]
    pub(crate) fn new(kind: ErrorKind, text: impl Into<String>) -> Self {
        Self(Box::new(Fault { kind, text: text.into(), findings: Vec::new(), cause: None, record: None }))
    }

    /// An error with its cause, whose text follows a colon.
    #[cold]
    pub(crate) fn caused(kind: ErrorKind, text: impl Into<String>, cause: impl Into<Cause>) -> Self {
        let cause = cause.into();
        let text = format!("{}: {cause}", text.into());
        Self(Box::new(Fault { kind, text, findings: Vec::new(), cause: Some(cause), record: None }))
    }

    /// A statement is refused for these reasons.
    #[cold]
    pub(crate) fn plan(findings: Vec<Finding>) -> Self {
        let mut left = TEXT_BYTES_MAX;
        let fits = |line: &String| {
            left = left.saturating_sub(line.len());
            left > 0
        };
        let mut lines: Vec<String> = findings.iter().map(Finding::to_string).take_while(fits).collect();
        if lines.is_empty() {
            lines.extend(findings.first().map(Finding::to_string));
        }
        if let more @ 1.. = findings.len().saturating_sub(lines.len()) {
            lines.push(format!("and {more} more"));
        }
        Self(Box::new(Fault {
            kind: ErrorKind::Plan,
            text: lines.join("\n"),
            findings,
            cause: None,
            record: None,
        }))
    }

    /// The same without places in the text, which is none that the caller wrote.
    pub(crate) fn without_places(self) -> Self {
        match self.0.findings.is_empty() {
            true => self,
            false => Self::plan(self.0.findings.into_iter().map(|it| Finding { at: None, ..it }).collect()),
        }
    }

    /// A record of the source is not what its format says.
    #[cold]
    pub(crate) fn decode(cause: impl Into<Cause>) -> Self {
        Self::bare(ErrorKind::Source, cause.into())
    }

    /// A row is not what a format can hold.
    #[cold]
    pub(crate) fn encode(cause: impl Into<Cause>) -> Self {
        Self::bare(ErrorKind::Sink, cause.into())
    }

    /// What the client says of the cluster.
    #[cold]
    pub(crate) fn cluster(cause: impl Into<Cause>) -> Self {
        Self::bare(ErrorKind::Cluster, cause.into())
    }

    /// What the client said, where it is the cause.
    pub(crate) fn client(&self) -> Option<&upsert_kafka_client::Error> {
        self.0.cause.as_ref()?.downcast_ref()
    }

    /// Whether it is that a producer writes nothing any more for a member that has lost what it read.
    pub(crate) fn is_membership_lost(&self) -> bool {
        self.client().is_some_and(|it| it.kind() == upsert_kafka_client::ErrorKind::MembershipLost)
    }

    fn bare(kind: ErrorKind, cause: Cause) -> Self {
        Self(Box::new(Fault {
            kind,
            text: cause.to_string(),
            findings: Vec::new(),
            cause: Some(cause),
            record: None,
        }))
    }
}

impl Finding {
    /// A finding about no table and no place.
    pub(crate) fn new(rule: Rule, text: impl Into<String>) -> Self {
        Self { rule, table: None, text: shortened(&text.into()), at: None }
    }

    /// What Flink can and we cannot yet.
    pub(crate) fn not_yet(feature: &'static str, text: impl Into<String>) -> Self {
        Self::new(Rule::NotYet(feature), text)
    }

    /// With the place where the text says so.
    pub(crate) fn at(mut self, at: impl Into<Option<Position>>) -> Self {
        self.at = self.at.or(at.into());
        self
    }

    /// With the table it is about.
    pub(crate) fn of(mut self, table: &str) -> Self {
        self.table = Some(table.to_owned());
        self
    }
}

/// How many findings of one kind are worth making.
pub(crate) const FINDINGS_SHOWN_MAX: usize = 100;

/// Bytes of findings that the text of an error lists; the rest is counted.
const TEXT_BYTES_MAX: usize = 32_000;

/// Characters of one sentence.
const SENTENCE_CHARS_MAX: usize = 2_000;

/// A sentence cut to its bound: what it names may come from a script of any size.
pub(crate) fn shortened(text: &str) -> String {
    match text.char_indices().nth(SENTENCE_CHARS_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

impl Position {
    /// The beginning of a text.
    pub(crate) const START: Self = Self { line: 1, column: 1 };

    /// The place behind a piece of text that begins here.
    pub(crate) fn behind(self, piece: &str) -> Self {
        let Self { mut line, mut column } = self;
        for c in piece.chars() {
            (line, column) = if c == '\n' { (line + 1, 1) } else { (line, column + 1) };
        }
        Self { line, column }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.text)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}({:?})", self.0.kind, self.0.text)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as _)
    }
}

impl From<Finding> for Error {
    fn from(finding: Finding) -> Self {
        Self::plan(vec![finding])
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(table) = &self.table {
            write!(f, "table {table}: ")?;
        }
        f.write_str(&self.text)?;
        self.at.map_or(Ok(()), |at| write!(f, " ({at})"))
    }
}

impl fmt::Display for RecordPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "topic {}, partition {}, offset {}", self.topic, self.partition, self.offset)
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn an_error_keeps_its_cause_wherever_it_is_said_to_have_happened() {
        let cause = io::Error::new(io::ErrorKind::BrokenPipe, "nobody reads");
        let place = RecordPlace { topic: "in".into(), partition: 3, offset: 7 };
        let error = Error::caused(ErrorKind::Sink, "table o: print", cause).within("a job").of_record(place);
        assert_eq!(error.to_string(), "topic in, partition 3, offset 7: a job: table o: print: nobody reads");
        let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>()).unwrap();
        assert_eq!(cause.kind(), io::ErrorKind::BrokenPipe);
        assert_eq!(error.record().map(|record| record.offset), Some(7));
        assert!(Error::new(ErrorKind::Sink, "a row of 2 values").source().is_none());
    }
}
