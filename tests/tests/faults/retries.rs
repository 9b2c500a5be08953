//! Counts batches that were sent again, by the producer's own log line for each.

use std::collections::HashMap;
use std::fmt;
use std::mem::forget;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Builder;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Dispatch, Event, Metadata, Subscriber};

/// How many batches of each topic were sent again.
#[derive(Clone, Debug, Default)]
pub(super) struct Retries(Arc<Mutex<HashMap<String, u64>>>);

impl Retries {
    pub(super) fn of(&self, topic: &str) -> u64 {
        // It is a count, whoever panicked meanwhile.
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(topic).copied().unwrap_or_default()
    }
}

/// Runs it on a runtime of its own, whose threads, and no others, tell of their retries.
pub(super) fn counting<T>(story: impl AsyncFnOnce(Retries) -> T) -> T {
    let retries = Retries::default();
    let dispatch = Dispatch::new(Listener(retries.clone()));
    let listen = move || forget(tracing::dispatcher::set_default(&dispatch)); // for the thread's whole life
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().on_thread_start(listen).build();
    runtime.expect("a runtime").block_on(story(retries))
}

struct Listener(Retries);

impl Subscriber for Listener {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target().starts_with("upsert_kafka_client::producer")
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        if line.message == SENT_AGAIN {
            *self.0.0.lock().unwrap_or_else(PoisonError::into_inner).entry(line.topic).or_default() += 1;
        }
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1) // none is enabled
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

#[derive(Default)]
struct Line {
    message: String,
    topic: String,
}

impl Visit for Line {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "topic" {
            self.topic = value.to_owned();
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        }
    }
}

/// A storm without any retry fails, so that this cannot change unseen.
const SENT_AGAIN: &str = "a batch will be sent again";
