//! What can go wrong between a caller and a cluster: one opaque error, asked by questions.

use std::fmt;
use std::sync::Arc;

use upsert_kafka_protocol::{ErrorCode, Malformed, Unrepresentable};

/// Why something could not be done, and to what. Its text is a sentence for whoever has to act on it.
#[derive(Clone)]
pub struct Error(Arc<Facts>);

/// The nature of an [`Error`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A setting is wrong, or two contradict each other.
    Config,
    /// The caller asked for what cannot be done.
    Usage,
    /// The producer, consumer or client was closed before.
    Closed,
    /// No broker could be reached.
    Unreachable,
    /// A connection broke with the request on it, which the broker may have seen.
    Disconnected,
    /// The time for a call ran out.
    Timeout,
    /// The broker answered with an error: see [`Error::code`].
    Broker,
    /// The cluster does not have the topic or the partition.
    UnknownTopic,
    /// The broker is too old or too new for what is needed.
    Unsupported,
    /// The broker sent bytes that Kafka's protocol does not allow.
    Protocol,
    /// Records came damaged: their checksum or their form is wrong.
    Corrupt,
    /// A record exceeds a limit.
    TooLarge,
    /// Records fill the memory that they may take, and the caller did not want to wait.
    BufferFull,
    /// The offset asked for is not in the log, and `auto.offset.reset` is `none`.
    OffsetOutOfRange,
    /// The log lost records that were read already (KIP-320), and `auto.offset.reset` is `none`.
    LogTruncation,
    /// Another producer took this one's place.
    Fenced,
    /// A group has gone on without the member that the producer writes for
    /// ([`Producer::write_for`](crate::Producer::write_for)).
    MembershipLost,
    /// The cluster does not let this client do it.
    Unauthorized,
    /// One side did not prove to the other who it is: a certificate or a login was refused.
    Authentication,
    /// The record went down with its transaction, which was aborted.
    Aborted,
}

/// How much an [`Error`] ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scope {
    /// What was asked, and nothing else.
    #[default]
    Call,
    /// The open transaction: abort it, then the producer can begin the next.
    Transaction,
    /// The producer: it writes nothing any more. A new one may, unless it was fenced for a reason.
    Producer,
}

#[derive(Clone, Debug)]
struct Facts {
    kind: ErrorKind,
    sentence: String,
    code: Option<ErrorCode>,
    api: Option<&'static str>,
    broker: Option<Arc<str>>,
    topic: Option<Arc<str>>,
    partition: Option<i32>,
    written: bool,
    scope: Scope,
    cause: Option<Arc<dyn std::error::Error + Send + Sync>>,
}

impl Error {
    /// What it is about.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Whether the same call may succeed later.
    pub fn is_retriable(&self) -> bool {
        match self.0.kind {
            ErrorKind::Unreachable | ErrorKind::Disconnected | ErrorKind::Timeout => true,
            _ => self.0.code.is_some_and(ErrorCode::is_retriable),
        }
    }

    /// Whether one side does not let the other in, which the next attempt, or another broker, will hardly change.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self.0.kind, ErrorKind::Authentication | ErrorKind::Config)
    }

    /// Whether what the client knows of the cluster is out of date.
    pub fn refreshes_metadata(&self) -> bool {
        match self.0.kind {
            ErrorKind::Unreachable | ErrorKind::Disconnected => true,
            _ => self.0.code.is_some_and(ErrorCode::refreshes_metadata),
        }
    }

    /// Whether another producer with the same identity took over.
    pub fn is_fenced(&self) -> bool {
        self.0.kind == ErrorKind::Fenced
    }

    /// What it ends: a call, the open transaction, or the producer.
    pub fn scope(&self) -> Scope {
        self.0.scope
    }

    /// Whether the open transaction must be aborted because of it, and nothing worse.
    pub fn is_abortable(&self) -> bool {
        self.0.scope == Scope::Transaction
    }

    /// Whether a group takes no member of this kind: it has others, which share by another protocol or assignor.
    pub fn is_another_kind_of_group(&self) -> bool {
        matches!(self.code(), Some(ErrorCode::INCONSISTENT_GROUP_PROTOCOL | ErrorCode::GROUP_ID_NOT_FOUND))
    }

    /// Whether a group is sharing its partitions anew: a member that has heard of that may ask again.
    pub fn is_rebalancing(&self) -> bool {
        self.code() == Some(ErrorCode::REBALANCE_IN_PROGRESS)
    }

    /// Whether a group has gone on without the member that spoke: its generation or epoch is over, another has its name,
    /// or the coordinator does not know it.
    pub fn is_stale_member(&self) -> bool {
        matches!(
            self.code(),
            Some(
                ErrorCode::ILLEGAL_GENERATION
                    | ErrorCode::UNKNOWN_MEMBER_ID
                    | ErrorCode::FENCED_MEMBER_EPOCH
                    | ErrorCode::STALE_MEMBER_EPOCH
                    | ErrorCode::FENCED_INSTANCE_ID
            )
        )
    }

    /// Whether the producer can do nothing any more.
    pub fn is_fatal(&self) -> bool {
        self.0.scope == Scope::Producer
    }

    /// What the broker answered, if it did.
    pub fn code(&self) -> Option<ErrorCode> {
        self.0.code
    }

    /// The topic it happened to.
    pub fn topic(&self) -> Option<&str> {
        self.0.topic.as_deref()
    }

    /// The partition it happened to.
    pub fn partition(&self) -> Option<i32> {
        self.0.partition
    }

    /// Whether the broker may have done what was asked, though no answer came.
    pub fn may_have_been_written(&self) -> bool {
        self.0.written
    }

    /// A sentence, or the end of one that begins with the thing named by `with_…`.
    #[cold]
    pub(crate) fn new(kind: ErrorKind, sentence: impl Into<String>) -> Self {
        Self(Arc::new(Facts {
            kind,
            sentence: sentence.into(),
            code: None,
            api: None,
            broker: None,
            topic: None,
            partition: None,
            written: false,
            scope: Scope::Call,
            cause: None,
        }))
    }

    /// The broker's refusal, in its own words.
    #[cold]
    pub(crate) fn from_code(code: ErrorCode, api: &'static str) -> Self {
        let kind = match code {
            ErrorCode::UNKNOWN_TOPIC_OR_PARTITION | ErrorCode::UNKNOWN_TOPIC_ID => ErrorKind::UnknownTopic,
            ErrorCode::MESSAGE_TOO_LARGE | ErrorCode::RECORD_LIST_TOO_LARGE => ErrorKind::TooLarge,
            ErrorCode::UNSUPPORTED_VERSION => ErrorKind::Unsupported,
            ErrorCode::OFFSET_OUT_OF_RANGE => ErrorKind::OffsetOutOfRange,
            ErrorCode::CORRUPT_MESSAGE => ErrorKind::Corrupt,
            ErrorCode::REQUEST_TIMED_OUT => ErrorKind::Timeout,
            ErrorCode::INVALID_PRODUCER_EPOCH | ErrorCode::PRODUCER_FENCED => ErrorKind::Fenced,
            ErrorCode::TOPIC_AUTHORIZATION_FAILED
            | ErrorCode::GROUP_AUTHORIZATION_FAILED
            | ErrorCode::CLUSTER_AUTHORIZATION_FAILED
            | ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED => ErrorKind::Unauthorized,
            _ => ErrorKind::Broker,
        };
        Self::new(kind, String::new()).with_code(code).with_api(api)
    }

    /// The broker's refusal, after the sentence that it sent along, if it did.
    #[cold]
    pub(crate) fn refused(code: ErrorCode, api: &'static str, message: Option<&str>) -> Self {
        let error = Self::from_code(code, api);
        match message.map(quoted).filter(|message| !message.is_empty()) {
            Some(message) => error.within(&message),
            None => error,
        }
    }

    pub(crate) fn with_code(mut self, code: ErrorCode) -> Self {
        self.facts().code = Some(code);
        self
    }

    pub(crate) fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.facts().kind = kind;
        self
    }

    pub(crate) fn with_api(mut self, api: &'static str) -> Self {
        self.facts().api = Some(api);
        self
    }

    pub(crate) fn with_broker(mut self, broker: &Arc<str>) -> Self {
        self.facts().broker = Some(Arc::clone(broker));
        self
    }

    pub(crate) fn with_topic(mut self, topic: impl Into<Arc<str>>) -> Self {
        self.facts().topic = Some(topic.into());
        self
    }

    pub(crate) fn with_partition(mut self, partition: i32) -> Self {
        self.facts().partition = Some(partition);
        self
    }

    /// Marks that the broker may have done it all the same.
    pub(crate) fn with_written(mut self, written: bool) -> Self {
        self.facts().written = written;
        self
    }

    /// Says what it ends.
    pub(crate) fn with_scope(mut self, scope: Scope) -> Self {
        self.facts().scope = scope;
        self
    }

    /// Keeps what it came from, for [`source`](std::error::Error::source); the sentence has said it already.
    pub(crate) fn with_cause(mut self, cause: impl std::error::Error + Send + Sync + 'static) -> Self {
        self.facts().cause = Some(Arc::new(cause));
        self
    }

    /// Puts another sentence before this one's.
    pub(crate) fn within(mut self, what: &str) -> Self {
        let sentence = self.words();
        let what = what.trim_end_matches(ends_a_sentence);
        self.facts().sentence = format!("{what}: {sentence}");
        self
    }

    /// The same without a secret, where a peer sent it back.
    #[cfg(feature = "oauth")]
    pub(crate) fn without(mut self, secret: &crate::Secret) -> Self {
        if !secret.is_empty() && self.0.sentence.contains(secret.reveal()) {
            self.facts().sentence = self.0.sentence.replace(secret.reveal(), "***");
        }
        self
    }

    fn facts(&mut self) -> &mut Facts {
        Arc::make_mut(&mut self.0)
    }

    /// The sentence without what it happened to.
    fn words(&self) -> String {
        match self.0.code {
            Some(code) if self.0.sentence.is_empty() => said(code),
            _ => self.0.sentence.clone(),
        }
    }
}

/// A peer's words, to stand within a sentence of ours: in one line, without its own end, and no longer than is read.
pub(crate) fn quoted(message: &str) -> String {
    let mut words = String::new();
    for word in message.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()) {
        if !words.is_empty() {
            words.push(' ');
        }
        words.extend(word.chars().take(QUOTED_CHARS_MAX + 1));
        if words.chars().nth(QUOTED_CHARS_MAX).is_some() {
            words = words.chars().take(QUOTED_CHARS_MAX).collect();
            return words + "…";
        }
    }
    words.truncate(words.trim_end_matches(ends_a_sentence).len());
    words
}

fn ends_a_sentence(c: char) -> bool {
    c.is_whitespace() || matches!(c, '.' | ':' | ';' | ',')
}

/// A broker may send 32 KB.
const QUOTED_CHARS_MAX: usize = 500;

/// `not the leader (NOT_LEADER_OR_FOLLOWER, 6)`.
fn said(code: ErrorCode) -> String {
    match code.name() {
        Some(name) => format!("{} ({name}, {})", code.message(), code.0),
        None => format!("error {} that this client does not know", code.0),
    }
}

impl From<Malformed> for Error {
    fn from(malformed: Malformed) -> Self {
        Self::new(ErrorKind::Protocol, malformed.to_string()).with_cause(malformed)
    }
}

impl From<Unrepresentable> for Error {
    fn from(unrepresentable: Unrepresentable) -> Self {
        Self::new(ErrorKind::Usage, unrepresentable.to_string()).with_cause(unrepresentable)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let facts = &*self.0;
        let mut subject = Vec::new();
        if let Some(topic) = &facts.topic {
            subject.push(match facts.partition {
                Some(partition) => format!("topic {topic}, partition {partition}"),
                None => format!("topic {topic}"),
            });
        }
        if let Some(broker) = &facts.broker {
            subject.push(format!("broker {broker}"));
        }
        if let Some(api) = facts.api {
            subject.push(api.to_owned());
        }
        match subject.is_empty() {
            true => f.write_str(&self.words()),
            false => write!(f, "{}: {}", subject.join(", "), self.words()),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({:?}, \"{self}\")", self.0.kind)
    }
}

impl std::error::Error for Error {
    /// What it came from, where that is an error of its own: the system's, or that of bytes which are no message. Its
    /// text is part of this error's sentence.
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.cause.as_deref().map(|cause| cause as _)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_names_topic_partition_broker_and_api() {
        let error = Error::from_code(ErrorCode::NOT_LEADER_OR_FOLLOWER, "Fetch")
            .with_topic("orders")
            .with_partition(3)
            .with_broker(&Arc::from("10.0.0.1:9092"));
        let text = error.to_string();
        assert!(text.starts_with("topic orders, partition 3, broker 10.0.0.1:9092, Fetch: "), "{text}");
        assert!(text.ends_with("(NOT_LEADER_OR_FOLLOWER, 6)"), "{text}");
        assert!(error.is_retriable() && error.refreshes_metadata() && !error.may_have_been_written());
        assert_eq!((error.topic(), error.partition()), (Some("orders"), Some(3)));
    }

    #[test]
    fn a_code_nobody_knows_is_a_number() {
        let error = Error::from_code(ErrorCode(4711), "Produce");
        assert_eq!(error.to_string(), "Produce: error 4711 that this client does not know");
        assert!(!error.is_retriable());
    }

    #[test]
    fn what_a_broker_says_to_any_code_stands_within_our_sentence_without_its_own_end() {
        let all: Vec<ErrorCode> = (-1..1000).map(ErrorCode).filter(|code| code.name().is_some()).collect();
        assert!(all.len() > 130, "{}", all.len());
        for code in all.into_iter().chain([ErrorCode(4711)]) {
            let own = format!("{}.", code.message());
            for said in [
                own.as_str(),
                "Topic 'a' is taken.",
                "It failed: see the log...",
                "It failed. ",
                "It failed:",
                "Two\n lines;",
                " . ",
                "",
            ] {
                let error = Error::refused(code, "Produce", Some(said)).with_topic("orders");
                for text in [error.to_string(), error.within("this cannot go on.").to_string()] {
                    for doubled in [".:", "..", "::", ":.", ": :", ";:", "  ", ": ,", "\n"] {
                        assert!(!text.contains(doubled), "{doubled:?} in: {text}");
                    }
                    assert!(!text.ends_with(['.', ':', ' ']), "{text}");
                }
            }
        }
        let long =
            Error::refused(ErrorCode::INVALID_REQUEST, "Fetch", Some(&"word ".repeat(9000))).to_string();
        assert!(long.len() < 700 && long.contains("…: "), "{long}");
        let one = Error::refused(ErrorCode::INVALID_REQUEST, "Fetch", Some(&"ö".repeat(9000))).to_string();
        assert!(one.chars().count() < 700 && one.contains("ö…: "), "{one}");
    }

    #[test]
    fn an_error_is_one_word_wide() {
        assert_eq!(size_of::<Error>(), size_of::<usize>());
        assert_eq!(size_of::<Result<(), Error>>(), size_of::<usize>());
    }
}
