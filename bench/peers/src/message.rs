//! One message at one version, encoded and decoded by both.

use std::hint::black_box;
use std::rc::Rc;

use bytes::{Bytes, BytesMut};
use kafka_protocol::protocol::{Decodable, Encodable};
use upsert_kafka_protocol::Message;

use crate::line::Line;

/// Both write the same bytes and read them back before they are timed.
/// What is encoded was decoded before, on both sides: its strings are slices of a frame.
pub(crate) fn lines<Ours, Theirs>(name: &str, version: i16, sample: Ours) -> [Line; 2]
where
    Ours: Message + 'static,
    Theirs: Decodable + Encodable + PartialEq + 'static,
{
    let body = sample.encode(version).expect("a message of this version").into_bytes();
    let ours = Ours::decode(&body, version).expect("our own bytes");
    let theirs = Theirs::decode(&mut body.clone(), version).expect("our bytes");
    assert!(ours == sample, "{name}: we read another message than we wrote");
    assert!(sized(&theirs, version) == body, "{name}: they write other bytes");

    let bytes = [body.len(); 2];
    let frame = body.clone();
    let decode = Line {
        name: format!("decode {name} {version}"),
        bytes,
        ours: Box::new(move || drop(black_box(Ours::decode(black_box(&frame), version)))),
        theirs: vec![Box::new(move || {
            drop(black_box(Theirs::decode(&mut black_box(&body).clone(), version)))
        })],
    };
    let theirs = Rc::new(theirs);
    let again = theirs.clone();
    let encode = Line {
        name: format!("encode {name} {version}"),
        bytes,
        ours: Box::new(move || drop(black_box(black_box(&ours).encode(version)))),
        theirs: vec![
            Box::new(move || drop(black_box(sized(black_box(&*theirs), version)))),
            Box::new(move || drop(black_box(grown(black_box(&*again), version)))),
        ],
    };
    [encode, decode]
}

fn sized(message: &impl Encodable, version: i16) -> Bytes {
    let size = message.compute_size(version).expect("a message of this version");
    let mut buffer = BytesMut::with_capacity(size);
    message.encode(&mut buffer, version).expect("a message of this version");
    buffer.freeze()
}

fn grown(message: &impl Encodable, version: i16) -> Bytes {
    let mut buffer = BytesMut::new();
    message.encode(&mut buffer, version).expect("a message of this version");
    buffer.freeze()
}
