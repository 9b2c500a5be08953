//! Logging in again on a connection in use (KIP-368): before the session ends, in order, with nothing lost. The broker of
//! these tests refuses what Kafka refuses: any other request during a login, and any request after a session's end.

use std::sync::Mutex;

use upsert_kafka_protocol::messages::SaslHandshakeRequest;

use super::logins::{broker, config, piped};
use super::*;
use crate::config::SaslMechanism;
use crate::sasl::{Login, Starting};
use crate::sasl_peer::{Fault, PASSWORD, SaslPeer};

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

/// What a broker saw, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    Handshake,
    Login,
    Request(String),
}

/// A broker whose sessions last a minute, and which closes connections whose session is over.
struct Strict {
    sasl: Arc<Mutex<SaslPeer>>,
    seen: Arc<Mutex<Vec<(Seen, Duration)>>>,
    connection: Connection,
    peer: Peer,
    environment: Environment,
}

impl Strict {
    async fn start(mechanism: SaslMechanism, lifetime: Duration) -> Self {
        let sasl = broker(&[mechanism.name()]);
        sasl.lock().unwrap().lifetime_ms = i64::try_from(lifetime.as_millis()).unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (tell, at) = (Arc::clone(&seen), tokio::time::Instant::now());
        let (logins, mut session_from, mut in_login) = (Arc::clone(&sasl), at, false);
        let (peer, environment) = Peer::piped(move |ask: &Ask| {
            let mut sasl = logins.lock().unwrap();
            let what = match ask.key {
                17 => Some(Seen::Handshake),
                36 => Some(Seen::Login),
                10 => Some(Seen::Request(ask.read::<FindCoordinatorRequest>().key.to_string())),
                _ => None,
            };
            tell.lock().unwrap().extend(what.clone().map(|what| (what, at.elapsed())));
            if ask.is::<SaslHandshakeRequest>() {
                in_login = true;
            }
            let before = sasl.logins;
            let reply = sasl.answer(ask);
            if sasl.logins > before {
                (in_login, session_from) = (false, tokio::time::Instant::now());
            }
            let over = lifetime > Duration::ZERO && session_from.elapsed() > lifetime;
            match what {
                Some(Seen::Request(_)) if in_login || over => Reply::Close,
                _ => reply.unwrap_or_else(|| echo(ask)),
            }
        });
        let config = Config { connections_max_idle: None, ..config(&peer, mechanism, PASSWORD) };
        let security = Security::open(&config, &environment).unwrap();
        let connector = Connector { config: Arc::new(config), environment: environment.clone(), security };
        let connection = connector.open(&peer.address, HOUR).await.unwrap();
        Self { sasl, seen, connection, peer, environment }
    }

    async fn ask(&self, key: &'static str) -> Result<String, Error> {
        self.connection.submit(&named(key), 3, HOUR).await.map(|answer| answer.host.to_string())
    }

    fn logins(&self) -> Vec<Duration> {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|(what, _)| *what == Seen::Handshake).map(|(_, at)| *at).collect()
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_in_use_logs_in_again_between_85_and_95_percent_of_its_session() {
    for mechanism in [SaslMechanism::Plain, SaslMechanism::ScramSha256] {
        let broker = Strict::start(mechanism, MINUTE).await;
        for _ in 0..600 {
            assert_eq!(broker.ask("a").await.unwrap(), "a");
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let logins = broker.logins();
        // Ten minutes, of which each session takes 51 to 57 seconds and what is left of the second it ends in.
        assert!((11..=12).contains(&logins.len()), "{logins:?}");
        for pair in logins.windows(2) {
            let share = (pair[1] - pair[0]).as_secs_f64() / 60.0;
            assert!((0.85..=0.97).contains(&share), "{share}");
        }
        assert_eq!(broker.sasl.lock().unwrap().logins, logins.len());
    }
}

#[tokio::test(start_paused = true)]
async fn under_full_load_nothing_is_lost_and_all_is_in_order() {
    let broker = Strict::start(SaslMechanism::ScramSha256, MINUTE).await;
    let keys: Vec<&'static str> = (0..64).map(|at| &*format!("key-{at}").leak()).collect();
    let mut sent = Vec::new();
    // Each round fills the pipeline without waiting for answers, so that a login stands between requests in flight.
    for _ in 0..130 {
        let calls: Vec<_> = keys.iter().map(|key| broker.connection.submit(&named(key), 3, HOUR)).collect();
        tokio::time::sleep(Duration::from_secs(1)).await;
        for (call, key) in calls.into_iter().zip(&keys) {
            assert_eq!(&*call.await.unwrap().host, *key);
            sent.push((*key).to_owned());
        }
    }
    let seen = broker.seen.lock().unwrap();
    let heard: Vec<String> = seen
        .iter()
        .filter_map(|(what, _)| match what {
            Seen::Request(key) => Some(key.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(heard, sent, "each once, in order");
    let logins = seen.iter().filter(|(what, _)| *what == Seen::Handshake).count();
    assert_eq!(logins, 3, "one at first, two in two minutes");
}

#[tokio::test(start_paused = true)]
async fn a_login_stands_behind_requests_in_flight_and_before_those_that_came_later() {
    // The broker answers nothing for a while, as one does that waits for replicas.
    let sasl = broker(&["PLAIN"]);
    sasl.lock().unwrap().lifetime_ms = 60_000;
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (tell, logins) = (Arc::clone(&seen), Arc::clone(&sasl));
    let held = Arc::new(Mutex::new(None::<Ask>));
    let hold = Arc::clone(&held);
    let (peer, environment) = Peer::piped(move |ask: &Ask| {
        tell.lock().unwrap().push(ask.key);
        if ask.key == 10 && ask.version == 2 {
            *hold.lock().unwrap() = Some(ask.clone());
            return Reply::Nothing;
        }
        let reply = logins.lock().unwrap().answer(ask).unwrap_or_else(|| echo(ask));
        match (hold.lock().unwrap().take(), reply) {
            // What was held is answered before.
            (Some(before), Reply::Send(frame)) => {
                let Reply::Send(mut first) = echo(&before) else { unreachable!() };
                first.append(frame);
                Reply::Send(first)
            }
            (_, reply) => reply,
        }
    });
    let config = Config { connections_max_idle: None, ..config(&peer, SaslMechanism::Plain, PASSWORD) };
    let security = Security::open(&config, &environment).unwrap();
    let connector = Connector { config: Arc::new(config), environment, security };
    let connection = connector.open(&peer.address, HOUR).await.unwrap();
    tokio::time::sleep(Duration::from_secs(50)).await;
    let slow = connection.submit(&named("slow"), 2, HOUR);
    tokio::time::sleep(Duration::from_secs(8)).await;
    let later = connection.submit(&named("later"), 3, HOUR);
    assert_eq!(&*slow.await.unwrap().host, "slow");
    assert_eq!(&*later.await.unwrap().host, "later");
    assert_eq!(*seen.lock().unwrap(), [18, 17, 36, 10, 17, 36, 10]);
}

#[tokio::test(start_paused = true)]
async fn a_session_without_an_end_is_never_renewed() {
    let broker = Strict::start(SaslMechanism::Plain, Duration::ZERO).await;
    for _ in 0..100 {
        tokio::time::sleep(HOUR).await;
        broker.ask("a").await.unwrap();
    }
    assert_eq!(broker.logins().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_idle_connection_logs_in_again_when_it_is_used_and_not_before() {
    let broker = Strict::start(SaslMechanism::Plain, MINUTE).await;
    tokio::time::sleep(10 * MINUTE).await;
    assert_eq!(broker.logins().len(), 1);
    assert_eq!(broker.ask("a").await.unwrap(), "a", "the session is long over");
    assert_eq!(broker.logins().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_login_refused_on_a_connection_in_use_closes_it_with_the_reason() {
    let broker = Strict::start(SaslMechanism::ScramSha256, MINUTE).await;
    for (fault, wanted) in [(Fault::ProvesNothing, "logging in again failed: the broker did not prove")] {
        broker.sasl.lock().unwrap().fault = fault;
        tokio::time::sleep(MINUTE).await;
        let calls =
            [broker.connection.submit(&named("a"), 3, HOUR), broker.connection.submit(&named("b"), 3, HOUR)];
        for call in calls {
            let error = call.await.unwrap_err();
            assert!(error.to_string().contains(wanted), "{error}");
            // Whoever sends it again learns at once whether the login is refused for good.
            assert!(error.kind() == ErrorKind::Disconnected && !error.may_have_been_written(), "{error:?}");
        }
        assert!(broker.connection.is_closed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_login_that_is_never_answered_ends_at_the_requests_time() {
    let broker = Strict::start(SaslMechanism::Plain, MINUTE).await;
    broker.sasl.lock().unwrap().fault = Fault::Silent;
    tokio::time::sleep(MINUTE).await;
    let began = broker.environment.clock().now();
    let error = broker.ask("a").await.unwrap_err();
    assert!(!error.may_have_been_written(), "{error:?}");
    assert!(error.to_string().contains("logging in again failed: not done within 30000 ms"), "{error}");
    let took = broker.environment.clock().since(began);
    let limit = broker.peer.config().request_timeout;
    assert!((limit..limit + Duration::from_secs(1)).contains(&took), "{took:?}");
    assert!(broker.connection.is_closed());
}

#[tokio::test(start_paused = true)]
async fn the_last_handle_gone_during_a_login_still_gets_its_answer() {
    let broker = Strict::start(SaslMechanism::Plain, MINUTE).await;
    tokio::time::sleep(MINUTE).await;
    let Strict { connection, peer, .. } = broker;
    let call = connection.submit(&named("a"), 3, HOUR);
    drop(connection);
    assert_eq!(&*call.await.unwrap().host, "a");
    drop(peer);
}

/// A login that takes its time, as one does that fetches a token.
#[derive(Debug)]
struct Slow(Arc<dyn Login>, Duration);

impl Login for Slow {
    fn start<'a>(&'a self, broker: &'a Address) -> Starting<'a> {
        Box::pin(async move {
            tokio::time::sleep(self.1).await;
            self.0.start(broker).await
        })
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_for_a_login_has_its_whole_time_afterwards() {
    let sasl = broker(&["PLAIN"]);
    sasl.lock().unwrap().lifetime_ms = 60_000;
    let (peer, environment) = piped(&sasl);
    let config = Config { connections_max_idle: None, ..config(&peer, SaslMechanism::Plain, PASSWORD) };
    let security = Security::open(&config, &environment).unwrap();
    let login = Arc::new(Slow(Arc::clone(security.login().unwrap()), Duration::from_secs(20)));
    let security = security.with_login(login);
    let connector = Connector { config: Arc::new(config), environment, security };
    let connection = connector.open(&peer.address, HOUR).await.unwrap();
    tokio::time::sleep(MINUTE).await;
    // Less than the login takes: the time of a request begins when it may leave.
    let answer = connection.submit(&named("a"), 3, Duration::from_secs(15)).await.unwrap();
    assert_eq!(&*answer.host, "a");
}
