//! An Avro schema: nodes that refer to each other, so that a record may hold itself.

use serde_json::Value as Json;

use super::node::{Annotation, AvroField, AvroNode, AvroRecord, AvroTimeUnit, NodeId, Primitive};
use super::schema_parser::SchemaParser;
use crate::types::{DataType, Field, LogicalType};

/// A schema that was parsed; its nodes never change.
#[derive(Debug)]
pub(in crate::format) struct AvroSchema {
    nodes: Vec<AvroNode>,
    root: NodeId,
}

impl AvroSchema {
    /// Reads a schema's text. The error is the end of a sentence that says whose schema it is.
    pub(in crate::format) fn parse(text: &str) -> Result<Self, String> {
        Self::parse_all(&[text])
    }

    /// The same of the last of these texts, which may name types that those before it define.
    pub(in crate::format) fn parse_all<S: AsRef<str>>(texts: &[S]) -> Result<Self, String> {
        let bytes: usize = texts.iter().map(|text| text.as_ref().len()).sum();
        if bytes > TEXT_BYTES_MAX {
            return Err(format!("it has {bytes} bytes, more than the {TEXT_BYTES_MAX} that are read"));
        }
        // What is no JSON may be a bare name: `string`.
        let json = |text: &S| {
            serde_json::from_str(text.as_ref())
                .unwrap_or_else(|_| Json::String(text.as_ref().trim().to_owned()))
        };
        Self::of_all(&texts.iter().map(json).collect::<Vec<_>>())
    }

    /// Of JSON that was read.
    pub(in crate::format) fn of_json(json: &Json) -> Result<Self, String> {
        Self::of_all(std::slice::from_ref(json))
    }

    fn of_all(schemas: &[Json]) -> Result<Self, String> {
        let (nodes, root) = SchemaParser::parse(schemas)?;
        Ok(Self { nodes, root })
    }

    pub(in crate::format) fn root(&self) -> NodeId {
        self.root
    }

    pub(in crate::format) fn node(&self, id: NodeId) -> &AvroNode {
        &self.nodes[id.0]
    }

    /// How Avro's JSON names a branch of a union, and how errors name a type.
    pub(super) fn name(&self, id: NodeId) -> &str {
        match self.node(id) {
            AvroNode::Primitive(primitive, _) => primitive.name(),
            AvroNode::Array(_) => "array",
            AvroNode::Map(_) => "map",
            AvroNode::Union(_) => "union",
            AvroNode::Record(AvroRecord { name, .. })
            | AvroNode::Enum { name, .. }
            | AvroNode::Fixed { name, .. } => name,
        }
    }

    /// Whether it is the type `null`.
    pub(super) fn is_null(&self, id: NodeId) -> bool {
        matches!(self.node(id), AvroNode::Primitive(Primitive::Null, _))
    }

    /// A type that is not a union, or the other branch of a union with `null`, as Flink takes unions.
    pub(super) fn not_null(&self, id: NodeId) -> Option<NodeId> {
        match self.node(id) {
            AvroNode::Union(branches) => match **branches {
                [only] => Some(only),
                [null, other] | [other, null] if self.is_null(null) => Some(other),
                _ => None,
            },
            _ => Some(id),
        }
    }

    /// The SQL type as which Flink sees a schema, where it sees one.
    pub(in crate::format) fn logical_type(&self, id: NodeId) -> Option<LogicalType> {
        self.logical_type_within(id, 0)
    }

    fn logical_type_within(&self, id: NodeId, depth: usize) -> Option<LogicalType> {
        if depth > SQL_DEPTH_MAX {
            return None;
        }
        let inner = |id: &NodeId| self.logical_type_within(*id, depth + 1).map(LogicalType::nullable);
        Some(match self.node(self.not_null(id)?) {
            AvroNode::Primitive(primitive, annotation) => of_primitive(*primitive, *annotation)?,
            AvroNode::Array(item) => LogicalType::Array(Box::new(inner(item)?)),
            AvroNode::Map(value) => {
                LogicalType::Map(Box::new(LogicalType::STRING.nullable()), Box::new(inner(value)?))
            }
            AvroNode::Record(record) => {
                let field = |field: &AvroField| Some(Field::new(field.name.clone(), inner(&field.node)?));
                LogicalType::Row(record.fields.iter().map(field).collect::<Option<_>>()?)
            }
            AvroNode::Enum { .. } => LogicalType::STRING,
            AvroNode::Fixed { annotation: Some(Annotation::Decimal { precision, scale }), .. } => {
                LogicalType::Decimal { precision: *precision, scale: *scale }
            }
            AvroNode::Fixed { size, .. } => LogicalType::VarBinary(u32::try_from(*size).ok()?),
            AvroNode::Union(_) => return None,
        })
    }
}

fn of_primitive(primitive: Primitive, annotation: Option<Annotation>) -> Option<LogicalType> {
    Some(match (primitive, annotation) {
        (Primitive::Null, _) => return None,
        (Primitive::Boolean, _) => LogicalType::Boolean,
        (Primitive::Int, Some(Annotation::Date)) => LogicalType::Date,
        (Primitive::Int, Some(Annotation::Time(AvroTimeUnit::Millis))) => LogicalType::Time(3),
        (Primitive::Int, _) => LogicalType::Int,
        (Primitive::Long, Some(Annotation::Timestamp(AvroTimeUnit::Millis))) => LogicalType::Timestamp(3),
        (Primitive::Long, Some(Annotation::Timestamp(AvroTimeUnit::Micros))) => LogicalType::Timestamp(6),
        (Primitive::Long, _) => LogicalType::BigInt,
        (Primitive::Float, _) => LogicalType::Float,
        (Primitive::Double, _) => LogicalType::Double,
        (Primitive::Bytes, Some(Annotation::Decimal { precision, scale })) => {
            LogicalType::Decimal { precision, scale }
        }
        (Primitive::Bytes, _) => LogicalType::BYTES,
        (Primitive::String, _) => LogicalType::STRING,
    })
}

/// The type with NULL in every place where it may be: what a user's schema and a table are compared by.
pub(in crate::format) fn anywhere_nullable(logical: &LogicalType) -> LogicalType {
    let nullable = |inner: &DataType| anywhere_nullable(&inner.logical).nullable();
    match logical {
        LogicalType::Char(_) | LogicalType::VarChar(_) => LogicalType::STRING,
        LogicalType::Binary(_) | LogicalType::VarBinary(_) => LogicalType::BYTES,
        LogicalType::TinyInt | LogicalType::SmallInt => LogicalType::Int,
        LogicalType::Time(precision) => LogicalType::Time((*precision).max(3)),
        LogicalType::Timestamp(precision) => LogicalType::Timestamp((*precision).max(3)),
        LogicalType::Array(item) => LogicalType::Array(Box::new(nullable(item))),
        LogicalType::Map(key, value) => LogicalType::Map(Box::new(nullable(key)), Box::new(nullable(value))),
        LogicalType::Multiset(key) => {
            LogicalType::Map(Box::new(nullable(key)), Box::new(LogicalType::Int.nullable()))
        }
        LogicalType::Row(fields) => LogicalType::Row(
            fields.iter().map(|it| Field::new(it.name.clone(), nullable(&it.data_type))).collect(),
        ),
        other => other.clone(),
    }
}

/// ROWs, ARRAYs and MAPs within each other; a record that holds itself has no end, and is no SQL type.
const SQL_DEPTH_MAX: usize = 32;
/// A schema's text, which a peer may have sent.
const TEXT_BYTES_MAX: usize = 1 << 20;
