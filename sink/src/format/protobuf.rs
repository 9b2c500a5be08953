//! The `protobuf` format: a message for each row, by a description that stands in a file.

use self::shape::MessageShape;
use super::{
    DecodeError, Decoder, DecodingFormat, EncodeError, Encoded, Encoder, EncodingFormat, FormatError,
    FormatSpec, Ready,
};
use crate::option::{OptionKind, OptionSet, OptionSpec};
use crate::row::{Arena, Row, RowKind};
use crate::types::Field;

mod descriptor;
mod message_reader;
mod message_writer;
mod proto_wire;
mod shape;

/// The row of the table.
pub(super) const PROTOBUF: FormatSpec = FormatSpec {
    name: "protobuf",
    about: "A message of Protocol Buffers for each row",
    options: &[MESSAGE_CLASS, DESCRIPTOR_FILE, IGNORE_PARSE_ERRORS, READ_DEFAULTS, NULL_TEXT],
    metadata: &[],
    carries_changes: false,
    decoding: Some(decoding),
    encoding: Some(encoding),
};

const MESSAGE_CLASS: OptionSpec = OptionSpec {
    key: "message-class-name",
    kind: OptionKind::String,
    default: None,
    since: "1.16",
    about: "The message: its full name, or the Java class that Flink wants, whose last part names it",
};
const DESCRIPTOR_FILE: OptionSpec = OptionSpec {
    key: "descriptor-file",
    kind: OptionKind::String,
    default: None,
    since: "here",
    about: "Where the message is described, which Flink takes from the class: a .proto file, whose imports lie beside \
            it, or a set of descriptors that protoc or buf wrote",
};
const IGNORE_PARSE_ERRORS: OptionSpec = OptionSpec {
    key: "ignore-parse-errors",
    kind: OptionKind::Bool,
    default: Some("false"),
    since: "1.16",
    about: "Whether messages that cannot be read are skipped",
};
const READ_DEFAULTS: OptionSpec = OptionSpec {
    key: "read-default-values",
    kind: OptionKind::Bool,
    default: Some("false"),
    since: "1.16",
    about: "Whether fields that are not set give their defaults and not NULL; single values of proto3 always do",
};
const NULL_TEXT: OptionSpec = OptionSpec {
    key: "write-null-string-literal",
    kind: OptionKind::String,
    default: Some(""),
    since: "1.16",
    about: "What is written for a NULL string in a list or a map",
};

fn decoding(
    options: &OptionSet,
    columns: &[Field],
    _: &[&str],
) -> Result<Box<dyn DecodingFormat>, FormatError> {
    let slots: Vec<usize> = (0..columns.len()).collect();
    let shape = shape(options, columns, &slots)?;
    let ignore_parse_errors = options.is_true(IGNORE_PARSE_ERRORS.key);
    Ok(Ready::decoding(PROTOBUF.name, ProtobufDecoder { shape, ignore_parse_errors }))
}

fn encoding(
    options: &OptionSet,
    columns: &[Field],
    slots: &[usize],
) -> Result<Box<dyn EncodingFormat>, FormatError> {
    let written: Vec<Field> = slots.iter().map(|&slot| columns[slot].clone()).collect();
    let shape = shape(options, &written, slots)?;
    let null_text = options.text(NULL_TEXT.key).unwrap_or_default().into();
    Ok(Ready::encoding(PROTOBUF.name, ProtobufEncoder { shape, null_text }))
}

fn shape(options: &OptionSet, columns: &[Field], slots: &[usize]) -> Result<MessageShape, FormatError> {
    let given = |spec: &OptionSpec| {
        let missing = || FormatError::new(format!("'{}' is missing: {}", spec.key, spec.about));
        options.text(spec.key).ok_or_else(missing)
    };
    let class = given(&MESSAGE_CLASS)?;
    let message = descriptor::message(given(&DESCRIPTOR_FILE)?, class).map_err(FormatError::new)?;
    MessageShape::of(&message, columns, slots, options.is_true(READ_DEFAULTS.key))
}

struct ProtobufDecoder {
    shape: MessageShape,
    ignore_parse_errors: bool,
}

impl Decoder for ProtobufDecoder {
    fn decode<'a>(
        &self,
        bytes: Option<&'a [u8]>,
        arena: &'a Arena,
        each: &mut dyn FnMut(RowKind, Option<Row<'a>>),
    ) -> Result<(), DecodeError> {
        let row = match bytes {
            Some(message) => message_reader::row(&self.shape, message, arena),
            None => Err(DecodeError::refused("the message is null, which is no message of protobuf")),
        };
        match row {
            Ok(row) => each(RowKind::Insert, Some(row)),
            Err(_) if self.ignore_parse_errors => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

struct ProtobufEncoder {
    shape: MessageShape,
    null_text: Box<str>,
}

impl Encoder for ProtobufEncoder {
    fn encode(&self, _: RowKind, row: Row<'_>, out: &mut Vec<u8>) -> Result<Encoded, EncodeError> {
        message_writer::write(&self.shape, row, &self.null_text, out)?;
        Ok(Encoded::Bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::option::OptionValue;
    use crate::row::Value;
    use crate::types::LogicalType;

    const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/data/flink/formats/golden.proto");

    fn options(file: &str, class: &str) -> OptionSet {
        let mut options = OptionSet::default();
        options.insert(DESCRIPTOR_FILE.key, OptionValue::String(file.to_owned()));
        options.insert(MESSAGE_CLASS.key, OptionValue::String(class.to_owned()));
        options
    }

    fn inner() -> [Field; 1] {
        let fields =
            [Field::new("x", LogicalType::Int.nullable()), Field::new("y", LogicalType::STRING.nullable())];
        [Field::new("inner", LogicalType::Row(fields.into()).nullable())]
    }

    /// Pieces of one message are one message, as the encoding guide has it.
    #[test]
    fn a_message_in_pieces_is_merged() {
        let shape = shape(&options(GOLDEN, "golden.All"), &inner(), &[0]).unwrap();
        let arena = Arena::new();
        let pieces = [0x52, 2, 8, 7, 0x52, 3, 0x12, 1, b'y', 0x52, 2, 8, 9];
        let row = message_reader::row(&shape, &pieces, &arena).unwrap();
        assert_eq!(row, [Value::Row(&[Value::Int(9), Value::String("y")])]);
    }

    #[test]
    fn hostile_messages_are_refused() {
        let shape = shape(&options(GOLDEN, "golden.All"), &inner(), &[0]).unwrap();
        let groups = [0x0b; 1_000];
        let long = [8, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1];
        for (message, why) in [
            (&groups[..], "100 deep"),
            (&long, "more than ten bytes"),
            (&[0x0c], "the end of a group that did not begin"),
            (&[0x52, 0xff, 0xff, 0xff, 0xff, 0x0f], "ends within a field"),
            (&[0x07], "a tag of a kind that there is not"),
        ] {
            let error = message_reader::row(&shape, message, &Arena::new()).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn a_message_is_found_by_its_name_or_its_java_class_and_what_is_there_is_told() {
        for class in ["golden.All", "com.shop.Protos$All", "All"] {
            assert!(shape(&options(GOLDEN, class), &inner(), &[0]).is_ok(), "{class}");
        }
        for (file, class, why) in [
            (GOLDEN, "golden.Nope", "has no message 'golden.Nope'; there are: golden.All, golden.Inner"),
            ("/nowhere.proto", "A", "/nowhere.proto"),
            (concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"), "A", "neither a .proto file nor a set"),
        ] {
            let error = shape(&options(file, class), &inner(), &[0]).unwrap_err().to_string();
            assert!(error.contains(why), "{error}");
        }
        let error = decoding(&OptionSet::default(), &inner(), &[]).unwrap_err().to_string();
        assert!(error.contains("'message-class-name' is missing"), "{error}");
    }
}
