//! Whole exchanges, in no time: with a realm of this crate's own, with what a real one said once, and with hostile bytes.

use std::collections::HashMap;

use crate::simulation::{Acceptor, Realm, SaslServer};
use crate::*;

mod chance;
mod exchanges;
mod files;
mod hostile;
mod recorded;
mod services;

use chance::chance;

/// When all of it happens.
const NOW: UnixTime = UnixTime { seconds: 1_796_000_000, micros: 123_456 };

fn later(seconds: i64) -> UnixTime {
    UnixTime { seconds: NOW.seconds + seconds, ..NOW }
}

/// A realm with alice, and kafka on a host.
fn realm() -> Realm {
    Realm::new("A.TEST").with("alice", "secret").with("kafka/host.a.test", "served")
}

fn as_request(credential: Credential) -> AsRequest {
    AsRequest {
        client: Principal::parse("alice@A.TEST", None).unwrap(),
        credential,
        encryptions: EncryptionType::ALL.to_vec(),
        lifetime_s: 86_400,
        clock_skew_s: 300,
    }
}

fn password(text: &str) -> AsRequest {
    as_request(Credential::Password(text.into()))
}

/// Carries an exchange's messages to whichever of the realms they are for.
fn carry(exchange: &mut dyn Exchange, realms: &[&Realm], now: UnixTime) -> Result<Ticket, Error> {
    let mut entropy = chance(99);
    for _ in 0..40 {
        let request = exchange.request();
        let realm = realms.iter().find(|it| it.name == request.realm).expect("a realm of the test");
        let reply = realm.answer(&request.bytes, now, &mut entropy);
        if let Some(ticket) = exchange.handle_reply(&reply, now, &mut entropy)? {
            return Ok(ticket);
        }
    }
    panic!("no end in sight");
}

fn login(request: AsRequest, realm: &Realm, now: UnixTime) -> Result<Ticket, Error> {
    carry(&mut AsExchange::new(request, now, &mut chance(1))?, &[realm], now)
}

fn buy(granting: &Ticket, service: &str, realms: &[&Realm], now: UnixTime) -> Result<Ticket, Error> {
    let service = Principal::parse(service, Some("?")).unwrap();
    let realm = if service.realm == "?" { String::new() } else { service.realm.clone() };
    let service = Principal { realm, ..service };
    let mut exchange = TgsExchange::new(granting, &service, &EncryptionType::ALL, now, &mut chance(2));
    carry(&mut exchange, realms, now)
}

/// What the client and a service say to each other; the client's last word.
fn converse(ticket: &Ticket, server: &mut SaslServer, now: UnixTime) -> Result<(), Error> {
    let mut entropy = chance(3);
    let (mut client, mut token) = SaslClient::new(ticket, now, &mut entropy);
    for _ in 0..4 {
        let challenge = server.step(&token, now, &mut entropy);
        match client.step(&challenge, now)? {
            SaslStep::Reply(next) => token = next,
            SaslStep::Done => return Ok(()),
        }
    }
    panic!("no end in sight");
}
