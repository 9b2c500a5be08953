//! Brokers that a client logs in to: whatever they answer, only one that proves that it knows the password is taken for
//! one.

use upsert_kafka_client::hostile::{Exchanged, log_in};
use upsert_kafka_client::{Config, Role};

/// Answers to a login by SCRAM, cut at each byte 255; `{nonce}` stands for the client's.
pub fn scram(data: &[u8]) {
    let Some((choice, answers)) = data.split_first() else { return };
    if takes_long(answers) {
        return;
    }
    let (mechanism, token) = MECHANISMS[usize::from(*choice) % MECHANISMS.len()];
    let jaas = format!(
        "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"alice\" password=\"pencil\" \
         tokenauth=\"{token}\";"
    );
    let outcome = exchange(mechanism, &jaas, answers);
    assert_ne!(outcome, Exchanged::Done, "{mechanism} takes a broker that proved nothing");
}

/// Iterations that a client allows, and a fuzzer has no time for.
fn takes_long(answers: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answers);
    let numbers = text.split("i=").skip(1).map(|it| it.split(|c: char| !c.is_ascii_digit()).next());
    numbers.flatten().filter_map(|it| it.parse::<u64>().ok()).any(|it| (10_000..=1_000_000).contains(&it))
}

fn exchange(mechanism: &str, jaas: &str, answers: &[u8]) -> Exchanged {
    let pairs = [
        ("bootstrap.servers", "broker:9092"),
        ("security.protocol", "SASL_PLAINTEXT"),
        ("sasl.mechanism", mechanism),
        ("sasl.jaas.config", jaas),
    ];
    let (config, _) = Config::from_properties(pairs, Role::Any).expect("a good configuration");
    let mut answers = answers.split(|byte| *byte == 255);
    let mut nonce = String::new();
    let outcome = log_in(&config, |words| {
        let words = String::from_utf8_lossy(words);
        if let Some((_, own)) = words.split_once(",r=").filter(|_| nonce.is_empty()) {
            nonce = own.split(',').next().unwrap_or_default().to_owned();
        }
        let answer = answers.next()?;
        match std::str::from_utf8(answer) {
            Ok(text) => Some(text.replace("{nonce}", &nonce).into_bytes()),
            Err(_) => Some(answer.to_vec()),
        }
    });
    outcome.expect("a login that can be opened")
}

/// By name, and whether the user is a delegation token.
const MECHANISMS: [(&str, bool); 4] =
    [("SCRAM-SHA-256", false), ("SCRAM-SHA-512", false), ("SCRAM-SHA-256", true), ("SCRAM-SHA-512", true)];
