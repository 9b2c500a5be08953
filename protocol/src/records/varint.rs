//! Zigzag varints: how numbers lie inside a record.

/// Small numbers of either sign become small unsigned ones.
#[inline]
pub(super) fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

/// How many bytes a zigzagged number takes.
#[inline]
pub(super) fn size(value: u64) -> usize {
    if value < SHORT_END {
        return 1 + usize::from(value >= 0x80);
    }
    (70 - (value | 1).leading_zeros() as usize) / 7
}

/// A zigzagged number below [`SHORT_END`] as it lies in memory, the first byte lowest, and how many bytes it takes.
#[inline]
pub(super) fn short(value: u64) -> (u64, usize) {
    let high = value & !0x7f;
    let more = u64::from(high != 0);
    ((value + high) | more << 7, 1 + more as usize)
}

/// What takes three bytes.
pub(super) const SHORT_END: u64 = 1 << 14;

/// Writes a zigzagged number and gives back the room behind it. The caller has made the room.
#[inline]
pub(super) fn write(room: &mut [u8], mut value: u64) -> &mut [u8] {
    let mut at = 0;
    while value >= 0x80 {
        room[at] = value as u8 | 0x80;
        value >>= 7;
        at += 1;
    }
    room[at] = value as u8;
    &mut room[at + 1..]
}

/// Takes a 64-bit number off the front; `None` when the bytes end or it is longer than ten bytes.
#[inline]
pub(super) fn take_i64(bytes: &mut &[u8]) -> Option<i64> {
    take(bytes, 10).map(unzigzag)
}

/// Takes a 32-bit number off the front; `None` when the bytes end or it is longer than five bytes.
#[inline]
pub(super) fn take_i32(bytes: &mut &[u8]) -> Option<i32> {
    // Java keeps the low 32 bits of a five-byte varint.
    let value = take(bytes, 5)? as u32;
    Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
}

#[inline]
fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

#[inline]
fn take(bytes: &mut &[u8], bytes_max: usize) -> Option<u64> {
    let (&first, rest) = bytes.split_first()?;
    if first < 0x80 {
        *bytes = rest;
        return Some(u64::from(first));
    }
    // Lengths of up to 8 KiB and most deltas.
    let (&second, rest) = rest.split_first()?;
    if second < 0x80 {
        *bytes = rest;
        return Some(u64::from(first & 0x7f) | u64::from(second) << 7);
    }
    take_long(bytes, bytes_max)
}

fn take_long(bytes: &mut &[u8], bytes_max: usize) -> Option<u64> {
    let first = *bytes.first()?;
    let mut value = u64::from(first & 0x7f);
    for at in 1..bytes_max {
        let byte = *bytes.get(at)?;
        value |= u64::from(byte & 0x7f) << (7 * at);
        if byte < 0x80 {
            *bytes = &bytes[at + 1..];
            return Some(value);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_come_back() {
        for value in [
            0,
            1,
            -1,
            63,
            64,
            -64,
            -65,
            300,
            8191,
            8192,
            -8192,
            -8193,
            i64::from(i32::MAX),
            i64::MAX,
            i64::MIN,
        ] {
            let mut room = [0; 10];
            let left = write(&mut room, zigzag(value)).len();
            assert_eq!(10 - left, size(zigzag(value)), "{value}");
            let mut bytes = &room[..];
            assert_eq!(take_i64(&mut bytes), Some(value));
            assert_eq!(bytes.len(), left);
            if zigzag(value) < SHORT_END {
                let (bits, size) = short(zigzag(value));
                assert_eq!((&bits.to_le_bytes()[..size], size), (&room[..size], 10 - left), "{value}");
            }
        }
    }

    #[test]
    fn an_unfinished_number_is_none() {
        assert_eq!(take_i32(&mut &[0x80u8, 0x80][..]), None);
        assert_eq!(take_i32(&mut &[0xffu8; 6][..]), None);
        assert_eq!(take_i64(&mut &[0xffu8; 11][..]), None);
        assert_eq!(take_i64(&mut &[][..]), None);
    }
}
