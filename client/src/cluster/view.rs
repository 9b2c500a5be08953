//! The view of the cluster, which its task renews and others follow.
//!
//! Who waits for a newer one hears of it in the order in which they began to wait. Tokio's own channel for this draws lots,
//! so that no run of a simulation would be like the one before.

use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::Notify;

use super::Metadata;

/// Renews the view. Who follows hears when it is dropped.
pub(super) struct ViewPublisher {
    shared: Arc<SharedView>,
}

/// Follows the view. A clone has seen what this one has seen.
#[derive(Clone)]
pub(crate) struct View {
    shared: Arc<SharedView>,
    seen: u64,
}

/// No newer view will ever come: the cluster's task has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ViewClosed;

struct SharedView {
    latest: RwLock<Latest>,
    renewed: Notify,
}

struct Latest {
    metadata: Arc<Metadata>,
    number: u64,
    is_closed: bool,
}

/// The two ends of a view that begins like this.
pub(super) fn view(metadata: Metadata) -> (ViewPublisher, View) {
    let latest = Latest { metadata: Arc::new(metadata), number: 0, is_closed: false };
    let shared = Arc::new(SharedView { latest: RwLock::new(latest), renewed: Notify::new() });
    (ViewPublisher { shared: Arc::clone(&shared) }, View { shared, seen: 0 })
}

impl ViewPublisher {
    /// The latest view.
    pub(super) fn latest(&self) -> Arc<Metadata> {
        self.shared.look(|latest| Arc::clone(&latest.metadata))
    }

    /// Replaces it, whether anything changed or not.
    pub(super) fn publish(&self, metadata: Metadata) {
        self.shared.change(|latest| {
            latest.metadata = Arc::new(metadata);
            latest.number += 1;
        });
    }
}

impl Drop for ViewPublisher {
    fn drop(&mut self) {
        self.shared.change(|latest| latest.is_closed = true);
    }
}

impl View {
    /// The latest one, which stays unseen if it was.
    pub(crate) fn latest(&self) -> Arc<Metadata> {
        self.shared.look(|latest| Arc::clone(&latest.metadata))
    }

    /// The latest one, seen from now on.
    pub(crate) fn see(&mut self) -> Arc<Metadata> {
        let (metadata, number) = self.shared.look(|latest| (Arc::clone(&latest.metadata), latest.number));
        self.seen = number;
        metadata
    }

    /// Whether both follow the same one.
    #[cfg(test)]
    pub(crate) fn is_of(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }

    /// Waits until there is one that was not seen, which is seen then. Cancel-safe.
    pub(crate) async fn changed(&mut self) -> Result<(), ViewClosed> {
        loop {
            // It hears of what comes from here on, though it is not polled yet.
            let renewed = self.shared.renewed.notified();
            let (number, is_closed) = self.shared.look(|latest| (latest.number, latest.is_closed));
            if number != self.seen {
                self.seen = number;
                return Ok(());
            }
            if is_closed {
                return Err(ViewClosed);
            }
            renewed.await;
        }
    }
}

impl SharedView {
    fn look<T>(&self, look: impl FnOnce(&Latest) -> T) -> T {
        look(&self.latest.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn change(&self, change: impl FnOnce(&mut Latest)) {
        change(&mut self.latest.write().unwrap_or_else(PoisonError::into_inner));
        self.renewed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn of_cluster(id: &str) -> Metadata {
        Metadata { cluster_id: Some(id.to_owned()), ..Metadata::default() }
    }

    #[tokio::test]
    async fn what_was_seen_is_not_waited_for_and_the_end_is_told() {
        let (publisher, mut view) = view(of_cluster("first"));
        publisher.publish(of_cluster("second"));
        let fresh = view.clone();
        assert_eq!(view.latest().cluster_id.as_deref(), Some("second"));
        assert_eq!(view.changed().await, Ok(()));
        publisher.publish(of_cluster("third"));
        assert_eq!(view.see().cluster_id.as_deref(), Some("third"));
        drop(publisher);
        assert_eq!(view.changed().await, Err(ViewClosed));
        let mut fresh = fresh;
        assert_eq!(fresh.changed().await, Ok(()), "what came before the end is seen");
        assert_eq!(fresh.changed().await, Err(ViewClosed));
    }

    #[tokio::test]
    async fn who_waits_hears_in_the_order_of_waiting() {
        const WAITING: usize = 20;
        let (publisher, view) = view(Metadata::default());
        let heard = Arc::new(Mutex::new(Vec::new()));
        let waiting: Vec<_> = (0..WAITING)
            .map(|number| {
                let (mut view, heard) = (view.clone(), Arc::clone(&heard));
                tokio::spawn(async move {
                    view.changed().await.unwrap();
                    heard.lock().unwrap().push(number);
                })
            })
            .collect();
        tokio::task::yield_now().await;
        publisher.publish(of_cluster("next"));
        for it in waiting {
            it.await.unwrap();
        }
        assert!(heard.lock().unwrap().iter().copied().eq(0..WAITING), "{heard:?}");
    }
}
