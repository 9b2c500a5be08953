//! `doctor`: at which step a cluster cannot be reached, why, and what to change. On the embedded broker with every listener.

use serde_json::Value;
use upsert_kafka_broker::{Acl, AuthorizerConfig};
use upsert_kafka_client::{Client, Config, Record, Role};
use upsert_kafka_tests::data;

use crate::dli::cluster::{Cluster, PASSWORD, private_file};
use crate::program::Ran;

/// A client.properties of this cluster's listener of a protocol.
fn properties(cluster: &Cluster, protocol: &str, more: &str) -> String {
    let text = format!(
        "bootstrap.servers={}\nsecurity.protocol={protocol}\nsocket.connection.setup.timeout.ms=2000\n{more}",
        cluster.address(protocol)
    );
    private_file("doctor.properties", &text)
}

fn trust() -> String {
    format!("ssl.truststore.location={}\n", data("dli").join("client.jks").display())
}

fn login(password: &str) -> String {
    format!(
        "sasl.mechanism=PLAIN\nsasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required \
         username=\"orders\" password=\"{password}\";\n"
    )
}

/// The steps as JSON.
fn steps(ran: &Ran) -> Vec<Value> {
    ran.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

fn step<'a>(steps: &'a [Value], name: &str) -> &'a Value {
    steps.iter().find(|step| step["step"] == name).unwrap_or_else(|| panic!("no step {name} in {steps:?}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cluster_in_health_is_told_step_by_step() {
    let cluster = Cluster::start().await;
    let create =
        ["topic", "create", "orders", "--bootstrap", &cluster.address("PLAINTEXT"), "--partitions", "3"];
    assert_eq!(cluster.run(&create).code, 0);
    let file = properties(&cluster, "SASL_SSL", &format!("{}{}", trust(), login(PASSWORD)));
    let doctor = ["doctor", "--properties", &file, "--topic", "orders", "--group", "g"];
    let ran = cluster.run(&[&doctor[..], &["--output", "json"]].concat());
    assert_eq!(ran.code, 0, "{}\n{}", ran.out, ran.err);
    let steps = steps(&ran);
    let names: Vec<&str> = steps.iter().map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        ["settings", "dns", "tcp", "tls", "api_versions", "sasl", "cluster", "topic", "group", "clock"]
    );
    let tls = &step(&steps, "tls")["facts"];
    assert_eq!(tls["version"], "TLSv1.3");
    // By `openssl x509 -in server.pem -noout -subject -issuer -ext subjectAltName`.
    let certificate = tls["certificate"].as_str().unwrap();
    for part in ["CN=localhost", "127.0.0.1", "issued by CN=upsert-kafka tests", " days left"] {
        assert!(certificate.contains(part), "{certificate}");
    }
    assert_eq!(step(&steps, "sasl")["facts"]["mechanism"], "PLAIN");
    assert_eq!(step(&steps, "topic")["facts"]["partitions"], "3");
    assert!(step(&steps, "topic")["facts"]["the client may"].as_str().unwrap().contains("READ, WRITE"));
    assert!(!ran.out.contains("hush") && !ran.err.contains("hush"), "{}", ran.out);
    let table = cluster.run(&doctor);
    assert!(
        table.out.lines().any(|line| line.contains("  tls  ") && line.contains("  ok  ")),
        "{}",
        table.out
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn every_listener_of_a_cluster_is_looked_at() {
    let broker = crate::program::broker_of(3);
    let (_running, addresses) = &broker;
    let first = addresses.split(',').next().unwrap();
    let ran = crate::program::run(&["doctor", "--bootstrap", first, "--output", "json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let steps = steps(&ran);
    let versions = steps.iter().filter(|step| step["step"] == "api_versions");
    let places: Vec<&str> = versions.map(|step| step["where"].as_str().unwrap()).collect();
    let expected: Vec<String> = addresses
        .split(',')
        .enumerate()
        .map(|(at, address)| match at {
            0 => format!("{address} (bootstrap)"),
            _ => format!("{address} (broker {})", at + 1),
        })
        .collect();
    assert_eq!(places, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_step_that_fails_says_why_and_what_to_change() {
    let cluster = Cluster::start().await;
    let elsewhere = |protocol: &str, port_of: &str, more: &str| {
        let text = format!(
            "bootstrap.servers={}\nsecurity.protocol={protocol}\nsocket.connection.setup.timeout.ms=2000\n{more}",
            cluster.address(port_of)
        );
        private_file("elsewhere.properties", &text)
    };
    let wrong_password = format!("{}{}", trust(), login("wrong-hush-12"));
    for (file, failed, why) in [
        (
            private_file("d.properties", "bootstrap.servers=nowhere.invalid:9093\n"),
            "dns",
            "advertised.listeners",
        ),
        (private_file("d.properties", "bootstrap.servers=127.0.0.1:1\n"), "tcp", "firewalls"),
        (elsewhere("SSL", "SSL", ""), "tls", "ssl.truststore"),
        (elsewhere("SSL", "PLAINTEXT", &trust()), "tls", "PLAINTEXT"),
        (elsewhere("PLAINTEXT", "SSL", ""), "api_versions", "TLS"),
        (properties(&cluster, "SASL_SSL", &wrong_password), "sasl", "login by PLAIN refused"),
        (elsewhere("PLAINTEXT", "SASL_PLAINTEXT", ""), "cluster", "SASL"),
        (
            elsewhere("SSL", "SSL", "ssl.truststore.location=/no/such/file.jks\n"),
            "settings",
            "/no/such/file.jks",
        ),
    ] {
        let ran = cluster.run(&["doctor", "--properties", &file, "--output", "json"]);
        assert_eq!(ran.code, 4, "{failed}: {}{}", ran.out, ran.err);
        let steps = steps(&ran);
        let first = steps.iter().find(|step| step["outcome"] == "FAILED").unwrap();
        assert_eq!(first["step"], failed, "{steps:?}");
        let told = format!("{} {}", first["why"], first["advice"]);
        assert!(told.contains(why), "{failed}: no {why} in {told}");
        assert!(!ran.out.contains("hush") && !ran.err.contains("hush"), "{}", ran.out);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_chain_that_is_not_trusted_is_shown_all_the_same() {
    let cluster = Cluster::start().await;
    let file = properties(&cluster, "SSL", "");
    let ran = cluster.run(&["doctor", "--properties", &file, "--output", "json"]);
    let steps = steps(&ran);
    let tls = step(&steps, "tls");
    assert_eq!(tls["outcome"], "FAILED");
    assert!(tls["facts"]["certificate"].as_str().unwrap().contains("CN=localhost"), "{tls}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_that_is_not_there_is_a_failure_and_is_not_made() {
    let cluster = Cluster::start().await;
    let at = cluster.address("PLAINTEXT");
    let ran = cluster.run(&["doctor", "--bootstrap", &at, "--topic", "odrers", "--output", "json"]);
    assert_eq!(ran.code, 4, "{}", ran.err);
    let steps = steps(&ran);
    assert!(step(&steps, "topic")["advice"].as_str().unwrap().starts_with("create it"), "{steps:?}");
    assert_eq!(cluster.run(&["topic", "list", "--bootstrap", &at, "--output", "json"]).out, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn records_of_the_future_tell_that_a_clock_is_wrong() {
    let cluster = Cluster::start().await;
    let at = cluster.address("PLAINTEXT");
    let (config, _) = Config::from_properties([("bootstrap.servers", &at)], Role::Any).unwrap();
    let producer = Client::open(config).await.unwrap().producer();
    let topic = producer.topic("early").await.unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let clock = |ran: &Ran| step(&steps(ran), "clock").clone();
    let doctor = ["doctor", "--bootstrap", &at, "--topic", "early", "--output", "json"];
    for (seconds, outcome) in [(0, "ok"), (3600, "warning")] {
        let timestamp = i64::try_from(now).unwrap() + seconds * 1000;
        let record = Record::new(&topic).value(b"x").timestamp_ms(timestamp);
        producer.send(record).await.unwrap().await.unwrap();
        let ran = cluster.run(&doctor);
        assert_eq!((ran.code, clock(&ran)["outcome"].as_str()), (0, Some(outcome)), "{}", ran.out);
    }
    let why = clock(&cluster.run(&doctor))["why"].as_str().unwrap().to_owned();
    assert!(why.contains("s in the future: the clock of this machine is late"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_principal_may_not_do_is_a_warning_or_a_failure() {
    let rules =
        ["allow User:orders read,describe topic readable", "allow User:orders read,describe group own"];
    let acls = rules.iter().flat_map(|rule| Acl::parse(rule).unwrap());
    let authorizer = AuthorizerConfig::default().with_acls(acls).with_super_user("User:ANONYMOUS");
    let cluster = Cluster::start_with(|config| config.with_authorizer(authorizer)).await;
    for topic in ["readable", "hidden"] {
        let create = ["topic", "create", topic, "--bootstrap", &cluster.address("PLAINTEXT")];
        assert_eq!(cluster.run(&create).code, 0);
    }
    let file = properties(&cluster, "SASL_PLAINTEXT", &login(PASSWORD));
    let ask = |topic: &str, group: &str| {
        let doctor =
            ["doctor", "--properties", &file, "--topic", topic, "--group", group, "--output", "json"];
        let ran = cluster.run(&doctor);
        (ran.code, steps(&ran))
    };
    let (code, told) = ask("readable", "own");
    assert_eq!(code, 0, "{told:?}");
    assert_eq!(step(&told, "topic")["facts"]["the client may"], "READ, DESCRIBE");
    assert_eq!(step(&told, "topic")["why"], "without WRITE the client may not produce to it");
    assert_eq!(step(&told, "group")["outcome"], "ok", "{told:?}");
    let (code, told) = ask("hidden", "others");
    assert_eq!(code, 4, "{told:?}");
    for name in ["topic", "group"] {
        assert_eq!(step(&told, name)["outcome"], "FAILED", "{told:?}");
        assert!(step(&told, name)["advice"].as_str().unwrap().contains("DESCRIBE"), "{told:?}");
    }
}
