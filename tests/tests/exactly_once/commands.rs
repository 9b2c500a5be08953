//! `transactions list|describe|abort`, on the embedded broker of this process.

use serde_json::Value;

use super::*;
use crate::program::{Ran, run};

async fn transactions(stage: &Stage, args: &[&str]) -> Ran {
    let at = stage.broker.address().to_string();
    let args: Vec<String> = ["transactions"]
        .iter()
        .chain(args)
        .chain(&["--bootstrap", &at])
        .map(|arg| (*arg).to_owned())
        .collect();
    let ran = move || run(&args.iter().map(String::as_str).collect::<Vec<_>>());
    tokio::task::spawn_blocking(ran).await.expect("it ran")
}

fn rows(ran: &Ran) -> Vec<Value> {
    assert_eq!(ran.code, 0, "{}", ran.err);
    ran.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn transactions_are_listed_described_and_aborted() {
    let stage = Stage::set().await;
    let open = stage.left_open("left").await;
    let producer = open.identity();
    stage.left_open("ended").await.commit().await.expect("committed");

    let listed = rows(&transactions(&stage, &["list", "--output", "json"]).await);
    let told: Vec<_> =
        listed.iter().map(|it| (it["transactional_id"].as_str(), it["state"].as_str())).collect();
    assert_eq!(told, [(Some("ended"), Some("CompleteCommit")), (Some("left"), Some("Ongoing"))]);
    assert!(listed[0]["open_ms"].is_null() && listed[1]["open_ms"].as_i64() >= Some(0), "{listed:?}");

    let described = rows(&transactions(&stage, &["describe", "left", "--output", "json"]).await);
    assert_eq!(described[0]["producer_id"], producer.id);
    assert_eq!(described[0]["partitions"], serde_json::json!(["a-0"]));
    let partitions = rows(&transactions(&stage, &["list", "--topic", "a", "--output", "json"]).await);
    assert_eq!(partitions.len(), 1);
    assert_eq!(
        (&partitions[0]["transactional_id"], &partitions[0]["hangs"]),
        (&"left".into(), &false.into())
    );
    assert_eq!(partitions[0]["start_offset"], 0);

    assert_eq!(stage.committed("a").await, [""; 0], "the open one holds back what is behind it");
    let id = producer.id.to_string();
    let hangs = ["abort", "--topic", "a", "--partition", "0", "--producer-id", &id];
    let refused = transactions(&stage, &hangs).await;
    assert_eq!(refused.code, 4, "{}", refused.err);
    assert!(
        refused.err.contains("transactional id left") && refused.err.contains("does not hang"),
        "{}",
        refused.err
    );

    assert_eq!(transactions(&stage, &["abort", "left"]).await.code, 0);
    assert_eq!(stage.state_of("left").await, "Empty");
    assert_eq!(stage.committed("a").await.len(), 1, "what was behind it is seen");
    let again = transactions(&stage, &["abort", "left"]).await;
    assert_eq!(again.code, 0, "{}", again.err);
    assert!(again.err.contains("no transaction is open"), "{}", again.err);
    for (args, code, said) in [
        (&["describe", "nobody"][..], 4, "nobody"),
        (&["abort", "nobody"], 4, "nobody"),
        (&["abort"], 2, "name a transactional id"),
        (&["abort", "--topic", "a"], 2, "--partition is missing"),
        (&["abort", "--topic", "a", "--partition", "0", "--producer-id", "77"], 4, "producer 77"),
    ] {
        let refused = transactions(&stage, args).await;
        assert_eq!(refused.code, code, "{args:?}: {}", refused.err);
        assert!(refused.err.contains(said), "{args:?}: {}", refused.err);
    }
}
