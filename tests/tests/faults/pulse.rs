//! How far a load is, and whether it goes on.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

/// How far a load is.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Progress {
    /// So many are taken in by the producer.
    pub(crate) sent: u64,
    /// Of all those before this number it is known what became of them.
    pub(crate) settled: u64,
    /// The last number acknowledged, and one.
    pub(crate) acknowledged: u64,
}

/// A look at a load from outside.
pub(crate) struct Pulse {
    name: String,
    progress: watch::Receiver<Progress>,
}

impl Pulse {
    pub(crate) fn new(name: &str, progress: watch::Receiver<Progress>) -> Self {
        Self { name: name.to_owned(), progress }
    }

    /// Waits until all that was sent before is settled, and something that is sent from now on is
    /// acknowledged.
    pub(crate) async fn goes_on(&self) {
        let sent = self.progress.borrow().sent;
        self.comes_to(|it| it.settled > sent && it.acknowledged > sent).await;
    }

    /// Waits until something that is sent from now on is settled, and all before it.
    pub(crate) async fn settles(&self) {
        let sent = self.progress.borrow().sent;
        self.comes_to(|it| it.settled > sent).await;
    }

    async fn comes_to(&self, so: impl Fn(&Progress) -> bool) {
        let Self { name, progress } = self;
        let (begun, mut progress) = (*progress.borrow(), progress.clone());
        match timeout(PATIENCE, progress.wait_for(|it| so(it))).await {
            Ok(went_on) => drop(went_on.unwrap_or_else(|_| panic!("{name}: the load ended"))),
            Err(_) => {
                panic!("{name}: no further than {:?} in {PATIENCE:?}, from {begun:?}", self.progress.borrow())
            }
        }
    }
}

/// How long a cluster may take to serve again after anything that is done to it here.
pub(crate) const PATIENCE: Duration = Duration::from_secs(120);
