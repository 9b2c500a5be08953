//! Which version of an API both sides speak.

use upsert_kafka_protocol::Versions;

/// What one broker told in ApiVersions.
#[derive(Clone, Debug, Default)]
pub(crate) struct BrokerVersions(Vec<(i16, Versions)>);

impl BrokerVersions {
    /// From rows of key, first and last version.
    pub(crate) fn new(rows: impl IntoIterator<Item = (i16, i16, i16)>) -> Self {
        let mut rows: Vec<_> = rows.into_iter().map(|(key, from, to)| (key, Versions { from, to })).collect();
        rows.sort_by_key(|(key, _)| *key);
        Self(rows)
    }

    /// The highest version in both ranges and not above `max`; else what the broker speaks, if anything.
    pub(crate) fn pick(&self, key: i16, ours: Versions, max: i16) -> Result<i16, Option<Versions>> {
        let at = self.0.binary_search_by_key(&key, |(key, _)| *key).map_err(|_| None)?;
        let theirs = self.0[at].1;
        let both = ours.and(theirs).and(Versions { from: i16::MIN, to: max });
        if both.is_empty() { Err(Some(theirs)) } else { Ok(both.to) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_highest_common_version_is_picked_and_a_cap_is_kept() {
        let broker = BrokerVersions::new([(3, 0, 9), (1, 4, 12), (18, 0, 2)]);
        let ours = Versions { from: 4, to: 18 };
        assert_eq!(broker.pick(1, ours, i16::MAX), Ok(12));
        assert_eq!(broker.pick(1, ours, 11), Ok(11));
        assert_eq!(broker.pick(1, ours, 3), Err(Some(Versions { from: 4, to: 12 })));
        assert_eq!(broker.pick(18, Versions { from: 3, to: 5 }, 9), Err(Some(Versions { from: 0, to: 2 })));
        assert_eq!(broker.pick(22, ours, 9), Err(None));
    }
}
