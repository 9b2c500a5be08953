//! What token endpoints answer, and brokers to whom a token is shown, for fuzzing.

use super::{jwt, token_request};
use crate::hostile::{Exchanged, answer_in, converse};
use crate::sasl::oauth_bearer;
use crate::{Error, Secret};

/// Logs in by OAUTHBEARER to a broker that answers with what `answer` gives; and the sentence of a refusal.
///
/// # Errors
/// The login itself cannot be opened.
pub fn log_in(
    token: &str,
    answer: impl FnMut(&[u8]) -> Option<Vec<u8>>,
) -> Result<(Exchanged, String), Error> {
    let mut mechanism = oauth_bearer::begin(&Secret::from(token), Vec::new())?;
    converse(&mut *mechanism, answer)
}

/// The token in the bytes that an endpoint sends.
///
/// # Errors
/// As a client tells its user: a sentence without any of the secrets.
pub fn endpoint_token(bytes: &[u8], secrets: &[&str]) -> Result<String, String> {
    let answer = answer_in(bytes).map_err(|why| why.to_string())?;
    let token = token_request::token(&answer, secrets).map_err(|why| why.to_string())?;
    Ok(token.reveal().to_owned())
}

/// The owner and the end of a token.
///
/// # Errors
/// Why it is no token, without a word of it.
pub fn claims(token: &str) -> Result<(String, i64), String> {
    jwt::claims(token, "scope", "sub").map(|claims| (claims.principal, claims.ends_unix_ms))
}
