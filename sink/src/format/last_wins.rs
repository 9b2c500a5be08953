//! Entries of a map whose names repeat: the last value counts.

use std::collections::HashMap;

/// Of equal names keeps the last value, in the place of the first; says how many are left in front.
pub(crate) fn last_wins<'a, V: Copy>(members: &mut [(&'a str, V)]) -> usize {
    if have_unlike_names(members) {
        return members.len();
    }
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

/// Whether the names differ at a glance, as those of one object mostly do; `false` says nothing.
fn have_unlike_names<V>(members: &[(&str, V)]) -> bool {
    let mut seen = [0u64; 4];
    members.iter().all(|(name, _)| {
        let glance = glance(name.as_bytes());
        let (word, bit) = (&mut seen[usize::from(glance / 64)], 1 << (glance % 64));
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    })
}

/// Equal of equal names.
fn glance(name: &[u8]) -> u8 {
    let of = |byte: Option<&u8>| byte.copied().unwrap_or(0);
    let middle = of(name.get(name.len() / 2));
    let ends = of(name.first()).wrapping_mul(3) ^ of(name.last()).wrapping_mul(29);
    ends ^ middle.wrapping_mul(7) ^ (name.len() as u8).wrapping_mul(101)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(names: &[&'static str]) -> Vec<(&'static str, usize)> {
        let mut members: Vec<_> = names.iter().enumerate().map(|(at, name)| (*name, at)).collect();
        let kept = last_wins(&mut members);
        members.truncate(kept);
        members
    }

    #[test]
    fn the_last_value_stands_in_the_place_of_the_first() {
        assert_eq!(kept(&[]), []);
        assert_eq!(kept(&["a", "b", "c"]), [("a", 0), ("b", 1), ("c", 2)]);
        assert_eq!(kept(&["a", "b", "a", "", ""]), [("a", 2), ("b", 1), ("", 4)]);
        let many: Vec<&str> = ["a", "b", "c", "d"].into_iter().cycle().take(40).collect();
        assert_eq!(kept(&many), [("a", 36), ("b", 37), ("c", 38), ("d", 39)]);
    }

    /// Names that look alike at a glance are compared, and stay two.
    #[test]
    fn alike_is_not_equal() {
        assert_eq!(glance(b"axbxc"), glance(b"aybyc"));
        assert_eq!(kept(&["axbxc", "aybyc", "axbxc"]), [("axbxc", 2), ("aybyc", 1)]);
    }
}
