//! Against a real MIT KDC and MIT's own libgssapi: what only they can say.
//!
//! Needs Debian's krb5-kdc, krb5-admin-server and krb5-user, for services python3-gssapi, and faketime for those whose
//! clock is another one. Where they are missing each test says aloud that it is skipped; `UPSERT_KAFKA_REQUIRE_KDC=1` makes that a failure.

#![allow(clippy::panic, clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::time::{SystemTime, UNIX_EPOCH};

use upsert_kafka_kerberos::{
    AsExchange, AsRequest, Credential, EncryptionType, Entropy, Error, ErrorKind, Exchange, KdcTransport,
    Keytab, Principal, SaslClient, SaslStep, TgsExchange, Ticket, TicketCache, UnixTime,
};

#[path = "../src/tests/chance.rs"]
mod chance_of_tests;
#[path = "mit/lab.rs"]
mod lab;
#[path = "mit/realms.rs"]
mod realms;

use lab::{Acceptor, Lab, NothingElse, Service};

/// Now, and so much later.
fn moment(later_s: i64) -> UnixTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let now = UnixTime::from_micros(i64::try_from(since.as_micros()).unwrap());
    UnixTime { seconds: now.seconds + later_s, ..now }
}

/// Chance of the machine: the map's own keys.
fn chance(bytes: &mut [u8]) {
    use std::hash::{BuildHasher, RandomState};
    let state = RandomState::new();
    for (at, chunk) in bytes.chunks_mut(8).enumerate() {
        chunk.copy_from_slice(&state.hash_one(at).to_be_bytes()[..chunk.len()]);
    }
}

struct Way<'a> {
    lab: &'a Lab,
    transport: KdcTransport,
    later_s: i64,
}

impl Way<'_> {
    fn carry(&self, mut exchange: impl Exchange) -> Result<Ticket, Error> {
        loop {
            let reply = self.lab.ask(exchange.request(), self.transport)?;
            let now = moment(self.later_s);
            if let Some(ticket) = exchange.handle_reply(&reply, now, &mut chance)? {
                return Ok(ticket);
            }
        }
    }

    fn login(&self, client: &str, credential: Credential, types: &[EncryptionType]) -> Result<Ticket, Error> {
        let request = AsRequest {
            client: Principal::parse(client, Some("EXAMPLE.TEST")).unwrap(),
            credential,
            encryptions: types.to_vec(),
            lifetime_s: 3600,
            clock_skew_s: 300,
        };
        self.carry(AsExchange::new(request, moment(self.later_s), &mut chance)?)
    }

    fn buy(&self, granting: &Ticket, service: &str, types: &[EncryptionType]) -> Result<Ticket, Error> {
        let service = Principal::parse(service, Some("EXAMPLE.TEST")).unwrap();
        self.carry(TgsExchange::new(granting, &service, types, moment(self.later_s), &mut chance))
    }
}

fn password(text: &str) -> Credential {
    Credential::Password(text.into())
}

fn converse(ticket: &Ticket, service: &mut Service) -> Result<String, Error> {
    converse_at(0, ticket, service)
}

/// The client's clock is so much ahead.
fn converse_at(later_s: i64, ticket: &Ticket, service: &mut Service) -> Result<String, Error> {
    let now = || moment(later_s);
    service.hang_up();
    let (mut client, mut words) = SaslClient::new(ticket, now(), &mut chance as &mut dyn Entropy);
    loop {
        let (done, answer) = service.say(&words);
        if done {
            assert_eq!(client.step(&answer, now())?, SaslStep::Done);
            return Ok(String::from_utf8_lossy(&answer).into_owned());
        }
        match client.step(&answer, now())? {
            SaslStep::Reply(next) => words = next,
            SaslStep::Done => panic!("done before the service was"),
        }
    }
}

#[test]
fn every_type_logs_in_by_keytab_and_by_password_over_udp_and_tcp_and_is_let_in_by_mits_acceptor() {
    let Some(lab) = Lab::start("types") else { return };
    let keytab = Keytab::parse(&lab.read("client.keytab")).unwrap();
    let mut services = [Service::start(&lab, false), Service::start(&lab, true)];
    for transport in [KdcTransport::Udp, KdcTransport::Tcp] {
        let way = Way { lab: &lab, transport, later_s: 0 };
        for encryption in EncryptionType::ALL {
            for credential in [Credential::Keytab(keytab.clone()), password("clientpw")] {
                let granting = way.login("client", credential, &[encryption]).unwrap();
                assert!(granting.is_initial() && granting.key.encryption() == encryption);
                let ticket = way.buy(&granting, "kafka/localhost", &[encryption]).unwrap();
                assert_eq!(ticket.key.encryption(), encryption);
                for service in services.iter_mut().flatten() {
                    let said = converse(&ticket, service).unwrap();
                    assert_eq!(said, "mit ok client@EXAMPLE.TEST");
                }
            }
        }
    }
}

#[test]
fn a_cache_of_kinits_is_used_and_its_ticket_renewed() {
    let Some(mut lab) = Lab::start("cache") else { return };
    lab.call("kinit", &["-r", "1d", "-l", "1h", "-k", "-t", "client.keytab", "client"]);
    let cache = TicketCache::parse(&lab.read("ccache")).unwrap();
    let granting = cache.initial().unwrap();
    let way = Way { lab: &lab, transport: KdcTransport::Udp, later_s: 0 };
    assert!(way.buy(granting, "kafka/localhost", &EncryptionType::ALL).is_ok());
    assert!(granting.is_renewable(moment(0).seconds));
    let Some(()) = lab.restart_at("+30m") else { return };
    let way = Way { lab: &lab, transport: KdcTransport::Udp, later_s: 1800 };
    let renewal = TgsExchange::renew(granting, &EncryptionType::ALL, moment(1800), &mut chance);
    let renewed = way.carry(renewal).unwrap();
    assert!(renewed.is_initial() && renewed.authenticated == granting.authenticated);
    assert!(
        renewed.ends > granting.ends + 1700,
        "it is no longer than it was: {} s",
        renewed.ends - granting.ends
    );
    assert!(way.buy(&renewed, "kafka/localhost", &EncryptionType::ALL).is_ok());
}

#[test]
fn what_mits_kdc_refuses_is_said() {
    let Some(lab) = Lab::start("refusals") else { return };
    let way = |later_s| Way { lab: &lab, transport: KdcTransport::Udp, later_s };
    let login = |later_s, client, secret| way(later_s).login(client, password(secret), &EncryptionType::ALL);
    let error = login(0, "client", "wrong").unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::WrongKey, Some(24)));
    assert_eq!(
        error.to_string(),
        "the KDC of realm EXAMPLE.TEST refused the password of client@EXAMPLE.TEST"
    );
    let error = login(0, "nobody", "wrong").unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::UnknownClient, Some(6)));
    for (later_s, side) in [(3600, "ahead of"), (-7200, "behind")] {
        let error = login(later_s, "client", "clientpw").unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::ClockSkew, Some(37)));
        assert!(error.to_string().contains(side), "{error}");
    }
    let granting = login(0, "client", "clientpw").unwrap();
    let error = way(0).buy(&granting, "kafka/elsewhere", &EncryptionType::ALL).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::UnknownService, Some(7)));
    assert!(error.to_string().contains("kafka/elsewhere@EXAMPLE.TEST"), "{error}");
    // The key of the keytab is no longer the KDC's.
    let keytab = Keytab::parse(&lab.read("client.keytab")).unwrap();
    lab.call("kadmin.local", &["-q", "cpw -pw another client"]);
    let error = way(0).login("client", Credential::Keytab(keytab), &EncryptionType::ALL).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongKey);
    assert!(error.to_string().contains("the keytab's key of client@EXAMPLE.TEST (version 1"), "{error}");
}

#[test]
fn a_service_whose_key_was_made_anew_is_named() {
    let Some(lab) = Lab::start("stale") else { return };
    let Some(mut service) = Service::start(&lab, false) else { return };
    lab.call("kadmin.local", &["-q", "cpw -pw anew kafka/localhost"]);
    let way = Way { lab: &lab, transport: KdcTransport::Tcp, later_s: 0 };
    let granting = way.login("client", password("clientpw"), &EncryptionType::ALL).unwrap();
    let ticket = way.buy(&granting, "kafka/localhost", &EncryptionType::ALL).unwrap();
    let error = converse(&ticket, &mut service).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongKey, "{error}");
    assert!(error.to_string().contains("cannot read the ticket for kafka/localhost@EXAMPLE.TEST"), "{error}");
}

#[test]
fn a_service_whose_clock_is_another_one_is_named_with_the_side_and_the_amount() {
    let Some(lab) = Lab::start("skew") else { return };
    let way = Way { lab: &lab, transport: KdcTransport::Tcp, later_s: 0 };
    let granting = way.login("client", password("clientpw"), &EncryptionType::ALL).unwrap();
    let ticket = way.buy(&granting, "kafka/localhost", &EncryptionType::ALL).unwrap();
    // Behind, a service takes the ticket for one of the future before it looks at the clock.
    for (later, side, code) in [("+20m", "behind", 37), ("-20m", "ahead of", 33)] {
        let acceptor = Acceptor { later: Some(later), ..Acceptor::default() };
        let Some(mut service) = Service::start_with(&lab, acceptor) else { return };
        let error = converse(&ticket, &mut service).unwrap_err();
        assert_eq!((error.kind(), error.code()), (ErrorKind::ClockSkew, Some(code)), "{error}");
        let words = format!("clock is 20 min {side} that of the service kafka/localhost@EXAMPLE.TEST");
        // A second may go by.
        let words = [&words, &words.replace("20 min", "19 min 59 s"), &words.replace("20 min", "20 min 1 s")];
        assert!(words.iter().any(|it| error.to_string().contains(*it)), "{error}");
    }
}

#[test]
fn a_ticket_that_has_ended_is_told_by_the_kdc_and_by_the_service() {
    let Some(mut lab) = Lab::start("ended") else { return };
    let way = Way { lab: &lab, transport: KdcTransport::Tcp, later_s: 0 };
    // For an hour.
    let granting = way.login("client", password("clientpw"), &EncryptionType::ALL).unwrap();
    let ticket = way.buy(&granting, "kafka/localhost", &EncryptionType::ALL).unwrap();
    let acceptor = Acceptor { later: Some("+2h"), ..Acceptor::default() };
    let Some(mut service) = Service::start_with(&lab, acceptor) else { return };
    let error = converse_at(7200, &ticket, &mut service).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Expired, Some(32)), "{error}");
    assert!(
        error.to_string().contains("kafka/localhost@EXAMPLE.TEST: the ticket has expired, at "),
        "{error}"
    );
    let Some(()) = lab.restart_at("+2h") else { return };
    let way = Way { lab: &lab, transport: KdcTransport::Tcp, later_s: 7200 };
    let error = way.buy(&granting, "kafka/localhost", &EncryptionType::ALL).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Expired, Some(32)), "{error}");
    assert!(error.to_string().contains("KDC of realm EXAMPLE.TEST: the ticket has expired"), "{error}");
    // Its clock is right where the client's is, and a new ticket serves.
    let granting = way.login("client", password("clientpw"), &EncryptionType::ALL).unwrap();
    let ticket = way.buy(&granting, "kafka/localhost", &EncryptionType::ALL).unwrap();
    assert_eq!(converse_at(7200, &ticket, &mut service).unwrap(), "mit ok client@EXAMPLE.TEST");
}

#[test]
fn a_service_that_demands_a_layer_is_told_what_to_change() {
    let Some(lab) = Lab::start("layers") else { return };
    let way = Way { lab: &lab, transport: KdcTransport::Tcp, later_s: 0 };
    let granting = way.login("client", password("clientpw"), &EncryptionType::ALL).unwrap();
    let ticket = way.buy(&granting, "kafka/localhost", &EncryptionType::ALL).unwrap();
    for (layers, demand) in [
        (2, "integrity (auth-int)"),
        (4, "confidentiality (auth-conf)"),
        (6, "integrity (auth-int) or confidentiality (auth-conf)"),
    ] {
        let Some(mut service) = Service::start_with(&lab, Acceptor { layers, ..Acceptor::default() }) else {
            return;
        };
        let error = converse(&ticket, &mut service).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        let words = format!("the service kafka/localhost@EXAMPLE.TEST demands {demand} of SASL itself");
        assert!(error.to_string().contains(&words), "{error}");
    }
}

#[test]
fn an_answer_too_big_for_a_datagram_comes_by_tcp_and_a_kdc_that_is_gone_is_named() {
    let Some(lab) = Lab::start("big") else { return };
    let conf = lab.conf(&mut NothingElse);
    let small = lab.restart_with_small_datagrams();
    let way = Way { lab: &small, transport: KdcTransport::Udp, later_s: 0 };
    assert!(way.login("client", password("clientpw"), &EncryptionType::ALL).is_ok());
    assert!(small.was_asked_by_tcp(), "the KDC said RESPONSE_TOO_BIG");
    drop(small);
    let request = upsert_kafka_kerberos::KdcRequest { realm: "EXAMPLE.TEST".into(), bytes: vec![0x6a, 0] };
    let error = lab::ask(&conf, &request, KdcTransport::Udp, &std::cell::Cell::new(false)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    for words in ["no KDC of realm EXAMPLE.TEST answered", "by UDP: ", "by TCP: ", "refused"] {
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn a_realm_whose_clock_is_another_one_ends_with_its_test() {
    let Some(mut lab) = Lab::start("leftover") else { return };
    let Some(()) = lab.restart_at("+2h") else { return };
    let port = lab.port();
    assert!(Lab::is_served(port));
    drop(lab);
    assert!(!Lab::is_served(port), "its KDC outlives it");
}

/// Writes what `src/tests/recorded.rs` reads, where `UPSERT_KAFKA_RECORD` names a file.
#[test]
fn record() {
    let Some(path) = std::env::var_os("UPSERT_KAFKA_RECORD") else { return };
    let lab = Lab::start("record").unwrap();
    let mut service = Service::start(&lab, false).unwrap();
    let mut recorded = String::from("What MIT's KDC and libgssapi said to the client once.\n");
    for encryption in EncryptionType::ALL {
        let mut entropy = chance_of_tests::chance(u64::from(encryption.number().unsigned_abs()));
        let now = UnixTime { micros: 0, ..moment(0) };
        recorded += &format!("exchange {} at {}\n", encryption.number(), now.seconds);
        let mut note = |side: char, bytes: &[u8]| {
            let hex: String = bytes.iter().map(|it| format!("{it:02x}")).collect();
            recorded += &format!("{side} {hex}\n");
        };
        let mut carry = |exchange: &mut dyn Exchange, entropy: &mut dyn Entropy| loop {
            note('>', &exchange.request().bytes);
            let reply = lab.ask(exchange.request(), KdcTransport::Tcp).unwrap();
            note('<', &reply);
            if let Some(ticket) = exchange.handle_reply(&reply, now, entropy).unwrap() {
                return ticket;
            }
        };
        let request = AsRequest {
            client: Principal::parse("client@EXAMPLE.TEST", None).unwrap(),
            credential: password("clientpw"),
            encryptions: vec![encryption],
            lifetime_s: 3600,
            clock_skew_s: 300,
        };
        let granting = carry(&mut AsExchange::new(request, now, &mut entropy).unwrap(), &mut entropy);
        let kafka = Principal::parse("kafka/localhost@EXAMPLE.TEST", None).unwrap();
        let mut second = TgsExchange::new(&granting, &kafka, &[encryption], now, &mut entropy);
        let ticket = carry(&mut second, &mut entropy);
        let (mut client, mut words) = SaslClient::new(&ticket, now, &mut entropy);
        loop {
            note('>', &words);
            let (done, answer) = service.say(&words);
            note('<', &answer);
            match client.step(&answer, now).unwrap() {
                SaslStep::Reply(next) => words = next,
                SaslStep::Done => assert!(done),
            }
            if done {
                break;
            }
        }
    }
    std::fs::write(path, recorded).unwrap();
}
