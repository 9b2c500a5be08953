//! The APIs of the broker: a file each, or one for a family that is refused alike, and the table by which a request
//! finds its file.
//!
//! Each file opens with what the API does here and where that differs from Kafka.

mod acls;
mod add_offsets_to_txn;
mod add_partitions_to_txn;
mod alter_configs;
mod api_versions;
mod authorization;
mod consumer_group_describe;
mod consumer_group_heartbeat;
mod create_partitions;
mod create_topics;
mod delegation_tokens;
mod delete_groups;
mod delete_records;
mod delete_topics;
mod describe_cluster;
mod describe_configs;
mod describe_groups;
mod describe_producers;
mod describe_topic_partitions;
mod describe_transactions;
mod elect_leaders;
mod end_txn;
mod fetch;
mod find_coordinator;
mod heartbeat;
mod incremental_alter_configs;
mod init_producer_id;
mod join_group;
mod leave_group;
mod list_config_resources;
mod list_groups;
mod list_offsets;
mod list_transactions;
mod log_dirs;
mod metadata;
mod offset_commit;
mod offset_delete;
mod offset_fetch;
mod offset_for_leader_epoch;
mod partition_reassignments;
mod produce;
mod quorum;
mod sasl;
mod switched_off;
mod sync_group;
mod txn_offset_commit;
mod update_features;
mod users;
mod write_txn_markers;

pub(crate) use authorization::refusal;
pub(crate) use sasl::{bare_frame, login_failed};

use std::collections::BTreeSet;
use std::time::Instant;

use upsert_kafka_protocol::messages::*;
use upsert_kafka_protocol::{AnyRequest, AnyResponse, ApiKey, ErrorCode, Message, Request, Str, Versions};

use crate::fault::Action;
use crate::now::Now;
use crate::state::State;
use crate::state::session::Caller;
use crate::wait::PeerId;
use crate::wait::Wait;
use crate::work::{Finding, Work};

/// A request that the broker answers.
pub(crate) trait Serve: Request {
    /// The versions answered.
    const SERVED: Versions = Self::CURRENT;

    /// Does the work. A request that waits, or needs work, is served again from the beginning.
    fn serve(&self, state: &mut State, context: &RequestContext) -> Outcome<Self::Response>;

    /// The answer that bears the error wherever it can; the work is not done.
    fn refuse(&self, context: &RequestContext, code: ErrorCode) -> Outcome<Self::Response>;
}

/// Who sent a request, how and when, and what is known since it was served before.
#[derive(Debug)]
pub(crate) struct RequestContext {
    pub(crate) peer: PeerId,
    /// The node the request came to.
    pub(crate) node: i32,
    /// Who sent it, and by which listener.
    pub(crate) caller: Caller,
    pub(crate) version: i16,
    pub(crate) correlation_id: i32,
    /// The client's `client.id`.
    pub(crate) client_id: Str,
    /// When the request was received.
    pub(crate) received: Instant,
    pub(crate) now: Now,
    /// The request was delayed as long as it may be: it is to be answered now.
    pub(crate) timed_out: bool,
    /// What a fault does to the request.
    pub(crate) fault: Option<Action>,
    /// The findings of the work that the request asked for.
    pub(crate) findings: Option<Vec<Finding>>,
}

/// What became of a request.
#[derive(Debug)]
pub(crate) enum Outcome<A> {
    Answer(A),
    /// The same, and the client has proved who it is.
    Proven(A),
    /// The client's login failed: when it has waited, it is told this if anything, and the connection closes for this
    /// reason.
    Farewell(Option<A>, String),
    /// Done; the client wants no answer.
    Silence,
    /// The only way to say it is to close the connection, for this reason.
    Close(String),
    Wait(Wait),
    /// Batches must be inspected first.
    Work(Work),
}

impl<A> Outcome<A> {
    fn map<B>(self, with: impl FnOnce(A) -> B) -> Outcome<B> {
        match self {
            Self::Answer(answer) => Outcome::Answer(with(answer)),
            Self::Proven(answer) => Outcome::Proven(with(answer)),
            Self::Farewell(answer, why) => Outcome::Farewell(answer.map(with), why),
            Self::Silence => Outcome::Silence,
            Self::Close(why) => Outcome::Close(why),
            Self::Wait(wait) => Outcome::Wait(wait),
            Self::Work(work) => Outcome::Work(work),
        }
    }
}

/// Hands every API that is answered to a macro, ascending: name, request.
macro_rules! each_served {
    ($use:ident) => {
        $use! {
            Produce ProduceRequest;
            Fetch FetchRequest;
            ListOffsets ListOffsetsRequest;
            Metadata MetadataRequest;
            OffsetCommit OffsetCommitRequest;
            OffsetFetch OffsetFetchRequest;
            FindCoordinator FindCoordinatorRequest;
            JoinGroup JoinGroupRequest;
            Heartbeat HeartbeatRequest;
            LeaveGroup LeaveGroupRequest;
            SyncGroup SyncGroupRequest;
            DescribeGroups DescribeGroupsRequest;
            ListGroups ListGroupsRequest;
            SaslHandshake SaslHandshakeRequest;
            ApiVersions ApiVersionsRequest;
            CreateTopics CreateTopicsRequest;
            DeleteTopics DeleteTopicsRequest;
            DeleteRecords DeleteRecordsRequest;
            InitProducerId InitProducerIdRequest;
            OffsetForLeaderEpoch OffsetForLeaderEpochRequest;
            AddPartitionsToTxn AddPartitionsToTxnRequest;
            AddOffsetsToTxn AddOffsetsToTxnRequest;
            EndTxn EndTxnRequest;
            WriteTxnMarkers WriteTxnMarkersRequest;
            TxnOffsetCommit TxnOffsetCommitRequest;
            DescribeAcls DescribeAclsRequest;
            CreateAcls CreateAclsRequest;
            DeleteAcls DeleteAclsRequest;
            DescribeConfigs DescribeConfigsRequest;
            AlterConfigs AlterConfigsRequest;
            AlterReplicaLogDirs AlterReplicaLogDirsRequest;
            DescribeLogDirs DescribeLogDirsRequest;
            SaslAuthenticate SaslAuthenticateRequest;
            CreatePartitions CreatePartitionsRequest;
            CreateDelegationToken CreateDelegationTokenRequest;
            RenewDelegationToken RenewDelegationTokenRequest;
            ExpireDelegationToken ExpireDelegationTokenRequest;
            DescribeDelegationToken DescribeDelegationTokenRequest;
            DeleteGroups DeleteGroupsRequest;
            ElectLeaders ElectLeadersRequest;
            IncrementalAlterConfigs IncrementalAlterConfigsRequest;
            AlterPartitionReassignments AlterPartitionReassignmentsRequest;
            ListPartitionReassignments ListPartitionReassignmentsRequest;
            OffsetDelete OffsetDeleteRequest;
            DescribeClientQuotas DescribeClientQuotasRequest;
            AlterClientQuotas AlterClientQuotasRequest;
            DescribeUserScramCredentials DescribeUserScramCredentialsRequest;
            AlterUserScramCredentials AlterUserScramCredentialsRequest;
            DescribeQuorum DescribeQuorumRequest;
            UpdateFeatures UpdateFeaturesRequest;
            DescribeCluster DescribeClusterRequest;
            DescribeProducers DescribeProducersRequest;
            UnregisterBroker UnregisterBrokerRequest;
            DescribeTransactions DescribeTransactionsRequest;
            ListTransactions ListTransactionsRequest;
            ConsumerGroupHeartbeat ConsumerGroupHeartbeatRequest;
            ConsumerGroupDescribe ConsumerGroupDescribeRequest;
            ListConfigResources ListConfigResourcesRequest;
            DescribeTopicPartitions DescribeTopicPartitionsRequest;
            ShareGroupHeartbeat ShareGroupHeartbeatRequest;
            ShareGroupDescribe ShareGroupDescribeRequest;
            ShareFetch ShareFetchRequest;
            ShareAcknowledge ShareAcknowledgeRequest;
            AddRaftVoter AddRaftVoterRequest;
            RemoveRaftVoter RemoveRaftVoterRequest;
            InitializeShareGroupState InitializeShareGroupStateRequest;
            ReadShareGroupState ReadShareGroupStateRequest;
            WriteShareGroupState WriteShareGroupStateRequest;
            DeleteShareGroupState DeleteShareGroupStateRequest;
            ReadShareGroupStateSummary ReadShareGroupStateSummaryRequest;
            StreamsGroupHeartbeat StreamsGroupHeartbeatRequest;
            StreamsGroupDescribe StreamsGroupDescribeRequest;
            DescribeShareGroupOffsets DescribeShareGroupOffsetsRequest;
            AlterShareGroupOffsets AlterShareGroupOffsetsRequest;
            DeleteShareGroupOffsets DeleteShareGroupOffsetsRequest;
            StreamsGroupTopologyDescriptionUpdate StreamsGroupTopologyDescriptionUpdateRequest;
            UnregisterController UnregisterControllerRequest;
        }
    };
}

macro_rules! served {
    ($($name:ident $request:ty;)*) => {
        /// What ApiVersions tells, ascending.
        pub(crate) static SERVED: &[(ApiKey, Versions)] =
            &[$((ApiKey(<$request as Message>::KEY), <$request as Serve>::SERVED)),*];

        /// Does the work of any request.
        pub(crate) fn serve(request: &AnyRequest, state: &mut State, context: &RequestContext) -> Outcome<AnyResponse> {
            match request {
                $(AnyRequest::$name(request) => request.serve(state, context).map(AnyResponse::from),)*
                other => not_served(other),
            }
        }

        /// Answers any request with an error.
        pub(crate) fn refuse(request: &AnyRequest, context: &RequestContext, code: ErrorCode) -> Outcome<AnyResponse> {
            match request {
                $(AnyRequest::$name(request) => request.refuse(context, code).map(AnyResponse::from),)*
                other => not_served(other),
            }
        }
    };
}

each_served!(served);

#[cfg(test)]
pub(crate) use each_served;

/// Each element once, where it comes first. A request that names something a thousand times is answered once, as by
/// Kafka, where most requests become maps.
pub(crate) fn once<'a, T, K: Ord>(all: &'a [T], key: impl Fn(&'a T) -> K) -> impl Iterator<Item = &'a T> {
    let mut seen = BTreeSet::new();
    all.iter().filter(move |it| seen.insert(key(it)))
}

/// The versions served of an API.
pub(crate) fn versions(api: ApiKey) -> Option<Versions> {
    SERVED.iter().find(|(served, _)| *served == api).map(|(_, versions)| *versions)
}

/// The answer to a version of ApiVersions that is not served: a body of version 0, so that the client
/// can ask again.
pub(crate) fn unsupported_api_versions() -> AnyResponse {
    api_versions::unsupported().into()
}

fn not_served(request: &AnyRequest) -> Outcome<AnyResponse> {
    Outcome::Close(format!("{} is not served", request.key()))
}
