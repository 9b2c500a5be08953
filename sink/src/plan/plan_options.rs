//! What the caller says over the text of a job.

use std::fmt;

use crate::credentials::Credentials;

/// What the caller says over the text of the job.
///
/// ```
/// use upsert_kafka_sink::plan::PlanOptions;
///
/// let options = PlanOptions::new()
///     .with_bootstrap("localhost:9092")
///     .with_option("orders", "scan.startup.mode", "earliest-offset");
/// ```
#[derive(Clone, Default)]
#[must_use]
pub struct PlanOptions {
    pub(super) bootstrap: Option<String>,
    pub(super) overrides: Vec<Override>,
    pub(super) allows_loop: bool,
    /// Of the client, under what each table says.
    pub(super) properties: Vec<(String, String)>,
    pub(super) credentials: Credentials,
    pub(super) leaves_security_out: bool,
    /// As if by SET before the text.
    pub(super) settings: Vec<(String, String)>,
}

/// One option of one table, set by the caller.
#[derive(Clone)]
pub(super) struct Override {
    pub(super) table: String,
    pub(super) option: String,
    pub(super) value: String,
}

/// Values may be secrets.
impl fmt::Debug for PlanOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlanOptions").field("bootstrap", &self.bootstrap).finish_non_exhaustive()
    }
}

impl PlanOptions {
    /// The text alone decides.
    pub fn new() -> Self {
        Self::default()
    }

    /// Replaces `properties.bootstrap.servers` of every table.
    pub fn with_bootstrap(self, servers: impl Into<String>) -> Self {
        Self { bootstrap: Some(servers.into()), ..self }
    }

    /// Sets one more option of a table, over what stands in its WITH.
    pub fn with_option(
        mut self,
        table: impl Into<String>,
        option: impl Into<String>,
        value: impl Into<String>,
    ) -> Self {
        self.overrides.push(Override { table: table.into(), option: option.into(), value: value.into() });
        self
    }

    /// Sets a property of the Kafka client for every table whose `properties.*` do not say it, nor the credentials that
    /// the table names. One that was set before keeps its value. Whoever reads these from a file tells its user what
    /// [`Config::from_properties`](upsert_kafka_client::Config::from_properties) says of them: a plan does not repeat
    /// it for each table.
    pub fn with_property(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.properties.push((key.into(), value.into()));
        self
    }

    /// The credentials that tables name by `ssl_auth_name`, `krb_auth_name` and `dew.*`, and where buckets lie.
    pub fn with_credentials(self, credentials: Credentials) -> Self {
        Self { credentials, ..self }
    }

    /// Leaves out what tables say of TLS and logins, with a notice: for a cluster that has neither, as a broker within
    /// the process, where a job runs that is written for a secured one.
    pub fn without_security(self) -> Self {
        Self { leaves_security_out: true, ..self }
    }

    /// Sets one more setting, as if by SET before the text, which wins.
    pub fn with_setting(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.settings.push((key.into(), value.into()));
        self
    }

    /// Whether a job may read a topic that it writes, and so feed itself.
    pub fn with_loop_allowed(self, allows_loop: bool) -> Self {
        Self { allows_loop, ..self }
    }
}
