//! Topics that are deleted and made again under a job: a topic is its id.

use std::time::Duration;

use upsert_kafka_broker::{Action, Fault};
use upsert_kafka_protocol::{ApiKey, ErrorCode};

use super::oracle::Gaps;
use super::process::Process;
use super::scenario::{CLIENT_ID, job};
use super::stage::{IN_PARTITIONS, Stage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_is_made_again_under_a_running_job_is_read_from_its_beginning() {
    for sinks in [1, 2] {
        for startup in ["earliest-offset", "latest-offset"] {
            for partitions in [IN_PARTITIONS, IN_PARTITIONS + 1] {
                recreated(Stage::set(sinks).await, sinks, startup, partitions).await;
            }
        }
    }
}

pub(super) async fn recreated(mut stage: Stage, sinks: usize, startup: &str, partitions: i32) {
    let mut first = Process::start(stage.placed(&job(&stage.prefix, sinks, startup)));
    assert!(first.opened().await, "{:?}", first.ended().await);
    stage.feed(30).await;
    stage.caught_up().await.unwrap();

    let deleted = stage.client.admin().delete_topics(&[&stage.name("in")]).await.expect("an answer");
    assert!(deleted.iter().all(Result::is_ok), "{deleted:?}");
    // Long enough for many fetches and looks at the cluster, each of which could make it again.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let topics = stage.client.admin().topics().await.expect("topics");
    assert!(
        topics.iter().all(|it| it.name != stage.name("in")),
        "the job made the topic that was deleted: {topics:?}"
    );

    stage.create("in", partitions, "delete").await;
    // More than the deleted one had, so that offsets alone cannot tell the two apart.
    stage.feed(90).await;
    tokio::select! {
        reached = stage.caught_up() => reached.unwrap(),
        ended = first.ended() => panic!("it ends: {ended:?}"),
    }
    first.stop();
    first.ended().await.expect("a clean end");

    stage.feed(30).await;
    let mut second = Process::start(stage.placed(&job(&stage.prefix, sinks, startup)));
    assert!(second.opened().await, "{:?}", second.ended().await);
    stage.caught_up().await.unwrap();
    second.stop();
    second.ended().await.expect("a clean end");
    stage.judge(0, Gaps::Lost).await.expect("everything once and in order");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_that_is_killed_before_its_next_checkpoint_knows_the_new_topic_all_the_same() {
    for startup in ["earliest-offset", "latest-offset"] {
        let mut stage = Stage::set(1).await;
        let sql = job("", 1, startup).replace("'20 ms'", "'1 h'");
        let mut first = Process::start(stage.placed(&sql));
        assert!(first.opened().await, "{:?}", first.ended().await);
        stage.feed(30).await;
        stage.caught_up().await.unwrap();
        again(&stage).await;
        stage.feed(90).await;
        tokio::select! {
            reached = stage.caught_up() => reached.unwrap(),
            ended = first.ended() => panic!("it ends: {ended:?}"),
        }
        first.kill();
        _ = first.ended().await;
        stage.feed(30).await;
        let mut second = Process::start(stage.placed(&sql));
        assert!(second.opened().await, "{:?}", second.ended().await);
        stage.caught_up().await.unwrap();
        second.stop();
        second.ended().await.expect("a clean end");
        stage.judge(1, Gaps::Lost).await.expect("nothing is skipped");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_at_the_new_topic_that_fails_never_ends_a_job_as_if_it_were_done() {
    for (api, action) in [
        (ApiKey::LIST_OFFSETS, Action::Answer(ErrorCode::INVALID_REQUEST)),
        (ApiKey::LIST_OFFSETS, Action::Answer(ErrorCode::LEADER_NOT_AVAILABLE)),
        (ApiKey::LIST_OFFSETS, Action::Close),
        (ApiKey::METADATA, Action::Answer(ErrorCode::INVALID_REQUEST)),
        (ApiKey::METADATA, Action::Close),
        (ApiKey::OFFSET_COMMIT, Action::Answer(ErrorCode::INVALID_REQUEST)),
    ] {
        let mut stage = Stage::set(1).await;
        // Commits only where it begins, so that no periodic one meets the fault.
        let sql = job("", 1, "latest-offset").replace("'20 ms'", "'1 h'");
        let mut running = Process::start(stage.placed(&sql));
        assert!(running.opened().await, "{:?}", running.ended().await);
        stage.feed(30).await;
        stage.caught_up().await.unwrap();
        // While the topic is away its partitions are taken from the member, which commits how far it came of the old one. A
        // job that cannot do that fails, before it knows of the new one.
        let skipped = u32::from(api == ApiKey::OFFSET_COMMIT);
        let armed = stage.fault(Fault::new(api, action).skip(skipped).times(3).of_client(CLIENT_ID)).await;
        again(&stage).await;
        stage.feed(90).await;
        let failed = tokio::select! {
            reached = stage.caught_up() => { reached.unwrap(); false }
            ended = running.ended() => { ended.expect_err("it ends as if it were done"); true }
        };
        armed.disarm().await;
        if failed {
            running = Process::start(stage.placed(&sql));
            assert!(running.opened().await, "{:?}", running.ended().await);
            if let Err(why) = stage.caught_up().await {
                panic!("{api:?} {action:?}: {why}");
            }
        }
        running.stop();
        running.ended().await.expect("a clean end");
        let judged = stage.judge(usize::from(failed), Gaps::Lost).await;
        judged.unwrap_or_else(|why| panic!("{api:?} {action:?}: {why}"));
    }
}

/// Deletes the source's topic and makes it again.
async fn again(stage: &Stage) {
    let deleted = stage.client.admin().delete_topics(&[&stage.name("in")]).await.expect("an answer");
    assert!(deleted.iter().all(Result::is_ok), "{deleted:?}");
    stage.create("in", IN_PARTITIONS + 1, "delete").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_topic_that_is_made_again_while_the_job_is_down_is_read_from_its_beginning() {
    let mut stage = Stage::set(1).await;
    let mut first = Process::start(stage.placed(&job("", 1, "earliest-offset")));
    assert!(first.opened().await);
    stage.feed(30).await;
    stage.caught_up().await.unwrap();
    first.stop();
    first.ended().await.expect("a clean end");
    let deleted = stage.client.admin().delete_topics(&[&stage.name("in")]).await.expect("an answer");
    assert!(deleted.iter().all(Result::is_ok), "{deleted:?}");
    stage.create("in", IN_PARTITIONS, "delete").await;
    stage.feed(90).await;
    let mut second = Process::start(stage.placed(&job("", 1, "earliest-offset")));
    assert!(second.opened().await, "{:?}", second.ended().await);
    stage.caught_up().await.unwrap();
    second.stop();
    second.ended().await.expect("a clean end");
    stage.judge(0, Gaps::Lost).await.expect("everything once and in order");
}
