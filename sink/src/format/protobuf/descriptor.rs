//! Where a table's message is described: a `.proto` file, or a set of descriptors that protoc or buf wrote.

use std::path::Path;

use prost_reflect::{DescriptorPool, MessageDescriptor};
use protox::Compiler;

/// The message that a Java class is of, in that file. The error is a sentence.
pub(super) fn message(file: &str, class: &str) -> Result<MessageDescriptor, String> {
    let pool = pool(file)?;
    let dotted = class.replace('$', ".");
    if let Some(message) = pool.get_message_by_name(&dotted) {
        return Ok(message);
    }
    // Java's package and outer class are options of the file, and no part of the message's name.
    let parts: Vec<&str> = dotted.split('.').collect();
    for from in 0..parts.len() {
        let tail = parts[from..].join(".");
        let named = |message: &MessageDescriptor| {
            let name = message.full_name();
            name == tail || name.strip_suffix(&*tail).is_some_and(|rest| rest.ends_with('.'))
        };
        let found: Vec<MessageDescriptor> = pool.all_messages().filter(named).collect();
        match &found[..] {
            [] => {}
            [only] => return Ok(only.clone()),
            several => {
                let names = names(several.iter());
                return Err(format!(
                    "'{class}' may be any of the messages {names}: write the full name of one"
                ));
            }
        }
    }
    let all: Vec<MessageDescriptor> = pool.all_messages().filter(|it| !it.is_map_entry()).collect();
    let here = all.iter().filter(|it| !it.full_name().starts_with("google.protobuf."));
    Err(format!("{file} has no message '{class}'; there are: {}", names(here)))
}

fn names<'m>(messages: impl Iterator<Item = &'m MessageDescriptor>) -> String {
    let mut names: Vec<String> = messages.take(NAMES_MAX + 1).map(|it| it.full_name().to_owned()).collect();
    if names.len() > NAMES_MAX {
        names[NAMES_MAX] = "…".to_owned();
    }
    names.join(", ")
}

fn pool(file: &str) -> Result<DescriptorPool, String> {
    let path = Path::new(file);
    if path.extension().is_some_and(|extension| extension == "proto") {
        let folder = path.parent().filter(|it| !it.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut compiler = Compiler::new([folder]).map_err(|error| format!("{file}: {error}"))?;
        compiler.include_imports(true).include_source_info(false);
        compiler.open_file(path).map_err(|error| format!("{file}: {error:#}"))?;
        return Ok(compiler.descriptor_pool());
    }
    let size = std::fs::metadata(path).map_err(|error| format!("{file}: {error}"))?.len();
    if size > FILE_BYTES_MAX {
        return Err(format!("{file} has {size} bytes, more than the {FILE_BYTES_MAX} that are read"));
    }
    let bytes = std::fs::read(path).map_err(|error| format!("{file}: {error}"))?;
    DescriptorPool::decode(&*bytes).map_err(|error| {
        format!(
            "{file} is neither a .proto file nor a set of descriptors (protoc --descriptor_set_out, with \
             --include_imports): {error}"
        )
    })
}

/// Messages that a sentence names.
const NAMES_MAX: usize = 10;
/// A set of descriptors.
const FILE_BYTES_MAX: u64 = 64 << 20;
