//! Entries of a map whose names repeat: the last value counts.

use std::collections::HashMap;

/// Of equal names keeps the last value, in the place of the first; says how many are left in front.
pub(crate) fn last_wins<'a, V: Copy>(members: &mut [(&'a str, V)]) -> usize {
    let mut places: HashMap<&'a str, usize> = HashMap::new();
    let hashed = members.len() > FEW;
    let mut kept = 0;
    for at in 0..members.len() {
        let (name, value) = members[at];
        let place = if hashed {
            *places.entry(name).or_insert(kept)
        } else {
            members[..kept].iter().position(|&(other, _)| other == name).unwrap_or(kept)
        };
        members[place] = (name, value);
        kept = kept.max(place + 1);
    }
    kept
}

/// Up to here comparing each with each is quicker than hashing.
const FEW: usize = 16;
