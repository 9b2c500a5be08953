//! What an exchange with KDCs looks like to whoever carries its bytes.

use std::fmt;

use crate::messages::krb_error::KrbError;
use crate::principal::Principal;
use crate::time::{shown, span};
use crate::{Entropy, Error, ErrorKind, Ticket, UnixTime};

/// An exchange with one KDC or several: it says what to send, takes the answer, and ends in a ticket.
///
/// ```text
/// loop {
///     send exchange.request() to a KDC of its realm, and read the reply
///     if let Some(ticket) = exchange.handle_reply(reply, now, entropy)? { break ticket }
/// }
/// ```
///
/// Which KDC, by UDP or by TCP, says [`KdcAttempts`](crate::KdcAttempts).
pub trait Exchange {
    /// What to send.
    fn request(&self) -> &KdcRequest;

    /// Takes the answer. `None`: there is another [`request`](Exchange::request) now.
    ///
    /// # Errors
    /// The KDC refused, or sent what it should not have. The exchange is over.
    fn handle_reply(
        &mut self,
        reply: &[u8],
        now: UnixTime,
        entropy: &mut dyn Entropy,
    ) -> Result<Option<Ticket>, Error>;
}

/// A message to a realm's KDC, without the length that goes before it on TCP.
#[derive(Clone, PartialEq, Eq)]
pub struct KdcRequest {
    /// Whose KDC.
    pub realm: String,
    /// The message.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for KdcRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KdcRequest({} bytes to {})", self.bytes.len(), self.realm)
    }
}

/// What was asked, for the sentence about the refusal.
pub(crate) struct Asked<'a> {
    /// Who refused: `the KDC of realm R`, `the service kafka/host@R`.
    pub(crate) who: String,
    pub(crate) client: &'a Principal,
    pub(crate) service: &'a Principal,
    /// The end of "… refused": `the password`, `the key in the keytab`.
    pub(crate) proof: String,
    pub(crate) now: UnixTime,
}

impl Asked<'_> {
    /// The refusal as a sentence.
    pub(crate) fn refusal(&self, error: &KrbError) -> Error {
        let (kind, sentence) = self.sentence(error);
        Error::new(kind, sentence).with_code(error.code)
    }

    fn sentence(&self, error: &KrbError) -> (ErrorKind, String) {
        let Self { who, client, service, proof, now } = self;
        match error.code {
            KrbError::CLIENT_UNKNOWN => {
                (ErrorKind::UnknownClient, format!("{who} does not know the client {client}"))
            }
            KrbError::SERVICE_UNKNOWN => {
                (ErrorKind::UnknownService, format!("{who} does not know the service {service}"))
            }
            KrbError::PREAUTH_FAILED | KrbError::BAD_INTEGRITY => {
                (ErrorKind::WrongKey, format!("{who} refused {proof}"))
            }
            KrbError::NOT_US | KrbError::MODIFIED | KrbError::BAD_KEY_VERSION | KrbError::NO_KEY => (
                ErrorKind::WrongKey,
                format!(
                    "{who} cannot read the ticket for {service} ({}): \
                     its keytab lacks the key that the KDC has, or has an older version of it",
                    name(error.code)
                ),
            ),
            KrbError::SKEW | KrbError::TICKET_NOT_YET_VALID => {
                (ErrorKind::ClockSkew, skewed(who, error.server_time, now.seconds))
            }
            KrbError::NEVER_VALID if error.server_time.abs_diff(now.seconds) > SKEW_ALLOWED_S => {
                (ErrorKind::ClockSkew, skewed(who, error.server_time, now.seconds))
            }
            KrbError::KEY_EXPIRED => {
                (ErrorKind::Expired, format!("{who}: the password of {client} has expired; change it"))
            }
            KrbError::TICKET_EXPIRED => (
                ErrorKind::Expired,
                format!("{who}: the ticket has expired, at {} by its clock", shown(error.server_time)),
            ),
            KrbError::CLIENT_REVOKED => {
                (ErrorKind::Refused, format!("{who}: the account {client} is locked, disabled or expired"))
            }
            KrbError::SERVICE_REVOKED => {
                (ErrorKind::Refused, format!("{who}: the service {service} is disabled or expired"))
            }
            KrbError::ENCRYPTION_UNSUPPORTED | KrbError::NULL_KEY => (
                ErrorKind::Unsupported,
                format!(
                    "{who} has no key of {client} or {service} of an encryption type that was asked for \
                     (this client speaks aes-cts-hmac-sha1-96 and aes-cts-hmac-sha2 alone)"
                ),
            ),
            KrbError::WRONG_REALM => {
                let elsewhere = error.client_realm.as_deref().filter(|realm| *realm != client.realm);
                let hint = elsewhere.map_or_else(String::new, |realm| format!("; it says that {realm} does"));
                (ErrorKind::UnknownClient, format!("{who} does not serve the realm of {client}{hint}"))
            }
            _ => {
                let text = error.text.as_deref().map(quoted).filter(|text| !text.is_empty());
                let text = text.map_or_else(String::new, |text| format!(": {text}"));
                (ErrorKind::Refused, format!("{who} refused ({}){text}", name(error.code)))
            }
        }
    }
}

/// Whose clock is off, and by how much.
pub(crate) fn skewed(who: &str, theirs: i64, ours: i64) -> String {
    let side = if ours > theirs { "ahead of" } else { "behind" };
    format!(
        "this machine's clock is {} {side} that of {who} (here {}, there {}), more than Kerberos allows: \
         set whichever is wrong",
        span(ours.abs_diff(theirs)),
        shown(ours),
        shown(theirs),
    )
}

/// The error's name in RFC 4120, as far as one may meet it, and its number.
fn name(code: i32) -> String {
    let name = match code {
        KrbError::NEVER_VALID => "KDC_ERR_NEVER_VALID",
        KrbError::POLICY => "KDC_ERR_POLICY",
        KrbError::PREAUTH_REQUIRED => "KDC_ERR_PREAUTH_REQUIRED",
        KrbError::UNAVAILABLE => "KDC_ERR_SVC_UNAVAILABLE",
        KrbError::BAD_INTEGRITY => "KRB_AP_ERR_BAD_INTEGRITY",
        KrbError::REPEATED => "KRB_AP_ERR_REPEAT",
        KrbError::NOT_US => "KRB_AP_ERR_NOT_US",
        KrbError::BAD_MATCH => "KRB_AP_ERR_BADMATCH",
        KrbError::MODIFIED => "KRB_AP_ERR_MODIFIED",
        KrbError::BAD_KEY_VERSION => "KRB_AP_ERR_BADKEYVER",
        KrbError::NO_KEY => "KRB_AP_ERR_NOKEY",
        KrbError::TOO_BIG => "KRB_ERR_RESPONSE_TOO_BIG",
        KrbError::GENERIC => "KRB_ERR_GENERIC",
        _ => return format!("error {code}"),
    };
    format!("{name}, {code}")
}

/// A peer's text within a sentence of ours: in one line, and no longer than is read.
fn quoted(text: &str) -> String {
    let printed = text.chars().map(|it| if it.is_control() { ' ' } else { it });
    printed.take(QUOTED_CHARS_MAX).collect::<String>().trim().to_owned()
}

/// Kerberos' usual bound, MIT's and Java's default of `clockskew`.
const SKEW_ALLOWED_S: u64 = 300;
const QUOTED_CHARS_MAX: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(code: i32, server_time: i64, text: Option<&str>) -> String {
        let client = Principal::parse("alice@R", None).unwrap();
        let service = Principal::parse("kafka/host@R", None).unwrap();
        let asked = Asked {
            who: "the KDC of realm R".into(),
            client: &client,
            service: &service,
            proof: "the password of alice@R".into(),
            now: UnixTime { seconds: 1_000_000, micros: 0 },
        };
        let text = text.map(str::to_owned);
        let error = asked.refusal(&KrbError { code, server_time, client_realm: None, text, data: None });
        assert_eq!(error.code(), Some(code));
        error.to_string()
    }

    #[test]
    fn a_skewed_clock_is_said_with_its_side_and_its_amount() {
        let behind = refused(KrbError::SKEW, 1_000_723, None);
        assert!(behind.contains("clock is 12 min 3 s behind that of the KDC of realm R"), "{behind}");
        let ahead = refused(KrbError::SKEW, 993_000, None);
        assert!(ahead.contains("clock is 1 h 56 min ahead of"), "{ahead}");
        assert!(ahead.contains("here 1970-01-12 13:46:40 UTC, there 1970-01-12 11:50:00 UTC"), "{ahead}");
    }

    #[test]
    fn a_refusal_names_the_one_it_is_about() {
        for (code, words) in [
            (6, "does not know the client alice@R"),
            (7, "does not know the service kafka/host@R"),
            (24, "refused the password of alice@R"),
            (35, "cannot read the ticket for kafka/host@R (KRB_AP_ERR_NOT_US, 35)"),
            (12, "refused (KDC_ERR_POLICY, 12): no"),
            (4711, "refused (error 4711): no"),
        ] {
            let sentence = refused(code, 1_000_000, Some(" no\n"));
            assert!(sentence.contains(words), "{sentence}");
        }
        assert!(refused(60, 0, Some(&"ö".repeat(9000))).chars().count() < 300);
    }
}
