//! Which topics a member of a group wants to read.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

/// The topics that a member of a group shares with the others: by names, by a pattern over all names, or by a function.
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
    Matching(TopicFilter),
}

/// A function over names of topics, and what messages call it.
#[derive(Clone)]
pub(crate) struct TopicFilter {
    told: Arc<str>,
    takes: Arc<dyn Fn(&str) -> bool + Send + Sync>,
}

impl TopicFilter {
    /// Whether a topic of this name is wanted.
    pub(crate) fn takes(&self, name: &str) -> bool {
        (self.takes)(name)
    }
}

/// Two are equal that share a function.
impl PartialEq for TopicFilter {
    fn eq(&self, other: &Self) -> bool {
        self.told == other.told && Arc::ptr_eq(&self.takes, &other.takes)
    }
}

impl Eq for TopicFilter {}

impl fmt::Debug for TopicFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TopicFilter").field(&self.told).finish()
    }
}

impl Subscription {
    /// These topics. One that does not exist yet is read once it does.
    pub fn topics<T: Into<Arc<str>>>(names: impl IntoIterator<Item = T>) -> Self {
        Self(Wanted::Topics(names.into_iter().map(Into::into).collect()))
    }

    /// All topics whose whole name a regular expression matches, those that come later included. The broker matches it
    /// (RE2's syntax, KIP-848); so `group.protocol` must be `consumer`. By either protocol goes
    /// [`matching`](Self::matching).
    pub fn pattern(pattern: impl Into<Arc<str>>) -> Self {
        Self(Wanted::Pattern(pattern.into()))
    }

    /// All topics whose names this function takes, those that come later included, and none of Kafka's own. The client
    /// asks the cluster for all names as it joins and every `metadata.max.age.ms`, and so it goes by either protocol. What
    /// it is called in messages is said first.
    ///
    /// ```
    /// use upsert_kafka_client::Subscription;
    ///
    /// let orders = Subscription::matching("orders-*", |topic| topic.starts_with("orders-"));
    /// assert_eq!(orders.to_string(), "topics like orders-*");
    /// ```
    pub fn matching(told: impl Into<Arc<str>>, takes: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self(Wanted::Matching(TopicFilter { told: told.into(), takes: Arc::new(takes) }))
    }

    pub(super) fn names(&self) -> Option<&BTreeSet<Arc<str>>> {
        match &self.0 {
            Wanted::Topics(names) => Some(names),
            Wanted::Pattern(_) | Wanted::Matching(_) => None,
        }
    }

    pub(super) fn filter(&self) -> Option<&TopicFilter> {
        match &self.0 {
            Wanted::Matching(filter) => Some(filter),
            Wanted::Topics(_) | Wanted::Pattern(_) => None,
        }
    }

    pub(super) fn regex(&self) -> Option<&Arc<str>> {
        match &self.0 {
            Wanted::Topics(_) | Wanted::Matching(_) => None,
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
            Wanted::Pattern(told) | Wanted::Matching(TopicFilter { told, .. }) => {
                write!(f, "topics like {told}")
            }
        }
    }
}
