//! `sasl.oauthbearer.*` and `sasl.login.*`: where bearer tokens come from, and when the next one is fetched.

use std::path::PathBuf;
use std::time::Duration;

use super::token_source::TokenSource;
use crate::Secret;

/// `sasl.oauthbearer.*` and `sasl.login.*`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct OAuthConfig {
    /// A source of tokens of the application's own; it stands before everything else here. Java loads a class by
    /// `sasl.login.callback.handler.class` for that.
    pub token_source: Option<TokenSource>,
    /// `sasl.login.callback.handler.class`.
    pub login_handler: OAuthLoginHandler,
    /// `sasl.oauthbearer.jwt.retriever.class`.
    pub jwt_retriever: JwtRetriever,
    /// `sasl.oauthbearer.token.endpoint.url`: where tokens are asked for; `file:///…` is a file that holds one.
    pub token_endpoint_url: Option<String>,
    /// `sasl.oauthbearer.client.credentials.client.id`, before the option `clientId` of the JAAS text.
    pub client_id: Option<String>,
    /// `sasl.oauthbearer.client.credentials.client.secret`, before the option `clientSecret` of the JAAS text.
    pub client_secret: Option<Secret>,
    /// `sasl.oauthbearer.scope`, before the option `scope` of the JAAS text.
    pub scope: Option<String>,
    /// `sasl.oauthbearer.header.urlencode`: whether id, secret and scope are URL-encoded, as RFC 6749 has it and many
    /// servers do not expect.
    pub header_urlencode: bool,
    /// `sasl.oauthbearer.assertion.*`.
    pub assertion: AssertionConfig,
    /// `sasl.oauthbearer.scope.claim.name`: the claim of a token that names its scopes.
    pub scope_claim_name: String,
    /// `sasl.oauthbearer.sub.claim.name`: the claim of a token that names its owner.
    pub sub_claim_name: String,
    /// `sasl.login.connect.timeout.ms`: how long the token endpoint may take to accept a connection. `None` waits for
    /// 10 s; Java waits for as long as the system does.
    pub login_connect_timeout: Option<Duration>,
    /// `sasl.login.read.timeout.ms`: how long the token endpoint may take to answer. `None` waits for 30 s; Java waits for
    /// ever.
    pub login_read_timeout: Option<Duration>,
    /// `sasl.login.retry.backoff.ms`: the wait before the token endpoint is asked again; it doubles with each attempt.
    pub login_retry_backoff: Duration,
    /// `sasl.login.retry.backoff.max.ms`: all those waits together take no longer, as in Java.
    pub login_retry_backoff_max: Duration,
    /// `sasl.login.refresh.window.factor`: after this share of its life a token is replaced.
    pub login_refresh_window_factor: f64,
    /// `sasl.login.refresh.window.jitter`: the share of its life by which that may come later.
    pub login_refresh_window_jitter: f64,
    /// `sasl.login.refresh.min.period.seconds`: the least time between two fetches, if the token lives long enough.
    pub login_refresh_min_period: Duration,
    /// `sasl.login.refresh.buffer.seconds`: the least time to the old token's end, if it lives long enough.
    pub login_refresh_buffer: Duration,
}

impl Default for OAuthConfig {
    fn default() -> Self {
        Self {
            token_source: None,
            login_handler: OAuthLoginHandler::default(),
            jwt_retriever: JwtRetriever::default(),
            token_endpoint_url: None,
            client_id: None,
            client_secret: None,
            scope: None,
            header_urlencode: false,
            assertion: AssertionConfig::default(),
            scope_claim_name: "scope".to_owned(),
            sub_claim_name: "sub".to_owned(),
            login_connect_timeout: None,
            login_read_timeout: None,
            login_retry_backoff: Duration::from_millis(100),
            login_retry_backoff_max: Duration::from_secs(10),
            login_refresh_window_factor: 0.8,
            login_refresh_window_jitter: 0.05,
            login_refresh_min_period: Duration::from_secs(60),
            login_refresh_buffer: Duration::from_secs(300),
        }
    }
}

/// `sasl.oauthbearer.assertion.*`: a JWT by which a client proves who it is instead of by a secret (KIP-1139).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct AssertionConfig {
    /// `….file`: a file with the signed assertion, read again for each token. It stands before all the others.
    pub file: Option<PathBuf>,
    /// `….algorithm`
    pub algorithm: AssertionAlgorithm,
    /// `….private.key.file`: the key that signs, PKCS#8: PEM, DER, or base64 alone as Java reads it.
    pub private_key_file: Option<PathBuf>,
    /// `….private.key.passphrase`
    pub private_key_passphrase: Option<Secret>,
    /// `….template.file`: JSON with a `header` and a `payload` to begin from.
    pub template_file: Option<PathBuf>,
    /// `….claim.aud`
    pub claim_aud: Option<String>,
    /// `….claim.iss`
    pub claim_iss: Option<String>,
    /// `….claim.sub`
    pub claim_sub: Option<String>,
    /// `….claim.exp.seconds`: how long an assertion is good for.
    pub claim_exp: Duration,
    /// `….claim.nbf.seconds`: for how long it has been, so that a clock behind ours accepts it.
    pub claim_nbf: Duration,
    /// `….claim.jti.include`: whether each assertion has an id of its own.
    pub claim_jti_include: bool,
}

impl Default for AssertionConfig {
    fn default() -> Self {
        Self {
            file: None,
            algorithm: AssertionAlgorithm::default(),
            private_key_file: None,
            private_key_passphrase: None,
            template_file: None,
            claim_aud: None,
            claim_iss: None,
            claim_sub: None,
            claim_exp: Duration::from_secs(300),
            claim_nbf: Duration::from_secs(60),
            claim_jti_include: false,
        }
    }
}

/// `sasl.oauthbearer.assertion.algorithm`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum AssertionAlgorithm {
    /// RSA (PKCS#1 v1.5) with SHA-256.
    #[default]
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
}

/// `sasl.login.callback.handler.class`: who fetches tokens, by the names of the classes that Java would load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OAuthLoginHandler {
    /// Not given: the token endpoint where there is one; otherwise tokens that nobody signed, as in Java.
    #[default]
    Unset,
    /// `OAuthBearerLoginCallbackHandler`: a token endpoint, or a file.
    TokenEndpoint,
    /// `OAuthBearerUnsecuredLoginCallbackHandler`: tokens made here that nobody signed, for tests.
    Unsecured,
    /// `IAMOAuthBearerLoginCallbackHandler` of Amazon MSK: a signed URL as a token.
    AwsMskIam,
}

/// `sasl.oauthbearer.jwt.retriever.class`: how a token is asked for, by the names of the classes that Java would load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum JwtRetriever {
    /// `DefaultJwtRetriever`: a file where the endpoint's URL begins with `file:`, else client credentials.
    #[default]
    Default,
    /// `ClientCredentialsJwtRetriever`: the grant `client_credentials`, with a secret or an assertion.
    ClientCredentials,
    /// `JwtBearerJwtRetriever`: the grant `jwt-bearer`, with an assertion.
    JwtBearer,
    /// `FileJwtRetriever`: the file that the endpoint's URL names.
    File,
}

impl AssertionAlgorithm {
    /// All, by their names (RFC 7518).
    pub const ALL: [(Self, &str); 2] = [(Self::Rs256, "RS256"), (Self::Es256, "ES256")];

    /// Its name (RFC 7518).
    pub fn name(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
        }
    }
}

impl OAuthLoginHandler {
    /// Those that Java's class names stand for; several names may stand for one.
    pub const CLASSES: [(Self, &str); 5] = [
        (Self::TokenEndpoint, "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler"),
        // Until Kafka 3.x.
        (
            Self::TokenEndpoint,
            "org.apache.kafka.common.security.oauthbearer.secured.OAuthBearerLoginCallbackHandler",
        ),
        (
            Self::Unsecured,
            "org.apache.kafka.common.security.oauthbearer.internals.unsecured.OAuthBearerUnsecuredLoginCallbackHandler",
        ),
        (Self::AwsMskIam, "software.amazon.msk.auth.iam.IAMOAuthBearerLoginCallbackHandler"),
        (Self::Unset, ""),
    ];

    /// The one that this class of Java's stands for.
    pub fn of_class(class: &str) -> Option<Self> {
        by_class(&Self::CLASSES, class)
    }
}

impl JwtRetriever {
    /// Those that Java's class names stand for.
    pub const CLASSES: [(Self, &str); 4] = [
        (Self::Default, "org.apache.kafka.common.security.oauthbearer.DefaultJwtRetriever"),
        (
            Self::ClientCredentials,
            "org.apache.kafka.common.security.oauthbearer.ClientCredentialsJwtRetriever",
        ),
        (Self::JwtBearer, "org.apache.kafka.common.security.oauthbearer.JwtBearerJwtRetriever"),
        (Self::File, "org.apache.kafka.common.security.oauthbearer.FileJwtRetriever"),
    ];

    /// The one that this class of Java's stands for.
    pub fn of_class(class: &str) -> Option<Self> {
        by_class(&Self::CLASSES, class)
    }
}

fn by_class<T: Copy>(classes: &[(T, &str)], class: &str) -> Option<T> {
    classes.iter().find(|(_, name)| *name == class.trim()).map(|(it, _)| *it)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn javas_class_names_say_who_fetches_tokens_and_how() {
        let package = "org.apache.kafka.common.security.oauthbearer";
        let handler = |class: &str| OAuthLoginHandler::of_class(class);
        assert_eq!(
            handler(&format!("{package}.OAuthBearerLoginCallbackHandler")),
            Some(OAuthLoginHandler::TokenEndpoint)
        );
        assert_eq!(handler("com.acme.OAuthBearerLoginCallbackHandler"), None);
        assert_eq!(handler(""), Some(OAuthLoginHandler::Unset));
        assert_eq!(
            JwtRetriever::of_class(&format!("{package}.JwtBearerJwtRetriever")),
            Some(JwtRetriever::JwtBearer)
        );
        assert_eq!(JwtRetriever::of_class(""), None);
    }
}
