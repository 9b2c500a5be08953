//! No failing login shows a secret: not in its error, nor in what is logged at any level, nor in the `Debug` of anything.

use std::sync::Mutex;

use super::logins::{broker, config, piped};
use super::*;
use crate::config::{LoginModule, SaslMechanism};
use crate::sasl_peer::{Fault, SaslPeer};

const SECRET: &str = "zebra-7-quilt";
const HOUR: Duration = Duration::from_secs(3600);

/// Everything that is shown while a client logs in, and again when its session is over; and how many lines were logged.
fn shown(sasl: &Arc<Mutex<SaslPeer>>, mechanism: SaslMechanism, token_auth: bool) -> (String, usize) {
    let mut shown = String::new();
    let lines = crate::heard::all(|| {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        let runtime = runtime.enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let (peer, environment) = piped(sasl);
            let mut config = config(&peer, mechanism, SECRET);
            if let Some(LoginModule::Scram { token_auth: is_token, .. }) = &mut config.sasl.login {
                *is_token = token_auth;
            }
            let security = Security::open(&config, &environment).unwrap();
            let client = crate::Client::open_in(config.clone(), environment.clone()).await;
            shown.extend(client.err().map(|error| told(&error)));
            let connector = Connector { config: Arc::new(config), environment, security };
            shown.push_str(&format!("{connector:?}"));
            match connector.open(&peer.address, HOUR).await {
                Err(error) => shown.push_str(&told(&error)),
                Ok(connection) => {
                    sasl.lock().unwrap().password = "another".to_owned();
                    tokio::time::sleep(2 * Duration::from_secs(60)).await;
                    let error = connection.submit(&named("a"), 3, HOUR).await.unwrap_err();
                    shown.push_str(&told(&error));
                    shown.push_str(&format!("{connection:?}"));
                }
            }
        });
    });
    (shown + &lines.join("\n"), lines.len())
}

fn told(error: &Error) -> String {
    let mut told = format!("{error} {error:?} {error:#?}");
    let mut cause = error.source();
    while let Some(next) = cause {
        told.push_str(&format!("{next} {next:?}"));
        cause = next.source();
    }
    told
}

/// What a secret may look like: as it is, in base64, in hexadecimal, as a list of numbers.
fn disguises() -> Vec<String> {
    use base64::Engine;
    let base64 = base64::engine::general_purpose::STANDARD;
    let bytes = SECRET.as_bytes();
    // In base64 the same bytes look three ways, by what stands before them.
    let shifted = (0..3).map(|shift| {
        let text = base64.encode([&vec![b'x'; shift], bytes].concat());
        text[4..text.len() - 4].to_owned()
    });
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let numbers: Vec<String> = bytes.iter().map(ToString::to_string).collect();
    shifted.chain([SECRET.to_owned(), hex, numbers.join(", ")]).collect()
}

#[test]
fn no_failing_login_shows_its_password_or_its_token() {
    let faults = [
        Fault::None,
        Fault::EndsAtOnce,
        Fault::ProvesNothing,
        Fault::ProvesWrongly,
        Fault::ChangesTheNonce,
        Fault::RepeatsTheNonce,
        Fault::Iterations(1),
        Fault::Iterations(1 << 31),
        Fault::Iterations(1 << 40),
        Fault::Leaves,
        Fault::GoesOn,
        Fault::Silent,
    ];
    let disguises = disguises();
    let (mut errors, mut lines) = (0, 0);
    for (mechanism, token_auth) in [
        (SaslMechanism::Plain, false),
        (SaslMechanism::ScramSha256, false),
        (SaslMechanism::ScramSha256, true),
    ] {
        for enabled in [mechanism.name(), "GSSAPI"] {
            for password in [SECRET, "another"] {
                for fault in faults {
                    let sasl = broker(&[enabled]);
                    {
                        let mut sasl = sasl.lock().unwrap();
                        (sasl.fault, sasl.password, sasl.lifetime_ms) = (fault, password.to_owned(), 60_000);
                    }
                    let (shown, logged) = shown(&sasl, mechanism, token_auth);
                    lines += logged;
                    for disguise in &disguises {
                        assert!(!shown.contains(disguise), "{mechanism} {fault:?}: {disguise} in {shown}");
                    }
                    errors += shown.matches("Error(").count();
                }
            }
        }
    }
    assert!(lines > 20, "{lines} lines were searched");
    assert!(errors >= 3 * 2 * 2 * faults.len(), "each of them fails in some way: {errors}");
}

#[test]
fn the_search_finds_what_it_looks_for() {
    use base64::Engine;
    let disguises = disguises();
    let found = |text: &str| disguises.iter().any(|disguise| text.contains(&**disguise));
    let said = format!("\0alice\0{SECRET}!");
    let base64 = base64::engine::general_purpose::STANDARD.encode(&said);
    for text in
        [said.clone(), format!("{:?}", Bytes::from(said.clone())), format!("{:?}", said.as_bytes()), base64]
    {
        assert!(found(&text), "{text}");
    }
    let request = upsert_kafka_protocol::messages::SaslAuthenticateRequest {
        auth_bytes: Bytes::from(said),
        ..Default::default()
    };
    // The protocol's own `Debug` shows what is sent; nobody may show a request.
    assert!(found(&format!("{request:?}")));
}
