//! The formats with a schema registry, over its own protocol: what is asked and how often, and what is said when it is
//! away, slow, secured, or lies.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::json;
use upsert_kafka_broker::certificates::{Authority, Subject};
use upsert_kafka_broker::{Broker, BrokerConfig};
use upsert_kafka_client::{Assignment, Client, Config, NewTopic, Position, Record, Role};
use upsert_kafka_sink::internals::{
    Decoder, Encoder, FormatSpec, OpenContext, OptionKind, OptionSet, OptionValue, Part,
};
use upsert_kafka_sink::plan::{self, PlanOptions};
use upsert_kafka_sink::row::{Arena, RowKind, Value};
use upsert_kafka_sink::types::{Field, LogicalType};
use upsert_kafka_sink::{Job, JobOptions, NewTopics, UpsertSink};
use upsert_kafka_tests::registry::{RegistryServer, refusal};

const WRITER: &str = r#"{"type":"record","name":"W","fields":[{"name":"a","type":"int"}]}"#;
/// Of schema 7: `a` is 3.
const MESSAGE: &[u8] = &[0, 0, 0, 0, 7, 6];

fn options(pairs: &[(&'static str, &str)]) -> OptionSet {
    let format = FormatSpec::named("avro-confluent").unwrap();
    let mut set = OptionSet::default();
    set.insert("properties", OptionValue::Map(vec![("retries.wait.ms".to_owned(), "1".into())]));
    for (key, text) in pairs {
        let spec = format.options.iter().find(|spec| spec.key == *key).unwrap();
        set.insert(
            key,
            match spec.kind {
                OptionKind::Secret => OptionValue::Secret((*text).into()),
                OptionKind::Bool => OptionValue::Bool(*text == "true"),
                OptionKind::Map => {
                    let pairs = text.split(',').filter_map(|pair| pair.split_once(':'));
                    OptionValue::Map(pairs.map(|(key, value)| (key.to_owned(), value.into())).collect())
                }
                _ => OptionValue::String((*text).to_owned()),
            },
        );
    }
    set
}

fn columns() -> [Field; 1] {
    [Field::new("a", LogicalType::Int.nullable())]
}

async fn decoder(pairs: &[(&'static str, &str)]) -> Arc<dyn Decoder> {
    let decoding = FormatSpec::named("avro-confluent").and_then(|format| format.decoding).unwrap();
    let described = decoding(&options(pairs), &columns(), &[]).unwrap();
    let topics = ["t".to_owned()];
    described.open(&OpenContext::new("t", &topics, Part::Value)).await.unwrap()
}

async fn encoder(part: Part, pairs: &[(&'static str, &str)]) -> Result<Arc<dyn Encoder>, String> {
    let encoding = FormatSpec::named("avro-confluent").and_then(|format| format.encoding).unwrap();
    let described = encoding(&options(pairs), &columns(), &[0]).map_err(|error| error.to_string())?;
    let topics = ["t".to_owned()];
    let opened = described.open(&OpenContext::new("t", &topics, part)).await;
    opened.map_err(|error| error.to_string())
}

/// What becomes of the schema of a message.
async fn fetched(pairs: &[(&'static str, &str)]) -> Result<(), String> {
    decoder(pairs).await.fetch_schema(7).await.map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_schema_is_fetched_once_however_many_ask() {
    let server = RegistryServer::start();
    server.keep(7, WRITER);
    let decoder = decoder(&[("url", &server.url())]).await;
    let arena = Arena::new();
    let needed = decoder.decode(Some(MESSAGE), &arena, &mut |_, _| panic!("no row yet"));
    assert_eq!(needed.unwrap_err().needed_schema(), Some(7));
    let tasks: Vec<_> = (0..20)
        .map(|_| {
            let decoder = Arc::clone(&decoder);
            tokio::spawn(async move { decoder.fetch_schema(7).await.unwrap() })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let mut rows = 0;
    decoder
        .decode(Some(MESSAGE), &arena, &mut |kind, row| {
            assert_eq!((kind, row), (RowKind::Insert, Some(&[Value::Int(3)][..])));
            rows += 1;
        })
        .unwrap();
    assert_eq!((rows, server.requests().len()), (1, 1));
    assert_eq!(server.requests()[0].line, "GET /schemas/ids/7");
}

#[tokio::test]
async fn a_table_registers_its_schema_under_its_topic_or_its_subject() {
    let server = RegistryServer::start();
    let url = server.url();
    encoder(Part::Key, &[("url", &url)]).await.unwrap();
    encoder(Part::Value, &[("schema-registry.url", &url)]).await.unwrap();
    encoder(Part::Value, &[("url", &url), ("schema-registry.subject", "s")]).await.unwrap();
    let writer = encoder(Part::Value, &[("url", &url), ("schema", WRITER)]).await.unwrap();
    let subjects: Vec<String> = server.registered().into_iter().map(|(subject, _)| subject).collect();
    assert_eq!(subjects, ["t-key", "t-value", "s", "t-value"]);
    assert_eq!(server.registered()[3].1, WRITER);
    let mut out = Vec::new();
    _ = writer.encode(RowKind::Insert, &[Value::Int(3)], &mut out).unwrap();
    // The derived schema is the first, the table's own the second; it has no NULL.
    assert_eq!(out, [0, 0, 0, 0, 2, 6]);
    let refused = encoder(Part::Value, &[("url", &url), ("auto.register.schemas", "false")]).await;
    assert!(refused.err().unwrap().contains("no such subject"));
    let other = r#"{"type":"record","name":"W","fields":[{"name":"a","type":"string"}]}"#;
    let refused = encoder(Part::Value, &[("url", &url), ("schema", other)]).await.err().unwrap();
    assert!(refused.contains("'schema' does not agree with the columns"), "{refused}");
}

#[tokio::test]
async fn a_registry_that_is_away_is_asked_again_within_bounds_and_another_one_too() {
    let error = fetched(&[("url", "http://127.0.0.1:1")]).await.unwrap_err();
    assert!(error.contains("the schema registry, asked for schema 7: http://127.0.0.1:1/"), "{error}");
    let server = RegistryServer::judged(|before, _| (before < 2).then(|| refusal(503, 50301, "starting")));
    server.keep(7, WRITER);
    fetched(&[("url", &server.url())]).await.unwrap();
    assert_eq!(server.requests().len(), 3);
    fetched(&[("url", &format!("http://127.0.0.1:1, {}", server.url()))]).await.unwrap();
    let server = RegistryServer::judged(|_, _| Some(refusal(500, 50001, "store is away")));
    let error = fetched(&[("url", &server.url()), ("properties", "max.retries:1,retries.wait.ms:1")]).await;
    assert!(error.unwrap_err().contains("(500: store is away)"));
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_registry_that_is_slow_is_not_waited_for_without_end() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let error = fetched(&[("url", &url), ("properties", "http.read.timeout.ms:50,max.retries:0")]).await;
    assert!(error.unwrap_err().contains("no answer within 50 ms"));
}

#[tokio::test]
async fn a_registry_that_lies_is_told_so_and_nothing_is_believed() {
    let html = "<html><body>Log in</body></html>";
    let large = "x".repeat(3 << 20);
    for (answer, why) in [
        ((200, "text/html", html.to_owned()), "it answers with a web page, not with JSON"),
        ((200, "application/json", "[".to_owned()), "its answer is not JSON"),
        ((200, "application/json", "{}".to_owned()), "its answer has no schema"),
        ((200, "application/json", large), "more than the 2097152 bytes that are believed"),
        ((302, "text/html", String::new()), "it redirects (302)"),
        ((404, "text/html", html.to_owned()), "is the url the registry's?"),
        (refusal(404, 40403, "Schema not found"), "it has no such schema (404: Schema not found)"),
        (refusal(401, 401, "Unauthorized"), "it wants credentials"),
        (refusal(403, 403, "Forbidden"), "these credentials may not do that"),
        (
            (
                200,
                "application/json",
                json!({ "schema": "message A {}", "schemaType": "PROTOBUF" }).to_string(),
            ),
            "the schema is of the type PROTOBUF, not AVRO",
        ),
        (
            (200, "application/json", json!({ "schema": "{\"type\":\"record\"}" }).to_string()),
            "the registry's schema 7: a record, enum or fixed type in it has no name",
        ),
        ((200, "application/json", json!({ "schema": "nonsense" }).to_string()), "does not define the type"),
    ] {
        let server = RegistryServer::judged(move |_, _| Some(answer.clone()));
        let error = fetched(&[("url", &server.url())]).await.unwrap_err();
        assert!(error.contains(why) && error.len() < 1_000, "{why}: {error}");
        assert_eq!(server.requests().len(), 1, "{why}");
    }
}

/// A schema that the table cannot be read by is an error of its messages, with both types.
#[tokio::test]
async fn a_registry_with_another_schema_is_an_error_of_the_message() {
    let server = RegistryServer::start();
    server.keep(7, r#"{"type":"record","name":"W","fields":[{"name":"a","type":"string"}]}"#);
    let decoder = decoder(&[("url", &server.url())]).await;
    decoder.fetch_schema(7).await.unwrap();
    let arena = Arena::new();
    let error = decoder.decode(Some(&[0, 0, 0, 0, 7, 2, b'x']), &arena, &mut |_, _| {}).unwrap_err();
    assert_eq!(error.to_string(), "column a: the writer's type is string, and the table's is int");
    let error = decoder.decode(Some(b"{\"a\":1}"), &arena, &mut |_, _| {}).unwrap_err().to_string();
    assert!(error.contains("begins with the byte 123"), "{error}");
}

#[tokio::test]
async fn types_of_other_subjects_are_fetched_with_the_schema_that_names_them() {
    let server = RegistryServer::judged(|_, request| {
        let answer = match &*request.line {
            "GET /subjects/b%2Fc/versions/2" => {
                json!({ "schema": r#"{"type":"fixed","name":"B","size":4}"# })
            }
            _ => json!({
                "schema": r#"{"type":"record","name":"W","fields":[{"name":"x","type":"B"},{"name":"a","type":"int"}]}"#,
                "references": [{ "name": "B", "subject": "b/c", "version": 2 }],
            }),
        };
        Some((200, "application/json", answer.to_string()))
    });
    let decoder = decoder(&[("url", &server.url())]).await;
    decoder.fetch_schema(7).await.unwrap();
    let (arena, mut rows) = (Arena::new(), 0);
    decoder
        .decode(Some(&[0, 0, 0, 0, 7, 1, 2, 3, 4, 6]), &arena, &mut |_, row| {
            assert_eq!(row, Some(&[Value::Int(3)][..]));
            rows += 1;
        })
        .unwrap();
    assert_eq!(rows, 1);
}

#[tokio::test]
async fn who_asks_says_so_and_no_error_tells_it() {
    let server = RegistryServer::judged(|_, request| {
        let known = ["Basic dXNlcjpodXNo", "Bearer hush"].iter().any(|it| {
            request.head.to_ascii_lowercase().contains(&format!("authorization: {it}").to_ascii_lowercase())
        });
        (!known).then(|| refusal(401, 40101, "Unauthorized"))
    });
    server.keep(7, WRITER);
    let url = server.url();
    fetched(&[
        ("url", &url),
        ("basic-auth.credentials-source", "USER_INFO"),
        ("basic-auth.user-info", "user:hush"),
    ])
    .await
    .unwrap();
    fetched(&[("url", &url), ("bearer-auth.token", "hush")]).await.unwrap();
    fetched(&[("url", &url.replace("//", "//user:hush@"))]).await.unwrap();
    let error = fetched(&[("url", &url), ("basic-auth.user-info", "other:hush")]).await.unwrap_err();
    assert!(error.contains("it does not take the credentials (401: Unauthorized)"), "{error}");
    assert!(!error.contains("hush"), "{error}");
}

#[tokio::test]
async fn a_registry_in_tls_is_believed_by_the_tables_trust_store_alone() {
    let authority = Authority::new("registry's authority").unwrap();
    let certificate = authority.issue(&Subject::server()).unwrap();
    let server = RegistryServer::in_tls(&certificate.pem(), &certificate.key_pem());
    server.keep(7, WRITER);
    let folder = std::env::temp_dir().join(format!("registry-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let store = folder.join("ca.pem");
    std::fs::write(&store, authority.pem()).unwrap();
    let (url, store) = (server.url(), store.to_string_lossy().into_owned());
    fetched(&[("url", &url), ("ssl.truststore.location", &store)]).await.unwrap();
    fetched(&[("url", &url), ("properties", &format!("schema.registry.ssl.truststore.location:{store}"))])
        .await
        .unwrap();
    let error = fetched(&[("url", &url)]).await.unwrap_err();
    assert!(error.contains("https://localhost"), "{error}");
    std::fs::remove_dir_all(folder).unwrap();
}

/// Each schema is registered once and fetched once.
#[tokio::test]
async fn a_job_writes_avro_with_a_registry_and_another_reads_it() {
    let server = RegistryServer::start();
    there_and_back(&server.url()).await;
    let subjects: Vec<String> = server.registered().into_iter().map(|(subject, _)| subject).collect();
    assert_eq!(subjects, ["out-key", "out-value"]);
    let fetches = server.requests().iter().filter(|request| request.line.starts_with("GET")).count();
    assert_eq!(fetches, 1);
}

/// `UPSERT_KAFKA_REGISTRY` is the address of one that answers as Confluent's does, such as Apicurio's (of Maven, an
/// archive of 140 MB: `.../apis/ccompat/v6`).
#[tokio::test]
async fn a_registry_of_other_people_takes_and_gives_schemas() {
    match std::env::var("UPSERT_KAFKA_REGISTRY") {
        Ok(url) => there_and_back(&url).await,
        Err(_) => upsert_kafka_tests::kafka::say_skipped("UPSERT_KAFKA_REGISTRY names no registry"),
    }
}

/// Key and value of a whole job, written and read again.
async fn there_and_back(url: &str) {
    let broker = Broker::start(BrokerConfig::default()).await.unwrap();
    let bootstrap = broker.address().to_string();
    let (config, _) =
        Config::from_properties([("bootstrap.servers", bootstrap.as_str())], Role::Any).unwrap();
    let client = Client::open(config).await.unwrap();
    for created in client.admin().create_topics(&[NewTopic::new("in").partitions(4)]).await.unwrap() {
        created.unwrap();
    }
    let producer = client.producer();
    let topic = producer.topic("in").await.unwrap();
    for id in 0..20 {
        let value = json!({ "id": id, "name": format!("n{id}") }).to_string();
        _ = producer.send(Record::new(&topic).key(&[id]).value(value.as_bytes())).await.unwrap();
    }
    producer.flush().await.unwrap();
    let sql = format!(
        "CREATE TABLE src (id BIGINT, name STRING) WITH ('connector' = 'kafka', 'topic' = 'in',
            'properties.bootstrap.servers' = '{bootstrap}', 'properties.group.id' = 'g', 'format' = 'json',
            'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset');
        CREATE TABLE o (id BIGINT, name STRING, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka',
            'topic' = 'out', 'properties.bootstrap.servers' = '{bootstrap}',
            'key.format' = 'avro-confluent', 'key.avro-confluent.url' = '{url}',
            'value.format' = 'avro-confluent', 'value.avro-confluent.url' = '{url}');
        INSERT INTO o SELECT id, name FROM src"
    );
    run(&sql).await;
    let sql = format!(
        "CREATE TABLE src (id BIGINT, name STRING) WITH ('connector' = 'kafka', 'topic' = 'out',
            'properties.bootstrap.servers' = '{bootstrap}', 'properties.group.id' = 'g2',
            'format' = 'avro-confluent', 'avro-confluent.schema-registry.url' = '{url}',
            'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset');
        CREATE TABLE o (id BIGINT, name STRING, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka',
            'topic' = 'back', 'properties.bootstrap.servers' = '{bootstrap}',
            'key.format' = 'json', 'value.format' = 'json');
        INSERT INTO o SELECT id, name FROM src"
    );
    run(&sql).await;
    let mut consumer = client.consumer();
    consumer.assign(vec![Assignment::new("back", 0, Position::Earliest)]);
    let mut values = Vec::new();
    while values.len() < 20 {
        for record in &consumer.poll().await.unwrap() {
            values.push(String::from_utf8(record.unwrap().value.unwrap().to_vec()).unwrap());
        }
    }
    values.sort();
    let mut wanted: Vec<String> = (0..20).map(|id| format!("{{\"id\":{id},\"name\":\"n{id}\"}}")).collect();
    wanted.sort();
    assert_eq!(values, wanted);
    broker.stop().await;
}

/// The same keys under another id of the schema: by their bodies they lie where they lay.
#[tokio::test]
async fn a_key_keeps_its_partition_when_its_schema_has_another_id() {
    let broker = Broker::start(BrokerConfig::default()).await.unwrap();
    let bootstrap = broker.address().to_string();
    let (config, _) =
        Config::from_properties([("bootstrap.servers", bootstrap.as_str())], Role::Any).unwrap();
    let client = Client::open(config).await.unwrap();
    let topics = ["body", "message"].map(|name| NewTopic::new(name).partitions(8));
    for created in client.admin().create_topics(&topics).await.unwrap() {
        created.unwrap();
    }
    for (topic, hash) in [("body", "body"), ("message", "message")] {
        for id_before in [0, 70] {
            let server = RegistryServer::start();
            server.keep(id_before, "\"null\"");
            let ddl = format!(
                "CREATE TABLE o (id BIGINT, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka',
                    'topic' = '{topic}', 'properties.bootstrap.servers' = '{bootstrap}', 'value.format' = 'json',
                    'key.format' = 'avro-confluent', 'key.avro-confluent.url' = '{}',
                    'key.avro-confluent.key-hash' = '{hash}')",
                server.url()
            );
            let mut sink = UpsertSink::from_ddl(&*ddl, &PlanOptions::default()).await.unwrap();
            for id in 0..50 {
                sink.write(RowKind::Insert, &[Value::BigInt(id)]).await.unwrap();
            }
            sink.flush().await.unwrap();
        }
    }
    assert_eq!(homes(&client, "body").await, 50);
    assert!(homes(&client, "message").await > 50, "the id moves keys, or the first half shows nothing");
    broker.stop().await;
}

/// In how many places the bodies of a topic's keys lie, each counted once for every partition where it is.
async fn homes(client: &Client, topic: &str) -> usize {
    let mut consumer = client.consumer();
    let all = (0..8).map(|partition| Assignment::new(topic, partition, Position::Earliest));
    consumer.assign(all.collect());
    let (mut homes, mut records) = (BTreeSet::new(), 0);
    while records < 100 {
        for record in &consumer.poll().await.unwrap() {
            let record = record.unwrap();
            homes.insert((record.partition, record.key.unwrap()[5..].to_vec()));
            records += 1;
        }
    }
    homes.len()
}

async fn run(sql: &str) {
    let plan = plan::plan(sql, &PlanOptions::default()).unwrap();
    let options = JobOptions::new().with_new_topics(NewTopics::new());
    Job::open(plan, options).await.unwrap().run().await.unwrap();
}
