//! What was logged while a test did something.

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// The lines of this thread at `info` and above: level, message, fields.
pub(crate) fn lines(work: impl FnOnce()) -> Vec<String> {
    let ear = Ear { of_spans: false, heard: Arc::default() };
    tracing::subscriber::with_default(ear.clone(), work);
    let lines = ear.heard.lock().unwrap();
    lines.clone()
}

/// The spans of this thread at every level: a line each, of name and fields as they are at last.
pub(crate) fn spans(work: impl FnOnce()) -> Vec<String> {
    let ear = Ear { of_spans: true, heard: Arc::default() };
    tracing::subscriber::with_default(ear.clone(), work);
    let spans = ear.heard.lock().unwrap();
    spans.clone()
}

#[derive(Clone)]
struct Ear {
    of_spans: bool,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Subscriber for Ear {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        match self.of_spans {
            true => metadata.is_span(),
            false => metadata.is_event() && *metadata.level() <= tracing::Level::INFO,
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
