//! Processes of one job that share a group: started, killed, frozen and rolled, and each started again when it ends.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::pulse::PATIENCE;
use crate::program::PROGRAM;

/// So many processes, until [`Processes::finish`].
pub(super) struct Processes {
    slots: Vec<Slot>,
    moved: Moved,
}

/// The partitions that a process said it was given, or let go.
type Moved = Arc<Mutex<BTreeSet<usize>>>;

/// What was done to them, and what they came to.
#[derive(Clone, Debug, Default)]
pub(super) struct Lives {
    pub(super) kills: usize,
    pub(super) freezes: usize,
    pub(super) rolled: usize,
    /// How often partitions were given to a process.
    pub(super) given: usize,
    /// The last words of those that failed, and were started again.
    pub(super) failures: Vec<String>,
}

/// The place of one process.
struct Slot {
    orders: mpsc::UnboundedSender<(Order, oneshot::Sender<()>)>,
    keeping: JoinHandle<Lives>,
}

enum Order {
    /// kill -9, and another is started.
    Kill,
    /// SIGTERM, its good end is awaited, and another is started: an upgrade.
    Roll,
    /// SIGSTOP for so long, then SIGCONT: it does not know that it slept.
    Freeze(Duration),
    /// SIGTERM, and its good end is awaited.
    Stop,
}

/// Starts its process again whenever it ends.
struct Keeper {
    arguments: Vec<String>,
    moved: Moved,
    lives: Lives,
}

/// A process, and what it has said.
struct Process {
    child: Child,
    said: JoinHandle<Said>,
}

#[derive(Default)]
struct Said {
    given: usize,
    last: VecDeque<String>,
}

impl Processes {
    pub(super) fn start(count: usize, arguments: &[&str]) -> Self {
        let moved = Moved::default();
        let slot = |_| {
            let (orders, heard) = mpsc::unbounded_channel();
            let arguments = arguments.iter().map(|it| (*it).to_owned()).collect();
            let keeper = Keeper { arguments, moved: Arc::clone(&moved), lives: Lives::default() };
            Slot { orders, keeping: tokio::spawn(keeper.run(heard)) }
        };
        Self { slots: (0..count).map(slot).collect(), moved }
    }

    /// The partitions that have changed hands since this was last asked.
    pub(super) fn moved(&self) -> BTreeSet<usize> {
        std::mem::take(&mut *self.moved.lock().expect("no reader panics"))
    }

    pub(super) async fn kill(&self, at: usize) {
        self.order(at, Order::Kill).await;
    }

    pub(super) async fn freeze(&self, at: usize, lasting: Duration) {
        self.order(at, Order::Freeze(lasting)).await;
    }

    pub(super) async fn roll(&self, at: usize) {
        self.order(at, Order::Roll).await;
    }

    pub(super) fn count(&self) -> usize {
        self.slots.len()
    }

    /// Stops all of them at once; each must end well.
    pub(super) async fn finish(self) -> Lives {
        let mut all = Lives::default();
        let stops: Vec<_> = self.slots.iter().map(|slot| slot.order(Order::Stop)).collect();
        for stop in stops {
            obeyed(stop).await;
        }
        for slot in self.slots {
            let lives = slot.keeping.await.expect("a keeper ends");
            all.kills += lives.kills;
            all.freezes += lives.freezes;
            all.rolled += lives.rolled;
            all.given += lives.given;
            all.failures.extend(lives.failures);
        }
        all
    }

    async fn order(&self, at: usize, order: Order) {
        obeyed(self.slots[at].order(order)).await;
    }
}

impl Slot {
    fn order(&self, order: Order) -> oneshot::Receiver<()> {
        let (done, obeyed) = oneshot::channel();
        assert!(self.orders.send((order, done)).is_ok(), "the keeper ended");
        obeyed
    }
}

async fn obeyed(done: oneshot::Receiver<()>) {
    timeout(PATIENCE, done).await.expect("the order is carried out in time").expect("the keeper lives");
}

impl Keeper {
    async fn run(mut self, mut orders: mpsc::UnboundedReceiver<(Order, oneshot::Sender<()>)>) -> Lives {
        let mut process = Process::start(&self.arguments, &self.moved);
        loop {
            tokio::select! {
                order = orders.recv() => {
                    let (order, done) = order.expect("the test stops its processes");
                    let is_last = matches!(order, Order::Stop);
                    let ended = self.obey(&order, &mut process).await;
                    if ended && !is_last {
                        process = Process::start(&self.arguments, &self.moved);
                    }
                    done.send(()).expect("the test waits");
                    if is_last {
                        return self.lives;
                    }
                }
                code = process.child.wait() => {
                    let code = code.expect("its end");
                    let said = self.heard(&mut process).await;
                    self.lives.failures.push(format!("{code}: {said}"));
                    process = Process::start(&self.arguments, &self.moved);
                }
            }
        }
    }

    /// Whether the process has ended by it.
    async fn obey(&mut self, order: &Order, process: &mut Process) -> bool {
        match order {
            Order::Kill => {
                self.lives.kills += 1;
                process.child.kill().await.expect("it is killed");
            }
            Order::Freeze(lasting) => {
                self.lives.freezes += 1;
                process.signal("STOP").await;
                sleep(*lasting).await; // this time is the fault itself
                process.signal("CONT").await;
                return false;
            }
            Order::Roll | Order::Stop => {
                self.lives.rolled += usize::from(matches!(order, Order::Roll));
                process.signal("TERM").await;
                let code = process.child.wait().await.expect("its end");
                let said = self.heard(process).await;
                assert!(code.success(), "asked to stop it ended with {code}: {said}");
                return true;
            }
        }
        self.heard(process).await;
        true
    }

    /// What an ended process said last.
    async fn heard(&mut self, process: &mut Process) -> String {
        let said = (&mut process.said).await.expect("it is read to its end");
        self.lives.given += said.given;
        Vec::from(said.last).join(" | ")
    }
}

impl Process {
    fn start(arguments: &[String], moved: &Moved) -> Self {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.kill_on_drop(true).spawn().expect("the binary starts");
        let mut lines = BufReader::new(child.stderr.take().expect("its errors")).lines();
        let moved = Arc::clone(moved);
        let said = tokio::spawn(async move {
            let mut said = Said::default();
            while let Some(line) = lines.next_line().await.expect("text") {
                moved.lock().expect("no reader panics").extend(partitions(&line));
                said.given += usize::from(line.contains(": given "));
                said.last.push_back(line);
                if said.last.len() > LAST_LINES {
                    said.last.pop_front();
                }
            }
            said
        });
        Self { child, said }
    }

    /// A process that ended and was not yet waited for takes it in silence.
    async fn signal(&self, name: &str) {
        let Some(id) = self.child.id() else { return };
        let status = Command::new("kill").args([&format!("-{name}"), &id.to_string()]).status().await;
        assert!(status.expect("kill").success());
    }
}

impl fmt::Display for Lives {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { kills, freezes, rolled, given, failures } = self;
        write!(
            f,
            "{kills} kill -9, {freezes} SIGSTOP, {rolled} rolled, {given} times given partitions, {} ended by themselves",
            failures.len()
        )
    }
}

/// Those of `: given … begun=[(3, 27), (4, 9)]` and of `: let go … partition: 5 }]`.
fn partitions(line: &str) -> Vec<usize> {
    let number = |text: &str| text.split(|it: char| !it.is_ascii_digit()).next()?.parse().ok();
    if let Some((_, begun)) = line.split_once(": given ").and_then(|(_, it)| it.split_once("begun=[")) {
        return begun.split('(').skip(1).filter_map(number).collect();
    }
    let let_go = line.split_once(": let go ").map_or("", |(_, it)| it);
    let_go.split("partition: ").skip(1).filter_map(number).collect()
}

/// Of what a process says so much is kept for a failure.
const LAST_LINES: usize = 12;
