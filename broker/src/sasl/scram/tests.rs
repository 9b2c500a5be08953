//! SCRAM's exchange as a broker has it, held to what Java's classes answered.

use serde_json::Value;

use super::*;
use crate::sasl::{Users, golden};
use crate::state::delegation_tokens::DelegationTokens;

fn bytes(row: &Value, name: &str) -> Vec<u8> {
    let hex = row[name].as_str().unwrap();
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn text<'a>(row: &'a Value, name: &str) -> &'a str {
    row[name].as_str().unwrap()
}

/// What is kept of a golden row's password.
fn kept(row: &Value, hash: ScramHash) -> ScramCredential {
    let iterations = u32::try_from(row["iterations"].as_u64().unwrap()).unwrap();
    let credential =
        ScramCredential::of_password(hash, text(row, "password"), bytes(row, "salt"), iterations);
    assert_eq!(credential.stored_key, bytes(row, "stored_key"), "{row}");
    assert_eq!(credential.server_key, bytes(row, "server_key"), "{row}");
    credential
}

/// The exchange of a golden row after its server's first message.
fn begun(row: &Value, credential: &ScramCredential) -> Begun {
    let bare = text(row, "client_first").strip_prefix("n,,").unwrap();
    Begun {
        identity: ProvenName { name: text(row, "user").to_owned(), until_unix_ms: None, by_token: false },
        nonce: format!("{}{}", text(row, "client_nonce"), text(row, "server_nonce")),
        said: format!("{bare},{}", text(row, "server_first")),
        credential: credential.clone(),
    }
}

#[test]
fn an_exchange_ends_as_javas_does_and_one_that_was_changed_does_not() {
    for (mechanism, hash) in [("SCRAM-SHA-256", ScramHash::Sha256), ("SCRAM-SHA-512", ScramHash::Sha512)] {
        let rows = golden(mechanism);
        assert_eq!(rows.len(), 14);
        for row in rows {
            let (client_final, credential) = (text(&row, "client_final"), kept(&row, hash));
            let Ok(Reply::Proven { last, identity }) = begun(&row, &credential).verify(hash, client_final)
            else {
                panic!("refused: {row}")
            };
            assert_eq!(
                (&*last, &*identity.name),
                (text(&row, "server_final").as_bytes(), text(&row, "user"))
            );
            let (head, proof) = client_final.rsplit_once(",p=").unwrap();
            let other = if proof.starts_with('A') { "B" } else { "A" };
            for changed in [
                format!("{head},p={other}{}", &proof[1..]),
                format!("{head},p="),
                format!("{head}x,p={proof}"),
                head.to_owned(),
            ] {
                let refused = begun(&row, &credential).verify(hash, &changed);
                assert!(matches!(refused, Err(SaslRefusal::Kept(_))), "{changed}");
            }
        }
    }
}

#[test]
fn a_right_proof_over_another_nonce_is_refused_for_the_nonce() {
    let row = &golden("SCRAM-SHA-256")[0];
    let hash = ScramHash::Sha256;
    let kept = kept(row, hash);
    let exchange = begun(row, &kept);
    let final_by = |nonce: &str| {
        let without_proof = format!("c=biws,r={nonce}");
        let signature = hash.hmac(&kept.stored_key, format!("{},{without_proof}", exchange.said).as_bytes());
        let proof: Vec<_> = bytes(row, "client_key").iter().zip(&signature).map(|(a, b)| a ^ b).collect();
        format!("{without_proof},p={}", BASE64.encode(proof))
    };
    assert!(begun(row, &kept).verify(hash, &final_by(&exchange.nonce)).is_ok());
    let refused = begun(row, &kept).verify(hash, &final_by("another")).unwrap_err();
    assert_eq!(refused, SaslRefusal::Kept("Invalid client nonce in the final client message.".to_owned()));
}

#[test]
fn a_first_message_is_answered_with_a_nonce_that_extends_the_clients_and_a_strange_one_is_not() {
    let mut users = Users::new(7, &[("a,b=c".to_owned(), "hush".into())]);
    let (config, mut tokens) = (SaslConfig::default(), DelegationTokens::default());
    let now = Now { instant: std::time::Instant::now(), unix_ms: 0 };
    let mut say = |message: &str| {
        let mut exchange = ScramExchange::new(ScramHash::Sha256);
        let mut accounts = Accounts { users: &mut users, tokens: &mut tokens };
        match exchange.handle_token(message.as_bytes(), &mut accounts, &config, now) {
            Ok(Reply::Challenge(challenge)) => Ok(String::from_utf8(challenge).unwrap()),
            Ok(other) => panic!("{other:?}"),
            Err(why) => Err(why),
        }
    };
    let one = say("n,,n=a=2Cb=3Dc,r=nonce").unwrap();
    let two = say("n,a=a,b=c,n=a=2Cb=3Dc,r=nonce");
    assert!(one.starts_with("r=nonce") && one.ends_with(",i=4096"), "{one}");
    assert_ne!(one, say("n,,n=a=2Cb=3Dc,r=nonce").unwrap(), "each exchange has a nonce of its own");
    assert!(two.is_err(), "an authorization id with a comma is none");
    assert_eq!(say("n,a=else,n=a=2Cb=3Dc,r=nonce"), Err(SaslRefusal::Told(OTHER_ID.to_owned())));
    for strange in [
        "",
        "n,,",
        "y,,n=a=2Cb=3Dc,r=x",
        "p=tls-unique,,n=a,r=x",
        "n,,n=a=2Cb=3Dc",
        "n,,n=a=2Cb=3Dc,r=",
        "n,,m=1,n=a,r=x",
    ] {
        assert!(matches!(say(strange), Err(SaslRefusal::Kept(_))), "{strange}");
    }
    assert_eq!(say("n,,n=nobody,r=x"), Err(SaslRefusal::Kept("no such user: nobody".to_owned())));
    let by_token = say("n,,n=a=2Cb=3Dc,r=x,tokenauth=true");
    assert_eq!(by_token, Err(SaslRefusal::Kept("no such delegation token: a,b=c".to_owned())));
}
