//! What Amazon's services answer, and its files of profiles, for fuzzing.

use super::profile::Profiles;
use super::{AwsCredentials, payload, sts};
use crate::hostile::{Exchanged, answer_in, converse};
use crate::sasl::aws_msk_iam;
use crate::{Error, Secret};

/// Logs in by AWS_MSK_IAM to a broker that answers with what `answer` gives; and the sentence of a refusal.
///
/// # Errors
/// The login itself cannot be opened.
pub fn log_in(answer: impl FnMut(&[u8]) -> Option<Vec<u8>>) -> Result<(Exchanged, String), Error> {
    converse(&mut *aws_msk_iam::begin(Secret::from("signed"), payload::check_answer)?, answer)
}

/// The id of the key in what the endpoint of a container or an instance sends, and in what STS sends.
pub fn keys(bytes: &[u8]) -> [Result<String, String>; 2] {
    match answer_in(bytes) {
        Ok(answer) => [
            answer.json().and_then(|json| AwsCredentials::of_json(&json)).map(|keys| keys.access_key_id),
            sts::credentials(&answer).map(|keys| keys.access_key_id),
        ],
        Err(why) => [Err(why.to_string()), Err(why.to_string())],
    }
}

/// Of the texts of `credentials` and `config`: what is shown of them, and the secret key of a profile.
pub fn profiles(credentials: &str, config: &str, profile: &str) -> (String, Option<String>) {
    let profiles = Profiles::read(credentials, config);
    let secret = profiles.named(profile).and_then(|it| it.secret("aws_secret_access_key"));
    (profiles.names(), secret.map(|it| it.reveal().to_owned()))
}
