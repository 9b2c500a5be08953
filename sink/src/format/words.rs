//! Looks for bytes in a text, eight at a time.

/// Every byte 1: `ONES * byte` is a word of that byte.
const ONES: u64 = u64::from_ne_bytes([0x01; 8]);
const HIGHS: u64 = ONES << 7;

/// Eight bytes of a text, in which the high bits of those are set that are looked for. Above the first of them a bit may
/// be set in error, so that only the first counts.
#[derive(Clone, Copy)]
pub(in crate::format) struct Word(u64);

impl Word {
    /// Those that are this byte.
    #[inline]
    pub(in crate::format) fn is(self, byte: u8) -> u64 {
        zeros(self.0 ^ (ONES * u64::from(byte)))
    }

    /// Those below 0x20.
    #[inline]
    pub(in crate::format) fn is_control(self) -> u64 {
        zeros(self.0 & (ONES * 0xE0))
    }

    /// Those from 0xF0 on: the first of four bytes that are one character.
    #[inline]
    pub(in crate::format) fn is_first_of_four(self) -> u64 {
        self.0 & (self.0 << 1) & (self.0 << 2) & (self.0 << 3) & HIGHS
    }

    /// Those up to this byte of ASCII.
    #[inline]
    pub(in crate::format) fn is_at_most(self, byte: u8) -> u64 {
        // Of each byte of ASCII the sum has the high bit if the byte is larger; no sum is carried into the next byte.
        let larger = (self.0 & !HIGHS) + ONES * u64::from(0x7F - (byte & 0x7F));
        !larger & !self.0 & HIGHS
    }
}

/// How many bytes stand before the first that is looked for; all, if there is none.
#[inline]
pub(in crate::format) fn before(
    bytes: &[u8],
    hits: impl Fn(Word) -> u64,
    is_hit: impl Fn(u8) -> bool,
) -> usize {
    let mut at = 0;
    while let Some(chunk) = bytes[at..].first_chunk() {
        let hits = hits(Word(u64::from_le_bytes(*chunk)));
        if hits != 0 {
            return at + hits.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    at + bytes[at..].iter().position(|&byte| is_hit(byte)).unwrap_or(bytes.len() - at)
}

/// Sets the high bit of each byte that is zero; above the first such byte it may err.
#[inline]
fn zeros(word: u64) -> u64 {
    word.wrapping_sub(ONES) & !word & HIGHS
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every byte, at every place of a word and behind one.
    #[test]
    fn the_first_byte_that_is_looked_for_is_found_wherever_it_stands() {
        for byte in 0..=u8::MAX {
            for at in 0..17 {
                let mut bytes = [b'z'; 17];
                bytes[at] = byte;
                let wanted = |is_hit: fn(u8) -> bool| bytes.iter().position(|it| is_hit(*it)).unwrap_or(17);
                let comma = |byte| byte == b',';
                assert_eq!(before(&bytes, |word| word.is(b','), comma), wanted(comma), "{byte} at {at}");
                let control = |byte| byte < 0x20;
                assert_eq!(before(&bytes, Word::is_control, control), wanted(control), "{byte} at {at}");
                let four = |byte| byte >= 0xF0;
                assert_eq!(before(&bytes, Word::is_first_of_four, four), wanted(four), "{byte} at {at}");
                let low = |byte| byte <= b',';
                assert_eq!(before(&bytes, |word| word.is_at_most(b','), low), wanted(low), "{byte} at {at}");
            }
        }
    }
}
