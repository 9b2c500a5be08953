//! How long a program waits for its first answer as somebody: a new client, connected, in TLS, logged in, one request.

use std::time::Instant;

use upsert_kafka_tests::kafka::{Listener, PASSWORD, Properties, Secured, Trust};

use crate::args::Args;
use crate::cluster::{self, Cluster, Way};
use crate::median;

const WAYS: [Way; 12] = [
    Way::Plaintext,
    Way::Sasl("PLAIN"),
    Way::Sasl("SCRAM-SHA-256"),
    Way::Sasl("SCRAM-SHA-512"),
    Way::Sasl("OAUTHBEARER"),
    Way::Sasl("AWS_MSK_IAM"),
    Way::Tls,
    Way::SaslTls("PLAIN"),
    Way::SaslTls("SCRAM-SHA-256"),
    Way::SaslTls("SCRAM-SHA-512"),
    Way::SaslTls("OAUTHBEARER"),
    Way::SaslTls("AWS_MSK_IAM"),
];

pub(crate) async fn run(args: &Args, cluster: &Cluster) {
    println!();
    println!("{:<28} {:>12} {:>12}", "first request", "median us", "best us");
    let mut times: [Vec<f64>; WAYS.len()] = Default::default();
    for _ in 0..args.logins {
        for (at, way) in WAYS.iter().enumerate() {
            let began = Instant::now();
            let client = cluster.client(*way).await;
            client.admin().cluster().await.expect("an answer");
            times[at].push(began.elapsed().as_secs_f64() * 1e6);
        }
    }
    for (way, times) in WAYS.iter().zip(times) {
        tell(&way.to_string(), times);
    }
}

/// The same at a real Kafka, whose own time is in it; by Kerberos with a ticket of the KDC's for each client.
pub(crate) async fn run_at_kafka(args: &Args, kafka: &Secured) {
    println!();
    println!("{:<28} {:>12} {:>12}", "at a real Kafka", "median us", "best us");
    for listener in [Listener::Plaintext, Listener::SaslPlaintext, Listener::Ssl, Listener::SaslSsl] {
        for (mechanism, login) in logins(kafka, listener) {
            let mut properties = vec![
                ("bootstrap.servers", kafka.bootstrap(listener)),
                ("security.protocol", listener.protocol().to_owned()),
            ];
            if listener.protocol().ends_with("SSL") {
                properties.extend(kafka.stores().trust(Trust::Pem));
            }
            properties.extend(login);
            let mut times = Vec::with_capacity(args.logins);
            for _ in 0..args.logins {
                let began = Instant::now();
                cluster::open(&properties).await.admin().cluster().await.expect("an answer");
                times.push(began.elapsed().as_secs_f64() * 1e6);
            }
            tell(&format!("{} {mechanism}", listener.protocol()), times);
        }
    }
}

/// By which mechanisms a listener is logged in to: none, where it has no SASL.
fn logins(kafka: &Secured, listener: Listener) -> Vec<(&'static str, Properties)> {
    if !listener.protocol().starts_with("SASL") {
        return vec![("", Properties::new())];
    }
    let by = |mechanism: &'static str, jaas: String| {
        (mechanism, vec![("sasl.mechanism", mechanism.to_owned()), ("sasl.jaas.config", jaas)])
    };
    let user = |module: &str| {
        let of = "org.apache.kafka.common.security";
        format!("{of}.{module} required username=\"alice\" password=\"{PASSWORD}\";")
    };
    let mut logins = vec![
        by("PLAIN", user("plain.PlainLoginModule")),
        by("SCRAM-SHA-256", user("scram.ScramLoginModule")),
        by("SCRAM-SHA-512", user("scram.ScramLoginModule")),
        by("OAUTHBEARER", cluster::jaas("OAUTHBEARER")),
    ];
    logins.extend(kafka.kdc().map(|kdc| {
        let keytab = format!(
            "com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true storeKey=true keyTab=\"{}\" \
             principal=\"alice@EXAMPLE.TEST\";",
            kdc.path("alice.keytab")
        );
        let (mechanism, mut properties) = by("GSSAPI", keytab);
        properties.push(("sasl.kerberos.service.name", "kafka".to_owned()));
        properties.push(("java.security.krb5.conf", kdc.krb5_conf()));
        (mechanism, properties)
    }));
    logins
}

fn tell(way: &str, times: Vec<f64>) {
    let best = times.iter().copied().fold(f64::MAX, f64::min);
    println!("{way:<28} {:>12.0} {best:>12.0}", median(times));
}
