//! What keys make together, and what is told of them.

use std::time::Duration;

use super::*;
use crate::config::{KerberosLogin, NoticeKind, Role, TlsVersion};

const PLAIN: &str =
    "org.apache.kafka.common.security.plain.PlainLoginModule required username=\"u\" password=\"hush\";";
const KRB5: &str = "com.sun.security.auth.module.Krb5LoginModule required useTicketCache=true";
const SSL: (&str, &str) = ("security.protocol", "SSL");
const SASL: (&str, &str) = ("security.protocol", "SASL_PLAINTEXT");

fn parsed(pairs: &[(&str, &str)]) -> Result<(Config, Vec<Notice>), Error> {
    Config::from_properties(pairs.iter().copied(), Role::Any)
}

fn told(pairs: &[(&str, &str)]) -> Vec<String> {
    parsed(pairs).expect("a config").1.iter().map(Notice::to_string).collect()
}

fn refused_as(pairs: &[(&str, &str)]) -> String {
    parsed(pairs).expect_err("a refusal").to_string()
}

#[test]
fn a_file_of_each_kind_is_a_store_whatever_the_order_of_its_keys() {
    for (name, store_type) in
        [("JKS", StoreType::Jks), ("pkcs12", StoreType::Pkcs12), ("PEM", StoreType::Pem)]
    {
        let pairs = [
            ("ssl.truststore.password", " hush "),
            ("ssl.truststore.type", name),
            ("ssl.truststore.location", "/etc/a"),
            SSL,
        ];
        let pairs = if store_type == StoreType::Pem { &pairs[1..] } else { &pairs[..] };
        let (config, notices) = parsed(pairs).unwrap();
        // A password's blanks belong to it, as in Java.
        let password = (store_type != StoreType::Pem).then(|| " hush ".into());
        let store =
            Store { source: StoreSource::File("/etc/a".into()), store_type: Some(store_type), password };
        assert_eq!((config.tls.truststore, notices), (Some(store), vec![]));
    }
}

#[test]
fn certificates_and_keys_stand_in_the_text_itself() {
    let (config, notices) = parsed(&[
        SSL,
        ("ssl.truststore.certificates", "CA"),
        ("ssl.truststore.type", "JKS"),
        ("ssl.keystore.key", "KEY"),
        ("ssl.keystore.certificate.chain", "CHAIN"),
        ("ssl.key.password", "hush"),
    ])
    .unwrap();
    assert_eq!(config.tls.truststore, Some(Store::pem("CA")));
    assert_eq!(config.tls.keystore, Some(Store::pem("CHAIN\nKEY")));
    assert_eq!(config.tls.key_password, Some("hush".into()));
    let sentence = "ssl.truststore.type becomes PEM, since ssl.truststore.certificates is; it was JKS";
    assert_eq!(notices.iter().map(Notice::to_string).collect::<Vec<_>>(), [sentence]);
}

/// What Java's `DefaultSslEngineFactory` refuses, with both names.
#[test]
fn stores_that_cannot_be_are_refused_where_there_is_tls() {
    for (pairs, key, other) in [
        (&[("ssl.truststore.password", "hush")][..], "ssl.truststore.password", "ssl.truststore.location"),
        (&[("ssl.keystore.password", "hush")], "ssl.keystore.password", "ssl.keystore.location"),
        (&[("ssl.keystore.key", "hush")], "ssl.keystore.key", "ssl.keystore.certificate.chain"),
        (&[("ssl.keystore.certificate.chain", "hush")], "ssl.keystore.certificate.chain", "ssl.keystore.key"),
        (
            &[("ssl.truststore.certificates", "hush"), ("ssl.truststore.location", "/a")],
            "ssl.truststore.certificates",
            "ssl.truststore.location",
        ),
        (
            &[("ssl.truststore.certificates", "c"), ("ssl.truststore.password", "hush")],
            "ssl.truststore.password",
            "ssl.truststore.certificates",
        ),
        (
            &[
                ("ssl.keystore.type", "PEM"),
                ("ssl.keystore.location", "/a"),
                ("ssl.keystore.password", "hush"),
            ],
            "ssl.keystore.password",
            "ssl.keystore.type",
        ),
    ] {
        let sentence = refused_as(&[pairs, &[SSL]].concat());
        assert!(sentence.starts_with(&format!("property {key}: ")) && sentence.contains(other), "{sentence}");
        assert!(!sentence.contains("hush"), "{sentence}");
        parsed(pairs).unwrap();
    }
}

#[test]
fn what_of_tls_is_spoken_is_typed() {
    let (config, notices) = parsed(&[
        SSL,
        ("ssl.enabled.protocols", "TLSv1.1, TLSv1.3"),
        ("ssl.cipher.suites", "TLS_AES_128_GCM_SHA256,TLS_AES_256_GCM_SHA384"),
        ("ssl.crl.location", "/etc/crl"),
    ])
    .unwrap();
    assert_eq!(config.tls.enabled_protocols, [TlsVersion::V1_3]);
    assert_eq!(config.tls.cipher_suites.len(), 2);
    assert_eq!((config.tls.crl_location, notices), (Some("/etc/crl".into()), vec![]));
    let old = refused_as(&[("ssl.enabled.protocols", "TLSv1,TLSv1.1")]);
    assert!(old.contains("TLSv1, TLSv1.1 is broken and not spoken here"), "{old}");
}

#[test]
fn a_name_that_is_not_checked_is_told_loudly() {
    for given in ["", "none"] {
        let (config, notices) = parsed(&[SSL, ("ssl.endpoint.identification.algorithm", given)]).unwrap();
        assert_eq!(config.tls.endpoint_identification, EndpointIdentification::None);
        assert_eq!(notices[0].kind, NoticeKind::Insecure);
    }
    let (config, notices) = parsed(&[SSL, ("ssl.endpoint.identification.algorithm", "HTTPS")]).unwrap();
    assert_eq!((config.tls.endpoint_identification, notices), (EndpointIdentification::Https, vec![]));
}

#[test]
fn a_text_logs_in_and_goes_before_a_file() {
    let file = ("java.security.auth.login.config", "/nowhere/jaas.conf");
    let plain = ("sasl.mechanism", "plain");
    let (config, notices) = parsed(&[SASL, plain, ("sasl.jaas.config", PLAIN), file]).unwrap();
    let login = LoginModule::Plain { username: "u".to_owned(), password: "hush".into() };
    assert_eq!((config.sasl.login, config.sasl.login_file), (Some(login), None));
    let sentence = "property java.security.auth.login.config is ignored: sasl.jaas.config stands before it";
    assert_eq!(notices[0].to_string(), sentence);
    let sentence = refused_as(&[SASL, plain, file]);
    assert!(
        sentence.contains("java.security.auth.login.config: /nowhere/jaas.conf cannot be read"),
        "{sentence}"
    );
}

#[test]
fn a_file_logs_in_with_the_module_of_the_mechanism() {
    let path = std::env::temp_dir().join(format!("upsert-kafka-draft-{}.conf", std::process::id()));
    std::fs::write(&path, format!("KafkaClient {{ {KRB5};\n {PLAIN} }};")).unwrap();
    let file = ("java.security.auth.login.config", path.to_str().unwrap());
    let parsed = parsed(&[SASL, ("sasl.mechanism", "PLAIN"), file]);
    std::fs::remove_file(&path).unwrap();
    let (config, notices) = parsed.unwrap();
    assert!(matches!(config.sasl.login, Some(LoginModule::Plain { .. })));
    assert!(notices[0].to_string().ends_with("of the 2 modules in KafkaClient the one for PLAIN is used"));
    let shown = |wanted: &str| {
        let mut explained = config.explain(Role::Any);
        explained.find(|(key, _)| *key == wanted).map(|(_, it)| it)
    };
    use crate::Explained::Honoured;
    assert_eq!(shown("sasl.jaas.config"), Some(Honoured(String::new())));
    assert_eq!(shown("java.security.auth.login.config"), Some(Honoured(path.display().to_string())));
}

/// Point 46 asks for the ticket too; here the settings arrive.
#[test]
fn point_46_kerberos_is_told_its_names_and_files() {
    let (config, notices) = parsed(&[
        SASL,
        ("sasl.jaas.config", &format!("{KRB5} serviceName=\"broker\";")),
        ("kerberos.domain.name", "hadoop.r"),
        ("java.security.krb5.conf", "/etc/other.conf"),
        ("sasl.kerberos.min.time.before.relogin", "1000"),
        ("sasl.kerberos.ticket.renew.window.factor", "0.5"),
    ])
    .unwrap();
    let kerberos = &config.sasl.kerberos;
    assert_eq!(kerberos.service_name.as_deref(), Some("broker"));
    assert_eq!(kerberos.domain_name.as_deref(), Some("hadoop.r"));
    assert_eq!(kerberos.krb5_conf.as_deref(), Some("/etc/other.conf".as_ref()));
    assert_eq!(
        (kerberos.ticket_renew_window_factor, kerberos.min_time_before_relogin),
        (0.5, Duration::from_secs(1))
    );
    let cache = KerberosLogin { ticket_cache: Some("".into()), ..KerberosLogin::default() };
    assert_eq!((&config.sasl.login, notices), (&Some(LoginModule::Kerberos(cache)), vec![]));
}

#[test]
fn a_service_has_one_name() {
    let jaas = &format!("{KRB5} serviceName=\"a\";");
    let sentence = refused_as(&[SASL, ("sasl.jaas.config", jaas), ("sasl.kerberos.service.name", "b")]);
    assert!(sentence.ends_with("it is b, and serviceName in sasl.jaas.config is a; keep one"), "{sentence}");
    parsed(&[SASL, ("sasl.jaas.config", jaas), ("sasl.kerberos.service.name", "a")]).unwrap();
    let none = told(&[SASL, ("sasl.jaas.config", &format!("{KRB5};"))]);
    assert_eq!(none, ["sasl.kerberos.service.name becomes kafka, as none was given; Java asks for one"]);
}

#[test]
fn a_text_that_is_none_counts_only_where_there_is_sasl() {
    let text = ("sasl.jaas.config", "org.A required password=\"hush\"");
    assert_eq!(
        refused_as(&[SASL, text]),
        "property sasl.jaas.config: column 31: an option or ; is missing here"
    );
    parsed(&[text]).unwrap();
}

#[test]
fn the_modules_options_without_effect_are_told() {
    let text = PLAIN.replace(';', " serviceName=\"kafka\";");
    let told = told(&[SASL, ("sasl.mechanism", "PLAIN"), ("sasl.jaas.config", &text)]);
    assert_eq!(
        told,
        ["property sasl.jaas.config: option serviceName of PlainLoginModule changes nothing here"]
    );
}

#[test]
fn amazons_mechanism_needs_no_text() {
    let (config, _) = parsed(&[
        ("security.protocol", "SASL_SSL"),
        ("sasl.mechanism", "AWS_MSK_IAM"),
        (
            "sasl.client.callback.handler.class",
            "shaded.software.amazon.msk.auth.iam.IAMClientCallbackHandler",
        ),
    ])
    .unwrap();
    assert!(matches!(config.sasl.login, Some(LoginModule::AwsMskIam { profile: None, .. })));
}
