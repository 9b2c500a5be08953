//! Weights as the KIP works them out, and shares counted over many draws.

use super::*;

const BATCH: usize = 1000;

fn sticky(adaptive: bool) -> Sticky {
    Sticky::new(StickySettings { batch_size: BATCH, adaptive }, 7)
}

fn choice(partition: usize, queued: u32) -> Choice {
    Choice { partition, queued, available: true, in_rack: false }
}

fn queues(queued: &[u32]) -> Vec<Choice> {
    queued.iter().enumerate().map(|(partition, queued)| choice(partition, *queued)).collect()
}

/// How often each of six partitions is chosen in 60,000 draws, in thousandths.
fn shares(sticky: &mut Sticky, choices: &[Choice]) -> [u32; 6] {
    sticky.handle_partitions(choices.iter().copied());
    let mut counts = [0; 6];
    for _ in 0..60_000 {
        sticky.handle_closed(sticky.current(), BATCH, true, || choices.iter().copied());
        counts[sticky.current()] += 1;
    }
    counts.map(|count| (count + 30) / 60)
}

fn assert_shares(shares: [u32; 6], expected: [u32; 6]) {
    let near = |(share, expected): (&u32, &u32)| match expected {
        0 => *share == 0,
        _ => share.abs_diff(*expected) <= 10,
    };
    assert!(shares.iter().zip(&expected).all(near), "{shares:?}, not {expected:?}");
}

#[test]
fn keyless_records_stay_until_a_batchs_worth_went() {
    let mut sticky = sticky(true);
    sticky.handle_partitions(queues(&[0; 3]));
    let (first, mut looked) = (sticky.current(), 0);
    let mut closed = |sticky: &mut Sticky, bytes| {
        sticky.handle_closed(sticky.current(), bytes, false, || {
            looked += 1;
            queues(&[0; 3])
        });
    };
    closed(&mut sticky, 600);
    assert_eq!((sticky.current(), sticky.produced), (first, 600));
    closed(&mut sticky, 400);
    assert_eq!(sticky.produced, 0, "1000 bytes are a batch's worth");
    assert_eq!(looked, 1, "weights are looked at when a choice is made, and only then");
}

#[test]
fn a_full_batch_moves_them_on_and_anothers_does_not() {
    let mut sticky = sticky(true);
    sticky.handle_partitions(queues(&[0, 0]));
    let first = sticky.current();
    // Only one partition can be drawn, so that moving shows.
    let other = || [choice(1 - first, 0)];
    sticky.handle_closed(1 - first, 5000, true, other);
    assert_eq!(sticky.current(), first);
    sticky.handle_closed(first, 10, true, other);
    assert_eq!(sticky.current(), 1 - first);
}

#[test]
fn weights_are_those_of_the_kip() {
    // BuiltInPartitioner's own example: queues 0 3 1 invert to 4 1 3 and sum up to 4 5 8.
    let mut sticky = sticky(true);
    sticky.handle_partitions(queues(&[0, 3, 1]));
    assert_eq!(sticky.sums, [4, 5, 8]);
    // Queues 1 5 2: the longest plus one is 6.
    sticky.handle_partitions(queues(&[1, 5, 2]));
    assert_eq!(sticky.sums, [5, 6, 10]);
    // Equal queues give equal chances, however long.
    sticky.handle_partitions(queues(&[9, 9]));
    assert_eq!(sticky.sums, [1, 2]);
}

#[test]
fn equal_queues_give_equal_shares() {
    assert_shares(shares(&mut sticky(true), &queues(&[2; 6])), [167; 6]);
}

#[test]
fn a_long_queue_gets_less_and_a_short_one_more() {
    // Weights 1 5 4 5 3 2 of 20.
    let choices = queues(&[4, 0, 1, 0, 2, 3]);
    assert_shares(shares(&mut sticky(true), &choices), [50, 250, 200, 250, 150, 100]);
    assert_shares(shares(&mut sticky(false), &choices), [167; 6]);
}

#[test]
fn a_partition_that_is_not_available_is_left_out_unless_all_are() {
    let mut choices = queues(&[0, 0, 0, 0]);
    choices[1].available = false;
    assert_shares(shares(&mut sticky(true), &choices), [333, 0, 333, 333, 0, 0]);
    choices.iter_mut().for_each(|choice| choice.available = false);
    assert_shares(shares(&mut sticky(true), &choices), [250, 250, 250, 250, 0, 0]);
}

#[test]
fn the_own_rack_is_preferred_while_anything_there_is_available() {
    let mut choices = queues(&[3, 1, 1, 1]);
    choices[0].in_rack = true;
    choices[1].in_rack = true;
    // Of the two, 1 and 3 by their own longest queue.
    assert_shares(shares(&mut sticky(true), &choices), [250, 750, 0, 0, 0, 0]);
    choices[0].available = false;
    choices[1].available = false;
    assert_shares(shares(&mut sticky(true), &choices), [0, 0, 500, 500, 0, 0]);
}

#[test]
fn a_partition_that_cannot_be_chosen_any_more_is_left_at_once() {
    let mut sticky = sticky(true);
    sticky.handle_partitions(queues(&[0, 0]));
    sticky.handle_partitions([choice(1, 0)]);
    assert_eq!(sticky.current(), 1);
    sticky.handle_partitions([]);
    assert_eq!(sticky.current(), 1);
}

#[test]
fn a_large_topic_is_looked_at_once_in_many_draws() {
    let mut sticky = sticky(true);
    let (all, mut looked) = (queues(&[0; 6400]), 0);
    sticky.handle_partitions(all.iter().copied());
    for _ in 0..1000 {
        sticky.handle_closed(sticky.current(), BATCH, true, || {
            looked += 1;
            all.iter().copied()
        });
    }
    assert_eq!(looked, 10);
}

#[test]
fn equal_seeds_draw_alike() {
    let drawn = |seed| {
        let mut sticky = Sticky::new(StickySettings { batch_size: BATCH, adaptive: true }, seed);
        sticky.handle_partitions(queues(&[0; 6]));
        let mut next = || {
            sticky.handle_closed(sticky.current(), BATCH, true, || queues(&[0; 6]));
            sticky.current()
        };
        (0..50).map(|_| next()).collect::<Vec<_>>()
    };
    assert_eq!(drawn(1), drawn(1));
    assert_ne!(drawn(1), drawn(2));
}
