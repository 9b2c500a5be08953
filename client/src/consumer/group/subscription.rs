//! Which topics a member of a group wants to read.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// The topics that a member of a group shares with the others: by names, or by a pattern over all names.
///
/// ```
/// use upsert_kafka_client::Subscription;
///
/// let by_name = Subscription::topics(["orders", "payments"]);
/// let by_pattern = Subscription::pattern("orders-.*");
/// assert_eq!(by_name.to_string(), "orders, payments");
/// assert_eq!(by_pattern.to_string(), "topics like orders-.*");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription(Wanted);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    Topics(BTreeSet<Arc<str>>),
    Pattern(Arc<str>),
}

impl Subscription {
    /// These topics. One that does not exist yet is read once it does.
    pub fn topics<T: Into<Arc<str>>>(names: impl IntoIterator<Item = T>) -> Self {
        Self(Wanted::Topics(names.into_iter().map(Into::into).collect()))
    }

    /// All topics whose whole name a regular expression matches, those that come later included. The broker matches it
    /// (RE2's syntax, KIP-848); so `group.protocol` must be `consumer`.
    pub fn pattern(pattern: impl Into<Arc<str>>) -> Self {
        Self(Wanted::Pattern(pattern.into()))
    }

    pub(super) fn names(&self) -> Option<&BTreeSet<Arc<str>>> {
        match &self.0 {
            Wanted::Topics(names) => Some(names),
            Wanted::Pattern(_) => None,
        }
    }

    pub(super) fn regex(&self) -> Option<&Arc<str>> {
        match &self.0 {
            Wanted::Topics(_) => None,
            Wanted::Pattern(pattern) => Some(pattern),
        }
    }
}

impl fmt::Display for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Wanted::Topics(names) => {
                f.write_str(&names.iter().map(|name| &**name).collect::<Vec<_>>().join(", "))
            }
            Wanted::Pattern(pattern) => write!(f, "topics like {pattern}"),
        }
    }
}
