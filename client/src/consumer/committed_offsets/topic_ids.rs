//! The ids of the topics of one request to a group's coordinator: of all of them, or of none.
//!
//! From version 10 on OffsetCommit and OffsetFetch name topics by id alone, so a topic that was deleted and made again
//! under its name is not taken for the one before. Where one id is not known, all are named as before.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use upsert_kafka_protocol::{ErrorCode, Str, Uuid};

use crate::cluster::Metadata;
use crate::{Error, ErrorKind};

/// Of topics by their names; empty where they go by name.
#[derive(Debug, Default)]
pub(super) struct TopicIds(HashMap<Arc<str>, Uuid>);

impl TopicIds {
    /// Each topic with its id, where that is known.
    pub(super) fn new(topics: impl IntoIterator<Item = (Arc<str>, Option<Uuid>)>) -> Self {
        let known = topics.into_iter().map(|(topic, id)| Some((topic, id.filter(|id| *id != Uuid::ZERO)?)));
        Self(known.collect::<Option<_>>().unwrap_or_default())
    }

    /// As the cluster's metadata knows them now.
    pub(super) fn of(topics: BTreeSet<&Arc<str>>, metadata: &Metadata) -> Self {
        let id = |topic: &Arc<str>| metadata.topics.get(topic).map(|known| known.topic_id);
        Self::new(topics.into_iter().map(|topic| (Arc::clone(topic), id(topic))))
    }

    /// The newest version of the request that can name the topics.
    pub(super) fn version_max(&self) -> i16 {
        if self.0.is_empty() { LAST_BY_NAME } else { i16::MAX }
    }

    /// Zero where topics go by name.
    pub(super) fn id(&self, topic: &str) -> Uuid {
        self.0.get(topic).copied().unwrap_or(Uuid::ZERO)
    }

    /// The name of a topic in an answer, which tells one of the two.
    pub(super) fn name(&self, name: &Str, id: Uuid) -> Str {
        let known = self.0.iter().find(|(_, known)| id != Uuid::ZERO && **known == id);
        known.map_or_else(|| name.clone(), |(topic, _)| Str::from(topic.to_string()))
    }

    /// Why offsets of these topics will never be taken: the name of one belongs to another topic now, or to none.
    pub(super) fn gone(&self, metadata: &Metadata) -> Option<Error> {
        let (topic, id, now) = self.0.iter().find_map(|(topic, id)| match metadata.topics.get(topic) {
            Some(known) if known.topic_id != *id => Some((topic, id, Some(known.topic_id))),
            None if metadata.missing.contains_key(topic) => Some((topic, id, None)),
            _ => None,
        })?;
        let sentence = match now {
            Some(now) => format!(
                "the topic was deleted and made again (id {now}, before {id}), so offsets of the one before are not \
                 committed"
            ),
            None => format!("the topic (id {id}) was deleted, so no offsets of it are committed"),
        };
        let error = Error::new(ErrorKind::UnknownTopic, sentence).with_code(ErrorCode::UNKNOWN_TOPIC_ID);
        Some(error.with_api("OffsetCommit").with_topic(Arc::clone(topic)))
    }
}

/// From version 10 both name topics by id alone.
const LAST_BY_NAME: i16 = 9;

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: Uuid = Uuid([1; 16]);
    const NEW: Uuid = Uuid([2; 16]);

    fn topic(name: &str) -> Arc<str> {
        Arc::from(name)
    }

    #[test]
    fn topics_go_by_id_where_every_id_is_known() {
        let ids = TopicIds::new([(topic("a"), Some(OLD)), (topic("b"), Some(NEW))]);
        assert_eq!((ids.version_max(), ids.id("a"), ids.id("b")), (i16::MAX, OLD, NEW));
        assert_eq!(&*ids.name(&Str::default(), NEW), "b");
        for unknown in [None, Some(Uuid::ZERO)] {
            let ids = TopicIds::new([(topic("a"), Some(OLD)), (topic("b"), unknown)]);
            assert_eq!((ids.version_max(), ids.id("a")), (9, Uuid::ZERO), "all by name");
            assert_eq!(&*ids.name(&Str::from("a"), Uuid::ZERO), "a");
        }
    }

    #[test]
    fn a_topic_that_is_another_or_gone_is_said() {
        let ids = TopicIds::new([(topic("a"), Some(OLD))]);
        let mut metadata = Metadata::default();
        assert!(ids.gone(&metadata).is_none(), "nothing is known against it");
        let mut tell = |id| {
            let known = crate::cluster::TopicMetadata {
                name: topic("a"),
                topic_id: id,
                internal: false,
                partitions: Vec::new(),
            };
            metadata.topics.insert(topic("a"), Arc::new(known));
            ids.gone(&metadata).map(|error| error.to_string())
        };
        assert_eq!(tell(OLD), None);
        let said = tell(NEW).unwrap();
        assert!(said.contains("topic a") && said.contains("deleted and made again"), "{said}");
        metadata.topics.clear();
        metadata.missing.insert(topic("a"), ErrorCode::UNKNOWN_TOPIC_OR_PARTITION);
        let said = ids.gone(&metadata).unwrap().to_string();
        assert!(said.contains("topic a") && said.contains("was deleted"), "{said}");
    }
}
