//! How a row is written: its columns against a schema, once.

use super::node::{Annotation, AvroField, AvroNode, AvroTimeUnit, NodeId, Primitive};
use super::schema::AvroSchema;
use crate::format::FormatError;
use crate::types::{Field, LogicalType};

/// What is written next.
#[derive(Debug)]
pub(super) enum WriteStep {
    Boolean,
    Int,
    Long,
    TimestampMillis,
    TimestampMicros,
    Float,
    Double,
    String,
    Bytes,
    Decimal,
    Enum(Box<[Box<str>]>),
    Array(Box<WriteStep>),
    Map(Box<WriteStep>),
    Record(Box<[WriteField]>),
    /// A union with `null`: the branches' numbers and the other's name.
    Optional {
        null: i64,
        other: i64,
        name: Box<str>,
        step: Box<WriteStep>,
    },
}

/// A field of a record.
#[derive(Debug)]
pub(super) struct WriteField {
    /// Where its value stands in the row.
    pub(super) slot: usize,
    pub(super) name: Box<str>,
    pub(super) step: WriteStep,
}

impl WriteStep {
    /// Of the type at that node. The rows within it have all their columns.
    pub(super) fn of(schema: &AvroSchema, node: NodeId, logical: &LogicalType) -> Result<Self, FormatError> {
        Ok(match (schema.node(node), logical) {
            (AvroNode::Union(branches), _) => Self::optional(schema, branches, logical)?,
            (AvroNode::Primitive(primitive, annotation), _) => {
                scalar(*primitive, *annotation, logical).ok_or_else(|| unfit(schema, node, logical))?
            }
            (AvroNode::Enum { symbols, .. }, LogicalType::Char(_) | LogicalType::VarChar(_)) => {
                Self::Enum(symbols.clone())
            }
            (AvroNode::Array(item), LogicalType::Array(inner)) => {
                Self::Array(Box::new(Self::of(schema, *item, &inner.logical)?))
            }
            (AvroNode::Map(value), LogicalType::Map(_, inner)) => {
                Self::Map(Box::new(Self::of(schema, *value, &inner.logical)?))
            }
            (AvroNode::Map(value), LogicalType::Multiset(_)) => {
                Self::Map(Box::new(Self::of(schema, *value, &LogicalType::Int)?))
            }
            (AvroNode::Record(_), LogicalType::Row(columns)) => {
                let slots: Vec<usize> = (0..columns.len()).collect();
                Self::record(schema, node, columns, &slots)?
            }
            _ => return Err(unfit(schema, node, logical)),
        })
    }

    /// Of a record whose fields are these columns, which stand in those slots of the row.
    pub(super) fn record(
        schema: &AvroSchema,
        node: NodeId,
        columns: &[Field],
        slots: &[usize],
    ) -> Result<Self, FormatError> {
        let AvroNode::Record(record) = schema.node(node) else {
            return Err(unfit(schema, node, &LogicalType::Row(columns.into())));
        };
        let field = |((field, column), &slot): ((&AvroField, &Field), &usize)| {
            let step = Self::of(schema, field.node, &column.data_type.logical)?;
            Ok(WriteField { slot, name: field.name.clone(), step })
        };
        let fields = record.fields.iter().zip(columns).zip(slots).map(field);
        Ok(Self::Record(fields.collect::<Result<_, FormatError>>()?))
    }

    /// Of an event: the row before, the row after and what happened.
    pub(super) fn envelope(
        schema: &AvroSchema,
        node: NodeId,
        columns: &[Field],
        slots: &[usize],
    ) -> Result<Self, FormatError> {
        let row = |node: NodeId| match schema.node(node) {
            AvroNode::Union(branches) => {
                Self::optional_of(schema, branches, |node| Self::record(schema, node, columns, slots))
            }
            _ => Self::record(schema, node, columns, slots),
        };
        let AvroNode::Record(record) = schema.node(node) else {
            return Err(FormatError::new("the schema is no record"));
        };
        let field = |(slot, field): (usize, &AvroField)| {
            let step = match slot {
                OP => Self::of(schema, field.node, &LogicalType::STRING)?,
                _ => row(field.node)?,
            };
            Ok(WriteField { slot, name: field.name.clone(), step })
        };
        Ok(Self::Record(record.fields.iter().enumerate().map(field).collect::<Result<_, FormatError>>()?))
    }

    /// A union of `null` with what `step` writes.
    pub(super) fn optional_of(
        schema: &AvroSchema,
        branches: &[NodeId],
        step: impl FnOnce(NodeId) -> Result<Self, FormatError>,
    ) -> Result<Self, FormatError> {
        let position = |null: bool| branches.iter().position(|&branch| schema.is_null(branch) == null);
        let (Some(null), Some(other), [_, _]) = (position(true), position(false), branches) else {
            return Err(FormatError::new("a union of the schema is none of null and one other type"));
        };
        let name = schema.name(branches[other]).into();
        let step = Box::new(step(branches[other])?);
        // There are two.
        Ok(Self::Optional { null: null as i64, other: other as i64, name, step })
    }

    fn optional(
        schema: &AvroSchema,
        branches: &[NodeId],
        logical: &LogicalType,
    ) -> Result<Self, FormatError> {
        Self::optional_of(schema, branches, |other| Self::of(schema, other, logical))
    }
}

fn scalar(primitive: Primitive, annotation: Option<Annotation>, logical: &LogicalType) -> Option<WriteStep> {
    use LogicalType::{BigInt, Binary, Boolean, Char, Date, Decimal, Double, Float, Int, SmallInt};
    use LogicalType::{Time, Timestamp, TimestampLtz, TinyInt, VarBinary, VarChar};
    let unit = match annotation {
        Some(Annotation::Timestamp(unit) | Annotation::LocalTimestamp(unit)) => Some(unit),
        _ => None,
    };
    Some(match (primitive, logical) {
        (Primitive::Boolean, Boolean) => WriteStep::Boolean,
        (Primitive::Int, TinyInt | SmallInt | Int | Date | Time(_)) => WriteStep::Int,
        (Primitive::Long, Timestamp(_) | TimestampLtz(_)) => match unit? {
            AvroTimeUnit::Millis => WriteStep::TimestampMillis,
            AvroTimeUnit::Micros => WriteStep::TimestampMicros,
            AvroTimeUnit::Nanos => return None,
        },
        (Primitive::Long, BigInt) => WriteStep::Long,
        (Primitive::Float, Float) => WriteStep::Float,
        (Primitive::Double, Double) => WriteStep::Double,
        (Primitive::Bytes, Decimal { .. }) => WriteStep::Decimal,
        (Primitive::Bytes, Binary(_) | VarBinary(_)) => WriteStep::Bytes,
        (Primitive::String, Char(_) | VarChar(_)) => WriteStep::String,
        _ => return None,
    })
}

fn unfit(schema: &AvroSchema, node: NodeId, logical: &LogicalType) -> FormatError {
    FormatError::new(format!("a {logical} cannot be written as {} of the schema", schema.name(node)))
}

/// The place of `op` in an event, behind `before` and `after`.
const OP: usize = 2;
