//! What the members of a consumer group are subscribed to, by name and by pattern, and when that makes a new group epoch.

use std::collections::{BTreeMap, BTreeSet};

use upsert_kafka_protocol::{ErrorCode, Str, Uuid};

use super::topic_regex::TopicRegex;
use super::{ConsumerGroup, ConsumerGroupMember, ConsumerHeartbeat};
use crate::state::Refusal;
use crate::state::topics::Topics;

/// How many names the members of a group may be subscribed to, each counted for itself: all are looked up when the group
/// changes.
const NAMES_MAX: usize = 100_000;

/// The topics of a group's subscriptions as they were when it last looked.
#[derive(Debug, Default)]
pub(super) struct SubscribedTopics {
    /// The topics that match each pattern that was resolved.
    by_regex: BTreeMap<Str, BTreeSet<Str>>,
    /// The id and number of partitions of each topic that is there.
    known: BTreeMap<Str, (Uuid, i32)>,
    /// The revision of all topics that was looked at.
    revision: Option<u64>,
}

impl SubscribedTopics {
    /// The topics that a member is subscribed to, of those that are there.
    pub(super) fn ids_of(&self, member: &ConsumerGroupMember, topics: &Topics) -> BTreeSet<Uuid> {
        let names = self.names_of(member);
        names.filter_map(|name| topics.by_name(name)).map(|topic| topic.id).collect()
    }

    fn names_of<'a>(&'a self, member: &'a ConsumerGroupMember) -> impl Iterator<Item = &'a Str> {
        member.names.iter().chain(self.by_regex.get(&member.regex).into_iter().flatten())
    }
}

impl ConsumerGroup {
    /// Whether one of its members is subscribed to the topic.
    pub(crate) fn subscribes(&self, topic: &str) -> bool {
        self.members.values().any(|member| self.topics.names_of(member).any(|name| **name == *topic))
    }

    /// Whether all members are subscribed to the same topics, as far as can be told without looking at each of them.
    pub(super) fn is_homogeneous(&self) -> bool {
        let mut subscriptions = self.members.values().map(|member| (&member.names, &member.regex));
        let Some((names, regex)) = subscriptions.next() else { return true };
        let same = subscriptions.all(|other| other == (names, regex));
        same && (regex.is_empty() || names.is_empty())
    }

    /// Whether the member has another pattern now, and then, whether it is known already which topics match.
    pub(super) fn regex_change(
        &self,
        before: &ConsumerGroupMember,
        after: &ConsumerGroupMember,
    ) -> Result<Option<bool>, Refusal> {
        if before.regex == after.regex {
            return Ok(None);
        }
        let resolved = after.regex.is_empty() || self.topics.by_regex.contains_key(&after.regex);
        if !resolved {
            TopicRegex::parse(&after.regex)?;
        }
        Ok(Some(resolved))
    }

    /// Whether the group has room for the names that the member is subscribed to.
    pub(super) fn check_names(
        &self,
        before: &ConsumerGroupMember,
        after: &ConsumerGroupMember,
    ) -> Result<(), Refusal> {
        let more = after.names.len().saturating_sub(before.names.len());
        let all: usize = self.members.values().map(|member| member.names.len()).sum();
        if more == 0 || all + more <= NAMES_MAX {
            return Ok(());
        }
        let message = format!("The members of a group may have {NAMES_MAX} SubscribedTopicNames together.");
        Err(Refusal::new(ErrorCode::INVALID_REQUEST, message))
    }

    /// Makes a new group epoch if there is reason to, or if the subscribed topics are others or have other partitions.
    pub(super) fn refresh_epoch(&mut self, reason: bool, topics: &Topics) {
        if !reason && self.topics.revision == Some(topics.revision()) {
            return;
        }
        let names = self.members.values().flat_map(|member| self.topics.names_of(member));
        let know = |name: &Str| topics.by_name(name).map(|it| (name.clone(), (it.id, it.partition_count())));
        let known: BTreeMap<_, _> = names.filter_map(know).collect();
        if reason || known != self.topics.known {
            self.epoch += 1;
        }
        self.topics.known = known;
    }

    /// Looks up which topics match the patterns, after the heartbeat that brought a pattern or found other topics was
    /// answered: the next ones hear of it. Kafka does it in the background.
    pub(super) fn resolve_regexes(&mut self, beat: &ConsumerHeartbeat<'_>) {
        let stale = self.topics.revision.replace(beat.topics.revision()) != Some(beat.topics.revision());
        self.topics.by_regex.retain(|regex, _| self.members.values().any(|it| it.regex == *regex));
        let regexes: BTreeSet<_> = self.members.values().map(|it| &it.regex).collect();
        let mut changed = false;
        for regex in regexes.into_iter().filter(|regex| !regex.is_empty()) {
            if !stale && self.topics.by_regex.contains_key(regex) {
                continue;
            }
            let Ok(pattern) = TopicRegex::parse(regex) else { continue };
            let names = beat.topics.iter().map(|topic| &topic.name);
            let matching = names.filter(|name| pattern.matches(name) && (beat.visible)(name));
            let matching: BTreeSet<Str> = matching.cloned().collect();
            let before = self.topics.by_regex.insert(regex.clone(), matching.clone());
            changed |= before.unwrap_or_default() != matching;
        }
        if changed {
            self.refresh_epoch(true, beat.topics);
        }
    }

    /// Forgets the topics that nobody is subscribed to any more.
    pub(super) fn forget_topics(&mut self) {
        self.topics.by_regex.retain(|regex, _| self.members.values().any(|it| it.regex == *regex));
        let names: BTreeSet<_> =
            self.members.values().flat_map(|member| self.topics.names_of(member)).cloned().collect();
        self.topics.known.retain(|name, _| names.contains(name));
    }
}
