//! A value that holds no other, read and written by what its row says: for those who know a message only by its table.

use bytes::Bytes;

use super::{Malformed, Reader, ShortString, Str, Unrepresentable, Uuid, Wire, Writer};

macro_rules! primitives {
    ($($name:ident $text:literal $ty:ty;)*) => {
        /// A type that holds no other.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Primitive {
            $(#[doc = concat!("`", $text, "`")] $name,)*
        }

        impl Primitive {
            /// As in Apache's schema files.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }

        /// The value of a field that is no array and no struct.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Leaf {
            $(#[doc = concat!("`", $text, "`")] $name($ty),)*
        }

        impl Leaf {
            /// Reads the value that comes next.
            ///
            /// # Errors
            /// When the bytes are no such value.
            pub fn read(r: &mut Reader<'_>, primitive: Primitive, nullable: bool) -> Result<Self, Malformed> {
                match primitive {
                    $(Primitive::$name => {
                        let mut value = <$ty as Wire>::blank();
                        value.read(r, nullable)?;
                        Ok(Self::$name(value))
                    })*
                }
            }

            /// Appends the value.
            ///
            /// # Errors
            /// When the version has no place for it.
            pub fn write(&self, w: &mut Writer, nullable: bool) -> Result<(), Unrepresentable> {
                match self { $(Self::$name(value) => value.write(w, nullable),)* }
            }

            /// Which type it is of.
            pub fn primitive(&self) -> Primitive {
                match self { $(Self::$name(_) => Primitive::$name,)* }
            }
        }
    };
}

primitives! {
    Bool "bool" bool;
    Int8 "int8" i8;
    Int16 "int16" i16;
    Uint16 "uint16" u16;
    Int32 "int32" i32;
    Uint32 "uint32" u32;
    Int64 "int64" i64;
    Float64 "float64" f64;
    Uuid "uuid" Uuid;
    String "string" Option<Str>;
    Bytes "bytes" Option<Bytes>;
    ShortString "string" ShortString;
}
