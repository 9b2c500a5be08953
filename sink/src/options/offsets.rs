//! `partition:0,offset:42;partition:1,offset:300`

use std::collections::BTreeMap;

/// By partition, of one given twice the last; or the piece that is not of the form.
pub(crate) fn offsets(text: &str) -> Result<BTreeMap<i32, i64>, &str> {
    // As in Java, empty pieces at the end do not count, but one at least there must be.
    let pieces = text.trim_end_matches(';');
    if pieces.is_empty() {
        return Err(text);
    }
    pieces.split(';').map(|piece| pair(piece).ok_or(piece)).collect()
}

fn pair(piece: &str) -> Option<(i32, i64)> {
    let (partition, offset) = piece.trim_end_matches(',').split_once(',')?;
    let partition = partition.strip_prefix("partition:")?;
    let offset = offset.strip_prefix("offset:")?;
    Some((partition.parse().ok()?, offset.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::offsets;

    #[test]
    fn pieces_are_strict_but_the_end_may_be_empty() {
        assert_eq!(offsets("partition:0,offset:42;partition:1,offset:300"), Ok([(0, 42), (1, 300)].into()));
        assert_eq!(offsets("partition:0,offset:4;"), Ok([(0, 4)].into()));
        assert_eq!(offsets("partition:0,offset:1;partition:0,offset:2"), Ok([(0, 2)].into()));
        assert_eq!(offsets("partition:-1,offset:-1"), Ok([(-1, -1)].into()));
        for wrong in ["", ";", "partition:0", "partition: 0,offset:1", "offset:1,partition:0"] {
            assert!(offsets(wrong).is_err(), "{wrong}");
        }
        assert_eq!(offsets("partition:0,offset:1;x"), Err("x"));
        assert!(offsets("partition:0,offset:9223372036854775808").is_err());
    }
}
