//! An HTTP client for small questions: token endpoints, credentials of clouds, schema registries.
//!
//! It dials by the client's [`Environment`], asks one question a connection over HTTP/1.1, and believes nothing without
//! bounds: the answer's bytes, the time to connect and the time to answer. It follows no redirect, since what it sends
//! are secrets that were meant for one server; it says where the server wanted it to go.

use std::time::{Duration, Instant};

use tokio::time::timeout_at;

use crate::config::TlsConfig;
use crate::environment::{DialTarget, Environment, Transport};
use crate::tls::TlsConnector;
use crate::{Error, ErrorKind};

mod answer;
mod exchange;
mod request;
mod url;

pub use answer::Answer;
use exchange::Broken;
pub use request::HttpRequest;
pub use url::Url;
pub(crate) use url::form_encoded;
#[cfg(feature = "msk-iam")]
pub(crate) use url::percent_encoded;

/// Asks HTTP servers.
#[derive(Clone, Debug)]
pub struct Http {
    environment: Environment,
    tls: TlsConnector,
    limits: HttpLimits,
}

/// What is believed of a server, and for how long it is waited for.
#[derive(Clone, Copy, Debug)]
pub struct HttpLimits {
    /// From the dial to a stream that is ready.
    pub connect: Duration,
    /// From the request to the end of its answer.
    pub read: Duration,
    /// The largest body of an answer.
    pub body_bytes_max: usize,
}

impl Http {
    /// Trusts the servers that these settings trust.
    ///
    /// # Errors
    /// A store that cannot be read.
    pub fn new(tls: &TlsConfig, limits: HttpLimits, environment: &Environment) -> Result<Self, Error> {
        Ok(Self { environment: environment.clone(), tls: TlsConnector::new(tls, environment)?, limits })
    }

    /// Asks a server. Any answer is one, save a redirect.
    ///
    /// # Errors
    /// There is no answer, it is no HTTP, it is too large, or it leads elsewhere. The sentence begins with the URL.
    pub async fn ask(&self, request: &HttpRequest) -> Result<Answer, Error> {
        self.answer(request).await.map_err(|error| error.within(&request.url.to_string()))
    }

    async fn answer(&self, request: &HttpRequest) -> Result<Answer, Error> {
        let limits = self.limits;
        let deadline = self.environment.clock().now() + limits.connect;
        let stream = match timeout_at(deadline.into(), self.connect(&request.url, deadline)).await {
            Ok(connected) => connected?,
            Err(_) => {
                let sentence = format!("no connection within {} ms", limits.connect.as_millis());
                return Err(Error::new(ErrorKind::Unreachable, sentence));
            }
        };
        let deadline = self.environment.clock().now() + limits.read;
        let asking = ask_over(stream, request, limits.body_bytes_max);
        timeout_at(deadline.into(), asking).await.unwrap_or_else(|_| {
            let sentence = format!("no answer within {} ms", limits.read.as_millis());
            Err(Error::new(ErrorKind::Timeout, sentence))
        })
    }

    async fn connect(&self, url: &Url, deadline: Instant) -> Result<Box<dyn Transport>, Error> {
        let target = DialTarget {
            address: &url.address,
            deadline,
            clock: self.environment.clock(),
            send_buffer_bytes: None,
            receive_buffer_bytes: None,
        };
        let dialed = self.environment.dialer().dial(target).await;
        let stream = dialed
            .map_err(|error| Error::new(ErrorKind::Unreachable, error.to_string()).with_cause(error))?;
        match url.https {
            true => Ok(Box::new(self.tls.connect(stream, &url.address.host).await?)),
            false => Ok(stream),
        }
    }
}

/// Asks over a stream that is open, for as long as that takes. The error is the end of a sentence that names the server.
///
/// # Errors
/// As [`Http::ask`].
pub(crate) async fn ask_over(
    stream: Box<dyn Transport>,
    request: &HttpRequest,
    body_bytes_max: usize,
) -> Result<Answer, Error> {
    let answered = exchange::exchange(stream, request, body_bytes_max).await;
    let answer = answered.map_err(|broken| told(broken, body_bytes_max))?;
    match answer.redirect() {
        Some(sentence) => Err(Error::new(ErrorKind::Protocol, sentence)),
        None => Ok(answer),
    }
}

fn told(broken: Broken, body_bytes_max: usize) -> Error {
    match broken {
        Broken::TooLarge => {
            let sentence = format!("it answers more than the {body_bytes_max} bytes that are believed");
            Error::new(ErrorKind::Protocol, sentence)
        }
        Broken::Unwritable(error) => {
            let sentence =
                "the request holds what no HTTP header may: a line break in a secret, for instance";
            Error::new(ErrorKind::Config, sentence).with_cause(error)
        }
        Broken::Stream(error) if error.is_parse() => {
            let sentence = format!(
                "what it answers is no HTTP/1.1 ({error}): does it expect TLS, or is it no web server?"
            );
            Error::new(ErrorKind::Protocol, sentence).with_cause(error)
        }
        Broken::Stream(error) => {
            let sentence = format!("the connection broke before its answer was complete ({error})");
            Error::new(ErrorKind::Disconnected, sentence).with_cause(error)
        }
    }
}
