//! Futures that are dropped half-way leave nothing half done.

use tokio::task::yield_now;
use upsert_kafka_tests::polled;

use super::*;

#[tokio::test]
async fn a_send_that_is_dropped_is_not_in_and_one_that_is_done_is() {
    let bench = Bench::new(1, |config| {
        config.batch_size = 300;
        config.buffer_memory = 900;
        config.linger = Duration::from_millis(1);
    })
    .await;
    let (mut done, mut dropped) = (Vec::new(), 0);
    for number in 0..3000u64 {
        let value = number.to_be_bytes();
        // Polled so many times and then dropped, wherever it was.
        let send = bench.producer.send(Record::new(&bench.topic).value(&value));
        match polled(send, number % 4, yield_now).await {
            Some(delivery) => {
                drop(delivery.unwrap());
                done.push(number);
            }
            None => dropped += 1,
        }
    }
    bench.producer.flush().await.unwrap();
    assert!(dropped > 0, "the test asks for sends that wait");
    assert_eq!(bench.log().await, [done]);
}

#[tokio::test]
async fn a_flush_that_is_dropped_leaves_the_failure_to_the_next_one() {
    let (bench, mut dropped) = (Bench::new(1, small).await, 0);
    for polls in 0..8 {
        bench.broker.fault(Fault::new(ApiKey::PRODUCE, Action::Answer(ErrorCode::INVALID_RECORD))).await;
        drop(bench.send(0, 1).await);
        let told = polled(bench.producer.flush(), polls, yield_now).await;
        dropped += u32::from(told.is_none());
        let told = match told {
            Some(told) => told,
            None => bench.producer.flush().await,
        };
        let error = told.unwrap_err();
        assert!(error.to_string().contains("INVALID_RECORD"), "{polls} polls: {error}");
        bench.producer.flush().await.unwrap();
        // The next sequence: the one that was refused is behind.
        bench.send(0, 2).await.await.unwrap();
    }
    assert!(dropped > 0, "the test asks for flushes that wait");
}

#[tokio::test]
async fn a_close_that_is_dropped_closes_all_the_same() {
    for polls in 0..8 {
        let bench = Bench::new(1, |config| config.linger = Duration::from_secs(20)).await;
        let delivery = bench.send(0, 7).await;
        _ = polled(bench.producer.close(Duration::from_secs(20)), polls, yield_now).await;
        let error = bench.producer.send(Record::new(&bench.topic).value(b"late")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Closed, "{polls} polls");
        assert_eq!(
            delivery.await.unwrap().offset,
            0,
            "{polls} polls: what was in has left, lingering or not"
        );
        bench.producer.close(Duration::from_secs(20)).await.unwrap();
        assert_eq!(bench.log().await, [[7]]);
    }
}
