//! The scalar types, arrays and nullable structs, and how each lies on the wire.

use bytes::Bytes;

use super::Choices;
use super::{Kind, Malformed, Primitive, Reader, Unrepresentable, Wire, Writer};

/// UTF-8 text that shares the frame it was read from.
pub type Str = bytestring::ByteString;

/// The longest string, in bytes, also where a compact length could say more.
pub(crate) const STRING_MAX: usize = 32_767;

/// A nullable string whose length takes 16 bits at flexible versions too: only a header's client id is one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShortString(pub Option<Str>);

/// Sixteen bytes, all zero when absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Uuid(pub [u8; 16]);

impl Uuid {
    /// Stands for none.
    pub const ZERO: Self = Self([0; 16]);
}

macro_rules! number {
    ($($ty:ty, $name:ident;)*) => {$(
        impl Wire for $ty {
            const KIND: Kind = Kind::Primitive(Primitive::$name);
            #[inline]
            fn blank() -> Self {
                Self::default()
            }
            #[inline]
            fn read(&mut self, r: &mut Reader<'_>, _: bool) -> Result<(), Malformed> {
                *self = Self::from_be_bytes(r.array()?);
                Ok(())
            }
            #[inline]
            fn read_all(all: &mut Vec<Self>, r: &mut Reader<'_>, count: usize) -> Result<(), Malformed> {
                r.numbers(all, count, Self::from_be_bytes)
            }
            #[inline]
            fn arbitrary(&mut self, choices: &mut Choices, _: bool) {
                *self = choices.next() as Self;
            }
            #[inline]
            fn write(&self, w: &mut Writer, _: bool) -> Result<(), Unrepresentable> {
                w.put(&self.to_be_bytes());
                Ok(())
            }
            #[inline]
            fn write_all(all: &[Self], w: &mut Writer) -> Result<(), Unrepresentable> {
                w.numbers(all, Self::to_be_bytes);
                Ok(())
            }
        }
    )*};
}

number! {
    i8, Int8; i16, Int16; u16, Uint16; i32, Int32; u32, Uint32; i64, Int64; f64, Float64;
}

impl Wire for bool {
    #[inline]
    fn arbitrary(&mut self, choices: &mut Choices, _: bool) {
        *self = choices.below(2) == 1;
    }
    #[inline]
    fn blank() -> Self {
        Self::default()
    }
    const KIND: Kind = Kind::Primitive(Primitive::Bool);
    #[inline]
    fn read(&mut self, r: &mut Reader<'_>, _: bool) -> Result<(), Malformed> {
        *self = r.array::<1>()? != [0];
        Ok(())
    }
    #[inline]
    fn write(&self, w: &mut Writer, _: bool) -> Result<(), Unrepresentable> {
        w.put(&[u8::from(*self)]);
        Ok(())
    }
}

impl Wire for Uuid {
    #[inline]
    fn arbitrary(&mut self, choices: &mut Choices, _: bool) {
        self.0[..8].copy_from_slice(&choices.next().to_be_bytes());
    }
    #[inline]
    fn blank() -> Self {
        Self::default()
    }
    const KIND: Kind = Kind::Primitive(Primitive::Uuid);
    #[inline]
    fn read(&mut self, r: &mut Reader<'_>, _: bool) -> Result<(), Malformed> {
        self.0 = r.array()?;
        Ok(())
    }
    #[inline]
    fn write(&self, w: &mut Writer, _: bool) -> Result<(), Unrepresentable> {
        w.put(&self.0);
        Ok(())
    }
}

impl Wire for Str {
    #[inline]
    fn arbitrary(&mut self, choices: &mut Choices, _: bool) {
        *self = choices.string();
    }
    #[inline]
    fn blank() -> Self {
        Self::default()
    }
    const KIND: Kind = Kind::Primitive(Primitive::String);
    fn read(&mut self, r: &mut Reader<'_>, _: bool) -> Result<(), Malformed> {
        *self = r.string()?.ok_or_else(|| r.malformed("a null string"))?;
        Ok(())
    }
    fn write(&self, w: &mut Writer, _: bool) -> Result<(), Unrepresentable> {
        w.string(Some(self))
    }
}

impl Wire for Option<Str> {
    #[inline]
    fn arbitrary(&mut self, choices: &mut Choices, nullable: bool) {
        *self = (!nullable || choices.below(2) == 0).then(|| choices.string());
    }
    #[inline]
    fn blank() -> Self {
        Some(Default::default())
    }
    const KIND: Kind = Kind::Primitive(Primitive::String);
    fn read(&mut self, r: &mut Reader<'_>, nullable: bool) -> Result<(), Malformed> {
        *self = r.string()?;
        null(self.is_none(), nullable, r)
    }
    fn write(&self, w: &mut Writer, nullable: bool) -> Result<(), Unrepresentable> {
        may_be_null(self.is_some(), nullable)?;
        w.string(self.as_ref())
    }
}

impl Wire for ShortString {
    #[inline]
    fn arbitrary(&mut self, choices: &mut Choices, nullable: bool) {
        self.0.arbitrary(choices, nullable);
    }
    fn blank() -> Self {
        Self(Some(Default::default()))
    }
    const KIND: Kind = Kind::Primitive(Primitive::ShortString);
    fn read(&mut self, r: &mut Reader<'_>, nullable: bool) -> Result<(), Malformed> {
        self.0 = r.short_string()?;
        null(self.0.is_none(), nullable, r)
    }
    fn write(&self, w: &mut Writer, nullable: bool) -> Result<(), Unrepresentable> {
        may_be_null(self.0.is_some(), nullable)?;
        w.short_string(self.0.as_ref())
    }
}

impl Wire for Bytes {
    #[inline]
    fn arbitrary(&mut self, choices: &mut Choices, _: bool) {
        *self = choices.bytes();
    }
    #[inline]
    fn blank() -> Self {
        Self::default()
    }
    const KIND: Kind = Kind::Primitive(Primitive::Bytes);
    fn read(&mut self, r: &mut Reader<'_>, _: bool) -> Result<(), Malformed> {
        *self = r.bytes()?.ok_or_else(|| r.malformed("a null bytes"))?;
        Ok(())
    }
    fn write(&self, w: &mut Writer, _: bool) -> Result<(), Unrepresentable> {
        w.bytes(Some(self))
    }
}

impl Wire for Option<Bytes> {
    #[inline]
    fn arbitrary(&mut self, choices: &mut Choices, nullable: bool) {
        *self = (!nullable || choices.below(2) == 0).then(|| choices.bytes());
    }
    #[inline]
    fn blank() -> Self {
        Some(Default::default())
    }
    const KIND: Kind = Kind::Primitive(Primitive::Bytes);
    fn read(&mut self, r: &mut Reader<'_>, nullable: bool) -> Result<(), Malformed> {
        *self = r.bytes()?;
        null(self.is_none(), nullable, r)
    }
    fn write(&self, w: &mut Writer, nullable: bool) -> Result<(), Unrepresentable> {
        may_be_null(self.is_some(), nullable)?;
        w.bytes(self.as_ref())
    }
}

impl<T: Wire> Wire for Vec<T> {
    #[inline]
    fn arbitrary(&mut self, choices: &mut Choices, _: bool) {
        *self = (0..choices.below(4))
            .map(|_| {
                let mut element = T::blank();
                element.arbitrary(choices, false);
                element
            })
            .collect();
    }
    #[inline]
    fn blank() -> Self {
        Self::new()
    }
    const KIND: Kind = Kind::Array(&T::KIND);
    fn read(&mut self, r: &mut Reader<'_>, _: bool) -> Result<(), Malformed> {
        let len = r.length()?.ok_or_else(|| r.malformed("a null array"))?;
        T::read_all(self, r, len)
    }
    fn write(&self, w: &mut Writer, _: bool) -> Result<(), Unrepresentable> {
        w.length(Some(self.len()))?;
        T::write_all(self, w)
    }
}

impl<T: Wire> Wire for Option<Vec<T>> {
    #[inline]
    fn arbitrary(&mut self, choices: &mut Choices, nullable: bool) {
        *self = None;
        if !nullable || choices.below(2) == 0 {
            self.insert(Vec::new()).arbitrary(choices, false);
        }
    }
    #[inline]
    fn blank() -> Self {
        Some(Default::default())
    }
    const KIND: Kind = Kind::Array(&T::KIND);
    fn read(&mut self, r: &mut Reader<'_>, nullable: bool) -> Result<(), Malformed> {
        match r.length()? {
            Some(len) => T::read_all(self.insert(Vec::new()), r, len),
            None => {
                *self = None;
                null(true, nullable, r)
            }
        }
    }
    fn write(&self, w: &mut Writer, nullable: bool) -> Result<(), Unrepresentable> {
        may_be_null(self.is_some(), nullable)?;
        match self {
            Some(v) => v.write(w, false),
            None => w.length(None),
        }
    }
}

/// A nullable struct is led by a byte.
impl<T: Wire> Wire for Option<Box<T>> {
    #[inline]
    fn arbitrary(&mut self, choices: &mut Choices, nullable: bool) {
        *self = None;
        if !nullable || choices.below(2) == 0 {
            self.insert(Box::new(T::blank())).arbitrary(choices, false);
        }
    }
    #[inline]
    fn blank() -> Self {
        None
    }
    const KIND: Kind = T::KIND;
    fn read(&mut self, r: &mut Reader<'_>, nullable: bool) -> Result<(), Malformed> {
        if !r.present()? {
            *self = None;
            return null(true, nullable, r);
        }
        self.insert(Box::new(T::blank())).read(r, false)
    }
    fn write(&self, w: &mut Writer, nullable: bool) -> Result<(), Unrepresentable> {
        may_be_null(self.is_some(), nullable)?;
        match self {
            Some(x) => {
                w.lead(true);
                x.write(w, false)
            }
            None => {
                w.lead(false);
                Ok(())
            }
        }
    }
}

fn null(is_null: bool, nullable: bool, r: &Reader<'_>) -> Result<(), Malformed> {
    if is_null && !nullable { Err(r.malformed("null at a version without null")) } else { Ok(()) }
}

fn may_be_null(some: bool, nullable: bool) -> Result<(), Unrepresentable> {
    if some || nullable { Ok(()) } else { Err(Unrepresentable::new("null at a version without null")) }
}

/// An error code is an int16 on the wire.
impl Wire for crate::ErrorCode {
    const KIND: Kind = i16::KIND;

    #[inline]
    fn blank() -> Self {
        Self::default()
    }

    #[inline]
    fn read(&mut self, r: &mut Reader<'_>, nullable: bool) -> Result<(), Malformed> {
        self.0.read(r, nullable)
    }

    #[inline]
    fn write(&self, w: &mut Writer, nullable: bool) -> Result<(), Unrepresentable> {
        self.0.write(w, nullable)
    }

    #[inline]
    fn arbitrary(&mut self, choices: &mut Choices, nullable: bool) {
        self.0.arbitrary(choices, nullable);
    }
}
