//! A token's life by a hand-held clock.

use std::time::Duration;

use super::*;

const DAY_MS: i64 = 24 * 3_600_000;

fn config() -> DelegationTokenConfig {
    DelegationTokenConfig::new("hush-key")
}

fn grant() -> Grant {
    let user = Principal::user;
    Grant { owner: user("alice"), requester: user("admin"), renewers: vec![user("bob")] }
}

/// Alice's token, made at 0, and its HMAC.
fn made(lifetime_ms: i64) -> (DelegationTokens, Vec<u8>) {
    let mut tokens = DelegationTokens::default();
    let made = tokens.create(("t1".into(), grant()), lifetime_ms, &config(), 0).unwrap();
    let hmac = made.hmac.reveal().to_vec();
    (tokens, hmac)
}

/// `printf t1 | openssl dgst -sha512 -hmac hush-key`
const HMAC_OF_T1: &str = "5ce8ffcc3bf1bcb208f8cb9893313fb5951e07d45d7a1339ff12b64568dddae3\
    6495422e46299209a7cb21eef2a3b6a3907def64f5115e1b2df7e949ab74a166";

#[test]
fn the_hmac_is_of_the_id_by_the_secret_and_is_never_shown() {
    let (tokens, hmac) = made(-1);
    let hex: String = hmac.iter().map(|it| format!("{it:02x}")).collect();
    assert_eq!(hex, HMAC_OF_T1);
    let shown = format!("{tokens:?}{:?}", config());
    assert!(shown.contains("hmac: ***") && !shown.contains("hush-key"), "{shown}");
    assert!(!shown.contains(&format!("{}, {}", hmac[0], hmac[1])), "{shown}");
}

#[test]
fn a_token_ends_after_a_day_or_as_renewals_say_and_never_after_its_lifetime() {
    let (mut tokens, hmac) = made(3 * DAY_MS);
    let alice = Principal::user("alice");
    let token = tokens.iter().next().unwrap();
    assert_eq!((token.issued_ms, token.expires_ms, token.ends_ms), (0, DAY_MS, 3 * DAY_MS));
    let mut renew = |period, now| tokens.renew(&hmac, &alice, period, &config(), now);
    assert_eq!(renew(-1, 1), Ok(DAY_MS + 1));
    assert_eq!(renew(5, 1), Ok(6));
    assert_eq!(renew(9 * DAY_MS, 2), Ok(DAY_MS + 2));
    assert_eq!(renew(-1, DAY_MS), Ok(2 * DAY_MS));
    assert_eq!(renew(-1, 2 * DAY_MS), Ok(3 * DAY_MS));
    assert_eq!(renew(-1, 3 * DAY_MS), Ok(3 * DAY_MS), "its lifetime is over");
    assert_eq!(renew(-1, 3 * DAY_MS + 1), Err(ErrorCode::DELEGATION_TOKEN_EXPIRED));
    assert_eq!(renew(-1, 4 * DAY_MS), Err(ErrorCode::DELEGATION_TOKEN_NOT_FOUND), "it is forgotten");
    let (short, _) = made(10);
    assert_eq!(short.iter().next().unwrap().expires_ms, 10);
    let (long, _) = made(99 * DAY_MS);
    assert_eq!(long.iter().next().unwrap().ends_ms, 7 * DAY_MS);
}

#[test]
fn owner_requester_and_renewers_may_renew_and_end_it_and_nobody_else() {
    for (who, allowed) in [("alice", true), ("admin", true), ("bob", true), ("carol", false)] {
        let (mut tokens, hmac) = made(-1);
        let who = Principal::user(who);
        let mismatch = |allowed_gives| if allowed { Ok(allowed_gives) } else { Err(OWNER_MISMATCH) };
        assert_eq!(tokens.renew(&hmac, &who, 7, &config(), 1), mismatch(8), "{who}");
        assert_eq!(tokens.expire(&hmac, &who, 5, 1), mismatch(6), "{who}");
        assert_eq!(tokens.expire(&hmac, &who, -1, 2), mismatch(2), "{who}");
        assert_eq!(tokens.iter().count(), usize::from(!allowed), "{who}");
    }
    let (mut tokens, mut hmac) = made(-1);
    hmac[63] ^= 1;
    let alice = Principal::user("alice");
    assert_eq!(tokens.renew(&hmac, &alice, 7, &config(), 1), Err(ErrorCode::DELEGATION_TOKEN_NOT_FOUND));
    assert_eq!(tokens.expire(&[], &alice, -1, 1), Err(ErrorCode::DELEGATION_TOKEN_NOT_FOUND));
}

const OWNER_MISMATCH: ErrorCode = ErrorCode::DELEGATION_TOKEN_OWNER_MISMATCH;

#[test]
fn a_token_lets_in_as_its_owner_until_it_expires() {
    let (mut tokens, hmac) = made(100);
    let mut login = |id, now| tokens.login(id, ScramHash::Sha256, ("salt".to_owned(), 4096), now);
    let known = login("t1", 100).unwrap();
    assert_eq!((known.owner, known.expires_ms), (Principal::user("alice"), 100));
    let password = BASE64.encode(&hmac);
    let expected = ScramCredential::of_password(ScramHash::Sha256, &password, b"salt".to_vec(), 4096);
    assert_eq!(known.credential, expected);
    assert!(login("t1", 101).is_none(), "it has expired");
    assert!(login("t2", 0).is_none(), "nobody made it");
    // An expired token is ended at once, and not dated anew.
    let bob = Principal::user("bob");
    assert_eq!(tokens.expire(&hmac, &bob, 0, 101), Err(ErrorCode::DELEGATION_TOKEN_EXPIRED));
    assert_eq!(tokens.expire(&hmac, &bob, -1, 101), Ok(101));
}

#[test]
fn tokens_and_their_renewers_are_bounded() {
    let mut tokens = DelegationTokens::default();
    let config = config().with_lifetime_max(Duration::from_millis(5));
    let mut create = |id: usize, now| {
        let made = tokens.create((id.to_string().into(), grant()), -1, &config, now);
        made.map(|it| it.expires_ms)
    };
    for id in 0..TOKENS_MAX {
        assert_eq!(create(id, 0), Ok(5));
    }
    assert_eq!(create(TOKENS_MAX, 0), Err(ErrorCode::POLICY_VIOLATION));
    assert_eq!(create(TOKENS_MAX, 6 + EXPIRED_KEPT_MS), Ok(11 + EXPIRED_KEPT_MS), "the others are forgotten");
    let renewers = vec![Principal::user("bob"); RENEWERS_MAX + 1];
    let many = (Str::from("many"), Grant { renewers, ..grant() });
    assert_eq!(tokens.create(many, -1, &config, 0).err(), Some(ErrorCode::POLICY_VIOLATION));
}
