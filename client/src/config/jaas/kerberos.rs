//! The options of `Krb5LoginModule`, judged as Java judges them.

use std::path::PathBuf;

use super::{LoginEntry, NotJaas};
use crate::config::KerberosLogin;

/// Where the ticket comes from.
pub(super) fn login(entry: &mut LoginEntry) -> Result<KerberosLogin, NotJaas> {
    // They change how Java's module works, and nothing here: the key stays in memory anyhow, and nobody is asked.
    for name in WITHOUT_EFFECT {
        drop(entry.take(name));
    }
    let principal = entry.text("principal");
    let password = entry.take("password").filter(|it| !it.is_empty());
    let keytab = entry.text("keyTab").map(|path| without_kind(&path));
    let ticket_cache = entry.text("ticketCache").map(|path| without_kind(&path));
    let (uses_keytab, uses_cache) = (entry.flag("useKeyTab"), entry.flag("useTicketCache"));
    let (stores_key, asks_nobody) = (entry.flag("storeKey"), entry.flag("doNotPrompt"));
    if keytab.is_some() && !uses_keytab {
        return refuse("keyTab wants useKeyTab=true, as Java does");
    }
    if ticket_cache.is_some() && !uses_cache {
        return refuse("ticketCache wants useTicketCache=true, as Java does");
    }
    if entry.flag("renewTGT") && !uses_cache {
        return refuse("renewTGT=true wants useTicketCache=true, as Java does");
    }
    if stores_key && asks_nobody && !uses_keytab {
        return refuse("storeKey=true with doNotPrompt=true wants useKeyTab=true, as Java does");
    }
    if entry.take("isInitiator").is_some_and(|it| it.reveal().eq_ignore_ascii_case("false")) {
        return refuse("isInitiator=false is a server's; a client begins");
    }
    if !uses_keytab && !uses_cache && password.is_none() {
        return refuse(
            "it says neither useKeyTab=true nor useTicketCache=true, and nobody can be asked for a password",
        );
    }
    if uses_keytab && keytab.is_none() {
        return refuse("useKeyTab=true needs keyTab=\"…\", the path of the file");
    }
    let ticket_cache = uses_cache.then(|| ticket_cache.unwrap_or_default());
    Ok(KerberosLogin { principal, keytab, ticket_cache, password })
}

/// MIT's and Java's files may have their kind in front.
fn without_kind(path: &str) -> PathBuf {
    let path = path.strip_prefix("FILE:").or_else(|| path.strip_prefix("file:")).unwrap_or(path);
    let local = path.strip_prefix("//").filter(|it| it.starts_with('/'));
    PathBuf::from(local.unwrap_or(path))
}

fn refuse<T>(why: &str) -> Result<T, NotJaas> {
    Err(NotJaas::whole(format!("its Krb5LoginModule cannot log in: {why}")))
}

const WITHOUT_EFFECT: [&str; 8] = [
    "clearPass",
    "debug",
    "refreshKrb5Config",
    "storePass",
    "tryFirstPass",
    "useFirstPass",
    "javax.security.auth.login.name",
    "javax.security.auth.login.password",
];
