//! Schema resolution: what a writer's schema is to a reader's (the specification's "Schema Resolution").

use crate::types::{Field, LogicalType};

use super::default_value::default_bytes;
use super::node::{Annotation, AvroField, AvroNode, AvroRecord, AvroTimeUnit, NodeId, Primitive};
use super::schema::AvroSchema;
use super::step::{DefaultStep, FieldStep, OfInt, OfLong, ReadStep, RecordSteps};

/// Both schemas, while their steps are made.
pub(super) struct Resolution<'s> {
    writer: &'s AvroSchema,
    reader: &'s AvroSchema,
    steps_left: usize,
}

impl<'s> Resolution<'s> {
    /// How a message of the writer's becomes a row of these columns. It never fails: what does not fit is an error of
    /// the messages that need it.
    pub(super) fn resolve(writer: &'s AvroSchema, reader: &'s AvroSchema, columns: &[Field]) -> ReadStep {
        let mut resolution = Self { writer, reader, steps_left: STEPS_MAX };
        resolution.step(writer.root(), reader.root(), &LogicalType::Row(columns.into()))
    }

    fn step(&mut self, writer: NodeId, reader: NodeId, logical: &LogicalType) -> ReadStep {
        if self.steps_left == 0 {
            return ReadStep::Mismatch(format!("more than {STEPS_MAX} cases are to be told apart").into());
        }
        self.steps_left -= 1;
        match (self.writer.node(writer), self.reader.node(reader)) {
            (AvroNode::Union(branches), _) => self.writers_union(branches, reader, logical),
            (_, AvroNode::Union(branches)) => match self.branch(writer, branches) {
                Some(branch) => self.step(writer, branch, logical),
                None => self.mismatch(writer, reader),
            },
            (AvroNode::Primitive(from, written), AvroNode::Primitive(to, read)) => {
                primitive((*from, *written), (*to, *read), logical)
                    .unwrap_or_else(|why| self.refused(writer, reader, why))
            }
            (AvroNode::Record(from), AvroNode::Record(to)) => self.record(from, to, logical),
            (AvroNode::Array(from), AvroNode::Array(to)) => match logical {
                LogicalType::Array(item) => ReadStep::Array(Box::new(self.step(*from, *to, &item.logical))),
                _ => self.mismatch(writer, reader),
            },
            (AvroNode::Map(from), AvroNode::Map(to)) => match logical {
                LogicalType::Map(_, value) => ReadStep::Map(Box::new(self.step(*from, *to, &value.logical))),
                LogicalType::Multiset(_) => ReadStep::Map(Box::new(self.step(*from, *to, &LogicalType::Int))),
                _ => self.mismatch(writer, reader),
            },
            (AvroNode::Enum { symbols: from, .. }, AvroNode::Enum { symbols: to, default, .. }) => {
                let known = |symbol: &str| to.iter().any(|it| **it == *symbol).then(|| Box::from(symbol));
                ReadStep::Enum(from.iter().map(|symbol| known(symbol).or_else(|| default.clone())).collect())
            }
            (AvroNode::Fixed { size: from, .. }, AvroNode::Fixed { size: to, .. }) if from == to => {
                match logical {
                    LogicalType::Decimal { precision, .. } => {
                        ReadStep::Decimal { precision: *precision, size: Some(*to) }
                    }
                    _ => ReadStep::Fixed(*to),
                }
            }
            _ => self.mismatch(writer, reader),
        }
    }

    fn writers_union(&mut self, branches: &[NodeId], reader: NodeId, logical: &LogicalType) -> ReadStep {
        let named = |this: &mut Self, branch: NodeId| {
            (Box::from(this.writer.name(branch)), this.step(branch, reader, logical))
        };
        let takes_null = match self.reader.node(reader) {
            AvroNode::Union(readers) => readers.iter().any(|&branch| self.reader.is_null(branch)),
            _ => self.reader.is_null(reader),
        };
        match *branches {
            [null, other] if self.writer.is_null(null) && takes_null => {
                ReadStep::Optional(Box::new(named(self, other)))
            }
            _ => ReadStep::Union(branches.iter().map(|&branch| named(self, branch)).collect()),
        }
    }

    /// The reader's branch that a writer's type is read as: its own kind, else one that it can be promoted to.
    fn branch(&self, writer: NodeId, branches: &[NodeId]) -> Option<NodeId> {
        let kind = |schema: &AvroSchema, id| std::mem::discriminant(schema.node(id));
        let same = branches.iter().copied().find(|&branch| {
            match (self.writer.node(writer), self.reader.node(branch)) {
                (AvroNode::Primitive(from, _), AvroNode::Primitive(to, _)) => from == to,
                _ => kind(self.writer, writer) == kind(self.reader, branch),
            }
        });
        same.or_else(|| {
            branches.iter().copied().find(|&branch| {
                match (self.writer.node(writer), self.reader.node(branch)) {
                    (AvroNode::Primitive(from, _), AvroNode::Primitive(to, _)) => promotes(*from, *to),
                    _ => false,
                }
            })
        })
    }

    fn record(&mut self, writer: &AvroRecord, reader: &AvroRecord, logical: &LogicalType) -> ReadStep {
        let LogicalType::Row(columns) = logical else {
            return ReadStep::Mismatch(format!("a record is no {logical}").into());
        };
        let reads = |field: &AvroField, from: &AvroField| {
            field.name == from.name || field.aliases.contains(&from.name)
        };
        let mut missing = vec![true; reader.fields.len()];
        let mut fields = Vec::with_capacity(writer.fields.len());
        for from in &writer.fields {
            let found = reader.fields.iter().zip(columns.iter()).position(|(field, _)| reads(field, from));
            fields.push(match found {
                Some(slot) => {
                    missing[slot] = false;
                    let logical = &columns[slot].data_type.logical;
                    let step = self.step(from.node, reader.fields[slot].node, logical);
                    let name = columns[slot].name.clone();
                    FieldStep::Read { slot, name, data_type: logical.clone(), step }
                }
                None => FieldStep::Skip(from.name.clone(), from.node),
            });
        }
        let mut defaults = Vec::new();
        for (slot, (field, column)) in reader.fields.iter().zip(columns.iter()).enumerate() {
            if missing[slot] {
                match self.default(slot, field, &column.data_type.logical) {
                    Ok(default) => defaults.extend(default),
                    Err(why) => {
                        return ReadStep::Mismatch(
                            format!("the writer's record {} {why}", writer.name).into(),
                        );
                    }
                }
            }
        }
        let width = columns.len();
        ReadStep::Record(RecordSteps { width, fields: fields.into(), defaults: defaults.into() })
    }

    /// What a column holds that the writer does not have; nothing where that is NULL.
    fn default(
        &mut self,
        slot: usize,
        field: &AvroField,
        logical: &LogicalType,
    ) -> Result<Option<DefaultStep>, String> {
        let AvroField { name, node, default, .. } = field;
        let Some(default) = default else {
            return Err(format!(
                "has no field {name}, which is NOT NULL in the table and has no default: declare it without NOT NULL"
            ));
        };
        if default.is_null() {
            return Ok(None);
        }
        let bytes = default_bytes(self.reader, *node, default)
            .ok_or_else(|| format!("has no field {name}, whose default {default} is not of its type"))?;
        let reader = self.reader;
        let mut own = Resolution { writer: reader, reader, steps_left: self.steps_left };
        let step = own.step(*node, *node, logical);
        self.steps_left = own.steps_left;
        Ok(Some(DefaultStep { slot, bytes: bytes.into(), step }))
    }

    fn mismatch(&self, writer: NodeId, reader: NodeId) -> ReadStep {
        self.refused(writer, reader, String::new())
    }

    fn refused(&self, writer: NodeId, reader: NodeId, why: String) -> ReadStep {
        let wanted = self.reader.not_null(reader).unwrap_or(reader);
        let (found, wanted) = (self.writer.name(writer), self.reader.name(wanted));
        let why = if why.is_empty() { why } else { format!(": {why}") };
        ReadStep::Mismatch(format!("the writer's type is {found}, and the table's is {wanted}{why}").into())
    }
}

/// A type with what it stands for.
type Annotated = (Primitive, Option<Annotation>);

fn primitive(writer: Annotated, reader: Annotated, logical: &LogicalType) -> Result<ReadStep, String> {
    let ((from, written), (to, read)) = (writer, reader);
    if from != to && !promotes(from, to) {
        return Err(String::new());
    }
    agree(written, read)?;
    Ok(match (to, logical) {
        (Primitive::Null, _) => ReadStep::Null,
        (Primitive::Boolean, _) => ReadStep::Boolean,
        (Primitive::Int, LogicalType::TinyInt) => ReadStep::Int(OfInt::TinyInt),
        (Primitive::Int, LogicalType::SmallInt) => ReadStep::Int(OfInt::SmallInt),
        (Primitive::Int, LogicalType::Date) => ReadStep::Int(OfInt::Date),
        (Primitive::Int, LogicalType::Time(_)) => ReadStep::Int(OfInt::Time),
        (Primitive::Int, _) => ReadStep::Int(OfInt::Int),
        (Primitive::Long, LogicalType::Timestamp(_) | LogicalType::TimestampLtz(_)) => {
            ReadStep::Long(if unit(read) == Some(AvroTimeUnit::Micros) {
                OfLong::TimestampMicros
            } else {
                OfLong::TimestampMillis
            })
        }
        (Primitive::Long, _) => ReadStep::Long(OfLong::BigInt),
        (Primitive::Float, _) if from == Primitive::Float => ReadStep::Float,
        (Primitive::Float, _) => ReadStep::FloatOfLong,
        (Primitive::Double, _) => match from {
            Primitive::Double => ReadStep::Double,
            Primitive::Float => ReadStep::DoubleOfFloat,
            _ => ReadStep::DoubleOfLong,
        },
        (Primitive::Bytes, LogicalType::Decimal { precision, .. }) => {
            ReadStep::Decimal { precision: *precision, size: None }
        }
        (Primitive::Bytes, _) => ReadStep::Bytes,
        (Primitive::String, _) => ReadStep::String,
    })
}

/// Whether every value of a type is one of the other.
fn promotes(from: Primitive, to: Primitive) -> bool {
    use Primitive::{Bytes, Double, Float, Int, Long, String};
    matches!(
        (from, to),
        (Int, Long | Float | Double)
            | (Long, Float | Double)
            | (Float, Double)
            | (String, Bytes)
            | (Bytes, String)
    )
}

/// Flink reads another unit or scale as if it were the table's own, and gives a time or an amount that nobody wrote.
fn agree(written: Option<Annotation>, read: Option<Annotation>) -> Result<(), String> {
    match (written, read) {
        (Some(Annotation::Decimal { scale: written, .. }), Some(Annotation::Decimal { scale: read, .. }))
            if written != read =>
        {
            Err(format!(
                "the writer's decimals have the scale {written}, the table's {read}: declare DECIMAL with a scale of {written}"
            ))
        }
        _ => match (unit(written), unit(read)) {
            (Some(written), Some(read)) if written != read => Err(format!(
                "the writer counts {}, the table {}: declare BIGINT, or TIMESTAMP(6) with the writer's schema as 'schema'",
                written.name(),
                read.name()
            )),
            _ => Ok(()),
        },
    }
}

fn unit(annotation: Option<Annotation>) -> Option<AvroTimeUnit> {
    match annotation? {
        Annotation::Time(unit) | Annotation::Timestamp(unit) | Annotation::LocalTimestamp(unit) => Some(unit),
        _ => None,
    }
}

impl AvroTimeUnit {
    fn name(self) -> &'static str {
        match self {
            Self::Millis => "milliseconds",
            Self::Micros => "microseconds",
            Self::Nanos => "nanoseconds",
        }
    }
}

/// Steps of one resolution: unions within unions multiply.
const STEPS_MAX: usize = 20_000;
