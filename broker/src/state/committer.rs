//! Who commits offsets of a group.

/// Who commits: a member as it names itself, or nobody in particular.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Committer<'a> {
    /// The generation of a classic group, the member epoch of another; -1 for none.
    pub(crate) epoch: i32,
    pub(crate) member_id: &'a str,
    pub(crate) instance: Option<&'a str>,
    /// Within a transaction (KIP-447).
    pub(crate) transactional: bool,
    /// Whether the request's version knows member epochs.
    pub(crate) knows_epochs: bool,
}
