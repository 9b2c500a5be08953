//! The types that metadata have by themselves.

use crate::deserializer::ReadableMetadata;
use crate::format::FormatSpec;
use crate::options::Options;
use crate::types::DataType;

/// The type that a metadata column has by itself, whatever its declaration makes of it; `None` where there is no such
/// metadata.
pub(super) fn data_type(options: &Options, key: &str) -> Option<DataType> {
    if let Some(key) = key.strip_prefix(OF_VALUE) {
        let format = ["format", "value.format"].iter().find_map(|it| options.get(*it))?;
        let metadata = FormatSpec::named(&format.value)?.metadata;
        return metadata.iter().find(|it| it.key == key).map(|it| (it.data_type)());
    }
    READABLE.iter().find(|it| it.key() == key).map(|it| it.data_type())
}

/// How the keys of a format's metadata begin.
pub(super) const OF_VALUE: &str = "value.";

/// What every record has.
pub(super) const READABLE: [ReadableMetadata; 8] = ReadableMetadata::ALL;
