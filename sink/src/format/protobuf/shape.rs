//! A message as the columns of a table see it: bound once, by the fields' numbers.

use std::sync::Arc;

use prost_reflect::{Cardinality, FieldDescriptor, Kind, MessageDescriptor, Syntax, Value as ProtoValue};

use crate::format::FormatError;
use crate::types::{DataType, Field, LogicalType};

/// The fields of a message that are columns, and those whose arrival unsets one.
#[derive(Debug)]
pub(super) struct MessageShape {
    /// By their numbers.
    pub(super) fields: Box<[FieldShape]>,
    /// How many columns a row of it has.
    pub(super) width: usize,
}

/// A field.
#[derive(Debug)]
pub(super) struct FieldShape {
    pub(super) number: u32,
    pub(super) name: Box<str>,
    /// The column in the row; `None` where the table has none, and the field is of a oneof that it has.
    pub(super) column: Option<usize>,
    pub(super) repeats: Repeats,
    pub(super) item: ItemShape,
    /// Whether a field that is set to its default is told from one that is not set.
    pub(super) has_presence: bool,
    /// Columns of the same oneof, of which one is set at most.
    pub(super) siblings: Box<[usize]>,
    /// What a message without the field gives.
    pub(super) absent: Absent,
    pub(super) data_type: LogicalType,
}

/// How often a field may be there.
#[derive(Debug)]
pub(super) enum Repeats {
    Once,
    List {
        packed: bool,
    },
    /// The item is the value; here are the key and its column's type.
    Map(Box<ItemShape>),
}

/// What a column is where its field is not set.
#[derive(Debug)]
pub(super) enum Absent {
    Null,
    /// The field's default, or an empty list, map or message.
    Default(Box<DefaultValue>),
}

/// A field's default.
#[derive(Debug)]
pub(super) enum DefaultValue {
    Integer(i64),
    Floating(f64),
    Boolean(bool),
    Text(Box<str>),
    Bytes(Box<[u8]>),
    Empty,
}

/// One value.
#[derive(Clone, Debug)]
pub(super) enum ItemShape {
    Boolean,
    Integer(Wire, WireWidth),
    Float,
    Double,
    /// Whether what is not UTF-8 is refused, as under proto3.
    String {
        strict: bool,
    },
    Bytes,
    Enum(Arc<EnumShape>, EnumColumn),
    Message(Arc<MessageShape>),
}

/// How a whole number is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wire {
    Varint,
    /// A varint of the lower 32 bits, without a sign.
    Unsigned,
    Zigzag,
    Fixed,
}

/// How wide a whole number is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WireWidth {
    Int,
    BigInt,
}

/// The names of an enum.
#[derive(Debug)]
pub(super) struct EnumShape {
    pub(super) values: Box<[(i32, Box<str>)]>,
    /// Whether numbers without a name are values, as under proto3.
    pub(super) open: bool,
}

/// What an enum's column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EnumColumn {
    Name,
    Int,
    BigInt,
}

impl MessageShape {
    /// Of these columns, which stand in those slots of a row of `width`.
    pub(super) fn of(
        message: &MessageDescriptor,
        columns: &[Field],
        slots: &[usize],
        defaults: bool,
    ) -> Result<Self, FormatError> {
        let mut fields = Vec::new();
        for (column, &slot) in columns.iter().zip(slots) {
            let Some(field) = message.get_field_by_name(&column.name) else {
                let name = message.full_name();
                return Err(FormatError::new(format!(
                    "column {}: the message {name} has no such field",
                    column.name
                )));
            };
            let mut shape = FieldShape::of(&field, &column.data_type, slot, defaults)?;
            shape.siblings = siblings(&field, columns, slots, slot);
            fields.push(shape);
        }
        for field in message.fields() {
            let siblings = siblings(&field, columns, slots, usize::MAX);
            if columns.iter().all(|column| *column.name != *field.name()) && !siblings.is_empty() {
                fields.push(FieldShape::unsetting(&field, siblings));
            }
        }
        fields.sort_by_key(|field| field.number);
        let width = slots.iter().map(|slot| slot + 1).max().unwrap_or(0);
        Ok(Self { fields: fields.into(), width })
    }

    /// The field of that number.
    #[inline]
    pub(super) fn find(&self, number: u32) -> Option<&FieldShape> {
        // Most messages number their fields from 1 on.
        let likely = self.fields.get((number as usize).wrapping_sub(1));
        likely.filter(|field| field.number == number).or_else(|| {
            let found = self.fields.binary_search_by_key(&number, |field| field.number);
            found.ok().map(|at| &self.fields[at])
        })
    }
}

fn siblings(field: &FieldDescriptor, columns: &[Field], slots: &[usize], own: usize) -> Box<[usize]> {
    let Some(oneof) = field.containing_oneof() else { return Box::new([]) };
    let of_it = |name: &str| oneof.fields().any(|other| other.name() == name);
    let others = columns.iter().zip(slots).filter(|(column, slot)| of_it(&column.name) && **slot != own);
    others.map(|(_, slot)| *slot).collect()
}

impl FieldShape {
    fn of(
        field: &FieldDescriptor,
        data_type: &DataType,
        slot: usize,
        defaults: bool,
    ) -> Result<Self, FormatError> {
        let logical = &data_type.logical;
        let unfit = |wanted: &str| unfit(field, logical, wanted);
        let proto3 = field.parent_file().syntax() != Syntax::Proto2;
        let (repeats, item) = match (logical, field.kind()) {
            (LogicalType::Map(key, value), Kind::Message(entry)) if field.is_map() => {
                let key = ItemShape::of(&entry.map_entry_key_field(), &key.logical, defaults)?;
                let value = ItemShape::of(&entry.map_entry_value_field(), &value.logical, defaults)?;
                (Repeats::Map(Box::new(key)), value)
            }
            _ if field.is_map() => return Err(unfit("a MAP")),
            (LogicalType::Array(item), _) if field.is_list() => {
                (Repeats::List { packed: field.is_packed() }, ItemShape::of(field, &item.logical, defaults)?)
            }
            _ if field.is_list() => return Err(unfit("an ARRAY")),
            _ => (Repeats::Once, ItemShape::of(field, logical, defaults)?),
        };
        let is_single = matches!(repeats, Repeats::Once) && !matches!(item, ItemShape::Message(_));
        let absent = match defaults || proto3 && is_single {
            false => Absent::Null,
            true => Absent::Default(Box::new(default_of(field, &repeats, &item))),
        };
        Ok(Self {
            number: field.number(),
            name: field.name().into(),
            column: Some(slot),
            repeats,
            item,
            has_presence: field.supports_presence() || field.cardinality() == Cardinality::Required,
            siblings: Box::new([]),
            absent,
            data_type: logical.clone(),
        })
    }

    /// A field without a column, which unsets others.
    fn unsetting(field: &FieldDescriptor, siblings: Box<[usize]>) -> Self {
        Self {
            number: field.number(),
            name: field.name().into(),
            column: None,
            repeats: Repeats::Once,
            item: ItemShape::Bytes,
            has_presence: true,
            siblings,
            absent: Absent::Null,
            data_type: LogicalType::BYTES,
        }
    }
}

impl ItemShape {
    fn of(field: &FieldDescriptor, logical: &LogicalType, defaults: bool) -> Result<Self, FormatError> {
        use LogicalType::{BigInt, Boolean, Double, Float, Int};
        let integer = |wire, width| Ok(Self::Integer(wire, width));
        let unfit = |wanted: &str| Err(unfit(field, logical, wanted));
        match (field.kind(), logical) {
            (Kind::Bool, Boolean) => Ok(Self::Boolean),
            (Kind::Int32, Int) => integer(Wire::Varint, WireWidth::Int),
            (Kind::Uint32, Int) => integer(Wire::Unsigned, WireWidth::Int),
            (Kind::Sint32, Int) => integer(Wire::Zigzag, WireWidth::Int),
            (Kind::Fixed32 | Kind::Sfixed32, Int) => integer(Wire::Fixed, WireWidth::Int),
            (Kind::Int64 | Kind::Uint64, BigInt) => integer(Wire::Varint, WireWidth::BigInt),
            (Kind::Sint64, BigInt) => integer(Wire::Zigzag, WireWidth::BigInt),
            (Kind::Fixed64 | Kind::Sfixed64, BigInt) => integer(Wire::Fixed, WireWidth::BigInt),
            (Kind::Float, Float) => Ok(Self::Float),
            (Kind::Double, Double) => Ok(Self::Double),
            (Kind::String, LogicalType::Char(_) | LogicalType::VarChar(_)) => {
                Ok(Self::String { strict: field.parent_file().syntax() != Syntax::Proto2 })
            }
            (Kind::Bytes, LogicalType::Binary(_) | LogicalType::VarBinary(_)) => Ok(Self::Bytes),
            (Kind::Enum(values), _) => {
                let column = match logical {
                    LogicalType::Char(_) | LogicalType::VarChar(_) => EnumColumn::Name,
                    Int => EnumColumn::Int,
                    BigInt => EnumColumn::BigInt,
                    _ => return unfit("a STRING, an INT or a BIGINT"),
                };
                let open = values.parent_file().syntax() != Syntax::Proto2;
                let values = values.values().map(|it| (it.number(), it.name().into())).collect();
                Ok(Self::Enum(Arc::new(EnumShape { values, open }), column))
            }
            (Kind::Message(message), LogicalType::Row(fields)) => {
                let slots: Vec<usize> = (0..fields.len()).collect();
                Ok(Self::Message(Arc::new(MessageShape::of(&message, fields, &slots, defaults)?)))
            }
            (kind, _) => unfit(column_of(&kind)),
        }
    }

    /// Whether items may stand behind one length.
    pub(super) fn is_packable(&self) -> bool {
        !matches!(self, Self::String { .. } | Self::Bytes | Self::Message(_))
    }
}

fn default_of(field: &FieldDescriptor, repeats: &Repeats, item: &ItemShape) -> DefaultValue {
    if !matches!(repeats, Repeats::Once) || matches!(item, ItemShape::Message(_)) {
        return DefaultValue::Empty;
    }
    match field.default_value() {
        ProtoValue::Bool(value) => DefaultValue::Boolean(value),
        ProtoValue::I32(value) | ProtoValue::EnumNumber(value) => DefaultValue::Integer(value.into()),
        // Java's ints and longs have signs.
        ProtoValue::U32(value) => DefaultValue::Integer((value as i32).into()),
        ProtoValue::I64(value) => DefaultValue::Integer(value),
        ProtoValue::U64(value) => DefaultValue::Integer(value as i64),
        ProtoValue::F32(value) => DefaultValue::Floating(value.into()),
        ProtoValue::F64(value) => DefaultValue::Floating(value),
        ProtoValue::String(text) => DefaultValue::Text(text.into()),
        ProtoValue::Bytes(bytes) => DefaultValue::Bytes(bytes.to_vec().into()),
        _ => DefaultValue::Empty,
    }
}

fn unfit(field: &FieldDescriptor, logical: &LogicalType, wanted: &str) -> FormatError {
    FormatError::new(format!(
        "column {}: protobuf's {:?} is {wanted}, not {logical}",
        field.name(),
        field.kind()
    ))
}

fn column_of(kind: &Kind) -> &'static str {
    match kind {
        Kind::Bool => "a BOOLEAN",
        Kind::Float => "a FLOAT",
        Kind::Double => "a DOUBLE",
        Kind::String => "a STRING",
        Kind::Bytes => "a BYTES",
        Kind::Message(_) => "a ROW",
        Kind::Enum(_) => "a STRING",
        Kind::Int32 | Kind::Uint32 | Kind::Sint32 | Kind::Fixed32 | Kind::Sfixed32 => "an INT",
        _ => "a BIGINT",
    }
}
