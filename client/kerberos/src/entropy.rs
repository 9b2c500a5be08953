//! Chance, which the caller has and this crate has not.

/// Gives bytes that nobody can guess. Keys are made of them: in production they come from the operating system.
///
/// A closure is one:
///
/// ```
/// use upsert_kafka_kerberos::Entropy;
///
/// let mut of_a_test = |bytes: &mut [u8]| bytes.fill(7);
/// assert_eq!((&mut of_a_test as &mut dyn Entropy).array::<2>(), [7, 7]);
/// ```
pub trait Entropy {
    /// Fills all of it.
    fn fill(&mut self, bytes: &mut [u8]);
}

impl<F: FnMut(&mut [u8])> Entropy for F {
    fn fill(&mut self, bytes: &mut [u8]) {
        self(bytes);
    }
}

impl dyn Entropy + '_ {
    /// So many bytes.
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut bytes = [0; N];
        self.fill(&mut bytes);
        bytes
    }

    /// A nonce or a first sequence number: below 2³⁰, so that no implementation takes it for a negative one.
    pub(crate) fn number(&mut self) -> u32 {
        u32::from_be_bytes(self.array()) & 0x3fff_ffff
    }
}
