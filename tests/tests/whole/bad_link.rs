//! What bad links do to answers: they come in pieces, ask for a pause, or miss a byte, behind which all is nonsense.

use upsert_kafka_client::Bytes;
use upsert_kafka_protocol::messages::{ProduceRequest, ProduceResponse};
use upsert_kafka_protocol::{ApiKey, Message, header};

use super::random::Random;
use super::tap::Answered;

/// One link of a client that has bad ones.
pub(crate) struct BadLink {
    random: Random,
}

/// Of a thousand answers, how many miss a byte; and of those to Produce, how many ask for a pause.
const SHORT_IN_THOUSAND: u64 = 5;
const THROTTLED_IN_THOUSAND: u64 = 20;
const PAUSE_MS_MAX: u64 = 200;
const PIECES_IN_HUNDRED: u64 = 20;

impl BadLink {
    pub(crate) fn new(random: Random) -> Self {
        Self { random }
    }

    /// The answer as it comes to the client, piece by piece.
    pub(crate) fn pieces(&mut self, answer: Answered, tell: impl FnOnce(&str)) -> Vec<Bytes> {
        let drawn = self.random.range(0, 999);
        let frame = if drawn < SHORT_IN_THOUSAND {
            tell("misses its last byte");
            answer.frame.slice(..answer.frame.len() - 1)
        } else if drawn < SHORT_IN_THOUSAND + THROTTLED_IN_THOUSAND && answer.api == ApiKey::PRODUCE {
            tell("asks for a pause");
            let pause_ms = self.random.range(1, PAUSE_MS_MAX) as i32;
            throttled(&answer, pause_ms).unwrap_or(answer.frame)
        } else {
            answer.frame
        };
        if !self.random.percent(PIECES_IN_HUNDRED) {
            return vec![frame];
        }
        let at = self.random.range(1, frame.len() as u64 - 1) as usize;
        vec![frame.slice(..at), frame.slice(at..)]
    }
}

/// An answer to Produce that asks for a pause.
fn throttled(answer: &Answered, pause_ms: i32) -> Option<Bytes> {
    let inner = answer.frame.slice(4..);
    let (id, body) = header::response_body::<ProduceRequest>(&inner, answer.version).ok()?;
    let mut response = ProduceResponse::decode(&body, answer.version).ok()?;
    response.throttle_time_ms = pause_ms;
    Some(header::response_frame(&response, answer.version, id).ok()?.into_bytes())
}
