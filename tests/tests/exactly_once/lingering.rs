//! What an earlier run left open holds readers back, until the next run of the job ends it: at its start.

use upsert_kafka_client::{Commit, GroupMetadata};
use upsert_kafka_sink::Restore;

use super::*;

#[tokio::test]
async fn what_earlier_tasks_and_members_left_open_is_ended_at_the_start_and_nothing_else() {
    for version in [1, 2] {
        let stage = Stage::of(BrokerConfig::default().with_transaction_version(version)).await;
        let mut left = Vec::new();
        // A task that there is no more, a member's, one by INCREMENTING; other topics, prefixes and shapes are not ours.
        let ours = ["tx-7-0", "tx-in.3-0", "tx-0-12"];
        let others = ["tx-other.0-0", "tx-a-0-0", "txt-0-0", "tx-0"];
        for id in ours.iter().chain(&others) {
            left.push(stage.left_open(id).await);
        }
        let job = stage.open(&job("g", "tx", "", &["a"])).await.expect("a job");
        for id in ours {
            assert_eq!(stage.state_of(id).await, "Empty", "{id}");
        }
        for id in others {
            assert_eq!(stage.state_of(id).await, "Ongoing", "{id}");
        }
        drop((job, left));
    }
}

/// A member ends what was left open by whoever had the partitions that it is given, and what older jobs of one process
/// left.
#[tokio::test]
async fn what_earlier_owners_of_its_partitions_left_open_a_member_ends() {
    for naming in ["POOLING", "INCREMENTING"] {
        let stage = Stage::set().await;
        let number = if naming == "POOLING" { "0" } else { "17" };
        let (ours, others) =
            ([format!("tx-in.0-{number}"), "tx-3-0".to_owned()], ["tx-in.1-0", "tx-other.0-0"]);
        let mut left = Vec::new();
        for id in ours.iter().map(String::as_str).chain(others) {
            left.push(stage.left_open(id).await);
        }
        let naming = format!("'sink.transaction-naming-strategy' = '{naming}', 'sink.delivery");
        let sql = job("g", "tx", "", &["a"]).replace("'sink.delivery", &naming);
        let options = PlanOptions::new().with_bootstrap(stage.broker.address().to_string());
        let job =
            Job::open(plan::plan(&*sql, &options).expect("a plan"), JobOptions::new()).await.expect("a job");
        for id in &ours {
            assert_eq!(stage.state_of(id).await, "Empty", "{id}");
        }
        for id in others {
            assert_eq!(stage.state_of(id).await, "Ongoing", "{id}");
        }
        drop((job, left));
    }
}

/// Offsets of a transaction that is being committed are waited for (KIP-447), whoever commits it.
#[tokio::test]
async fn offsets_in_a_transaction_that_is_being_committed_are_those_that_the_job_goes_on_from() {
    let stage = Stage::of(BrokerConfig::default().with_marker_delay(Duration::from_millis(500))).await;
    stage.feed(&["{\"id\":1}", "{\"id\":2}"]).await;
    let transaction = stage.left_open("somebody").await;
    let offsets = [Commit::new(TopicPartition::new("in", 0), 1)];
    transaction.send_offsets(&offsets, &GroupMetadata::new("g")).await.expect("they are in it");
    transaction.commit().await.expect("it is asked for");
    assert_eq!(stage.group_offset("g").await, None, "and not done");
    let options = PlanOptions::new().with_bootstrap(stage.broker.address().to_string());
    let plan = plan::plan(&*job("g", "tx", "", &["a"]), &options).expect("a plan");
    let resumed = JobOptions::new().alone().with_restore(Restore::Offsets);
    let mut job = Job::open(plan, resumed).await.expect("a job");
    job.stop_at_end().await.expect("an end");
    job.run().await.expect("a good end");
    let written = stage.await_committed("a", 2).await;
    assert_eq!(written, ["left open", "{\"id\":2}"]);
}
