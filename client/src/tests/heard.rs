//! What was logged while a test did something.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, OnceLock};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Dispatch, Event, Metadata, Subscriber};

/// The lines of this thread at `info` and above: level, message, fields.
pub(crate) fn lines(work: impl FnOnce()) -> Vec<String> {
    let ear = Ear { listens: Listens::Lines, heard: Arc::default() };
    listened(&ear, work);
    let lines = ear.heard.lock().unwrap();
    lines.clone()
}

/// The spans of this thread at every level: a line each, of name and fields as they are at last.
pub(crate) fn spans(work: impl FnOnce()) -> Vec<String> {
    let ear = Ear { listens: Listens::Spans, heard: Arc::default() };
    listened(&ear, work);
    let spans = ear.heard.lock().unwrap();
    spans.clone()
}

/// Every line and every span of this thread, at every level.
pub(crate) fn all(work: impl FnOnce()) -> Vec<String> {
    let ear = Ear { listens: Listens::All, heard: Arc::default() };
    listened(&ear, work);
    let all = ear.heard.lock().unwrap();
    all.clone()
}

/// Whether anybody listens to a line or a span is asked once and remembered for all threads; with one listener
/// alone it is asked of whichever thread comes by first, so a second one is always there.
fn listened(ear: &Ear, work: impl FnOnce()) {
    static SECOND: OnceLock<Dispatch> = OnceLock::new();
    SECOND.get_or_init(|| Dispatch::new(Ear { listens: Listens::Lines, heard: Arc::default() }));
    tracing::subscriber::with_default(ear.clone(), || {
        tracing::callsite::rebuild_interest_cache();
        work();
    });
}

#[derive(Clone)]
struct Ear {
    listens: Listens,
    heard: Arc<Mutex<Vec<String>>>,
}

#[derive(Clone, Copy)]
enum Listens {
    Lines,
    Spans,
    All,
}

impl Subscriber for Ear {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        match self.listens {
            Listens::Spans => metadata.is_span(),
            Listens::Lines => metadata.is_event() && *metadata.level() <= tracing::Level::INFO,
            Listens::All => true,
        }
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut line = Line { message: String::new(), fields: String::new() };
        attributes.record(&mut line);
        let mut heard = self.heard.lock().unwrap();
        heard.push(format!("{}{}", attributes.metadata().name(), line.fields));
        Id::from_u64(heard.len() as u64)
    }

    fn record(&self, span: &Id, record: &Record<'_>) {
        let mut line = Line { message: String::new(), fields: String::new() };
        record.record(&mut line);
        let at = usize::try_from(span.into_u64()).unwrap() - 1;
        self.heard.lock().unwrap()[at].push_str(&line.fields);
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line { message: String::new(), fields: String::new() };
        event.record(&mut line);
        let line = format!("{} {}{}", event.metadata().level(), line.message, line.fields);
        self.heard.lock().unwrap().push(line);
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        let (into, text) = match field.name() {
            "message" => (&mut self.message, format!("{value:?}")),
            name => (&mut self.fields, format!(" {name}={value:?}")),
        };
        into.write_str(&text).unwrap();
    }
}
