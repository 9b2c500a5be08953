//! The example of DLI's page "Upsert Kafka Result Table", on a cluster with SASL_SSL: the page's script, with what its table
//! of parameters says to add for `ssl_auth_name`, its test data, and what reaches the sink's topic.

use tokio::task::block_in_place;
use upsert_kafka_tests::data;
use upsert_kafka_tests::kafka::{Listener, PASSWORD, STORE_PASSWORD, Secured, unique};

use super::cluster::{Cluster, private_file};
use crate::program;

/// The script of the page. Its table of parameters says for SASL_SSL: `properties.security.protocol` is SASL_SSL,
/// `properties.sasl.mechanism` GSSAPI or PLAIN, and `properties.sasl.jaas.config` the text below, backslashes and all. The
/// page has one topic for both tables, which a job would feed itself by; here they are two, and it reads from the beginning.
const SCRIPT: &str = r#"
CREATE TABLE orders (
  order_id string,
  order_channel string,
  order_time string,
  pay_amount double,
  real_pay double,
  pay_time string,
  user_id string,
  user_name string,
  area_id string
) WITH (
  'connector' = 'kafka',
  'topic' = 'KafkaTopic',
  'properties.bootstrap.servers' = 'KafkaAddress1:KafkaPort,KafkAddress2:KafkaPort',
  'properties.group.id' = 'GroupId',
  'scan.startup.mode' = 'earliest-offset',
  'scan.bounded.mode' = 'latest-offset',
  'ssl_auth_name' = 'orders_tls',
  'properties.security.protocol' = 'SASL_SSL',
  'properties.sasl.mechanism' = 'PLAIN',
  'properties.sasl.jaas.config' = 'org.apache.kafka.common.security.plain.PlainLoginModule required username=\"orders\" password=\"jaas-hush-33\";',
  "format" = "json"
);
CREATE TABLE UPSERTKAFKASINK (
  order_id string,
  order_channel string,
  order_time string,
  pay_amount double,
  real_pay double,
  pay_time string,
  user_id string,
  user_name string,
  area_id string,
  PRIMARY KEY (order_id) NOT ENFORCED
) WITH (
  'connector' = 'upsert-kafka',
  'topic' = 'KafkaTopicUpsert',
  'properties.bootstrap.servers' = 'KafkaAddress1:KafkaPort,KafkAddress2:KafkaPort',
  'ssl_auth_name' = 'orders_tls',
  'properties.security.protocol' = 'SASL_SSL',
  'properties.sasl.mechanism' = 'PLAIN',
  'properties.sasl.jaas.config' = 'org.apache.kafka.common.security.plain.PlainLoginModule required username=\"orders\" password=\"jaas-hush-33\";',
  'key.format' = 'json',
  'value.format' = 'json'
);
insert into UPSERTKAFKASINK select * from orders;
"#;

/// The test data of the page.
const DATA: &str = r#"{"order_id":"202103251202020001", "order_channel":"miniAppShop", "order_time":"2021-03-25 12:02:02", "pay_amount":"60.00", "real_pay":"60.00", "pay_time":"2021-03-25 12:03:00", "user_id":"0002", "user_name":"Bob", "area_id":"330110"}
{"order_id":"202103251505050001", "order_channel":"qqShop", "order_time":"2021-03-25 15:05:05", "pay_amount":"500.00", "real_pay":"400.00", "pay_time":"2021-03-25 15:10:00", "user_id":"0003", "user_name":"Cindy", "area_id":"330108"}
{"order_id":"202103251202020001", "order_channel":"miniAppShop", "order_time":"2021-03-25 12:02:02", "pay_amount":"60.00", "real_pay":"60.00", "pay_time":"2021-03-25 12:03:00", "user_id":"0002", "user_name":"Bob", "area_id":"330110"}
"#;

/// What real Flink writes for it: golden job 01.
const BOB: &str = r#"{"order_id":"202103251202020001"}	{"order_id":"202103251202020001","order_channel":"miniAppShop","order_time":"2021-03-25 12:02:02","pay_amount":60.0,"real_pay":60.0,"pay_time":"2021-03-25 12:03:00","user_id":"0002","user_name":"Bob","area_id":"330110"}"#;
const CINDY: &str = r#"{"order_id":"202103251505050001"}	{"order_id":"202103251505050001","order_channel":"qqShop","order_time":"2021-03-25 15:05:05","pay_amount":500.0,"real_pay":400.0,"pay_time":"2021-03-25 15:10:00","user_id":"0003","user_name":"Cindy","area_id":"330108"}"#;

/// What the user stored on DLI, of type Kafka_SSL: `client.jks` of a DMS cluster, and its password.
fn stored() -> String {
    format!(
        "[orders_tls]\nkind = \"Kafka_SSL\"\ntruststore_path = \"{}\"\ntruststore_password = \"trust-hush-11\"\n",
        data("dli").join("client.jks").display()
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_pages_job_runs_over_sasl_ssl_with_a_jks_trust_store() {
    let cluster = Cluster::start().await;
    let (plaintext, secure) = (cluster.address("PLAINTEXT"), cluster.address("SASL_SSL"));
    for topic in ["KafkaTopic", "KafkaTopicUpsert"] {
        assert_eq!(cluster.run(&["topic", "create", topic, "--bootstrap", &plaintext]).code, 0);
    }
    let produce = ["produce", "KafkaTopic", "--bootstrap", &plaintext];
    assert_eq!(block_in_place(|| program::run_with_input(&produce, DATA.as_bytes())).code, 0);

    let job = program::file("seed-page.sql", SCRIPT);
    let credentials = private_file("seed-page.toml", &stored());
    let run = ["run", job.to_str().unwrap(), "--bootstrap", &secure, "--credentials", &credentials];
    let ran = cluster.run(&run);
    assert_eq!(ran.code, 0, "{}", ran.err);

    let dump = ["topic", "dump", "KafkaTopicUpsert", "--bootstrap", &plaintext, "--output", "raw"];
    assert_eq!(cluster.run(&dump).out.lines().collect::<Vec<_>>(), [BOB, CINDY, BOB]);
}

/// Without the cluster, the credentials and the trust store: what remains is the job.
#[test]
fn the_pages_job_runs_in_the_process_where_nothing_is_secured() {
    let (job, input) =
        (program::file("seed-page-embedded.sql", SCRIPT), program::file("seed-page.jsonl", DATA));
    let input = format!("orders={}", input.display());
    let run = ["run", job.to_str().unwrap(), "--embedded", "--input", &input, "--output", "raw"];
    let ran = program::run(&run);
    assert_eq!(ran.code, 0, "{}", ran.err);
    assert_eq!(ran.out.lines().collect::<Vec<_>>(), [BOB, CINDY, BOB]);
    let notice = "warning: tables orders, UPSERTKAFKASINK: what is said there of TLS and logins is not used";
    let notices: Vec<_> = ran.err.lines().filter(|it| it.contains("TLS")).collect();
    assert!(notices.len() == 1 && notices[0].starts_with(notice), "{}", ran.err);
    assert!(!ran.err.contains("hush"), "{}", ran.err);
}

#[test]
fn the_pages_job_runs_on_a_real_kafka_too() {
    let Some(kafka) = Secured::shared() else { return };
    let (plaintext, secure) = (kafka.bootstrap(Listener::Plaintext), kafka.bootstrap(Listener::SaslSsl));
    let (input, output, group) = (unique("KafkaTopic"), unique("Upserts"), unique("GroupId"));
    for topic in [&input, &output] {
        let create = ["topic", "create", topic, "--bootstrap", &plaintext, "--partitions", "1"];
        assert_eq!(program::run(&create).code, 0);
    }
    assert_eq!(
        program::run_with_input(&["produce", &input, "--bootstrap", &plaintext], DATA.as_bytes()).code,
        0
    );
    let script = SCRIPT
        .replace("'KafkaTopic'", &format!("'{input}'"))
        .replace("'KafkaTopicUpsert'", &format!("'{output}'"))
        .replace("'GroupId'", &format!("'{group}'"))
        .replace(
            "username=\\\"orders\\\" password=\\\"jaas-hush-33\\\"",
            &format!("username=\\\"alice\\\" password=\\\"{PASSWORD}\\\""),
        );
    let job = program::file("seed-page-kafka.sql", &script);
    let stored = format!(
        "[orders_tls]\nkind = \"Kafka_SSL\"\ntruststore_path = \"{}\"\ntruststore_password = \"{STORE_PASSWORD}\"\n",
        kafka.stores().path("trust.jks")
    );
    let credentials = private_file("seed-page-kafka.toml", &stored);
    let ran =
        program::run(&["run", job.to_str().unwrap(), "--bootstrap", &secure, "--credentials", &credentials]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let dump = ["topic", "dump", &output, "--bootstrap", &plaintext, "--output", "raw"];
    assert_eq!(program::run(&dump).out.lines().collect::<Vec<_>>(), [BOB, CINDY, BOB]);
}
