//! Why a record gave no row: told once per job, for the first one.

use std::sync::Arc;

use tracing::warn;

use crate::error::RecordPlace;
use crate::format::Decoder;
use crate::message::Message;
use crate::progress::Progress;
use crate::row::Arena;

/// Reads a skipped record again by decoders that fail where the job's own pass over it.
pub(crate) struct Skips {
    strict: Vec<Arc<dyn Decoder>>,
    progress: Arc<Progress>,
}

impl Skips {
    /// The strict decoders of a pipeline.
    pub(crate) fn new(strict: Vec<Arc<dyn Decoder>>, progress: Arc<Progress>) -> Self {
        Self { strict, progress }
    }

    /// Takes note of a record that gave no row. All but the first of a job cost nothing.
    pub(crate) fn note(&self, place: RecordPlace, message: &Message<'_>) {
        if self.progress.first_skipped_record().is_some() {
            return;
        }
        let why = self.why(message);
        warn!(%place, why, "a record is skipped; further ones are only counted");
        self.progress.skip(place, why);
    }

    fn why(&self, message: &Message<'_>) -> String {
        if message.value.is_none_or(<[u8]>::is_empty) {
            return "it has no value".to_owned();
        }
        let arena = Arena::new();
        let refused =
            self.strict.iter().find_map(|strict| strict.decode(message.value, &arena, &mut |_, _| {}).err());
        refused.map_or_else(|| "it holds no row".to_owned(), |error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codecs::Codecs;
    use crate::plan::{PlanOptions, plan};

    const JOB: &str = "
        CREATE TABLE src (id INT) WITH ('connector' = 'kafka', 'topic' = 'in',
            'properties.bootstrap.servers' = 'a:1', 'properties.group.id' = 'g',
            'scan.startup.mode' = 'earliest-offset', 'format' = 'FORMAT', 'FORMAT.ignore-parse-errors' = 'true');
        CREATE TABLE o (id INT) WITH ('connector' = 'print');
        INSERT INTO o SELECT * FROM src";

    async fn first(format: &str, messages: &[&[u8]]) -> String {
        let job = JOB.replace("FORMAT", format);
        let plan = plan(&*job, &PlanOptions::default()).unwrap();
        let progress = Arc::new(Progress::default());
        let codecs = Codecs::open(&plan.pipelines[0]).await.unwrap();
        let skips = Skips::new(codecs.strict, Arc::clone(&progress));
        for (offset, &value) in (7..).zip(messages) {
            let message = Message { value: Some(value), ..Message::new("in", 3, offset) };
            skips.note(RecordPlace { topic: "in".into(), partition: 3, offset }, &message);
        }
        progress.first_skipped().unwrap()
    }

    #[tokio::test]
    async fn the_first_record_without_a_row_is_told_with_its_place_and_reason() {
        for format in ["json", "debezium-json"] {
            let told = first(format, &[b"{\"id\":", b"x"]).await;
            assert!(told.starts_with("topic in, partition 3, offset 7: "), "{told}");
            assert!(told.contains("byte"), "{told}");
        }
        assert_eq!(first("json", &[b"", b"x"]).await, "topic in, partition 3, offset 7: it has no value");
        assert_eq!(first("json", &[b"[]"]).await, "topic in, partition 3, offset 7: it holds no row");
    }
}
