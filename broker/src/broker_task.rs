//! The broker task: it owns the cluster's core, tells it what comes, and carries out what it asks for.
//!
//! Connections and the [`Broker`](crate::Broker) handle send commands; each carries its own way to answer. The task also
//! hears of work that is done, and of the core's deadlines by the environment's clock. One task owns all state, so nothing
//! is locked.

use std::collections::BTreeMap;
use std::fmt;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::cluster::{Answer, Cluster};
use crate::environment::{Clock, until};
use crate::fault::{Fault, FaultId};
use crate::incoming::Incoming;
use crate::now::Now;
use crate::state::sessions::Connection;
use crate::wait::PeerId;
use crate::work::Work;
use crate::worker::Worker;

/// Commands that wait for the broker task; who sends more waits.
pub(crate) const COMMANDS_MAX: usize = 256;

/// What the broker task is told to do.
#[derive(Debug)]
pub(crate) enum Command {
    /// A connection's next request.
    Request { peer: PeerId, node: i32, incoming: Incoming, reply: oneshot::Sender<Answer> },
    /// A connection is there.
    Opened { peer: PeerId, node: i32, connection: Connection },
    /// Nobody waits for the answer to a connection's request any more.
    Gone(PeerId),
    /// A connection has ended.
    Closed(PeerId),
    /// A fault to put in force, a count to keep for it, and whom to tell its number.
    Arm { fault: Fault, fired: watch::Sender<u32>, reply: oneshot::Sender<FaultId> },
    /// A fault to take back.
    Disarm(FaultId),
    /// Anything else to do with the core.
    Run(Operation),
}

/// Something to do with the core; it carries its own way to answer.
pub(crate) struct Operation(pub(crate) Box<Closure>);

type Closure = dyn FnOnce(&mut Cluster, Now) + Send;

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Operation")
    }
}

/// Runs until everyone who could send commands is gone.
pub(crate) async fn run(cluster: Cluster, clock: Clock, mut commands: mpsc::Receiver<Command>) {
    let mut task = BrokerTask {
        cluster: cluster.with_work_elsewhere(),
        clock,
        replies: BTreeMap::new(),
        fired: BTreeMap::new(),
        worker: Worker::new(),
        works: JoinSet::new(),
    };
    task.cluster.handle_upkeep(task.clock.now());
    loop {
        let deadline = task.cluster.deadline().into_iter().chain(task.cluster.upkeep_deadline()).min();
        // Commands, which may come without end, go last but for the clock, which is looked at after each.
        tokio::select! {
            biased;
            Some(done) = task.works.join_next() => {
                // Never an error: it is not aborted, and what may panic does so in a task of its own.
                if let Ok((peer, work)) = done {
                    task.cluster.handle_work(peer, work, task.clock.now());
                }
            }
            next = commands.recv() => match next {
                Some(command) => task.handle_command(command),
                None => return,
            },
            () = until(deadline) => {}
        }
        let now = task.clock.now();
        if deadline.is_some_and(|deadline| deadline <= now.instant) {
            task.cluster.handle_timeout(now);
            task.cluster.handle_upkeep(now);
        }
        task.carry_out();
    }
}

struct BrokerTask {
    cluster: Cluster,
    clock: Clock,
    replies: BTreeMap<PeerId, oneshot::Sender<Answer>>,
    fired: BTreeMap<FaultId, watch::Sender<u32>>,
    worker: Worker,
    /// The work that is being done, one at most for each connection.
    works: JoinSet<(PeerId, Work)>,
}

impl BrokerTask {
    fn handle_command(&mut self, command: Command) {
        match command {
            Command::Request { peer, node, incoming, reply } => {
                self.replies.insert(peer, reply);
                self.cluster.handle_incoming(peer, node, incoming, self.clock.now());
            }
            Command::Opened { peer, node, connection } => self.cluster.handle_opened(peer, node, &connection),
            Command::Closed(peer) => {
                self.replies.remove(&peer);
                self.cluster.handle_closed(peer);
            }
            Command::Gone(peer) => {
                self.replies.remove(&peer);
                self.cluster.handle_gone(peer);
            }
            Command::Arm { fault, fired, reply } => {
                let id = self.cluster.arm(fault);
                self.fired.insert(id, fired);
                // Who asked for it may have gone away; the fault stays.
                let _ = reply.send(id);
            }
            Command::Disarm(fault) => self.cluster.disarm(fault),
            Command::Run(Operation(operation)) => operation(&mut self.cluster, self.clock.now()),
        }
    }

    fn carry_out(&mut self) {
        while let Some(fault) = self.cluster.poll_fired() {
            if let Some(count) = self.fired.get(&fault) {
                count.send_modify(|count| *count += 1);
            }
        }
        while let Some((peer, work)) = self.cluster.poll_work() {
            let worker = self.worker.clone();
            self.works.spawn(async move { (peer, worker.run(work).await.unwrap_or_default()) });
        }
        while let Some((peer, answer)) = self.cluster.poll_answer() {
            if let Some(reply) = self.replies.remove(&peer) {
                // A connection that is gone wants no answer.
                let _ = reply.send(answer);
            }
        }
    }
}
