//! AWS_MSK_IAM, and its form as OAUTHBEARER: from the properties and variables that people have to a broker that knows the
//! key. Amazon's own brokers are not to be had; what they take is held to what Amazon's libraries wrote, in
//! `broker/src/sasl/msk_iam.rs`.

use crate::dli::cluster::private_file;
use crate::program::{self, Ran, Running};

const ID: &str = "AKIDEXAMPLE";
const SECRET: &str = "hush/secret+of+amazons+examples/and+longer";
const IAM: &str = "security.protocol=SASL_PLAINTEXT
sasl.mechanism=AWS_MSK_IAM
sasl.jaas.config=software.amazon.msk.auth.iam.IAMLoginModule required;
sasl.client.callback.handler.class=software.amazon.msk.auth.iam.IAMClientCallbackHandler
";
const TOKEN: &str = "security.protocol=SASL_PLAINTEXT
sasl.mechanism=OAUTHBEARER
sasl.jaas.config=org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule required;
sasl.login.callback.handler.class=software.amazon.msk.auth.iam.IAMOAuthBearerLoginCallbackHandler
sasl.client.callback.handler.class=software.amazon.msk.auth.iam.IAMOAuthBearerLoginCallbackHandler
";

/// A broker that takes the key, where its first argument names the file.
fn broker(name: &str, oauth: &[&str]) -> (Running, String) {
    let keys = private_file(&format!("{name}.keys"), &format!("# Amazon's\n{ID}:{SECRET}\n"));
    let listener = ["broker", "--listener", "SASL_PLAINTEXT://127.0.0.1:0", "--msk-iam-keys", &keys];
    let rules =
        ["--acl", "allow User:AKIDEXAMPLE all topic orders", "--acl", "allow User:AKIDEXAMPLE all cluster"];
    let mut broker = program::start(&[&listener[..], &rules, oauth].concat());
    let line = broker.first_line();
    let address = line.split_once("://").and_then(|(_, rest)| rest.split_once(';'));
    let address = address.unwrap_or_else(|| panic!("no address in {line:?}")).0.to_owned();
    (broker, address)
}

/// Runs a command as who has this secret of the key.
fn run(args: &[&str], secret: &str) -> Ran {
    let mut command = program::command(args);
    command.env("AWS_ACCESS_KEY_ID", ID).env("AWS_SECRET_ACCESS_KEY", secret).env("AWS_REGION", "eu-west-1");
    let ran = program::ran(command.output().expect("it runs"));
    assert!(!ran.out.contains("hush") && !ran.err.contains("hush"), "{ran:?}");
    ran
}

#[test]
fn a_topic_is_made_and_listed_by_a_signature_and_by_a_signed_url() {
    let (broker, address) = broker("iam", &["--oauth", "unsecured"]);
    for (name, properties) in [("message", IAM), ("token", TOKEN)] {
        let file = private_file(&format!("iam-{name}.properties"), properties);
        let at = ["--bootstrap", &address, "--properties", &file];
        if name == "message" {
            let made = run(&[&["topic", "create", "orders"][..], &at].concat(), SECRET);
            assert_eq!(made.code, 0, "{made:?}");
        }
        let listed = run(&[&["topic", "list", "--output", "raw"][..], &at].concat(), SECRET);
        assert!(listed.code == 0 && listed.out.contains("orders"), "{name}: {listed:?}");
        let refused = run(&[&["topic", "list"][..], &at].concat(), "hush/another+secret");
        assert!(refused.code != 0, "{name}: {refused:?}");
        let mechanism = if name == "message" { "AWS_MSK_IAM" } else { "OAUTHBEARER" };
        assert!(refused.err.contains(mechanism), "{name}: {refused:?}");
    }
    broker.kill();
}
