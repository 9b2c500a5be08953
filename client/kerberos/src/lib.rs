//! A Kerberos initiator in pure Rust: no libkrb5, no C, no `unsafe`, and no I/O.
//!
//! It logs in to a KDC by keytab, password or a cache of kinit's, buys tickets for services, across realms too, and
//! carries out SASL's GSSAPI with services of Java's or MIT's making. Encryption types 17 to 20: AES with SHA-1 and with
//! SHA-2.
//!
//! There are no sockets, files, clocks or chance in this crate: bytes, the time and entropy are arguments. So it runs
//! under any runtime or none, and in a test in no time. Whoever uses it carries messages:
//!
//! ```
//! use std::io::{self, Read, Write};
//! use std::net::TcpStream;
//!
//! use upsert_kafka_kerberos::{
//!     AsExchange, AsRequest, ConfFiles, Credential, Entropy, Exchange, KdcAttempts, KdcRequest, Keytab, Krb5Conf,
//!     Principal, SaslClient, TgsExchange, Ticket, UnixTime,
//! };
//!
//! /// Logs in with a keytab, and gives what begins SASL's exchange with kafka/broker1.example.test.
//! fn begin(entropy: &mut dyn Entropy) -> Result<(SaslClient, Vec<u8>), Box<dyn std::error::Error>> {
//!     let conf = Krb5Conf::parse(&std::fs::read_to_string("/etc/krb5.conf")?, "/etc/krb5.conf", &mut Disk)?;
//!     let realm = conf.default_realm.as_deref();
//!     let request = AsRequest {
//!         client: Principal::parse("alice", realm)?,
//!         credential: Credential::Keytab(Keytab::parse(&std::fs::read("alice.keytab")?)?),
//!         encryptions: conf.as_encryptions.clone(),
//!         lifetime_s: conf.ticket_lifetime_s,
//!         clock_skew_s: conf.clock_skew_s,
//!     };
//!     let mut first = AsExchange::new(request, now(), entropy)?;
//!     let granting = carry(&mut first, &conf, entropy)?;
//!
//!     let host = "broker1.example.test";
//!     let service = Principal::service("kafka", host, conf.realm_of(host).unwrap_or_default());
//!     let mut second = TgsExchange::new(&granting, &service, &conf.tgs_encryptions, now(), entropy);
//!     let ticket = carry(&mut second, &conf, entropy)?;
//!     Ok(SaslClient::new(&ticket, now(), entropy))
//! }
//!
//! /// Carries an exchange's messages until it ends.
//! fn carry(
//!     exchange: &mut dyn Exchange,
//!     conf: &Krb5Conf,
//!     entropy: &mut dyn Entropy,
//! ) -> Result<Ticket, Box<dyn std::error::Error>> {
//!     loop {
//!         let reply = ask(exchange.request(), conf)?;
//!         if let Some(ticket) = exchange.handle_reply(&reply, now(), entropy)? {
//!             return Ok(ticket);
//!         }
//!     }
//! }
//!
//! /// Asks one KDC after the other, by TCP alone.
//! fn ask(request: &KdcRequest, conf: &Krb5Conf) -> Result<Vec<u8>, Box<dyn std::error::Error>> {
//!     let mut attempts = KdcAttempts::new(conf, request, false)?;
//!     while let Some(attempt) = attempts.poll_attempt() {
//!         match ask_by_tcp(&attempt.kdc.host, attempt.kdc.port, &request.bytes) {
//!             Ok(reply) if attempts.is_answer(&reply) => return Ok(reply),
//!             Ok(_) => {}
//!             Err(why) => attempts.handle_failure(&why.to_string()),
//!         }
//!     }
//!     Err(attempts.into_error().into())
//! }
//!
//! fn ask_by_tcp(host: &str, port: u16, message: &[u8]) -> io::Result<Vec<u8>> {
//!     let mut stream = TcpStream::connect((host, port))?;
//!     stream.write_all(&u32::try_from(message.len()).map_err(io::Error::other)?.to_be_bytes())?;
//!     stream.write_all(message)?;
//!     let mut length = [0; 4];
//!     stream.read_exact(&mut length)?;
//!     let length = u32::from_be_bytes(length) as usize;
//!     if length > upsert_kafka_kerberos::KDC_REPLY_BYTES_MAX {
//!         return Err(io::Error::other("the KDC's answer is too long"));
//!     }
//!     let mut reply = vec![0; length];
//!     stream.read_exact(&mut reply)?;
//!     Ok(reply)
//! }
//!
//! fn now() -> UnixTime {
//!     let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
//!     UnixTime::from_micros(since.as_micros() as i64)
//! }
//!
//! /// Where `include` and `includedir` read from.
//! struct Disk;
//!
//! impl ConfFiles for Disk {
//!     fn read(&mut self, path: &str) -> io::Result<String> {
//!         std::fs::read_to_string(path)
//!     }
//!
//!     fn list(&mut self, folder: &str) -> io::Result<Vec<String>> {
//!         let names = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
//!         names.collect()
//!     }
//! }
//! # let mut entropy = |bytes: &mut [u8]| bytes.fill(7);
//! # assert!(begin(&mut entropy).is_err());
//! ```
//!
//! # What there is
//!
//! | | |
//! |---|---|
//! | [`Krb5Conf`], [`KdcAttempts`] | krb5.conf with its includes; which KDC to ask, by UDP or TCP, and when to ask the next |
//! | [`Keytab`], [`TicketCache`] | keytabs (version 2), caches of type FILE (versions 3 and 4) |
//! | [`AsExchange`], [`TgsExchange`] | a first ticket; tickets for services, through referrals; renewal |
//! | [`GssInitiator`], [`GssContext`] | RFC 4121: mutual authentication, messages wrapped and unwrapped |
//! | [`SaslClient`] | RFC 4752, without a security layer |
//!
//! # What there is not
//!
//! Weak encryption (DES, 3DES, RC4), FAST, PKINIT, user-to-user, delegation; caches of type KCM, KEYRING and DIR; KDCs by
//! DNS's SRV records or through HTTPS proxies; SASL's layers `auth-int` and `auth-conf`.
//!
//! # Guarantees
//!
//! No bytes of a peer or a file make it panic, and no length in them is believed beyond the bytes that are there. MACs
//! are compared in constant time. Keys and passwords are overwritten when they are dropped, and no `Debug` shows them.

mod as_exchange;
mod ccache;
mod crypto;
mod der;
mod entropy;
mod error;
mod exchange;
mod file;
mod gss;
mod kdc_attempts;
mod kdc_transport;
mod keytab;
mod krb5_conf;
mod messages;
mod principal;
mod sasl;
#[cfg(test)]
mod tests;
mod tgs_exchange;
mod ticket;
mod time;

#[doc(hidden)]
pub mod fuzzing;
#[cfg(any(test, feature = "__simulation"))]
#[doc(hidden)]
pub mod simulation;

pub use as_exchange::{AsExchange, AsRequest, Credential, Password};
pub use ccache::TicketCache;
pub use crypto::{EncryptionType, Key};
pub use entropy::Entropy;
pub use error::{Error, ErrorKind};
pub use exchange::{Exchange, KdcRequest};
pub use gss::{GssContext, GssInitiator};
pub use kdc_attempts::{KDC_REPLY_BYTES_MAX, KdcAttempt, KdcAttempts};
pub use kdc_transport::KdcTransport;
pub use keytab::Keytab;
pub use krb5_conf::{ConfFiles, KdcAddress, Krb5Conf};
pub use principal::Principal;
pub use sasl::{SaslClient, SaslStep};
pub use tgs_exchange::TgsExchange;
pub use ticket::{ServiceKey, Ticket};
pub use time::UnixTime;
