//! Who issues certificates, and what is issued.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use rcgen::string::Ia5String;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, Issuer, KeyIdMethod, KeyUsagePurpose, RevokedCertParams, SanType,
    SerialNumber,
};

use super::key::{Key, fill};
use super::subject::Usage;
use super::{KeyAlgorithm, Subject, Validity};

/// Seconds since 1970 as the type that rcgen takes, which it does not name.
macro_rules! time {
    ($unix_s:expr) => {
        rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs($unix_s.min(LAST_UNIX_S))
    };
}

/// Who issues certificates: a root that trusts itself, or an intermediate.
#[derive(Clone)]
pub struct Authority {
    key: Arc<Key>,
    params: CertificateParams,
    /// Its own certificate, as DER.
    own: Vec<u8>,
    /// What stands between what it issues and the root: its own certificate first; nothing for a root.
    chain: Vec<Vec<u8>>,
}

/// A certificate with its private key.
#[derive(Clone)]
pub struct Certificate {
    serial: [u8; SERIAL_BYTES],
    der: Vec<u8>,
    chain: Vec<Vec<u8>>,
    key: Vec<u8>,
}

const SERIAL_BYTES: usize = 16;
/// What RFC 7093 makes of a key's hash.
const KEY_ID_BYTES: usize = 20;
const PEM_LINE: usize = 64;
/// The last second of the year 9999.
const LAST_UNIX_S: u64 = 253_402_300_799;

impl Authority {
    /// A root that trusts itself, with a key drawn now.
    ///
    /// # Errors
    /// When the processor is too old, or has no chance to give.
    pub fn new(name: &str) -> io::Result<Self> {
        let key = Key::draw(KeyAlgorithm::EcdsaP256)?;
        let params = authority_params(name)?;
        let own = params.self_signed(&key).map_err(refused)?.der().to_vec();
        Ok(Self { key: Arc::new(key), params, own, chain: Vec::new() })
    }

    /// An authority below this one: what it issues is trusted with its own certificate beside it.
    ///
    /// # Errors
    /// As [`Authority::new`].
    pub fn intermediate(&self, name: &str) -> io::Result<Self> {
        let key = Key::draw(KeyAlgorithm::EcdsaP256)?;
        let mut params = authority_params(name)?;
        params.use_authority_key_identifier_extension = true;
        let own = params.signed_by(&key, &self.issuer()).map_err(refused)?.der().to_vec();
        let chain = [vec![own.clone()], self.chain.clone()].concat();
        Ok(Self { key: Arc::new(key), params, own, chain })
    }

    /// Its own certificate as PEM: of a root, what to trust.
    pub fn pem(&self) -> String {
        pem("CERTIFICATE", &self.own)
    }

    /// Its own certificate as DER.
    pub fn der(&self) -> &[u8] {
        &self.own
    }

    /// Issues a certificate, with a key drawn now.
    ///
    /// # Errors
    /// A name that cannot stand in a certificate; and as [`Authority::new`].
    pub fn issue(&self, subject: &Subject) -> io::Result<Certificate> {
        let key = Key::draw(subject.key)?;
        let (serial, mut params) = subject_params(subject)?;
        params.use_authority_key_identifier_extension = true;
        let der = params.signed_by(&key, &self.issuer()).map_err(refused)?.der().to_vec();
        Ok(Certificate { serial, der, chain: self.chain.clone(), key: key.to_pkcs8()? })
    }

    /// A list as PEM that revokes these certificates of its own, valid as long as most certificates here.
    ///
    /// # Errors
    /// When it cannot be signed.
    pub fn revocation_list(&self, revoked: &[&Certificate]) -> io::Result<String> {
        let revoked = revoked.iter().map(|certificate| RevokedCertParams {
            serial_number: SerialNumber::from_slice(&certificate.serial),
            revocation_time: rcgen::date_time_ymd(2020, 6, 1),
            reason_code: None,
            invalidity_date: None,
        });
        let params = CertificateRevocationListParams {
            this_update: time!(Validity::LONG.from_unix_s),
            next_update: time!(Validity::LONG.until_unix_s),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: revoked.collect(),
            key_identifier_method: self.params.key_identifier_method.clone(),
        };
        let list = params.signed_by(&self.issuer()).map_err(refused)?;
        Ok(pem("X509 CRL", list.der()))
    }

    fn issuer(&self) -> Issuer<'_, &Key> {
        Issuer::from_params(&self.params, &*self.key)
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority").field("name", &self.params.distinguished_name).finish_non_exhaustive()
    }
}

impl Certificate {
    /// A certificate that nobody but itself vouches for.
    ///
    /// # Errors
    /// As [`Authority::issue`].
    pub fn self_signed(subject: &Subject) -> io::Result<Self> {
        let key = Key::draw(subject.key)?;
        let (serial, params) = subject_params(subject)?;
        let der = params.self_signed(&key).map_err(refused)?.der().to_vec();
        Ok(Self { serial, der, chain: Vec::new(), key: key.to_pkcs8()? })
    }

    /// The certificate alone, as PEM.
    pub fn pem(&self) -> String {
        pem("CERTIFICATE", &self.der)
    }

    /// The certificate, and behind it what stands between it and the root, as PEM.
    pub fn chain_pem(&self) -> String {
        let chain = self.chain.iter().map(|der| pem("CERTIFICATE", der));
        [self.pem()].into_iter().chain(chain).collect()
    }

    /// The private key as PEM of PKCS#8, not encrypted.
    pub fn key_pem(&self) -> String {
        pem("PRIVATE KEY", &self.key)
    }

    /// The certificate alone, as DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The private key as DER of PKCS#8.
    pub fn key_der(&self) -> &[u8] {
        &self.key
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").finish_non_exhaustive()
    }
}

fn authority_params(name: &str) -> io::Result<CertificateParams> {
    let (_, mut params) = params(&[("CN".to_owned(), name.to_owned())], Validity::LONG)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.key_identifier_method = KeyIdMethod::PreSpecified(drawn::<KEY_ID_BYTES>()?.to_vec());
    Ok(params)
}

fn subject_params(subject: &Subject) -> io::Result<([u8; SERIAL_BYTES], CertificateParams)> {
    let (serial, mut params) = params(&subject.distinguished_name, subject.validity)?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![match subject.usage {
        Usage::Server => ExtendedKeyUsagePurpose::ServerAuth,
        Usage::Client => ExtendedKeyUsagePurpose::ClientAuth,
    }];
    for name in &subject.names {
        params.subject_alt_names.push(match name.parse::<IpAddr>() {
            Ok(address) => SanType::IpAddress(address),
            Err(_) => SanType::DnsName(Ia5String::try_from(name.as_str()).map_err(refused)?),
        });
    }
    Ok((serial, params))
}

fn params(
    distinguished_name: &[(String, String)],
    validity: Validity,
) -> io::Result<([u8; SERIAL_BYTES], CertificateParams)> {
    let mut serial = drawn::<SERIAL_BYTES>()?;
    // Positive, and as long as it looks.
    serial[0] = serial[0] & 0x3f | 0x40;
    let mut params = CertificateParams::default();
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.not_before = time!(validity.from_unix_s);
    params.not_after = time!(validity.until_unix_s);
    params.distinguished_name = DistinguishedName::new();
    for (attribute, value) in distinguished_name {
        params.distinguished_name.push(attribute_type(attribute)?, value.as_str());
    }
    Ok((serial, params))
}

fn attribute_type(attribute: &str) -> io::Result<DnType> {
    Ok(match attribute {
        "CN" => DnType::CommonName,
        "OU" => DnType::OrganizationalUnitName,
        "O" => DnType::OrganizationName,
        "L" => DnType::LocalityName,
        "ST" => DnType::StateOrProvinceName,
        "C" => DnType::CountryName,
        other => {
            let words =
                format!("{other} is none of CN, OU, O, L, ST, C, of which a subject's name is made here");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, words));
        }
    })
}

fn drawn<const N: usize>() -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(bytes)
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = BASE64.encode(der);
    // Base64 is ASCII, so that its bytes are its characters.
    let lines: Vec<_> = text.as_bytes().chunks(PEM_LINE).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn refused(why: rcgen::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("a certificate cannot be made: {why}"))
}
