//! Services that accept, refuse and demand.

use super::*;

fn ticket(realm: &Realm) -> Ticket {
    let granting = login(password("secret"), realm, NOW).unwrap();
    buy(&granting, "kafka/host.a.test@A.TEST", &[realm], NOW).unwrap()
}

#[test]
fn services_like_javas_and_like_mits_let_a_client_in() {
    for encryption in EncryptionType::ALL {
        let mut realm = realm();
        realm.encryptions = vec![encryption];
        let ticket = ticket(&realm);
        for (has_subkey, seals, layers) in
            [(false, false, 1), (false, false, 7), (true, false, 1), (true, true, 7)]
        {
            let acceptor =
                Acceptor { has_subkey, seals, layers, ..Acceptor::new(&realm, "kafka/host.a.test") };
            let mut server = SaslServer::new(&acceptor);
            converse(&ticket, &mut server, NOW).unwrap();
            assert_eq!(server.client().map(ToString::to_string).as_deref(), Some("alice@A.TEST"));
        }
    }
}

#[test]
fn a_layer_that_is_demanded_is_refused_by_its_name() {
    let realm = realm();
    let ticket = ticket(&realm);
    for (layers, words) in [
        (2, "demands integrity (auth-int) of SASL"),
        (4, "demands confidentiality (auth-conf) of SASL"),
        (6, "demands integrity (auth-int) or confidentiality (auth-conf)"),
        (8, "a layer that nobody knows"),
    ] {
        let acceptor = Acceptor { layers, ..Acceptor::new(&realm, "kafka/host.a.test") };
        let error = converse(&ticket, &mut SaslServer::new(&acceptor), NOW).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains(words), "{error}");
    }
}

#[test]
fn what_a_service_refuses_is_said() {
    let mut realm = realm();
    let stale = Acceptor::new(&realm, "kafka/host.a.test");
    let mut fast = stale.clone();
    fast.clock_ahead_s = 723;
    let error = converse(&ticket(&realm), &mut SaslServer::new(&fast), NOW).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::ClockSkew, Some(37)));
    let words = "clock is 12 min 3 s behind that of the service kafka/host.a.test@A.TEST";
    assert!(error.to_string().contains(words), "{error}");

    let old = ticket(&realm);
    let error = converse(&old, &mut SaslServer::new(&stale), later(40_000)).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::Expired, Some(32)));

    // The service's key was made anew, and its keytab was not.
    realm.set("kafka/host.a.test", "served anew");
    let error = converse(&ticket(&realm), &mut SaslServer::new(&stale), NOW).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WrongKey);
    assert!(error.to_string().contains("its keytab lacks the key that the KDC has"), "{error}");
}

#[test]
fn a_service_that_proves_nothing_is_refused() {
    let realm = realm();
    let (ticket, mut entropy) = (ticket(&realm), chance(3));
    // Another service's answer to another client's token, and our own token sent back.
    let (_, other) = GssInitiator::new(&ticket, None, later(1), &mut chance(11));
    let acceptor = Acceptor::new(&realm, "kafka/host.a.test");
    let (replayed, ..) = acceptor.accept(&other, NOW, &mut entropy).unwrap();
    let begin = |seed| GssInitiator::new(&ticket, None, NOW, &mut chance(seed));
    let (initiator, token) = begin(12);
    assert_eq!(initiator.finish(&replayed, NOW).unwrap_err().kind(), ErrorKind::NotProven);
    assert_eq!(begin(12).0.finish(&token, NOW).unwrap_err().kind(), ErrorKind::Malformed);
    assert_eq!(begin(12).0.finish(&[], NOW).unwrap_err().kind(), ErrorKind::Malformed);
}

/// Both sides of a context.
fn contexts(has_subkey: bool, encryption: EncryptionType) -> (GssContext, GssContext) {
    let mut realm = realm();
    realm.encryptions = vec![encryption];
    let ticket = ticket(&realm);
    let acceptor = Acceptor { has_subkey, ..Acceptor::new(&realm, "kafka/host.a.test") };
    let (initiator, token) = GssInitiator::new(&ticket, None, NOW, &mut chance(13));
    let (reply, theirs, _) = acceptor.accept(&token, NOW, &mut chance(14)).unwrap();
    (initiator.finish(&reply, NOW).unwrap(), theirs)
}

#[test]
fn messages_are_wrapped_and_unwrapped_in_order_and_unchanged() {
    for encryption in EncryptionType::ALL {
        for has_subkey in [false, true] {
            let (mut ours, mut theirs) = contexts(has_subkey, encryption);
            for length in [0, 1, 15, 16, 17, 1000] {
                let message = vec![7; length];
                assert_eq!(theirs.unwrap(&ours.wrap(&message)).unwrap(), (message.clone(), false));
                assert_eq!(ours.unwrap(&theirs.seal(&message, &mut chance(15))).unwrap(), (message, true));
            }
            let [first, second] = [ours.wrap(b"one"), ours.wrap(b"two")];
            let error = theirs.unwrap(&second).unwrap_err();
            assert!(error.to_string().contains("out of turn"), "{error}");
            assert!(theirs.unwrap(&first).is_ok());
            assert!(theirs.unwrap(&first).is_err(), "a replay");
            let own = ours.wrap(b"to myself");
            assert!(ours.unwrap(&own).is_err());
        }
    }
}

#[test]
fn any_bit_that_changes_is_seen_and_any_rotation_is_undone() {
    let (ours, theirs) = contexts(true, EncryptionType::Aes256Sha384);
    for sealed in [false, true] {
        let mut theirs = theirs.clone();
        let token = if sealed { theirs.seal(b"offer", &mut chance(16)) } else { theirs.wrap(b"offer") };
        for at in 0..token.len() * 8 {
            let mut changed = token.clone();
            changed[at / 8] ^= 1 << (at % 8);
            // The rotation is not protected: a wrong one moves the bytes, and that is seen.
            assert!(ours.clone().unwrap(&changed).is_err(), "bit {at}");
        }
        for rotated in [1, 5, 28, 200, 65_535] {
            let mut turned = token.clone();
            let body = &mut turned[16..];
            let length = body.len();
            body.rotate_right(rotated % length);
            turned[6..8].copy_from_slice(&u16::try_from(rotated).unwrap().to_be_bytes());
            assert_eq!(ours.clone().unwrap(&turned).unwrap().0, b"offer");
        }
    }
}
