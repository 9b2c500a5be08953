//! Who the client says it is, when a server asks: the key of its store that the server takes.

use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::material::Identity;
use super::observed;
use crate::stores::PrivateKey;
use crate::stores::certificate::Certificate;
use crate::{Error, ErrorKind};

/// All keys of a client; mostly none or one.
#[derive(Debug)]
pub(crate) struct ClientIdentities(Vec<ClientIdentity>);

#[derive(Debug)]
struct ClientIdentity {
    key: Arc<CertifiedKey>,
    subject: String,
    /// Every name in its chain that vouches for another.
    issuers: Vec<Vec<u8>>,
}

impl ClientIdentities {
    pub(crate) fn new(identities: &[Identity], provider: &CryptoProvider) -> Result<Self, Error> {
        identities.iter().map(|it| ClientIdentity::new(it, provider)).collect::<Result<_, _>>().map(Self)
    }
}

impl ClientIdentity {
    fn new(identity: &Identity, provider: &CryptoProvider) -> Result<Self, Error> {
        let Identity { alias, key, chain, place } = identity;
        let wrong = |why: String| Error::new(ErrorKind::Config, format!("{place}: the key '{alias}' {why}"));
        let read = |der: &Vec<u8>| {
            Certificate::read(der)
                .map_err(|why| wrong(format!("has a certificate that cannot be read: {why}")))
        };
        let names = chain.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let key = provider.key_provider.load_private_key(der(key)).map_err(|error| {
            wrong("is of no kind that can sign here: RSA of 2048 to 8192 bits, EC on P-256 or P-384, and Ed25519 are".to_owned())
                .with_cause(error)
        })?;
        let chain = chain.iter().map(|der| CertificateDer::from(der.clone())).collect();
        let key = CertifiedKey::new(chain, key);
        if let Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch)) = key.keys_match()
        {
            return Err(wrong("does not belong to the certificate beside it".to_owned()));
        }
        let subject = names.first().map(|it| it.subject.clone()).unwrap_or_default();
        Ok(Self { key: Arc::new(key), subject, issuers: names.into_iter().map(|it| it.issuer_der).collect() })
    }
}

impl ResolvesClientCert for ClientIdentities {
    /// The first key that the server can check and whose authority it named; else the first that it can check, since
    /// what it names may be cut short.
    fn resolve(&self, authorities: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        let fits = || self.0.iter().filter(|it| it.key.key.choose_scheme(schemes).is_some());
        let named = |it: &&ClientIdentity| it.issuers.iter().any(|issuer| authorities.contains(&&**issuer));
        let chosen = fits().find(named).or_else(|| fits().next());
        observed::asked(chosen.map(|it| &*it.subject));
        chosen.map(|it| Arc::clone(&it.key))
    }

    /// Always, so that it is asked and can tell.
    fn has_certs(&self) -> bool {
        true
    }
}

fn der(key: &PrivateKey) -> PrivateKeyDer<'static> {
    match key {
        PrivateKey::Pkcs8(der) => PrivateKeyDer::Pkcs8(der.to_vec().into()),
        PrivateKey::Pkcs1(der) => PrivateKeyDer::Pkcs1(der.to_vec().into()),
        PrivateKey::Sec1(der) => PrivateKeyDer::Sec1(der.to_vec().into()),
    }
}
