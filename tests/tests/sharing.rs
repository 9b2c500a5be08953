//! What the tables of a job share: a client, wherever their properties let them.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tokio::net::TcpStream;
use upsert_kafka_broker::{Broker, BrokerConfig};
use upsert_kafka_client::{Address, Environment};
use upsert_kafka_sink::plan::{self, PlanOptions};
use upsert_kafka_sink::{Job, JobOptions, NewTopics};

/// How many connections a job dials that reads one topic and writes it to these sinks, from its opening to its end.
async fn dialled(sinks: &[&str]) -> usize {
    let broker = Broker::start(BrokerConfig::default()).await.expect("a broker");
    let bootstrap = broker.address().to_string();
    let mut sql = format!(
        "CREATE TABLE src (id INT) WITH ('connector' = 'kafka', 'topic' = 'in',
            'properties.bootstrap.servers' = '{bootstrap}', 'properties.group.id' = 'g', 'format' = 'json',
            'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset');"
    );
    for (at, options) in sinks.iter().enumerate() {
        sql += &format!(
            "CREATE TABLE o{at} (id INT, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka',
                'topic' = 'out{at}', 'properties.bootstrap.servers' = '{bootstrap}', 'key.format' = 'json',
                'value.format' = 'json'{options});
            INSERT INTO o{at} SELECT id FROM src;"
        );
    }
    let dials = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&dials);
    let environment = Environment::new().with_dialer(move |address: Address| {
        counted.fetch_add(1, Relaxed);
        TcpStream::connect((address.host, address.port))
    });
    let options = JobOptions::new().with_new_topics(NewTopics::new()).with_environment(environment);
    let plan = plan::plan(&*sql, &PlanOptions::default()).expect("a plan");
    Job::open(plan, options).await.expect("a job").run().await.expect("its end");
    broker.stop().await;
    dials.load(Relaxed)
}

#[tokio::test]
async fn tables_that_reach_their_cluster_in_the_same_way_find_it_once() {
    let one = dialled(&[""]).await;
    // To begin with, for requests, for fetches, and for the group's offsets; none for batches, of which there are none.
    assert!(one <= 4, "{one} connections");
    // What only producers read separates nothing.
    assert_eq!(dialled(&["", ", 'properties.linger.ms' = '7'", ", 'properties.acks' = '1'"]).await, one);
}

#[tokio::test]
async fn a_table_that_reaches_its_cluster_otherwise_has_a_client_of_its_own() {
    let alike = dialled(&["", ""]).await;
    assert!(dialled(&["", ", 'properties.client.id' = 'another'"]).await > alike);
}
