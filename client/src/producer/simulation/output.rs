//! What a simulated producer wants of the network.

use bytes::Bytes;

use crate::config::Address;

/// What the network is to do.
#[derive(Debug)]
pub enum Output {
    /// Dial this address; answer with `handle_opened` or `handle_closed`.
    Open {
        /// The number of the connection, never used again.
        connection: u64,
        /// Where to.
        address: Address,
    },
    /// Send these behind those before; say with `handle_written` how many have left.
    Send {
        /// On which connection.
        connection: u64,
        /// What.
        bytes: Bytes,
    },
    /// Close it; nothing more is heard from it.
    Close {
        /// Which.
        connection: u64,
    },
}
