//! Settings of TLS and SASL that cannot hold together, and such that hold and change nothing.

use std::net::IpAddr;

use super::super::refusal::refuse;
use super::super::{
    Config, LoginModule, Notice, OAuthLoginHandler, SaslConfig, SaslMechanism, TlsConfig, table,
};
use crate::Error;

/// Refuses a login that cannot be.
pub(in crate::config) fn check(config: &Config) -> Result<(), Error> {
    let protocol = config.security_protocol;
    if protocol.has_tls() && !cfg!(feature = "tls") {
        return missing("security.protocol", &protocol_name(config), "tls");
    }
    if !protocol.has_sasl() {
        return Ok(());
    }
    let mechanism = config.sasl.mechanism;
    built(mechanism, mechanism.missing_feature())?;
    if config.sasl.oauth.login_handler == OAuthLoginHandler::AwsMskIam && !cfg!(feature = "msk-iam") {
        return missing("sasl.login.callback.handler.class", &"Amazon MSK's", "msk-iam");
    }
    match &config.sasl.login {
        Some(login) if is_for(login, mechanism) => Ok(()),
        Some(login) => refuse(mismatch(login, mechanism)),
        None => without_login(config),
    }
}

/// Says what was given for nothing: Java is silent about it, and most often `security.protocol` was forgotten.
pub(in crate::config) fn tell(config: &Config, notices: &mut Vec<Notice>) {
    let protocol = config.security_protocol;
    let blank = Config::default();
    let without_login = SaslConfig { login: None, ..config.sasl.clone() };
    if !protocol.has_tls() && config.tls != TlsConfig::default() {
        tell_of(config, &blank, "ssl.", "SSL or SASL_SSL", notices);
    }
    if !protocol.has_sasl() && (config.sasl.login.is_some() || without_login != SaslConfig::default()) {
        tell_of(config, &blank, "sasl.", "SASL_SSL or SASL_PLAINTEXT", notices);
    }
    let asked = config.sasl.oauth.token_endpoint_url.as_deref().is_some_and(is_asked_in_the_open);
    if protocol.has_sasl() && config.sasl.mechanism == SaslMechanism::OAuthBearer && asked {
        notices.push(Notice::insecure(TOKEN_ENDPOINT, &format!(
            "property {TOKEN_ENDPOINT} is of http, not of https: whoever is on the way reads the client's secret and \
             every token"
        )));
    }
}

/// Whether secrets leave the machine as they are.
fn is_asked_in_the_open(url: &str) -> bool {
    let Some((scheme, rest)) = url.trim().split_once("://") else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[').and_then(|it| it.split_once(']')) {
        Some((host, _)) => host,
        None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
    };
    let is_here =
        host.parse::<IpAddr>().map_or(host.eq_ignore_ascii_case("localhost"), |ip| ip.is_loopback());
    scheme.eq_ignore_ascii_case("http") && !is_here
}

const TOKEN_ENDPOINT: &str = "sasl.oauthbearer.token.endpoint.url";

fn tell_of(config: &Config, blank: &Config, prefix: &str, others: &str, notices: &mut Vec<Notice>) {
    let given =
        table::rows().filter(|row| row.name.starts_with(prefix) && row.shown(config) != row.shown(blank));
    let names: Vec<_> = given.map(|row| row.name).collect();
    let Some(first) = names.first() else { return };
    let (noun, verb) = if names.len() == 1 { ("property", "changes") } else { ("properties", "change") };
    let sentence = format!(
        "{noun} {} {verb} nothing while security.protocol is {}, which is not {others}",
        names.join(", "),
        protocol_name(config)
    );
    notices.push(Notice::unused(first, sentence));
}

fn without_login(config: &Config) -> Result<(), Error> {
    let mechanism = config.sasl.mechanism;
    match mechanism {
        SaslMechanism::Gssapi => refuse(format!(
            "property sasl.mechanism: GSSAPI, the default, needs a login: sasl.jaas.config = {KRB5} required \
             useKeyTab=true keyTab=\"…\" principal=\"…\"; or useTicketCache=true, for what kinit fetched"
        )),
        SaslMechanism::Plain => refuse(needs_user(mechanism, "plain.PlainLoginModule")),
        SaslMechanism::ScramSha256 | SaslMechanism::ScramSha512 => {
            refuse(needs_user(mechanism, "scram.ScramLoginModule"))
        }
        // Their settings have keys of their own, or none.
        SaslMechanism::OAuthBearer | SaslMechanism::AwsMskIam => Ok(()),
    }
}

fn needs_user(mechanism: SaslMechanism, module: &str) -> String {
    format!(
        "property sasl.mechanism: {mechanism} needs a user: sasl.jaas.config = \
         org.apache.kafka.common.security.{module} required username=\"…\" password=\"…\";"
    )
}

fn mismatch(login: &LoginModule, mechanism: SaslMechanism) -> String {
    let theirs = match login {
        LoginModule::Plain { .. } => "PLAIN",
        LoginModule::Scram { .. } => "SCRAM-SHA-256 or SCRAM-SHA-512",
        LoginModule::OAuthBearer { .. } => "OAUTHBEARER",
        LoginModule::Kerberos(_) => "GSSAPI",
        LoginModule::AwsMskIam { .. } => "AWS_MSK_IAM",
    };
    let (default, module) = match mechanism {
        SaslMechanism::Gssapi => (", the default", KRB5),
        SaslMechanism::Plain => ("", "org.apache.kafka.common.security.plain.PlainLoginModule"),
        SaslMechanism::ScramSha256 | SaslMechanism::ScramSha512 => {
            ("", "org.apache.kafka.common.security.scram.ScramLoginModule")
        }
        SaslMechanism::OAuthBearer => {
            ("", "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule")
        }
        SaslMechanism::AwsMskIam => ("", "software.amazon.msk.auth.iam.IAMLoginModule"),
    };
    format!(
        "property sasl.jaas.config is for {theirs}, but sasl.mechanism is {mechanism}{default}; set {theirs}, or give it a \
         {module}"
    )
}

/// As in Java, the modules of PLAIN and of SCRAM hand over user and password to either mechanism.
fn is_for(login: &LoginModule, mechanism: SaslMechanism) -> bool {
    let is_with_password =
        matches!(mechanism, SaslMechanism::Plain | SaslMechanism::ScramSha256 | SaslMechanism::ScramSha512);
    match login {
        LoginModule::Plain { .. } | LoginModule::Scram { .. } => is_with_password,
        LoginModule::OAuthBearer { .. } => mechanism == SaslMechanism::OAuthBearer,
        LoginModule::Kerberos(_) => mechanism == SaslMechanism::Gssapi,
        LoginModule::AwsMskIam { .. } => mechanism == SaslMechanism::AwsMskIam,
    }
}

fn protocol_name(config: &Config) -> String {
    table::rows()
        .find(|row| row.name == "security.protocol")
        .map_or_else(String::new, |row| row.shown(config))
}

fn built(mechanism: SaslMechanism, missing_feature: Option<&str>) -> Result<(), Error> {
    missing_feature.map_or(Ok(()), |feature| missing("sasl.mechanism", &mechanism, feature))
}

fn missing<T>(key: &str, value: &impl std::fmt::Display, feature: &str) -> Result<T, Error> {
    refuse(format!(
        "property {key}: {value} is not in this build, it is the feature {feature} of upsert-kafka-client"
    ))
}

const KRB5: &str = "com.sun.security.auth.module.Krb5LoginModule";

#[cfg(all(
    test,
    feature = "tls",
    feature = "scram",
    feature = "oauth",
    feature = "gssapi",
    feature = "msk-iam"
))]
mod tests;
