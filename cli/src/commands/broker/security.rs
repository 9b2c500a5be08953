//! The flags of security: listeners, certificates, who may log in and what they may do.

use std::fs;
use std::io::Write;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use upsert_kafka_broker::certificates::Subject;
use upsert_kafka_broker::{
    Acl, AuthorizerConfig, Broker, BrokerConfig, ClientAuth, DelegationTokenConfig, ListenerConfig,
    OauthConfig, SaslConfig, Secret, SecurityProtocol, TlsConfig, TokenKey,
};

use crate::args::Args;
use crate::exit::{Exit, Failure};
use crate::stderr::say;

/// The listeners, and what those of TLS show and ask for.
pub(super) fn listeners(
    config: BrokerConfig,
    listeners: &[String],
    args: &Args,
) -> Result<BrokerConfig, Failure> {
    if args.has("--listen") {
        return Err(Failure::usage("--listen and --listener: one or the other"));
    }
    let config = config.with_tls(tls(args)?);
    let asks = config.tls.client_auth == ClientAuth::Required;
    listeners.iter().try_fold(config, |config, text| Ok(config.with_listener(listener(text, asks)?)))
}

/// Who may log in, and what who may do.
pub(super) fn logins(config: BrokerConfig, args: &Args) -> Result<BrokerConfig, Failure> {
    let mut sasl = SaslConfig::default();
    for user in args.values("--user") {
        let (name, password) = user_of(user).ok_or_else(|| Failure::usage(NO_USER))?;
        sasl = sasl.with_user(name, password);
    }
    for (name, password) in pairs_of_file("--users", "NAME:PASSWORD", args)? {
        sasl = sasl.with_user(name, password);
    }
    for (id, secret) in pairs_of_file("--msk-iam-keys", "ID:SECRET", args)? {
        sasl = sasl.with_msk_iam_key(id, secret);
    }
    match args.value("--oauth") {
        None => {}
        Some("unsecured") => sasl = sasl.with_oauth(OauthConfig::default()),
        Some(path) => {
            let keys = TokenKey::Jwks(read("--oauth", path)?);
            let oauth = OauthConfig::default().with_clock_skew(CLOCK_SKEW).with_keys([keys]);
            sasl = sasl.with_oauth(oauth);
        }
    }
    if let Some(path) = args.value("--delegation-tokens") {
        let key = Secret::from(read("--delegation-tokens", path)?);
        let key = key.reveal().trim();
        if key.is_empty() {
            return Err(Failure::usage(format!("--delegation-tokens {path}: no secret key in it")));
        }
        sasl = sasl.with_delegation_tokens(DelegationTokenConfig::new(key));
    }
    sasl = sasl.with_reauthentication_max(args.duration("--reauthentication", Duration::ZERO)?);
    let logs_in = config.listeners.iter().any(|it| it.protocol.has_sasl());
    if logs_in && sasl.users.is_empty() && sasl.msk_iam_keys.is_empty() && !args.has("--oauth") {
        say(format_args!(
            "warning: nobody may log in: --user, --users, --oauth or --msk-iam-keys says who may, and an administrator \
             can give credentials of SCRAM"
        ));
    }
    let config = config.with_sasl(sasl);
    if !args.has("--acl") && !args.has("--super-user") {
        return Ok(config);
    }
    let mut authorizer = AuthorizerConfig::default();
    for rule in args.values("--acl") {
        let rules = Acl::parse(rule).map_err(|why| Failure::usage(format!("--acl {why}")))?;
        authorizer = authorizer.with_acls(rules);
    }
    for principal in args.values("--super-user") {
        if !principal.contains(':') {
            return Err(Failure::usage(format!(
                "--super-user {principal}: not a principal such as User:admin"
            )));
        }
        authorizer = authorizer.with_super_user(principal);
    }
    Ok(config.with_authorizer(authorizer))
}

/// A name and a secret of each line of the file that a flag names; blank lines and comments are none.
fn pairs_of_file(flag: &'static str, form: &str, args: &Args) -> Result<Vec<(String, Secret)>, Failure> {
    let Some(path) = args.value(flag) else { return Ok(Vec::new()) };
    let text = read(flag, path)?;
    let lines = (1..).zip(text.lines().map(str::trim));
    let meant = lines.filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    meant
        .map(|(number, line)| {
            let (name, secret) = user_of(line)
                .ok_or_else(|| Failure::usage(format!("{flag} {path}, line {number}: not {form}")))?;
            Ok((name.to_owned(), Secret::from(secret)))
        })
        .collect()
}

/// Writes what clients trust, and a certificate for one of them, where the broker made them.
pub(super) fn write_certificates(broker: &Broker, args: &Args) -> Result<(), Failure> {
    let Some(authority) = broker.authority() else { return Ok(()) };
    let Some(folder) = args.value("--tls-folder") else {
        say(format_args!(
            "warning: --tls-folder is not given: no client can know the certificate that was made"
        ));
        return Ok(());
    };
    let failed =
        |what: &dyn std::fmt::Display| Failure::new(Exit::Cluster, format!("--tls-folder {folder}: {what}"));
    fs::create_dir_all(folder).map_err(|e| failed(&e))?;
    let client = authority.issue(&Subject::client("client")).map_err(|e| failed(&e))?;
    for (name, text) in
        [("ca.pem", authority.pem()), ("client.pem", client.chain_pem()), ("client.key", client.key_pem())]
    {
        let path = Path::new(folder).join(name);
        write(&path, &text).map_err(|e| failed(&format_args!("{name}: {e}")))?;
    }
    Ok(())
}

/// A file that nobody else may read.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)?.write_all(text.as_bytes())
}

/// `[NAME=]PROTOCOL://HOST:PORT`.
fn listener(text: &str, asks_for_certificates: bool) -> Result<ListenerConfig, Failure> {
    let wrong = |why: &str| Failure::usage(format!("--listener {text}: {why}"));
    let (scheme, address) =
        text.split_once("://").ok_or_else(|| wrong("not a listener such as SSL://127.0.0.1:9093"))?;
    let (name, protocol) = match scheme.split_once('=') {
        Some((name, protocol)) => (Some(name), protocol),
        None => (None, scheme),
    };
    let protocol: SecurityProtocol = protocol.parse().map_err(|why: String| wrong(&why))?;
    let listen: SocketAddr =
        address.parse().map_err(|_| wrong(&format!("{address}: not an address such as 127.0.0.1:9093")))?;
    let proves = protocol.has_sasl() || protocol.has_tls() && asks_for_certificates;
    if !listen.ip().is_loopback() && !proves {
        say(format_args!(
            "warning: --listener {text}: whoever can reach this address need not prove who they are"
        ));
    }
    if !listen.ip().is_loopback() && protocol.has_sasl() && !protocol.has_tls() {
        say(format_args!(
            "warning: --listener {text}: passwords of PLAIN and all records can be read on the way"
        ));
    }
    let listener = ListenerConfig::new(protocol, listen);
    Ok(match name {
        Some(name) => listener.with_name(name),
        None => listener,
    })
}

fn tls(args: &Args) -> Result<TlsConfig, Failure> {
    let mut tls = TlsConfig::default();
    match (args.value("--tls-certificate"), args.value("--tls-key")) {
        (None, None) => {}
        (Some(chain), Some(key)) => {
            tls = tls.with_certificate(read("--tls-certificate", chain)?, read("--tls-key", key)?);
        }
        _ => return Err(Failure::usage("--tls-certificate and --tls-key: both or neither")),
    }
    let ca = args.value("--tls-client-ca");
    if let Some(path) = ca {
        tls = tls.with_client_ca(read("--tls-client-ca", path)?);
    }
    if let Some(rules) = args.value("--tls-principal-rules") {
        let mapping = rules.parse().map_err(|why| Failure::usage(format!("--tls-principal-rules: {why}")))?;
        tls = tls.with_principal_mapping(mapping);
    }
    let client_auth = match args.value("--tls-client-auth") {
        None if ca.is_some() => ClientAuth::Required,
        None | Some("none") => ClientAuth::None,
        Some("requested") => ClientAuth::Requested,
        Some("required") => ClientAuth::Required,
        Some(other) => {
            let words = format!("--tls-client-auth {other}: none of none, requested, required");
            return Err(Failure::usage(words));
        }
    };
    Ok(tls.with_client_auth(client_auth))
}

fn user_of(text: &str) -> Option<(&str, &str)> {
    text.split_once(':').filter(|(name, password)| !name.is_empty() && !password.is_empty())
}

fn read(flag: &str, path: &str) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|e| Failure::usage(format!("{flag} {path}: {e}")))
}

/// Not what was given, which may be a password.
const NO_USER: &str = "--user: not NAME:PASSWORD";
/// Kafka's `sasl.oauthbearer.clock.skew.seconds`.
const CLOCK_SKEW: Duration = Duration::from_secs(30);
