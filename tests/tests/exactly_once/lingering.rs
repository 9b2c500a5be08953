//! What an earlier run left open holds readers back, until the next run of the job ends it: at its start.

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

/// Offsets of a transaction that is being committed are waited for (KIP-447).
#[tokio::test]
async fn offsets_in_a_transaction_that_is_being_committed_are_those_that_the_job_goes_on_from() {
    let config = BrokerConfig::default().with_marker_delay(Duration::from_millis(500));
    let stage = Stage::of(config).await;
    let sql = job("g", "tx", "", &["a"]);
    stage.feed(&["{\"id\":1}"]).await;
    let running = stage.start(&sql).await;
    let mut armed = stage.broker.fault(Fault::new(ApiKey::END_TXN, Action::LoseAnswer)).await;
    armed.wait(1).await;
    // It is asked for and not done; the process is gone.
    running.ended.abort();
    _ = running.ended.await;
    stage.run(&sql).await.expect("a good end");
    assert_eq!(stage.committed("a").await, ["{\"id\":1}"]);
}
