//! A real MIT KDC as a plain process: a realm, the brokers' principal, alice with a keytab, a password and a cache.

use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::guard::Guarded;
use super::node::listener_at_chance;
use super::tool::run;
use super::{Failure, broken};

/// A realm and the process that answers for it; dropping it ends it.
#[derive(Debug)]
pub struct Kdc {
    folder: PathBuf,
    _process: Guarded,
}

impl Kdc {
    /// Makes a realm in the folder and waits until it is served.
    ///
    /// # Errors
    /// `Missing` when the machine lacks MIT's programs.
    pub(super) fn start(folder: &Path) -> Result<Self, Failure> {
        std::fs::create_dir_all(folder).map_err(broken)?;
        let address = listener_at_chance().and_then(|it| it.local_addr()).map_err(broken)?;
        let [folder_text, port] = [folder.display().to_string(), address.port().to_string()];
        let fill = |text: &str| text.replace("FOLDER", &folder_text).replace("PORT", &port);
        std::fs::write(folder.join("kdc.conf"), fill(KDC_CONF)).map_err(broken)?;
        std::fs::write(folder.join("krb5.conf"), fill(KRB5_CONF)).map_err(broken)?;
        std::fs::write(folder.join("acl"), "").map_err(broken)?;
        let realm = Realm(folder);
        realm.call("kdb5_util", &["create", "-s", "-r", REALM, "-P", "master-hush-77"])?;
        realm.call("kadmin.local", &["-q", "addprinc -randkey kafka/localhost"])?;
        realm.call("kadmin.local", &["-q", "addprinc -pw old-hush-21 alice"])?;
        realm.call("kadmin.local", &["-q", "ktadd -norandkey -k alice.old.keytab alice"])?;
        realm.call("kadmin.local", &["-q", &format!("cpw -pw {KERBEROS_PASSWORD} alice")])?;
        realm.call("kadmin.local", &["-q", "addprinc -pw bob-hush-55 bob"])?;
        realm.call("kadmin.local", &["-q", "ktadd -k kafka.keytab kafka/localhost"])?;
        realm.call("kadmin.local", &["-q", "ktadd -norandkey -k alice.keytab alice"])?;
        realm.call("kadmin.local", &["-q", "ktadd -norandkey -k bob.keytab bob"])?;
        let mut process = realm.serve()?;
        await_port(address, &mut process)?;
        Ok(Self { folder: folder.to_owned(), _process: process })
    }

    /// The krb5.conf of its realm.
    pub fn krb5_conf(&self) -> String {
        self.path("krb5.conf")
    }

    /// The path of a file of the realm, `alice.keytab` for one.
    pub fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }

    /// A cache of alice's ticket, as `kinit` fills it.
    ///
    /// # Errors
    /// When kinit is missing, or is refused.
    pub fn ticket_cache(&self) -> Result<String, Failure> {
        let cache = self.path("alice.ccache");
        let arguments = ["-k", "-t", "alice.keytab", "-c", &format!("FILE:{cache}"), "alice"];
        Realm(&self.folder).call("kinit", &arguments)?;
        Ok(cache)
    }
}

/// The folder of a realm, whose programs find it by their environment.
struct Realm<'a>(&'a Path);

impl Realm<'_> {
    fn call(&self, program: &str, arguments: &[&str]) -> Result<(), Failure> {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("env");
        command.args(self.environment()).arg(format!("PATH={path}:/usr/sbin:/sbin")).arg(program);
        command.args(arguments).current_dir(self.0);
        run(&mut command, program, |why| match why.contains("No such file or directory") && !found(program) {
            true => Failure::Missing(format!("`{program}` is missing")),
            false => Failure::Broken(why),
        })
        .map(drop)
    }

    fn serve(&self) -> Result<Guarded, Failure> {
        let environment = self.environment();
        let mut command = vec!["env"];
        command.extend(environment.iter().map(String::as_str));
        command.extend(["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "krb5kdc", "-n"]);
        Guarded::spawn(&command, self.0, &self.0.join("kdc.out")).map_err(broken)
    }

    fn environment(&self) -> [String; 2] {
        [("KRB5_CONFIG", "krb5.conf"), ("KRB5_KDC_PROFILE", "kdc.conf")]
            .map(|(name, file)| format!("{name}={}", self.0.join(file).display()))
    }
}

fn found(program: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':').chain(["/usr/sbin", "/sbin"]).any(|folder| Path::new(folder).join(program).exists())
}

/// Nothing tells when it listens.
fn await_port(address: std::net::SocketAddr, process: &mut Guarded) -> Result<(), Failure> {
    let deadline = Instant::now() + START_TIMEOUT;
    while TcpStream::connect(address).is_err() {
        if process.ended().map_err(broken)?.is_some() || Instant::now() > deadline {
            return Err(Failure::Broken("krb5kdc does not listen; see kdc.out under target/tmp".into()));
        }
        std::thread::sleep(LOOK_AGAIN);
    }
    Ok(())
}

/// Of alice.
pub const KERBEROS_PASSWORD: &str = "kerberos-hush-c4";
const REALM: &str = "EXAMPLE.TEST";
const START_TIMEOUT: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

const KDC_CONF: &str = "\
[kdcdefaults]
  kdc_listen = 127.0.0.1:PORT
  kdc_tcp_listen = 127.0.0.1:PORT
[realms]
  EXAMPLE.TEST = {
    database_name = FOLDER/principal
    key_stash_file = FOLDER/stash
    acl_file = FOLDER/acl
    supported_enctypes = aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha1-96:normal aes256-cts-hmac-sha384-192:normal aes128-cts-hmac-sha256-128:normal
    default_principal_flags = +preauth
  }
[logging]
  kdc = FILE:FOLDER/kdc.log
";

/// `renew_lifetime` is what Java stumbles over and people's files have, so it stands in none that Java reads.
const KRB5_CONF: &str = "\
[libdefaults]
  default_realm = EXAMPLE.TEST
  dns_lookup_kdc = false
  dns_lookup_realm = false
  rdns = false
  dns_canonicalize_hostname = false
[realms]
  EXAMPLE.TEST = {
    kdc = 127.0.0.1:PORT
  }
[domain_realm]
  localhost = EXAMPLE.TEST
";
