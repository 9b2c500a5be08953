//! Brokers whose answers bring nothing: they are asked at growing distances, and the caller is told.

use std::time::Instant;

use super::*;

/// Waits grow from 10 to 40 ms, so nine fetches take 10 + 20 + 6 × 40 ms, less the jitter of a fifth.
const FETCHES: usize = 9;
const LEAST: Duration = Duration::from_millis(270 * 8 / 10 - 40);

fn patient(peer: &Peer) -> Config {
    let ms = Duration::from_millis;
    Config {
        retry_backoff: ms(10),
        retry_backoff_max: ms(40),
        response_bytes_max: 4 << 20,
        auto_offset_reset: OffsetReset::Earliest,
        ..peer.config()
    }
}

/// Polls on, whatever comes, until so many fetches were heard; says how long that took and what was told.
async fn fetches(liar: impl FnMut(&Ask) -> Reply + Send + 'static) -> (Duration, Vec<Error>) {
    let mut liar = Box::new(liar);
    let mut peer = Peer::at(|at| {
        let mut honest = broker(at, 9);
        move |ask: &Ask| if ask.is::<FetchRequest>() { liar(ask) } else { honest(ask) }
    })
    .await;
    let mut consumer = consumer(patient(&peer), Position::Offset(5)).await;
    let (mut told, began) = (Vec::new(), Instant::now());
    let heard = async {
        for _ in 0..FETCHES {
            peer.hears::<FetchRequest>().await;
        }
    };
    tokio::pin!(heard);
    loop {
        tokio::select! {
            () = &mut heard => return (began.elapsed(), told),
            polled = consumer.poll() => match polled {
                Ok(fetched) => assert_eq!(fetched.partitions().len(), 0, "{fetched:?}"),
                Err(error) => told.push(error),
            }
        }
    }
}

fn same(data: PartitionData) -> impl FnMut(&Ask) -> Reply + Send + 'static {
    move |ask| fetched(ask, |_, _| data.clone())
}

fn with(records: Bytes) -> PartitionData {
    PartitionData { high_watermark: 9, records: Some(records), ..Default::default() }
}

#[tokio::test]
async fn an_empty_answer_before_the_wait_is_over_is_not_asked_for_again_at_once() {
    let (took, told) = fetches(same(with(Bytes::new()))).await;
    assert!(took >= LEAST, "{took:?}");
    assert_eq!(told.len(), 0, "{told:?}");
}

#[tokio::test]
async fn batches_before_the_position_do_not_spin() {
    let (took, _) = fetches(same(with(batch(2, &["a", "b"])))).await;
    assert!(took >= LEAST, "{took:?}");
}

#[tokio::test]
async fn offsets_at_the_end_of_the_numbers_neither_overflow_nor_spin() {
    let (took, _) = fetches(same(with(batch(i64::MAX - 1, &["a", "b", "c"])))).await;
    assert!(took >= LEAST, "{took:?}");
}

#[tokio::test]
async fn an_offset_out_of_range_for_ever_does_not_spin() {
    let error_code = ErrorCode::OFFSET_OUT_OF_RANGE;
    let (took, _) = fetches(same(PartitionData { error_code, ..Default::default() })).await;
    assert!(took >= LEAST, "{took:?}");
}

#[tokio::test]
async fn a_batch_that_is_always_cut_does_not_spin_and_is_an_error_at_last() {
    let whole = batch(5, &["a value of some length"]);
    let (took, told) = fetches(same(with(whole.slice(..40)))).await;
    // The first cut may have been an honest one.
    assert!(took >= LEAST - Duration::from_millis(32), "{took:?}");
    let Some(error) = told.first() else { panic!("nothing was told") };
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(error.to_string().contains("partition 0: the batch at offset 5 is larger than"), "{error}");
}

#[tokio::test]
async fn an_answer_without_the_partition_does_not_spin_and_is_an_error() {
    let (took, told) = fetches(|ask: &Ask| ask.answer(&FetchResponse::default())).await;
    assert!(took >= LEAST, "{took:?}");
    assert!(told.iter().all(|error| error.kind() == ErrorKind::Protocol), "{told:?}");
    assert_eq!(told.len(), FETCHES - 1);
}
