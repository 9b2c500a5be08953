//! Asks a token endpoint, and asks again where that may help.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

use super::assertion::{AssertionClaims, AssertionKey, read_file};
use super::origin::Credential;
use super::token_request::{Grant, request, token};
use crate::clock_skew::ClockSkew;
use crate::config::{AssertionConfig, OAuthConfig, TlsConfig};
use crate::environment::Environment;
use crate::http::{Http, HttpLimits, HttpRequest, Url};
use crate::tls::provider;
use crate::{Error, ErrorKind, Secret};

/// A token endpoint, and how a client proves to it who it is.
#[derive(Debug)]
pub(super) struct TokenEndpoint {
    http: Http,
    url: Url,
    credential: Credential,
    scope: Option<String>,
    tls: TlsConfig,
    environment: Environment,
    retry_backoff: Duration,
    retry_backoff_max: Duration,
    /// Why the fetch on its way has no token yet.
    failure: Mutex<Option<Error>>,
    /// What its last answer told of its clock.
    clock_skew: watch::Sender<Option<ClockSkew>>,
}

impl TokenEndpoint {
    /// # Errors
    /// The trust store for the endpoint cannot be read.
    pub(super) fn new(
        (url, credential, scope): (Url, Credential, Option<String>),
        config: &OAuthConfig,
        tls: TlsConfig,
        environment: &Environment,
    ) -> Result<Self, Error> {
        let limits = HttpLimits {
            connect: config.login_connect_timeout.unwrap_or(CONNECT_TIMEOUT),
            read: config.login_read_timeout.unwrap_or(READ_TIMEOUT),
            body_bytes_max: BODY_BYTES_MAX,
        };
        Ok(Self {
            http: Http::new(&tls, limits, environment)?,
            url,
            credential,
            scope,
            tls,
            environment: environment.clone(),
            retry_backoff: config.login_retry_backoff,
            retry_backoff_max: config.login_retry_backoff_max,
            failure: Mutex::default(),
            clock_skew: watch::Sender::new(None),
        })
    }

    /// Asks for a token: again after failures that may pass, with doubling waits that together take
    /// `sasl.login.retry.backoff.max.ms`.
    ///
    /// # Errors
    /// The endpoint's refusal, or the last failure.
    pub(super) async fn fetch(&self) -> Result<Secret, Error> {
        self.fail(None);
        let ends = self.environment.clock().now() + self.retry_backoff_max;
        let mut wait = self.retry_backoff;
        loop {
            let error = match self.ask().await {
                Ok(token) => return Ok(token),
                Err(error) => error,
            };
            let left = ends.saturating_duration_since(self.environment.clock().now());
            let next = wait.min(left);
            if !error.is_retriable() || next.is_zero() {
                return Err(error);
            }
            tracing::warn!(%error, retry_in_ms = next.as_millis(), "no token yet");
            self.fail(Some(error));
            sleep(next).await;
            wait = wait.saturating_mul(2);
        }
    }

    /// Why the fetch on its way has no token yet.
    pub(super) fn failure(&self) -> Option<Error> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What its last answer told of its clock.
    pub(super) fn clock_skew(&self) -> Option<ClockSkew> {
        self.clock_skew.borrow().clone()
    }

    fn fail(&self, error: Option<Error>) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = error;
    }

    async fn ask(&self) -> Result<Secret, Error> {
        let request = self.request()?;
        let asked_ms = self.environment.clock().unix_ms();
        let answer = self.http.ask(&request).await?;
        if let Some(there_s) = answer.date_unix_s {
            let here_s = asked_ms.div_euclid(1000)..=self.environment.clock().unix_ms().div_euclid(1000);
            let whose = format!("the token endpoint {}", self.url);
            self.clock_skew.send_replace(Some(ClockSkew::of(whose, here_s, there_s)));
        }
        let mut secrets = vec![request.body.reveal()];
        let mut parts: Vec<&str> = Vec::new();
        match &self.credential {
            Credential::Secret { secret, .. } => secrets.push(secret.reveal().trim()),
            Credential::ClientAssertion { .. } | Credential::JwtBearer { .. } => {
                parts.extend(
                    request.body.reveal().split(['=', '&']).filter(|part| part.len() >= ASSERTION_BYTES_MIN),
                );
            }
        }
        let basic = request.headers.iter().filter(|(name, _)| *name == "Authorization");
        parts.extend(basic.filter_map(|(_, value)| value.reveal().strip_prefix("Basic ")));
        secrets.extend(parts);
        token(&answer, &secrets).map_err(|error| error.within(&self.url.to_string()))
    }

    fn request(&self) -> Result<HttpRequest, Error> {
        let scope = self.scope.as_deref();
        Ok(match &self.credential {
            Credential::Secret { id, secret, url_encoded } => {
                request(&self.url, &Grant::Secret { id, secret, url_encoded: *url_encoded }, scope)
            }
            Credential::ClientAssertion { id, assertion } => {
                let assertion = self.assertion(assertion)?;
                request(
                    &self.url,
                    &Grant::ClientAssertion { id: id.as_deref(), assertion: &assertion },
                    scope,
                )
            }
            Credential::JwtBearer { assertion } => {
                let assertion = self.assertion(assertion)?;
                request(&self.url, &Grant::JwtBearer { assertion: &assertion }, scope)
            }
        })
    }

    /// Files are read again for each token: keys are rotated while a client runs.
    fn assertion(&self, config: &AssertionConfig) -> Result<Secret, Error> {
        if let Some(path) = &config.file {
            let file = "sasl.oauthbearer.assertion.file";
            let text = String::from_utf8(read_file(file, path)?).unwrap_or_default();
            let text = text.trim();
            if text.is_empty() || !text.chars().all(|c| c.is_ascii_graphic() && !"=&".contains(c)) {
                let sentence = format!("{file} {}: it holds no JWT", path.display());
                return Err(Error::new(ErrorKind::Config, sentence));
            }
            return Ok(Secret::from(text));
        }
        let (key_file, template_file) =
            ("sasl.oauthbearer.assertion.private.key.file", "sasl.oauthbearer.assertion.template.file");
        let path = config.private_key_file.as_deref().unwrap_or("".as_ref());
        let wrong = |what: &str, path: &std::path::Path, why: &str| {
            Error::new(ErrorKind::Config, format!("{what} {}: {why}", path.display()))
        };
        let key = read_file(key_file, path)?;
        let key = AssertionKey::read(&key, config.private_key_passphrase.as_ref(), &*provider(&self.tls)?)
            .map_err(|why| wrong(key_file, path, &why))?;
        let path = config.template_file.as_deref();
        let template = path.map(|path| read_file(template_file, path)).transpose()?;
        let template = template.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        let (now, id) = (self.environment.clock().unix_ms(), self.jti()?);
        AssertionClaims::new(config, template.as_deref(), now, id)
            .map_err(|why| wrong(template_file, path.unwrap_or("".as_ref()), &why))?
            .sign(config.algorithm, &key)
    }

    /// A UUID of version 4.
    fn jti(&self) -> Result<String, Error> {
        let bits = u128::from_be_bytes(self.environment.random_bytes()?);
        let bits = bits & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
        let hex = format!("{bits:032x}");
        let parts = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]];
        Ok(parts.join("-"))
    }
}

impl fmt::Display for TokenEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.url, f)
    }
}

/// Where Java would wait for as long as the system does,
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// and for ever.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// A token is a few kilobytes.
const BODY_BYTES_MAX: usize = 64 << 10;
/// What is shorter in a request is no assertion.
const ASSERTION_BYTES_MIN: usize = 20;
