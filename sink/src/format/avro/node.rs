//! What an Avro schema is made of: its types, which refer to each other by their places.

use serde_json::Value as Json;

/// The place of a node in its schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::format) struct NodeId(pub(super) usize);

/// One type of a schema.
#[derive(Debug)]
pub(in crate::format) enum AvroNode {
    /// A type without a name.
    Primitive(Primitive, Option<Annotation>),
    Array(NodeId),
    Map(NodeId),
    Union(Box<[NodeId]>),
    Record(AvroRecord),
    Enum {
        name: Box<str>,
        symbols: Box<[Box<str>]>,
        default: Option<Box<str>>,
    },
    Fixed {
        name: Box<str>,
        size: usize,
        annotation: Option<Annotation>,
    },
}

/// Avro's primitive types.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::format) enum Primitive {
    Null,
    Boolean,
    Int,
    Long,
    Float,
    Double,
    Bytes,
    String,
}

/// Avro's `logicalType`: what the bytes of a type stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::format) enum Annotation {
    Date,
    Time(AvroTimeUnit),
    /// An instant; under Flink's legacy mapping a wall clock.
    Timestamp(AvroTimeUnit),
    LocalTimestamp(AvroTimeUnit),
    Decimal {
        precision: u8,
        scale: u8,
    },
}

/// What a long counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::format) enum AvroTimeUnit {
    Millis,
    Micros,
    Nanos,
}

/// A record with its full name.
#[derive(Debug)]
pub(in crate::format) struct AvroRecord {
    pub(super) name: Box<str>,
    pub(super) fields: Box<[AvroField]>,
}

/// A field of a record.
#[derive(Debug)]
pub(in crate::format) struct AvroField {
    pub(super) name: Box<str>,
    pub(super) aliases: Box<[Box<str>]>,
    pub(super) node: NodeId,
    pub(super) default: Option<Json>,
}

impl Primitive {
    /// The type of that name.
    pub(super) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|primitive| primitive.name() == name)
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Boolean => "boolean",
            Self::Int => "int",
            Self::Long => "long",
            Self::Float => "float",
            Self::Double => "double",
            Self::Bytes => "bytes",
            Self::String => "string",
        }
    }

    const ALL: [Self; 8] = [
        Self::Null,
        Self::Boolean,
        Self::Int,
        Self::Long,
        Self::Float,
        Self::Double,
        Self::Bytes,
        Self::String,
    ];
}
