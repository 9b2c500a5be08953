//! The tables of a prompt, for whoever plans statements and for the editor that completes them.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use upsert_kafka_sink::Error;
use upsert_kafka_sink::plan::{Completion, ParsedStatement, Plan, TableEnvironment};

/// Clones are of the same tables.
#[derive(Clone)]
pub(super) struct SharedTables(Arc<Mutex<TableEnvironment>>);

impl SharedTables {
    pub(super) fn new(tables: TableEnvironment) -> Self {
        Self(Arc::new(Mutex::new(tables)))
    }

    /// As the table environment does it.
    pub(super) fn plan(&self, statement: ParsedStatement) -> Result<Plan, Error> {
        self.locked().plan(statement)
    }

    /// What may stand behind the text.
    pub(super) fn complete(&self, text: &str) -> Completion {
        self.locked().complete(text)
    }

    /// Tables that panicked while they planned have changed nothing.
    fn locked(&self) -> MutexGuard<'_, TableEnvironment> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
