//! Who may use a transactional id, and for how long.

use super::*;

#[test]
fn a_successor_fences_and_the_open_transaction_is_aborted() {
    let mut script = Script::with_topic(BrokerConfig::default());
    let old = script.init(None).unwrap();
    script.write(old, 0, (0, 1), PRODUCE).unwrap();
    assert_eq!(script.init(None), Err(ErrorCode::CONCURRENT_TRANSACTIONS));
    let new = script.init(None).unwrap();
    assert_eq!(new, (old.0, 2));
    assert_eq!(aborted(&script.read(0, 0)), [(old.0, 0)]);
    assert_eq!(script.write(old, 0, (1, 1), PRODUCE), Err(ErrorCode::INVALID_PRODUCER_EPOCH));
    assert_eq!(script.end(old, true, END), Err(ErrorCode::PRODUCER_FENCED));
    assert_eq!(script.end(old, true, 1), Err(ErrorCode::INVALID_PRODUCER_EPOCH), "an old client's word");
    assert_eq!(script.init(Some(old)), Err(ErrorCode::PRODUCER_FENCED));
    assert_eq!(script.add(old, &[0]), [ErrorCode::PRODUCER_FENCED]);
    assert_eq!(script.write(new, 0, (0, 1), PRODUCE), Ok(2));
}

#[test]
fn a_transaction_times_out() {
    let mut script = Script::with_topic(BrokerConfig::default());
    let me = script.init(None).unwrap();
    script.pass(5000);
    script.write(me, 0, (0, 1), PRODUCE).unwrap();
    assert_eq!(script.cluster.deadline(), Some(script.now().instant + Duration::from_secs(60)));
    script.pass(59_999);
    assert_eq!(script.read(0, 0).last_stable_offset, 0);
    script.pass(1);
    assert_eq!(aborted(&script.read(0, 0)), [(me.0, 0)]);
    assert_eq!(script.cluster.deadline(), None);
    assert_eq!(script.end(me, true, END), Err(ErrorCode::INVALID_TXN_STATE));
    assert_eq!(script.write(me, 0, (1, 1), PRODUCE), Err(ErrorCode::INVALID_PRODUCER_EPOCH));
    assert_eq!(script.end(me, false, END), Ok((me.0, 1)));
    assert_eq!(script.init(None), Ok((me.0, 2)));
}

#[test]
fn a_timeout_has_its_bounds() {
    let mut script = Script::with_topic(BrokerConfig::default());
    let mut init = |transaction_timeout_ms| {
        let transactional_id = Some("y".into());
        let request =
            InitProducerIdRequest { transactional_id, transaction_timeout_ms, ..Default::default() };
        script.ask(&request, 5).error_code
    };
    let invalid = ErrorCode::INVALID_TRANSACTION_TIMEOUT;
    assert_eq!([0, 1, 900_000, 900_001].map(&mut init), [invalid, NONE, NONE, invalid]);
}

#[test]
fn while_markers_are_on_their_way_nothing_begins() {
    let delay = Duration::from_millis(20);
    let mut script = Script::with_topic(BrokerConfig { marker_delay: delay, ..Default::default() });
    let me = script.init(None).unwrap();
    script.write(me, 0, (0, 1), PRODUCE).unwrap();
    let next = script.end(me, true, END).unwrap();
    let concurrent = Err(ErrorCode::CONCURRENT_TRANSACTIONS);
    assert_eq!(script.end(me, true, END), concurrent);
    assert_eq!(script.init(None), concurrent);
    assert_eq!(script.write(next, 1, (0, 1), PRODUCE), concurrent.map(|_: Producer| 0));
    assert_eq!(script.write(next, 1, (0, 1), CLASSIC_PRODUCE), Err(ErrorCode::NOT_ENOUGH_REPLICAS));
    assert_eq!(script.read(0, 0).last_stable_offset, 0);
    script.pass(20);
    assert_eq!(script.read(0, 0).last_stable_offset, 2);
    assert_eq!(script.write(next, 1, (0, 1), PRODUCE), Ok(0));
}

#[test]
fn what_is_not_used_is_forgotten() {
    let config = BrokerConfig {
        transactional_id_expiration: Duration::from_secs(100),
        producer_id_expiration: Duration::from_secs(50),
        ..Default::default()
    };
    let mut script = Script::with_topic(config);
    let me = script.init(None).unwrap();
    script.produce("t", 0, batch(1, sequenced(77, 0)));
    script.pass(49_999);
    let gap = |script: &mut Script| script.produce("t", 0, batch(1, sequenced(77, 9))).error_code;
    assert_eq!(gap(&mut script), ErrorCode::OUT_OF_ORDER_SEQUENCE_NUMBER);
    script.pass(1);
    assert_eq!(gap(&mut script), NONE);
    script.pass(49_999);
    assert_eq!(script.init(Some(me)), Ok((me.0, 1)));
    script.pass(100_000);
    assert_eq!(script.write((me.0, 1), 0, (0, 1), PRODUCE), Err(ErrorCode::INVALID_PRODUCER_ID_MAPPING));
    let next = script.init(None).unwrap();
    assert_eq!(next, (me.0 + 1, 0));
    script.pass(99_999);
    assert_eq!(script.init(None), Ok((next.0, 1)));
    script.pass(100_000);
    assert_eq!(script.init(None), Ok((next.0 + 1, 0)));
}
