//! A handshake as the server, and why it failed, in words for the broker's log.

use std::io;
use std::time::Duration;

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible};
use tokio::io::BufReader;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::server_config::Tls;
use super::{Secured, distinguished_name};
use crate::config::SecurityProtocol;
use crate::frames::{Closed, linger};
use crate::transport::Transport;

/// Four records of TLS in one read: rustls reads four kilobytes at a time, and a system call for each costs more than
/// deciphering them.
const READ_BYTES: usize = 64 << 10;
/// A handshake that takes longer is given up.
const HANDSHAKE_TIME: Duration = Duration::from_secs(30);

impl Tls {
    /// Shakes hands.
    pub(super) async fn accept(
        &self,
        transport: Box<dyn Transport>,
        protocol: SecurityProtocol,
    ) -> Result<Secured, Closed> {
        let transport = BufReader::with_capacity(READ_BYTES, transport);
        let handshake = TlsAcceptor::from(self.server_config()).accept(transport).into_fallible();
        match timeout(HANDSHAKE_TIME, handshake).await {
            Err(_) => Err(Closed::Idle),
            Ok(Err((error, mut transport))) => {
                linger(&mut transport).await;
                Err(failed(error, protocol))
            }
            Ok(Ok(stream)) => {
                let shown = stream.get_ref().1.peer_certificates().and_then(<[_]>::first);
                let subject = match shown {
                    Some(der) => Some(distinguished_name::of_certificate(der).ok_or_else(unreadable)?),
                    None => None,
                };
                let certificate = match subject {
                    // Who logs in is called by the login.
                    Some(subject) if !protocol.has_sasl() => Some(self.named(&subject)?),
                    subject => subject,
                };
                Ok(Secured { transport: Box::new(stream), certificate })
            }
        }
    }
}

impl Tls {
    fn named(&self, subject: &str) -> Result<String, Closed> {
        self.principal(subject).ok_or_else(|| {
            Closed::Refused(format!(
                "no rule of ssl.principal.mapping.rules is for the client's certificate, {subject}"
            ))
        })
    }
}

fn unreadable() -> Closed {
    Closed::Refused("the subject of the client's certificate cannot be read".to_owned())
}

/// Why a handshake failed.
fn failed(error: io::Error, protocol: SecurityProtocol) -> Closed {
    let Some(why) = error.get_ref().and_then(|source| source.downcast_ref::<Error>()) else {
        return Closed::Broken(error);
    };
    Closed::Refused(match why {
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => format!(
            "what came to a listener of {protocol} is not TLS: does the client have security.protocol=PLAINTEXT or \
             SASL_PLAINTEXT?"
        ),
        Error::NoCertificatesPresented => {
            "the client shows no certificate, and this listener demands one (ssl.client.auth=required)"
                .to_owned()
        }
        Error::InvalidCertificate(why) => {
            format!("the client's certificate is refused: {}", of_certificate(why))
        }
        Error::AlertReceived(alert) => {
            format!("the client ended the TLS handshake: {}", of_alert(*alert))
        }
        Error::PeerIncompatible(
            PeerIncompatible::SupportedVersionsExtensionRequired
            | PeerIncompatible::Tls12NotOffered
            | PeerIncompatible::Tls12NotOfferedOrEnabled,
        ) => "the client speaks none of this listener's versions of TLS".to_owned(),
        other => format!("the TLS handshake failed: {other}"),
    })
}

fn of_certificate(why: &CertificateError) -> String {
    match why {
        CertificateError::UnknownIssuer => "its issuer is not trusted here".to_owned(),
        CertificateError::Revoked => "it is revoked".to_owned(),
        CertificateError::UnknownRevocationStatus => "no list says whether it is revoked".to_owned(),
        other => other.to_string(),
    }
}

fn of_alert(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::UnknownCA => "it does not trust who issued the broker's certificate".to_owned(),
        AlertDescription::CertificateExpired => "it finds the broker's certificate expired".to_owned(),
        AlertDescription::CertificateRevoked => "it finds the broker's certificate revoked".to_owned(),
        AlertDescription::BadCertificate | AlertDescription::CertificateUnknown => {
            format!("it refuses the broker's certificate ({alert:?})")
        }
        other => format!("{other:?}"),
    }
}
