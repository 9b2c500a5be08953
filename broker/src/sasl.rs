//! The server's side of SASL: an exchange is a value that takes the client's tokens and gives the broker's; no I/O, no
//! clock.

use crate::state::delegation_tokens::DelegationTokens;

mod aws_signature;
mod exchange;
mod msk_iam;
mod oauth_bearer;
mod plain;
mod scram;
mod token;
mod users;

pub(crate) use exchange::Exchange;
pub(crate) use token::check_keys;
pub(crate) use users::Users;

/// Whom logins are held to.
pub(crate) struct Accounts<'a> {
    pub(crate) users: &'a mut Users,
    pub(crate) tokens: &'a mut DelegationTokens,
}

/// What follows a client's token.
#[derive(Debug)]
pub(crate) enum Reply {
    /// Send this and hear what the client says to it.
    Challenge(Vec<u8>),
    /// The client is who it says.
    Proven { last: Vec<u8>, identity: ProvenName },
}

/// Who a client has proved to be, and until when that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ProvenName {
    pub(crate) name: String,
    pub(crate) until_unix_ms: Option<i64>,
    /// By a delegation token, which is no proof to ask about tokens with.
    pub(crate) by_token: bool,
}

/// Why a login failed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum SaslRefusal {
    /// The client is told this.
    Told(String),
    /// The client is told no more than that it failed; this is for the broker's log.
    Kept(String),
}

impl SaslRefusal {
    fn told(why: impl Into<String>) -> Self {
        Self::Told(why.into())
    }

    fn kept(why: impl Into<String>) -> Self {
        Self::Kept(why.into())
    }
}

/// The golden rows of a mechanism, as Apache's Java classes made them.
#[cfg(test)]
fn golden(mechanism: &str) -> Vec<serde_json::Value> {
    use std::io::Read;
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/kafka/sasl.jsonl.gz");
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).expect("golden data"))
        .read_to_string(&mut text)
        .expect("gzip");
    let rows = text.lines().map(|line| serde_json::from_str(line).expect("a JSON object a line"));
    rows.filter(|row: &serde_json::Value| row["mechanism"] == mechanism).collect()
}
