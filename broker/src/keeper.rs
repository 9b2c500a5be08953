//! The one task that owns the cluster: hears the mail, tells the core, sends what it answers.

use std::collections::BTreeMap;
use std::fmt;

use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinSet;

use crate::cluster::{Answer, Cluster};
use crate::environment::{Clock, until};
use crate::fault::{Fault, FaultId};
use crate::incoming::Incoming;
use crate::now::Now;
use crate::wait::PeerId;
use crate::work::Work;
use crate::worker::Worker;

/// Requests and orders that wait for the keeper; who sends more waits.
pub(crate) const MAIL_MAX: usize = 256;

/// What the keeper is told.
#[derive(Debug)]
pub(crate) enum Mail {
    /// A connection's next request.
    Request { peer: PeerId, node: i32, incoming: Incoming, reply: oneshot::Sender<Answer> },
    /// A connection is gone.
    Gone(PeerId),
    /// A fault to order, a count to keep for it, and whom to tell its number.
    Arm { fault: Fault, fired: watch::Sender<u32>, reply: oneshot::Sender<FaultId> },
    /// A fault to take back.
    Disarm(FaultId),
    /// Anything else to do with the core.
    Order(Order),
}

/// What to do with the core; it carries its own way to answer.
pub(crate) struct Order(pub(crate) Box<Orders>);

type Orders = dyn FnOnce(&mut Cluster, Now) + Send;

impl fmt::Debug for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Order")
    }
}

/// Runs until everyone who could send mail is gone.
pub(crate) async fn keep(cluster: Cluster, clock: Clock, mut mail: mpsc::Receiver<Mail>) {
    let mut keeper = Keeper {
        cluster: cluster.with_work_elsewhere(),
        clock,
        replies: BTreeMap::new(),
        fired: BTreeMap::new(),
        worker: Worker::new(),
        works: JoinSet::new(),
    };
    keeper.cluster.handle_upkeep(keeper.clock.now());
    loop {
        let deadline = keeper.cluster.deadline().into_iter().chain(keeper.cluster.upkeep_deadline()).min();
        tokio::select! {
            next = mail.recv() => match next {
                Some(mail) => keeper.hear(mail),
                None => return,
            },
            Some(done) = keeper.works.join_next() => {
                // Never an error: it is not aborted, and what may panic does so in a task of its own.
                if let Ok((peer, work)) = done {
                    keeper.cluster.handle_work(peer, work, keeper.clock.now());
                }
            }
            () = until(deadline) => {
                keeper.cluster.handle_timeout(keeper.clock.now());
                keeper.cluster.handle_upkeep(keeper.clock.now());
            }
        }
        keeper.tell();
    }
}

struct Keeper {
    cluster: Cluster,
    clock: Clock,
    replies: BTreeMap<PeerId, oneshot::Sender<Answer>>,
    fired: BTreeMap<FaultId, watch::Sender<u32>>,
    worker: Worker,
    /// The work that is being done, one at most for each connection.
    works: JoinSet<(PeerId, Work)>,
}

impl Keeper {
    fn hear(&mut self, mail: Mail) {
        match mail {
            Mail::Request { peer, node, incoming, reply } => {
                self.replies.insert(peer, reply);
                self.cluster.handle_incoming(peer, node, incoming, self.clock.now());
            }
            Mail::Gone(peer) => {
                self.replies.remove(&peer);
                self.cluster.handle_gone(peer);
            }
            Mail::Arm { fault, fired, reply } => {
                let id = self.cluster.arm(fault);
                self.fired.insert(id, fired);
                // Who ordered it may have gone away; the fault stays.
                let _ = reply.send(id);
            }
            Mail::Disarm(fault) => self.cluster.disarm(fault),
            Mail::Order(Order(order)) => order(&mut self.cluster, self.clock.now()),
        }
    }

    fn tell(&mut self) {
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
