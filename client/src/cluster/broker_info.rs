//! A broker of the cluster, as metadata tells of it.

use crate::config::Address;

/// Where a broker listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Broker {
    pub(crate) address: Address,
    pub(crate) rack: Option<String>,
}
