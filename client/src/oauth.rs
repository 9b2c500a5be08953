//! OAUTHBEARER (RFC 7628, KIP-255): a client logs in with a token that it fetched, and fetches the next before that ends.
//!
//! | where tokens come from | settings |
//! |---|---|
//! | an endpoint, by a secret or an assertion (KIP-768, KIP-1139) | `sasl.oauthbearer.token.endpoint.url` |
//! | a file | the same, beginning with `file:` |
//! | made here, signed by nobody | none of these, and `unsecuredLoginStringClaim_sub` in the JAAS text |
//! | the application | [`OAuthConfig::token_source`](crate::OAuthConfig::token_source) |
//! | Amazon MSK's signature | `sasl.login.callback.handler.class` of `aws-msk-iam-auth` |
//!
//! One task a client holds the token ([`Renewal`]); connections ask it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::timeout_at;

use crate::clock_skew::ClockSkew;
use crate::config::{Address, BearerToken, Config, OAuthConfig, TlsConfig};
use crate::environment::Environment;
use crate::sasl::mechanism::{Login, Mechanism, Starting};
use crate::{Error, ErrorKind, Secret, utc};

pub(crate) mod assertion;
mod endpoint;
mod extensions;
#[cfg(feature = "__hostile")]
pub mod hostile;
pub(crate) mod jwt;
mod origin;
pub(crate) mod refresh;
pub(crate) mod renewal;
mod token_request;
mod unsecured;

use endpoint::TokenEndpoint;
use origin::TokenOrigin;
use refresh::RefreshWindow;
use renewal::{Ending, Fetch, Renewal, wait_max};

/// The login of the settings. It reads trust stores, and connects to nothing.
///
/// # Errors
/// A setting is missing or wrong.
pub(crate) fn open(config: &Config, environment: &Environment) -> Result<Arc<dyn Login>, Error> {
    Ok(Arc::new(OAuthLogin::new(config, environment)?))
}

/// Logs in with the token that its task holds.
struct OAuthLogin {
    renewal: Renewal<BearerToken>,
    fetcher: Arc<TokenFetcher>,
    extensions: Vec<(String, String)>,
    /// The connection's own bound would only say that time ran out.
    wait_max: Duration,
    origin: String,
    environment: Environment,
}

impl OAuthLogin {
    fn new(config: &Config, environment: &Environment) -> Result<Self, Error> {
        let oauth = &config.sasl.oauth;
        let options = origin::options(config);
        let origin = TokenOrigin::of(config)?;
        let prefix =
            if matches!(origin, TokenOrigin::Unsecured) { "unsecuredLoginExtension_" } else { "extension_" };
        let extensions = extensions::of_options(options, prefix)?;
        if let TokenOrigin::Unsecured = origin {
            // A setting that is missing is told at once, and not by the first connection.
            unsecured::token(options, environment.clock().unix_ms())?;
        }
        let told = told(&origin);
        let fetcher = Arc::new(TokenFetcher::new(origin, config, environment)?);
        let asked = Arc::clone(&fetcher);
        let fetch: Fetch<BearerToken> = Arc::new(move || {
            let fetcher = Arc::clone(&asked);
            Box::pin(async move {
                fetcher.fetch().await.map_err(|error| error.within("no token for OAUTHBEARER"))
            })
        });
        Ok(Self {
            renewal: Renewal::new("an OAUTHBEARER token", fetch, RefreshWindow::of(oauth), environment),
            fetcher,
            extensions,
            wait_max: wait_max(config),
            origin: told,
            environment: environment.clone(),
        })
    }

    async fn mechanism(&self) -> Result<Box<dyn Mechanism>, Error> {
        let deadline = self.environment.clock().now() + self.wait_max;
        let token = timeout_at(deadline.into(), self.renewal.current()).await.map_err(|_| self.late())??;
        let mut extensions = token.extensions.clone();
        extensions.extend(
            self.extensions
                .iter()
                .filter(|(name, _)| !token.extensions.iter().any(|it| it.0 == *name))
                .cloned(),
        );
        crate::sasl::oauth_bearer::begin(&token.value, extensions)
    }

    /// The fetch goes on, and the next connection may have its token.
    fn late(&self) -> Error {
        let why = match self.fetcher.failure() {
            Some(failure) => format!("{failure}; it is asked again"),
            None => format!("{} has not answered; it is still waited for", self.origin),
        };
        let waited = self.wait_max.as_millis();
        Error::new(ErrorKind::Timeout, format!("no token for OAUTHBEARER within {waited} ms: {why}"))
    }
}

impl Login for OAuthLogin {
    fn start<'a>(&'a self, _: &'a Address) -> Starting<'a> {
        Box::pin(self.mechanism())
    }

    fn clock_skew(&self) -> Option<ClockSkew> {
        self.fetcher.clock_skew()
    }
}

impl fmt::Debug for OAuthLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuthLogin").field("origin", &self.origin).finish_non_exhaustive()
    }
}

impl Ending for BearerToken {
    fn starts_unix_ms(&self) -> Option<i64> {
        self.starts_unix_ms
    }

    fn ends_unix_ms(&self) -> Option<i64> {
        self.expires_unix_ms
    }
}

/// Fetches tokens, and checks them.
struct TokenFetcher {
    source: OpenOrigin,
    scope_claim: String,
    sub_claim: String,
    environment: Environment,
}

/// A [`TokenOrigin`] that can be asked.
#[allow(clippy::large_enum_variant, reason = "a client has one")]
enum OpenOrigin {
    Endpoint(TokenEndpoint),
    #[cfg(feature = "msk-iam")]
    AwsMskIam(crate::msk_iam::AwsSigner),
    Other(TokenOrigin, Vec<(String, Secret)>),
}

impl TokenFetcher {
    fn new(origin: TokenOrigin, config: &Config, environment: &Environment) -> Result<Self, Error> {
        let options = origin::options(config);
        let source = match origin {
            TokenOrigin::Endpoint { url, credential, scope } => {
                let tls = endpoint_tls(config, options)?;
                let endpoint =
                    TokenEndpoint::new((url, credential, scope), &config.sasl.oauth, tls, environment)?;
                OpenOrigin::Endpoint(endpoint)
            }
            #[cfg(feature = "msk-iam")]
            TokenOrigin::AwsMskIam => {
                let signer = crate::msk_iam::AwsSigner::of_options(options, config, environment)?;
                OpenOrigin::AwsMskIam(signer)
            }
            other => OpenOrigin::Other(other, options.to_vec()),
        };
        let OAuthConfig { scope_claim_name, sub_claim_name, .. } = &config.sasl.oauth;
        Ok(Self {
            source,
            scope_claim: scope_claim_name.clone(),
            sub_claim: sub_claim_name.clone(),
            environment: environment.clone(),
        })
    }

    /// Why the fetch on its way has no token yet, if something went wrong.
    fn failure(&self) -> Option<Error> {
        match &self.source {
            OpenOrigin::Endpoint(endpoint) => endpoint.failure(),
            _ => None,
        }
    }

    /// What the endpoint told of its clock, if tokens come from one.
    fn clock_skew(&self) -> Option<ClockSkew> {
        match &self.source {
            OpenOrigin::Endpoint(endpoint) => endpoint.clock_skew(),
            _ => None,
        }
    }

    async fn fetch(&self) -> Result<BearerToken, Error> {
        let token = match &self.source {
            OpenOrigin::Endpoint(endpoint) => {
                let value = endpoint.fetch().await?;
                self.read(value).map_err(|error| error.within(&endpoint.to_string()))?
            }
            #[cfg(feature = "msk-iam")]
            OpenOrigin::AwsMskIam(signer) => signer.token().await?,
            OpenOrigin::Other(TokenOrigin::File(path), _) => {
                let what = "the token file";
                let text = String::from_utf8_lossy(&assertion::read_file(what, path)?).trim().to_owned();
                self.read(Secret::from(text))
                    .map_err(|error| error.within(&format!("{what} {}", path.display())))?
            }
            OpenOrigin::Other(TokenOrigin::Application(source), _) => {
                source.fetch().await.map_err(|error| {
                    Error::new(
                        ErrorKind::Authentication,
                        format!("the application's source of tokens: {error}"),
                    )
                })?
            }
            OpenOrigin::Other(_, options) => unsecured::token(options, self.environment.clock().unix_ms())?,
        };
        self.check(token)
    }

    /// As Java's validator reads a token.
    fn read(&self, value: Secret) -> Result<BearerToken, Error> {
        let claims = jwt::claims(value.reveal(), &self.scope_claim, &self.sub_claim)
            .map_err(|what| Error::new(ErrorKind::Protocol, format!("the token cannot be used: {what}")))?;
        Ok(BearerToken {
            principal: Some(claims.principal),
            starts_unix_ms: claims.starts_unix_ms,
            expires_unix_ms: Some(claims.ends_unix_ms),
            ..BearerToken::new(value)
        })
    }

    /// What no broker takes is not sent.
    fn check(&self, token: BearerToken) -> Result<BearerToken, Error> {
        let refused = |sentence: String| Err(Error::new(ErrorKind::Authentication, sentence));
        let now = self.environment.clock().unix_ms();
        if let Some(ends) = token.expires_unix_ms.filter(|ends| *ends <= now) {
            return refused(format!(
                "the token ended at {}, {} s before it came, as this machine's clock says ({}): is that right?",
                utc::iso(ends),
                now.saturating_sub(ends) / 1000,
                utc::iso(now)
            ));
        }
        // RFC 6750 2.1.
        let sendable = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
        if token.value.is_empty() || !token.value.reveal().chars().all(sendable) {
            return refused("the token is empty, or holds what no token may: it is not base64".to_owned());
        }
        if let Err(sentence) = extensions::check(&token.extensions) {
            return refused(sentence);
        }
        Ok(token)
    }
}

/// Whom a client trusts as its token endpoint: the options `ssl.…` of the JAAS text, as in Java, else the system's
/// authorities; never what is configured for brokers.
fn endpoint_tls(config: &Config, options: &[(String, Secret)]) -> Result<TlsConfig, Error> {
    let pairs = options.iter().filter(|(name, _)| name.starts_with("ssl."));
    let pairs: Vec<_> = pairs.map(|(name, value)| (name.as_str(), value.reveal())).collect();
    let system = config.tls.of_system();
    if pairs.is_empty() {
        return Ok(system);
    }
    let (parsed, _) = Config::from_properties(pairs, crate::Role::Any).map_err(|error| {
        error.within("the options ssl.… in sasl.jaas.config, which are for the token endpoint")
    })?;
    Ok(TlsConfig { provider: system.provider, ..parsed.tls })
}

/// Whom errors name.
fn told(origin: &TokenOrigin) -> String {
    match origin {
        TokenOrigin::Application(_) => "the application's source of tokens".to_owned(),
        TokenOrigin::File(path) => format!("the token file {}", path.display()),
        TokenOrigin::Endpoint { url, .. } => url.to_string(),
        TokenOrigin::Unsecured => "nobody".to_owned(),
        #[cfg(feature = "msk-iam")]
        TokenOrigin::AwsMskIam => "Amazon's sources of credentials".to_owned(),
    }
}

#[cfg(test)]
mod tests;
