//! What a token endpoint is asked, and what its answer means: bytes as Java's client writes them (KIP-768, KIP-1139).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::http::{Answer, HttpRequest, Url, form_encoded};
use crate::{Error, ErrorKind, Secret};

/// By what a client gets a token.
pub(super) enum Grant<'a> {
    /// `client_credentials` with a secret.
    Secret { id: &'a str, secret: &'a Secret, url_encoded: bool },
    /// `client_credentials` with an assertion.
    ClientAssertion { id: Option<&'a str>, assertion: &'a Secret },
    /// `jwt-bearer`.
    JwtBearer { assertion: &'a Secret },
}

/// The request for a token.
pub(super) fn request(url: &Url, grant: &Grant<'_>, scope: Option<&str>) -> HttpRequest {
    let scope = scope.map(str::trim).filter(|scope| !scope.is_empty());
    let mut headers = vec![
        ("Accept", Secret::from("application/json")),
        ("Cache-Control", Secret::from("no-cache")),
        ("Content-Type", Secret::from("application/x-www-form-urlencoded")),
    ];
    let body = match grant {
        Grant::Secret { id, secret, url_encoded } => {
            headers.push(("Authorization", basic(id, secret, *url_encoded)));
            // Java writes the scope as it stands unless told to encode.
            let scope = scope.map(|it| if *url_encoded { form_encoded(it) } else { it.to_owned() });
            with_scope("grant_type=client_credentials".to_owned(), scope)
        }
        Grant::ClientAssertion { id, assertion } => {
            let id =
                id.filter(|id| !id.trim().is_empty()).map(|id| format!("&client_id={}", form_encoded(id)));
            let body = format!(
                "client_assertion_type={CLIENT_ASSERTION_TYPE}&client_assertion={}&grant_type=client_credentials{}",
                assertion.reveal(),
                id.unwrap_or_default()
            );
            with_scope(body, scope.map(form_encoded))
        }
        Grant::JwtBearer { assertion } => {
            let body = format!("grant_type={JWT_BEARER}&assertion={}", form_encoded(assertion.reveal()));
            with_scope(body, scope.map(form_encoded))
        }
    };
    HttpRequest { method: "POST", url: url.clone(), headers, body: Secret::from(body) }
}

fn with_scope(body: String, scope: Option<String>) -> String {
    match scope {
        Some(scope) => format!("{body}&scope={scope}"),
        None => body,
    }
}

fn basic(id: &str, secret: &Secret, url_encoded: bool) -> Secret {
    let (id, secret) = (id.trim(), secret.reveal().trim());
    let pair = match url_encoded {
        true => format!("{}:{}", form_encoded(id), form_encoded(secret)),
        false => format!("{id}:{secret}"),
    };
    Secret::from(format!("Basic {}", STANDARD.encode(pair)))
}

/// The token in an endpoint's answer. What it says against the client is quoted, without the secrets of the request.
///
/// # Errors
/// The endpoint refused, or gave something else. The sentence ends one that begins with the URL.
pub(super) fn token(answer: &Answer, secrets: &[&str]) -> Result<Secret, Error> {
    if !answer.is_success() {
        let kind = if answer.is_temporary() { ErrorKind::Unreachable } else { ErrorKind::Authentication };
        let sentence = match refusal(answer, secrets) {
            Some(words) => format!("it refused ({}): {words}", answer.status),
            None => match answer.json() {
                Ok(_) => format!("it refused ({}) and said nothing that OAuth knows", answer.status),
                Err(what) => format!("it refused ({}): {what}", answer.status),
            },
        };
        return Err(Error::new(kind, sentence));
    }
    let json = answer.json().map_err(|what| Error::new(ErrorKind::Protocol, what))?;
    let text = |name: &str| Some(json.get(name)?.as_str()?.trim()).filter(|token| !token.is_empty());
    text("access_token").or_else(|| text("id_token")).map(Secret::from).ok_or_else(|| {
        let sentence = match refusal(answer, secrets) {
            Some(words) => format!("it refused ({}): {words}", answer.status),
            None => format!("its answer has no access_token{}", fields(&json)),
        };
        Error::new(ErrorKind::Protocol, sentence)
    })
}

/// `invalid_client - the secret is wrong`: RFC 6749 5.2, and Okta's form.
fn refusal(answer: &Answer, secrets: &[&str]) -> Option<String> {
    let json = answer.json().ok()?;
    let text = |name: &str| Some(words(json.get(name)?.as_str()?, secrets)).filter(|text| !text.is_empty());
    let (code, description) = match text("error") {
        Some(code) => (code, text("error_description")),
        None => (text("errorCode")?, text("errorSummary")),
    };
    Some(match description {
        Some(description) => format!("{code} - {description}"),
        None => code,
    })
}

/// A server's text in one line, without the secrets that it may repeat, and no longer than is read.
fn words(text: &str, secrets: &[&str]) -> String {
    let mut text = text.to_owned();
    for secret in secrets.iter().filter(|secret| !secret.is_empty()) {
        text = text.replace(secret, "***");
    }
    let mut words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|it| !it.is_empty());
    let mut line = words.next().unwrap_or_default().to_owned();
    for word in words {
        line.push(' ');
        line.push_str(word);
    }
    match line.char_indices().nth(QUOTED_CHARS_MAX) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line.trim_end_matches(['.', ':']).to_owned(),
    }
}

/// The names of an answer's fields, which say what else it may be; never their values.
fn fields(json: &Value) -> String {
    let Some(object) = json.as_object() else { return ": it is no JSON object".to_owned() };
    let names: Vec<String> = object.keys().take(FIELDS_MAX).map(|name| words(name, &[])).collect();
    match names.is_empty() {
        true => ": it is empty".to_owned(),
        false => format!(", only {}", names.join(", ")),
    }
}

const CLIENT_ASSERTION_TYPE: &str = "urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer";
const JWT_BEARER: &str = "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer";
const QUOTED_CHARS_MAX: usize = 300;
const FIELDS_MAX: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;

    fn url() -> Url {
        Url::parse("https://idp.example/token").unwrap()
    }

    fn header<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
        request.headers.iter().find(|(it, _)| *it == name).map(|(_, value)| value.reveal())
    }

    /// Expected by Java 4.4's `ClientSecretRequestFormatter`.
    #[test]
    fn a_secret_is_sent_as_java_sends_it() {
        let secret = Secret::from("se cret+&=ü%");
        let of = |url_encoded| {
            let grant = Grant::Secret { id: " client:a/b ", secret: &secret, url_encoded };
            request(&url(), &grant, Some(" kafka.read kafka/write "))
        };
        let plain = of(false);
        assert_eq!(plain.body.reveal(), "grant_type=client_credentials&scope=kafka.read kafka/write");
        assert_eq!(header(&plain, "Authorization"), Some("Basic Y2xpZW50OmEvYjpzZSBjcmV0KyY9w7wl"));
        assert_eq!(header(&plain, "Accept"), Some("application/json"));
        assert_eq!(header(&plain, "Cache-Control"), Some("no-cache"));
        assert_eq!(header(&plain, "Content-Type"), Some("application/x-www-form-urlencoded"));
        let encoded = of(true);
        assert_eq!(encoded.body.reveal(), "grant_type=client_credentials&scope=kafka.read+kafka%2Fwrite");
        assert_eq!(
            header(&encoded, "Authorization"),
            Some("Basic Y2xpZW50JTNBYSUyRmI6c2UrY3JldCUyQiUyNiUzRCVDMyVCQyUyNQ==")
        );
    }

    /// Expected by Java 4.4's `ClientAssertionRequestFormatter` and `JwtBearerRequestFormatter`.
    #[test]
    fn an_assertion_is_sent_as_java_sends_it() {
        let assertion = Secret::from("h.p.s");
        let grant = Grant::ClientAssertion { id: Some("cli"), assertion: &assertion };
        let client = request(&url(), &grant, Some("a b/c"));
        assert_eq!(
            client.body.reveal(),
            "client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer\
             &client_assertion=h.p.s&grant_type=client_credentials&client_id=cli&scope=a+b%2Fc"
        );
        assert_eq!(header(&client, "Authorization"), None);
        let bearer = request(&url(), &Grant::JwtBearer { assertion: &assertion }, Some("a b/c"));
        assert_eq!(
            bearer.body.reveal(),
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=h.p.s&scope=a+b%2Fc"
        );
    }

    fn answered(status: u16, body: &str) -> Result<Secret, Error> {
        let answer =
            Answer { status, content_type: None, location: None, date_unix_s: None, body: body.into() };
        token(&answer, &["hush"])
    }

    #[test]
    fn a_token_is_taken_from_where_java_takes_it() {
        assert_eq!(
            answered(200, r#"{"access_token":" a.b.c\n","expires_in":3600}"#).unwrap().reveal(),
            "a.b.c"
        );
        assert_eq!(answered(201, r#"{"access_token":" ","id_token":"d.e.f"}"#).unwrap().reveal(), "d.e.f");
    }

    #[test]
    fn a_refusal_is_quoted_without_secrets_in_one_line() {
        for (status, body, kind, text) in [
            (
                401,
                r#"{"error":"invalid_client","error_description":"AADSTS7000215: hush\r\n is wrong."}"#,
                ErrorKind::Authentication,
                "it refused (401): invalid_client - AADSTS7000215: *** is wrong",
            ),
            (
                400,
                r#"{"error":"invalid_scope"}"#,
                ErrorKind::Authentication,
                "it refused (400): invalid_scope",
            ),
            (
                400,
                r#"{"errorCode":"E1","errorSummary":"No such app"}"#,
                ErrorKind::Authentication,
                "it refused (400): E1 - No such app",
            ),
            (403, "{}", ErrorKind::Authentication, "it refused (403) and said nothing that OAuth knows"),
            (503, "", ErrorKind::Unreachable, "it refused (503): its answer (503) is empty"),
            (
                200,
                r#"{"token":"hush","token_type":"x"}"#,
                ErrorKind::Protocol,
                "its answer has no access_token, only token, token_type",
            ),
            (200, "[]", ErrorKind::Protocol, "its answer has no access_token: it is no JSON object"),
            (200, r#"{"error":"server_error"}"#, ErrorKind::Protocol, "it refused (200): server_error"),
        ] {
            let error = answered(status, body).unwrap_err();
            assert_eq!((error.kind(), error.to_string().as_str()), (kind, text), "{body}");
        }
        let long = format!(r#"{{"error":"e","error_description":"{}"}}"#, "ö ".repeat(5000));
        assert!(answered(400, &long).unwrap_err().to_string().chars().count() < 400);
    }
}
