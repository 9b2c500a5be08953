//! Whether records may enter: a transactional producer takes them in a transaction only.

use std::sync::atomic::{AtomicBool, Ordering::Acquire, Ordering::Release};

use super::lock::Mutex;
use crate::{Error, ErrorKind};

/// Read once per record without a lock; the reason why it is shut is read only then.
#[derive(Debug, Default)]
pub(super) struct SendGate {
    open: AtomicBool,
    reason: Mutex<Option<Error>>,
}

impl SendGate {
    /// Whether a transaction takes records.
    #[inline]
    pub(super) fn is_open(&self) -> bool {
        self.open.load(Acquire)
    }

    /// A transaction has begun.
    pub(super) fn open(&self) {
        *self.reason.lock() = None;
        self.open.store(true, Release);
    }

    /// From now on nothing enters, for this reason if there is one.
    pub(super) fn shut(&self, reason: Option<Error>) {
        self.open.store(false, Release);
        *self.reason.lock() = reason;
    }

    /// Why nothing enters.
    #[cold]
    pub(super) fn refusal(&self) -> Error {
        self.reason.lock().clone().unwrap_or_else(|| {
            let sentence = "this producer has a transactional.id: begin a transaction and send through it";
            Error::new(ErrorKind::Usage, sentence)
        })
    }
}
