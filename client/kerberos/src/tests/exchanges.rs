//! Logins and tickets.

use super::*;

#[test]
fn a_login_gives_a_ticket_by_password_and_by_keytab_with_each_type() {
    for encryption in EncryptionType::ALL {
        for preauthentication in [true, false] {
            let mut realm = realm();
            realm.encryptions = vec![encryption];
            realm.preauthentication = preauthentication;
            let keytab = Keytab::parse(&realm.keytab("alice")).unwrap();
            for request in [password("secret"), as_request(Credential::Keytab(keytab))] {
                let granting = login(request, &realm, NOW).unwrap();
                assert!(granting.is_initial() && granting.key.encryption() == encryption);
                assert_eq!((granting.starts, granting.ends), (NOW.seconds, NOW.seconds + 36_000));
                let ticket = buy(&granting, "kafka/host.a.test@A.TEST", &[&realm], NOW).unwrap();
                assert_eq!(ticket.service.to_string(), "kafka/host.a.test@A.TEST");
                assert_eq!(ticket.client.to_string(), "alice@A.TEST");
            }
        }
    }
}

#[test]
fn what_a_kdc_refuses_is_said() {
    let mut realm = realm();
    let keytab = Keytab::parse(&realm.keytab("alice")).unwrap();
    let error = login(password("wrong"), &realm, NOW).unwrap_err();
    assert_eq!(error.to_string(), "the KDC of realm A.TEST refused the password of alice@A.TEST");
    assert_eq!((error.kind(), error.code()), (ErrorKind::WrongKey, Some(24)));

    realm.set("alice", "another secret");
    let by_keytab = || as_request(Credential::Keytab(keytab.clone()));
    let error = login(by_keytab(), &realm, NOW).unwrap_err().to_string();
    assert!(error.contains("refused the keytab's key of alice@A.TEST (version 1, aes256"), "{error}");
    assert!(error.contains("export the keytab again"), "{error}");
    realm.preauthentication = false;
    let error = login(by_keytab(), &realm, NOW).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongKey);
    let error = error.to_string();
    assert!(error.contains("(version 1) does not open") && error.contains("whose version is 2"), "{error}");

    let nobody = AsRequest { client: Principal::parse("bob@A.TEST", None).unwrap(), ..password("secret") };
    let error = login(nobody.clone(), &realm, NOW).unwrap_err();
    assert_eq!(error.to_string(), "the KDC of realm A.TEST does not know the client bob@A.TEST");
    let error =
        login(AsRequest { credential: Credential::Keytab(keytab), ..nobody }, &realm, NOW).unwrap_err();
    assert_eq!(error.to_string(), "the keytab has no key of bob@A.TEST; it has keys of: alice@A.TEST");

    realm.encryptions = vec![EncryptionType::Aes128Sha1];
    let only = AsRequest { encryptions: vec![EncryptionType::Aes256Sha384], ..password("secret") };
    let error = login(only, &realm, NOW).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Unsupported, Some(14)));
}

#[test]
fn a_clock_that_is_off_is_said_by_how_much_and_on_which_side() {
    let mut realm = realm();
    for (preauthentication, code) in [(true, Some(37)), (false, None)] {
        realm.preauthentication = preauthentication;
        for (ahead, words) in [(723, "12 min 3 s behind"), (-3600, "1 h ahead of")] {
            realm.clock_ahead_s = ahead;
            let error = login(password("secret"), &realm, NOW).unwrap_err();
            assert_eq!((error.kind(), error.code()), (ErrorKind::ClockSkew, code));
            let words = format!("this machine's clock is {words} that of the KDC of realm A.TEST");
            assert!(error.to_string().contains(&words), "{error}");
        }
    }
    realm.clock_ahead_s = 299;
    assert!(login(password("secret"), &realm, NOW).is_ok());
}

#[test]
fn unknown_services_and_expired_tickets_are_said() {
    let realm = realm();
    let granting = login(password("secret"), &realm, NOW).unwrap();
    let error = buy(&granting, "kafka/other.a.test@A.TEST", &[&realm], NOW).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the KDC of realm A.TEST does not know the service kafka/other.a.test@A.TEST"
    );
    assert_eq!(error.kind(), ErrorKind::UnknownService);
    let error = buy(&granting, "kafka/host.a.test@A.TEST", &[&realm], later(36_001)).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Expired, Some(32)));
    assert!(!granting.is_valid(later(36_001).seconds, 0) && granting.is_valid(NOW.seconds, 35_999));
}

#[test]
fn a_ticket_is_renewed_while_the_kdc_lets_it_be() {
    let mut realm = realm();
    let plain = login(password("secret"), &realm, NOW).unwrap();
    assert!(!plain.is_renewable(NOW.seconds));
    realm.renewable_s = 100_000;
    let granting = login(password("secret"), &realm, NOW).unwrap();
    assert!(granting.is_renewable(NOW.seconds) && !granting.is_renewable(NOW.seconds + 36_000));
    let at = later(30_000);
    let mut exchange = TgsExchange::renew(&granting, &EncryptionType::ALL, at, &mut chance(4));
    let renewed = carry(&mut exchange, &[&realm], at).unwrap();
    assert!(renewed.is_initial());
    assert_eq!((renewed.authenticated, renewed.ends), (NOW.seconds, NOW.seconds + 66_000));
    assert_eq!(renewed.renewable_until, Some(NOW.seconds + 100_000));
    assert!(buy(&renewed, "kafka/host.a.test@A.TEST", &[&realm], later(50_000)).is_ok());
}

/// Three realms in a row that trust their neighbours; the service is in the last.
fn row_of_realms() -> [Realm; 3] {
    let (mut a, mut b) = (realm(), Realm::new("B.TEST"));
    let mut c = Realm::new("C.TEST").with("kafka/host.c.test", "served");
    a.befriend(&mut b);
    b.befriend(&mut c);
    a.referrals = vec![("c.test".into(), "B.TEST".into()), ("C.TEST".into(), "B.TEST".into())];
    b.referrals = vec![("c.test".into(), "C.TEST".into())];
    [a, b, c]
}

#[test]
fn referrals_are_followed_from_realm_to_realm() {
    let [a, b, c] = row_of_realms();
    let granting = login(password("secret"), &a, NOW).unwrap();
    // By the host alone, and by a realm that krb5.conf names.
    for service in ["kafka/host.c.test", "kafka/host.c.test@C.TEST"] {
        let ticket = buy(&granting, service, &[&a, &b, &c], NOW).unwrap();
        assert_eq!(ticket.service.to_string(), "kafka/host.c.test@C.TEST");
        assert_eq!(ticket.client.to_string(), "alice@A.TEST");
        let mut server = SaslServer::new(&Acceptor::new(&c, "kafka/host.c.test"));
        converse(&ticket, &mut server, NOW).unwrap();
        assert_eq!(server.client(), Some(&ticket.client));
    }
}

#[test]
fn realms_that_send_a_client_round_are_left() {
    let [a, mut b, c] = row_of_realms();
    b.referrals = vec![("c.test".into(), "A.TEST".into())];
    let granting = login(password("secret"), &a, NOW).unwrap();
    let error = buy(&granting, "kafka/host.c.test", &[&a, &b, &c], NOW).unwrap_err().to_string();
    assert!(error.ends_with("round for kafka/host.c.test: A.TEST → B.TEST → A.TEST"), "{error}");
}

#[test]
fn an_answer_to_another_question_is_no_answer() {
    let realm = realm();
    let mut entropy = chance(5);
    let old = AsExchange::new(password("secret"), NOW, &mut chance(6)).unwrap();
    let mut realm_open = realm.clone();
    realm_open.preauthentication = false;
    let replay = realm_open.answer(&old.request().bytes, NOW, &mut entropy);
    let mut exchange = AsExchange::new(password("secret"), NOW, &mut chance(7)).unwrap();
    let error = exchange.handle_reply(&replay, NOW, &mut entropy).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotProven);

    let granting = login(password("secret"), &realm, NOW).unwrap();
    let service = Principal::parse("kafka/host.a.test@A.TEST", None).unwrap();
    let begin = |seed| TgsExchange::new(&granting, &service, &EncryptionType::ALL, NOW, &mut chance(seed));
    let replay = realm.answer(&begin(8).request().bytes, NOW, &mut entropy);
    let error = begin(9).handle_reply(&replay, NOW, &mut entropy).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotProven);
}

#[test]
fn kdcs_are_asked_in_turn_by_udp_then_by_tcp_and_large_answers_come_by_tcp() {
    let text = "[realms]\nR = {\nkdc = one\nkdc = two:750\nkdc = tcp/three\n}\n";
    let conf = Krb5Conf::parse(text, "krb5.conf", &mut Nothing).unwrap();
    let request = |size| KdcRequest { realm: "R".into(), bytes: vec![0; size] };
    let order = |size, udp| {
        let mut attempts = KdcAttempts::new(&conf, &request(size), udp).unwrap();
        let next = std::iter::from_fn(|| attempts.poll_attempt());
        next.map(|it| format!("{} {:?}", it.kdc.host, it.transport)).collect::<Vec<_>>()
    };
    let small = ["one Udp", "two Udp", "one Tcp", "two Tcp", "three Tcp", "one Udp", "two Udp"];
    assert_eq!(order(1465, true), small);
    assert_eq!(order(1466, true)[..4], ["one Tcp", "two Tcp", "three Tcp", "one Udp"]);
    assert!(order(100, false).iter().all(|it| it.ends_with("Tcp")));

    let two = conf.kdcs("R").unwrap()[1].clone();
    let mut attempts = KdcAttempts::new(&conf, &request(100), true).unwrap().beginning_with(&two);
    let order: Vec<_> = std::iter::from_fn(|| attempts.poll_attempt()).map(|it| it.kdc.host).collect();
    assert_eq!(order, ["two", "two", "two", "one", "one", "three", "one"]);

    let too_big = error_of_kdc(52);
    let mut attempts = KdcAttempts::new(&conf, &request(100), true).unwrap();
    attempts.poll_attempt().unwrap();
    attempts.handle_failure("no answer within 1 s");
    assert_eq!(attempts.poll_attempt().unwrap().kdc.host, "two");
    assert!(!attempts.is_answer(&too_big));
    let next = attempts.poll_attempt().unwrap();
    assert_eq!((&*next.kdc.host, next.transport), ("two", KdcTransport::Tcp));
    assert!(!attempts.is_answer(&error_of_kdc(29)) && attempts.is_answer(&error_of_kdc(6)));
    while attempts.poll_attempt().is_some() {
        attempts.handle_failure("connection refused");
    }
    let error = attempts.into_error();
    assert_eq!(error.kind(), ErrorKind::Unreachable);
    let error = error.to_string();
    for words in
        ["no KDC of realm R answered", "one:88 by UDP: no answer within 1 s", "two:750 by TCP: it says"]
    {
        assert!(error.contains(words), "{error}");
    }
}

fn error_of_kdc(code: i32) -> Vec<u8> {
    use crate::messages::krb_error::KrbError;
    let error = KrbError { code, server_time: 0, client_realm: None, text: None, data: None };
    error.write(&Principal::parse("krbtgt/R@R", None).unwrap())
}

/// A krb5.conf that includes nothing.
struct Nothing;

impl ConfFiles for Nothing {
    fn read(&mut self, path: &str) -> std::io::Result<String> {
        Err(std::io::Error::other(path.to_owned()))
    }

    fn list(&mut self, folder: &str) -> std::io::Result<Vec<String>> {
        self.read(folder).map(|_| Vec::new())
    }
}
