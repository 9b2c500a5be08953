//! `wire decode`: bytes to JSON.

use serde_json::{Value, json};
use upsert_kafka_protocol::json::decode;
use upsert_kafka_protocol::schema::Direction;
use upsert_kafka_protocol::{Bytes, Limits};

use super::fault::{Fault, wrong};
use super::frame::{self, Frame};
use super::named::{self, Target};
use super::{input, records};
use crate::args::Args;
use crate::exit::Failure;
use crate::output::Output;

pub(super) fn run(args: &Args, out: &mut Output) -> Result<(), Failure> {
    let mut view = if args.has("--frame") { framed(args)? } else { plain(args)? };
    if args.has("--records") {
        records::show(&mut view, Limits::default().decompressed_bytes_max);
    }
    out.write(format!("{view:#}\n"))
}

fn plain(args: &Args) -> Result<Value, Failure> {
    let target = Target::of(args)?;
    let body = input::bytes(args)?;
    decode(target.schema, target.version, &body).map_err(|e| Fault::malformed(target, 0, &e).failure(&body))
}

fn framed(args: &Args) -> Result<Value, Failure> {
    let answered = answered(args)?;
    let input = input::bytes(args)?;
    let taken_apart = |content: Bytes| match answered {
        Some(target) => Frame::response(&content, target),
        None => Frame::request(&content),
    };
    let frame = frame::content(&input).and_then(taken_apart).map_err(|fault| fault.failure(&input))?;
    as_told(args, &frame)?;
    let body = frame.view().map_err(|fault| fault.failure(&input))?;
    Ok(json!({ "header": frame.header, "body": body }))
}

/// Of a response what the flags say; a request says it itself.
fn answered(args: &Args) -> Result<Option<Target>, Failure> {
    let direction = match (named::direction(args)?, args.value("--api")) {
        (None, Some(name)) => match named::messages(name)?[..] {
            [one] => Some(one.direction),
            _ => return Target::of(args).map(Some),
        },
        (direction, _) => direction,
    };
    match direction {
        None | Some(Direction::Request) => Ok(None),
        Some(Direction::Response) => Target::of(args).map(Some),
        Some(other) => Err(Failure::usage(format!("--frame: {other} travels in no frame"))),
    }
}

/// Where the flags name what the frame names too, they must agree.
fn as_told(args: &Args, frame: &Frame) -> Result<(), Failure> {
    let Target { schema, version } = frame.target;
    if let Some(name) = args.value("--api")
        && named::messages(name)?.iter().all(|it| it.name() != schema.name())
    {
        return Err(wrong(format!("the frame holds {}, not {name}", frame.target)));
    }
    match args.optional::<i16>("--version")? {
        Some(told) if told != version && schema.direction == Direction::Request => {
            Err(wrong(format!("the frame holds {}, not version {told}", frame.target)))
        }
        _ => Ok(()),
    }
}
