//! Two realms of MIT's that trust each other one way: a user of the first at a service of the second.

use super::*;

const FIRST: &str = "EXAMPLE.TEST";
const SECOND: &str = "PARTNER.TEST";

/// The client is of the first realm, the service of the second, and the first may vouch in the second.
fn realms(test: &str) -> Option<[Lab; 2]> {
    let labs = Lab::start_realms(test, [FIRST, SECOND])?;
    labs[0].add("client", "clientpw", "client.keytab");
    labs[1].add("kafka/broker.partner.test", "servicepw", "kafka.keytab");
    for lab in &labs {
        lab.call("kadmin.local", &["-q", &format!("addprinc -pw crossing krbtgt/{SECOND}@{FIRST}")]);
    }
    Some(labs)
}

/// Buys as [`Way::buy`], and tells which realms were asked.
fn buy(
    way: &Way<'_>,
    granting: &Ticket,
    service: &Principal,
    encryption: EncryptionType,
) -> Result<(Ticket, Vec<String>), Error> {
    let mut exchange = TgsExchange::new(granting, service, &[encryption], moment(0), &mut chance);
    let mut asked = Vec::new();
    loop {
        asked.push(exchange.request().realm.clone());
        let reply = way.lab.ask(exchange.request(), way.transport)?;
        if let Some(ticket) = exchange.handle_reply(&reply, moment(0), &mut chance)? {
            return Ok((ticket, asked));
        }
    }
}

fn service(realm: &str) -> Principal {
    Principal { components: vec!["kafka".into(), "broker.partner.test".into()], realm: realm.into() }
}

#[test]
fn a_referral_of_mits_is_followed_into_the_realm_of_the_service() {
    let Some([first, second]) = realms("referral") else { return };
    let acceptor = Acceptor { service: "kafka@broker.partner.test", ..Acceptor::default() };
    let Some(mut acceptor) = Service::start_with(&second, acceptor) else { return };
    for transport in [KdcTransport::Udp, KdcTransport::Tcp] {
        let way = Way { lab: &first, transport, later_s: 0 };
        for encryption in EncryptionType::ALL {
            let granting = way.login("client", password("clientpw"), &[encryption]).unwrap();
            // The client does not know whose the service is, or its krb5.conf says so.
            for realm in ["", SECOND] {
                let (ticket, asked) = buy(&way, &granting, &service(realm), encryption).unwrap();
                assert_eq!(asked, [FIRST, SECOND], "'{realm}'");
                assert_eq!(ticket.service.to_string(), "kafka/broker.partner.test@PARTNER.TEST");
                assert_eq!(converse(&ticket, &mut acceptor).unwrap(), "mit ok client@EXAMPLE.TEST");
            }
        }
    }
}

#[test]
fn realms_that_do_not_trust_each_other_are_told_apart_from_services_that_nobody_knows() {
    let Some([first, second]) = realms("strangers") else { return };
    second.add("partner", "partnerpw", "partner.keytab");
    let way = Way { lab: &first, transport: KdcTransport::Tcp, later_s: 0 };
    let granting = way.login("client", password("clientpw"), &EncryptionType::ALL).unwrap();
    let nobody = Principal { components: vec!["kafka".into(), "nobody.partner.test".into()], ..service("") };
    let error = buy(&way, &granting, &nobody, EncryptionType::ALL[0]).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::UnknownService, Some(7)));
    for words in [SECOND, "kafka/nobody.partner.test"] {
        assert!(error.to_string().contains(words), "{error}");
    }
    // Trust goes one way.
    let way = Way { lab: &second, transport: KdcTransport::Tcp, later_s: 0 };
    let granting = way.login("partner@PARTNER.TEST", password("partnerpw"), &EncryptionType::ALL).unwrap();
    let other = Principal { components: vec!["kafka".into(), "localhost".into()], realm: FIRST.into() };
    let error = buy(&way, &granting, &other, EncryptionType::ALL[0]).unwrap_err();
    assert_eq!((error.kind(), error.code()), (ErrorKind::UnknownService, Some(7)));
    assert!(error.to_string().contains("krbtgt/EXAMPLE.TEST@PARTNER.TEST"), "{error}");
}
