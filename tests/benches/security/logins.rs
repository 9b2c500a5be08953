//! How long a program waits for its first answer as somebody: a new client, connected, in TLS, logged in, one request.

use std::time::Instant;

use crate::args::Args;
use crate::cluster::{Cluster, Way};
use crate::median;

const WAYS: [Way; 10] = [
    Way::Plaintext,
    Way::Sasl("PLAIN"),
    Way::Sasl("SCRAM-SHA-256"),
    Way::Sasl("SCRAM-SHA-512"),
    Way::Sasl("OAUTHBEARER"),
    Way::Tls,
    Way::SaslTls("PLAIN"),
    Way::SaslTls("SCRAM-SHA-256"),
    Way::SaslTls("SCRAM-SHA-512"),
    Way::SaslTls("OAUTHBEARER"),
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
        let best = times.iter().copied().fold(f64::MAX, f64::min);
        println!("{:<28} {:>12.0} {:>12.0}", way.to_string(), median(times), best);
    }
}
