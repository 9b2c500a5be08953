//! Delegation tokens, told as dialogues: who gets one, and whom it lets in for how long.

use super::*;
use crate::config::DelegationTokenConfig;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

/// Proves to know a password, as a client does that was told that salt.
fn prove(it: &mut Script, first: &str, password: &str) -> Heard<SaslAuthenticateResponse> {
    say(it, &handshake("SCRAM-SHA-256"), 1);
    let said = answer(say(it, &token(format!("n,,{first}")), 2));
    let server_first = String::from_utf8(said.auth_bytes.to_vec()).unwrap();
    let part = |name: &str| server_first.split(',').find_map(|it| it.strip_prefix(name)).unwrap().to_owned();
    let (nonce, salt) = (part("r="), STANDARD.decode(part("s=")).unwrap());
    let hmac = |key: &[u8], data: &[u8]| {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
        mac.update(data);
        mac.finalize().into_bytes().to_vec()
    };
    let salted = pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(password.as_bytes(), &salt, 4096);
    let client_key = hmac(&salted, b"Client Key");
    let auth = format!("{first},{server_first},c=biws,r={nonce}");
    let signature = hmac(&Sha256::digest(&client_key), auth.as_bytes());
    let proof: Vec<_> = client_key.iter().zip(&signature).map(|(a, b)| a ^ b).collect();
    say(it, &token(format!("c=biws,r={nonce},p={}", STANDARD.encode(proof))), 2)
}

#[test]
fn a_delegation_token_lets_in_as_its_owner_as_long_as_it_holds_and_gets_no_other() {
    let tokens = DelegationTokenConfig::new("hush").with_lifetime_max(Duration::from_secs(60));
    let mut it = script(alice().with_delegation_tokens(tokens));
    log_in(&mut it);
    let made = answer(say(&mut it, &CreateDelegationTokenRequest::default(), 3));
    assert_eq!((made.error_code, &*made.principal_name), (ErrorCode::NONE, "alice"));
    let (first, hmac) = (format!("n={},r=abc,tokenauth=true", made.token_id), STANDARD.encode(&made.hmac));
    let stranger = |it: &mut Script| {
        it.cluster.handle_closed(ME);
        it.cluster.handle_opened(ME, 1, &Connection { host: "10.0.0.1".to_owned(), ..Connection::default() });
    };
    it.pass(20_000);
    stranger(&mut it);
    assert_eq!(answer(prove(&mut it, &first, &hmac)).session_lifetime_ms, 40_000);
    // It is alice who may see her token, but not by a token.
    let asked = DescribeDelegationTokenRequest::default();
    let refused = answer(say(&mut it, &asked, 3));
    assert_eq!(refused.error_code, ErrorCode::DELEGATION_TOKEN_REQUEST_NOT_ALLOWED);
    let refused = answer(say(&mut it, &CreateDelegationTokenRequest::default(), 3));
    assert_eq!(refused.error_code, ErrorCode::DELEGATION_TOKEN_REQUEST_NOT_ALLOWED);
    it.pass(40_001);
    assert_eq!(say(&mut it, &MetadataRequest::default(), 12), Heard::Closed, "its time is over");
    stranger(&mut it);
    say(&mut it, &handshake("SCRAM-SHA-256"), 1);
    assert_eq!(say(&mut it, &token(format!("n,,{first}")), 2), Heard::Nothing, "nobody is told why");
}

#[test]
fn a_tokens_hmac_is_no_password_of_its_owner_and_another_is_none_of_the_token() {
    let mut it = script(alice().with_delegation_tokens(DelegationTokenConfig::new("hush")));
    log_in(&mut it);
    let made = answer(say(&mut it, &CreateDelegationTokenRequest::default(), 3));
    for (first, password) in [
        ("n=alice,r=abc".to_owned(), STANDARD.encode(&made.hmac)),
        (format!("n={},r=abc,tokenauth=true", made.token_id), "alice-secret".to_owned()),
    ] {
        it.cluster.handle_closed(ME);
        it.cluster.handle_opened(ME, 1, &Connection { host: "10.0.0.1".to_owned(), ..Connection::default() });
        assert_eq!(prove(&mut it, &first, &password), Heard::Nothing, "{first}");
    }
}

#[test]
fn without_a_secret_key_there_are_no_tokens() {
    let mut it = script(alice());
    log_in(&mut it);
    let off = ErrorCode::DELEGATION_TOKEN_AUTH_DISABLED;
    assert_eq!(answer(say(&mut it, &CreateDelegationTokenRequest::default(), 3)).error_code, off);
    assert_eq!(answer(say(&mut it, &RenewDelegationTokenRequest::default(), 2)).error_code, off);
    assert_eq!(answer(say(&mut it, &ExpireDelegationTokenRequest::default(), 2)).error_code, off);
    assert_eq!(answer(say(&mut it, &DescribeDelegationTokenRequest::default(), 3)).error_code, off);
}
