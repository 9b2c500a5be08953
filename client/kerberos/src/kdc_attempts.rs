//! Which KDC to ask, and how: one after the other, by UDP and by TCP, until one answers.

use std::collections::VecDeque;
use std::time::Duration;

use crate::kdc_transport::KdcTransport;
use crate::krb5_conf::{KdcAddress, Krb5Conf};
use crate::messages::krb_error::KrbError;
use crate::{Error, ErrorKind, KdcRequest};

/// The attempts that are left for one request. MIT's order: small messages by UDP, all KDCs in turn, then by TCP; large
/// ones the other way round.
#[derive(Debug)]
pub struct KdcAttempts {
    realm: String,
    left: VecDeque<KdcAttempt>,
    current: Option<KdcAttempt>,
    failures: Vec<String>,
}

/// One attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KdcAttempt {
    /// Whom to ask.
    pub kdc: KdcAddress,
    /// By what.
    pub transport: KdcTransport,
    /// How long to wait for the answer.
    pub limit: Duration,
}

impl KdcAttempts {
    /// The attempts for a request. `udp` says whether there is UDP at all.
    ///
    /// # Errors
    /// krb5.conf has no KDC of the realm.
    pub fn new(conf: &Krb5Conf, request: &KdcRequest, udp: bool) -> Result<Self, Error> {
        let (realm, small) = (&request.realm, request.bytes.len() <= conf.udp_preference_limit);
        let kdcs = conf.kdcs(realm)?;
        let order = match small {
            true => [KdcTransport::Udp, KdcTransport::Tcp],
            false => [KdcTransport::Tcp, KdcTransport::Udp],
        };
        let mut left = VecDeque::new();
        let share = TOTAL_LIMIT / u32::try_from(kdcs.len() * 3).unwrap_or(u32::MAX).max(1);
        for (transport, limit) in [
            (order[0], first_limit(order[0])),
            (order[1], first_limit(order[1])),
            // Once more, with patience: a KDC may be slow, or a datagram lost.
            (order[0], LAST_LIMIT),
        ] {
            let fit = kdcs.iter().filter(|kdc| kdc.transport.is_none_or(|only| only == transport));
            let attempts =
                fit.map(|kdc| KdcAttempt { kdc: kdc.clone(), transport, limit: limit.min(share * 2) });
            left.extend(attempts.filter(|it| udp || it.transport == KdcTransport::Tcp));
        }
        Ok(Self { realm: realm.clone(), left, current: None, failures: Vec::new() })
    }

    /// The same, beginning with the KDC that answered the last time.
    #[must_use]
    pub fn beginning_with(mut self, answered: &KdcAddress) -> Self {
        self.left.make_contiguous().sort_by_key(|it| it.kdc != *answered);
        self
    }

    /// The next attempt, or none.
    pub fn poll_attempt(&mut self) -> Option<KdcAttempt> {
        self.current = self.left.pop_front();
        self.current.clone()
    }

    /// The attempt failed.
    pub fn handle_failure(&mut self, why: &str) {
        let Some(KdcAttempt { kdc, transport, .. }) = &self.current else { return };
        let failure = format!("{kdc} by {}: {why}", transport.name());
        // What failed twice in the same way is said once.
        if !self.failures.contains(&failure) && self.failures.len() < FAILURES_MAX {
            self.failures.push(failure);
        }
    }

    /// Whether the reply is an answer; else the next attempt is to be made. A KDC whose answer does not fit into a
    /// datagram is asked again by TCP.
    pub fn is_answer(&mut self, reply: &[u8]) -> bool {
        match KrbError::is_one(reply).then(|| KrbError::read(reply)) {
            Some(Ok(error)) if error.code == KrbError::TOO_BIG => {
                self.left.retain(|it| it.transport == KdcTransport::Tcp);
                if let Some(current) = self.current.take()
                    && current.transport == KdcTransport::Udp
                {
                    let (transport, limit) = (KdcTransport::Tcp, first_limit(KdcTransport::Tcp));
                    self.left.push_front(KdcAttempt { transport, limit, ..current });
                }
                false
            }
            Some(Ok(error)) if error.code == KrbError::UNAVAILABLE => {
                self.handle_failure("it says that it cannot serve now");
                false
            }
            _ => true,
        }
    }

    /// All failed.
    pub fn into_error(self) -> Error {
        let why = match self.failures.is_empty() {
            true => "none can be asked by what krb5.conf allows".to_owned(),
            false => self.failures.join("; "),
        };
        Error::new(ErrorKind::Unreachable, format!("no KDC of realm {} answered: {why}", self.realm))
    }
}

fn first_limit(transport: KdcTransport) -> Duration {
    match transport {
        KdcTransport::Udp => Duration::from_secs(1),
        KdcTransport::Tcp => Duration::from_secs(2),
    }
}

const LAST_LIMIT: Duration = Duration::from_secs(3);
/// For all attempts together, or nearly: whoever waits for a connection waits no longer than ten seconds by Kafka's
/// defaults, and shall learn why there is none.
const TOTAL_LIMIT: Duration = Duration::from_secs(7);
/// Of those that an error lists.
const FAILURES_MAX: usize = 12;

/// The longest answer that is taken: a ticket of Active Directory carries a user's groups, and these are at most 64 KB.
pub const KDC_REPLY_BYTES_MAX: usize = 1 << 20;
