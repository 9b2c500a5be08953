//! The files of Kerberos: krb5.conf, keytabs, ticket caches, and where they are unless one says so.

use std::io;
use std::path::{Path, PathBuf};

use upsert_kafka_kerberos::{ConfFiles, Keytab, Krb5Conf, TicketCache};
use zeroize::Zeroizing;

use crate::{Error, ErrorKind};

/// Reads the krb5.conf that is named, else that of `KRB5_CONFIG`, else `/etc/krb5.conf`.
pub(super) fn krb5_conf(named: Option<&Path>) -> Result<Krb5Conf, Error> {
    let path = match named {
        Some(path) => path.to_owned(),
        None => {
            std::env::var_os("KRB5_CONFIG").filter(|it| !it.is_empty()).map_or(DEFAULT_CONF.into(), first)
        }
    };
    let text = std::fs::read_to_string(&path).map_err(|error| {
        let hint = match named {
            Some(_) => String::new(),
            None => "; java.security.krb5.conf or KRB5_CONFIG name another file".to_owned(),
        };
        unreadable("krb5.conf", &path, &error, &hint)
    })?;
    let conf = Krb5Conf::parse(&text, &path.display().to_string(), &mut Disk);
    conf.map_err(|error| Error::new(ErrorKind::Config, error.to_string()).with_cause(error))
}

/// Reads a keytab.
pub(super) fn keytab(path: &Path) -> Result<Keytab, Error> {
    let path = without_type(path, "keytab")?;
    let bytes = std::fs::read(&path).map(Zeroizing::new);
    let bytes = bytes.map_err(|error| unreadable("keytab", &path, &error, ""))?;
    Keytab::parse(&bytes).map_err(|error| useless("keytab", &path, error))
}

/// Reads a ticket cache; an empty path is that of `KRB5CCNAME`, of krb5.conf, or `/tmp/krb5cc_<uid>`.
pub(super) fn ticket_cache(path: &Path, conf: &Krb5Conf) -> Result<(PathBuf, TicketCache), Error> {
    let named = match path.as_os_str().is_empty() {
        true => default_cache(conf)?,
        false => path.to_owned(),
    };
    let path = without_type(&named, "ticket cache")?;
    let bytes = std::fs::read(&path).map(Zeroizing::new);
    let bytes = bytes.map_err(|error| unreadable("ticket cache", &path, &error, "; run kinit"))?;
    let cache = TicketCache::parse(&bytes).map_err(|error| useless("ticket cache", &path, error))?;
    Ok((path, cache))
}

fn default_cache(conf: &Krb5Conf) -> Result<PathBuf, Error> {
    if let Some(named) = std::env::var_os("KRB5CCNAME").filter(|it| !it.is_empty()) {
        return Ok(named.into());
    }
    let named = conf.default_ccache_name.as_deref().unwrap_or("/tmp/krb5cc_%{uid}");
    if !named.contains("%{") {
        return Ok(named.into());
    }
    let uid = user().ok_or_else(|| {
        let sentence =
            format!("the ticket cache {named} is of a user whom this machine does not tell: set ticketCache");
        Error::new(ErrorKind::Config, sentence)
    })?;
    let filled =
        ["%{uid}", "%{euid}", "%{USERID}"].iter().fold(named.to_owned(), |it, name| it.replace(name, &uid));
    Ok(filled.replace("%{TEMP}", "/tmp").into())
}

/// The user's number, as the system's view of this process has it.
#[cfg(unix)]
fn user() -> Option<String> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").ok().map(|it| it.uid().to_string())
}

#[cfg(not(unix))]
fn user() -> Option<String> {
    None
}

/// A path after its `FILE:`.
fn without_type(path: &Path, what: &str) -> Result<PathBuf, Error> {
    let Some(text) = path.to_str() else { return Ok(path.to_owned()) };
    match text.split_once(':') {
        Some(("FILE" | "WRFILE", path)) => Ok(path.into()),
        Some((other, _)) if other.len() > 1 && other.bytes().all(|it| it.is_ascii_uppercase()) => {
            let sentence =
                format!("the {what} {text} is of type {other}, which is not read here: only FILE is");
            Err(Error::new(ErrorKind::Config, sentence))
        }
        _ => Ok(path.to_owned()),
    }
}

fn unreadable(what: &str, path: &Path, error: &io::Error, hint: &str) -> Error {
    let sentence = format!("the {what} {} cannot be read: {error}{hint}", path.display());
    Error::new(ErrorKind::Config, sentence)
}

fn useless(what: &str, path: &Path, error: upsert_kafka_kerberos::Error) -> Error {
    Error::new(ErrorKind::Config, format!("the {what} {}: {error}", path.display())).with_cause(error)
}

/// The first of the files that `KRB5_CONFIG` lists.
fn first(listed: std::ffi::OsString) -> PathBuf {
    std::env::split_paths(&listed).next().unwrap_or_else(|| DEFAULT_CONF.into())
}

/// What krb5.conf includes.
struct Disk;

impl ConfFiles for Disk {
    fn read(&mut self, path: &str) -> io::Result<String> {
        std::fs::read_to_string(path)
    }

    fn list(&mut self, folder: &str) -> io::Result<Vec<String>> {
        let names = std::fs::read_dir(folder)?;
        names.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }
}

const DEFAULT_CONF: &str = "/etc/krb5.conf";
