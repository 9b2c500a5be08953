//! A format with a schema registry, as small as one can be: what it needs of planning, opening and reading is there.

use std::collections::BTreeMap;
use std::sync::Mutex;

use tokio::sync::{mpsc, oneshot};
use tokio::task::yield_now;

use super::*;
use crate::changes::Changes;
use crate::deserializer::DeserializerPlan;
use crate::error::ErrorKind;
use crate::format::{DecodeError, DecodingFormat, EncodeError, Encoded, Waiting};
use crate::message::Message;
use crate::plan::{PlanOptions, plan};
use crate::record_metadata::MetadataColumns;
use crate::row::{Arena, Row, RowKind, Value};
use crate::schema_fetch::resume;
use crate::serializer::{ChangeMode, Serialized};
use crate::transform::{Fed, Transform};

const JOB: &str = "
    CREATE TABLE src (tag STRING, text STRING) WITH ('connector' = 'kafka', 'topic' = 'in',
        'properties.bootstrap.servers' = 'a:1', 'scan.startup.mode' = 'earliest-offset', 'format' = 'json');
    CREATE TABLE o (tag STRING, text STRING, PRIMARY KEY (tag) NOT ENFORCED) WITH ('connector' = 'upsert-kafka',
        'topic' = 'out', 'properties.bootstrap.servers' = 'a:1', 'key.format' = 'json', 'value.format' = 'json');
    INSERT INTO o SELECT * FROM src";

/// What a registry is asked, and where its answer goes. It hangs up on what it does not know.
type Asked = (String, oneshot::Sender<String>);

/// A format of rows (tag, text): a byte 0, the schema's id, a text. The schema is the tag.
#[derive(Clone, Debug)]
struct Registered {
    registry: mpsc::UnboundedSender<Asked>,
}

struct RegisteredDecoder {
    registry: mpsc::UnboundedSender<Asked>,
    schemas: Mutex<BTreeMap<u32, &'static str>>,
    keeps: bool,
}

struct RegisteredEncoder {
    id: u8,
}

async fn ask(registry: &mpsc::UnboundedSender<Asked>, what: String) -> Result<String, Error> {
    let (answer, answered) = oneshot::channel();
    registry.send((what.clone(), answer)).unwrap();
    answered.await.map_err(|_| Error::new(ErrorKind::Cluster, format!("the registry knows no {what}")))
}

impl DecodingFormat for Registered {
    fn open<'a>(&'a self, _: &'a OpenContext<'a>) -> Waiting<'a, Arc<dyn Decoder>> {
        let registry = self.registry.clone();
        Box::pin(async move {
            let keeps = ask(&registry, "whether schemas are kept".to_owned()).await? == "yes";
            let decoder = RegisteredDecoder { registry, schemas: Mutex::default(), keeps };
            Ok(Arc::new(decoder) as Arc<dyn Decoder>)
        })
    }
}

impl EncodingFormat for Registered {
    fn open<'a>(&'a self, context: &'a OpenContext<'a>) -> Waiting<'a, Arc<dyn Encoder>> {
        Box::pin(async move {
            let part = if context.part == Part::Key { "key" } else { "value" };
            let id = ask(&self.registry, format!("{}-{part}", context.topics[0])).await?;
            Ok(Arc::new(RegisteredEncoder { id: id.parse().unwrap() }) as Arc<dyn Encoder>)
        })
    }
}

impl Decoder for RegisteredDecoder {
    fn decode<'a>(
        &self,
        bytes: Option<&'a [u8]>,
        arena: &'a Arena,
        each: &mut dyn FnMut(RowKind, Option<Row<'a>>),
    ) -> Result<(), DecodeError> {
        let Some([0, a, b, c, d, text @ ..]) = bytes else { return Ok(()) };
        let id = u32::from_be_bytes([*a, *b, *c, *d]);
        let schemas = self.schemas.lock().unwrap();
        let tag = schemas.get(&id).ok_or_else(|| DecodeError::needs_schema(id))?;
        let row = [Value::String(tag), Value::String(str::from_utf8(text).unwrap())];
        each(RowKind::Insert, Some(arena.alloc_slice_copy(&row)));
        Ok(())
    }

    fn fetch_schema(&self, id: u32) -> Waiting<'_, ()> {
        Box::pin(async move {
            let schema: &str = ask(&self.registry, format!("schema {id}")).await?.leak();
            if self.keeps {
                self.schemas.lock().unwrap().insert(id, schema);
            }
            Ok(())
        })
    }
}

impl Encoder for RegisteredEncoder {
    fn encode(&self, kind: RowKind, row: Row<'_>, out: &mut Vec<u8>) -> Result<Encoded, EncodeError> {
        let [Value::String(tag), Value::String(text)] = row else { return Ok(Encoded::Null) };
        out.extend_from_slice(&[0, 0, 0, 0, self.id]);
        out.extend_from_slice(format!("{kind} {tag} {text}").as_bytes());
        Ok(Encoded::Bytes)
    }
}

/// The job with that format wherever it reads and writes, and its registry's mailbox.
fn registered() -> (Pipeline, Registered, mpsc::UnboundedReceiver<Asked>) {
    let (registry, mailbox) = mpsc::unbounded_channel();
    let format = Registered { registry };
    let mut pipeline = plan(JOB, &PlanOptions::default()).unwrap().pipelines.remove(0);
    pipeline.sources[0].deserializer = DeserializerPlan::of_value(Box::new(format.clone()), 2);
    let SinkPlan::Kafka(sink) = &mut pipeline.inserts[0].sink else { unreachable!("the job's sink") };
    sink.key = Some(Box::new(format.clone()));
    sink.value = Box::new(format.clone());
    (pipeline, format, mailbox)
}

/// Answers from a list, for ever; what it is asked it puts down.
fn answering(
    mut mailbox: mpsc::UnboundedReceiver<Asked>,
    answers: &'static [(&str, &str)],
) -> Arc<Mutex<Vec<String>>> {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&asked);
    tokio::spawn(async move {
        while let Some((what, answer)) = mailbox.recv().await {
            // An answer takes its time, so that nobody goes on who should wait.
            yield_now().await;
            let known = answers.iter().find(|it| it.0 == what).map(|it| it.1.to_owned());
            noted.lock().unwrap().push(what);
            known.map(|known| answer.send(known));
        }
    });
    asked
}

const ANSWERS: &[(&str, &str)] = &[
    ("whether schemas are kept", "yes"),
    ("out-key", "3"),
    ("out-value", "4"),
    ("schema 7", "seven"),
    ("schema 8", "eight"),
];

fn message(value: &[u8]) -> Message<'_> {
    Message { value: Some(value), ..Message::new("in", 0, 0) }
}

async fn read(transform: &mut Transform, value: &[u8]) -> Result<(), Error> {
    let message = message(value);
    match transform.feed(&message)? {
        Fed::Complete => Ok(()),
        Fed::NeedsSchema(request) => resume(transform, &message, request).await,
    }
}

fn lines(changes: &Changes) -> Vec<String> {
    let text =
        |bytes: Option<&[u8]>| bytes.map_or("null".into(), |it| String::from_utf8_lossy(it).into_owned());
    changes.iter().map(|it| format!("{} {:?} {:?}", it.kind, text(it.key), text(it.value))).collect()
}

#[tokio::test]
async fn a_format_asks_its_registry_when_it_is_opened_and_for_each_schema_once() {
    let (pipeline, _, mailbox) = registered();
    let asked = answering(mailbox, ANSWERS);
    assert!(pipeline.sources[0].deserializer.value.format.open_at_once().is_none(), "it has to wait");
    let codecs = Codecs::open(&pipeline).await.unwrap();
    let mut tasks = [Transform::new(&pipeline, &codecs), Transform::new(&pipeline, &codecs)];
    for transform in &mut tasks {
        for (value, line) in [
            (&b"\0\0\0\0\x07a"[..], r#"+I "\0\0\0\0\u{3}+I seven a" "\0\0\0\0\u{4}+I seven a""#),
            (b"\0\0\0\0\x08b", r#"+I "\0\0\0\0\u{3}+I eight b" "\0\0\0\0\u{4}+I eight b""#),
            (b"\0\0\0\0\x07c", r#"+I "\0\0\0\0\u{3}+I seven c" "\0\0\0\0\u{4}+I seven c""#),
        ] {
            read(transform, value).await.unwrap();
            assert_eq!(lines(&transform.changes()[0]), [line]);
        }
    }
    let open = "whether schemas are kept";
    assert_eq!(*asked.lock().unwrap(), [open, open, "out-key", "out-value", "schema 7", "schema 8"]);
}

#[tokio::test]
async fn what_the_registry_does_not_know_is_told_with_the_table() {
    let (pipeline, _, mailbox) = registered();
    answering(mailbox, &[("whether schemas are kept", "yes"), ("out-key", "3")]);
    let error = Codecs::open(&pipeline).await.err().unwrap();
    assert_eq!(error.to_string(), "table o: the value's format: the registry knows no out-value");
}

#[tokio::test]
async fn a_schema_that_cannot_be_fetched_fails_the_message() {
    let (pipeline, _, mailbox) = registered();
    answering(mailbox, ANSWERS);
    let codecs = Codecs::open(&pipeline).await.unwrap();
    let mut transform = Transform::new(&pipeline, &codecs);
    let error = read(&mut transform, b"\0\0\0\0\x09a").await.unwrap_err();
    assert_eq!(error.to_string(), "the registry knows no schema 9");
    read(&mut transform, b"\0\0\0\0\x07a").await.unwrap();
    assert_eq!(transform.changes()[0].len(), 1, "the next message is none the worse for it");
}

#[tokio::test]
async fn a_decoder_that_asks_again_and_again_is_stopped() {
    let (pipeline, _, mailbox) = registered();
    let asked = answering(
        mailbox,
        &[("whether schemas are kept", "no"), ("out-key", "3"), ("out-value", "4"), ("schema 7", "seven")],
    );
    let codecs = Codecs::open(&pipeline).await.unwrap();
    let mut transform = Transform::new(&pipeline, &codecs);
    let error = read(&mut transform, b"\0\0\0\0\x07a").await.unwrap_err();
    assert_eq!(error.to_string(), "the schema 7 that wrote it is not known here");
    assert_eq!(asked.lock().unwrap().iter().filter(|it| *it == "schema 7").count(), 2);
}

/// Two tables over one topic, each with a decoder that needs the schema: the first one's row is there once.
#[tokio::test]
async fn a_table_that_was_read_is_not_read_again_for_the_schema_of_another() {
    let (_, format, mailbox) = registered();
    answering(mailbox, ANSWERS);
    let more = JOB.split("CREATE TABLE").nth(1).unwrap().replace("src", "more");
    let job = format!("{JOB};\nCREATE TABLE{more}\nINSERT INTO o SELECT * FROM more");
    let mut pipeline = plan(&*job, &PlanOptions::default()).unwrap().pipelines.remove(0);
    assert_eq!((pipeline.sources.len(), pipeline.inserts.len()), (2, 2));
    for source in &mut pipeline.sources {
        source.deserializer = DeserializerPlan::of_value(Box::new(format.clone()), 2);
    }
    let codecs = Codecs::open(&pipeline).await.unwrap();
    let mut transform = Transform::new(&pipeline, &codecs);
    read(&mut transform, b"\0\0\0\0\x07a").await.unwrap();
    assert_eq!(transform.changes().iter().map(Changes::len).collect::<Vec<_>>(), [1, 1]);
}

#[tokio::test]
async fn an_encoder_knows_the_kind_and_may_give_null() {
    let encoder = RegisteredEncoder { id: 1 };
    let mut out = Vec::new();
    let row = [Value::String("a"), Value::String("b")];
    assert_eq!(encoder.encode(RowKind::UpdateBefore, &row, &mut out).unwrap(), Encoded::Bytes);
    assert_eq!(out, b"\0\0\0\0\x01-U a b");
    out.clear();
    let key = Some(Arc::new(RegisteredEncoder { id: 1 }) as Arc<dyn Encoder>);
    let serializer = Serializer::new(key, Arc::new(encoder), MetadataColumns::default(), ChangeMode::Upsert);
    let lengths = serializer.serialize(RowKind::Insert, &[Value::Null, Value::Null], &mut out).unwrap();
    assert_eq!(
        (lengths, &*out),
        (Some(Serialized { key: None, value: None, metadata: None }), &b""[..]),
        "null where the format says so, also of an INSERT"
    );
}
