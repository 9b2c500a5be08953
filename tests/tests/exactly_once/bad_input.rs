//! What cannot be, said so that somebody can act on it.

use super::*;

fn holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "no {part:?} in: {text}");
    }
}

#[tokio::test]
async fn a_prefix_of_another_job_fences_it_and_the_sentence_names_the_id_and_the_prefix() {
    let stage = Stage::set().await;
    let first = stage.start(&job("one", "tx", "", &["a"])).await;
    stage.feed(&["{\"id\":1}"]).await;
    stage.await_committed("a", 1).await;
    let second = stage.start(&job("two", "tx", "", &["a"])).await;
    stage.await_committed("a", 2).await;
    stage.feed(&["{\"id\":2}"]).await;
    let fenced = first.ended.await.expect("no panic").expect_err("it is fenced").to_string();
    holds(
        &fenced,
        &["transactional.id tx-0-0", "'sink.transactional-id-prefix' = 'tx'", "now producer", "of its own"],
    );
    stage.await_committed("a", 3).await;
    second.stop().await.expect("a good end");
    assert_eq!(stage.group_offset("one").await, Some(1), "the first one's last commit was its last");
}

#[tokio::test]
async fn a_timeout_beyond_the_brokers_names_both_keys() {
    let stage = Stage::set().await;
    let options = "'properties.transaction.timeout.ms' = '900001', 'sink.delivery";
    let refused = stage.open(&job("g", "tx", "", &["a"]).replace("'sink.delivery", options)).await;
    let refused = refused.err().expect("a refusal").to_string();
    holds(
        &refused,
        &["table dst_a", "'properties.transaction.timeout.ms' is 900001", "transaction.max.timeout.ms"],
    );
}

#[tokio::test]
async fn a_transactional_id_that_may_not_be_used_names_what_is_missing() {
    let acls = Acl::parse("deny User:* write transactional-id tx*").expect("a rule");
    let authorizer = AuthorizerConfig::default().with_acls(acls).with_allow_everyone_if_no_acl_found(true);
    let stage = Stage::of(BrokerConfig::default().with_authorizer(authorizer)).await;
    let refused = stage.open(&job("g", "tx", "", &["a"])).await.err().expect("a refusal").to_string();
    holds(&refused, &["table dst_a", "tx-0-0", "WRITE and DESCRIBE", "prefix 'tx'"]);
}
