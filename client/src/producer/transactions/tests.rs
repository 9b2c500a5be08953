//! Dialogues with coordinators, played by hand.

use std::time::Duration;

use upsert_kafka_protocol::messages::add_partitions_to_txn::{
    AddPartitionsToTxnPartitionResult, AddPartitionsToTxnTopicResult,
};
use upsert_kafka_protocol::messages::txn_offset_commit::{
    TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic,
};
use upsert_kafka_protocol::messages::{
    AddOffsetsToTxnResponse, AddPartitionsToTxnResponse, EndTxnResponse, InitProducerIdResponse,
    TxnOffsetCommitResponse,
};
use upsert_kafka_protocol::{ErrorCode, Str};

use super::*;
use crate::GroupMetadata;
use crate::cluster::Coordinator;
use crate::producer::coordinator_request::{CoordinatorResponse, RequestBody, ResponseBody};
use crate::producer::offsets::Offsets;
use crate::producer::topic::Topic;
use crate::producer::topic::tests::topic;
use crate::{Commit, Record};

/// The identity, or the error's kind and scope.
type Told = Result<(i64, i16), (ErrorKind, Scope)>;

struct TransactionsBench {
    transactions: Transactions,
    topic: Topic,
    now: Instant,
    offered: Protocol,
}

impl TransactionsBench {
    fn new(offered: Protocol) -> Self {
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        let transactions = Transactions::new("pay".into(), 60_000, backoff);
        Self { transactions, topic: topic(&[Some(1); 3]), now: Instant::now(), offered }
    }

    /// With an open transaction; its producer is 7, its epoch 0.
    fn open(offered: Protocol) -> Self {
        let mut bench = Self::new(offered);
        bench.order(Order::Begin, 1);
        let RequestBody::InitProducerId(asked) = bench.asks() else { panic!("no producer id asked for") };
        assert_eq!((asked.producer_id, asked.producer_epoch), (-1, -1));
        bench.identified(7, 0);
        assert_eq!(bench.settled(), [(1, Ok((7, 0)))]);
        bench
    }

    fn order(&mut self, order: Order, ticket: Ticket) {
        self.transactions.handle_order(order, Some(ticket));
    }

    fn admit(&mut self, partition: i32) -> bool {
        let record = Record::new(&self.topic).partition(partition);
        let partition = Arc::clone(&self.topic.slot_for(&record).unwrap().partition);
        let admitted = self.transactions.admit(&partition);
        if admitted {
            self.transactions.handle_sent();
        }
        admitted
    }

    /// As [`Self::admit`], and the broker has written it.
    fn write(&mut self, partition: i32) {
        assert!(self.admit(partition));
        self.transactions.handle_written();
    }

    fn poll(&mut self) -> Option<CoordinatorRequest> {
        self.transactions.poll_request(true, self.now)
    }

    fn asks(&mut self) -> RequestBody {
        self.poll().expect("a request").body
    }

    fn replies(&mut self, reply: ResponseBody) {
        let heard = CoordinatorResponse { body: reply, offered: self.offered };
        self.transactions.handle_response(Ok(heard), self.now, 0.5);
    }

    fn identified(&mut self, producer_id: i64, producer_epoch: i16) {
        let told = InitProducerIdResponse { producer_id, producer_epoch, ..Default::default() };
        self.replies(ResponseBody::InitProducerId(told));
    }

    /// The next epoch is asked for, and given.
    fn renews(&mut self) {
        let RequestBody::InitProducerId(asked) = self.asks() else { panic!("no epoch asked for") };
        assert_eq!((asked.producer_id, asked.producer_epoch), (7, 0));
        self.identified(7, 1);
    }

    /// The answer is lost, and it is time to ask again.
    fn loses(&mut self) {
        let lost = Error::new(ErrorKind::Disconnected, "the connection broke").with_written(true);
        self.transactions.handle_response(Err(lost), self.now, 0.5);
        self.now = self.transactions.deadline().unwrap();
    }

    fn ended(&mut self, error_code: ErrorCode, identity: (i64, i16)) {
        let (producer_id, producer_epoch) = identity;
        let told = EndTxnResponse { error_code, producer_id, producer_epoch, ..Default::default() };
        self.replies(ResponseBody::EndTxn(told));
    }

    fn added(&mut self, code: ErrorCode) {
        let one = AddPartitionsToTxnPartitionResult { partition_error_code: code, ..Default::default() };
        let topic = AddPartitionsToTxnTopicResult {
            name: Str::from("orders"),
            results_by_partition: vec![one],
            ..Default::default()
        };
        let results_by_topic_v3_and_below = vec![topic];
        let told = AddPartitionsToTxnResponse { results_by_topic_v3_and_below, ..Default::default() };
        self.replies(ResponseBody::AddPartitionsToTxn(told));
    }

    fn kept(&mut self, error_code: ErrorCode) {
        let one = TxnOffsetCommitResponsePartition { partition_index: 4, error_code, ..Default::default() };
        let topic = TxnOffsetCommitResponseTopic {
            name: Str::from("input"),
            partitions: vec![one],
            ..Default::default()
        };
        let told = TxnOffsetCommitResponse { topics: vec![topic], ..Default::default() };
        self.replies(ResponseBody::TxnOffsetCommit(told));
    }

    /// Tickets, each with what was told.
    fn settled(&mut self) -> Vec<(Ticket, Told)> {
        std::iter::from_fn(|| self.transactions.poll_settled())
            .map(|(ticket, result)| {
                let told = result.map(|identity| (identity.id, identity.epoch));
                (ticket, told.map_err(|error| (error.kind(), error.scope())))
            })
            .collect()
    }
}

fn offsets() -> Order {
    let commit = Commit::new(crate::TopicPartition::new("input", 4), 9);
    Order::SendOffsets(Offsets {
        group: GroupMetadata::new("readers").member(3, "me"),
        commits: vec![commit],
    })
}

#[test]
fn classic_partitions_are_announced_before_they_are_written_to_and_all_in_one_request() {
    let mut bench = TransactionsBench::open(Protocol::Classic);
    assert!(!bench.admit(0) && !bench.admit(2));
    let RequestBody::AddPartitionsToTxn(asked) = bench.asks() else { panic!("not announced") };
    assert_eq!(asked.v3_and_below_topics[0].partitions, [0, 2]);
    assert!(!bench.admit(1), "too late for that request");
    bench.added(ErrorCode::NONE);
    assert!(bench.admit(0) && bench.admit(2) && !bench.admit(1));
    let RequestBody::AddPartitionsToTxn(asked) = bench.asks() else { panic!("not announced") };
    assert_eq!(asked.v3_and_below_topics[0].partitions, [1]);
    bench.added(ErrorCode::NONE);
    assert!(bench.admit(1));
    bench.order(Order::Commit, 2);
    let RequestBody::EndTxn(asked) = bench.asks() else { panic!("not ended") };
    assert!(asked.committed);
    bench.ended(ErrorCode::NONE, (-1, -1));
    assert_eq!(bench.settled(), [(2, Ok((7, 0)))]);
    bench.order(Order::Begin, 3);
    assert_eq!(bench.settled(), [(3, Ok((7, 0)))], "classic transactions share an epoch");
    assert!(!bench.admit(0), "each transaction is announced anew");
}

#[test]
fn under_kip_890_writing_announces_and_each_end_gives_the_next_epoch() {
    let mut bench = TransactionsBench::open(Protocol::V2);
    assert!(bench.admit(0));
    assert!(bench.poll().is_none(), "nothing to announce");
    bench.order(Order::Commit, 2);
    let call = bench.poll().unwrap();
    assert_eq!((call.protocol, call.to), (Some(Protocol::V2), Some(Coordinator::Transactions("pay".into()))));
    bench.ended(ErrorCode::NONE, (7, 1));
    bench.order(Order::Begin, 3);
    assert_eq!(bench.settled(), [(2, Ok((7, 1))), (3, Ok((7, 1)))]);
}

#[test]
fn what_no_coordinator_has_heard_of_is_ended_without_asking() {
    for commit in [true, false] {
        let mut bench = TransactionsBench::open(Protocol::V2);
        bench.order(if commit { Order::Commit } else { Order::Abort }, 2);
        assert!(bench.poll().is_none());
        assert_eq!(bench.settled(), [(2, Ok((7, 0)))]);
    }
}

#[test]
fn the_end_waits_until_all_is_quiet_and_is_asked_for_until_it_is_answered() {
    let mut bench = TransactionsBench::open(Protocol::V2);
    bench.write(0);
    bench.order(Order::Abort, 2);
    assert!(bench.transactions.poll_request(false, bench.now).is_none(), "a batch still flies");
    assert!(matches!(bench.asks(), RequestBody::EndTxn(asked) if !asked.committed));
    let lost = Error::new(ErrorKind::Disconnected, "the connection broke");
    bench.transactions.handle_response(Err(lost), bench.now, 0.5);
    assert!(bench.poll().is_none());
    bench.now = bench.transactions.deadline().unwrap();
    let again = bench.poll().unwrap();
    assert!(again.rediscover && matches!(again.body, RequestBody::EndTxn(_)));
    bench.ended(ErrorCode::CONCURRENT_TRANSACTIONS, (-1, -1));
    let wait = bench.transactions.deadline().unwrap() - bench.now;
    assert!(wait < Duration::from_millis(30), "it will not take long: {wait:?}");
    bench.now += wait;
    assert!(!bench.poll().unwrap().rediscover);
    bench.ended(ErrorCode::NONE, (7, 1));
    assert_eq!(bench.settled(), [(2, Ok((7, 1)))]);
}

#[test]
fn a_lost_end_of_a_classic_transaction_cannot_end_the_next_one() {
    for (protocol, epoch) in [(Protocol::Classic, 0), (Protocol::V2, 1)] {
        let mut bench = TransactionsBench::open(protocol);
        if !bench.admit(0) {
            bench.asks();
            bench.added(ErrorCode::NONE);
        }
        bench.write(0);
        bench.order(Order::Commit, 2);
        bench.order(Order::Begin, 3);
        bench.asks();
        bench.loses();
        assert!(matches!(bench.asks(), RequestBody::EndTxn(_)));
        bench.ended(ErrorCode::NONE, if protocol == Protocol::V2 { (7, 1) } else { (-1, -1) });
        if protocol == Protocol::Classic {
            bench.renews();
        }
        assert_eq!(bench.settled(), [(2, Ok((7, epoch))), (3, Ok((7, 1)))]);
    }
}

#[test]
fn lost_offsets_of_a_classic_transaction_cannot_take_back_those_of_the_next_one() {
    let mut bench = TransactionsBench::open(Protocol::Classic);
    bench.order(offsets(), 2);
    bench.asks();
    bench.replies(ResponseBody::AddOffsetsToTxn(AddOffsetsToTxnResponse::default()));
    assert!(matches!(bench.asks(), RequestBody::TxnOffsetCommit(_)));
    bench.loses();
    bench.asks();
    bench.kept(ErrorCode::NONE);
    bench.order(Order::Commit, 3);
    bench.order(Order::Begin, 4);
    bench.asks();
    bench.ended(ErrorCode::NONE, (-1, -1));
    bench.renews();
    assert_eq!(bench.settled(), [(2, Ok((7, 0))), (3, Ok((7, 0))), (4, Ok((7, 1)))]);
}

#[test]
fn a_classic_transaction_that_its_coordinator_does_not_know_is_aborted() {
    let mut bench = TransactionsBench::open(Protocol::Classic);
    assert!(!bench.admit(0));
    bench.asks();
    bench.order(Order::Abort, 2);
    bench.order(Order::Begin, 3);
    bench.added(ErrorCode::CONCURRENT_TRANSACTIONS);
    assert!(matches!(bench.asks(), RequestBody::EndTxn(_)));
    bench.ended(ErrorCode::INVALID_TXN_STATE, (-1, -1));
    assert_eq!(bench.settled(), [(2, Ok((7, 0))), (3, Ok((7, 0)))]);
}

#[test]
fn who_seems_to_be_fenced_before_anything_joined_asks_for_the_next_epoch() {
    let mut bench = TransactionsBench::open(Protocol::V2);
    bench.admit(0);
    bench.order(Order::Abort, 2);
    bench.order(Order::Begin, 3);
    assert!(matches!(bench.asks(), RequestBody::EndTxn(_)));
    bench.ended(ErrorCode::PRODUCER_FENCED, (-1, -1));
    assert_eq!(bench.settled(), [(2, Ok((7, 0)))]);
    bench.renews();
    assert_eq!(bench.settled(), [(3, Ok((7, 1)))]);
}

#[test]
fn who_is_fenced_before_anything_joined_learns_it_when_it_asks_for_the_next_epoch() {
    let mut bench = TransactionsBench::open(Protocol::V2);
    bench.admit(0);
    bench.order(Order::Abort, 2);
    bench.asks();
    bench.ended(ErrorCode::PRODUCER_FENCED, (-1, -1));
    assert!(matches!(bench.asks(), RequestBody::InitProducerId(_)));
    let told = InitProducerIdResponse { error_code: ErrorCode::PRODUCER_FENCED, ..Default::default() };
    bench.replies(ResponseBody::InitProducerId(told));
    assert!(bench.transactions.is_fatal());
}

#[test]
fn offsets_that_are_refused_while_the_transaction_is_aborted_leave_its_end_to_be_asked_for() {
    let mut bench = TransactionsBench::open(Protocol::V2);
    bench.order(offsets(), 2);
    assert!(matches!(bench.asks(), RequestBody::TxnOffsetCommit(_)));
    bench.order(Order::Abort, 3);
    bench.kept(ErrorCode::ILLEGAL_GENERATION);
    assert!(
        matches!(bench.asks(), RequestBody::EndTxn(asked) if !asked.committed),
        "the group has joined all the same"
    );
    bench.ended(ErrorCode::NONE, (7, 1));
    assert_eq!(bench.settled(), [(2, Err((ErrorKind::Aborted, Scope::Call))), (3, Ok((7, 1)))]);
}

#[test]
fn begin_waits_for_the_end_of_the_one_before_and_only_one_may_wait() {
    let mut bench = TransactionsBench::open(Protocol::V2);
    bench.order(Order::Begin, 2);
    bench.write(0);
    bench.transactions.handle_order(Order::Abort, None);
    bench.order(Order::Begin, 3);
    bench.order(Order::Begin, 4);
    let usage = Err((ErrorKind::Usage, Scope::Call));
    assert_eq!(bench.settled(), [(2, usage), (4, usage)]);
    bench.asks();
    bench.ended(ErrorCode::NONE, (7, 1));
    assert_eq!(bench.settled(), [(3, Ok((7, 1)))]);
}

#[test]
fn a_failed_batch_dooms_the_transaction_and_the_next_one_has_a_new_epoch() {
    let mut bench = TransactionsBench::open(Protocol::Classic);
    bench.admit(0);
    bench.asks();
    bench.added(ErrorCode::NONE);
    bench.transactions.handle_failure(&Error::new(ErrorKind::Timeout, "late"));
    assert!(bench.transactions.gives_up());
    let error = bench.transactions.poll_abortable_error().unwrap();
    assert!(error.is_abortable() && error.to_string().contains("pay") && error.to_string().contains("late"));
    assert!(bench.transactions.poll_abortable_error().is_none(), "told once");
    bench.order(Order::Commit, 2);
    assert_eq!(bench.settled(), [(2, Err((ErrorKind::Timeout, Scope::Transaction)))]);
    bench.order(Order::Abort, 3);
    bench.order(Order::Begin, 4);
    bench.asks();
    bench.ended(ErrorCode::NONE, (-1, -1));
    assert_eq!(bench.settled(), [(3, Ok((7, 0)))]);
    bench.renews();
    assert_eq!(bench.settled(), [(4, Ok((7, 1)))]);
}

#[test]
fn offsets_are_announced_once_and_kept_by_the_groups_coordinator() {
    let mut bench = TransactionsBench::open(Protocol::Classic);
    bench.order(offsets(), 2);
    bench.order(offsets(), 3);
    assert!(matches!(bench.asks(), RequestBody::AddOffsetsToTxn(asked) if &*asked.group_id == "readers"));
    bench.replies(ResponseBody::AddOffsetsToTxn(AddOffsetsToTxnResponse::default()));
    let call = bench.poll().unwrap();
    assert_eq!(call.to, Some(Coordinator::Group("readers".into())));
    let RequestBody::TxnOffsetCommit(asked) = call.body else { panic!("not kept") };
    assert_eq!((asked.generation_id_or_member_epoch, &*asked.member_id), (3, "me"));
    bench.kept(ErrorCode::COORDINATOR_LOAD_IN_PROGRESS);
    bench.now = bench.transactions.deadline().unwrap();
    bench.asks();
    bench.kept(ErrorCode::NONE);
    assert!(matches!(bench.asks(), RequestBody::TxnOffsetCommit(_)), "the second needs no announcement");
    bench.order(Order::Commit, 4);
    assert!(bench.poll().is_none(), "it commits when they are in");
    bench.kept(ErrorCode::NONE);
    assert!(matches!(bench.asks(), RequestBody::EndTxn(asked) if asked.committed));
    bench.ended(ErrorCode::NONE, (-1, -1));
    assert_eq!(bench.settled(), [2, 3, 4].map(|ticket| (ticket, Ok((7, 0)))));
}

#[test]
fn a_member_that_lost_its_partitions_cannot_commit() {
    for code in [ErrorCode::ILLEGAL_GENERATION, ErrorCode::UNKNOWN_MEMBER_ID, ErrorCode::FENCED_INSTANCE_ID] {
        let mut bench = TransactionsBench::open(Protocol::V2);
        bench.order(offsets(), 2);
        assert!(matches!(bench.asks(), RequestBody::TxnOffsetCommit(_)));
        bench.kept(code);
        assert_eq!(bench.settled(), [(2, Err((ErrorKind::Broker, Scope::Transaction)))], "{code}");
        let error = bench.transactions.error().unwrap();
        assert_eq!((error.code(), error.topic(), error.partition()), (Some(code), Some("input"), Some(4)));
    }
}

#[test]
fn whom_another_fenced_is_at_his_end() {
    for code in [ErrorCode::PRODUCER_FENCED, ErrorCode::INVALID_PRODUCER_EPOCH] {
        let mut bench = TransactionsBench::open(Protocol::V2);
        bench.admit(0);
        bench.order(Order::Commit, 2);
        bench.asks();
        bench.ended(code, (-1, -1));
        bench.order(Order::Begin, 3);
        let fenced = Err((ErrorKind::Fenced, Scope::Producer));
        assert_eq!(bench.settled(), [(2, fenced), (3, fenced)], "{code}");
        assert!(bench.transactions.is_fatal() && bench.poll().is_none());
    }
}

#[test]
fn an_id_that_is_not_allowed_ends_the_producer_and_a_topic_the_transaction() {
    let mut bench = TransactionsBench::new(Protocol::Classic);
    bench.order(Order::Begin, 1);
    bench.asks();
    let error_code = ErrorCode::TRANSACTIONAL_ID_AUTHORIZATION_FAILED;
    bench.replies(ResponseBody::InitProducerId(InitProducerIdResponse { error_code, ..Default::default() }));
    assert_eq!(bench.settled(), [(1, Err((ErrorKind::Unauthorized, Scope::Producer)))]);
    let mut bench = TransactionsBench::open(Protocol::Classic);
    bench.admit(0);
    bench.asks();
    bench.added(ErrorCode::TOPIC_AUTHORIZATION_FAILED);
    let error = bench.transactions.error().unwrap();
    assert_eq!((error.kind(), error.scope()), (ErrorKind::Unauthorized, Scope::Transaction));
    assert!(error.to_string().contains("topic orders"), "{error}");
}

#[test]
fn an_id_that_the_coordinator_forgot_is_made_known_again_after_the_abort() {
    let mut bench = TransactionsBench::open(Protocol::V2);
    bench.write(0);
    bench.order(Order::Abort, 2);
    bench.asks();
    bench.ended(ErrorCode::INVALID_PRODUCER_ID_MAPPING, (-1, -1));
    assert_eq!(bench.settled(), [(2, Ok((7, 0)))]);
    assert!(matches!(bench.asks(), RequestBody::InitProducerId(asked) if asked.producer_id == 7));
}

#[test]
fn a_transaction_of_another_process_is_ended_by_its_numbers() {
    let mut bench = TransactionsBench::new(Protocol::V2);
    bench.order(Order::Resume(ProducerId { id: 40, epoch: 5 }), 1);
    bench.order(Order::Commit, 2);
    let call = bench.poll().unwrap();
    assert_eq!(call.protocol, None, "as the coordinator offers");
    let RequestBody::EndTxn(asked) = call.body else { panic!("not ended") };
    assert_eq!((asked.producer_id, asked.producer_epoch, asked.committed), (40, 5, true));
    bench.ended(ErrorCode::NONE, (40, 6));
    assert_eq!(bench.settled(), [(1, Ok((40, 5))), (2, Ok((40, 6)))]);
    bench.order(Order::Resume(ProducerId { id: 41, epoch: 0 }), 3);
    assert_eq!(bench.settled(), [(3, Err((ErrorKind::Usage, Scope::Call)))]);
}

#[test]
fn a_producer_that_waits_for_its_next_epoch_resumes_nothing() {
    let mut bench = TransactionsBench::open(Protocol::V2);
    bench.write(0);
    bench.order(Order::Abort, 2);
    bench.asks();
    bench.ended(ErrorCode::INVALID_PRODUCER_ID_MAPPING, (-1, -1));
    bench.order(Order::Resume(ProducerId { id: 40, epoch: 5 }), 3);
    assert_eq!(bench.settled(), [(2, Ok((7, 0))), (3, Err((ErrorKind::Usage, Scope::Call)))]);
    bench.renews();
}

#[test]
fn what_is_not_open_cannot_be_ended_nor_take_offsets() {
    let mut bench = TransactionsBench::new(Protocol::V2);
    for (ticket, order) in [(1, Order::Commit), (2, Order::Abort), (3, offsets())] {
        bench.order(order, ticket);
        assert_eq!(bench.settled(), [(ticket, Err((ErrorKind::Usage, Scope::Call)))]);
    }
}

#[test]
fn a_commit_that_may_have_been_heard_is_in_doubt_whatever_comes_after_it() {
    for heard in [true, false] {
        let mut bench = TransactionsBench::open(Protocol::V2);
        bench.admit(0);
        bench.order(Order::Commit, 2);
        bench.asks();
        let lost = Error::new(ErrorKind::Disconnected, "the connection broke").with_written(heard);
        bench.transactions.handle_response(Err(lost), bench.now, 0.5);
        bench.now = bench.transactions.deadline().unwrap();
        bench.asks();
        bench.ended(ErrorCode::PRODUCER_FENCED, (-1, -1));
        let (_, told) = bench.transactions.poll_settled().unwrap();
        assert_eq!(told.unwrap_err().may_have_been_written(), heard);
    }
}
