//! How far a search for a broker, or a request to a coordinator, has come.

use crate::config::Address;

/// The search for any broker that answers.
pub(super) struct BrokerSearch {
    pub(super) link: Option<u64>,
    pub(super) left: Vec<(Option<i32>, Address)>,
}

/// How far a search has come.
pub(super) enum Found {
    Connection(u64),
    NotYet,
    Nobody,
}

/// How far a request to a coordinator has come.
pub(super) enum CallStage {
    /// Any broker will do.
    Any(BrokerSearch),
    /// It goes to this broker, when there is a connection.
    Node(i32),
    /// It, or FindCoordinator before it, awaits its response.
    Sent,
}
