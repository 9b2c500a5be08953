//! What is given: as an operand, on standard input, in a file.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};

use flate2::read::MultiGzDecoder;
use serde_json::Value;
use upsert_kafka_protocol::Bytes;

use super::fault::wrong;
use crate::args::Args;
use crate::exit::Failure;
use crate::hex;

/// Bytes as hexadecimal text, or with `--binary` as they are.
pub(super) fn bytes(args: &Args) -> Result<Bytes, Failure> {
    if !args.has("--binary") {
        return hex::decode(&text(args)?).map(Bytes::from).map_err(wrong);
    }
    match args.optional_operand(0) {
        None | Some("-") => standard_input().map(Bytes::from),
        Some(_) => Err(Failure::usage("--binary reads standard input: leave the operand out")),
    }
}

/// A JSON document.
pub(super) fn json(args: &Args) -> Result<Value, Failure> {
    serde_json::from_str(&text(args)?).map_err(|e| wrong(format!("not JSON: {e}")))
}

/// A whole file.
pub(super) fn file(path: &str) -> Result<Bytes, Failure> {
    std::fs::read(path).map(Bytes::from).map_err(|e| wrong(format!("{path}: {e}")))
}

/// The lines of a file, plain or gzip.
pub(super) fn lines(path: &str) -> Result<impl Iterator<Item = Result<Vec<u8>, Failure>>, Failure> {
    let failed = move |e: std::io::Error| wrong(format!("{path}: {e}"));
    let mut file = BufReader::new(File::open(path).map_err(failed)?);
    let zipped = file.fill_buf().map_err(failed)?.starts_with(GZIP);
    let text: Box<dyn BufRead> =
        if zipped { Box::new(BufReader::new(MultiGzDecoder::new(file))) } else { Box::new(file) };
    Ok(text.split(b'\n').map(move |line| line.map_err(failed)))
}

/// The operand; `-` or none is standard input.
fn text(args: &Args) -> Result<String, Failure> {
    match args.optional_operand(0) {
        None | Some("-") => {
            String::from_utf8(standard_input()?).map_err(|e| wrong(format!("standard input: {e}")))
        }
        Some(text) => Ok(text.to_owned()),
    }
}

fn standard_input() -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let read = std::io::stdin().lock().read_to_end(&mut bytes);
    read.map(|_| bytes).map_err(|e| wrong(format!("standard input: {e}")))
}

const GZIP: &[u8] = &[0x1f, 0x8b];
