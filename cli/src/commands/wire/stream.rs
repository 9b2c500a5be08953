//! `wire stream`: what went over a connection, a line a frame.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Map, Value, json};
use upsert_kafka_protocol::schema::{Direction, Schema};
use upsert_kafka_protocol::{Bytes, header};

use super::fault::{Fault, wrong};
use super::frame::{Frame, LENGTH_BYTES};
use super::input;
use super::named::Target;
use crate::args::Args;
use crate::exit::Failure;
use crate::output::Output;

pub(super) fn run(args: &Args, out: &mut Output) -> Result<(), Failure> {
    let requests = args.value("--requests").ok_or_else(|| Failure::usage("--requests FILE is missing"))?;
    let requests = pieces(&input::file(requests)?);
    let responses = args.value("--responses").map(input::file).transpose()?;
    let mut answers = Answers::of(pieces(&responses.unwrap_or_default()));
    let mut lines = Lines { body: !args.has("--no-body"), failed: 0, out };
    for piece in &requests {
        let request = piece.content().and_then(Frame::request);
        let answer = request.as_ref().ok().and_then(|it| answers.take(it));
        lines.add(Direction::Request, piece, request.as_ref())?;
        if let (Some(answer), Ok(request)) = (answer, &request) {
            let response = answered(request).and_then(|target| Frame::response(answer.content()?, target));
            lines.add(Direction::Response, &answer, response.as_ref())?;
        }
    }
    for piece in answers.left() {
        let nobody = Fault::new(0, "it answers no request that could be read");
        let fault = piece.content().err().unwrap_or(nobody);
        lines.add(Direction::Response, &piece, Err(&fault))?;
    }
    match lines.failed {
        0 => Ok(()),
        failed => Err(wrong(format!("{failed} frames are not what they should be"))),
    }
}

/// A frame as it lies in a stream: its content, or why there is none.
struct Piece {
    at: usize,
    content: Result<Bytes, String>,
}

impl Piece {
    fn content(&self) -> Result<&Bytes, Fault> {
        self.content.as_ref().map_err(|why| Fault::new(0, why.as_str()))
    }
}

/// The frames of a stream; behind one that is not whole, none is found.
fn pieces(stream: &Bytes) -> Vec<Piece> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at < stream.len() {
        let content = whole(&stream.slice(at..));
        let end = content.as_ref().map(|content| at + LENGTH_BYTES + content.len());
        let next = end.unwrap_or(stream.len());
        found.push(Piece { at, content });
        at = next;
    }
    found
}

fn whole(stream: &Bytes) -> Result<Bytes, String> {
    let Some((length, rest)) = stream.split_first_chunk::<LENGTH_BYTES>() else {
        return Err(format!("the stream ends within its length: {} bytes are left", stream.len()));
    };
    let length = i32::from_be_bytes(*length);
    match usize::try_from(length) {
        Ok(size) if size <= rest.len() => Ok(stream.slice(LENGTH_BYTES..LENGTH_BYTES + size)),
        Ok(_) => Err(format!("its length is {length}, and the stream ends {} bytes behind it", rest.len())),
        Err(_) => {
            Err(format!("its length is {length}: no frame begins here, and what follows is not looked at"))
        }
    }
}

/// Responses by the correlation id that they carry, in order where several carry the same.
struct Answers {
    waiting: BTreeMap<i32, VecDeque<Piece>>,
    /// Those too short to carry one.
    stray: Vec<Piece>,
}

impl Answers {
    fn of(pieces: Vec<Piece>) -> Self {
        let mut answers = Self { waiting: BTreeMap::new(), stray: Vec::new() };
        for piece in pieces {
            match piece.content.as_ref().map(header::correlation_id) {
                Ok(Ok(id)) => answers.waiting.entry(id).or_default().push_back(piece),
                _ => answers.stray.push(piece),
            }
        }
        answers
    }

    fn take(&mut self, request: &Frame) -> Option<Piece> {
        let id = request.header["correlationId"].as_i64()?;
        self.waiting.get_mut(&i32::try_from(id).ok()?)?.pop_front()
    }

    fn left(self) -> Vec<Piece> {
        let mut left: Vec<_> = self.waiting.into_values().flatten().chain(self.stray).collect();
        left.sort_by_key(|piece| piece.at);
        left
    }
}

fn answered(request: &Frame) -> Result<Target, Fault> {
    let Target { schema, version } = request.target;
    let response = Schema::response(schema.key).ok_or_else(|| Fault::new(0, "an API without a response"))?;
    Ok(Target { schema: response, version })
}

struct Lines<'o> {
    out: &'o mut Output,
    body: bool,
    failed: usize,
}

impl Lines<'_> {
    /// Prints what a frame came to.
    fn add(
        &mut self,
        direction: Direction,
        piece: &Piece,
        frame: Result<&Frame, &Fault>,
    ) -> Result<(), Failure> {
        let mut line = Map::new();
        line.insert("direction".into(), direction.to_string().into());
        line.insert("at".into(), piece.at.into());
        if let Ok(content) = &piece.content {
            line.insert("size".into(), content.len().into());
        }
        let error = match frame {
            Err(fault) => Some(fault.message.clone()),
            Ok(frame) => {
                let api = upsert_kafka_protocol::ApiKey(frame.target.schema.key);
                line.insert("api".into(), api.to_string().into());
                line.insert("version".into(), frame.target.version.into());
                line.insert("header".into(), frame.header.clone());
                let body = frame.view();
                let error = body.as_ref().err().map(|fault| fault.message.clone());
                if let (true, Ok(body)) = (self.body, body) {
                    line.insert("body".into(), body);
                }
                error
            }
        };
        if let Some(error) = error {
            self.failed += 1;
            line.insert("error".into(), json!(error));
        }
        self.out.write(format!("{}\n", Value::Object(line)))
    }
}
