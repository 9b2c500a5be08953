//! The broker's side of a login, for peers of tests: which mechanism, how it answers, and what it does wrong on purpose.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use upsert_kafka_protocol::messages::{
    SaslAuthenticateRequest, SaslAuthenticateResponse, SaslHandshakeRequest, SaslHandshakeResponse,
};
use upsert_kafka_protocol::{Bytes, ErrorCode, Str};

use crate::peer::{Ask, Reply, versions};

/// Who may log in here.
pub(crate) const USER: &str = "alice";
pub(crate) const PASSWORD: &str = "alice-secret";

/// A broker that lets one user in.
pub(crate) struct SaslPeer {
    pub(crate) mechanisms: Vec<&'static str>,
    /// The user's, which may change.
    pub(crate) password: String,
    pub(crate) fault: Fault,
    /// `session_lifetime_ms` of each login.
    pub(crate) lifetime_ms: i64,
    /// How many have logged in.
    pub(crate) logins: usize,
    /// All words of the client's, in order.
    pub(crate) words: Vec<Bytes>,
    scram: Option<ScramBroker>,
    mechanism: String,
}

/// What a broker does wrong in a SCRAM exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    None,
    /// It lets the client in without an answer to its first message.
    EndsAtOnce,
    /// It lets the client in without a proof.
    ProvesNothing,
    ProvesWrongly,
    ChangesTheNonce,
    RepeatsTheNonce,
    Iterations(u64),
    /// It closes the connection at SaslAuthenticate.
    Leaves,
    /// It goes on for ever.
    GoesOn,
    /// It does not answer SaslAuthenticate.
    Silent,
}

impl SaslPeer {
    pub(crate) fn new(mechanisms: &[&'static str]) -> Self {
        Self {
            mechanisms: mechanisms.to_vec(),
            password: PASSWORD.to_owned(),
            fault: Fault::None,
            lifetime_ms: 0,
            logins: 0,
            words: Vec::new(),
            scram: None,
            mechanism: String::new(),
        }
    }

    /// Answers what belongs to a login, ApiVersions among it.
    pub(crate) fn answer(&mut self, ask: &Ask) -> Option<Reply> {
        if ask.key == 18 {
            return Some(ask.answer(&versions(i16::MAX)));
        }
        if ask.is::<SaslHandshakeRequest>() {
            self.mechanism = ask.read::<SaslHandshakeRequest>().mechanism.to_string();
            self.scram = None;
            let enabled = self.mechanisms.contains(&&*self.mechanism);
            let error_code = if enabled { ErrorCode::NONE } else { ErrorCode::UNSUPPORTED_SASL_MECHANISM };
            let mechanisms = self.mechanisms.iter().map(|it| Str::from(*it)).collect();
            return Some(ask.answer(&SaslHandshakeResponse { error_code, mechanisms, ..Default::default() }));
        }
        if ask.is::<SaslAuthenticateRequest>() {
            let words = ask.read::<SaslAuthenticateRequest>().auth_bytes;
            self.words.push(words.clone());
            return Some(match self.fault {
                Fault::Leaves => Reply::Close,
                Fault::Silent => Reply::Nothing,
                _ => ask.answer(&self.authenticate(&words)),
            });
        }
        None
    }

    fn authenticate(&mut self, words: &[u8]) -> SaslAuthenticateResponse {
        let answer = match (self.fault, &*self.mechanism) {
            (Fault::GoesOn, _) => Ok((vec![1], false)),
            (_, "PLAIN") => {
                let known = *words == *format!("\0{USER}\0{}", self.password).as_bytes();
                known.then(|| (Vec::new(), true)).ok_or("Authentication failed: Invalid username or password")
            }
            (_, _) => self.scram(words),
        };
        match answer {
            Ok((bytes, done)) => {
                self.logins += usize::from(done);
                let session_lifetime_ms = if done { self.lifetime_ms } else { 0 };
                SaslAuthenticateResponse {
                    auth_bytes: bytes.into(),
                    session_lifetime_ms,
                    ..Default::default()
                }
            }
            Err(message) => SaslAuthenticateResponse {
                error_code: ErrorCode::SASL_AUTHENTICATION_FAILED,
                error_message: Some(Str::from(message)),
                ..Default::default()
            },
        }
    }

    fn scram(&mut self, words: &[u8]) -> Result<(Vec<u8>, bool), &'static str> {
        const REFUSED: &str = "Authentication failed during authentication due to invalid credentials with SASL \
                               mechanism SCRAM-SHA-256";
        match self.scram.take() {
            None if self.fault == Fault::EndsAtOnce => Ok((Vec::new(), true)),
            None => {
                let (broker, reply) = ScramBroker::first(words, &self.password, self.fault);
                self.scram = Some(broker);
                Ok((reply, false))
            }
            Some(broker) => match (broker.last(words), self.fault) {
                (_, Fault::ProvesNothing) => Ok((Vec::new(), true)),
                (_, Fault::ProvesWrongly) => Ok((format!("v={}", BASE64.encode([7; 32])).into_bytes(), true)),
                (Some(proof), _) => Ok((proof, true)),
                (None, _) => Err(REFUSED),
            },
        }
    }
}

/// A broker's side of one SCRAM-SHA-256 exchange, by RFC 5802.
struct ScramBroker {
    salted: Vec<u8>,
    /// The first two messages, which are signed.
    signed: String,
}

impl ScramBroker {
    fn first(words: &[u8], password: &str, fault: Fault) -> (Self, Vec<u8>) {
        let text = std::str::from_utf8(words).unwrap();
        let bare = text.strip_prefix("n,,").expect("no channel binding, no other identity");
        let nonce = bare.split(',').find_map(|it| it.strip_prefix("r=")).unwrap();
        let nonce = match fault {
            Fault::ChangesTheNonce => format!("x{nonce}-ours"),
            Fault::RepeatsTheNonce => nonce.to_owned(),
            _ => format!("{nonce}-ours"),
        };
        let iterations = if let Fault::Iterations(asked) = fault { asked } else { 4096 };
        let salt = b"a salt of a broker";
        let reply = format!("r={nonce},s={},i={iterations}", BASE64.encode(salt));
        let mut salted = vec![0; 32];
        pbkdf2::pbkdf2_hmac::<Sha256>(password.as_bytes(), salt, 4096, &mut salted);
        (Self { salted, signed: format!("{bare},{reply}") }, reply.into_bytes())
    }

    /// The proof that the broker knows the password, where the client does.
    fn last(&self, words: &[u8]) -> Option<Vec<u8>> {
        let text = std::str::from_utf8(words).unwrap();
        let (without, proof) = text.rsplit_once(",p=").unwrap();
        let signed = format!("{},{without}", self.signed);
        let stored = Sha256::digest(sign(&self.salted, "Client Key"));
        let signature = sign(&stored, &signed);
        let proof = BASE64.decode(proof).unwrap();
        let client_key: Vec<u8> = proof.iter().zip(&signature).map(|(a, b)| a ^ b).collect();
        let knows = Sha256::digest(&client_key) == stored;
        let server = sign(&sign(&self.salted, "Server Key"), &signed);
        knows.then(|| format!("v={}", BASE64.encode(server)).into_bytes())
    }
}

fn sign(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}
