//! Where Amazon's keys come from: each source, what is asked of it, and what a user is told when there is none.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::http_server::{HttpRequests, Served, environment};

/// 2026-11-29T12:34:56Z
const NOW: i64 = 1_795_955_696_000;
const HOST: &str = "b-1.orders.abc123.c2.kafka.us-east-1.amazonaws.com";
const SECRETS: &[&str] = &["hush-key", "hush-token", "hush-identity", "hush-auth"];

/// A folder of a test's own with Amazon's two files.
struct Files(PathBuf);

impl Files {
    fn new(name: &str, credentials: &str, config: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("upsert-kafka-aws-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("credentials"), credentials).unwrap();
        std::fs::write(folder.join("config"), config).unwrap();
        std::fs::write(folder.join("identity"), "hush-identity\n").unwrap();
        std::fs::write(folder.join("auth"), "hush-auth\n").unwrap();
        Self(folder)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.0);
    }
}

fn signer(
    files: &Files,
    options: AwsOptions,
    variables: &[(&str, &str)],
    serve: impl Fn(usize, &str, &str) -> Served + Send + Sync + 'static,
) -> (AwsSigner, HttpRequests) {
    let mut set: Vec<(String, String)> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    for (name, file) in [("AWS_SHARED_CREDENTIALS_FILE", "credentials"), ("AWS_CONFIG_FILE", "config")] {
        if !variables.iter().any(|it| it.0 == name) {
            set.push((name.to_owned(), files.path(file)));
        }
    }
    let variables =
        Variables::of(move |name| set.iter().find(|(it, _)| it == name).map(|(_, value)| value.clone()));
    let (environment, asked) =
        environment(NOW, move |before, address, request| serve(before, &address.host, request));
    (AwsSigner::new(options, variables, &Config::default(), &environment).unwrap(), asked)
}

/// The key by which the message is signed.
async fn key(signer: &AwsSigner) -> Result<String, Error> {
    let message: Value = serde_json::from_str(signer.message(HOST).await?.reveal()).unwrap();
    assert_eq!(message["host"], HOST);
    let key = message["x-amz-credential"].as_str().unwrap().split('/').next().unwrap().to_owned();
    Ok(key + message["x-amz-security-token"].as_str().map(|_| " with a token").unwrap_or_default())
}

fn shows_no_secret(text: &str) {
    for secret in SECRETS {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
}

async fn failure(signer: &AwsSigner) -> Error {
    let error = key(signer).await.expect_err("no keys");
    shows_no_secret(&format!("{error} {error:?} {signer:?}"));
    error
}

fn never(_: usize, host: &str, request: &str) -> Served {
    panic!("{host} was asked: {request}")
}

fn sts(id: &str, ends: &str) -> Served {
    Served::Answer(
        200,
        "text/xml",
        format!(
            "<R><Credentials><AccessKeyId>{id}</AccessKeyId><SecretAccessKey>hush-key</SecretAccessKey>\
             <SessionToken>hush-token</SessionToken><Expiration>{ends}</Expiration></Credentials></R>"
        ),
    )
}

const HOUR: &str = "2026-11-29T13:34:56Z";
const KEYS: &str = "[default]\naws_access_key_id=AKIADEFAULT\naws_secret_access_key=hush-key\n\
    [orders]\naws_access_key_id=AKIAORDERS\naws_secret_access_key=hush-key\naws_session_token=hush-token\n";

#[tokio::test(start_paused = true)]
async fn variables_come_before_profiles_and_a_named_profile_before_variables() {
    let files = Files::new("order", KEYS, "");
    let set = [("AWS_ACCESS_KEY_ID", "AKIAENV"), ("AWS_SECRET_ACCESS_KEY", "hush-key")];
    let (signer_of, _) = signer(&files, AwsOptions::default(), &set, never);
    assert_eq!(key(&signer_of).await.unwrap(), "AKIAENV");
    let (signer_of, _) = signer(&files, AwsOptions::default(), &[], never);
    assert_eq!(key(&signer_of).await.unwrap(), "AKIADEFAULT");
    let (signer_of, _) = signer(&files, AwsOptions::default(), &[("AWS_PROFILE", "orders")], never);
    assert_eq!(key(&signer_of).await.unwrap(), "AKIAORDERS with a token");
    let options = AwsOptions { profile: Some("orders".to_owned()), ..AwsOptions::default() };
    let (signer_of, _) = signer(&files, options, &set, never);
    assert_eq!(key(&signer_of).await.unwrap(), "AKIAORDERS with a token");
}

#[tokio::test(start_paused = true)]
async fn a_role_of_the_jaas_text_is_taken_over_by_sts() {
    let files = Files::new("role", KEYS, "");
    let options = AwsOptions {
        role_arn: Some("arn:aws:iam::1:role/producer".to_owned()),
        role_session_name: Some("me".to_owned()),
        role_external_id: Some("x".to_owned()),
        sts_region: Some("eu-west-1".to_owned()),
        ..AwsOptions::default()
    };
    let plain = [("AWS_ENDPOINT_URL_STS", "http://sts.example")];
    let (signer_of, asked) = signer(&files, options.clone(), &plain, |_, _, _| sts("ASIAROLE", HOUR));
    assert_eq!(key(&signer_of).await.unwrap(), "ASIAROLE with a token");
    let request = asked.last();
    assert!(request.contains("AKIADEFAULT/20261129/eu-west-1/sts/aws4_request"), "{request}");
    let body = "RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fproducer&RoleSessionName=me&ExternalId=x";
    assert!(request.ends_with(body), "{request}");
    shows_no_secret(&request);
    let role_keys =
        AwsRoleKeys::new(Some("AKIAGIVEN".into()), Some("hush-key".into()), Some("hush-token".into()));
    let given = AwsOptions { role_keys, ..options.clone() };
    let (signer_of, asked) = signer(&files, given, &plain, |_, _, _| sts("ASIAROLE", HOUR));
    assert_eq!(key(&signer_of).await.unwrap(), "ASIAROLE with a token");
    assert!(asked.last().contains("AKIAGIVEN/20261129/"), "{}", asked.last());
    let (signer_of, _) = signer(&files, options, &plain, |_, _, _| {
        Served::Answer(403, "text/xml", "<E><Code>AccessDenied</Code><Message>no</Message></E>".to_owned())
    });
    let error = failure(&signer_of).await;
    let text = "http://sts.example/, asked for the role arn:aws:iam::1:role/producer: it refused (403): AccessDenied - no";
    assert_eq!((error.to_string().as_str(), error.kind()), (text, ErrorKind::Authentication));
}

#[tokio::test(start_paused = true)]
async fn a_web_identity_is_exchanged_and_its_keys_replaced_before_they_end() {
    let files = Files::new("web", "", "");
    let file = files.path("identity");
    let set = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", file.as_str()),
        ("AWS_ROLE_ARN", "arn:aws:iam::1:role/pod"),
        ("AWS_ENDPOINT_URL_STS", "http://sts.example"),
    ];
    let (signer_of, asked) = signer(&files, AwsOptions::default(), &set, |before, _, _| match before {
        0 => sts("ASIAFIRST", HOUR),
        _ => sts("ASIASECOND", "2026-11-29T14:34:56Z"),
    });
    assert_eq!(key(&signer_of).await.unwrap(), "ASIAFIRST with a token");
    assert!(asked.last().contains("Action=AssumeRoleWithWebIdentity"), "{}", asked.last());
    assert!(asked.last().ends_with("&WebIdentityToken=hush-identity"), "{}", asked.last());
    assert!(!asked.last().contains("authorization"), "{}", asked.last());
    tokio::time::sleep(Duration::from_secs(3300)).await;
    assert_eq!(key(&signer_of).await.unwrap(), "ASIASECOND with a token");
    assert_eq!(asked.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_profiles_role_is_taken_by_another_profiles_keys() {
    let config = "[profile job]\nrole_arn=arn:aws:iam::1:role/job\nsource_profile=orders\nregion=us-west-2\n\
        [profile loose]\nrole_arn=arn:aws:iam::1:role/job\n\
        [profile far]\nrole_arn=arn:aws:iam::1:role/job\nsource_profile=nobody\n\
        [profile tool]\ncredential_process=hush-key\n[profile bare]\nregion=us-west-2\n";
    let files = Files::new("source", KEYS, config);
    let with = |profile: &str| {
        let options = AwsOptions { profile: Some(profile.to_owned()), ..AwsOptions::default() };
        signer(&files, options, &[("AWS_ENDPOINT_URL_STS", "http://sts.example")], |_, _, _| {
            sts("ASIAJOB", HOUR)
        })
    };
    let (signer_of, asked) = with("job");
    assert_eq!(key(&signer_of).await.unwrap(), "ASIAJOB with a token");
    assert!(asked.last().contains("AKIAORDERS/20261129/us-west-2/sts/aws4_request"), "{}", asked.last());
    for (profile, text) in [
        (
            "loose",
            "the AWS profile loose: loose has a role_arn, and neither source_profile nor credential_source",
        ),
        ("far", "the AWS profile far: there is no AWS profile nobody in"),
        ("tool", "the AWS profile tool: it has credential_process, and no program is run for credentials"),
        (
            "bare",
            "the AWS profile bare has neither aws_access_key_id and aws_secret_access_key nor a role_arn",
        ),
        ("absent", "but bare, default, far, job, loose, orders, tool"),
    ] {
        let error = failure(&with(profile).0).await.to_string();
        assert!(error.contains(text), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_containers_endpoint_is_asked_with_its_token() {
    let files = Files::new("container", "", "");
    let keys = json!({"AccessKeyId": "ASIAPOD", "SecretAccessKey": "hush-key", "Token": "hush-token", "Expiration": HOUR});
    let auth = files.path("auth");
    let serve = move |_: usize, _: &str, _: &str| Served::Answer(200, "application/json", keys.to_string());
    let set = [("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/7")];
    let (signer_of, asked) = signer(&files, AwsOptions::default(), &set, serve.clone());
    assert_eq!(key(&signer_of).await.unwrap(), "ASIAPOD with a token");
    assert_eq!(asked.all()[0].0.to_string(), "169.254.170.2:80");
    assert!(asked.last().starts_with("GET /v2/credentials/7 HTTP/1.1\r\n"), "{}", asked.last());
    let set = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials"),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", auth.as_str()),
    ];
    let (signer_of, asked) = signer(&files, AwsOptions::default(), &set, serve);
    assert_eq!(key(&signer_of).await.unwrap(), "ASIAPOD with a token");
    assert!(asked.last().contains("authorization: hush-auth\r\n"), "{}", asked.last());
    let set = [
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://evil.example/"),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", "hush-auth"),
    ];
    let (signer_of, asked) = signer(&files, AwsOptions::default(), &set, never);
    let error = failure(&signer_of).await.to_string();
    assert!(error.contains("http://evil.example/: without HTTPS only this machine"), "{error}");
    assert_eq!(asked.count(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_instances_metadata_is_asked_in_a_session_for_keys_and_region() {
    let files = Files::new("instance", "", "");
    let keys = json!({"Code": "Success", "AccessKeyId": "ASIAEC2", "SecretAccessKey": "hush-key", "Token": "hush-token",
                      "Expiration": "2026-11-29T12:44:56Z"});
    let serve = move |_: usize, host: &str, request: &str| {
        assert_eq!(host, "169.254.169.254");
        let line = request.lines().next().unwrap();
        if line == "PUT /latest/api/token HTTP/1.1" {
            assert!(request.contains("x-aws-ec2-metadata-token-ttl-seconds: "), "{request}");
            return Served::Answer(200, "text/plain", "hush-token".to_owned());
        }
        assert!(request.contains("x-aws-ec2-metadata-token: hush-token\r\n"), "{request}");
        let body = match line {
            "GET /latest/meta-data/iam/security-credentials/ HTTP/1.1" => "node-role\n".to_owned(),
            "GET /latest/meta-data/iam/security-credentials/node-role HTTP/1.1" => keys.to_string(),
            "GET /latest/meta-data/placement/region HTTP/1.1" => "ap-south-1".to_owned(),
            _ => return Served::Answer(404, "text/plain", String::new()),
        };
        Served::Answer(200, "text/plain", body)
    };
    let (signer_of, _) = signer(&files, AwsOptions::default(), &[], serve);
    assert_eq!(key(&signer_of).await.unwrap(), "ASIAEC2 with a token");
    let message = signer_of.message("kafka.example").await.unwrap();
    assert!(message.reveal().contains("/ap-south-1/kafka-cluster/"), "{}", message.reveal());
    let token = signer_of.token().await.unwrap();
    // A signature holds for 900 s, and no longer than the keys that made it.
    assert_eq!(token.expires_unix_ms, Some(NOW + 600_000));
}

#[tokio::test(start_paused = true)]
async fn without_keys_all_that_was_looked_for_is_told() {
    let files = Files::new("none", "", "");
    let (signer_of, _) = signer(&files, AwsOptions::default(), &[], |_, _, _| Served::Stall(Vec::new()));
    let error = failure(&signer_of).await;
    let text = error.to_string();
    for part in [
        "no AWS credentials: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY are not both set",
        "no profile default with keys or a role in",
        "the instance's metadata: http://169.254.169.254/latest/api/token: no answer within 2000 ms",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert_eq!(error.kind(), ErrorKind::Authentication);
    let off = [("AWS_EC2_METADATA_DISABLED", "true"), ("AWS_ACCESS_KEY_ID", "AKIAHALF")];
    let (signer_of, _) = signer(&files, AwsOptions::default(), &off, never);
    let text = failure(&signer_of).await.to_string();
    assert!(text.contains("switched off by AWS_EC2_METADATA_DISABLED"), "{text}");
    let keys = [
        ("AWS_EC2_METADATA_DISABLED", "true"),
        ("AWS_ACCESS_KEY_ID", "AKIA"),
        ("AWS_SECRET_ACCESS_KEY", "hush-key"),
    ];
    let (signer_of, _) = signer(&files, AwsOptions::default(), &keys, |_, _, _| {
        Served::Answer(404, "text/plain", String::new())
    });
    let error = signer_of.message("kafka.example").await.unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("no AWS region: the name kafka.example has none, AWS_REGION and AWS_DEFAULT_REGION"),
        "{text}"
    );
    let region = [keys[1], keys[2], ("AWS_DEFAULT_REGION", "eu-north-1")];
    let (signer_of, _) = signer(&files, AwsOptions::default(), &region, never);
    let message = signer_of.message("kafka.example").await.unwrap();
    assert!(message.reveal().contains("/eu-north-1/kafka-cluster/"));
    assert_eq!(signer_of.token().await.unwrap().principal.as_deref(), Some("AKIA"));
}

#[tokio::test(start_paused = true)]
async fn a_file_that_cannot_be_read_is_told_where_it_was_asked_for_and_passed_over_where_not() {
    let files = Files::new("unread", KEYS, "");
    let (home, off) = (files.path("home"), ("AWS_EC2_METADATA_DISABLED", "true"));
    // A folder where the file should be: whoever runs the tests may read any file.
    std::fs::create_dir_all(files.0.join("home/.aws/credentials")).unwrap();
    let credentials = files.path("home/.aws/credentials");
    let unread = format!("the AWS file {credentials}: Is a directory");
    let named = [("AWS_SHARED_CREDENTIALS_FILE", &*credentials), off];
    let (signer_of, _) = signer(&files, AwsOptions::default(), &named, never);
    let error = failure(&signer_of).await;
    assert!(error.to_string().starts_with(&unread), "{error}");
    assert_eq!(error.kind(), ErrorKind::Config);
    let at_home = [("AWS_SHARED_CREDENTIALS_FILE", ""), ("HOME", &*home), off];
    let profile = [("AWS_PROFILE", "orders"), at_home[0], at_home[1], off];
    let (signer_of, _) = signer(&files, AwsOptions::default(), &profile, never);
    assert!(failure(&signer_of).await.to_string().starts_with(&unread));
    let (signer_of, _) = signer(&files, AwsOptions::default(), &at_home, never);
    let text = failure(&signer_of).await.to_string();
    assert!(text.starts_with("no AWS credentials") && text.contains(&unread), "{text}");
    // Without a home nothing is looked for in the folder that the process stands in.
    let homeless = [("AWS_SHARED_CREDENTIALS_FILE", ""), off];
    let (signer_of, _) = signer(&files, AwsOptions::default(), &homeless, never);
    let text = failure(&signer_of).await.to_string();
    assert!(text.contains("role in ~/.aws/credentials or "), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_region_that_can_be_none_is_told_before_anybody_is_asked() {
    let files = Files::new("region", KEYS, "");
    let options = AwsOptions { role_arn: Some("arn:aws:iam::1:role/a".to_owned()), ..AwsOptions::default() };
    let sts_region = Some("us-east-1.evil.example/".to_owned());
    let (signer_of, _) = signer(&files, AwsOptions { sts_region, ..options }, &[], never);
    let error = failure(&signer_of).await;
    assert!(error.to_string().starts_with("the AWS region 'us-east-1.evil.example/' is none"), "{error}");
    let (signer_of, _) = signer(&files, AwsOptions::default(), &[("AWS_REGION", "us_east_1")], never);
    let error = signer_of.message("kafka.example").await.unwrap_err();
    assert!(error.to_string().starts_with("the AWS region 'us_east_1' is none"), "{error}");
    // What an instance says is held to the same.
    let (signer_of, _) = signer(&files, AwsOptions::default(), &[], |_, _, _| {
        Served::Answer(200, "text/plain", String::new())
    });
    let error = signer_of.message("kafka.example").await.unwrap_err();
    assert!(error.to_string().contains("metadata gives none: the AWS region '' is none"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_mechanism_carries_the_message_and_wants_a_receipt() {
    let files = Files::new("mechanism", KEYS, "");
    let (signer_of, _) = signer(&files, AwsOptions::default(), &[], never);
    let login = MskIamLogin { signer: signer_of, wait_max: Duration::from_secs(8) };
    let broker = format!("{HOST}:9098").parse().unwrap();
    let begin = async || {
        let mut mechanism = login.start(&broker).await.unwrap();
        let message: Value = serde_json::from_slice(&mechanism.initial().unwrap()).unwrap();
        assert_eq!((&message["host"], mechanism.name()), (&json!(HOST), "AWS_MSK_IAM"));
        mechanism
    };
    let receipt = br#"{"version":"2020_10_22","request-id":"2b1"}"#;
    assert_eq!(begin().await.step(receipt).unwrap(), crate::sasl::Step::Done);
    let error = begin().await.step(b"").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert!(error.to_string().contains("no receipt of AWS_MSK_IAM: it is not JSON"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn sts_that_stalls_is_told_before_the_connections_own_time_ends() {
    let files = Files::new("stall", KEYS, "");
    let options = AwsOptions { role_arn: Some("arn:aws:iam::1:role/a".to_owned()), ..AwsOptions::default() };
    let set = [("AWS_ENDPOINT_URL_STS", "http://sts.example")];
    let (signer_of, _) = signer(&files, options, &set, |_, _, _| Served::Stall(Vec::new()));
    let login = MskIamLogin { signer: signer_of, wait_max: wait_max(&Config::default()) };
    let broker = format!("{HOST}:9098").parse().unwrap();
    let error = login.start(&broker).await.map(|_| ()).unwrap_err();
    assert!(error.to_string().starts_with("no AWS credentials within 8000 ms"), "{error}");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    // The question goes on, and ends by its own bound.
    let error = failure(&login.signer).await.to_string();
    assert_eq!(error, "http://sts.example/: no answer within 10000 ms");
}

#[test]
fn whatever_sts_and_files_hold_ends_in_keys_or_in_a_sentence_without_them() {
    let answer = "<R><Credentials><AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>hush-key</SecretAccessKey>\
        <SessionToken>hush-token</SessionToken><Expiration>2026-11-29T13:34:56Z</Expiration></Credentials></R>";
    let json =
        json!({"AccessKeyId": "A", "SecretAccessKey": "hush-key", "Token": "hush-token", "Expiration": HOUR})
            .to_string();
    let mut chance = crate::retry::Chance::seeded(7);
    for round in 0..20_000 {
        let at = usize::try_from(chance.bits() % 4096).unwrap();
        let byte = b"<>/\"{}[]=\n# :-0Z\xff"[round % 17];
        let changed = |good: &str| {
            let mut bytes = good.as_bytes().to_vec();
            let at = at % bytes.len();
            match round % 3 {
                0 => bytes[at] = byte,
                1 => bytes.truncate(at),
                _ => bytes.insert(at, byte),
            }
            bytes
        };
        let status = if round % 2 == 0 { 200 } else { 403 };
        let body = changed(answer);
        let told = sts::credentials(&crate::http::Answer {
            status,
            content_type: None,
            location: None,
            date_unix_s: None,
            body,
        });
        told.err().iter().for_each(|it| shows_no_secret(it));
        if let Ok(json) = serde_json::from_slice::<Value>(&changed(&json)) {
            AwsCredentials::of_json(&json).err().iter().for_each(|it| shows_no_secret(it));
        }
        let text = String::from_utf8_lossy(&changed(KEYS)).into_owned();
        shows_no_secret(&format!("{:?}", profile::Profiles::read(&text, &text)));
    }
}
