//! The cluster as its client sees it: which broker leads what, and connections to them.
//!
//! A [`Cluster`] is a handle. All handles of a client share one task ([`ClusterTask`]), which owns everything that
//! changes. Handles send it a [`Command`] and await the reply; the view of the cluster needs no command, since the
//! task publishes every new [`Metadata`] to all handles.
//!
//! | file | holds |
//! |---|---|
//! | `bootstrap.rs` | the search for a first broker, and asking one for metadata |
//! | `task.rs` | the task: commands, connections that are opened, views that are renewed |
//! | `metadata.rs` | the view: brokers, topics, leaders with their epochs, and how a newer answer changes it |
//! | `view.rs` | how all handles see it |
//! | `metadata_update.rs` | a Metadata response, checked at the edge: bounded, without gaps |
//! | `schedule.rs` `tracked_topics.rs` | when to ask for metadata, and of which topics |
//! | `node_connections.rs` | a broker's connections by their purpose, and who waits for them |
//! | `coordinator.rs` | FindCoordinator, request and response |
//! | `attempts.rs` `propagation_timeout.rs` | how long a call is tried again, and how long a topic may be unknown |
//! | `outage.rs` | when to say that no broker answers |

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, mpsc, oneshot};
use tokio::time::timeout_at;
use upsert_kafka_protocol::ErrorCode;
use upsert_kafka_protocol::messages::FindCoordinatorRequest;

use crate::config::Address;
use crate::connection::{Connection, Connector};
use crate::environment::{Environment, until};
use crate::security::Security;
use crate::{Config, Error, ErrorKind};

mod attempts;
mod bootstrap;
mod broker_info;
pub(crate) mod coordinator;
pub(crate) mod metadata;
pub(crate) mod metadata_update;
mod node_connections;
mod outage;
mod propagation_timeout;
mod refusals;
pub(crate) mod schedule;
mod task;
mod topic_metadata;
mod tracked_topics;
mod view;

pub(crate) use attempts::Attempts;
pub(crate) use coordinator::Coordinator;
pub(crate) use metadata::Metadata;
use node_connections::{ConnectionKind, OwnerId};
pub(crate) use propagation_timeout::PropagationTimeout;
use task::{ClusterTask, Command};
pub(crate) use topic_metadata::TopicMetadata;
pub(crate) use tracked_topics::TopicInterest;
pub(crate) use view::View;

/// A handle to the cluster's task. Clones share it, and the task ends with the last of them.
#[derive(Clone)]
pub(crate) struct Cluster {
    commands: mpsc::Sender<Command>,
    asked: Arc<Notify>,
    view: View,
    connector: Connector,
    owner: Arc<Owner>,
}

/// Whose connections a handle gives for what brokers may hold back. They are let go with the owner's last handle.
struct Owner {
    id: OwnerId,
    ids: Arc<AtomicU64>,
    commands: mpsc::Sender<Command>,
}

impl Drop for Owner {
    fn drop(&mut self) {
        // When the mailbox is full, they are closed once they are idle.
        _ = self.commands.try_send(Command::Release(self.id));
    }
}

/// So many commands may wait for the cluster's task; whoever has one more waits too.
const COMMANDS_MAX: usize = 256;

impl Cluster {
    /// Finds a broker and asks it for metadata. Every address is tried until `bootstrap_timeout`.
    pub(crate) async fn open(config: Arc<Config>, environment: Environment) -> Result<Self, Error> {
        config.check()?;
        let security = Security::open(&config, &environment)?;
        let connector = Connector { config, environment, security };
        let (connection, update) = bootstrap::bootstrap(&connector).await?;
        let (commands, mailbox) = mpsc::channel(COMMANDS_MAX);
        let asked = Arc::new(Notify::new());
        let (publisher, view) = view::view(Metadata::default().renewed(update));
        let task = ClusterTask::new(connector.clone(), mailbox, Arc::clone(&asked), publisher, connection);
        tokio::spawn(task.run());
        let owner =
            Arc::new(Owner { id: OwnerId(0), ids: Arc::new(AtomicU64::new(1)), commands: commands.clone() });
        Ok(Self { commands, asked, view, connector, owner })
    }

    /// A handle to the same cluster for a new owner: what brokers may hold back goes over connections of its own.
    pub(crate) fn for_new_owner(&self) -> Self {
        let ids = Arc::clone(&self.owner.ids);
        let id = OwnerId(ids.fetch_add(1, Relaxed));
        let owner = Arc::new(Owner { id, ids, commands: self.commands.clone() });
        Self { owner, ..self.clone() }
    }

    /// The same task, for a client that was told otherwise.
    pub(crate) fn with_config(&self, config: Config) -> Result<Self, Error> {
        config.check()?;
        if !config.connects_like(self.config()) {
            let text = "these settings reach a cluster in another way: open a client of their own";
            return Err(Error::new(ErrorKind::Config, text));
        }
        let connector = Connector { config: Arc::new(config), ..self.connector.clone() };
        Ok(Self { connector, ..self.clone() })
    }

    /// The client's settings.
    pub(crate) fn config(&self) -> &Arc<Config> {
        &self.connector.config
    }

    /// Where the client takes its connections, time and chance from.
    pub(crate) fn environment(&self) -> &Environment {
        &self.connector.environment
    }

    /// The clock's time.
    pub(crate) fn now(&self) -> Instant {
        self.environment().clock().now()
    }

    /// The latest view.
    pub(crate) fn metadata(&self) -> Arc<Metadata> {
        self.view.latest()
    }

    /// Follows the view: it hears of every new one, whether anything changed or not.
    pub(crate) fn watch(&self) -> View {
        self.view.clone()
    }

    /// Asks for a newer view soon, since something in this one was found wrong.
    pub(crate) fn refresh(&self) {
        self.asked.notify_one();
    }

    /// The topic, as soon as a broker knows it. From then on the view keeps it up to date, for as long as `interest`
    /// lasts.
    ///
    /// # Errors
    /// It is not known at the deadline; or, before, when it may not be used, when this client may not log in, or when
    /// brokers that answer have not known it for `topic.metadata.propagation.max.ms`.
    pub(crate) async fn topic(
        &self,
        name: &str,
        interest: TopicInterest,
        deadline: Instant,
    ) -> Result<Arc<TopicMetadata>, Error> {
        let began = self.now();
        let timeout = PropagationTimeout::new(self.config().topic_metadata_propagation_max);
        match timeout_at(deadline.into(), self.look_for(name, interest, timeout)).await {
            Ok(found) => found,
            // A deadline lies a few microseconds before the time it was reckoned from.
            Err(_) => {
                let waited_ms = (deadline - began + Duration::from_micros(500)).as_millis();
                Err(never_seen(&self.metadata(), name, &format!("{waited_ms} ms")))
            }
        }
    }

    async fn look_for(
        &self,
        name: &str,
        interest: TopicInterest,
        mut propagation: PropagationTimeout,
    ) -> Result<Arc<TopicMetadata>, Error> {
        let mut view = self.view.clone();
        // What the view says against it may be from long ago.
        let mut now = view.see();
        loop {
            // Whoever waits uses it, however long the wait.
            self.tell(Command::Track(Arc::from(name), interest)).await?;
            if let Some(known) = now.topics.get(name) {
                return Ok(Arc::clone(known));
            }
            tokio::select! {
                biased;
                changed = view.changed() => changed.map_err(|_| closed())?,
                () = until(propagation.deadline()) => {
                    let waited = format!("{} ms (topic.metadata.propagation.max.ms)", propagation.limit_ms());
                    return Err(never_seen(&now, name, &waited));
                }
            }
            now = view.see();
            if let Some(refusal) = now.problem.as_ref().filter(|problem| problem.is_refusal()) {
                return Err(refusal.clone().with_topic(name));
            }
            match now.missing.get(name) {
                Some(code) if !code.is_retriable() => {
                    return Err(Error::from_code(*code, "Metadata").with_topic(name));
                }
                code => propagation.handle_answer(is_against(code, now.problem.as_ref()), self.now()),
            }
        }
    }

    /// Has the view keep the topic up to date. False when the task's mailbox is full: then say it again later.
    pub(crate) fn track(&self, name: &Arc<str>, interest: TopicInterest) -> bool {
        self.commands.try_send(Command::Track(Arc::clone(name), interest)).is_ok()
    }

    /// The client's connection to a broker, opened on first use and again when it is broken.
    pub(crate) async fn connection(&self, node_id: i32) -> Result<Connection, Error> {
        self.slot(node_id, ConnectionKind::Requests).await
    }

    /// The owner's connection for fetches alone, which the broker may hold back for `fetch.max.wait.ms`.
    pub(crate) async fn fetch_connection(&self, node_id: i32) -> Result<Connection, Error> {
        self.slot(node_id, ConnectionKind::Fetches(self.owner.id)).await
    }

    /// The owner's connection for batches alone.
    pub(crate) async fn produce_connection(&self, node_id: i32) -> Result<Connection, Error> {
        self.slot(node_id, ConnectionKind::Produce(self.owner.id)).await
    }

    async fn slot(&self, node_id: i32, kind: ConnectionKind) -> Result<Connection, Error> {
        self.ask(|reply| Command::Connection(node_id, kind, reply)).await?
    }

    /// A connection to whichever broker can be reached.
    pub(crate) async fn any(&self) -> Result<Connection, Error> {
        self.ask(Command::Any).await?
    }

    /// A connection to the controller, as far as it is known.
    pub(crate) async fn controller(&self) -> Result<Connection, Error> {
        match self.metadata().controller {
            Some(node) => self.connection(node).await,
            None => self.any().await,
        }
    }

    /// The client's connection to a coordinator: that of transactions, or of a group whose offsets go into one.
    pub(crate) async fn coordinator(&self, of: &Coordinator) -> Result<Connection, Error> {
        self.connection(self.coordinator_node(of).await?).await
    }

    /// The owner's connection to the coordinator of its group, for nothing else: a JoinGroup may be held back on it.
    pub(crate) async fn group_coordinator(&self, of: &Coordinator) -> Result<Connection, Error> {
        self.slot(self.coordinator_node(of).await?, ConnectionKind::Coordinator(self.owner.id)).await
    }

    /// The broker that keeps that state, as far as it is known.
    pub(crate) async fn coordinator_node(&self, of: &Coordinator) -> Result<i32, Error> {
        if let Some(node) = self.ask(|reply| Command::Coordinator(of.clone(), reply)).await? {
            return Ok(node);
        }
        let (node, address) = find_coordinator(&self.any().await?, of).await?;
        self.tell(Command::CoordinatorIs(of.clone(), node, address)).await?;
        Ok(node)
    }

    /// Has the coordinator looked for again, since the broker asked was not it.
    pub(crate) async fn forget_coordinator(&self, of: &Coordinator) {
        // A task that is gone has forgotten already.
        _ = self.tell(Command::ForgetCoordinator(of.clone())).await;
    }

    /// A broker named a newer leader in its answer (KIP-951). Older epochs change nothing.
    pub(crate) fn leader_moved(&self, topic: &str, partition: i32, leader: i32, leader_epoch: i32) {
        let moved = Command::LeaderMoved(Arc::from(topic), partition, leader, leader_epoch);
        // It is a hint: when the mailbox is full, the next renewal tells the same.
        _ = self.commands.try_send(moved);
    }

    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        self.tell(command(reply)).await?;
        answer.await.map_err(|_| closed())
    }

    async fn tell(&self, command: Command) -> Result<(), Error> {
        self.commands.send(command).await.map_err(|_| closed())
    }
}

async fn find_coordinator(connection: &Connection, of: &Coordinator) -> Result<(i32, Address), Error> {
    let version = connection.version::<FindCoordinatorRequest>()?;
    let response = connection.call(&of.request(version)).await?;
    coordinator::found(&response)
        .map_err(|error| connection.named(error.within(&of.named()), "FindCoordinator"))
}

/// Whether an answer says that there is no such topic, or cannot be made sense of. That a leader is still being
/// chosen is nothing against it, nor that no broker answers.
fn is_against(code: Option<&ErrorCode>, problem: Option<&Error>) -> bool {
    match problem {
        Some(problem) => !problem.is_retriable(),
        None => code == Some(&ErrorCode::UNKNOWN_TOPIC_OR_PARTITION),
    }
}

fn never_seen(view: &Metadata, name: &str, waited: &str) -> Error {
    let why = match (view.missing.get(name), &view.problem) {
        (_, Some(problem)) => problem.to_string(),
        (Some(code), None) => Error::from_code(*code, "Metadata").to_string(),
        (None, None) => "no broker has told of it".to_owned(),
    };
    let kind = match &view.problem {
        Some(problem) if !problem.is_retriable() => problem.kind(),
        _ if view.missing.contains_key(name) => ErrorKind::UnknownTopic,
        _ => ErrorKind::Timeout,
    };
    Error::new(kind, format!("not known after {waited}: {why}")).with_topic(name)
}

fn closed() -> Error {
    Error::new(ErrorKind::Closed, "the client is closed")
}

#[cfg(test)]
pub(crate) use broker_info::Broker;
#[cfg(test)]
pub(crate) use topic_metadata::PartitionMetadata;
#[cfg(test)]
mod tests;
