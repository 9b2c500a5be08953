//! What carries a message to a KDC.

/// What carries a message to a KDC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KdcTransport {
    /// A datagram each way.
    Udp,
    /// A connection; a length of 4 bytes goes before each message.
    Tcp,
}

impl KdcTransport {
    /// As a sentence has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
        }
    }
}
