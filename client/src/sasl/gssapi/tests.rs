//! Logins with a realm of the Kerberos crate's own, whose KDC listens behind a dialer, in paused time.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use upsert_kafka_kerberos::Principal;
use upsert_kafka_kerberos::simulation::{Acceptor, Realm, SaslServer};
use upsert_kafka_protocol::ErrorCode;

use super::*;
use crate::config::KerberosLogin;
use crate::environment::Clock;
use crate::sasl::{Mechanism, Step};
use crate::{Role, Secret};

/// When tests begin, in seconds since 1970.
const BEGINS_S: i64 = 1_796_000_000;

/// Realms whose KDCs listen at hosts of their names, and what they were asked.
struct World {
    realms: Mutex<Vec<Realm>>,
    /// The realm's name for each request of AS, in small letters for one of TGS.
    asked: Mutex<Vec<String>>,
    clock: Clock,
}

impl World {
    fn new(realms: impl IntoIterator<Item = Realm>) -> Arc<Self> {
        let clock = Clock::of_runtime(BEGINS_S * 1000);
        Arc::new(Self { realms: Mutex::new(realms.into_iter().collect()), asked: Mutex::default(), clock })
    }

    fn environment(self: &Arc<Self>) -> Environment {
        let world = Arc::clone(self);
        let dialer = move |address: Address| {
            let world = Arc::clone(&world);
            async move {
                let is_odd = [SILENT, ENDLESS].contains(&&*address.host);
                if !is_odd && world.realms().iter().all(|it| !it.name.eq_ignore_ascii_case(&address.host)) {
                    return Err(std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "nobody listens"));
                }
                let (ours, theirs) = tokio::io::duplex(1 << 16);
                tokio::spawn(async move { world.serve(&address.host, theirs).await });
                Ok(ours)
            }
        };
        Environment::new().with_dialer(dialer).with_clock(self.clock.clone()).with_seed(7)
    }

    async fn serve(&self, host: &str, mut stream: DuplexStream) -> Option<()> {
        let length = stream.read_u32().await.ok()?;
        let mut message = vec![0; usize::try_from(length).ok()?];
        stream.read_exact(&mut message).await.ok()?;
        match host {
            SILENT => std::future::pending::<()>().await,
            ENDLESS => stream.write_u32(u32::MAX).await.ok()?,
            _ => {}
        }
        let reply = {
            let realms = self.realms();
            let realm = realms.iter().find(|it| it.name.eq_ignore_ascii_case(host))?;
            let is_first = message[0] == 0x6a;
            self.asked().push(if is_first { realm.name.clone() } else { realm.name.to_ascii_lowercase() });
            realm.answer(&message, self.now(), &mut same_bytes)
        };
        stream.write_u32(u32::try_from(reply.len()).ok()?).await.ok()?;
        stream.write_all(&reply).await.ok()
    }

    fn now(&self) -> UnixTime {
        UnixTime::from_micros(self.clock.unix_ms() * 1000)
    }

    fn realms(&self) -> std::sync::MutexGuard<'_, Vec<Realm>> {
        self.realms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn asked(&self) -> std::sync::MutexGuard<'_, Vec<String>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How often the KDC of that realm, or its TGS in small letters, was asked since the last time.
    fn count(&self, name: &str) -> usize {
        let mut asked = self.asked();
        let before = asked.len();
        asked.retain(|it| it != name);
        before - asked.len()
    }

    /// Who is let in as whom: the mechanism against a service of that realm.
    fn converse(
        &self,
        mechanism: &mut dyn Mechanism,
        realm: &str,
        service: &str,
    ) -> Result<Option<String>, Error> {
        let acceptor = {
            let realms = self.realms();
            Acceptor::new(realms.iter().find(|it| it.name == realm).unwrap(), service)
        };
        let mut server = SaslServer::new(&acceptor);
        let mut words = mechanism.initial()?;
        for _ in 0..4 {
            let answer = server.step(&words, self.now(), &mut same_bytes);
            match mechanism.step(&answer)? {
                Step::Reply(next) => words = next,
                Step::Done => break,
            }
        }
        Ok(server.client().map(ToString::to_string))
    }
}

/// The KDC's chance: a test's KDC has no secrets.
fn same_bytes(bytes: &mut [u8]) {
    bytes.iter_mut().zip(1..).for_each(|(byte, at)| *byte = at);
}

/// A KDC that takes a request and says nothing.
const SILENT: &str = "silent.test";
/// A KDC that announces an answer of four gigabytes.
const ENDLESS: &str = "endless.test";

fn realm() -> Realm {
    let realm = Realm::new("A.TEST").with("alice", "secret");
    realm
        .with("kafka/host.a.test", "served")
        .with("kafka/localhost", "served")
        .with("kafka/hadoop.r", "served")
}

/// A folder of one test, gone with it.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let name = format!("upsert-kafka-gssapi-{}-{test}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }

    /// Settings with a krb5.conf of one realm.
    fn config(&self, realm: &str, login: KerberosLogin) -> Config {
        let conf = format!(
            "[libdefaults]\ndefault_realm = {realm}\nrenew_lifetime = 0m\n\
             [realms]\n{realm} = {{\nkdc = {realm}\n}}\n"
        );
        let path = self.write(&format!("{realm}.conf"), conf);
        let (mut config, _) =
            Config::from_properties([("bootstrap.servers", "host.a.test:9092")], Role::Any).unwrap();
        config.sasl.mechanism = SaslMechanism::Gssapi;
        config.sasl.kerberos.krb5_conf = Some(path);
        config.sasl.kerberos.service_name = Some("kafka".into());
        config.sasl.login = Some(LoginModule::Kerberos(login));
        config
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.0);
    }
}

fn by_password(password: &str) -> KerberosLogin {
    KerberosLogin {
        principal: Some("alice".into()),
        password: Some(Secret::from(password)),
        ..KerberosLogin::default()
    }
}

fn broker(host: &str) -> Address {
    Address { host: host.into(), port: 9092 }
}

#[tokio::test(start_paused = true)]
async fn a_login_by_keytab_buys_one_ticket_per_broker_and_lets_the_client_in() {
    let (folder, world) = (Folder::new("keytab"), World::new([realm()]));
    let keytab = folder.write("alice.keytab", world.realms()[0].keytab("alice"));
    // Whose it is says the keytab.
    let login = KerberosLogin { keytab: Some(keytab), ..KerberosLogin::default() };
    let login = open(&folder.config("A.TEST", login), &world.environment()).unwrap();
    assert_eq!(world.count("A.TEST"), 0, "it connects to nothing yet");
    for _ in 0..3 {
        for (host, service) in [
            ("host.a.test", "kafka/host.a.test"),
            ("HOST.A.test.", "kafka/host.a.test"),
            ("localhost", "kafka/localhost"),
            ("127.0.0.1", "kafka/localhost"),
            ("::1", "kafka/localhost"),
        ] {
            let mut mechanism = login.start(&broker(host)).await.unwrap();
            let client = world.converse(&mut *mechanism, "A.TEST", service).unwrap();
            assert_eq!(client.as_deref(), Some("alice@A.TEST"), "{host}");
        }
    }
    // Preauthentication takes two, and a host one.
    assert_eq!((world.count("A.TEST"), world.count("a.test")), (2, 2));
}

/// What Kafka's brokers say of every ticket that they do not take.
fn refusal() -> Error {
    let said =
        "Authentication failed during authentication due to invalid credentials with SASL mechanism GSSAPI";
    Error::refused(ErrorCode::SASL_AUTHENTICATION_FAILED, "SaslAuthenticate", Some(said))
        .with_kind(ErrorKind::Authentication)
}

#[tokio::test(start_paused = true)]
async fn a_broker_that_does_not_take_the_ticket_is_told_with_the_key_that_its_keytab_must_have() {
    let (folder, world) = (Folder::new("kvno"), World::new([realm()]));
    // The broker's keytab was made before: the KDC has a second key since.
    world.realms()[0].set("kafka/host.a.test", "served anew");
    let login = open(&folder.config("A.TEST", by_password("secret")), &world.environment()).unwrap();
    let mut mechanism = login.start(&broker("host.a.test")).await.unwrap();
    mechanism.initial().unwrap();
    let told = mechanism.refused(refusal()).to_string();
    for words in [
        "the ticket for kafka/host.a.test@A.TEST",
        "key of version (kvno) 2 and of type aes256-cts-hmac-sha1-96",
        "'klist -kte' of the broker's keytab",
        "invalid credentials with SASL mechanism GSSAPI",
    ] {
        assert!(told.contains(words), "{words}: {told}");
    }
    // A broker that has opened the ticket has the key: what it says later is about something else.
    let mut mechanism = login.start(&broker("localhost")).await.unwrap();
    world.converse(&mut *mechanism, "A.TEST", "kafka/localhost").unwrap();
    assert_eq!(mechanism.refused(refusal()).to_string(), refusal().to_string());
}

#[tokio::test(start_paused = true)]
async fn the_ticket_is_renewed_in_its_window_though_nobody_connects() {
    let (folder, world) = (Folder::new("renewal"), World::new([realm()]));
    let login = open(&folder.config("A.TEST", by_password("secret")), &world.environment()).unwrap();
    drop(login.start(&broker("host.a.test")).await.unwrap());
    assert_eq!((world.count("A.TEST"), world.count("a.test")), (2, 1));
    // Ten hours: not before 80 % of them, and not after 85 %.
    tokio::time::sleep(std::time::Duration::from_secs(28_790)).await;
    assert_eq!(world.count("A.TEST"), 0);
    tokio::time::sleep(std::time::Duration::from_secs(1_820)).await;
    assert_eq!(world.count("A.TEST"), 2);
    // What was bought with the old ticket is bought anew: it would end with it.
    let mut mechanism = login.start(&broker("host.a.test")).await.unwrap();
    assert_eq!(world.count("a.test"), 1);
    assert!(world.converse(&mut *mechanism, "A.TEST", "kafka/host.a.test").unwrap().is_some());
    // Once dropped, it asks no more.
    drop(login);
    tokio::time::sleep(std::time::Duration::from_secs(100_000)).await;
    assert_eq!(world.count("A.TEST"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_kdc_that_is_gone_for_a_while_costs_nothing_while_the_ticket_lasts() {
    let (folder, world) = (Folder::new("outage"), World::new([realm()]));
    let login = open(&folder.config("A.TEST", by_password("secret")), &world.environment()).unwrap();
    drop(login.start(&broker("host.a.test")).await.unwrap());
    let gone = world.realms().pop().unwrap();
    // Past its window, not past its end: the old one serves.
    tokio::time::sleep(std::time::Duration::from_secs(35_000)).await;
    drop(login.start(&broker("host.a.test")).await.unwrap());
    tokio::time::sleep(std::time::Duration::from_secs(1_100)).await;
    let error = login.start(&broker("host.a.test")).await.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    let error = error.to_string();
    assert!(error.contains("Kerberos login of alice@A.TEST: no KDC of realm A.TEST answered"), "{error}");
    assert!(error.contains("A.TEST:88 by TCP: nobody listens"), "{error}");
    world.realms().push(gone);
    let mut mechanism = login.start(&broker("host.a.test")).await.unwrap();
    assert!(world.converse(&mut *mechanism, "A.TEST", "kafka/host.a.test").unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn kdcs_that_are_silent_or_announce_too_much_are_passed_over_and_named() {
    let (folder, world) = (Folder::new("kdcs"), World::new([realm()]));
    let mut config = folder.config("A.TEST", by_password("secret"));
    // In a file that is included, which gives the KDCs that are asked first.
    let more =
        folder.write("more.conf", "[realms]\nA.TEST = {\nkdc = silent.test\nkdc = endless.test:750\n}\n");
    let rest = std::fs::read_to_string(config.sasl.kerberos.krb5_conf.as_ref().unwrap()).unwrap();
    let text = format!("include {}\n{rest}", more.display());
    config.sasl.kerberos.krb5_conf = Some(folder.write("including.conf", text));
    let login = open(&config, &world.environment()).unwrap();
    let began = world.clock.now();
    let mut mechanism = login.start(&broker("host.a.test")).await.unwrap();
    assert!(world.converse(&mut *mechanism, "A.TEST", "kafka/host.a.test").unwrap().is_some());
    // The first of three requests waited for the silent one; the others began with the one that had answered.
    let waited = world.clock.since(began).as_secs();
    assert!((1..3).contains(&waited), "{waited}");
    world.realms().clear();
    let login = open(&config, &world.environment()).unwrap();
    let error = login.start(&broker("host.a.test")).await.map(drop).unwrap_err().to_string();
    for words in [
        "silent.test:88 by TCP: no answer within ",
        "endless.test:750 by TCP: its answer would have 4294967295 bytes",
        "A.TEST:88 by TCP: nobody listens",
    ] {
        assert!(error.contains(words), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_not_tried_again_and_again_and_a_right_keytab_is_read_anew() {
    let (folder, world) = (Folder::new("refused"), World::new([realm()]));
    let keytab = folder.write("alice.keytab", world.realms()[0].keytab("alice"));
    world.realms()[0].set("alice", "another secret");
    let login =
        KerberosLogin { keytab: Some(keytab), principal: Some("alice".into()), ..KerberosLogin::default() };
    let config = folder.config("A.TEST", login);
    let login = open(&config, &world.environment()).unwrap();
    let mut sentences = Vec::new();
    for _ in 0..50 {
        let error = login.start(&broker("host.a.test")).await.map(drop).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Authentication);
        sentences.push(error.to_string());
    }
    sentences.dedup();
    assert_eq!((sentences.len(), world.count("A.TEST")), (1, 2));
    assert!(sentences[0].contains("refused the keytab's key of alice@A.TEST (version 1"), "{sentences:?}");
    assert!(!sentences[0].contains("secret"));
    folder.write("alice.keytab", world.realms()[0].keytab("alice"));
    tokio::time::sleep(config.reconnect_backoff_max).await;
    let mut mechanism = login.start(&broker("host.a.test")).await.unwrap();
    assert!(world.converse(&mut *mechanism, "A.TEST", "kafka/host.a.test").unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn what_the_kdc_does_not_know_is_named() {
    let (folder, world) = (Folder::new("unknown"), World::new([realm()]));
    let login = open(&folder.config("A.TEST", by_password("secret")), &world.environment()).unwrap();
    let error = login.start(&broker("elsewhere.test")).await.map(drop).unwrap_err().to_string();
    assert!(error.contains("no ticket for kafka/elsewhere.test (sasl.kerberos.service.name and"), "{error}");
    assert!(error.contains("does not know the service kafka/elsewhere.test@A.TEST"), "{error}");
    let nobody = KerberosLogin { principal: Some("bob".into()), ..by_password("secret") };
    let login = open(&folder.config("A.TEST", nobody), &world.environment()).unwrap();
    let error = login.start(&broker("host.a.test")).await.map(drop).unwrap_err().to_string();
    assert_eq!(
        error,
        "Kerberos login of bob@A.TEST: the KDC of realm A.TEST does not know the client bob@A.TEST"
    );
    world.realms()[0].clock_ahead_s = -3_600;
    let login = open(&folder.config("A.TEST", by_password("secret")), &world.environment()).unwrap();
    let error = login.start(&broker("host.a.test")).await.map(drop).unwrap_err().to_string();
    assert!(error.contains("this machine's clock is 1 h ahead of that of the KDC"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_kdcs_clock_is_told_once_it_gave_a_first_ticket() {
    let (folder, world) = (Folder::new("clock"), World::new([realm()]));
    world.realms()[0].clock_ahead_s = 60;
    let login = open(&folder.config("A.TEST", by_password("secret")), &world.environment()).unwrap();
    assert_eq!(login.clock_skew(), None);
    login.start(&broker("host.a.test")).await.unwrap();
    let told = login.clock_skew().unwrap().to_string();
    assert!(
        told.starts_with("this machine's clock is 60 s behind that of the KDC of realm A.TEST"),
        "{told}"
    );
}

#[tokio::test(start_paused = true)]
async fn point_41_a_krb5_conf_with_renew_lifetime_is_read_as_it_is() {
    let (folder, world) = (Folder::new("renew-lifetime"), World::new([realm()]));
    let config = folder.config("A.TEST", by_password("secret"));
    let text = std::fs::read_to_string(config.sasl.kerberos.krb5_conf.as_ref().unwrap()).unwrap();
    assert!(text.contains("\nrenew_lifetime = 0m\n"), "{text}");
    let login = open(&config, &world.environment()).unwrap();
    let mut mechanism = login.start(&broker("host.a.test")).await.unwrap();
    assert!(world.converse(&mut *mechanism, "A.TEST", "kafka/host.a.test").unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn point_42_two_logins_of_one_process_have_two_krb5_conf() {
    let other = Realm::new("B.TEST").with("alice", "other secret").with("kafka/host.a.test", "served");
    let (folder, world) = (Folder::new("two"), World::new([realm(), other]));
    for (realm, password) in [("A.TEST", "secret"), ("B.TEST", "other secret")] {
        let login = open(&folder.config(realm, by_password(password)), &world.environment()).unwrap();
        let mut mechanism = login.start(&broker("host.a.test")).await.unwrap();
        let client = world.converse(&mut *mechanism, realm, "kafka/host.a.test").unwrap();
        assert_eq!(client, Some(format!("alice@{realm}")));
    }
}

#[tokio::test(start_paused = true)]
async fn point_46_a_domain_name_stands_for_every_brokers_host() {
    let (folder, world) = (Folder::new("domain"), World::new([realm()]));
    let mut config = folder.config("A.TEST", by_password("secret"));
    config.sasl.kerberos.domain_name = Some("hadoop.r".into());
    let login = open(&config, &world.environment()).unwrap();
    for host in ["10.0.0.1", "host.a.test"] {
        let mut mechanism = login.start(&broker(host)).await.unwrap();
        let client = world.converse(&mut *mechanism, "A.TEST", "kafka/hadoop.r").unwrap();
        assert_eq!(client.as_deref(), Some("alice@A.TEST"));
    }
    assert_eq!(world.count("a.test"), 1);
}

/// A cache with a first ticket that can be renewed for a day.
async fn cache(world: &Arc<World>, folder: &Folder) -> PathBuf {
    use upsert_kafka_kerberos::{AsExchange, AsRequest, Credential, EncryptionType, Exchange};
    let mut realm = world.realms()[0].clone();
    realm.renewable_s = 86_400;
    let request = AsRequest {
        client: Principal::parse("alice@A.TEST", None).unwrap(),
        credential: Credential::Password("secret".into()),
        encryptions: EncryptionType::ALL.to_vec(),
        lifetime_s: 36_000,
        clock_skew_s: 300,
    };
    let mut exchange = AsExchange::new(request, world.now(), &mut same_bytes).unwrap();
    loop {
        let reply = realm.answer(&exchange.request().bytes, world.now(), &mut same_bytes);
        if let Some(ticket) = exchange.handle_reply(&reply, world.now(), &mut same_bytes).unwrap() {
            return folder.write("cache", realm.ticket_cache(&ticket));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_caches_ticket_is_renewed_by_the_kdc_and_taken_anew_from_kinit() {
    let (folder, world) = (Folder::new("cache"), World::new([realm()]));
    let path = cache(&world, &folder).await;
    let login = KerberosLogin { ticket_cache: Some(path), ..KerberosLogin::default() };
    let login = open(&folder.config("A.TEST", login), &world.environment()).unwrap();
    let mut mechanism = login.start(&broker("host.a.test")).await.unwrap();
    assert!(world.converse(&mut *mechanism, "A.TEST", "kafka/host.a.test").unwrap().is_some());
    assert_eq!((world.count("A.TEST"), world.count("a.test")), (0, 1));
    tokio::time::sleep(std::time::Duration::from_secs(31_000)).await;
    // Renewed: one request of TGS, and no password was needed.
    assert_eq!((world.count("A.TEST"), world.count("a.test")), (0, 1));
    tokio::time::sleep(std::time::Duration::from_secs(10_000)).await;
    let mut mechanism = login.start(&broker("host.a.test")).await.unwrap();
    assert!(world.converse(&mut *mechanism, "A.TEST", "kafka/host.a.test").unwrap().is_some());
    // The renewable day is over, and nobody ran kinit.
    tokio::time::sleep(std::time::Duration::from_secs(80_000)).await;
    let error = login.start(&broker("host.a.test")).await.map(drop).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication);
    assert!(error.to_string().contains("has a ticket of alice@A.TEST that expired"), "{error}");
    assert!(error.to_string().contains("run kinit"), "{error}");
    cache(&world, &folder).await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert!(login.start(&broker("host.a.test")).await.is_ok());
}

#[test]
fn what_cannot_be_a_login_is_refused_before_anything_connects() {
    let folder = Folder::new("config");
    let refusal = |login: KerberosLogin| {
        open(&folder.config("A.TEST", login), &Environment::new()).map(drop).unwrap_err()
    };
    let missing = folder.0.join("no.keytab");
    let keytab = |path: PathBuf| KerberosLogin { keytab: Some(path), ..KerberosLogin::default() };
    for (login, words) in [
        (KerberosLogin::default(), "nothing to log in with"),
        (KerberosLogin { principal: None, ..by_password("secret") }, "without principal"),
        (KerberosLogin { principal: Some("a@B.TEST".into()), ..by_password("x") }, "no KDC of realm B.TEST"),
        (keytab(missing.clone()), "no.keytab cannot be read: No such file"),
        (keytab(folder.write("text", "BEGIN")), "does not begin with 05 02"),
    ] {
        let error = refusal(login);
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(words), "{error}");
    }
    let mut config = folder.config("A.TEST", by_password("secret"));
    config.sasl.kerberos.krb5_conf = Some(missing);
    let error = open(&config, &Environment::new()).map(drop).unwrap_err().to_string();
    assert!(error.contains("the krb5.conf") && error.contains("No such file"), "{error}");
    config.sasl.login = None;
    let error = open(&config, &Environment::new()).map(drop).unwrap_err().to_string();
    assert!(error.contains("Krb5LoginModule required useKeyTab=true"), "{error}");
}

#[test]
fn caches_of_other_kinds_are_named() {
    let error = files::keytab(std::path::Path::new("MEMORY:x")).map(drop).unwrap_err().to_string();
    assert!(error.contains("of type MEMORY, which is not read here"), "{error}");
}
