//! Whom a client trusts, and where it learned that.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;

use crate::stores::certificate::Certificate;

/// Authorities, and certificates that are trusted as they are.
pub(crate) struct Trust {
    pub(crate) roots: Arc<RootCertStore>,
    /// The subjects, to tell a missing authority from a broken chain.
    subjects: BTreeSet<Vec<u8>>,
    /// Those of a configured store, byte for byte.
    pinned: BTreeSet<Vec<u8>>,
    /// `ssl.truststore.location '/etc/kafka/trust.jks' (3 certificates)`
    pub(crate) source: String,
}

impl Trust {
    /// What a configured store holds.
    pub(crate) fn of(certificates: Vec<(String, Vec<u8>)>, place: String) -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        let mut refused = Vec::new();
        for (alias, certificate) in &certificates {
            if let Err(error) = roots.add(CertificateDer::from_slice(certificate)) {
                refused.push(format!("'{alias}' ({}): {error}", shown(certificate)));
            }
        }
        if certificates.is_empty() {
            return Err("it holds no certificate, so that nobody is trusted; is it a key store?".to_owned());
        }
        if roots.is_empty() {
            return Err(format!("none of its certificates can be used: {}", refused.join("; ")));
        }
        if !refused.is_empty() {
            tracing::warn!("{place}: some certificates cannot be used: {}", refused.join("; "));
        }
        let source = format!("{place} ({} certificates)", certificates.len());
        let subjects = certificates.iter().filter_map(|(_, it)| subject(it)).collect();
        Ok(Self {
            roots: Arc::new(roots),
            subjects,
            pinned: certificates.into_iter().map(|it| it.1).collect(),
            source,
        })
    }

    /// Whom the system trusts; where it trusts nobody, whom Mozilla does.
    pub(crate) fn of_the_system() -> Self {
        let mut roots = RootCertStore::empty();
        let found = rustls_native_certs::load_native_certs();
        let subjects = found.certs.iter().filter_map(|it| subject(it)).collect();
        let (taken, _) = roots.add_parsable_certificates(found.certs);
        if taken > 0 {
            let source = format!(
                "the system's trust store ({taken} certificates), since ssl.truststore.location is not set"
            );
            return Self { roots: Arc::new(roots), subjects, pinned: BTreeSet::new(), source };
        }
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        // `SSL_CERT_FILE` may have named one that is not there: whoever meant to trust fewer must hear of it.
        let why = match found.errors.first() {
            Some(error) => {
                tracing::warn!(%error, "the system's trust store cannot be read: Mozilla's authorities are trusted");
                format!("the system's trust store cannot be read: {error}")
            }
            None => "the system has no trust store".to_owned(),
        };
        let source = format!("Mozilla's authorities, since ssl.truststore.location is not set and {why}");
        Self { roots: Arc::new(roots), subjects: BTreeSet::new(), pinned: BTreeSet::new(), source }
    }

    /// Certificates that need nobody to vouch for them.
    pub(crate) fn pinned(&self) -> impl Iterator<Item = &[u8]> {
        self.pinned.iter().map(|it| &**it)
    }

    /// Whether an authority of this name is in the store.
    pub(crate) fn knows(&self, subject: &[u8]) -> bool {
        self.subjects.contains(subject)
    }
}

fn subject(certificate: &[u8]) -> Option<Vec<u8>> {
    Certificate::read(certificate).ok().map(|it| it.subject_der)
}

fn shown(certificate: &[u8]) -> String {
    Certificate::read(certificate).map_or_else(|why| why, |it| it.subject)
}
