//! Key stores and certificates, of whose bytes a stranger may have made any: nothing panics, nothing takes for ever, and
//! what is refused says why without the password.

use upsert_kafka_client::tls::{Certificate, read_store};

/// The first byte chooses whether a password is there: without one nothing is checked, and more is read.
pub fn stores(data: &[u8]) {
    let Some((choice, bytes)) = data.split_first() else { return };
    let password = (choice % 2 == 1).then_some(PASSWORD);
    match read_store(bytes, password, ROUNDS) {
        // The least entry of any type is longer than a byte.
        Ok(entries) => assert!(entries <= bytes.len(), "{entries} entries in {} bytes", bytes.len()),
        Err(why) => assert!(!why.is_empty() && !why.contains(PASSWORD), "{why}"),
    }
}

/// A certificate in DER.
pub fn der(data: &[u8]) {
    let Ok(certificate) = Certificate::read(data) else { return };
    let names = certificate.names.iter().chain([&certificate.subject, &certificate.issuer]);
    for name in names {
        assert!(!name.contains(char::is_control), "{name:?} would write on a terminal what it likes");
    }
    let shown: usize = certificate.names.iter().map(String::len).sum();
    assert!(shown <= 64 + 32 * data.len(), "{shown} bytes of names in {} bytes", data.len());
}

const PASSWORD: &str = "store-secret";
/// A store of the corpus takes a few hundred.
const ROUNDS: u64 = 2000;
