//! Certificates made on the spot, for tests: an authority, what it issues, and all that can be wrong with that.
//!
//! ```
//! use upsert_kafka_broker::certificates::{Authority, Subject};
//!
//! let authority = Authority::new("my tests").unwrap();
//! let server = authority.issue(&Subject::server()).unwrap();
//! let alice = authority.issue(&Subject::client("alice")).unwrap();
//! let expired = authority.issue(&Subject::server().expired()).unwrap();
//!
//! assert!(authority.pem().starts_with("-----BEGIN CERTIFICATE-----"));
//! assert!(alice.key_pem().starts_with("-----BEGIN PRIVATE KEY-----"));
//! assert_ne!(server.pem(), expired.pem());
//! ```
//!
//! Neither a clock nor a seed is read: validity is what the [`Subject`] says, by default the years 2020 to 2099, and keys
//! and serial numbers come from graviola, whose chance is the system's. So no two runs have the same certificates, and
//! nothing else of a run depends on them.

mod authority;
mod key;
mod subject;

pub(crate) use key::UNSUPPORTED_PROCESSOR;

pub use authority::{Authority, Certificate};
pub use key::KeyAlgorithm;
pub use subject::{Subject, Validity};
