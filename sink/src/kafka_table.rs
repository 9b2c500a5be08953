//! A table in topics as a program declares it: in SQL, or column by column.

use std::fmt;

use upsert_kafka_client::Environment;

use crate::error::Error;
use crate::plan::{self, PlanOptions, ProgramSinkPlan, SourcePlan};
use crate::sql::Script;

mod builder;

pub use builder::KafkaTableBuilder;

/// A table of connector `upsert-kafka` or `kafka`, declared and not connected to anything.
///
/// [`UpsertSink::open`](crate::UpsertSink::open) writes it, [`TableSource::open`](crate::TableSource::open) reads it.
/// Both first check all that can be checked without a connection, as a job's planning does, and say all that is wrong
/// at once. A row has the physical columns and those of metadata; computed ones are left out.
///
/// ```
/// use upsert_kafka_sink::KafkaTable;
/// use upsert_kafka_sink::types::LogicalType;
///
/// # fn main() -> Result<(), upsert_kafka_sink::Error> {
/// let users = KafkaTable::builder("users")
///     .column("id", LogicalType::BigInt.not_null())
///     .column("name", LogicalType::STRING.nullable())
///     .primary_key(["id"])
///     .topic("users")
///     .key_format("json")
///     .value_format("json")
///     .property("bootstrap.servers", "localhost:9092")
///     .build()?;
/// let same = KafkaTable::from_ddl(
///     "CREATE TABLE users (id BIGINT, name STRING, PRIMARY KEY (id) NOT ENFORCED) WITH (
///        'connector' = 'upsert-kafka', 'topic' = 'users', 'key.format' = 'json', 'value.format' = 'json',
///        'properties.bootstrap.servers' = 'localhost:9092')",
/// )?;
/// assert_eq!(users.name(), same.name());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct KafkaTable {
    name: String,
    ddl: Script,
    options: PlanOptions,
    environment: Environment,
    /// Whether the DDL is the builder's, so that places in it mean nothing to a caller.
    is_built: bool,
}

impl KafkaTable {
    /// The table of one `CREATE TABLE`; what it says is checked when it is opened.
    ///
    /// # Errors
    /// The text is not SQL, or is anything but one `CREATE TABLE`.
    pub fn from_ddl(ddl: impl Into<Script>) -> Result<Self, Error> {
        Self::declared(ddl.into(), false)
    }

    fn declared(ddl: Script, is_built: bool) -> Result<Self, Error> {
        let name = plan::declared_name(&ddl)?;
        Ok(Self { name, ddl, options: PlanOptions::new(), environment: Environment::new(), is_built })
    }

    /// With what the caller says over the table's own options: bootstrap servers, client properties, credentials.
    #[must_use]
    pub fn with_options(self, options: PlanOptions) -> Self {
        Self { options, ..self }
    }

    /// Where connections, time and chance come from, instead of this machine.
    #[must_use]
    pub fn with_environment(self, environment: Environment) -> Self {
        Self { environment, ..self }
    }

    /// As it is declared, with the database in front where that stands there.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn environment(&self) -> &Environment {
        &self.environment
    }

    /// What is written, if it is an upsert-kafka table.
    pub(crate) fn sink_plan(&self) -> Result<ProgramSinkPlan, Error> {
        plan::upsert_table(&self.ddl, &self.options).map_err(|error| self.placed(error))
    }

    /// What is read.
    pub(crate) fn source_plan(&self) -> Result<SourcePlan, Error> {
        plan::source_table(&self.ddl, &self.options).map_err(|error| self.placed(error))
    }

    fn placed(&self, error: Error) -> Error {
        if self.is_built { error.without_places() } else { error }
    }
}

/// Its options may be secrets.
impl fmt::Debug for KafkaTable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KafkaTable").field("name", &self.name).finish_non_exhaustive()
    }
}
