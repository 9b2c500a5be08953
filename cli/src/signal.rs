//! SIGINT, SIGTERM and SIGHUP: the first asks, the second leaves at once, and time leaves too.

use std::fs;
use std::future::pending;
use std::io;
use std::sync::mpsc;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::exit::{Exit, Failure};
use crate::stderr::say;

/// Whether somebody asked this process to stop. Clones see the same.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    asked: watch::Receiver<bool>,
    within: Duration,
}

impl Stop {
    /// Takes the signals over from the system: from now on the first one asks. A thread of their own hears them, since
    /// one of the runtime's may stand in a write that nobody reads. It ends the process at the second signal; and
    /// [`GRACE`] after `within`, should the command not have ended by itself.
    ///
    /// # Errors
    /// When the system does not let us.
    pub(crate) fn listen(within: Duration) -> Result<Self, Failure> {
        let failed = |e: io::Error| Failure::new(Exit::Running, format!("signals: {e}"));
        let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
        let signals = Signals::new(&runtime).map_err(failed)?;
        let (ask, asked) = watch::channel(false);
        let hear = move || runtime.block_on(signals.hear(ask, within));
        std::thread::Builder::new().name("signals".into()).spawn(hear).map_err(failed)?;
        Ok(Self { asked, within })
    }

    /// For a command that a signal ends at once, as the system does it.
    pub(crate) fn never(within: Duration) -> Self {
        Self { asked: watch::channel(false).1, within }
    }

    /// Asked by whoever holds the other end.
    pub(crate) fn by_hand(within: Duration) -> (watch::Sender<bool>, Self) {
        let (ask, asked) = watch::channel(false);
        (ask, Self { asked, within })
    }

    /// How long an end may take.
    pub(crate) fn within(&self) -> Duration {
        self.within
    }

    /// Whether it was asked.
    pub(crate) fn is_asked(&self) -> bool {
        *self.asked.borrow()
    }

    /// Waits until it is asked. Cancel-safe.
    pub(crate) async fn asked(&self) {
        let mut asked = self.asked.clone();
        if asked.wait_for(|asked| *asked).await.is_err() {
            pending::<()>().await;
        }
    }

    /// Does something unless it is asked to stop before that is done; then it is dropped.
    pub(crate) async fn unless_asked<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        // After a signal nothing more is wanted, and what is dropped was only begun.
        tokio::select! {
            biased;
            () = self.asked() => None,
            done = work => Some(done),
        }
    }
}

/// The signals that ask.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// `None` under nohup.
    hang_up: Option<Signal>,
}

impl Signals {
    fn new(runtime: &Runtime) -> io::Result<Self> {
        let _within = runtime.enter();
        let hang_up = if is_hang_up_ignored() { None } else { Some(signal(SignalKind::hangup())?) };
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hang_up,
        })
    }

    async fn hear(mut self, ask: watch::Sender<bool>, within: Duration) {
        self.next().await;
        ask.send_replace(true);
        let same = sleep(SAME_SIGNAL);
        tokio::pin!(same);
        // timeout(1) signals its child and then the child's group: what follows at once is the same wish.
        loop {
            tokio::select! {
                () = &mut same => break,
                () = self.next() => {}
            }
        }
        // One of them ends the process; unless it ends before.
        tokio::select! {
            () = self.next() => leave(Exit::Abandoned, "a second signal: leaving without flushing"),
            () = sleep(within.saturating_add(GRACE)) => {
                leave(Exit::Running, &format!("not done {within:?} after the signal: leaving without flushing"));
            }
        }
    }

    async fn next(&mut self) {
        let hang_up = async {
            match &mut self.hang_up {
                Some(signal) => signal.recv().await,
                None => pending().await,
            }
        };
        // Any of them will do; losing another's branch loses nothing that matters.
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = hang_up => {}
        }
    }
}

/// Signals this close together are one.
const SAME_SIGNAL: Duration = Duration::from_millis(100);

/// Whether who started the process wants it to outlive its terminal, as nohup does and as a JVM honours it. Where the
/// system does not tell, nobody does.
fn is_hang_up_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

fn leave(exit: Exit, why: &str) {
    let (said, wait) = mpsc::channel();
    let line = format!("upsert-kafka: {why}");
    std::thread::spawn(move || {
        say(line);
        // Nobody waits any more.
        let _ = said.send(());
    });
    // Another thread may stand in a write to standard error that nobody reads.
    let _ = wait.recv_timeout(SAYING);
    std::process::exit(exit as i32);
}

/// How long the last word may take.
const SAYING: Duration = Duration::from_millis(200);

/// What a command may take beyond its time to say what it did not get done.
const GRACE: Duration = Duration::from_secs(2);
