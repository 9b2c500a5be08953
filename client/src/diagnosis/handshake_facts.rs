//! What a handshake of TLS showed, for the eyes of people.

/// A name and a value for each thing that was learnt.
#[derive(Debug, Default)]
pub(crate) struct HandshakeFacts {
    pub(crate) facts: Vec<(&'static str, String)>,
    /// What somebody should know, though it works.
    pub(crate) warning: Option<String>,
}

#[cfg(feature = "tls")]
mod of_tls {
    use super::HandshakeFacts;
    use crate::tls::{Certificate, TlsFacts};
    use crate::utc;

    impl HandshakeFacts {
        /// Of a handshake that both sides agreed to, at this second.
        pub(crate) fn agreed(tls: &TlsFacts, now: i64) -> Self {
            let mut told = Self::default();
            told.facts.push(("version", tls.version.clone()));
            told.facts.push(("cipher suite", tls.cipher_suite.clone()));
            told.facts.push(("key exchange", tls.key_exchange.clone()));
            told.chain(tls.chain.iter().map(|(certificate, _)| certificate), now);
            told.facts.push(("trusted by", tls.trust.clone()));
            if let Some(subject) = &tls.client_certificate_sent {
                told.facts.push(("own certificate", subject.clone()));
            } else if tls.client_certificate_asked {
                told.facts.push((
                    "own certificate",
                    "asked for, and none is configured (ssl.keystore.*)".to_owned(),
                ));
            }
            told
        }

        /// Of one that came to nothing: the chain, as far as it came.
        pub(crate) fn refused(chain: &[(Certificate, Vec<u8>)], now: i64) -> Self {
            let mut told = Self::default();
            told.chain(chain.iter().map(|(certificate, _)| certificate), now);
            told
        }

        fn chain<'a>(&mut self, chain: impl Iterator<Item = &'a Certificate>, now: i64) {
            for (depth, it) in chain.take(CERTIFICATES_SHOWN_MAX).enumerate() {
                let whose = if depth == 0 { "certificate" } else { "vouched for by" };
                let left = days_left(it, now);
                let names =
                    if it.names.is_empty() { String::new() } else { format!(" for {}", it.names.join(", ")) };
                let self_issued = if it.is_self_issued() { ", self-signed" } else { "" };
                self.facts.push((
                    whose,
                    format!(
                        "{}{names}, issued by {}{self_issued}, valid from {} to {}, {left} days left",
                        it.subject,
                        it.issuer,
                        utc::shown(it.not_before),
                        utc::shown(it.not_after)
                    ),
                ));
                if self.warning.is_none() && left < DAYS_LEFT_MIN {
                    self.warning = Some(format!("the certificate of {} has {left} days left", it.subject));
                }
            }
        }
    }

    fn days_left(certificate: &Certificate, now: i64) -> i64 {
        (certificate.not_after - now).div_euclid(86_400)
    }

    /// A certificate that ends sooner is warned of.
    const DAYS_LEFT_MIN: i64 = 30;

    /// No chain is longer, but for one that means harm.
    const CERTIFICATES_SHOWN_MAX: usize = 10;
}
