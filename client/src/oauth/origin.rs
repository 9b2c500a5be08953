//! Where a client's tokens come from: the settings, read once.

use std::path::PathBuf;

use crate::config::{
    AssertionConfig, Config, JwtRetriever, LoginModule, OAuthConfig, OAuthLoginHandler, TokenSource,
};
use crate::http::Url;
use crate::{Error, ErrorKind, Secret};

/// Where tokens come from.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "a client has one, while it opens")]
pub(super) enum TokenOrigin {
    /// The application brings them.
    Application(TokenSource),
    /// A file holds one.
    File(PathBuf),
    /// An endpoint gives them.
    Endpoint { url: Url, credential: Credential, scope: Option<String> },
    /// They are made here, and nobody signs them.
    Unsecured,
    /// Amazon's signature is one.
    #[cfg(feature = "msk-iam")]
    AwsMskIam,
}

/// How a client proves to a token endpoint who it is.
#[derive(Debug)]
pub(super) enum Credential {
    /// By a secret.
    Secret { id: String, secret: Secret, url_encoded: bool },
    /// By an assertion, in the grant `client_credentials`.
    ClientAssertion { id: Option<String>, assertion: AssertionConfig },
    /// By an assertion, which is the grant.
    JwtBearer { assertion: AssertionConfig },
}

/// The options of the JAAS text.
pub(super) fn options(config: &Config) -> &[(String, Secret)] {
    match &config.sasl.login {
        Some(LoginModule::OAuthBearer { options }) => options,
        _ => &[],
    }
}

impl TokenOrigin {
    /// The one that the settings ask for.
    ///
    /// # Errors
    /// One is missing, or wrong; the sentence names it.
    pub(super) fn of(config: &Config) -> Result<Self, Error> {
        let (oauth, options) = (&config.sasl.oauth, options(config));
        if let Some(source) = &oauth.token_source {
            return Ok(Self::Application(source.clone()));
        }
        if let Some(login) = &config.sasl.login
            && !matches!(login, LoginModule::OAuthBearer { .. })
        {
            let sentence = "property sasl.jaas.config is for another mechanism than sasl.mechanism, which is OAUTHBEARER: \
                            that needs org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;";
            return Err(wrong(sentence));
        }
        match (oauth.login_handler, &oauth.token_endpoint_url) {
            (OAuthLoginHandler::AwsMskIam, _) => aws_msk_iam(),
            (OAuthLoginHandler::Unsecured, _) | (OAuthLoginHandler::Unset, None) => Ok(Self::Unsecured),
            (OAuthLoginHandler::TokenEndpoint | OAuthLoginHandler::Unset, Some(url)) => {
                Self::of_url(url.trim(), oauth, options)
            }
            (OAuthLoginHandler::TokenEndpoint, None) => Err(wrong(
                "property sasl.oauthbearer.token.endpoint.url is missing: OAUTHBEARER's tokens are asked for there",
            )),
        }
    }

    fn of_url(url: &str, oauth: &OAuthConfig, options: &[(String, Secret)]) -> Result<Self, Error> {
        let file = url.get(..5).is_some_and(|scheme| scheme.eq_ignore_ascii_case("file:")).then(|| &url[5..]);
        match (oauth.jwt_retriever, file) {
            (JwtRetriever::Default | JwtRetriever::File, Some(path)) => {
                // file:///path, file://localhost/path and file:/path are one.
                let path = path
                    .strip_prefix("//")
                    .map_or(path, |rest| rest.strip_prefix("localhost").unwrap_or(rest));
                Ok(Self::File(PathBuf::from(path)))
            }
            (JwtRetriever::File, None) => Err(wrong(
                "property sasl.oauthbearer.token.endpoint.url names no file (file:///…), which FileJwtRetriever reads",
            )),
            (retriever, _) => {
                let url = Url::parse(url).map_err(|why| {
                    wrong(format!(
                        "property sasl.oauthbearer.token.endpoint.url is no URL of a token endpoint: {why}"
                    ))
                })?;
                let credential = Credential::of(retriever, oauth, options)?;
                let scope = oauth.scope.clone().or_else(|| text(options, "scope"));
                Ok(Self::Endpoint { url, credential, scope })
            }
        }
    }
}

impl Credential {
    fn of(retriever: JwtRetriever, oauth: &OAuthConfig, options: &[(String, Secret)]) -> Result<Self, Error> {
        let assertion = oauth.assertion.clone();
        let id = oauth.client_id.clone().or_else(|| text(options, "clientId"));
        let asserts = assertion.file.is_some() || assertion.claim_iss.is_some();
        if retriever == JwtRetriever::JwtBearer || asserts {
            if assertion.file.is_none() && assertion.private_key_file.is_none() {
                return Err(wrong(
                    "an assertion is wanted, and there is none: set sasl.oauthbearer.assertion.private.key.file to \
                     the key that signs it, or sasl.oauthbearer.assertion.file to a signed one",
                ));
            }
            return Ok(match retriever {
                JwtRetriever::JwtBearer => Self::JwtBearer { assertion },
                _ => Self::ClientAssertion { id, assertion },
            });
        }
        let secret = oauth.client_secret.clone().or_else(|| option(options, "clientSecret").cloned());
        let id = id.filter(|id| !id.trim().is_empty());
        let secret = secret.filter(|secret| !secret.reveal().trim().is_empty());
        match (id, secret) {
            (Some(id), Some(secret)) => Ok(Self::Secret { id, secret, url_encoded: oauth.header_urlencode }),
            (None, _) => Err(missing("sasl.oauthbearer.client.credentials.client.id", "clientId")),
            (_, None) => Err(missing("sasl.oauthbearer.client.credentials.client.secret", "clientSecret")),
        }
    }
}

#[cfg(feature = "msk-iam")]
fn aws_msk_iam() -> Result<TokenOrigin, Error> {
    Ok(TokenOrigin::AwsMskIam)
}

#[cfg(not(feature = "msk-iam"))]
fn aws_msk_iam() -> Result<TokenOrigin, Error> {
    Err(wrong(
        "property sasl.login.callback.handler.class is Amazon MSK's, which this program was built without: it needs the \
         feature `msk-iam` of upsert-kafka-client",
    ))
}

fn option<'a>(options: &'a [(String, Secret)], name: &str) -> Option<&'a Secret> {
    options.iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

fn text(options: &[(String, Secret)], name: &str) -> Option<String> {
    option(options, name).map(|value| value.reveal().to_owned())
}

fn missing(key: &str, option: &str) -> Error {
    wrong(format!("OAUTHBEARER needs {key}, or {option} in sasl.jaas.config"))
}

fn wrong(sentence: impl Into<String>) -> Error {
    Error::new(ErrorKind::Config, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(options: &[(&str, &str)], set: impl FnOnce(&mut OAuthConfig)) -> Result<TokenOrigin, Error> {
        let options =
            options.iter().map(|(name, value)| ((*name).to_owned(), Secret::from(*value))).collect();
        TokenOrigin::of(&Config::default().with(|it| {
            it.sasl.login = Some(LoginModule::OAuthBearer { options });
            set(&mut it.sasl.oauth);
        }))
    }

    fn endpoint(oauth: &mut OAuthConfig) {
        oauth.token_endpoint_url = Some("https://idp.example/token".to_owned());
    }

    #[test]
    fn keys_come_before_options_of_the_jaas_text() {
        let options = [("clientId", "jaas-id"), ("clientSecret", "jaas-secret"), ("scope", "jaas-scope")];
        let origin = with(&options, endpoint).unwrap();
        let TokenOrigin::Endpoint { credential: Credential::Secret { id, secret, .. }, scope, url } = origin
        else {
            panic!("{origin:?}")
        };
        assert_eq!(
            (id.as_str(), secret.reveal(), scope.as_deref()),
            ("jaas-id", "jaas-secret", Some("jaas-scope"))
        );
        assert_eq!(url.to_string(), "https://idp.example/token");
        let origin = with(&options, |it| {
            endpoint(it);
            it.client_id = Some("id".to_owned());
            it.client_secret = Some("secret".into());
            it.scope = Some("scope".to_owned());
            it.header_urlencode = true;
        });
        let Ok(TokenOrigin::Endpoint {
            credential: Credential::Secret { id, secret, url_encoded },
            scope,
            ..
        }) = origin
        else {
            panic!("{origin:?}")
        };
        assert_eq!((id.as_str(), secret.reveal(), scope.as_deref()), ("id", "secret", Some("scope")));
        assert!(url_encoded);
    }

    #[test]
    fn a_file_is_one_in_each_of_its_forms() {
        for url in ["file:///run/token", "file:/run/token", "FILE://localhost/run/token"] {
            let origin = with(&[], |it| it.token_endpoint_url = Some(url.to_owned())).unwrap();
            assert!(
                matches!(&origin, TokenOrigin::File(path) if path.as_os_str() == "/run/token"),
                "{url}: {origin:?}"
            );
        }
    }

    #[test]
    fn an_assertion_comes_before_a_secret_and_the_retriever_decides_its_grant() {
        let asserting = |it: &mut OAuthConfig| {
            endpoint(it);
            it.assertion.claim_iss = Some("me".to_owned());
            it.assertion.private_key_file = Some("/key".into());
        };
        let origin = with(&[("clientId", "id"), ("clientSecret", "secret")], asserting).unwrap();
        assert!(matches!(
            origin,
            TokenOrigin::Endpoint { credential: Credential::ClientAssertion { .. }, .. }
        ));
        let origin = with(&[], |it| {
            asserting(it);
            it.jwt_retriever = JwtRetriever::JwtBearer;
        });
        assert!(matches!(origin, Ok(TokenOrigin::Endpoint { credential: Credential::JwtBearer { .. }, .. })));
    }

    #[test]
    fn what_is_missing_is_named() {
        let error =
            |options: &[(&str, &str)], set: fn(&mut OAuthConfig)| with(options, set).unwrap_err().to_string();
        assert!(
            error(&[], endpoint).contains("client.credentials.client.id, or clientId in sasl.jaas.config")
        );
        let text = error(&[("clientId", "id"), ("clientSecret", " ")], endpoint);
        assert!(text.contains("client.credentials.client.secret, or clientSecret in sasl.jaas.config"));
        let text = error(&[], |it| it.login_handler = OAuthLoginHandler::TokenEndpoint);
        assert!(text.contains("sasl.oauthbearer.token.endpoint.url is missing"));
        let text = error(&[], |it| it.token_endpoint_url = Some("idp.example".to_owned()));
        assert!(
            text.contains(
                "token.endpoint.url is no URL of a token endpoint: it does not begin with https://"
            )
        );
        let text = error(&[], |it| {
            endpoint(it);
            it.jwt_retriever = JwtRetriever::JwtBearer;
        });
        assert!(
            text.contains("assertion.private.key.file") && text.contains("sasl.oauthbearer.assertion.file")
        );
        let other = Config::default().with(|it| {
            it.sasl.login = Some(LoginModule::Plain { username: "a".to_owned(), password: "hush".into() });
        });
        let text = TokenOrigin::of(&other).unwrap_err().to_string();
        assert!(
            text.contains("sasl.jaas.config is for another mechanism") && !text.contains("hush"),
            "{text}"
        );
    }

    #[test]
    fn without_an_endpoint_nobody_signs_as_in_java() {
        assert!(matches!(with(&[], |_| ()), Ok(TokenOrigin::Unsecured)));
        let unsecured = with(&[], |it| {
            endpoint(it);
            it.login_handler = OAuthLoginHandler::Unsecured;
        });
        assert!(matches!(unsecured, Ok(TokenOrigin::Unsecured)));
    }
}
