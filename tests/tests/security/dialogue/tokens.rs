//! Delegation tokens (KIP-48, KIP-373): who may make, renew, end and see them, and what is answered to whom.

use std::time::Duration;

use bytes::Bytes;
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};
use upsert_kafka_protocol::messages::create_delegation_token::CreatableRenewers;
use upsert_kafka_protocol::messages::describe_delegation_token::DescribeDelegationTokenOwner;
use upsert_kafka_protocol::messages::*;
use upsert_kafka_protocol::{ErrorCode, Str};
use upsert_kafka_tests::kafka::Secured;

use super::acls::rule;
use super::compare;
use super::frames::{Client, PATIENCE};

const MINUTE_MS: i64 = 60_000;
const USER: i8 = 7;
const DELEGATION_TOKEN: i8 = 6;
const DESCRIBE: i8 = 8;
const CREATE_TOKENS: i8 = 13;
const DESCRIBE_TOKENS: i8 = 14;
const ALLOW: i8 = 3;

fn create(lifetime_ms: i64, renewers: &[(&str, Str)]) -> CreateDelegationTokenRequest {
    let renewer = |(kind, name): &(&str, Str)| CreatableRenewers {
        principal_type: Str::from(*kind),
        principal_name: name.clone(),
        ..Default::default()
    };
    let renewers = renewers.iter().map(renewer).collect();
    CreateDelegationTokenRequest { max_lifetime_ms: lifetime_ms, renewers, ..Default::default() }
}

fn of_owner(kind: Option<&str>, name: Str) -> CreateDelegationTokenRequest {
    CreateDelegationTokenRequest {
        owner_principal_type: kind.map(Str::from),
        owner_principal_name: Some(name),
        ..create(-1, &[])
    }
}

/// All that an answer says, but for what no two runs share.
fn shown(it: &CreateDelegationTokenResponse) -> impl std::fmt::Debug {
    let times = match it.error_code {
        ErrorCode::NONE => {
            (0, it.expiry_timestamp_ms - it.issue_timestamp_ms, it.max_timestamp_ms - it.issue_timestamp_ms)
        }
        _ => (it.issue_timestamp_ms, it.expiry_timestamp_ms, it.max_timestamp_ms),
    };
    let owner = (it.principal_type.clone(), it.principal_name.clone());
    let requester = (it.token_requester_principal_type.clone(), it.token_requester_principal_name.clone());
    (it.error_code, owner, requester, times, it.token_id.len(), it.hmac.len())
}

async fn renew(who: &mut Client<TcpStream>, hmac: &Bytes, period_ms: i64) -> RenewDelegationTokenResponse {
    let request =
        RenewDelegationTokenRequest { hmac: hmac.clone(), renew_period_ms: period_ms, ..Default::default() };
    who.ask(&request, 2).await
}

async fn expire(who: &mut Client<TcpStream>, hmac: &Bytes, period_ms: i64) -> ExpireDelegationTokenResponse {
    let request = ExpireDelegationTokenRequest {
        hmac: hmac.clone(),
        expiry_time_period_ms: period_ms,
        ..Default::default()
    };
    who.ask(&request, 2).await
}

/// Until a token is what a request says that changes nothing: a stranger's. What was done to it a real controller reads
/// from its log first.
async fn until(stranger: &mut Client<TcpStream>, hmac: &Bytes, code: ErrorCode) {
    let begun = Instant::now();
    while renew(stranger, hmac, -1).await.error_code != code {
        assert!(begun.elapsed() < PATIENCE, "{code:?} is never said");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Which of these tokens somebody is told of, asked for those of these owners.
async fn seen(
    who: &mut Client<TcpStream>,
    owners: Option<&[Str]>,
    tokens: &[&CreateDelegationTokenResponse],
) -> (ErrorCode, Vec<bool>) {
    let owner = |name: &Str| DescribeDelegationTokenOwner {
        principal_type: "User".into(),
        principal_name: name.clone(),
        ..Default::default()
    };
    let owners = owners.map(|all| all.iter().map(owner).collect());
    let answer = who.ask(&DescribeDelegationTokenRequest { owners, ..Default::default() }, 3).await;
    let told =
        |token: &&CreateDelegationTokenResponse| answer.tokens.iter().any(|it| it.token_id == token.token_id);
    (answer.error_code, tokens.iter().map(told).collect())
}

/// A real broker learns of tokens and rules from the controller's log.
async fn until_seen(
    who: &mut Client<TcpStream>,
    tokens: &[&CreateDelegationTokenResponse],
    expected: &[bool],
) {
    let begun = Instant::now();
    while seen(who, None, tokens).await.1 != expected {
        assert!(begun.elapsed() < PATIENCE, "{expected:?} is never seen");
        sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn who_comes_in_the_open_gets_no_token() {
    let Some(kafka) = Secured::shared() else { return };
    compare(kafka, async |it| {
        let mut admin = it.admin().await;
        let answer = admin.ask(&create(-1, &[]), 3).await;
        it.note("create", shown(&answer));
        let answer = admin.ask(&of_owner(Some("User"), "bob".into()), 3).await;
        it.note("create for somebody", shown(&answer));
        let hmac = Bytes::from_static(b"hmac");
        let answer = renew(&mut admin, &hmac, -1).await;
        it.note("renew", (answer.error_code, answer.expiry_timestamp_ms));
        let answer = expire(&mut admin, &hmac, -1).await;
        it.note("expire", (answer.error_code, answer.expiry_timestamp_ms));
        it.note("describe", seen(&mut admin, None, &[]).await);
    })
    .await;
}

#[tokio::test]
async fn tokens_are_made_as_at_kafka() {
    let Some(kafka) = Secured::shared() else { return };
    compare(kafka, async |it| {
        let (ann, bob) = (it.name("ann"), it.name("bob"));
        let mut as_ann = it.user(&ann).await;
        for (what, request) in [
            ("create", create(-1, &[])),
            ("create for longer than may be", create(99 * 24 * 60 * MINUTE_MS, &[])),
            ("create with a strange renewer", create(-1, &[("User", bob.clone()), ("Group", bob.clone())])),
            ("create for nobody", of_owner(Some("User"), "".into())),
            ("create for a strange owner", of_owner(Some("Group"), bob.clone())),
            ("create without a type", of_owner(None, bob.clone())),
        ] {
            let answer = as_ann.ask(&request, 3).await;
            it.note(what, shown(&answer));
        }
    })
    .await;
}

#[tokio::test]
async fn tokens_are_renewed_and_ended_as_at_kafka() {
    let Some(kafka) = Secured::shared() else { return };
    compare(kafka, async |it| {
        let (ann, bob, carol) = (it.name("ann"), it.name("bob"), it.name("carol"));
        let mut as_ann = it.user(&ann).await;
        let mut as_bob = it.user(&bob).await;
        let mut as_carol = it.user(&carol).await;
        let token = as_ann.ask(&create(MINUTE_MS, &[("User", bob.clone())]), 3).await;
        it.note("create for a minute", shown(&token));
        let strange = Bytes::from(vec![7; token.hmac.len()]);
        for (what, hmac) in [("strange", &strange), ("no", &Bytes::new())] {
            let answer = renew(&mut as_ann, hmac, -1).await;
            it.note(&format!("renew by {what} hmac"), (answer.error_code, answer.expiry_timestamp_ms));
            let answer = expire(&mut as_ann, hmac, -1).await;
            it.note(&format!("expire by {what} hmac"), (answer.error_code, answer.expiry_timestamp_ms));
        }
        until(&mut as_carol, &token.hmac, ErrorCode::DELEGATION_TOKEN_OWNER_MISMATCH).await;
        let whole = token.max_timestamp_ms;
        let end = |code: ErrorCode, expires_ms| if code.is_none() { expires_ms - whole } else { expires_ms };
        for (who, client) in [("ann", &mut as_ann), ("bob", &mut as_bob), ("carol", &mut as_carol)] {
            for period in [-1, 0, 2 * MINUTE_MS] {
                let answer = renew(client, &token.hmac, period).await;
                it.note(
                    &format!("{who} renews"),
                    (answer.error_code, end(answer.error_code, answer.expiry_timestamp_ms)),
                );
            }
            let answer = expire(client, &token.hmac, 2 * MINUTE_MS).await;
            it.note(
                &format!("{who} expires late"),
                (answer.error_code, end(answer.error_code, answer.expiry_timestamp_ms)),
            );
        }
        let answer = expire(&mut as_carol, &token.hmac, -1).await;
        it.note("carol expires", (answer.error_code, answer.expiry_timestamp_ms));
        let answer = expire(&mut as_bob, &token.hmac, 0).await;
        it.note("bob expires", (answer.error_code, answer.expiry_timestamp_ms < whole));
        until(&mut as_carol, &token.hmac, ErrorCode::DELEGATION_TOKEN_EXPIRED).await;
        for (who, client) in [("ann", &mut as_ann), ("carol", &mut as_carol)] {
            let answer = renew(client, &token.hmac, -1).await;
            it.note(&format!("{who} renews late"), (answer.error_code, answer.expiry_timestamp_ms));
            let answer = expire(client, &token.hmac, 5).await;
            it.note(&format!("{who} dates it anew"), (answer.error_code, answer.expiry_timestamp_ms));
        }
        let answer = expire(&mut as_ann, &token.hmac, -1).await;
        it.note("ann ends it", (answer.error_code, answer.expiry_timestamp_ms < whole));
        until(&mut as_carol, &token.hmac, ErrorCode::DELEGATION_TOKEN_NOT_FOUND).await;
        let answer = expire(&mut as_ann, &token.hmac, -1).await;
        it.note("ann ends it again", (answer.error_code, answer.expiry_timestamp_ms));
    })
    .await;
}

#[tokio::test]
async fn acls_say_who_makes_tokens_for_whom_and_who_sees_others() {
    let Some(kafka) = Secured::shared() else { return };
    compare(kafka, async |it| {
        let [ann, bob, carol, dave] = ["ann", "bob", "carol", "dave"].map(|name| it.name(name));
        let user = |name: &Str| Str::from(format!("User:{name}"));
        let mut as_ann = it.user(&ann).await;
        let mut as_carol = it.user(&carol).await;
        let for_bob = as_ann.ask(&of_owner(Some("User"), bob.clone()), 3).await;
        it.note("no rule is for bob", shown(&for_bob));
        let own = as_ann.ask(&create(-1, &[("User", dave.clone())]), 3).await;
        it.note("ann's own", shown(&own));
        let tokens = [&for_bob, &own];
        until_seen(&mut as_carol, &tokens, &[true, true]).await;
        let mut admin = it.admin().await;
        let creations = vec![
            rule(USER, user(&ann), "other", DESCRIBE_TOKENS, ALLOW),
            rule(USER, user(&bob), "other", CREATE_TOKENS, ALLOW),
            rule(USER, user(&bob), &carol, DESCRIBE_TOKENS, ALLOW),
            rule(DELEGATION_TOKEN, for_bob.token_id.clone(), "other", DESCRIBE, ALLOW),
            rule(DELEGATION_TOKEN, own.token_id.clone(), "other", DESCRIBE, ALLOW),
        ];
        let made = admin.ask(&CreateAclsRequest { creations, ..Default::default() }, 3).await;
        it.note("rules", made.results.iter().map(|it| it.error_code).collect::<Vec<_>>());
        until_seen(&mut as_carol, &tokens, &[true, false]).await;
        let refused = as_ann.ask(&of_owner(Some("User"), bob.clone()), 3).await;
        it.note("a rule is for another", shown(&refused));
        let strange = [("Group", bob.clone())];
        let both = CreateDelegationTokenRequest {
            renewers: create(-1, &strange).renewers,
            ..of_owner(Some("User"), bob.clone())
        };
        it.note("and the renewer is strange", shown(&as_ann.ask(&both, 3).await));
        let everyone = [&ann, &bob, &carol, &dave];
        for who in everyone {
            let mut client = it.user(who).await;
            it.note("all", seen(&mut client, None, &tokens).await);
            it.note("of nobody", seen(&mut client, Some(&[]), &tokens).await);
            for owner in everyone {
                it.note("of one", seen(&mut client, Some(std::slice::from_ref(owner)), &tokens).await);
            }
        }
        let rule = rule(DELEGATION_TOKEN, own.token_id.clone(), &carol, DESCRIBE, ALLOW);
        let made = admin.ask(&CreateAclsRequest { creations: vec![rule], ..Default::default() }, 3).await;
        it.note("one rule more", made.results[0].error_code);
        until_seen(&mut as_carol, &tokens, &[true, true]).await;
    })
    .await;
}
