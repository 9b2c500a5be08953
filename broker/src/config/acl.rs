//! The settings of ACLs: rules of who may do what, as clients give them and as a line of text says them.

use std::fmt;

/// Who may do what. A broker without these settings lets everyone do everything, and refuses the APIs of ACLs, as a Kafka
/// without `authorizer.class.name`.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct AuthorizerConfig {
    /// Who may do everything, whatever the rules say, as in `User:admin`: `super.users`.
    pub super_users: Vec<String>,
    /// Whether what no rule is for is open to everyone: `allow.everyone.if.no.acl.found`.
    pub allow_everyone_if_no_acl_found: bool,
    /// The rules that there are from the beginning.
    pub acls: Vec<Acl>,
}

/// A rule: whether somebody may do something with something.
///
/// ```
/// use upsert_kafka_broker::Acl;
///
/// let rules = Acl::parse("allow User:alice read,describe topic orders-*").unwrap();
/// assert_eq!(rules.len(), 2);
/// assert_eq!(rules[0].to_string(), "allow User:alice read topic orders-*");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Acl {
    /// What it is about.
    pub resource: AclResource,
    /// Its name; `*` is every one of its kind, and the cluster is `kafka-cluster`.
    pub name: String,
    /// Whether all names are meant that begin so.
    pub prefixed: bool,
    /// Who, as in `User:alice`; `User:*` is everyone.
    pub principal: String,
    /// From where: an address, or `*`.
    pub host: String,
    /// What is done.
    pub operation: AclOperation,
    /// Whether it may be done. What one rule denies no other allows.
    pub allows: bool,
}

/// What a rule may be about, by Kafka's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum AclResource {
    /// A topic.
    Topic = 2,
    /// A group.
    Group = 3,
    /// The cluster.
    Cluster = 4,
    /// A transactional id.
    TransactionalId = 5,
    /// A delegation token.
    DelegationToken = 6,
    /// A user.
    User = 7,
}

/// What a rule may allow or deny, by Kafka's numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
#[allow(missing_docs)] // They are Kafka's words.
pub enum AclOperation {
    All = 2,
    Read = 3,
    Write = 4,
    Create = 5,
    Delete = 6,
    Alter = 7,
    Describe = 8,
    ClusterAction = 9,
    DescribeConfigs = 10,
    AlterConfigs = 11,
    IdempotentWrite = 12,
    CreateTokens = 13,
    DescribeTokens = 14,
    TwoPhaseCommit = 15,
}

/// The one name that the cluster has.
pub(crate) const CLUSTER_NAME: &str = "kafka-cluster";
/// Every name, every host.
pub(crate) const ANY: &str = "*";

const RESOURCES: [(AclResource, &str); 6] = [
    (AclResource::Topic, "topic"),
    (AclResource::Group, "group"),
    (AclResource::Cluster, "cluster"),
    (AclResource::TransactionalId, "transactional-id"),
    (AclResource::DelegationToken, "delegation-token"),
    (AclResource::User, "user"),
];

const OPERATIONS: [(AclOperation, &str); 14] = [
    (AclOperation::All, "all"),
    (AclOperation::Read, "read"),
    (AclOperation::Write, "write"),
    (AclOperation::Create, "create"),
    (AclOperation::Delete, "delete"),
    (AclOperation::Alter, "alter"),
    (AclOperation::Describe, "describe"),
    (AclOperation::ClusterAction, "cluster-action"),
    (AclOperation::DescribeConfigs, "describe-configs"),
    (AclOperation::AlterConfigs, "alter-configs"),
    (AclOperation::IdempotentWrite, "idempotent-write"),
    (AclOperation::CreateTokens, "create-tokens"),
    (AclOperation::DescribeTokens, "describe-tokens"),
    (AclOperation::TwoPhaseCommit, "two-phase-commit"),
];

impl AclResource {
    /// By Kafka's number.
    pub(crate) fn by_number(number: i8) -> Option<Self> {
        RESOURCES.into_iter().map(|(it, _)| it).find(|it| *it as i8 == number)
    }
}

impl AclOperation {
    /// By Kafka's number.
    pub(crate) fn by_number(number: i8) -> Option<Self> {
        OPERATIONS.into_iter().map(|(it, _)| it).find(|it| *it as i8 == number)
    }
}

impl Acl {
    /// Reads `allow|deny PRINCIPAL OPERATION[,OPERATION…] KIND NAME [from HOST]`, one rule for each operation. A name that
    /// ends with `*` is all names that begin so, and `*` alone is all; the cluster's name may be left out.
    ///
    /// # Errors
    /// A word that is none of those that may stand there.
    pub fn parse(text: &str) -> Result<Vec<Self>, String> {
        let form = "allow|deny PRINCIPAL OPERATION,… KIND NAME [from HOST]";
        let wrong = |what: &str| format!("'{text}': {what}; a rule is {form}");
        let mut words = text.split_whitespace();
        let mut word = |what: &str| words.next().ok_or_else(|| wrong(&format!("{what} is missing")));
        let allows = match &*word("allow or deny")?.to_ascii_lowercase() {
            "allow" => true,
            "deny" => false,
            other => return Err(wrong(&format!("'{other}' is neither allow nor deny"))),
        };
        let principal = word("the principal")?.to_owned();
        if !principal.contains(':') {
            return Err(wrong(&format!("'{principal}' is no principal such as User:alice")));
        }
        let operations = word("the operation")?;
        let kind = word("the kind of resource")?.to_ascii_lowercase().replace('_', "-");
        let resource = RESOURCES.into_iter().find(|(_, name)| *name == kind);
        let (resource, _) = resource.ok_or_else(|| wrong(&format!("'{kind}' is no kind of resource")))?;
        let mut rest: Vec<_> = words.collect();
        let host = match rest[..] {
            [.., "from", host] => {
                rest.truncate(rest.len() - 2);
                host.to_owned()
            }
            _ => ANY.to_owned(),
        };
        let (name, prefixed) = match rest[..] {
            [] if resource == AclResource::Cluster => (CLUSTER_NAME, false),
            [name] => match name.strip_suffix(ANY) {
                Some(prefix) if !prefix.is_empty() => (prefix, true),
                _ => (name, false),
            },
            [] => return Err(wrong("the name is missing")),
            [_, next, ..] => return Err(wrong(&format!("'{next}' stands where nothing or 'from' may"))),
        };
        let rule = |operation: &str| {
            let word = operation.to_ascii_lowercase().replace('_', "-");
            let operation = OPERATIONS.into_iter().find(|(_, name)| *name == word);
            let (operation, _) = operation.ok_or_else(|| wrong(&format!("'{word}' is no operation")))?;
            let (name, principal, host) = (name.to_owned(), principal.clone(), host.clone());
            Ok(Self { resource, name, prefixed, principal, host, operation, allows })
        };
        operations.split(',').map(rule).collect()
    }
}

impl fmt::Display for Acl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let allows = if self.allows { "allow" } else { "deny" };
        let operation = OPERATIONS.iter().find(|it| it.0 == self.operation).map_or("", |it| it.1);
        let resource = RESOURCES.iter().find(|it| it.0 == self.resource).map_or("", |it| it.1);
        let star = if self.prefixed { ANY } else { "" };
        write!(f, "{allows} {} {operation} {resource} {}{star}", self.principal, self.name)?;
        if self.host == ANY { Ok(()) } else { write!(f, " from {}", self.host) }
    }
}

impl AuthorizerConfig {
    /// Lets that principal do everything.
    #[must_use]
    pub fn with_super_user(mut self, principal: impl Into<String>) -> Self {
        self.super_users.push(principal.into());
        self
    }

    /// Has these rules as well.
    #[must_use]
    pub fn with_acls(mut self, acls: impl IntoIterator<Item = Acl>) -> Self {
        self.acls.extend(acls);
        self
    }

    /// Lets everyone do what no rule is for, or does not.
    #[must_use]
    pub fn with_allow_everyone_if_no_acl_found(self, allow_everyone_if_no_acl_found: bool) -> Self {
        Self { allow_everyone_if_no_acl_found, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_shown_as_it_is_read() {
        for text in [
            "allow User:alice read topic orders",
            "deny User:* write topic orders-*",
            "allow User:CN=bob all group * from 127.0.0.1",
            "allow User:alice cluster-action cluster kafka-cluster",
        ] {
            assert_eq!(Acl::parse(text).unwrap().remove(0).to_string(), text);
        }
        assert_eq!(Acl::parse("allow User:a CLUSTER_ACTION CLUSTER").unwrap()[0].name, CLUSTER_NAME);
    }

    #[test]
    fn a_rule_that_is_none_says_which_word_is_wrong() {
        for (text, why) in [
            ("", "allow or deny is missing"),
            ("permit User:a read topic t", "'permit' is neither allow nor deny"),
            ("allow alice read topic t", "'alice' is no principal such as User:alice"),
            ("allow User:a look topic t", "'look' is no operation"),
            ("allow User:a read table t", "'table' is no kind of resource"),
            ("allow User:a read topic", "the name is missing"),
            ("allow User:a read topic t of 1.2.3.4", "'of' stands where nothing or 'from' may"),
        ] {
            let error = Acl::parse(text).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
