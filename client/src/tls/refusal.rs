//! Why TLS came to nothing, in sentences for whoever has to act on them.

use std::io;
use std::sync::Arc;

use rustls::{AlertDescription, CertificateError, Error as TlsError, InvalidMessage};

use super::material::Material;
use super::observed::Observed;
use crate::stores::certificate::{Certificate, date};
use crate::{Error, ErrorKind};

/// Where it happened: what is known of the server and of the client's own settings.
pub(crate) struct Place {
    pub(crate) server_name: String,
    pub(crate) observed: Observed,
    pub(crate) material: Arc<Material>,
    /// In seconds since 1970.
    pub(crate) now: i64,
}

impl Place {
    /// The handshake did not come to its end.
    pub(crate) fn handshake_failed(&self, error: io::Error) -> Error {
        if let Some(tls) = tls_error(&error) {
            return self.refused(&tls.clone());
        }
        if error.kind() == io::ErrorKind::UnexpectedEof || error.kind() == io::ErrorKind::ConnectionReset {
            return Error::new(ErrorKind::Unreachable, self.closed_in_handshake()).with_cause(error);
        }
        Error::new(ErrorKind::Unreachable, format!("the connection broke in the TLS handshake: {error}"))
            .with_cause(error)
    }

    /// A read failed after the handshake; where nothing was heard since, it may have been about the handshake.
    pub(crate) fn read_failed(&self, error: io::Error, heard: bool) -> io::Error {
        let closed = matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset);
        match tls_error(&error) {
            Some(tls) => io::Error::new(error.kind(), self.refused(&tls.clone())),
            None if closed && !heard => self.closed_unheard().unwrap_or(error),
            None => error,
        }
    }

    /// The server closed the connection before it said anything: after it got no certificate, that is the likely reason.
    pub(crate) fn closed_unheard(&self) -> Option<io::Error> {
        let unanswered = self.observed.asked && self.observed.sent.is_none();
        unanswered.then(|| {
            let sentence = format!(
                "the broker closed the connection after the TLS handshake; {}",
                self.no_certificate()
            );
            io::Error::new(io::ErrorKind::UnexpectedEof, Error::new(ErrorKind::Authentication, sentence))
        })
    }

    fn closed_in_handshake(&self) -> String {
        match self.observed.chain.is_empty() {
            true => "the port closed the connection at TLS' first message: it seems not to speak TLS; \
                if so, security.protocol must be PLAINTEXT or SASL_PLAINTEXT, or the port another"
                .to_owned(),
            false if self.observed.asked && self.observed.sent.is_none() => {
                format!("the broker closed the connection in the TLS handshake; {}", self.no_certificate())
            }
            false => "the broker closed the connection in the TLS handshake".to_owned(),
        }
    }

    fn refused(&self, error: &TlsError) -> Error {
        let (kind, sentence) = match error {
            TlsError::InvalidCertificate(why) => (ErrorKind::Authentication, self.bad_certificate(why)),
            TlsError::AlertReceived(alert) => (ErrorKind::Authentication, self.alert(*alert)),
            TlsError::InvalidMessage(InvalidMessage::InvalidContentType)
            | TlsError::InvalidMessage(InvalidMessage::UnknownProtocolVersion)
            | TlsError::InvalidMessage(
                InvalidMessage::MessageTooLarge | InvalidMessage::InvalidEmptyPayload,
            ) => (ErrorKind::Protocol, NO_TLS.to_owned()),
            TlsError::PeerIncompatible(why) => (
                ErrorKind::Authentication,
                format!(
                    "client and broker have no version of TLS, or nothing within one, in common ({why:?}): see {COMMON}"
                ),
            ),
            TlsError::NoCertificatesPresented => {
                (ErrorKind::Authentication, "the broker presented no certificate".to_owned())
            }
            other => (ErrorKind::Protocol, format!("TLS failed: {other}")),
        };
        Error::new(kind, sentence).with_cause(error.clone())
    }

    fn bad_certificate(&self, why: &CertificateError) -> String {
        let leaf = self.observed.chain.first().and_then(|der| Certificate::read(der).ok());
        let Some(leaf) = leaf else { return format!("the broker's certificate is not valid: {why}") };
        let whose = format!("the broker's certificate ({})", leaf.subject);
        match why {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => self.expired(&leaf),
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                self.not_yet(&leaf)
            }
            CertificateError::UnknownIssuer => self.unknown_issuer(&leaf),
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                self.wrong_name(&leaf)
            }
            CertificateError::Revoked => {
                format!(
                    "{whose} is revoked: ssl.crl.location lists its number {}, or that of who vouches for it",
                    leaf.serial
                )
            }
            CertificateError::UnknownRevocationStatus => format!(
                "whether {whose} is revoked is not known: ssl.crl.location has no list of its issuer {}",
                leaf.issuer
            ),
            CertificateError::ExpiredRevocationList
            | CertificateError::ExpiredRevocationListContext { .. } => {
                format!(
                    "whether {whose} is revoked is not known: the list of its issuer {} in ssl.crl.location is out of date",
                    leaf.issuer
                )
            }
            CertificateError::BadSignature => format!(
                "{whose} is not signed by the key of {}, though it says so: {} holds another one's certificate of that name, \
                 or the chain was tampered with",
                leaf.issuer, self.material.trust.source
            ),
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                format!("{whose} is not made for servers: its extended key usage lacks serverAuth")
            }
            _ if leaf.is_self_issued() => self.unknown_issuer(&leaf),
            other => format!("{whose}, issued by {}, is not valid: {other}", leaf.issuer),
        }
    }

    /// The one of the chain that is out of date is named: it may be an intermediate.
    fn expired(&self, leaf: &Certificate) -> String {
        let mut chain = self.observed.chain.iter().filter_map(|der| Certificate::read(der).ok());
        let expired = chain.find(|it| it.not_after < self.now).unwrap_or_else(|| leaf.clone());
        let days = (self.now - expired.not_after).div_euclid(86_400);
        let ago = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
        format!(
            "the broker's certificate ({}) expired on {}, {ago} ago; the broker needs a new one (this machine's clock says {})",
            expired.subject,
            date(expired.not_after),
            date(self.now)
        )
    }

    fn not_yet(&self, leaf: &Certificate) -> String {
        let mut chain = self.observed.chain.iter().filter_map(|der| Certificate::read(der).ok());
        let early = chain.find(|it| it.not_before > self.now).unwrap_or_else(|| leaf.clone());
        format!(
            "the broker's certificate ({}) is not valid before {}, and this machine's clock says {}: one of the two is wrong",
            early.subject,
            date(early.not_before),
            date(self.now)
        )
    }

    fn unknown_issuer(&self, leaf: &Certificate) -> String {
        let chain: Vec<_> =
            self.observed.chain.iter().filter_map(|der| Certificate::read(der).ok()).collect();
        let last = chain.last().unwrap_or(leaf);
        let trust = &self.material.trust;
        if leaf.is_self_issued() {
            return format!(
                "the broker's certificate ({}) is self-signed and not in {}: put it there, if it is the broker's",
                leaf.subject, trust.source
            );
        }
        // A lone certificate is nobody's authority: one of its name in the store says nothing.
        let has_authority = chain.len() > 1 && trust.knows(&last.subject_der);
        if has_authority || trust.knows(&last.issuer_der) {
            return format!(
                "the broker's certificate ({}) was not signed by the key of {} that is in {}, though it has that name: \
                 the trust store is out of date, or another cluster's",
                leaf.subject, last.issuer, trust.source
            );
        }
        if last.is_self_issued() {
            return format!(
                "the authority {} of the broker's certificate ({}) is not in {}: put it there, if it is the cluster's",
                last.subject, leaf.subject, trust.source
            );
        }
        format!(
            "the issuer {} of the broker's certificate ({}) is not in {}, and the broker did not send it along: \
             the trust store is another cluster's, or the broker's key store lacks the intermediate certificate",
            last.issuer, leaf.subject, trust.source
        )
    }

    fn wrong_name(&self, leaf: &Certificate) -> String {
        let names = match leaf.names.is_empty() {
            true => "has no alternative names at all".to_owned(),
            false => format!(
                "is for {}",
                leaf.names.iter().take(NAMES_MAX).cloned().collect::<Vec<_>>().join(", ")
            ),
        };
        format!(
            "the broker's certificate ({}) {names}, and not for {}: connect by a name that it has, or have the name added \
             to the certificate (ssl.endpoint.identification.algorithm= would switch the check off)",
            leaf.subject, self.server_name
        )
    }

    fn alert(&self, alert: AlertDescription) -> String {
        let name = alert_name(alert);
        match alert {
            AlertDescription::ProtocolVersion => {
                format!(
                    "the broker speaks none of the enabled versions of TLS (alert {name}): see ssl.enabled.protocols"
                )
            }
            AlertDescription::UnrecognisedName => {
                format!("the broker knows no server of the name {} (alert {name})", self.server_name)
            }
            _ if self.observed.asked && self.observed.sent.is_none() => {
                format!("the broker refused the connection (alert {name}); {}", self.no_certificate())
            }
            AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity
                if !self.observed.asked =>
            {
                format!("client and broker have no cipher suite in common (alert {name}): see {COMMON}")
            }
            _ => match &self.observed.sent {
                Some(sent) => self.sent_in_vain(sent, &name),
                None => format!("the broker broke off TLS (alert {name})"),
            },
        }
    }

    fn sent_in_vain(&self, sent: &str, alert: &str) -> String {
        let mut own =
            self.material.identities.iter().filter_map(|it| Certificate::read(it.chain.first()?).ok());
        match own.find(|it| it.subject == sent && it.not_after < self.now) {
            Some(expired) => format!(
                "the broker refused this client's certificate ({sent}; alert {alert}), which expired on {}",
                date(expired.not_after)
            ),
            None => format!(
                "the broker refused this client's certificate ({sent}; alert {alert}): it must be valid and be issued by \
                 an authority in the broker's trust store"
            ),
        }
    }

    /// The end of a sentence about a broker that wanted a certificate and got none.
    fn no_certificate(&self) -> &'static str {
        match self.material.identities.is_empty() {
            true => "it asked for a client certificate, and none is configured: set ssl.keystore.location",
            false => {
                "it asked for a client certificate, and takes no signature that a key of the key store can make"
            }
        }
    }
}

fn tls_error(error: &io::Error) -> Option<&TlsError> {
    error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>())
}

/// `unknown_ca`: as the RFC and other tools write it.
fn alert_name(alert: AlertDescription) -> String {
    let name = format!("{alert:?}").replace("CA", "Ca");
    name.chars().fold(String::new(), |mut text, c| {
        if c.is_uppercase() && !text.is_empty() {
            text.push('_');
        }
        text.push(c.to_ascii_lowercase());
        text
    })
}

const NO_TLS: &str = "the port does not speak TLS, since its answer is none: security.protocol must be PLAINTEXT or \
    SASL_PLAINTEXT there, or the port another";
const COMMON: &str = "ssl.enabled.protocols and ssl.cipher.suites here and at the broker";
/// A certificate may have a hundred.
const NAMES_MAX: usize = 20;
