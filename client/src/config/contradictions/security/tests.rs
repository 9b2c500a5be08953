//! What cannot log in, and what was given for nothing.

use super::*;
use crate::config::{KerberosLogin, NoticeKind, Role, SecurityProtocol};

const SASL: (&str, &str) = ("security.protocol", "SASL_SSL");

fn parsed(pairs: &[(&str, &str)]) -> Result<(Config, Vec<Notice>), Error> {
    Config::from_properties(pairs.iter().copied(), Role::Producer)
}

fn text(class: &str) -> String {
    format!("{class} required username=\"u\" password=\"hush\";")
}

#[test]
fn a_module_for_another_mechanism_is_refused_with_both_names() {
    let plain = text("org.apache.kafka.common.security.plain.PlainLoginModule");
    // Point 32 of the checklist: GSSAPI and a PlainLoginModule, as the seed's page has it.
    let sentence = parsed(&[SASL, ("sasl.jaas.config", &plain)]).unwrap_err().to_string();
    assert_eq!(
        sentence,
        "property sasl.jaas.config is for PLAIN, but sasl.mechanism is GSSAPI, the default; set PLAIN, or give it a \
         com.sun.security.auth.module.Krb5LoginModule"
    );
    for mechanism in ["OAUTHBEARER", "AWS_MSK_IAM"] {
        let error = parsed(&[SASL, ("sasl.jaas.config", &plain), ("sasl.mechanism", mechanism)]).unwrap_err();
        let sentence = error.to_string();
        assert!(sentence.contains(&format!("is for PLAIN, but sasl.mechanism is {mechanism}")), "{sentence}");
    }
    let scram = text("org.apache.kafka.common.security.scram.ScramLoginModule");
    for (jaas, mechanism) in
        [(&plain, "PLAIN"), (&plain, "SCRAM-SHA-512"), (&scram, "PLAIN"), (&scram, "SCRAM-SHA-256")]
    {
        parsed(&[SASL, ("sasl.jaas.config", jaas), ("sasl.mechanism", mechanism)]).unwrap();
    }
}

#[test]
fn a_mechanism_without_a_login_says_what_to_write() {
    for (mechanism, part) in [
        ("PLAIN", "plain.PlainLoginModule required username=\"…\" password=\"…\";"),
        ("SCRAM-SHA-256", "scram.ScramLoginModule required username=\"…\" password=\"…\";"),
        ("SCRAM-SHA-512", "scram.ScramLoginModule required"),
        ("GSSAPI", "Krb5LoginModule required useKeyTab=true"),
    ] {
        let sentence = parsed(&[SASL, ("sasl.mechanism", mechanism)]).unwrap_err().to_string();
        assert!(sentence.contains(mechanism) && sentence.contains(part), "{sentence}");
    }
    let unset = parsed(&[SASL]).unwrap_err().to_string();
    assert!(unset.contains("GSSAPI, the default, needs a login"), "{unset}");
    parsed(&[SASL, ("sasl.mechanism", "OAUTHBEARER")]).unwrap();
}

#[test]
fn a_login_built_by_hand_is_held_to_the_same_rules() {
    let mut config = Config { security_protocol: SecurityProtocol::SaslPlaintext, ..Config::default() };
    assert!(config.check().unwrap_err().to_string().contains("needs a login"));
    config.sasl.login = Some(LoginModule::Kerberos(KerberosLogin::default()));
    config.check().unwrap();
    config.sasl.mechanism = SaslMechanism::Plain;
    assert!(config.check().unwrap_err().to_string().contains("is for GSSAPI, but sasl.mechanism is PLAIN"));
}

#[test]
fn what_the_protocol_has_no_use_for_is_told() {
    let plain = text("org.apache.kafka.common.security.plain.PlainLoginModule");
    let told = |pairs: &[(&str, &str)]| {
        let (_, notices) = parsed(pairs).unwrap();
        assert!(notices.iter().all(|it| it.kind == NoticeKind::Unused), "{notices:?}");
        notices.iter().map(Notice::to_string).collect::<Vec<_>>()
    };
    let sasl = [("sasl.mechanism", "PLAIN"), ("sasl.jaas.config", &plain)];
    assert_eq!(
        told(&sasl),
        [
            "properties sasl.jaas.config, sasl.mechanism change nothing while security.protocol is PLAINTEXT, which is not \
          SASL_SSL or SASL_PLAINTEXT"
        ]
    );
    assert_eq!(
        told(&[("ssl.truststore.location", "/a"), sasl[0], sasl[1], ("security.protocol", "SASL_PLAINTEXT")]),
        [
            "property ssl.truststore.location changes nothing while security.protocol is SASL_PLAINTEXT, which is not SSL or \
          SASL_SSL"
        ]
    );
    assert_eq!(told(&[("ssl.truststore.location", "/a"), sasl[0], sasl[1], SASL]), [""; 0]);
    assert_eq!(told(&[("sasl.mechanism", "GSSAPI"), ("ssl.truststore.type", "JKS")]), [""; 0]);
}

#[test]
fn a_token_endpoint_that_is_asked_in_the_open_is_told() {
    let notices = |url: &str| {
        let pairs = [
            SASL,
            ("sasl.mechanism", "OAUTHBEARER"),
            ("sasl.oauthbearer.token.endpoint.url", url),
            ("sasl.oauthbearer.client.credentials.client.id", "id"),
            ("sasl.oauthbearer.client.credentials.client.secret", "hush"),
        ];
        parsed(&pairs).unwrap().1
    };
    for url in [
        "http://idp.example/token",
        " HTTP://10.0.0.1:8080",
        "http://[fd00::1]:80/",
        "http://localhost.evil.example/",
    ] {
        let [notice] = &notices(url)[..] else { panic!("{url}: {:?}", notices(url)) };
        assert_eq!(notice.kind, NoticeKind::Insecure, "{url}");
        assert!(notice.to_string().contains("reads the client's secret and every token"), "{notice}");
    }
    for url in [
        "https://idp.example/token",
        "http://localhost:8080/t",
        "http://127.0.0.1/",
        "http://[::1]:80",
        "file:///t",
    ] {
        assert_eq!(notices(url), [], "{url}");
    }
}

#[test]
fn a_mechanism_that_was_left_out_is_refused_by_its_feature() {
    assert_eq!(
        built(SaslMechanism::AwsMskIam, Some("msk-iam")).unwrap_err().to_string(),
        "property sasl.mechanism: AWS_MSK_IAM is not in this build, it is the feature msk-iam of upsert-kafka-client"
    );
    for (mechanism, name) in SaslMechanism::ALL {
        built(mechanism, mechanism.missing_feature()).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}
