//! What a look at a cluster found: every listener step by step, and what the client may do there.

use std::fmt;
use std::time::Duration;

mod clock_step;
mod handshake_facts;

pub(crate) use clock_step::clock_step;
pub(crate) use handshake_facts::HandshakeFacts;

use crate::{ClusterDescription, Error, ErrorKind};

/// What [`Doctor::examine`](crate::Doctor::examine) found, step by step in the order in which it looked.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Diagnosis {
    /// Every step, those of one listener one after another.
    pub steps: Vec<DiagnosisStep>,
    /// The cluster, as soon as one listener let the client in.
    pub cluster: Option<ClusterDescription>,
}

/// One thing that was looked at.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DiagnosisStep {
    /// What it is about: a listener's address, `cluster`, a topic, a group.
    pub subject: String,
    /// What was done.
    pub stage: DiagnosisStage,
    /// How it went.
    pub outcome: DiagnosisOutcome,
    /// What was learnt: a name and a value each, for people.
    pub facts: Vec<(&'static str, String)>,
    /// How long it took.
    pub elapsed: Duration,
}

/// The stages of reaching a cluster, and what is asked there, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DiagnosisStage {
    /// The settings make sense, and the stores and keys that they name can be read.
    Settings,
    /// The name has an address.
    Dns,
    /// Somebody listens there.
    Tcp,
    /// Both sides prove who they are, as far as they ask.
    Tls,
    /// It is a Kafka broker, and speaks our versions.
    ApiVersions,
    /// The login is taken.
    Sasl,
    /// The cluster tells of itself.
    Cluster,
    /// What the client may do with a topic.
    Topic,
    /// What the client may do with a group.
    Group,
    /// Whether the clocks of both sides agree.
    Clock,
}

/// How a step went.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum DiagnosisOutcome {
    /// As it should.
    Passed,
    /// It works, and somebody should know this.
    Warned(String),
    /// It does not.
    Failed {
        /// Why.
        why: Error,
        /// What to change, where more can be said than the reason itself says.
        advice: Option<&'static str>,
    },
    /// It was not tried, because …
    Skipped(&'static str),
}

impl Diagnosis {
    /// The first step that failed.
    pub fn failure(&self) -> Option<&DiagnosisStep> {
        self.steps.iter().find(|step| matches!(step.outcome, DiagnosisOutcome::Failed { .. }))
    }
}

impl DiagnosisStep {
    pub(crate) fn new(subject: impl Into<String>, stage: DiagnosisStage, outcome: DiagnosisOutcome) -> Self {
        Self { subject: subject.into(), stage, outcome, facts: Vec::new(), elapsed: Duration::ZERO }
    }

    pub(crate) fn failed(subject: impl Into<String>, stage: DiagnosisStage, why: Error) -> Self {
        let advice = advice(stage, &why);
        Self::new(subject, stage, DiagnosisOutcome::Failed { why, advice })
    }

    pub(crate) fn with_fact(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.facts.push((name, value.into()));
        self
    }
}

impl fmt::Display for DiagnosisStage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Settings => "settings",
            Self::Dns => "dns",
            Self::Tcp => "tcp",
            Self::Tls => "tls",
            Self::ApiVersions => "api_versions",
            Self::Sasl => "sasl",
            Self::Cluster => "cluster",
            Self::Topic => "topic",
            Self::Group => "group",
            Self::Clock => "clock",
        })
    }
}

/// What to change when a stage fails. The reasons of TLS and of logins say it themselves.
fn advice(stage: DiagnosisStage, why: &Error) -> Option<&'static str> {
    match stage {
        DiagnosisStage::Dns => Some(
            "write the host as this machine can look it up (DNS or the hosts file); where a broker told the name, change \
             its advertised.listeners",
        ),
        DiagnosisStage::Tcp => Some(
            "is the port that of a listener, and do firewalls and security groups let this machine through to it?",
        ),
        DiagnosisStage::ApiVersions => Some(
            "is this the port of a Kafka broker, and security.protocol that of its listener? A listener of TLS wants SSL or \
             SASL_SSL",
        ),
        DiagnosisStage::Topic | DiagnosisStage::Group | DiagnosisStage::Cluster
            if why.kind() == ErrorKind::Unauthorized =>
        {
            Some(
                "give the principal DESCRIBE on it: kafka-acls.sh --add --allow-principal User:… --operation Describe",
            )
        }
        DiagnosisStage::Cluster if why.kind() == ErrorKind::Unreachable => Some(
            "a broker that leaves here most often wants a login: set security.protocol to SASL_PLAINTEXT or SASL_SSL, as its \
             listener has it",
        ),
        DiagnosisStage::Topic if why.kind() == ErrorKind::UnknownTopic => Some(
            "create it, or give the principal DESCRIBE on it: without that a broker says that there is none",
        ),
        _ => None,
    }
}

/// Operations of ACLs, by the bits of Kafka's answers.
const OPERATIONS: [(u32, &str); 13] = [
    (3, "READ"),
    (4, "WRITE"),
    (5, "CREATE"),
    (6, "DELETE"),
    (7, "ALTER"),
    (8, "DESCRIBE"),
    (9, "CLUSTER_ACTION"),
    (10, "DESCRIBE_CONFIGS"),
    (11, "ALTER_CONFIGS"),
    (12, "IDEMPOTENT_WRITE"),
    (13, "CREATE_TOKENS"),
    (14, "DESCRIBE_TOKENS"),
    (15, "TWO_PHASE_COMMIT"),
];

/// What the bits of an answer let the client do; `None` where the broker does not tell.
pub(crate) fn operations(bits: i32) -> Option<String> {
    if bits == i32::MIN {
        return None;
    }
    let has = |bit: u32| bits & (1 << bit) != 0;
    let names: Vec<&str> = OPERATIONS.iter().filter(|(bit, _)| has(*bit)).map(|(_, name)| *name).collect();
    Some(if names.is_empty() { "nothing".to_owned() } else { names.join(", ") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_told_by_kafkas_names() {
        // As Kafka 4.4 answers for a topic to whom nothing is denied.
        assert_eq!(
            operations(0b1101_1111_1000).as_deref(),
            Some("READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS")
        );
        assert_eq!(operations(1 << 3 | 1 << 8).as_deref(), Some("READ, DESCRIBE"));
        assert_eq!(operations(0).as_deref(), Some("nothing"));
        assert_eq!(operations(i32::MIN), None);
    }

    #[test]
    fn a_failure_says_what_to_change_where_its_reason_does_not() {
        let error = |kind| Error::new(kind, "why");
        assert!(
            advice(DiagnosisStage::Dns, &error(ErrorKind::Unreachable))
                .unwrap()
                .contains("advertised.listeners")
        );
        assert!(advice(DiagnosisStage::Tcp, &error(ErrorKind::Unreachable)).unwrap().contains("firewalls"));
        assert!(advice(DiagnosisStage::Topic, &error(ErrorKind::Unauthorized)).unwrap().contains("DESCRIBE"));
        assert_eq!(advice(DiagnosisStage::Tls, &error(ErrorKind::Authentication)), None);
    }
}
