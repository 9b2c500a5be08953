//! Token endpoints and brokers to whom a token is shown: whatever they answer, no secret comes back in a sentence, and
//! only a broker that objects to nothing is taken for one.

use upsert_kafka_client::hostile::{Exchanged, tokens};

/// Answers to a login by OAUTHBEARER, cut at each byte 255; `{token}` stands for the client's.
pub fn bearer(data: &[u8]) {
    let mut answers = data.split(|byte| *byte == 255);
    let first = answers.clone().next().unwrap_or_default().to_vec();
    let login = tokens::log_in(TOKEN, |_| answers.next().map(with_token));
    let (outcome, sentence) = login.expect("a login that can be opened");
    if outcome == Exchanged::Done {
        assert!(first.is_empty(), "a broker that objects is taken for one that takes the token");
    }
    told(&sentence, &[TOKEN]);
}

/// What a token endpoint sends, head and body; `{token}` stands for the secret that it was sent.
pub fn token_endpoint(data: &[u8]) {
    match tokens::endpoint_token(&with_token(data), &[TOKEN]) {
        Err(sentence) => {
            assert!(
                !sentence.is_empty() && !sentence.contains("waits for a stream that has ended"),
                "{sentence}"
            );
            told(&sentence, &[TOKEN]);
        }
        Ok(token) => {
            assert!(!token.trim().is_empty() && token.len() <= data.len() * TOKEN.len());
            check_claims(&token);
        }
    }
    check_claims(&String::from_utf8_lossy(data));
}

fn check_claims(token: &str) {
    match tokens::claims(token) {
        Ok((owner, ends)) => assert!(!owner.is_empty() && ends >= 0),
        Err(sentence) => told(&sentence, &[]),
    }
}

fn with_token(bytes: &[u8]) -> Vec<u8> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.replace("{token}", TOKEN).into_bytes(),
        Err(_) => bytes.to_vec(),
    }
}

fn told(sentence: &str, secrets: &[&str]) {
    assert!(sentence.len() <= SENTENCE_BYTES_MAX, "an error of {} bytes", sentence.len());
    assert!(secrets.iter().all(|secret| !sentence.contains(secret)), "{sentence}");
}

const TOKEN: &str = "hush-header.hush-payload.hush-signature";
/// Ten names of fields, of 300 characters each.
const SENTENCE_BYTES_MAX: usize = 16_000;
