//! The matrix's shorter form, on a real Kafka.

use tokio::task::block_in_place;
use upsert_kafka_tests::kafka::Kafka;

use super::recreated::recreated;
use super::scenario::{Harm, Scenario, Shape, When};
use super::stage::{IN_PARTITIONS, Stage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_real_kafka_too() {
    let _alone = upsert_kafka_tests::HEAVY.lock().await;
    let Some(kafka) = block_in_place(|| Kafka::own(1)) else { return };
    // It lives as long as the process: stages keep it by reference.
    let kafka: &'static Kafka = Box::leak(Box::new(kafka));
    for (harm, when, sinks, latest) in [
        (Harm::Kill, When::Running, 2, true),
        (Harm::Kill, When::Running, 1, false),
        (Harm::Away, When::Running, 2, false),
    ] {
        let scenario = Scenario::new(format!("{harm:?}/{when:?}"), sinks, latest, harm, when);
        if let Err(why) = scenario.play_on(kafka).await {
            panic!("{}: {why}", scenario.name);
        }
    }
    for (harm, when, shape) in [
        (Harm::Kill, When::Running, Shape::ExactlyOnce),
        (Harm::Kill, When::Running, Shape::ExactlyOnceIncrementing),
        (Harm::Away, When::Running, Shape::ExactlyOnce),
        (Harm::Kill, When::Running, Shape::ExactlyOnceExchanged),
        (Harm::Kill, When::Running, Shape::ExactlyOnceElsewhere),
        (Harm::Away, When::Running, Shape::ExactlyOnceElsewhere),
    ] {
        let scenario = Scenario::new(format!("{harm:?}/{when:?}"), 2, false, harm, when).of(shape);
        if let Err(why) = scenario.play_on(kafka).await {
            panic!("{}: {why}", scenario.name);
        }
    }
    for (sinks, startup) in [(1, "latest-offset"), (2, "earliest-offset")] {
        recreated(Stage::set_on(kafka, sinks, false).await, sinks, startup, IN_PARTITIONS).await;
    }
}
