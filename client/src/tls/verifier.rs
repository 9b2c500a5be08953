//! Whether a server is whom it says: webpki decides, and here stands what Java accepts beyond it.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_name;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error as TlsError, SignatureScheme};

use super::material::Material;
use super::observed;
use crate::config::EndpointIdentification;
use crate::stores::certificate::Certificate;
use crate::{Error, ErrorKind};

/// Checks chain, dates, revocation and name. Beyond webpki it takes, as Java does, a certificate that is in the trust
/// store itself, and a common name where a certificate has no alternative name of the DNS.
#[derive(Debug)]
pub(crate) struct ServerVerifier {
    /// All of them must hold: the second one looks at revocation of the whole chain, as far as lists tell.
    webpki: Vec<Arc<WebPkiServerVerifier>>,
    /// Certificates that need nobody to vouch for them.
    pinned: BTreeSet<Vec<u8>>,
    names: EndpointIdentification,
    /// Whether some authority of the trust store may vouch for some names alone.
    trust_is_constrained: bool,
}

/// A chain as a server presented it.
#[derive(Clone, Copy)]
struct Presented<'a> {
    end_entity: &'a CertificateDer<'a>,
    intermediates: &'a [CertificateDer<'a>],
}

impl ServerVerifier {
    pub(crate) fn new(
        material: &Material,
        provider: &Arc<CryptoProvider>,
        names: EndpointIdentification,
    ) -> Result<Self, Error> {
        let builder = || {
            WebPkiServerVerifier::builder_with_provider(
                Arc::clone(&material.trust.roots),
                Arc::clone(provider),
            )
        };
        let lists =
            || material.revocation_lists.iter().map(|it| CertificateRevocationListDer::from(it.clone()));
        let mut builders = vec![builder()];
        if !material.revocation_lists.is_empty() {
            // librdkafka's rule: of the server's own certificate it must be known that it is not revoked, by a list
            // that has not expired. Of its authorities nothing need be known, but none may be revoked.
            builders = vec![
                builder()
                    .with_crls(lists())
                    .only_check_end_entity_revocation()
                    .enforce_revocation_expiration(),
                builder().with_crls(lists()).allow_unknown_revocation_status(),
            ];
        }
        let webpki =
            builders.into_iter().map(|it| it.build()).collect::<Result<_, _>>().map_err(|error| {
                let sentence = format!("ssl.crl.location: a revocation list cannot be used: {error}");
                Error::new(ErrorKind::Config, sentence).with_cause(error)
            })?;
        let pinned = material.trust.pinned().map(<[u8]>::to_vec).collect();
        let trust_is_constrained = material.trust.roots.roots.iter().any(|it| it.name_constraints.is_some());
        Ok(Self { webpki, pinned, names, trust_is_constrained })
    }

    fn verify(
        &self,
        presented: Presented<'_>,
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<(), TlsError> {
        let Presented { end_entity, intermediates } = presented;
        for webpki in &self.webpki {
            match webpki.verify_server_cert(end_entity, intermediates, name, ocsp, now) {
                Ok(_) => {}
                // Names come last: all else was found good.
                Err(error) if is_about_the_name(&error) => self.judge_name(presented, name, error)?,
                Err(error) if self.pinned.contains(&**end_entity) => {
                    return self.verify_pinned(presented, name, now, error);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// A certificate that is in the trust store itself needs nobody to vouch for it; it expires all the same. (webpki looks
    /// at dates first, but does not promise that.)
    fn verify_pinned(
        &self,
        presented: Presented<'_>,
        name: &ServerName<'_>,
        now: UnixTime,
        error: TlsError,
    ) -> Result<(), TlsError> {
        let end_entity = presented.end_entity;
        let forgiven = matches!(
            error,
            TlsError::InvalidCertificate(CertificateError::UnknownIssuer | CertificateError::Other(_))
        );
        let (true, Ok(certificate)) = (forgiven, Certificate::read(end_entity)) else { return Err(error) };
        let second = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        if second > certificate.not_after {
            return Err(CertificateError::Expired.into());
        }
        if second < certificate.not_before {
            return Err(CertificateError::NotValidYet.into());
        }
        match verify_server_name(&ParsedCertificate::try_from(end_entity)?, name) {
            Ok(()) => Ok(()),
            Err(error) => self.judge_name(presented, name, error),
        }
    }

    fn judge_name(
        &self,
        presented: Presented<'_>,
        name: &ServerName<'_>,
        error: TlsError,
    ) -> Result<(), TlsError> {
        // webpki holds alternative names to an authority's constraints, and common names to none.
        let may_be_common = || !self.trust_is_constrained && !presented.has_constraints();
        if self.names == EndpointIdentification::None
            || may_be_common() && has_common_name(presented.end_entity, name)
        {
            return Ok(());
        }
        Err(error)
    }
}

impl Presented<'_> {
    /// Whether an authority in it may vouch for some names alone, or cannot be read.
    fn has_constraints(&self) -> bool {
        self.intermediates.iter().any(|it| Certificate::read(it).map_or(true, |it| it.has_name_constraints))
    }
}

impl ServerCertVerifier for ServerVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, TlsError> {
        observed::presented(end_entity, intermediates);
        self.verify(Presented { end_entity, intermediates }, name, ocsp, now)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.webpki[0].verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, TlsError> {
        self.webpki[0].verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.webpki[0].supported_verify_schemes()
    }
}

fn is_about_the_name(error: &TlsError) -> bool {
    matches!(
        error,
        TlsError::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. }
        )
    )
}

/// Java's rule, which RFC 6125 has given up: without an alternative name of the DNS the common name counts.
fn has_common_name(end_entity: &CertificateDer<'_>, name: &ServerName<'_>) -> bool {
    let ServerName::DnsName(asked) = name else { return false };
    let Ok(Certificate { common_name: Some(common), has_dns_name: false, .. }) =
        Certificate::read(end_entity)
    else {
        return false;
    };
    let (asked, common) = (asked.as_ref().to_ascii_lowercase(), common.to_ascii_lowercase());
    let matches = match common.strip_prefix("*.") {
        Some(domain) => asked.split_once('.').is_some_and(|(_, rest)| rest == domain && domain.contains('.')),
        None => asked == common,
    };
    if matches {
        tracing::warn!(
            "the certificate of {asked} has no alternative names, only the common name {common}, which Java takes and \
             most others refuse"
        );
    }
    matches
}
