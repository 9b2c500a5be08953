//! Five APIs, as a small producer or consumer needs them: `.ci/run size` sees that this program holds the code and the
//! tables of these alone.

use std::hint::black_box;

use upsert_kafka_protocol::messages::{
    ApiVersionsRequest, FetchRequest, InitProducerIdRequest, MetadataRequest, ProduceRequest,
};
use upsert_kafka_protocol::{Bytes, Request, header};

fn main() {
    println!("{}", asked::<ApiVersionsRequest>() + asked::<MetadataRequest>() + asked::<ProduceRequest>());
    println!("{}", asked::<FetchRequest>() + asked::<InitProducerIdRequest>());
}

/// Writes a request, and reads whatever comes for an answer.
fn asked<R: Request>() -> usize {
    let version = black_box(R::CURRENT.to);
    let frame = header::request_frame(&R::blank(), version, 1, None)
        .map_or_else(|_| Bytes::new(), |it| it.into_bytes());
    let answer = header::response_body::<R>(&black_box(frame.clone()), version);
    let read = answer.is_ok_and(|(_, body)| {
        <R::Response as upsert_kafka_protocol::Message>::decode(&body, version).is_ok()
    });
    frame.len() + usize::from(read)
}
