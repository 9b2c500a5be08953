//! Big-endian fields, as keytabs and ticket caches have them.

/// What is left of a file. No length is believed beyond it.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

/// The file is cut off, or a length in it is wrong.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CutOff;

impl<'a> Fields<'a> {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], CutOff> {
        let (taken, rest) = self.0.split_at_checked(length).ok_or(CutOff)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn byte(&mut self) -> Result<u8, CutOff> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn short(&mut self) -> Result<u16, CutOff> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn word(&mut self) -> Result<u32, CutOff> {
        self.array().map(u32::from_be_bytes)
    }

    /// Bytes after their length in 16 bits.
    pub(crate) fn short_data(&mut self) -> Result<&'a [u8], CutOff> {
        let length = self.short()?;
        self.take(length.into())
    }

    /// Bytes after their length in 32 bits.
    pub(crate) fn data(&mut self) -> Result<&'a [u8], CutOff> {
        let length = self.word()?;
        self.take(usize::try_from(length).map_err(|_| CutOff)?)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], CutOff> {
        let (taken, rest) = self.0.split_first_chunk().ok_or(CutOff)?;
        self.0 = rest;
        Ok(*taken)
    }
}

/// A name as text; bytes that are none are shown as �.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
