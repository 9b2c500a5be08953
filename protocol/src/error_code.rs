//! Every error a broker answers with: code, name, whether to retry, whether to look for a new leader, a sentence.

use std::fmt;

/// An error code as it stands in a response; one that nobody knows is a value too.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ErrorCode(pub i16);

impl ErrorCode {
    /// Whether it says that all went well.
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }

    /// `Err` with the code, unless it says that all went well.
    ///
    /// # Errors
    /// The code itself.
    pub fn ok(self) -> Result<(), Self> {
        if self.is_none() { Ok(()) } else { Err(self) }
    }

    /// Kafka's name for it.
    pub fn name(self) -> Option<&'static str> {
        self.row().map(|row| row.name)
    }

    /// Whether the same request may succeed later.
    pub fn is_retriable(self) -> bool {
        self.row().is_some_and(|row| row.retriable)
    }

    /// Whether it says that what the client knows of leaders is out of date.
    pub fn refreshes_metadata(self) -> bool {
        self.row().is_some_and(|row| row.refresh)
    }

    /// What it means, in a few words.
    pub fn message(self) -> &'static str {
        self.row().map_or("an error that this build does not know", |row| row.message)
    }

    fn row(self) -> Option<&'static Row> {
        let at = usize::try_from(i32::from(self.0) - i32::from(ROWS[0].code)).ok()?;
        ROWS.get(at)
    }
}

/// `NOT_LEADER_OR_FOLLOWER (6)`
impl fmt::Display for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{name} ({})", self.0),
            None => write!(f, "error {}", self.0),
        }
    }
}

impl fmt::Debug for ErrorCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

struct Row {
    code: i16,
    name: &'static str,
    retriable: bool,
    refresh: bool,
    message: &'static str,
}

macro_rules! errors {
    ($($code:literal $name:ident $retriable:literal $refresh:literal $message:literal;)*) => {
        impl ErrorCode {
            $(#[doc = concat!($message, ".")] pub const $name: Self = Self($code);)*
        }

        /// Ascending, without a gap.
        static ROWS: &[Row] = &[$(Row {
            code: $code,
            name: stringify!($name),
            retriable: $retriable,
            refresh: $refresh,
            message: $message,
        }),*];
    };
}

// code, name, retriable, refreshes metadata, sentence
errors! {
    -1 UNKNOWN_SERVER_ERROR false false "the broker met an error it has no name for";
    0 NONE false false "no error";
    1 OFFSET_OUT_OF_RANGE false false "the offset is not in the log";
    2 CORRUPT_MESSAGE true false "a record is damaged, or its key or value is not allowed there";
    3 UNKNOWN_TOPIC_OR_PARTITION true true "the broker does not know the topic or partition";
    4 INVALID_FETCH_SIZE false false "a fetch of negative size";
    5 LEADER_NOT_AVAILABLE true true "the partition has no leader just now";
    6 NOT_LEADER_OR_FOLLOWER true true "not the leader of the partition";
    7 REQUEST_TIMED_OUT true false "the broker's own time ran out";
    8 BROKER_NOT_AVAILABLE false false "the broker is not available";
    9 REPLICA_NOT_AVAILABLE true true "a replica is not available";
    10 MESSAGE_TOO_LARGE false false "the record or batch is larger than the broker or topic takes";
    11 STALE_CONTROLLER_EPOCH false false "the controller moved";
    12 OFFSET_METADATA_TOO_LARGE false false "the offset's metadata is too long";
    13 NETWORK_EXCEPTION true true "the broker went away before it answered";
    14 COORDINATOR_LOAD_IN_PROGRESS true false "the coordinator is still loading";
    15 COORDINATOR_NOT_AVAILABLE true true "the coordinator is not available";
    16 NOT_COORDINATOR true true "not the coordinator";
    17 INVALID_TOPIC_EXCEPTION false false "the topic's name is not valid, or the topic is internal";
    18 RECORD_LIST_TOO_LARGE false false "the request holds more records than the log segment";
    19 NOT_ENOUGH_REPLICAS true false "fewer replicas in sync than min.insync.replicas";
    20 NOT_ENOUGH_REPLICAS_AFTER_APPEND true false "written, but to fewer replicas than min.insync.replicas";
    21 INVALID_REQUIRED_ACKS false false "no such acks";
    22 ILLEGAL_GENERATION false false "the group has moved on to another generation";
    23 INCONSISTENT_GROUP_PROTOCOL false false "the group's members use other protocols";
    24 INVALID_GROUP_ID false false "the group id is not valid";
    25 UNKNOWN_MEMBER_ID false false "the coordinator does not know this member";
    26 INVALID_SESSION_TIMEOUT false false "the session timeout is outside the broker's bounds";
    27 REBALANCE_IN_PROGRESS false false "the group is rebalancing";
    28 INVALID_COMMIT_OFFSET_SIZE false false "the committed metadata is too large";
    29 TOPIC_AUTHORIZATION_FAILED false false "not authorized for the topic";
    30 GROUP_AUTHORIZATION_FAILED false false "not authorized for the group";
    31 CLUSTER_AUTHORIZATION_FAILED false false "not authorized for the cluster";
    32 INVALID_TIMESTAMP false false "the timestamp is not acceptable";
    33 UNSUPPORTED_SASL_MECHANISM false false "the SASL mechanism is not enabled";
    34 ILLEGAL_SASL_STATE false false "the request does not fit the SASL state";
    35 UNSUPPORTED_VERSION false false "the broker does not speak this version";
    36 TOPIC_ALREADY_EXISTS false false "the topic exists";
    37 INVALID_PARTITIONS false false "the number of partitions is not valid";
    38 INVALID_REPLICATION_FACTOR false false "the replication factor is not valid";
    39 INVALID_REPLICA_ASSIGNMENT false false "the replica assignment is not valid";
    40 INVALID_CONFIG false false "a setting is not valid";
    41 NOT_CONTROLLER true false "not the controller";
    42 INVALID_REQUEST false false "the broker found the request invalid";
    43 UNSUPPORTED_FOR_MESSAGE_FORMAT false false "the message format of the broker is too old for this";
    44 POLICY_VIOLATION false false "a policy of the cluster forbids it";
    45 OUT_OF_ORDER_SEQUENCE_NUMBER false false "the producer's sequence has a gap";
    46 DUPLICATE_SEQUENCE_NUMBER false false "the batch was written before";
    47 INVALID_PRODUCER_EPOCH false false "a newer producer with this id exists";
    48 INVALID_TXN_STATE false false "the transaction's state does not allow this; its coordinator may have aborted it after transaction.timeout.ms";
    49 INVALID_PRODUCER_ID_MAPPING false false "the producer id does not belong to the transactional id";
    50 INVALID_TRANSACTION_TIMEOUT false false "the transaction timeout is larger than the broker allows";
    51 CONCURRENT_TRANSACTIONS true false "another operation of the transaction is under way";
    52 TRANSACTION_COORDINATOR_FENCED false false "the coordinator of the transaction was fenced";
    53 TRANSACTIONAL_ID_AUTHORIZATION_FAILED false false "not authorized for the transactional id";
    54 SECURITY_DISABLED false false "security is switched off";
    55 OPERATION_NOT_ATTEMPTED false false "the operation was not attempted";
    56 KAFKA_STORAGE_ERROR true true "a disk failed";
    57 LOG_DIR_NOT_FOUND false false "no such log folder";
    58 SASL_AUTHENTICATION_FAILED false false "authentication failed";
    59 UNKNOWN_PRODUCER_ID false false "the broker has forgotten the producer id";
    60 REASSIGNMENT_IN_PROGRESS false false "a reassignment is under way";
    61 DELEGATION_TOKEN_AUTH_DISABLED false false "delegation tokens are switched off";
    62 DELEGATION_TOKEN_NOT_FOUND false false "no such delegation token";
    63 DELEGATION_TOKEN_OWNER_MISMATCH false false "not the owner of the delegation token";
    64 DELEGATION_TOKEN_REQUEST_NOT_ALLOWED false false "delegation tokens need a secure channel";
    65 DELEGATION_TOKEN_AUTHORIZATION_FAILED false false "not authorized for the delegation token";
    66 DELEGATION_TOKEN_EXPIRED false false "the delegation token has expired";
    67 INVALID_PRINCIPAL_TYPE false false "the principal type is not supported";
    68 NON_EMPTY_GROUP false false "the group is not empty";
    69 GROUP_ID_NOT_FOUND false false "no such group";
    70 FETCH_SESSION_ID_NOT_FOUND true false "the fetch session is gone";
    71 INVALID_FETCH_SESSION_EPOCH true false "the fetch session's epoch is not the expected one";
    72 LISTENER_NOT_FOUND true true "no such listener on the leader";
    73 TOPIC_DELETION_DISABLED false false "deleting topics is switched off";
    74 FENCED_LEADER_EPOCH true true "the leader epoch is older than the broker's";
    75 UNKNOWN_LEADER_EPOCH true false "the leader epoch is newer than the broker's";
    76 UNSUPPORTED_COMPRESSION_TYPE false false "the compression is not supported there";
    77 STALE_BROKER_EPOCH false false "the broker epoch changed";
    78 OFFSET_NOT_AVAILABLE true false "the leader does not know its high watermark yet";
    79 MEMBER_ID_REQUIRED false false "the coordinator wants a member id first";
    80 PREFERRED_LEADER_NOT_AVAILABLE true true "the preferred leader is not available";
    81 GROUP_MAX_SIZE_REACHED false false "the group is full";
    82 FENCED_INSTANCE_ID false false "another member has this static identity";
    83 ELIGIBLE_LEADERS_NOT_AVAILABLE true true "no eligible leader";
    84 ELECTION_NOT_NEEDED true true "no leader election is needed";
    85 NO_REASSIGNMENT_IN_PROGRESS false false "no reassignment is under way";
    86 GROUP_SUBSCRIBED_TO_TOPIC false false "the group is subscribed to the topic";
    87 INVALID_RECORD false false "the broker refused the record";
    88 UNSTABLE_OFFSET_COMMIT true false "unstable offsets stand before this one";
    89 THROTTLING_QUOTA_EXCEEDED true false "the broker throttles this quota";
    90 PRODUCER_FENCED false false "a newer producer with this transactional id exists, or a transaction outlasted transaction.timeout.ms";
    91 RESOURCE_NOT_FOUND false false "no such user or resource";
    92 DUPLICATE_RESOURCE false false "a duplicate of the same name or key";
    93 UNACCEPTABLE_CREDENTIAL false false "the credential is not acceptable";
    94 INCONSISTENT_VOTER_SET false false "the voters differ";
    95 INVALID_UPDATE_VERSION false false "the feature's level is not valid";
    96 FEATURE_UPDATE_FAILED false false "the features could not be updated";
    97 PRINCIPAL_DESERIALIZATION_FAILURE false false "the request forwarded between brokers was refused";
    98 SNAPSHOT_NOT_FOUND false false "no such snapshot";
    99 POSITION_OUT_OF_RANGE false false "the position is outside the snapshot";
    100 UNKNOWN_TOPIC_ID true true "the broker does not know the topic id";
    101 DUPLICATE_BROKER_REGISTRATION false false "a broker of this id is registered";
    102 BROKER_ID_NOT_REGISTERED false false "the broker id is not registered";
    103 INCONSISTENT_TOPIC_ID true true "the topic id is not that of the log";
    104 INCONSISTENT_CLUSTER_ID false false "the cluster id is another one";
    105 TRANSACTIONAL_ID_NOT_FOUND false false "no such transactional id";
    106 FETCH_SESSION_TOPIC_ID_ERROR true false "the fetch session's topic ids changed";
    107 INELIGIBLE_REPLICA false false "the replica is not eligible";
    108 NEW_LEADER_ELECTED false false "a new leader was elected";
    109 OFFSET_MOVED_TO_TIERED_STORAGE false false "the offset moved to tiered storage";
    110 FENCED_MEMBER_EPOCH false false "the member's epoch was fenced";
    111 UNRELEASED_INSTANCE_ID false false "the static member's identity is still held";
    112 UNSUPPORTED_ASSIGNOR false false "the assignor is not supported";
    113 STALE_MEMBER_EPOCH false false "the member's epoch is stale";
    114 MISMATCHED_ENDPOINT_TYPE false false "the endpoint type is wrong";
    115 UNSUPPORTED_ENDPOINT_TYPE false false "the endpoint type is not supported";
    116 UNKNOWN_CONTROLLER_ID false false "the controller id is not known";
    117 UNKNOWN_SUBSCRIPTION_ID false false "no such telemetry subscription";
    118 TELEMETRY_TOO_LARGE false false "the telemetry is too large";
    119 INVALID_REGISTRATION false false "the controller registration is not valid";
    120 TRANSACTION_ABORTABLE false false "the transaction must be aborted";
    121 INVALID_RECORD_STATE false false "the records are not in the state for this";
    122 SHARE_SESSION_NOT_FOUND true false "the share session is gone";
    123 INVALID_SHARE_SESSION_EPOCH true false "the share session's epoch is not the expected one";
    124 FENCED_STATE_EPOCH false false "the share coordinator's epoch was fenced";
    125 INVALID_VOTER_KEY false false "the voter's key is not valid";
    126 DUPLICATE_VOTER false false "the voter exists already";
    127 VOTER_NOT_FOUND false false "no such voter";
    128 INVALID_REGULAR_EXPRESSION false false "the regular expression does not parse";
    129 REBOOTSTRAP_REQUIRED false false "rebootstrap: the client should begin anew";
    130 STREAMS_INVALID_TOPOLOGY false false "the streams topology is not valid";
    131 STREAMS_INVALID_TOPOLOGY_EPOCH false false "the streams topology's epoch is not valid";
    132 STREAMS_TOPOLOGY_FENCED false false "the streams group's topology was fenced";
    133 SHARE_SESSION_LIMIT_REACHED true false "too many share sessions";
    134 GROUP_DELETION_FAILED false false "the group could not be deleted";
    135 STREAMS_TOPOLOGY_DESCRIPTION_UPDATE_FAILED false false "the streams topology's description could not be updated";
    136 CONTROLLER_ID_NOT_REGISTERED false false "the controller is not registered";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_ascend_without_a_gap() {
        assert!(ROWS.windows(2).all(|pair| pair[1].code == pair[0].code + 1));
    }

    #[test]
    fn an_unknown_code_is_a_value() {
        assert_eq!(ErrorCode(4711).to_string(), "error 4711");
        assert_eq!(ErrorCode::NOT_LEADER_OR_FOLLOWER.to_string(), "NOT_LEADER_OR_FOLLOWER (6)");
    }
}
