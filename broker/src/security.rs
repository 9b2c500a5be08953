//! What stands between a connection that was accepted and its first request, by its listener's security protocol.

use crate::frames::{Closed, Frames};
use crate::transport::Transport;

/// Kafka's `security.protocol` of a listener.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum SecurityProtocol {
    /// Neither encrypted nor authenticated.
    #[default]
    Plaintext,
}

impl SecurityProtocol {
    /// The stage of TLS: from the network's bytes to those that frames are made of.
    pub(crate) async fn secure(self, transport: Box<dyn Transport>) -> Result<Box<dyn Transport>, Closed> {
        match self {
            Self::Plaintext => Ok(transport),
        }
    }

    /// The stage of SASL: frames go to and fro until the client has proved who it is.
    pub(crate) async fn authenticate(self, _frames: &mut Frames) -> Result<(), Closed> {
        match self {
            Self::Plaintext => Ok(()),
        }
    }
}
