//! What admins are told of transactions and producers, and clients of how they go.

use super::*;

#[test]
fn transactions_and_producers_are_described() {
    let mut script = Script::with_topic(BrokerConfig::default());
    let me = script.init(None).unwrap();
    script.write(me, 1, (0, 2), PRODUCE).unwrap();
    script.pass(10);
    let ids = ["x", "nobody"].map(Str::from_static).to_vec();
    let request = DescribeTransactionsRequest { transactional_ids: ids, ..Default::default() };
    let states = script.ask(&request, 0).transaction_states;
    let told = &states[0];
    assert_eq!((&*told.transaction_state, told.producer_id, told.producer_epoch), ("Ongoing", me.0, 0));
    assert_eq!((told.transaction_timeout_ms, told.transaction_start_time_ms), (TIMEOUT_MS, UNIX_MS));
    assert_eq!((&*told.topics[0].topic, &told.topics[0].partitions), ("t", &vec![1]));
    assert_eq!(states[1].error_code, ErrorCode::TRANSACTIONAL_ID_NOT_FOUND);

    let listed = |script: &mut Script, states: &[&'static str], duration_filter| {
        let state_filters = states.iter().map(|state| Str::from_static(state)).collect();
        let request = ListTransactionsRequest { state_filters, duration_filter, ..Default::default() };
        let answer = script.ask(&request, 1);
        (answer.transaction_states.len(), answer.unknown_state_filters.len())
    };
    let cases = [
        (&[][..], -1, (1, 0)),
        (&["Ongoing"], 9, (1, 0)),
        (&[], 10, (0, 0)),
        (&["Empty", "Odd"], -1, (0, 1)),
    ];
    for (states, duration, counts) in cases {
        assert_eq!(listed(&mut script, states, duration), counts, "{states:?}");
    }

    let topic = describe_producers::TopicRequest {
        name: "t".into(),
        partition_indexes: vec![1, 2],
        ..Default::default()
    };
    let request = DescribeProducersRequest { topics: vec![topic], ..Default::default() };
    let partitions = script.ask(&request, 0).topics.remove(0).partitions;
    let producer = &partitions[0].active_producers[0];
    assert_eq!((producer.producer_id, producer.last_sequence), (me.0, 1));
    assert_eq!((producer.current_txn_start_offset, producer.coordinator_epoch), (0, -1));
    assert_eq!(partitions[1].error_code, ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
}

#[test]
fn clients_are_told_how_transactions_go() {
    for (transaction_version, finalized) in [(0, None), (1, Some(1)), (2, Some(2))] {
        let mut script = Script::with(BrokerConfig { transaction_version, ..Default::default() });
        for (version, least) in [(3, 1), (4, 0)] {
            let answer = script.ask(&ApiVersionsRequest::default(), version);
            let supported = &answer.supported_features[1];
            assert_eq!(&*supported.name, "transaction.version");
            assert_eq!((supported.min_version, supported.max_version), (least, 2));
            let mut finalized_features = answer.finalized_features.iter();
            let feature = finalized_features.find(|feature| feature.name == "transaction.version");
            let level = feature.map(|feature| feature.max_version_level);
            assert_eq!((answer.finalized_features_epoch, level), (0, finalized));
        }
    }
}
