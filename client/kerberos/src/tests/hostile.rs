//! Bytes of peers and files, changed at random: nothing panics, and nothing takes long.

use super::*;

/// How often each seed is changed.
const MUTATIONS: usize = 3_000;

fn mutate(seed: &[u8], roll: &mut dyn FnMut() -> usize) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=roll() % 4 {
        let at = roll() % bytes.len();
        match roll() % 4 {
            0 => bytes[at] = roll() as u8,
            1 => bytes[at] ^= 1 << (roll() % 8),
            2 => bytes.truncate(at.max(1)),
            _ => bytes.insert(at, [0, 0xff, 0x80, 0x84][roll() % 4]),
        }
    }
    bytes
}

fn each_mutation(seeds: &[Vec<u8>], mut hear: impl FnMut(&[u8])) {
    let mut entropy = chance(17);
    let mut roll = move || {
        let mut bytes = [0; 8];
        entropy(&mut bytes);
        usize::from_be_bytes(bytes)
    };
    for seed in seeds {
        (0..MUTATIONS).for_each(|_| hear(&mutate(seed, &mut roll)));
    }
}

/// Every message that a KDC and a service send, as this realm sends them.
fn messages() -> Vec<Vec<u8>> {
    let (realm, mut entropy) = (realm(), chance(18));
    let mut first = AsExchange::new(password("secret"), NOW, &mut entropy).unwrap();
    let required = realm.answer(&first.request().bytes, NOW, &mut entropy);
    first.handle_reply(&required, NOW, &mut entropy).unwrap();
    let as_reply = realm.answer(&first.request().bytes, NOW, &mut entropy);
    let granting = first.handle_reply(&as_reply, NOW, &mut entropy).unwrap().unwrap();
    let service = Principal::parse("kafka/host.a.test@A.TEST", None).unwrap();
    let mut second = TgsExchange::new(&granting, &service, &EncryptionType::ALL, NOW, &mut entropy);
    let tgs_reply = realm.answer(&second.request().bytes, NOW, &mut entropy);
    let ticket = second.handle_reply(&tgs_reply, NOW, &mut entropy).unwrap().unwrap();
    let (_, token) = GssInitiator::new(&ticket, None, NOW, &mut entropy);
    let acceptor = Acceptor { has_subkey: true, ..Acceptor::new(&realm, "kafka/host.a.test") };
    let (reply, mut context, _) = acceptor.accept(&token, NOW, &mut entropy).unwrap();
    let wrapped = [context.wrap(&[1, 0, 0, 0]), context.seal(&[1, 0, 0, 0], &mut entropy)];
    let late = acceptor.accept(&token, later(50_000), &mut entropy).map(|_| ()).unwrap_err();
    [required, as_reply, tgs_reply, token, reply, late].into_iter().chain(wrapped).collect()
}

#[test]
fn no_message_makes_a_reader_panic() {
    let (mut read, mut all) = (0, 0);
    each_mutation(&messages(), |bytes| {
        read += usize::from(fuzzing::read_messages(bytes) > 0);
        fuzzing::unwrap_tokens(bytes);
        all += 1;
    });
    // Else the mutations break everything at the first byte, and test nothing.
    assert!(read > all / 20, "{read} of {all} are still messages");
}

#[test]
fn no_answer_makes_an_exchange_panic_or_go_on_for_ever() {
    let (realm, seeds) = (realm(), messages());
    let granting = login(password("secret"), &realm, NOW).unwrap();
    let service = Principal::parse("kafka/host.a.test@A.TEST", None).unwrap();
    let ticket = buy(&granting, "kafka/host.a.test@A.TEST", &[&realm], NOW).unwrap();
    let keytab = Credential::Keytab(Keytab::parse(&realm.keytab("alice")).unwrap());
    let mut count = 0;
    each_mutation(&seeds, |bytes| {
        count += 1;
        if count % 20 == 0 {
            let mut entropy = chance(18);
            let mut first = AsExchange::new(as_request(keytab.clone()), NOW, &mut entropy).unwrap();
            _ = first.handle_reply(bytes, NOW, &mut entropy).map(|it| it.map(|it| it.ends));
            let mut second = TgsExchange::new(&granting, &service, &EncryptionType::ALL, NOW, &mut entropy);
            assert!(second.handle_reply(bytes, NOW, &mut entropy).is_err());
            let (mut client, _) = SaslClient::new(&ticket, NOW, &mut entropy);
            _ = client.step(bytes, NOW);
            assert_ne!(client.step(bytes, NOW), Ok(SaslStep::Done));
        }
    });
}

#[test]
fn no_file_makes_a_reader_panic() {
    let realm = realm();
    let keytab = realm.keytab("alice");
    let cache = include_bytes!("../../tests/data/mit.ccache").to_vec();
    let mut read = 0;
    each_mutation(&[keytab, cache], |bytes| {
        read += usize::from(Keytab::parse(bytes).is_ok()) + usize::from(TicketCache::parse(bytes).is_ok());
    });
    assert!(read > MUTATIONS / 20, "{read}");
    let conf = b"[libdefaults]\n default_realm = A\n[realms]\n A = {\n  kdc = [::1]:88\n }\n[domain_realm]\n .a = \"A\\\"\"\n";
    let mut read = 0;
    each_mutation(&[conf.to_vec()], |bytes| {
        let text = String::from_utf8_lossy(bytes);
        if let Ok(conf) = Krb5Conf::parse(&text, "fuzz", &mut Files(HashMap::new())) {
            read += 1;
            _ = (conf.kdcs("A").map(<[_]>::len), conf.realm_of("x.a"));
        }
        _ = Principal::parse(&text, Some("A")).map(|it| it.to_string());
    });
    assert!(read > MUTATIONS / 20, "{read}");
}

/// Files of the test, which are none.
struct Files(HashMap<String, String>);

impl ConfFiles for Files {
    fn read(&mut self, path: &str) -> std::io::Result<String> {
        self.0.get(path).cloned().ok_or_else(|| std::io::ErrorKind::NotFound.into())
    }

    fn list(&mut self, _: &str) -> std::io::Result<Vec<String>> {
        Ok(self.0.keys().cloned().collect())
    }
}
