//! Token endpoints, files and sources, good and bad: what is asked, and the error that a user sees.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::json;
use tokio::runtime::Builder;

use super::jwt::base64url;
use super::*;
use crate::config::{JwtRetriever, LoginModule, TokenSource};
use crate::heard;
use crate::http_server::{HttpRequests, Served, environment, environment_in_tls};

/// 2026-11-29T12:34:56Z
const NOW: i64 = 1_795_955_696_000;
const SECRET: &str = "hush-secret";
const JSON: &str = "application/json";

fn jwt(owner: &str, ends_in_s: i64) -> String {
    let claims = json!({"sub": owner, "iat": NOW / 1000, "exp": NOW / 1000 + ends_in_s});
    format!("{}.{}.c2ln", base64url(r#"{"alg":"RS256"}"#), base64url(claims.to_string()))
}

fn token_answer(owner: &str) -> Served {
    Served::Answer(200, JSON, json!({"access_token": jwt(owner, 3600), "expires_in": 3600}).to_string())
}

/// Client credentials at `http://HOST/token`.
fn config(host: &str) -> Config {
    Config::default().with(|it| {
        let oauth = &mut it.sasl.oauth;
        oauth.token_endpoint_url = Some(format!("http://{host}/token?tenant=7"));
        oauth.client_id = Some("orders".to_owned());
        oauth.client_secret = Some(SECRET.into());
        oauth.scope = Some("kafka".to_owned());
    })
}

fn broker() -> Address {
    "broker:9092".parse().unwrap()
}

/// The first message of a login.
async fn first_words(login: &Arc<dyn Login>) -> Result<String, Error> {
    let mut mechanism = login.start(&broker()).await?;
    Ok(String::from_utf8(mechanism.initial()?).unwrap())
}

/// The error of a login in paused time, and what was asked. Neither it nor the log shows a secret.
fn failure(
    config: &Config,
    serve: impl Fn(usize) -> Served + Send + Sync + 'static,
) -> (Error, HttpRequests) {
    let mut found = None;
    let lines = heard::lines(|| {
        let runtime = Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        found = Some(runtime.block_on(async {
            let (environment, asked) = environment(NOW, move |before, _, _| serve(before));
            let login = open(config, &environment).unwrap();
            let error = first_words(&login).await.expect_err("no login");
            assert!(!format!("{login:?}").contains("hush"), "{login:?}");
            (error, asked)
        }));
    });
    let (error, asked) = found.unwrap();
    for text in lines.iter().cloned().chain([error.to_string(), format!("{error:?} {config:?}")]) {
        for secret in ["hush", "b3JkZXJzOmh1c2gtc2VjcmV0"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
    (error, asked)
}

fn answered(status: u16, content_type: &'static str, body: &str) -> (Error, HttpRequests) {
    let body = body.to_owned();
    failure(&config("idp.example"), move |_| Served::Answer(status, content_type, body.clone()))
}

fn says(error: &Error, kind: ErrorKind, text: &str) {
    assert!(error.to_string().contains(text), "{error}");
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.to_string().starts_with("no token for OAUTHBEARER"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_token_is_asked_for_once_for_all_connections_and_sent_to_the_broker() {
    let (environment, asked) = environment(NOW, |_, _, _| token_answer("alice"));
    let config = config("idp.example").with(|it| {
        let options = vec![("extension_pool".to_owned(), "p1".into())];
        it.sasl.login = Some(LoginModule::OAuthBearer { options });
    });
    let login = open(&config, &environment).unwrap();
    let logins: Vec<_> = (0..20)
        .map(|_| {
            let login = Arc::clone(&login);
            tokio::spawn(async move { first_words(&login).await.unwrap() })
        })
        .collect();
    for login in logins {
        let expected = format!("n,,\x01pool=p1\x01auth=Bearer {}\x01\x01", jwt("alice", 3600));
        assert_eq!(login.await.unwrap(), expected);
    }
    let all = asked.all();
    assert_eq!(all.len(), 1);
    let (address, request) = &all[0];
    assert_eq!(address.to_string(), "idp.example:80");
    assert!(request.starts_with("POST /token?tenant=7 HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("host: idp.example\r\n"), "{request}");
    assert!(request.contains("authorization: Basic b3JkZXJzOmh1c2gtc2VjcmV0\r\n"), "{request}");
    assert!(request.ends_with("\r\n\r\ngrant_type=client_credentials&scope=kafka"), "{request}");
}

#[tokio::test(start_paused = true)]
async fn a_token_is_replaced_before_its_end() {
    let (environment, asked) = environment(NOW, |before, _, _| {
        let ends_in_s = 3600 * (1 + i64::try_from(before).unwrap());
        let token = jwt(&format!("owner-{before}"), ends_in_s);
        Served::Answer(200, JSON, json!({"access_token": token}).to_string())
    });
    let login = open(&config("idp.example"), &environment).unwrap();
    let first = first_words(&login).await.unwrap();
    tokio::time::sleep(Duration::from_secs(3500)).await;
    assert_eq!(asked.count(), 2);
    let second = first_words(&login).await.unwrap();
    assert_ne!(first, second);
    assert!(second.contains(&jwt("owner-1", 7200)));
}

#[test]
fn a_wrong_secret_is_told_in_the_servers_words_and_not_tried_again() {
    let body =
        json!({"error": "invalid_client", "error_description": "bad hush-secret b3JkZXJzOmh1c2gtc2VjcmV0"});
    let (error, asked) = answered(401, JSON, &body.to_string());
    let text = "http://idp.example/token: it refused (401): invalid_client - bad *** ***";
    says(&error, ErrorKind::Authentication, text);
    assert_eq!(asked.count(), 1);
    let (error, asked) = answered(400, JSON, r#"{"error":"unauthorized_client"}"#);
    says(&error, ErrorKind::Authentication, "it refused (400): unauthorized_client");
    assert_eq!(asked.count(), 1);
}

#[test]
fn a_page_instead_of_a_token_is_recognised() {
    let (error, asked) = answered(200, "text/html", "<html>Sign in: hush</html>");
    says(
        &error,
        ErrorKind::Protocol,
        "http://idp.example/token: it answered (200) with a web page, not with JSON",
    );
    assert_eq!(asked.count(), 1);
    let (error, asked) = answered(404, "text/html", "<html>hush</html>");
    says(&error, ErrorKind::Authentication, "it refused (404): it answered (404) with a web page");
    assert_eq!(asked.count(), 1);
}

#[test]
fn a_redirect_is_told_and_not_followed() {
    let head =
        "HTTP/1.1 302 Found\r\nLocation: https://login.example/sso?x=hush\r\nContent-Length: 0\r\n\r\n";
    let (error, asked) = failure(&config("idp.example"), move |_| Served::Raw(head.into()));
    let text = "http://idp.example/token: it redirects (302) to https://login.example/sso; redirects are not followed";
    says(&error, ErrorKind::Protocol, text);
    assert_eq!(asked.count(), 1);
}

#[test]
fn a_megabyte_is_not_read() {
    let (error, _) = answered(200, JSON, &format!("{{\"access_token\":\"{}\"}}", "h".repeat(1 << 20)));
    says(&error, ErrorKind::Protocol, "it answers more than the 65536 bytes that are believed");
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let (error, _) = failure(&config("idp.example"), move |_| Served::Endless(head));
    says(&error, ErrorKind::Protocol, "it answers more than the 65536 bytes that are believed");
    let head = format!("HTTP/1.1 200 OK\r\nX: {}", "h".repeat(1 << 20));
    let (error, _) = failure(&config("idp.example"), move |_| Served::Raw(head.clone().into()));
    says(&error, ErrorKind::Protocol, "what it answers is no HTTP/1.1");
}

#[tokio::test(start_paused = true)]
async fn cookies_and_policies_of_a_proxy_do_no_harm() {
    let Served::Answer(status, _, body) = token_answer("alice") else { unreachable!("an answer") };
    let cookies = format!("Set-Cookie: {}\r\n", "c".repeat(400)).repeat(90);
    let answer = format!("HTTP/1.1 {status} OK\r\n{cookies}Content-Length: {}\r\n\r\n{body}", body.len());
    let (environment, _) = environment(NOW, move |_, _, _| Served::Raw(answer.clone().into()));
    first_words(&open(&config("idp.example"), &environment).unwrap()).await.unwrap();
}

#[test]
fn a_server_that_stalls_is_named_before_the_connections_own_time_ends() {
    for beginning in ["", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"access"] {
        let (error, _) = failure(&config("idp.example"), move |_| Served::Stall(beginning.into()));
        let text = "no token for OAUTHBEARER within 8000 ms: http://idp.example/token has not answered";
        says(&error, ErrorKind::Timeout, text);
        let impatient = config("idp.example").with(|it| {
            it.sasl.oauth.login_read_timeout = Some(Duration::from_millis(3000));
            it.sasl.oauth.login_retry_backoff_max = Duration::from_millis(2000);
        });
        let (error, asked) = failure(&impatient, move |_| Served::Stall(beginning.into()));
        says(&error, ErrorKind::Timeout, "http://idp.example/token: no answer within 3000 ms");
        assert_eq!(asked.count(), 1);
    }
    let (error, _) = failure(&config("silent.example"), |_| unreachable!());
    says(&error, ErrorKind::Timeout, "http://silent.example/token has not answered");
    let impatient = config("silent.example").with(|it| {
        it.sasl.oauth.login_connect_timeout = Some(Duration::from_millis(500));
        it.sasl.oauth.login_retry_backoff_max = Duration::ZERO;
    });
    let (error, _) = failure(&impatient, |_| unreachable!());
    says(&error, ErrorKind::Unreachable, "http://silent.example/token: no connection within 500 ms");
}

#[test]
fn a_server_that_is_down_is_asked_again_and_its_last_failure_is_told() {
    let quick =
        |host| config(host).with(|it| it.sasl.oauth.login_retry_backoff_max = Duration::from_millis(5000));
    let (error, _) = failure(&quick("refused.example"), |_| unreachable!());
    says(&error, ErrorKind::Unreachable, "http://refused.example/token: connection refused");
    let (error, asked) =
        failure(&quick("idp.example"), |_| Served::Answer(503, "text/plain", "busy".to_owned()));
    says(&error, ErrorKind::Unreachable, "http://idp.example/token: it refused (503)");
    // After 100, 200, 400, 800, 1600 ms, and with what is left.
    assert_eq!(asked.count(), 7);
    let (error, _) = failure(&quick("idp.example"), |_| {
        Served::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{".into())
    });
    says(&error, ErrorKind::Disconnected, "the connection broke before its answer was complete");
    // Longer than a connection may wait: what went wrong is told all the same.
    let (error, _) = failure(&config("refused.example"), |_| unreachable!());
    says(&error, ErrorKind::Timeout, "within 8000 ms: http://refused.example/token: connection refused");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_recovers_is_asked_again() {
    let (environment, asked) = environment(NOW, |before, _, _| match before {
        0 | 1 => Served::Answer(500, JSON, String::new()),
        _ => token_answer("alice"),
    });
    let login = open(&config("idp.example"), &environment).unwrap();
    let began = environment.clock().now();
    assert!(first_words(&login).await.unwrap().contains("auth=Bearer"));
    assert_eq!((asked.count(), environment.clock().since(began).as_millis()), (3, 300));
}

#[test]
fn what_is_no_token_is_told_without_being_shown() {
    for (body, text) in [
        (r#"{"access_token":"hush"}"#, "the token cannot be used: it is no JWT: it has 1 parts"),
        (r#"{"token":"hush","expires_in":1}"#, "its answer has no access_token, only token, expires_in"),
        (r#"{"access_token":"hush"#, "is not JSON: EOF while parsing a string at line 1"),
        ("", "its answer (200) is empty"),
        ("null", "its answer has no access_token: it is no JSON object"),
    ] {
        let (error, asked) = answered(200, JSON, body);
        says(&error, ErrorKind::Protocol, text);
        assert_eq!(asked.count(), 1, "{body}");
    }
    let (error, _) = failure(&config("idp.example"), |_| Served::Raw(b"SSH-2.0-OpenSSH_9.6\r\n".into()));
    says(&error, ErrorKind::Protocol, "http://idp.example/token: what it answers is no HTTP/1.1");
}

#[test]
fn a_token_that_ended_is_not_sent_and_the_clock_is_asked_about() {
    let (error, _) = answered(200, JSON, &json!({"access_token": jwt("hush", -90)}).to_string());
    let text = "the token ended at 2026-11-29T12:33:26Z, 90 s before it came, as this machine's clock says \
                (2026-11-29T12:34:56Z)";
    says(&error, ErrorKind::Authentication, text);
}

/// Its secret is refused: all the same, what it says of its clock is worth knowing.
#[tokio::test(start_paused = true)]
async fn an_endpoints_clock_is_told_from_its_answer_whatever_that_is() {
    for (status, date, told) in [
        (200, "Date: Sun, 29 Nov 2026 12:34:56 GMT\r\n", Some("has the same time")),
        (
            401,
            "Date: Sun, 29 Nov 2026 12:33:26 GMT\r\n",
            Some("90 s ahead of that of the token endpoint http://idp"),
        ),
        (200, "Date: yesterday\r\n", None),
        (200, "", None),
    ] {
        let body = json!({"access_token": jwt("alice", 3600)}).to_string();
        let (length, end) = (body.len(), format!("\r\n{body}"));
        let answer = format!("HTTP/1.1 {status} X\r\n{date}Content-Length: {length}\r\n{end}");
        let (environment, _) = environment(NOW, move |_, _, _| Served::Raw(answer.clone().into()));
        let login = open(&config("idp.example"), &environment).unwrap();
        assert_eq!(first_words(&login).await.is_ok(), status == 200);
        let skew = login.clock_skew().map(|skew| skew.to_string());
        assert_eq!(skew.is_some(), told.is_some(), "{skew:?}");
        assert!(skew.unwrap_or_default().contains(told.unwrap_or_default()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_file_is_read_again_for_each_token() {
    let path = std::env::temp_dir().join(format!("upsert-kafka-token-{}", std::process::id()));
    let (environment, asked) = environment(NOW, |_, _, _| unreachable!());
    let config = Config::default()
        .with(|it| it.sasl.oauth.token_endpoint_url = Some(format!("file://{}", path.display())));
    let login = open(&config, &environment).unwrap();
    let error = first_words(&login).await.unwrap_err().to_string();
    assert!(error.contains(&format!("the token file {}: No such file", path.display())), "{error}");
    std::fs::write(&path, format!("{}\n", jwt("alice", 3600))).unwrap();
    assert!(first_words(&login).await.unwrap().contains(&jwt("alice", 3600)));
    std::fs::write(&path, jwt("bob", 7200)).unwrap();
    tokio::time::sleep(Duration::from_secs(3500)).await;
    assert!(first_words(&login).await.unwrap().contains(&jwt("bob", 7200)));
    std::fs::write(&path, "hush").unwrap();
    tokio::time::sleep(Duration::from_secs(7200)).await;
    let error = first_words(&login).await.unwrap_err().to_string();
    assert!(error.contains("the token cannot be used: it is no JWT") && !error.contains("hush"), "{error}");
    std::fs::remove_file(&path).unwrap();
    assert_eq!(asked.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_application_brings_its_own_tokens_and_extensions() {
    let (environment, _) = environment(NOW, |_, _, _| unreachable!());
    let source = TokenSource::new(|| async {
        tokio::time::sleep(Duration::from_millis(5)).await;
        Ok(BearerToken::new("abc").expires_unix_ms(NOW + 60_000).extension("pool", "theirs"))
    });
    let config = Config::default().with(|it| {
        it.sasl.oauth.token_source = Some(source);
        let options = ["pool", "tenant"].map(|name| (format!("extension_{name}"), "ours".into()));
        it.sasl.login = Some(LoginModule::OAuthBearer { options: options.into() });
    });
    let login = open(&config, &environment).unwrap();
    let words = first_words(&login).await.unwrap();
    assert_eq!(words, "n,,\x01pool=theirs\x01tenant=ours\x01auth=Bearer abc\x01\x01");
}

#[test]
fn an_applications_failure_and_its_impossible_tokens_are_told() {
    let with = |source: TokenSource| Config::default().with(|it| it.sasl.oauth.token_source = Some(source));
    let failing = TokenSource::new(|| async { Err("the vault is sealed".into()) });
    let (error, _) = failure(&with(failing), |_| unreachable!());
    says(&error, ErrorKind::Authentication, "the application's source of tokens: the vault is sealed");
    for token in ["", "hush\x01auth=Bearer x", "hush hush"] {
        let source = TokenSource::new(move || async move { Ok(BearerToken::new(token)) });
        let (error, _) = failure(&with(source), |_| unreachable!());
        says(&error, ErrorKind::Authentication, "the token is empty, or holds what no token may");
    }
    let ended = TokenSource::new(|| async { Ok(BearerToken::new("a").expires_unix_ms(i64::MIN)) });
    let (error, _) = failure(&with(ended), |_| unreachable!());
    says(&error, ErrorKind::Authentication, "before it came, as this machine's clock says");
    let source = TokenSource::new(|| async { Ok(BearerToken::new("a").extension("auth", "hush")) });
    let (error, _) = failure(&with(source), |_| unreachable!());
    says(&error, ErrorKind::Authentication, "the SASL extension 'auth' is the token itself");
}

#[tokio::test(start_paused = true)]
async fn a_signed_assertion_is_sent_and_a_wrong_key_is_told() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/oauth");
    let asserting = |key: &str| {
        config("idp.example").with(|it| {
            let oauth = &mut it.sasl.oauth;
            oauth.jwt_retriever = JwtRetriever::JwtBearer;
            oauth.assertion.claim_iss = Some("me".to_owned());
            oauth.assertion.claim_jti_include = true;
            oauth.assertion.private_key_file = Some(format!("{folder}/{key}").into());
        })
    };
    let (environment, asked) = environment(NOW, |_, _, _| token_answer("alice"));
    let login = open(&asserting("rsa.pem"), &environment).unwrap();
    first_words(&login).await.unwrap();
    let (_, body) =
        asked.last().split_once("\r\n\r\n").map(|(head, body)| (head.to_owned(), body.to_owned())).unwrap();
    let assertion = body
        .strip_prefix("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=")
        .and_then(|rest| rest.strip_suffix("&scope=kafka"))
        .unwrap();
    assert_eq!(assertion.split('.').count(), 3);
    let claims = URL_SAFE_NO_PAD.decode(assertion.split('.').nth(1).unwrap()).unwrap();
    let claims: serde_json::Value = serde_json::from_slice(&claims).unwrap();
    let now = NOW / 1000;
    assert_eq!(
        (&claims["iss"], &claims["iat"], &claims["exp"]),
        (&json!("me"), &json!(now), &json!(now + 300))
    );
    let id = claims["jti"].as_str().unwrap();
    let shape: Vec<usize> = id.split('-').map(str::len).collect();
    assert_eq!((shape, &id[14..15]), (vec![8, 4, 4, 4, 12], "4"), "{id}");
    assert!(!asked.last().contains(SECRET) && !asked.last().contains("authorization"), "{}", asked.last());
    for (key, text) in [
        ("none.pem", "sasl.oauthbearer.assertion.private.key.file"),
        ("rsa-sealed.pem", "it is sealed: set sasl.oauthbearer.assertion.private.key.passphrase"),
        ("ec.pem", "cannot sign by RS256"),
    ] {
        let login = open(&asserting(key), &environment).unwrap();
        let error = first_words(&login).await.unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
        assert_eq!(error.kind(), ErrorKind::Config);
    }
    assert_eq!(asked.count(), 1);
}

/// An endpoint with a certificate for `localhost`, and what the client's JAAS text says of whom it trusts.
fn in_tls(host: &str, options: &[(&str, &str)]) -> (Config, Environment, HttpRequests) {
    let pki = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/stores/pki");
    let chain = CertificateDer::pem_file_iter(format!("{pki}/broker-chain.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(format!("{pki}/broker.key")).unwrap();
    let provider = crate::tls::provider(&TlsConfig::default()).unwrap();
    let server = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let server =
        server.with_no_client_auth().with_single_cert(chain.map(Result::unwrap).collect(), key).unwrap();
    // The middle of 2026, when every certificate of the test data holds.
    let now = 1_782_864_000_000;
    let (environment, asked) =
        environment_in_tls(now, Some(Arc::new(server)), |_, _, _| token_answer("alice"));
    let config = config("unused").with(|it| {
        it.sasl.oauth.token_endpoint_url = Some(format!("https://{host}/token"));
        let options =
            options.iter().map(|(name, value)| ((*name).to_owned(), value.replace("PKI", pki).into()));
        it.sasl.login = Some(LoginModule::OAuthBearer { options: options.collect() });
    });
    (config, environment, asked)
}

const TRUSTED: [(&str, &str); 2] =
    [("ssl.truststore.type", "PEM"), ("ssl.truststore.location", "PKI/root.pem")];

#[tokio::test]
async fn an_endpoint_is_trusted_by_the_options_of_the_jaas_text() {
    let (config, environment, asked) = in_tls("localhost:8443", &TRUSTED);
    let login = open(&config, &environment).unwrap();
    assert!(first_words(&login).await.unwrap().contains("auth=Bearer"));
    assert_eq!(asked.all()[0].0.to_string(), "localhost:8443");
    assert!(asked.last().contains("host: localhost:8443\r\n"), "{}", asked.last());
}

#[tokio::test]
async fn an_endpoint_that_nobody_vouches_for_hears_no_secret() {
    let other = [("ssl.truststore.type", "PEM"), ("ssl.truststore.location", "PKI/other-root.pem")];
    // What is configured for brokers says nothing of the endpoint: without options it is the system that is trusted.
    for (host, options, text) in [
        ("localhost", &other[..], "no token for OAUTHBEARER: https://localhost/token: "),
        ("localhost", &[], "no token for OAUTHBEARER: https://localhost/token: "),
        ("idp.example", &TRUSTED[..], "idp.example"),
    ] {
        let (config, environment, asked) = in_tls(host, options);
        let config = config.with(|it| {
            it.tls.truststore = Some(crate::Store::file(concat!(
                env!("CARGO_MANIFEST_DIR"),
                "/tests/data/stores/pki/root.pem"
            )));
        });
        let login = open(&config, &environment).unwrap();
        let error = first_words(&login).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
        assert!(error.to_string().contains(text) && !error.to_string().contains("hush"), "{error}");
        assert_eq!(asked.count(), 0, "{host}");
    }
}

#[test]
fn options_for_the_endpoints_tls_are_checked_when_a_client_opens() {
    let (environment, _) = environment(NOW, |_, _, _| unreachable!());
    let config = config("idp.example").with(|it| {
        let options = vec![("ssl.truststore.location".to_owned(), "/nowhere/ca.pem".into())];
        it.sasl.login = Some(LoginModule::OAuthBearer { options });
    });
    let error = open(&config, &environment).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("/nowhere/ca.pem"), "{error}");
}

/// Bytes of a good answer, some of them changed.
fn changed(good: &str, chance: &mut crate::retry::Chance) -> Vec<u8> {
    let mut bytes = good.as_bytes().to_vec();
    for _ in 0..chance.bits() % 4 {
        let at = usize::try_from(chance.bits()).unwrap_or(0) % bytes.len();
        match chance.bits() % 3 {
            0 => bytes[at] = chance.bits().to_le_bytes()[0],
            1 => drop(bytes.drain(at..)),
            _ => bytes.insert(at, b"\"{}[]\\,:.-9"[at % 11]),
        }
        if bytes.is_empty() {
            bytes.push(b'{');
        }
    }
    bytes
}

#[test]
fn whatever_an_endpoint_answers_ends_in_a_token_or_in_a_sentence_without_it() {
    let answers = [
        r#"{"access_token":"hush.hush.hush","expires_in":3600,"scope":["a"]}"#,
        r#"{"error":"invalid_client","error_description":"no","nested":{"a":[1,2,{"b":null}]}}"#,
        r#"{"errorCode":"E","errorSummary":"S"}"#,
        "<html><body>hush</body></html>",
    ];
    let claims = r#"{"sub":"alice","iat":1700000000.5,"exp":1700003600,"scope":["a","b"]}"#;
    let urls = ["https://idp.example:8443/token?a=b#c", "file:///run/token", "http://[::1]:80/"];
    let mut chance = crate::retry::Chance::seeded(7);
    for round in 0..20_000 {
        let body = changed(answers[round % answers.len()], &mut chance);
        let status = [200, 400, 401, 503][round % 4];
        let answer =
            crate::http::Answer { status, content_type: None, location: None, date_unix_s: None, body };
        if let Err(error) = token_request::token(&answer, &["hush"]) {
            assert!(!error.to_string().contains("hush"), "{error}");
        }
        let payload = changed(claims, &mut chance);
        if let Ok(found) = jwt::claims(&format!("e30.{}.c2ln", base64url(payload)), "scope", "sub") {
            assert!(!found.principal.is_empty() && found.ends_unix_ms >= 0, "{found:?}");
        }
        let url = String::from_utf8_lossy(&changed(urls[round % urls.len()], &mut chance)).into_owned();
        if let Ok(url) = crate::http::Url::parse(&url) {
            assert!(url.target.starts_with('/') && !url.target.contains(['\r', '\n', ' ']), "{url}");
        }
    }
}
