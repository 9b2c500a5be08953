//! What passes through the links: who reads which partition and commits how far, and where bugs are planted.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;

use super::network::Dialer;

/// Sees every frame of a run. Clones share it.
#[derive(Clone, Default)]
pub(crate) struct Tap {
    seen: Arc<Mutex<Seen>>,
}

/// What was seen.
#[derive(Default)]
struct Seen {
    frames: u64,
}

/// The frames of one connection.
pub(crate) struct TappedConnection {
    tap: Tap,
    dialer: Dialer,
    /// API and version of the requests that are not answered, by correlation id.
    asked: Mutex<BTreeMap<i32, (i16, i16)>>,
}

impl Tap {
    pub(crate) fn connection(&self, dialer: Dialer) -> TappedConnection {
        TappedConnection { tap: self.clone(), dialer, asked: Mutex::default() }
    }

    pub(crate) fn frames(&self) -> u64 {
        self.with(|seen| seen.frames)
    }

    fn with<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl TappedConnection {
    /// A request on its way; `None` swallows it.
    pub(crate) fn request(&self, frame: Bytes) -> Option<Bytes> {
        self.tap.with(|seen| seen.frames += 1);
        Some(frame)
    }

    /// An answer on its way; `None` swallows it.
    pub(crate) fn answer(&self, frame: Bytes) -> Option<Bytes> {
        Some(frame)
    }
}
