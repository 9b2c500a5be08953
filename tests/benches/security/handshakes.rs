//! Handshakes per second, full and resumed: TCP, TLS, and one request, since tickets come with the first answer.

use std::time::Instant;

use cpu_time::ThreadTime;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use upsert_kafka_client::tls::TlsConnector;
use upsert_kafka_client::{Environment, Store, TlsConfig};

use crate::args::Args;
use crate::cluster::Cluster;

/// ApiVersions 0 without a client id.
const API_VERSIONS: [u8; 14] = [0, 0, 0, 10, 0, 18, 0, 0, 0, 0, 0, 7, 0xff, 0xff];

pub(crate) async fn run(args: &Args, cluster: &Cluster) {
    let mut config = TlsConfig::default();
    config.truststore = Some(Store::pem(cluster.ca_pem()));
    let address = cluster.address("SSL");
    println!();
    println!("{:<28} {:>12} {:>16}", "handshakes", "per second", "client CPU us");
    let new = || TlsConnector::new(&config, &Environment::new()).expect("a connector");
    for resumed in [false, true] {
        // One that has no sessions for each, made before the clock starts; or one for all.
        let shared = new();
        let connectors: Vec<_> =
            (0..args.handshakes).map(|_| if resumed { shared.clone() } else { new() }).collect();
        let (mut count, began, cpu) = (0, Instant::now(), ThreadTime::now());
        for connector in &connectors {
            count += usize::from(connect(connector, address).await);
        }
        let (wall, cpu) = (began.elapsed(), cpu.elapsed());
        let expected = if resumed { args.handshakes - 1 } else { 0 };
        assert_eq!(count, expected, "so many were resumed");
        let handshakes = args.handshakes as f64;
        let name = if resumed { "resumed" } else { "full" };
        println!(
            "{name:<28} {:>12.0} {:>16.0}",
            handshakes / wall.as_secs_f64(),
            cpu.as_secs_f64() * 1e6 / handshakes
        );
    }
}

/// Whether it was a resumed one.
async fn connect(connector: &TlsConnector, address: &str) -> bool {
    let socket = TcpStream::connect(address).await.expect("the broker listens");
    socket.set_nodelay(true).expect("a socket");
    let mut stream = connector.connect(socket, "localhost").await.expect("a handshake");
    stream.write_all(&API_VERSIONS).await.expect("it is written");
    stream.flush().await.expect("it leaves");
    let mut size = [0; 4];
    stream.read_exact(&mut size).await.expect("an answer");
    let mut answer = vec![0; u32::from_be_bytes(size) as usize];
    stream.read_exact(&mut answer).await.expect("the whole answer");
    stream.facts().resumed
}
