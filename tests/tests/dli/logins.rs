//! Names and texts that let a job in: over TLS, by PLAIN and SCRAM, by secrets of DEW.

use upsert_kafka_tests::data;

use super::cluster::{Cluster, PLAIN, SECRET, credentials};

#[tokio::test(flavor = "multi_thread")]
async fn point_31_a_name_of_stores_lets_records_flow_over_tls() {
    let (cluster, credentials) = (Cluster::start().await, credentials());
    let args = ["--credentials", &credentials];
    cluster.flows("SSL", "'ssl_auth_name' = 'orders_tls',", &args);

    let job = cluster.job("SSL", "'ssl_auth_name' = 'orders_tls',");
    let explained = cluster.run(&[&["explain", job.path()], &args[..]].concat());
    assert_eq!(explained.code, 0, "{}", explained.err);
    let store = data("dli").join("client.jks");
    for line in [
        format!("'properties.ssl.truststore.location' = '{}' (section orders_tls)", store.display()),
        "'properties.ssl.truststore.password' = '***' (section orders_tls)".to_owned(),
    ] {
        assert!(explained.out.contains(&line), "no {line} in\n{}", explained.out);
    }
    assert!(!explained.out.contains(SECRET), "{}", explained.out);
}

#[tokio::test(flavor = "multi_thread")]
async fn point_31_the_environment_names_the_file_too() {
    let (cluster, credentials) = (Cluster::start().await, credentials());
    let job = cluster.job("SSL", "'ssl_auth_name' = 'orders_tls',");
    let mut command = crate::program::command(&["run", job.path()]);
    command.env("UPSERT_KAFKA_CREDENTIALS", &credentials);
    let output = tokio::task::block_in_place(|| command.output()).unwrap();
    let ran = crate::program::ran(output);
    assert_eq!(ran.code, 0, "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn point_35_a_user_and_a_password_need_no_name() {
    let cluster = Cluster::start().await;
    cluster.flows("SASL_PLAINTEXT", PLAIN, &[]);
    let scram = PLAIN
        .replace("'PLAIN'", "'SCRAM-SHA-512'")
        .replace("plain.PlainLoginModule", "scram.ScramLoginModule");
    cluster.flows("SASL_PLAINTEXT", &scram, &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn point_38_the_tables_own_password_wins_over_the_sections() {
    let (cluster, credentials) = (Cluster::start().await, credentials());
    let args = ["--credentials", &credentials];
    let right = "'ssl_auth_name' = 'wrong_tls', 'properties.ssl.truststore.password' = 'trust-hush-11',";
    cluster.flows("SSL", right, &args);
    let wrong = "'ssl_auth_name' = 'orders_tls', 'properties.ssl.truststore.password' = 'wrong-hush-44',";
    let ran = cluster.fails("SSL", wrong, &args);
    assert!(ran.err.contains("password") && ran.err.contains("client.jks"), "{}", ran.err);
    assert!(!ran.err.contains(SECRET), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn point_39_certificates_need_no_password_and_keys_do() {
    let (cluster, credentials) = (Cluster::start().await, credentials());
    let args = ["--credentials", &credentials];
    // `obs://shop/client.jks`, by the map of the file itself.
    cluster.flows("SSL", "'ssl_auth_name' = 'bare_tls',", &args);
    let ran = cluster.fails("SSL", "'ssl_auth_name' = 'keys_without_password',", &args);
    assert!(ran.err.contains("ssl.keystore.password"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn point_47_a_jaas_text_may_have_quotes_escaped_or_none() {
    let cluster = Cluster::start().await;
    let escaped = "username=\\\"orders\\\" password=\\\"jaas-hush-33\\\"";
    assert!(PLAIN.contains(escaped));
    for text in
        ["username=orders password=jaas-hush-33", "username=\"orders\" password=\"jaas-hush-33\"", escaped]
    {
        cluster.flows("SASL_PLAINTEXT", &PLAIN.replace(escaped, text), &[]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn point_49_a_text_of_dews_secret_logs_in() {
    let (cluster, credentials) = (Cluster::start().await, credentials());
    let options = "'properties.sasl.mechanism' = 'PLAIN', 'properties.sasl.jaas.config' = 'jaas',
        'dew.endpoint' = 'kms.example.com', 'dew.projectId' = 'p', 'dew.csms.secretName' = 'kafka_login',
        'dew.csms.decrypt.fields' = 'properties.sasl.jaas.config', 'dew.csms.version' = 'v1',";
    let ran = cluster.flows("SASL_PLAINTEXT", options, &["--credentials", &credentials]);
    assert_eq!(ran.err.matches("dew").count(), 0, "nothing of it reached the client: {}", ran.err);

    // The text is judged after it took the place of its key.
    let ran = super::sentences::refused(
        &options.replace("'PLAIN'", "'GSSAPI'").replace(
            "'properties.sasl.mechanism'",
            "'properties.security.protocol' = 'SASL_PLAINTEXT', 'properties.sasl.mechanism'",
        ),
        &[],
    );
    assert!(ran.err.contains("'properties.sasl.jaas.config' is for PLAIN, but"), "{}", ran.err);
}
