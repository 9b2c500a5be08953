//! The listeners of a node: each a port, a protocol, and who gets in.

/// A listener of a node that has them all; the others have [`Listener::Plaintext`] and the controller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listener {
    /// Anybody: `User:ANONYMOUS`, who may do anything.
    Plaintext,
    /// The quorum's own.
    Controller,
    /// TLS, and anybody in it.
    Ssl,
    /// TLS, and whoever has a certificate.
    Mtls,
    /// Every mechanism, as bytes travel.
    SaslPlaintext,
    /// Every mechanism, in TLS.
    SaslSsl,
    /// The same, and a session is over after [`super::SESSION`].
    Reauthenticating,
    /// OAUTHBEARER by tokens that a key has signed.
    Signed,
}

impl Listener {
    /// All, in the order of a node's ports.
    pub const ALL: [Self; 8] = [
        Self::Plaintext,
        Self::Controller,
        Self::Ssl,
        Self::Mtls,
        Self::SaslPlaintext,
        Self::SaslSsl,
        Self::Reauthenticating,
        Self::Signed,
    ];
    /// Those of a node that has no TLS and no SASL.
    pub(super) const OPEN: usize = 2;

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plaintext => "PLAINTEXT",
            Self::Controller => "CONTROLLER",
            Self::Ssl => "SSL",
            Self::Mtls => "MTLS",
            Self::SaslPlaintext => "SASL_PLAINTEXT",
            Self::SaslSsl => "SASL_SSL",
            Self::Reauthenticating => "REAUTH",
            Self::Signed => "SIGNED",
        }
    }

    /// `security.protocol` of who connects to it.
    pub fn protocol(self) -> &'static str {
        match self {
            Self::Plaintext | Self::Controller => "PLAINTEXT",
            Self::Ssl | Self::Mtls => "SSL",
            Self::SaslPlaintext | Self::Signed => "SASL_PLAINTEXT",
            Self::SaslSsl | Self::Reauthenticating => "SASL_SSL",
        }
    }

    pub(super) fn has_sasl(self) -> bool {
        self.protocol().starts_with("SASL")
    }
}
