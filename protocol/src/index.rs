//! The index of messages: one line each, from which lookup, dispatch and schemas are made.

/// Hands every API to a macro, ascending: name, request, response, constant.
macro_rules! each_api {
    ($use:ident) => {
        $use! {
            Produce ProduceRequest ProduceResponse PRODUCE
            Fetch FetchRequest FetchResponse FETCH
            ListOffsets ListOffsetsRequest ListOffsetsResponse LIST_OFFSETS
            Metadata MetadataRequest MetadataResponse METADATA
            OffsetCommit OffsetCommitRequest OffsetCommitResponse OFFSET_COMMIT
            OffsetFetch OffsetFetchRequest OffsetFetchResponse OFFSET_FETCH
            FindCoordinator FindCoordinatorRequest FindCoordinatorResponse FIND_COORDINATOR
            JoinGroup JoinGroupRequest JoinGroupResponse JOIN_GROUP
            Heartbeat HeartbeatRequest HeartbeatResponse HEARTBEAT
            LeaveGroup LeaveGroupRequest LeaveGroupResponse LEAVE_GROUP
            SyncGroup SyncGroupRequest SyncGroupResponse SYNC_GROUP
            DescribeGroups DescribeGroupsRequest DescribeGroupsResponse DESCRIBE_GROUPS
            ListGroups ListGroupsRequest ListGroupsResponse LIST_GROUPS
            SaslHandshake SaslHandshakeRequest SaslHandshakeResponse SASL_HANDSHAKE
            ApiVersions ApiVersionsRequest ApiVersionsResponse API_VERSIONS
            CreateTopics CreateTopicsRequest CreateTopicsResponse CREATE_TOPICS
            DeleteTopics DeleteTopicsRequest DeleteTopicsResponse DELETE_TOPICS
            DeleteRecords DeleteRecordsRequest DeleteRecordsResponse DELETE_RECORDS
            InitProducerId InitProducerIdRequest InitProducerIdResponse INIT_PRODUCER_ID
            OffsetForLeaderEpoch OffsetForLeaderEpochRequest OffsetForLeaderEpochResponse OFFSET_FOR_LEADER_EPOCH
            AddPartitionsToTxn AddPartitionsToTxnRequest AddPartitionsToTxnResponse ADD_PARTITIONS_TO_TXN
            AddOffsetsToTxn AddOffsetsToTxnRequest AddOffsetsToTxnResponse ADD_OFFSETS_TO_TXN
            EndTxn EndTxnRequest EndTxnResponse END_TXN
            WriteTxnMarkers WriteTxnMarkersRequest WriteTxnMarkersResponse WRITE_TXN_MARKERS
            TxnOffsetCommit TxnOffsetCommitRequest TxnOffsetCommitResponse TXN_OFFSET_COMMIT
            DescribeAcls DescribeAclsRequest DescribeAclsResponse DESCRIBE_ACLS
            CreateAcls CreateAclsRequest CreateAclsResponse CREATE_ACLS
            DeleteAcls DeleteAclsRequest DeleteAclsResponse DELETE_ACLS
            DescribeConfigs DescribeConfigsRequest DescribeConfigsResponse DESCRIBE_CONFIGS
            AlterConfigs AlterConfigsRequest AlterConfigsResponse ALTER_CONFIGS
            AlterReplicaLogDirs AlterReplicaLogDirsRequest AlterReplicaLogDirsResponse ALTER_REPLICA_LOG_DIRS
            DescribeLogDirs DescribeLogDirsRequest DescribeLogDirsResponse DESCRIBE_LOG_DIRS
            SaslAuthenticate SaslAuthenticateRequest SaslAuthenticateResponse SASL_AUTHENTICATE
            CreatePartitions CreatePartitionsRequest CreatePartitionsResponse CREATE_PARTITIONS
            CreateDelegationToken CreateDelegationTokenRequest CreateDelegationTokenResponse CREATE_DELEGATION_TOKEN
            RenewDelegationToken RenewDelegationTokenRequest RenewDelegationTokenResponse RENEW_DELEGATION_TOKEN
            ExpireDelegationToken ExpireDelegationTokenRequest ExpireDelegationTokenResponse EXPIRE_DELEGATION_TOKEN
            DescribeDelegationToken DescribeDelegationTokenRequest DescribeDelegationTokenResponse DESCRIBE_DELEGATION_TOKEN
            DeleteGroups DeleteGroupsRequest DeleteGroupsResponse DELETE_GROUPS
            ElectLeaders ElectLeadersRequest ElectLeadersResponse ELECT_LEADERS
            IncrementalAlterConfigs IncrementalAlterConfigsRequest IncrementalAlterConfigsResponse INCREMENTAL_ALTER_CONFIGS
            AlterPartitionReassignments AlterPartitionReassignmentsRequest AlterPartitionReassignmentsResponse ALTER_PARTITION_REASSIGNMENTS
            ListPartitionReassignments ListPartitionReassignmentsRequest ListPartitionReassignmentsResponse LIST_PARTITION_REASSIGNMENTS
            OffsetDelete OffsetDeleteRequest OffsetDeleteResponse OFFSET_DELETE
            DescribeClientQuotas DescribeClientQuotasRequest DescribeClientQuotasResponse DESCRIBE_CLIENT_QUOTAS
            AlterClientQuotas AlterClientQuotasRequest AlterClientQuotasResponse ALTER_CLIENT_QUOTAS
            DescribeUserScramCredentials DescribeUserScramCredentialsRequest DescribeUserScramCredentialsResponse DESCRIBE_USER_SCRAM_CREDENTIALS
            AlterUserScramCredentials AlterUserScramCredentialsRequest AlterUserScramCredentialsResponse ALTER_USER_SCRAM_CREDENTIALS
            Vote VoteRequest VoteResponse VOTE
            BeginQuorumEpoch BeginQuorumEpochRequest BeginQuorumEpochResponse BEGIN_QUORUM_EPOCH
            EndQuorumEpoch EndQuorumEpochRequest EndQuorumEpochResponse END_QUORUM_EPOCH
            DescribeQuorum DescribeQuorumRequest DescribeQuorumResponse DESCRIBE_QUORUM
            AlterPartition AlterPartitionRequest AlterPartitionResponse ALTER_PARTITION
            UpdateFeatures UpdateFeaturesRequest UpdateFeaturesResponse UPDATE_FEATURES
            Envelope EnvelopeRequest EnvelopeResponse ENVELOPE
            FetchSnapshot FetchSnapshotRequest FetchSnapshotResponse FETCH_SNAPSHOT
            DescribeCluster DescribeClusterRequest DescribeClusterResponse DESCRIBE_CLUSTER
            DescribeProducers DescribeProducersRequest DescribeProducersResponse DESCRIBE_PRODUCERS
            BrokerRegistration BrokerRegistrationRequest BrokerRegistrationResponse BROKER_REGISTRATION
            BrokerHeartbeat BrokerHeartbeatRequest BrokerHeartbeatResponse BROKER_HEARTBEAT
            UnregisterBroker UnregisterBrokerRequest UnregisterBrokerResponse UNREGISTER_BROKER
            DescribeTransactions DescribeTransactionsRequest DescribeTransactionsResponse DESCRIBE_TRANSACTIONS
            ListTransactions ListTransactionsRequest ListTransactionsResponse LIST_TRANSACTIONS
            AllocateProducerIds AllocateProducerIdsRequest AllocateProducerIdsResponse ALLOCATE_PRODUCER_IDS
            ConsumerGroupHeartbeat ConsumerGroupHeartbeatRequest ConsumerGroupHeartbeatResponse CONSUMER_GROUP_HEARTBEAT
            ConsumerGroupDescribe ConsumerGroupDescribeRequest ConsumerGroupDescribeResponse CONSUMER_GROUP_DESCRIBE
            ControllerRegistration ControllerRegistrationRequest ControllerRegistrationResponse CONTROLLER_REGISTRATION
            GetTelemetrySubscriptions GetTelemetrySubscriptionsRequest GetTelemetrySubscriptionsResponse GET_TELEMETRY_SUBSCRIPTIONS
            PushTelemetry PushTelemetryRequest PushTelemetryResponse PUSH_TELEMETRY
            AssignReplicasToDirs AssignReplicasToDirsRequest AssignReplicasToDirsResponse ASSIGN_REPLICAS_TO_DIRS
            ListConfigResources ListConfigResourcesRequest ListConfigResourcesResponse LIST_CONFIG_RESOURCES
            DescribeTopicPartitions DescribeTopicPartitionsRequest DescribeTopicPartitionsResponse DESCRIBE_TOPIC_PARTITIONS
            ShareGroupHeartbeat ShareGroupHeartbeatRequest ShareGroupHeartbeatResponse SHARE_GROUP_HEARTBEAT
            ShareGroupDescribe ShareGroupDescribeRequest ShareGroupDescribeResponse SHARE_GROUP_DESCRIBE
            ShareFetch ShareFetchRequest ShareFetchResponse SHARE_FETCH
            ShareAcknowledge ShareAcknowledgeRequest ShareAcknowledgeResponse SHARE_ACKNOWLEDGE
            AddRaftVoter AddRaftVoterRequest AddRaftVoterResponse ADD_RAFT_VOTER
            RemoveRaftVoter RemoveRaftVoterRequest RemoveRaftVoterResponse REMOVE_RAFT_VOTER
            UpdateRaftVoter UpdateRaftVoterRequest UpdateRaftVoterResponse UPDATE_RAFT_VOTER
            InitializeShareGroupState InitializeShareGroupStateRequest InitializeShareGroupStateResponse INITIALIZE_SHARE_GROUP_STATE
            ReadShareGroupState ReadShareGroupStateRequest ReadShareGroupStateResponse READ_SHARE_GROUP_STATE
            WriteShareGroupState WriteShareGroupStateRequest WriteShareGroupStateResponse WRITE_SHARE_GROUP_STATE
            DeleteShareGroupState DeleteShareGroupStateRequest DeleteShareGroupStateResponse DELETE_SHARE_GROUP_STATE
            ReadShareGroupStateSummary ReadShareGroupStateSummaryRequest ReadShareGroupStateSummaryResponse READ_SHARE_GROUP_STATE_SUMMARY
            StreamsGroupHeartbeat StreamsGroupHeartbeatRequest StreamsGroupHeartbeatResponse STREAMS_GROUP_HEARTBEAT
            StreamsGroupDescribe StreamsGroupDescribeRequest StreamsGroupDescribeResponse STREAMS_GROUP_DESCRIBE
            DescribeShareGroupOffsets DescribeShareGroupOffsetsRequest DescribeShareGroupOffsetsResponse DESCRIBE_SHARE_GROUP_OFFSETS
            AlterShareGroupOffsets AlterShareGroupOffsetsRequest AlterShareGroupOffsetsResponse ALTER_SHARE_GROUP_OFFSETS
            DeleteShareGroupOffsets DeleteShareGroupOffsetsRequest DeleteShareGroupOffsetsResponse DELETE_SHARE_GROUP_OFFSETS
            StreamsGroupTopologyDescriptionUpdate StreamsGroupTopologyDescriptionUpdateRequest StreamsGroupTopologyDescriptionUpdateResponse STREAMS_GROUP_TOPOLOGY_DESCRIPTION_UPDATE
            UnregisterController UnregisterControllerRequest UnregisterControllerResponse UNREGISTER_CONTROLLER
        }
    };
}

/// Hands every message of [`data`](crate::data) to a macro: folder, name.
macro_rules! each_data {
    ($use:ident) => {
        $use! {
            consumer ConsumerProtocolAssignment
            consumer ConsumerProtocolSubscription
            control ControlRecordTypeSchema
            control EndTxnMarker
            control KRaftVersionRecord
            control LeaderChangeMessage
            control SnapshotFooterRecord
            control SnapshotHeaderRecord
            control VotersRecord
            group ConsumerGroupCurrentMemberAssignmentKey
            group ConsumerGroupCurrentMemberAssignmentValue
            group ConsumerGroupMemberMetadataKey
            group ConsumerGroupMemberMetadataValue
            group ConsumerGroupMetadataKey
            group ConsumerGroupMetadataValue
            group ConsumerGroupPartitionMetadataKey
            group ConsumerGroupPartitionMetadataValue
            group ConsumerGroupRegularExpressionKey
            group ConsumerGroupRegularExpressionValue
            group ConsumerGroupTargetAssignmentMemberKey
            group ConsumerGroupTargetAssignmentMemberValue
            group ConsumerGroupTargetAssignmentMetadataKey
            group ConsumerGroupTargetAssignmentMetadataValue
            group GroupMetadataKey
            group GroupMetadataValue
            group LegacyOffsetCommitKey
            group LegacyOffsetCommitValue
            group OffsetCommitKey
            group OffsetCommitValue
            group ShareGroupCurrentMemberAssignmentKey
            group ShareGroupCurrentMemberAssignmentValue
            group ShareGroupMemberMetadataKey
            group ShareGroupMemberMetadataValue
            group ShareGroupMetadataKey
            group ShareGroupMetadataValue
            group ShareGroupStatePartitionMetadataKey
            group ShareGroupStatePartitionMetadataValue
            group ShareGroupTargetAssignmentMemberKey
            group ShareGroupTargetAssignmentMemberValue
            group ShareGroupTargetAssignmentMetadataKey
            group ShareGroupTargetAssignmentMetadataValue
            group StreamsGroupCurrentMemberAssignmentKey
            group StreamsGroupCurrentMemberAssignmentValue
            group StreamsGroupMemberMetadataKey
            group StreamsGroupMemberMetadataValue
            group StreamsGroupMetadataKey
            group StreamsGroupMetadataValue
            group StreamsGroupTargetAssignmentMemberKey
            group StreamsGroupTargetAssignmentMemberValue
            group StreamsGroupTargetAssignmentMetadataKey
            group StreamsGroupTargetAssignmentMetadataValue
            group StreamsGroupTopologyKey
            group StreamsGroupTopologyValue
            metadata AbortTransactionRecord
            metadata AccessControlEntryRecord
            metadata BeginTransactionRecord
            metadata BrokerRegistrationChangeRecord
            metadata ClearElrRecord
            metadata ClientQuotaRecord
            metadata ConfigRecord
            metadata DelegationTokenRecord
            metadata EndTransactionRecord
            metadata FeatureLevelRecord
            metadata FenceBrokerRecord
            metadata NoOpRecord
            metadata PartitionRecord
            metadata PartitionChangeRecord
            metadata ProducerIdsRecord
            metadata RegisterBrokerRecord
            metadata RegisterControllerRecord
            metadata RemoveAccessControlEntryRecord
            metadata RemoveDelegationTokenRecord
            metadata RemoveTopicRecord
            metadata RemoveUserScramCredentialRecord
            metadata TopicRecord
            metadata UnfenceBrokerRecord
            metadata UnregisterBrokerRecord
            metadata UnregisterControllerRecord
            metadata UserScramCredentialRecord
            metadata ZkMigrationStateRecord
            raft DefaultPrincipalData
            raft QuorumStateData
            share ShareSnapshotKey
            share ShareSnapshotValue
            share ShareUpdateKey
            share ShareUpdateValue
            storage AbortedTxn
            storage ProducerSnapshot
            storage RemoteLogSegmentMetadataRecord
            storage RemoteLogSegmentMetadataSnapshotRecord
            storage RemoteLogSegmentMetadataUpdateRecord
            storage RemotePartitionDeleteMetadataRecord
            transaction TransactionLogKey
            transaction TransactionLogValue
        }
    };
}

pub(crate) use {each_api, each_data};
