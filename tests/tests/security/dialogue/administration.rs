//! What ACLs deny of what administrators do.

use tokio::net::TcpStream;
use upsert_kafka_protocol::Str;
use upsert_kafka_protocol::messages::create_partitions::CreatePartitionsTopic;
use upsert_kafka_protocol::messages::create_topics::CreatableTopic;
use upsert_kafka_protocol::messages::delete_topics::DeleteTopicState;
use upsert_kafka_protocol::messages::describe_configs::DescribeConfigsResource;
use upsert_kafka_protocol::messages::incremental_alter_configs::{AlterConfigsResource, AlterableConfig};
use upsert_kafka_protocol::messages::*;

use super::Interview;
use super::acls::rule;
use super::frames::Client;

pub(crate) async fn hold(it: &mut Interview, alice: &mut Client<TcpStream>) {
    for name in ["closed", "begins-new", "read"] {
        let topic = CreatableTopic {
            name: it.name(name),
            num_partitions: 1,
            replication_factor: 1,
            ..Default::default()
        };
        let request = CreateTopicsRequest {
            topics: vec![topic],
            timeout_ms: 1000,
            validate_only: true,
            ..Default::default()
        };
        let told = alice.ask(&request, 7).await.topics.remove(0);
        it.note(
            &format!("create {name}"),
            (
                told.error_code,
                told.topic_config_error_code,
                told.num_partitions,
                told.replication_factor,
                told.configs.map(|it| it.len() > 1),
            ),
        );
        let topic =
            CreatePartitionsTopic { name: it.name(name), count: 2, assignments: None, ..Default::default() };
        let request = CreatePartitionsRequest {
            topics: vec![topic],
            timeout_ms: 1000,
            validate_only: true,
            ..Default::default()
        };
        it.note(&format!("grow {name}"), alice.ask(&request, 3).await.results[0].error_code);
        let resource = DescribeConfigsResource {
            resource_type: 2,
            resource_name: it.name(name),
            configuration_keys: None,
            ..Default::default()
        };
        let request = DescribeConfigsRequest { resources: vec![resource], ..Default::default() };
        it.note(&format!("configs {name}"), alice.ask(&request, 4).await.results[0].error_code);
        let config =
            AlterableConfig { name: "retention.ms".into(), value: Some("1".into()), ..Default::default() };
        let resource = AlterConfigsResource {
            resource_type: 2,
            resource_name: it.name(name),
            configs: vec![config],
            ..Default::default()
        };
        let request = IncrementalAlterConfigsRequest {
            resources: vec![resource],
            validate_only: true,
            ..Default::default()
        };
        it.note(&format!("alter configs {name}"), alice.ask(&request, 1).await.responses[0].error_code);
        let state = DeleteTopicState { name: Some(it.name(name)), ..Default::default() };
        let request = DeleteTopicsRequest { topics: vec![state], timeout_ms: 1000, ..Default::default() };
        let told = alice.ask(&request, 6).await.responses.remove(0);
        it.note(&format!("delete {name}"), (told.error_code, told.name));
    }
    cluster(it, alice).await;
    rules(it, alice).await;
}

async fn cluster(it: &mut Interview, alice: &mut Client<TcpStream>) {
    let mut admin = it.admin().await;
    let resource = DescribeConfigsResource {
        resource_type: 4,
        resource_name: "1".into(),
        configuration_keys: None,
        ..Default::default()
    };
    let request = DescribeConfigsRequest { resources: vec![resource], ..Default::default() };
    it.note("broker configs", alice.ask(&request, 4).await.results[0].error_code);
    let cluster = DescribeClusterRequest {
        include_cluster_authorized_operations: true,
        endpoint_type: 1,
        ..Default::default()
    };
    it.note("cluster", alice.ask(&cluster, 1).await.cluster_authorized_operations);
    it.note("cluster of the admin", admin.ask(&cluster, 1).await.cluster_authorized_operations);
    it.note(
        "users",
        alice
            .ask(&DescribeUserScramCredentialsRequest { users: Some(Vec::new()), ..Default::default() }, 0)
            .await
            .error_code,
    );
    it.note("quorum", alice.ask(&DescribeQuorumRequest::default(), 2).await.error_code);
    it.note(
        "elect",
        alice
            .ask(&ElectLeadersRequest { topic_partitions: None, timeout_ms: 1000, ..Default::default() }, 2)
            .await
            .error_code,
    );
    it.note(
        "log dirs",
        alice.ask(&DescribeLogDirsRequest { topics: None, ..Default::default() }, 4).await.error_code,
    );
    it.note("quotas", alice.ask(&DescribeClientQuotasRequest::default(), 1).await.error_code);
    it.note(
        "reassignments",
        alice
            .ask(
                &ListPartitionReassignmentsRequest { topics: None, timeout_ms: 1000, ..Default::default() },
                0,
            )
            .await
            .error_code,
    );
}

async fn rules(it: &mut Interview, alice: &mut Client<TcpStream>) {
    let mut admin = it.admin().await;
    let filter = DescribeAclsRequest {
        resource_type_filter: 1,
        resource_name_filter: None,
        pattern_type_filter: 1,
        principal_filter: None,
        host_filter: None,
        operation: 1,
        permission_type: 1,
        ..Default::default()
    };
    it.note("acls", alice.ask(&filter, 3).await.error_code);
    for (pattern_type_filter, name) in
        [(2, "closed"), (3, "closed"), (4, "begins-"), (2, "begins-with"), (1, "read")]
    {
        let resource_name_filter = Some(if name == "begins-" { name.into() } else { it.name(name) });
        let told = admin
            .ask(&DescribeAclsRequest { pattern_type_filter, resource_name_filter, ..filter.clone() }, 3)
            .await;
        let mut rules: Vec<_> = told
            .resources
            .iter()
            .flat_map(|it| {
                it.acls.iter().map(move |acl| {
                    (
                        it.resource_type,
                        it.pattern_type,
                        acl.principal.clone(),
                        acl.operation,
                        acl.permission_type,
                    )
                })
            })
            .collect();
        rules.sort();
        it.note(&format!("rules {pattern_type_filter} {name}"), rules);
    }
    let wrong = [rule(4, "elsewhere".into(), "alice", 3, 3), rule(2, Str::default(), "alice", 3, 3)];
    let told = admin.ask(&CreateAclsRequest { creations: wrong.to_vec(), ..Default::default() }, 3).await;
    let told: Vec<_> = told.results.into_iter().map(|it| (it.error_code, it.error_message)).collect();
    it.note("wrong rules", told);
    let denied = CreateAclsRequest { creations: wrong[..1].to_vec(), ..Default::default() };
    it.note("create acls", alice.ask(&denied, 3).await.results[0].error_code);
}
