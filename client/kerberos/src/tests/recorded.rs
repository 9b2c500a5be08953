//! What a real KDC and MIT's libgssapi said once, said again: the client must ask the same, byte for byte, and be let in.
//!
//! `tests/mit.rs` writes the file: `UPSERT_KAFKA_RECORD=client/kerberos/tests/data/mit.exchange cargo test -p
//! upsert-kafka-kerberos --test mit record`.

use super::*;

const RECORDED: &str = include_str!("../../tests/data/mit.exchange");

/// The recorded lines of one exchange: what the client says, and what it is told.
struct Script<'a>(std::iter::Peekable<std::str::Lines<'a>>);

impl Script<'_> {
    fn expect(&mut self, said: &[u8]) -> Vec<u8> {
        assert_eq!(self.next('>'), said);
        self.next('<')
    }

    fn next(&mut self, side: char) -> Vec<u8> {
        let line = self.0.next().unwrap();
        let text = line.strip_prefix(side).unwrap_or_else(|| panic!("{side} and not {line}")).trim();
        (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
    }

    fn carry(
        &mut self,
        exchange: &mut dyn Exchange,
        now: UnixTime,
        entropy: &mut dyn Entropy,
    ) -> Result<Ticket, Error> {
        loop {
            let reply = self.expect(&exchange.request().bytes);
            if let Some(ticket) = exchange.handle_reply(&reply, now, entropy)? {
                return Ok(ticket);
            }
        }
    }
}

#[test]
fn what_mit_said_once_lets_the_client_in_again() {
    for encryption in EncryptionType::ALL {
        let begins = format!("exchange {} at ", encryption.number());
        let (_, rest) = RECORDED.split_once(&begins).unwrap();
        let mut script = Script(rest.lines().peekable());
        let now = UnixTime { seconds: script.0.next().unwrap().parse().unwrap(), micros: 0 };
        let mut entropy = chance(u64::from(encryption.number().unsigned_abs()));
        let request = AsRequest {
            client: Principal::parse("client@EXAMPLE.TEST", None).unwrap(),
            encryptions: vec![encryption],
            lifetime_s: 3600,
            ..password("clientpw")
        };
        let mut first = AsExchange::new(request, now, &mut entropy).unwrap();
        let granting = script.carry(&mut first, now, &mut entropy).unwrap();
        assert_eq!((granting.ends - now.seconds, granting.key.encryption()), (3600, encryption));
        let service = Principal::parse("kafka/localhost@EXAMPLE.TEST", None).unwrap();
        let mut second = TgsExchange::new(&granting, &service, &[encryption], now, &mut entropy);
        let ticket = script.carry(&mut second, now, &mut entropy).unwrap();
        assert_eq!(ticket.service, service);
        let (mut client, mut words) = SaslClient::new(&ticket, now, &mut entropy);
        for _ in 0..2 {
            let SaslStep::Reply(next) = client.step(&script.expect(&words), now).unwrap() else {
                panic!("done too early")
            };
            words = next;
        }
        assert_eq!(script.expect(&words), b"mit ok client@EXAMPLE.TEST");
    }
}
