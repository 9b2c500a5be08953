//! What Kerberos reads: a KDC's and a service's messages, keytabs, caches of tickets, krb5.conf.

use std::io;

use upsert_kafka_kerberos::{ConfFiles, Keytab, Krb5Conf, TicketCache, fuzzing};

/// The bytes as every message there is, and as a token of every kind of context.
pub fn kerberos(data: &[u8]) {
    fuzzing::read_messages(data);
    fuzzing::unwrap_tokens(data);
}

/// The bytes as a file of keys. None of them stands in an error or in what is shown.
pub fn keytab(data: &[u8]) {
    match Keytab::parse(data) {
        Ok(keytab) => assert!(keytab.principals().len() <= data.len()),
        Err(error) => bounded(&error.to_string()),
    }
}

/// The bytes as a cache of tickets.
pub fn ccache(data: &[u8]) {
    match TicketCache::parse(data) {
        Ok(cache) => _ = cache.initial(),
        Err(error) => bounded(&error.to_string()),
    }
}

/// The text as a krb5.conf that may include itself and one more.
pub fn krb5_conf(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    match Krb5Conf::parse(&text, "krb5.conf", &mut Itself(&text)) {
        Ok(conf) => {
            let realm = conf.realm_of("broker1.example.test").unwrap_or("EXAMPLE.TEST").to_owned();
            if let Err(error) = conf.kdcs(&realm) {
                bounded(&error.to_string());
            }
        }
        Err(error) => bounded(&error.to_string()),
    }
}

/// Whatever is included has the same text: a file that includes itself.
struct Itself<'a>(&'a str);

impl ConfFiles for Itself<'_> {
    fn read(&mut self, _path: &str) -> io::Result<String> {
        Ok(self.0.to_owned())
    }

    fn list(&mut self, _folder: &str) -> io::Result<Vec<String>> {
        Ok(vec!["one".to_owned(), "two.conf".to_owned()])
    }
}

fn bounded(error: &str) {
    assert!(error.len() <= ERROR_BYTES_MAX, "an error of {} bytes", error.len());
}

/// However large the file is.
const ERROR_BYTES_MAX: usize = 4_000;
