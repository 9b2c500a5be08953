//! The file that the Java team hands over, as it is: it logs in.

use std::net::{Ipv4Addr, SocketAddr};

use upsert_kafka_broker::{Broker, BrokerConfig, ListenerConfig, SaslConfig, SecurityProtocol};
use upsert_kafka_client::{Client, Config, NewTopic, Record, Role, parse_properties};

const PASSWORD: &str = "hush; \"or\" not\\";

async fn broker() -> Broker {
    let listener =
        ListenerConfig::new(SecurityProtocol::SaslPlaintext, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
    let sasl = SaslConfig::default().with_user("orders", PASSWORD);
    Broker::start(BrokerConfig::default().with_listener(listener).with_sasl(sasl)).await.expect("a broker")
}

/// A record into the log, with nothing but that file.
async fn write_one(broker: &Broker, file: &str) -> Result<i64, String> {
    let file = format!("{file}\nbootstrap.servers = {}\nbootstrap.timeout.ms 5000\n", broker.address());
    let said = |error: upsert_kafka_client::Error| error.to_string();
    let pairs = parse_properties(&file).map_err(said)?;
    let (config, notices) = Config::from_properties(pairs, Role::Any).map_err(said)?;
    assert_eq!(notices, [], "{file}");
    let client = Client::open(config).await.map_err(said)?;
    for created in client.admin().create_topics(&[NewTopic::new("orders")]).await.map_err(said)? {
        drop(created); // It may be there already.
    }
    let producer = client.producer();
    let topic = producer.topic("orders").await.map_err(said)?;
    let delivery = producer.send(Record::new(&topic).value(b"paid")).await.map_err(said)?;
    Ok(delivery.await.map_err(said)?.offset)
}

/// Points 35 and 47 of the checklist in dli.md: user and password by PLAIN and SCRAM, in every way that people write them.
#[tokio::test]
async fn point_35_a_file_of_javas_logs_in_however_it_is_written() {
    let broker = broker().await;
    let user = r#"username="orders" password="hush; \"or\" not\\""#;
    let in_file = |text: &str| text.replace('\\', r"\\");
    let jaas = in_file(user);
    // As the seed's page has it: within a string of a program.
    let escaped = in_file(&in_file(user).replace('"', r#"\""#));
    let plain = "org.apache.kafka.common.security.plain.PlainLoginModule";
    let scram = "org.apache.kafka.common.security.scram.ScramLoginModule";
    let conf = std::env::temp_dir().join(format!("upsert-kafka-{}.conf", std::process::id()));
    std::fs::write(&conf, format!("/* ours */\nKafkaClient {{\n  {scram} required\n  {user};\n}};\n"))
        .unwrap();
    let files = [
        format!(
            "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.jaas.config={plain} required {jaas};"
        ),
        format!(
            "! of the Java team\nsecurity.protocol: sasl_plaintext\n  sasl.mechanism : SCRAM-SHA-256\n\
             sasl.jaas.config = {scram} \\\n    required \\\n\t {jaas} ;\n# end"
        ),
        format!(
            "security.protocol SASL_PLAINTEXT\nsasl.mechanism SCRAM-SHA-512\nsasl.jaas.config \
             org.apache.flink.kafka.shaded.{scram} required {jaas};"
        ),
        format!(
            "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.jaas.config={plain} required {escaped};"
        ),
        format!(
            "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=SCRAM-SHA-512\njava.security.auth.login.config={}",
            conf.display()
        ),
    ];
    let mut written = Vec::new();
    for file in &files {
        written.push(write_one(&broker, file).await);
    }
    std::fs::remove_file(&conf).unwrap();
    assert_eq!(written, [Ok(0), Ok(1), Ok(2), Ok(3), Ok(4)]);

    let wrong = files[0].replace("orders\"", "others\"");
    let error = write_one(&broker, &wrong).await.unwrap_err();
    assert!(error.contains("PLAIN") && !error.contains("hush"), "{error}");
    broker.stop().await;
}
