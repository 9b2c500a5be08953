//! Who has which partition of a source on another cluster, and how far each is written, as the progress topic says.
//!
//! There the source's group fences nobody: its coordinator knows nothing of the sink's transactions. So whoever takes a
//! partition over first claims it, and a claim names the transactional id under which it is written from then on.
//!
//! **Taking a partition over**, in this order:
//! 1. The own transactional id is taken over, and a record under it says by whom: its incarnation.
//! 2. The id that belongs to the partition itself is taken over, so that there is one claimer at a time: one that
//!    began before and is not done fails.
//! 3. The topic is read. Who has a claim, or may have one in a transaction that is not ended, is fenced
//!    ([`rivals`](Claims::rivals)); nobody but the claimer can move the position any more.
//! 4. The topic is read to its end, and the claim is committed beside the position that stands there.
//!
//! **What must never happen:** two that both can commit the position of one partition. A claim counts as dead, and is not
//! fenced, only where a committed record says that another incarnation has its id by now: written under that id, it was
//! committed by one who fenced the other.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use upsert_kafka_client::{Committed, TopicPartition};

use crate::progress_record::{
    Claim, KeptPosition, PartitionProgress, ProgressKey, SourcePartition, Unreadable, parse_incarnation,
};

/// What the committed records of the topic say of one group.
#[derive(Debug)]
pub(crate) struct Claims {
    /// The id of the source's cluster.
    cluster: String,
    group: String,
    partitions: BTreeMap<TopicPartition, PartitionProgress>,
    /// Of every transactional id that the topic names.
    incarnations: HashMap<String, String>,
}

impl Claims {
    /// Of a group that reads from this cluster; nothing is known yet.
    pub(crate) fn new(cluster: String, group: String) -> Self {
        Self { cluster, group, partitions: BTreeMap::new(), incarnations: HashMap::new() }
    }

    /// The next committed record of the topic.
    pub(crate) fn handle_record(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), Unreadable> {
        match ProgressKey::parse(key)? {
            ProgressKey::Writer(id) => match value {
                Some(value) => _ = self.incarnations.insert(id, parse_incarnation(value)?),
                None => _ = self.incarnations.remove(&id),
            },
            ProgressKey::Partition(of) if self.is_own(&of) => match value {
                Some(value) => _ = self.partitions.insert(of.of, PartitionProgress::parse(value)?),
                None => _ = self.partitions.remove(&of.of),
            },
            ProgressKey::Partition(_) => {}
        }
        Ok(())
    }

    /// The claim in a record of which nobody knows whether it will be committed.
    pub(crate) fn pending(&self, key: &[u8], value: Option<&[u8]>) -> Option<(TopicPartition, Claim)> {
        match ProgressKey::parse(key).ok()? {
            ProgressKey::Partition(of) if self.is_own(&of) => {
                Some((of.of, PartitionProgress::parse(value?).ok()?.claim?))
            }
            _ => None,
        }
    }

    /// The transactional ids to fence before these are claimed, each once. `taken_over` are those that the claimer has
    /// itself taken over just now.
    pub(crate) fn rivals(
        &self,
        of: &[TopicPartition],
        pending: &[(TopicPartition, Claim)],
        taken_over: &BTreeSet<String>,
    ) -> BTreeSet<String> {
        let committed = of.iter().filter_map(|of| self.claim(of));
        let pending = pending.iter().filter(|(it, _)| of.contains(it)).map(|(_, claim)| claim);
        let alive = committed.chain(pending).filter(|claim| self.may_be_alive(claim));
        let ids = alive.map(|claim| &claim.transactional_id).filter(|id| !taken_over.contains(*id));
        ids.cloned().collect()
    }

    /// How far a partition is written, as a group would tell.
    pub(crate) fn committed(&self, of: &TopicPartition) -> Committed {
        match self.partitions.get(of).and_then(|it| it.position.clone()) {
            Some(KeptPosition { offset, leader_epoch, metadata }) => Committed::new(of.clone(), Some(offset))
                .with_leader_epoch(leader_epoch)
                .with_metadata(metadata),
            None => Committed::new(of.clone(), None),
        }
    }

    /// Who has a partition.
    pub(crate) fn claim(&self, of: &TopicPartition) -> Option<&Claim> {
        self.partitions.get(of)?.claim.as_ref()
    }

    /// What is to be written of a partition that goes from hand to hand: the position stays.
    pub(crate) fn claimed_by(&self, of: &TopicPartition, claim: Option<Claim>) -> PartitionProgress {
        let position = self.partitions.get(of).and_then(|it| it.position.clone());
        PartitionProgress { position, claim }
    }

    /// This was committed, and need not be read to be known.
    pub(crate) fn handle_committed(&mut self, of: TopicPartition, progress: PartitionProgress) {
        self.partitions.insert(of, progress);
    }

    /// The key of a partition's records.
    pub(crate) fn key_of(&self, of: &TopicPartition) -> ProgressKey {
        let (cluster, group) = (self.cluster.clone(), self.group.clone());
        ProgressKey::Partition(SourcePartition { cluster, group, of: of.clone() })
    }

    fn is_own(&self, of: &SourcePartition) -> bool {
        of.cluster == self.cluster && of.group == self.group
    }

    fn may_be_alive(&self, claim: &Claim) -> bool {
        self.incarnations.get(&claim.transactional_id).is_none_or(|now| *now == claim.incarnation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claims() -> Claims {
        Claims::new("c".into(), "g".into())
    }

    fn of(partition: i32) -> TopicPartition {
        TopicPartition::new("in", partition)
    }

    fn claim(id: &str, incarnation: &str) -> Claim {
        Claim { transactional_id: id.into(), incarnation: incarnation.into() }
    }

    fn at(offset: i64, claim: Option<Claim>) -> PartitionProgress {
        let position = KeptPosition { offset, leader_epoch: 2, metadata: "m".into() };
        PartitionProgress { position: Some(position), claim }
    }

    fn hear(claims: &mut Claims, partition: i32, progress: &PartitionProgress) {
        let key = claims.key_of(&of(partition)).to_bytes();
        claims.handle_record(&key, Some(&progress.to_bytes())).unwrap();
    }

    fn hear_writer(claims: &mut Claims, claim: &Claim) {
        let key = ProgressKey::Writer(claim.transactional_id.clone()).to_bytes();
        claims.handle_record(&key, Some(&claim.writer_bytes())).unwrap();
    }

    fn rivals(claims: &Claims, partitions: &[i32], pending: &[(i32, Claim)], own: &[&str]) -> Vec<String> {
        let partitions: Vec<_> = partitions.iter().map(|it| of(*it)).collect();
        let pending: Vec<_> = pending.iter().map(|(it, claim)| (of(*it), claim.clone())).collect();
        let own = own.iter().map(|id| (*id).to_owned()).collect();
        claims.rivals(&partitions, &pending, &own).into_iter().collect()
    }

    #[test]
    fn the_last_record_of_a_partition_counts_and_other_groups_and_clusters_do_not() {
        let mut claims = claims();
        for offset in [3, 7] {
            hear(&mut claims, 0, &at(offset, None));
        }
        for other in [Claims::new("c".into(), "h".into()), Claims::new("d".into(), "g".into())] {
            let key = other.key_of(&of(0)).to_bytes();
            claims.handle_record(&key, Some(&at(99, None).to_bytes())).unwrap();
        }
        let kept = claims.committed(&of(0));
        assert_eq!((kept.offset, kept.leader_epoch, &*kept.metadata), (Some(7), 2, "m"));
        assert_eq!(claims.committed(&of(1)).offset, None);
    }

    #[test]
    fn who_has_a_partition_is_fenced_and_who_has_let_go_or_has_another_is_not() {
        let mut claims = claims();
        hear(&mut claims, 0, &at(3, Some(claim("tx-in.0-0", "a"))));
        hear(&mut claims, 1, &at(3, Some(claim("tx-in.1-0", "b"))));
        hear(&mut claims, 2, &at(3, Some(claim("tx-in.0-0", "a"))));
        hear(&mut claims, 3, &at(3, None));
        assert_eq!(rivals(&claims, &[0, 2, 3], &[], &[]), ["tx-in.0-0"]);
        assert_eq!(rivals(&claims, &[3], &[], &[]), [""; 0]);
        assert_eq!(rivals(&claims, &[0], &[], &["tx-in.0-0"]), [""; 0], "it was fenced by taking it over");
    }

    /// A and B are killed together, C takes partition 0 and its id: who takes partition 2 after that leaves C alone.
    #[test]
    fn who_has_the_id_of_a_dead_claimer_by_now_is_not_fenced() {
        let mut claims = claims();
        let dead = claim("tx-in.0-0", "a");
        hear_writer(&mut claims, &dead);
        hear(&mut claims, 2, &at(3, Some(dead)));
        assert_eq!(rivals(&claims, &[2], &[], &[]), ["tx-in.0-0"], "while nobody else has it");
        hear_writer(&mut claims, &claim("tx-in.0-0", "c"));
        assert_eq!(rivals(&claims, &[2], &[], &[]), [""; 0]);
    }

    /// What is not committed yet may be, and its writer goes on after that.
    #[test]
    fn who_may_have_claimed_is_fenced_too() {
        let claims = claims();
        let pending = [(0, claim("tx-in.0-0", "a")), (1, claim("tx-in.1-0", "b"))];
        assert_eq!(rivals(&claims, &[1], &pending, &[]), ["tx-in.1-0"]);
    }

    #[test]
    fn a_claim_leaves_the_position_and_so_does_letting_go() {
        let mut claims = claims();
        hear(&mut claims, 0, &at(3, Some(claim("x", "a"))));
        let mine = claim("y", "b");
        assert_eq!(claims.claimed_by(&of(0), Some(mine.clone())), at(3, Some(mine)));
        assert_eq!(claims.claimed_by(&of(0), None), at(3, None));
        assert_eq!(claims.claimed_by(&of(1), None), PartitionProgress::default());
    }
}
