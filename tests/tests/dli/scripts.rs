//! Scripts as DLI's users have them (`tests/data/flink/scripts-dli`), run as their heads say: what goes in, what comes out.

use tokio::task::block_in_place;
use upsert_kafka_broker::{SaslConfig, SaslMechanism};
use upsert_kafka_tests::data;

use super::cluster::{Cluster, private_file};
use crate::program;

/// Runs a script on the listener of its protocol; `bounded` is the source table, which ends where its topic does.
async fn runs(name: &str, protocol: &str, bounded: &str, user: (&str, &str), credentials: &str) {
    let path = data("flink/scripts-dli").join(name);
    let text = std::fs::read_to_string(&path).unwrap();
    let sasl = SaslConfig::default().with_mechanisms(vec![SaslMechanism::Plain]).with_user(user.0, user.1);
    let cluster = Cluster::start_with(|config| config.with_sasl(sasl)).await;
    let plaintext = cluster.address("PLAINTEXT");
    let lines = |start: &str| -> Vec<(String, String)> {
        let lines = text.lines().filter_map(|line| line.strip_prefix(start)?.split_once(" | "));
        lines.map(|(topic, rest)| (topic.to_owned(), rest.to_owned())).collect()
    };
    let (input, output) = (lines("-- in:  "), lines("-- out: "));
    for topic in [&input[0].0, &output[0].0] {
        assert_eq!(cluster.run(&["topic", "create", topic, "--bootstrap", &plaintext]).code, 0);
    }
    for (topic, record) in &input {
        let value = record.strip_prefix("- | ").expect("a record without a key");
        let produce = ["produce", topic, "--bootstrap", &plaintext];
        assert_eq!(block_in_place(|| program::run_with_input(&produce, value.as_bytes())).code, 0);
    }
    let credentials = private_file("scripts.toml", credentials);
    let bounded = format!("{bounded}.scan.bounded.mode=latest-offset");
    let address = cluster.address(protocol);
    let run = [
        "run",
        path.to_str().unwrap(),
        "--bootstrap",
        &address,
        "--credentials",
        &credentials,
        "--set",
        &bounded,
    ];
    let ran = cluster.run(&run);
    assert_eq!(ran.code, 0, "{name}: {}", ran.err);
    let dump = ["topic", "dump", &output[0].0, "--bootstrap", &plaintext, "--output", "raw"];
    let dumped = cluster.run(&dump).out;
    let expected: Vec<String> = output.iter().map(|(_, record)| shown(record)).collect();
    assert_eq!(dumped.lines().collect::<Vec<_>>(), expected, "{name}");
}

/// As `topic dump` shows a record: `-` is a key that is not there.
fn shown(record: &str) -> String {
    let (key, value) = record.split_once(" | ").expect("a key and a value");
    format!("{}\t{value}", if key == "-" { "null" } else { key })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_name_with_a_user_in_the_table_runs() {
    let stores = data("dli");
    let credentials =
        format!("[shop_tls]\nkind = 'kafka_ssl'\ntruststore = '{}/client.jks'\n", stores.display());
    runs("04-ssl-auth-name.sql", "SASL_SSL", "stock", ("stock", "s3cret"), &credentials).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_in_the_spelling_of_1_10_runs() {
    runs("11-legacy-110-kafka.sql", "PLAINTEXT", "cars_csv", ("nobody", "x"), "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_of_a_shared_secret_runs() {
    let jaas = "org.apache.kafka.common.security.plain.PlainLoginModule required username=refund_job password=bare-Word_1;";
    let jaas = private_file("jaas.txt", &format!("{jaas}\n"));
    let credentials = format!(
        "[kafka_login]\nkind = 'secret'\nversion = 'v3'\nvalues = {{ refund_jaas = {{ file = '{jaas}' }} }}\n"
    );
    runs("07-dew-jaas.sql", "SASL_PLAINTEXT", "refunds", ("refund_job", "bare-Word_1"), &credentials).await;
}
