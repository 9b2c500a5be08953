//! Amazon's services and files: what they say is read or refused with a bounded sentence, and a file's own profile is
//! found whatever stands around it.

use upsert_kafka_client::hostile::{Exchanged, aws as hostile};

/// The bytes as a service's answer, head and body; as a broker's; and as a file of profiles.
pub fn aws(data: &[u8]) {
    for key in hostile::keys(data) {
        match key {
            Ok(id) => assert!(!id.is_empty() && id.len() <= data.len()),
            Err(sentence) => bounded(&sentence),
        }
    }
    let mut answer = Some(data.to_vec());
    let (outcome, sentence) = hostile::log_in(|_| answer.take()).expect("a login that can be opened");
    assert_ne!(outcome, Exchanged::Silent, "an answer is a receipt or none");
    bounded(&sentence);
    profiles(&String::from_utf8_lossy(data));
}

fn profiles(text: &str) {
    let known = format!("{text}\n[known]\naws_secret_access_key = {SECRET}\n");
    for (credentials, config) in [(known.as_str(), text), (text, "")] {
        let (names, secret) = hostile::profiles(credentials, config, "known");
        bounded(&names);
        assert!(!names.contains(SECRET), "{names}");
        let is_known = credentials.len() > text.len();
        assert!(!is_known || secret.as_deref() == Some(SECRET), "{secret:?} in {credentials:?}");
    }
}

fn bounded(sentence: &str) {
    assert!(sentence.len() <= SENTENCE_BYTES_MAX, "an error of {} bytes", sentence.len());
}

const SECRET: &str = "hush+secret/key=";
const SENTENCE_BYTES_MAX: usize = 6_000;
