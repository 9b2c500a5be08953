//! Any request that a version can hold gets one answer, which that version can hold.

use upsert_kafka_protocol::AnyResponse;
use upsert_kafka_protocol::wire::arbitrary;

use super::*;
use crate::api::{SERVED, each_served};

const SEEDS: u64 = 40;

fn throw<R: Request>(script: &mut Script, version: i16, seed: u64) {
    let peer = script.send(&arbitrary::<R>(seed, version), version);
    if script.cluster.deadline().is_some() {
        script.pass(u64::from(u32::MAX));
    }
    let (whom, answer) = script.cluster.poll_answer().expect("an answer");
    assert_eq!(whom, peer);
    assert!(script.cluster.poll_answer().is_none(), "one answer");
    match answer {
        Answer::Frame(frame) => {
            let (_, body) = header::response_body::<R>(&frame.into_bytes().slice(4..), version).unwrap();
            let read = AnyResponse::decode(R::KEY, version, &body).expect("a version of this build");
            read.unwrap_or_else(|why| panic!("{} {version}: {why}", R::KEY));
        }
        Answer::Close(why) => assert!(why.contains("acks=0"), "{why}"),
        Answer::Silence => assert_eq!(R::KEY, ProduceRequest::KEY),
        Answer::Proven(_) | Answer::Last(..) => panic!("nobody logs in here"),
    }
}

macro_rules! throwers {
    ($($name:ident $request:ty;)*) => {
        /// The API's way to throw.
        fn thrower(api: ApiKey) -> fn(&mut Script, i16, u64) {
            match api.0 {
                $(<$request as Message>::KEY => throw::<$request>,)*
                other => panic!("{other} is not served"),
            }
        }
    };
}

each_served!(throwers);

#[test]
fn any_request_gets_one_answer() {
    let mut script = Script::new();
    script.create("t", 2, &[]);
    script.produce("t", 0, batch(3, Stamp::NONE));
    for &(api, versions) in SERVED {
        for version in versions.from..=versions.to {
            (0..SEEDS).for_each(|seed| thrower(api)(&mut script, version, seed));
        }
    }
}

#[test]
fn an_error_that_a_fault_orders_fits_every_version() {
    let mut script = Script::new();
    for &(api, versions) in SERVED {
        let action = Action::Answer(ErrorCode::REQUEST_TIMED_OUT);
        script.cluster.arm(Fault::new(api, action).times(u32::MAX));
        for version in versions.from..=versions.to {
            (0..SEEDS).for_each(|seed| thrower(api)(&mut script, version, seed));
        }
    }
}

#[test]
fn a_request_cut_anywhere_is_refused_without_a_panic() {
    let request = produce("t", 0, batch(2, Stamp::NONE));
    let frame = header::request_frame(&request, 9, 77, None).unwrap().into_bytes().slice(4..);
    for end in 0..frame.len() {
        let mut script = Script::new();
        script.cluster.handle_frame(PeerId(1), 1, &frame.slice(..end), script.now());
        let heard = script.hear::<ProduceRequest>(PeerId(1), 9);
        assert_eq!(heard, Heard::Closed, "{end}");
    }
}
