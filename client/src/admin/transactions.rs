//! Transactions as somebody sees them who has none of them open, and their ends by hand.

use std::collections::BTreeMap;
use std::sync::Arc;

use upsert_kafka_protocol::messages::describe_producers::{ProducerState, TopicRequest};
use upsert_kafka_protocol::messages::describe_transactions::TransactionState;
use upsert_kafka_protocol::messages::write_txn_markers::{WritableTxnMarker, WritableTxnMarkerTopic};
use upsert_kafka_protocol::messages::{
    DescribeProducersRequest, DescribeTransactionsRequest, InitProducerIdRequest, ListTransactionsRequest,
    WriteTxnMarkersRequest,
};
use upsert_kafka_protocol::{ErrorCode, Request};

use super::{Admin, ProducerDescription, TransactionDescription, TransactionListing, accepted, text};
use crate::cluster::{Attempts, Coordinator};
use crate::connection::Connection;
use crate::{Error, ErrorKind, ProducerId, TopicPartition};

impl Admin {
    /// The transactional ids that may be seen, by name: those in one of these states, or all. Every broker is asked,
    /// since each knows those that it coordinates. Brokers before Kafka 3.0 cannot tell.
    ///
    /// # Errors
    /// When a broker does not answer in time, or does not know the request.
    pub async fn list_transactions(&self, states: &[&str]) -> Result<Vec<TransactionListing>, Error> {
        let request = ListTransactionsRequest {
            state_filters: states.iter().map(|state| text(state)).collect(),
            ..Default::default()
        };
        let mut listed = BTreeMap::new();
        for broker in self.cluster().await?.brokers {
            let mut attempts = Attempts::new(&self.cluster);
            let attempt = || async {
                let connection = self.cluster.connection(broker.id).await?;
                let response = connection.call(&request).await?;
                refused(&connection, response.error_code, "ListTransactions")?;
                Ok(response.transaction_states)
            };
            let told = loop {
                match attempts.run(attempt()).await {
                    Ok(told) => break told,
                    Err(error) => attempts.again(error).await?,
                }
            };
            for it in told {
                let transactional_id = it.transactional_id.to_string();
                let listing = TransactionListing {
                    transactional_id: transactional_id.clone(),
                    producer_id: it.producer_id,
                    state: it.transaction_state.to_string(),
                    coordinator: broker.id,
                };
                listed.insert(transactional_id, listing);
            }
        }
        Ok(listed.into_values().collect())
    }

    /// These transactional ids, each described or with the reason why not; one that no coordinator knows has
    /// [`TRANSACTIONAL_ID_NOT_FOUND`](ErrorCode::TRANSACTIONAL_ID_NOT_FOUND). Each coordinator is asked once for all
    /// that it keeps. Brokers before Kafka 3.0 cannot tell.
    ///
    /// # Errors
    /// When a coordinator does not answer in time.
    pub async fn describe_transactions(
        &self,
        ids: &[&str],
    ) -> Result<Vec<Result<TransactionDescription, Error>>, Error> {
        let mut done: Vec<Option<Result<TransactionDescription, Error>>> = ids.iter().map(|_| None).collect();
        let mut attempts = Attempts::new(&self.cluster);
        loop {
            let left: Vec<usize> = (0..ids.len()).filter(|at| done[*at].is_none()).collect();
            if left.is_empty() {
                return Ok(done.into_iter().flatten().collect());
            }
            let asked = attempts.run(self.ask_coordinators(ids, &left)).await;
            let answers = match asked {
                Ok(answers) => answers,
                Err(error) => {
                    attempts.again(error).await?;
                    continue;
                }
            };
            let mut passing = None;
            for (at, outcome) in answers {
                let outcome = outcome.map_err(|error| error.within(&keeper(ids[at]).named()));
                match outcome {
                    Err(error) if error.is_retriable() => {
                        self.cluster.forget_coordinator(&keeper(ids[at])).await;
                        passing = Some(error);
                    }
                    outcome => done[at] = Some(outcome),
                }
            }
            let left_out = || Error::new(ErrorKind::Protocol, "the coordinators' answers leave some ids out");
            match passing {
                Some(error) => attempts.again(error).await?,
                None if left.iter().any(|at| done[*at].is_none()) => return Err(left_out()),
                None => {}
            }
        }
    }

    /// What the coordinators of these ids say of them, by their places.
    async fn ask_coordinators(
        &self,
        ids: &[&str],
        left: &[usize],
    ) -> Result<Vec<(usize, Result<TransactionDescription, Error>)>, Error> {
        let (mut outcomes, mut by_node) = (Vec::new(), BTreeMap::<i32, Vec<usize>>::new());
        for at in left {
            match self.cluster.coordinator_node(&keeper(ids[*at])).await {
                Ok(node) => by_node.entry(node).or_default().push(*at),
                Err(error) => outcomes.push((*at, Err(error))),
            }
        }
        for (node, places) in by_node {
            let request = DescribeTransactionsRequest {
                transactional_ids: places.iter().map(|at| text(ids[*at])).collect(),
                ..Default::default()
            };
            let asked = async {
                let connection = self.cluster.connection(node).await?;
                let response = connection.call(&request).await?;
                Ok::<_, Error>((connection, response.transaction_states))
            };
            match asked.await {
                Ok((connection, states)) => {
                    let place = |id: &str| places.iter().copied().find(|at| ids[*at] == id);
                    outcomes.extend(states.into_iter().filter_map(|state| {
                        Some((place(&state.transactional_id)?, described(&connection, node, state)))
                    }));
                }
                Err(error) => outcomes.extend(places.iter().map(|at| (*at, Err(error.clone())))),
            }
        }
        Ok(outcomes)
    }

    /// The producers that a partition remembers, by their ids; its leader tells. Brokers before Kafka 2.8 cannot.
    ///
    /// # Errors
    /// When there is no such partition, it may not be read, or its leader does not answer in time.
    pub async fn describe_producers(&self, of: &TopicPartition) -> Result<Vec<ProducerDescription>, Error> {
        const API: &str = "DescribeProducers";
        let topic = TopicRequest {
            name: text(&of.topic),
            partition_indexes: vec![of.partition],
            ..Default::default()
        };
        let request = DescribeProducersRequest { topics: vec![topic], ..Default::default() };
        let mut told = self
            .ask_leader(of, &request, |connection, response| {
                let partitions = response.topics.into_iter().flat_map(|topic| topic.partitions);
                let told = partitions.into_iter().find(|it| it.partition_index == of.partition);
                let told = told.ok_or_else(|| left_out(connection, API))?;
                refused(connection, told.error_code, API)?;
                Ok(told.active_producers)
            })
            .await?;
        told.sort_by_key(|it| it.producer_id);
        Ok(told.iter().map(producer).collect())
    }

    /// Makes whoever writes under this id stop: he is fenced, and what he left open is aborted, or committed where that
    /// was asked for already. Returns when it is ended. The id is left with a new epoch of its producer.
    ///
    /// # Errors
    /// When the id may not be used, or its coordinator does not answer in time.
    pub async fn fence_producer(&self, transactional_id: &str) -> Result<ProducerId, Error> {
        const API: &str = "InitProducerId";
        let timeout = self.cluster.config().request_timeout.as_millis();
        let request = InitProducerIdRequest {
            transactional_id: Some(text(transactional_id)),
            transaction_timeout_ms: i32::try_from(timeout).unwrap_or(i32::MAX),
            producer_id: -1,
            producer_epoch: -1,
            ..Default::default()
        };
        let keeper = keeper(transactional_id);
        let mut attempts = Attempts::new(&self.cluster);
        loop {
            let attempt = async {
                let coordinator = self.cluster.coordinator(&keeper).await?;
                let response = coordinator.call(&request).await?;
                refused(&coordinator, response.error_code, API)?;
                Ok(ProducerId { id: response.producer_id, epoch: response.producer_epoch })
            };
            match attempts.run(attempt).await {
                Ok(producer) => return Ok(producer),
                Err(error) => {
                    // The end that was asked for before is not complete: that coordinator is the right one.
                    if error.is_retriable() && error.code() != Some(ErrorCode::CONCURRENT_TRANSACTIONS) {
                        self.cluster.forget_coordinator(&keeper).await;
                    }
                    attempts.again(error.within(&keeper.named())).await?;
                }
            }
        }
    }

    /// Aborts a transaction in one partition though its coordinator knows nothing of it any more, as Kafka's own tool
    /// does: a marker is written to the partition. Whoever has a coordinator is rather
    /// [fenced](Self::fence_producer), since this is how records of an open transaction get lost.
    ///
    /// # Errors
    /// When the cluster may not be altered, the producer has a newer epoch there, or the leader does not answer in time.
    pub async fn abort_transaction(
        &self,
        of: &TopicPartition,
        producer: &ProducerDescription,
    ) -> Result<(), Error> {
        const API: &str = "WriteTxnMarkers";
        let topic = WritableTxnMarkerTopic {
            name: text(&of.topic),
            partition_indexes: vec![of.partition],
            ..Default::default()
        };
        let marker = WritableTxnMarker {
            producer_id: producer.producer.id,
            producer_epoch: producer.producer.epoch,
            transaction_result: false,
            topics: vec![topic],
            // Where no marker was ever written the partition takes any epoch.
            coordinator_epoch: producer.coordinator_epoch.unwrap_or(0),
            ..Default::default()
        };
        let request = WriteTxnMarkersRequest { markers: vec![marker], ..Default::default() };
        self.ask_leader(of, &request, |connection, response| {
            let topics = response.markers.into_iter().flat_map(|marker| marker.topics);
            let mut partitions = topics.flat_map(|topic| topic.partitions);
            let told = partitions.find(|it| it.partition_index == of.partition);
            let told = told.ok_or_else(|| left_out(connection, API))?;
            refused(connection, told.error_code, API)
        })
        .await
    }

    /// Asks the partition's leader, which is looked for again where it has moved.
    async fn ask_leader<R: Request, T>(
        &self,
        of: &TopicPartition,
        request: &R,
        read: impl Fn(&Connection, R::Response) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut attempts = Attempts::new(&self.cluster);
        loop {
            let attempt = async {
                let described = self.describe_topics_once(&[&of.topic]).await?.into_iter().next();
                let topic = described.unwrap_or_else(|| Err(no_leader()))?;
                let known = topic.partitions.iter().find(|it| it.index == of.partition);
                let unknown = || Error::from_code(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, "Metadata");
                let leader = known.ok_or_else(unknown)?.leader.ok_or_else(no_leader)?;
                let connection = self.cluster.connection(leader).await?;
                let response = connection.call(request).await?;
                read(&connection, response)
            };
            match attempts.run(attempt).await {
                Ok(told) => return Ok(told),
                Err(error) => {
                    attempts
                        .again(error.with_topic(Arc::clone(&of.topic)).with_partition(of.partition))
                        .await?
                }
            }
        }
    }
}

fn keeper(transactional_id: &str) -> Coordinator {
    Coordinator::Transactions(Arc::from(transactional_id))
}

fn described(
    coordinator: &Connection,
    node: i32,
    told: TransactionState,
) -> Result<TransactionDescription, Error> {
    refused(coordinator, told.error_code, "DescribeTransactions")?;
    let mut partitions = Vec::new();
    for topic in &told.topics {
        let name: Arc<str> = Arc::from(&*topic.topic);
        partitions.extend(topic.partitions.iter().map(|it| TopicPartition::new(Arc::clone(&name), *it)));
    }
    partitions.sort();
    Ok(TransactionDescription {
        transactional_id: told.transactional_id.to_string(),
        producer: ProducerId { id: told.producer_id, epoch: told.producer_epoch },
        state: told.transaction_state.to_string(),
        timeout_ms: told.transaction_timeout_ms,
        started_ms: Some(told.transaction_start_time_ms).filter(|at| *at >= 0),
        partitions,
        coordinator: node,
    })
}

fn producer(told: &ProducerState) -> ProducerDescription {
    ProducerDescription {
        producer: ProducerId {
            id: told.producer_id,
            epoch: i16::try_from(told.producer_epoch).unwrap_or(-1),
        },
        coordinator_epoch: Some(told.coordinator_epoch).filter(|epoch| *epoch >= 0),
        last_timestamp_ms: told.last_timestamp,
        transaction_start_offset: Some(told.current_txn_start_offset).filter(|offset| *offset >= 0),
    }
}

fn refused(broker: &Connection, code: ErrorCode, api: &'static str) -> Result<(), Error> {
    accepted(code, None, api).map_err(|error| broker.named(error, api))
}

fn left_out(broker: &Connection, api: &'static str) -> Error {
    broker.named(Error::new(ErrorKind::Protocol, "the broker's answer leaves it out"), api)
}

fn no_leader() -> Error {
    Error::from_code(ErrorCode::LEADER_NOT_AVAILABLE, "Metadata")
}
