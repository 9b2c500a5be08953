//! Real MIT KDCs as plain processes: a realm, the brokers' principal, alice with a keytab, a password and a cache; and a
//! realm of others that it trusts.

use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use super::guard::Guarded;
use super::node::listener_at_chance;
use super::tool::run;
use super::{Failure, broken, kerberos_or_skip};

/// A realm and the process that answers for it; dropping it ends it.
#[derive(Debug)]
pub struct Kdc {
    folder: PathBuf,
    partner: Option<Box<Kdc>>,
    process: Guarded,
}

impl Kdc {
    /// Makes two realms in the folder, the second of which may vouch in the first, and waits until both are served.
    ///
    /// # Errors
    /// `Missing` when the machine lacks MIT's programs.
    pub(super) fn start(folder: &Path) -> Result<Self, Failure> {
        let addresses = [address()?, address()?];
        let partner = Realm { folder: &folder.join("partner"), name: PARTNER };
        partner.make(addresses, addresses[1])?;
        partner.add("carol", "carol-hush-66")?;
        partner.administer(CROSSING)?;
        let realm = Realm { folder, name: REALM };
        realm.make(addresses, addresses[0])?;
        realm.administer(CROSSING)?;
        realm.administer("addprinc -randkey kafka/localhost")?;
        realm.administer("ktadd -k kafka.keytab kafka/localhost")?;
        realm.administer("addprinc -pw old-hush-21 alice")?;
        realm.administer("ktadd -norandkey -k alice.old.keytab alice")?;
        realm.administer(&format!("cpw -pw {KERBEROS_PASSWORD} alice"))?;
        realm.administer("ktadd -norandkey -k alice.keytab alice")?;
        realm.add("bob", "bob-hush-55")?;
        let partner = Self::of(&partner, addresses[1], None)?;
        Self::of(&realm, addresses[0], Some(Box::new(partner)))
    }

    fn of(realm: &Realm<'_>, address: SocketAddr, partner: Option<Box<Self>>) -> Result<Self, Failure> {
        Self::at_its_time(realm, address, partner, &[])
    }

    /// `time` is what `env` sets so that the KDC has a time of its own.
    fn at_its_time(
        realm: &Realm<'_>,
        address: SocketAddr,
        partner: Option<Box<Self>>,
        time: &[String],
    ) -> Result<Self, Failure> {
        let mut process = realm.serve(time)?;
        await_port(address, &mut process)?;
        Ok(Self { folder: realm.folder.to_owned(), partner, process })
    }

    /// The realm PARTNER.TEST: carol with a keytab, who may use what EXAMPLE.TEST serves.
    pub fn partner(&self) -> &Self {
        self.partner.as_deref().unwrap_or(self)
    }

    /// The same realm served a second time, where the brokers' principal has a key that they do not have.
    ///
    /// # Errors
    /// When a program fails.
    pub fn with_another_key_of_the_service(&self) -> Result<Self, Failure> {
        let folder = self.copied("newer")?;
        let realm = Realm { folder: &folder, name: REALM };
        let address = address()?;
        realm.configure([address, address], address)?;
        realm.administer("cpw -randkey kafka/localhost")?;
        Self::of(&realm, address, None)
    }

    /// The same realm served a second time, by a clock that is so much ahead: `+60s`, as `faketime` has it. `None`, aloud,
    /// where that is missing.
    pub fn with_another_clock(&self, later: &str) -> Option<Self> {
        kerberos_or_skip(self.later(later))
    }

    fn later(&self, later: &str) -> Result<Self, Failure> {
        let folder = self.copied("later")?;
        let realm = Realm { folder: &folder, name: REALM };
        let address = address()?;
        realm.configure([address, address], address)?;
        let clock = faketime(later)?;
        let kdc = Self::at_its_time(&realm, address, None, &clock)?;
        let id = kdc.process.id();
        for left_behind in [format!("faketime_shm_{id}"), format!("sem.faketime_sem_{id}")] {
            // What is open stays open; what is not there needs no removal.
            _ = std::fs::remove_file(Path::new("/dev/shm").join(left_behind));
        }
        Ok(kdc)
    }

    /// A folder with the realm's database, and what alice needs.
    fn copied(&self, name: &str) -> Result<PathBuf, Failure> {
        let folder = self.folder.join(super::unique(name));
        std::fs::create_dir_all(&folder).map_err(broken)?;
        for name in
            ["principal", "principal.ok", "principal.kadm5", "principal.kadm5.lock", "stash", "alice.keytab"]
        {
            std::fs::copy(self.folder.join(name), folder.join(name)).map_err(broken)?;
        }
        Ok(folder)
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
        self.cache("alice.ccache", "1h")
    }

    /// A cache whose ticket has ended.
    ///
    /// # Errors
    /// As [`Kdc::ticket_cache`].
    pub fn ended_ticket_cache(&self) -> Result<String, Failure> {
        let cache = self.cache("ended.ccache", "1s")?;
        let deadline = Instant::now() + START_TIMEOUT;
        // It says whether the ticket still holds.
        while self.realm().call("klist", &["-s", &cache]).is_ok() {
            if Instant::now() > deadline {
                return Err(Failure::Broken("a ticket of a second does not end".into()));
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        Ok(cache)
    }

    fn cache(&self, name: &str, lifetime: &str) -> Result<String, Failure> {
        let cache = self.path(name);
        let arguments = ["-l", lifetime, "-k", "-t", "alice.keytab", "-c", &format!("FILE:{cache}"), "alice"];
        self.realm().call("kinit", &arguments)?;
        Ok(cache)
    }

    fn realm(&self) -> Realm<'_> {
        Realm { folder: &self.folder, name: REALM }
    }
}

/// The folder of a realm, whose programs find it by their environment.
struct Realm<'a> {
    folder: &'a Path,
    name: &'a str,
}

impl Realm<'_> {
    /// An empty realm: `addresses` are those of both, of which it has the one.
    fn make(&self, addresses: [SocketAddr; 2], own: SocketAddr) -> Result<(), Failure> {
        std::fs::create_dir_all(self.folder).map_err(broken)?;
        self.configure(addresses, own)?;
        self.call("kdb5_util", &["create", "-s", "-r", self.name, "-P", "master-hush-77"])
    }

    fn configure(&self, [first, second]: [SocketAddr; 2], own: SocketAddr) -> Result<(), Failure> {
        let fill = |text: &str| {
            text.replace("FOLDER", &self.folder.display().to_string())
                .replace("FIRST", &first.to_string())
                .replace("SECOND", &second.to_string())
                .replace("OWN", &own.to_string())
                .replace("REALM", self.name)
        };
        std::fs::write(self.folder.join("kdc.conf"), fill(KDC_CONF)).map_err(broken)?;
        std::fs::write(self.folder.join("krb5.conf"), fill(KRB5_CONF)).map_err(broken)?;
        std::fs::write(self.folder.join("acl"), "").map_err(broken)
    }

    /// A user with that password, and its keys in a keytab of its name.
    fn add(&self, user: &str, password: &str) -> Result<(), Failure> {
        self.administer(&format!("addprinc -pw {password} {user}"))?;
        self.administer(&format!("ktadd -norandkey -k {user}.keytab {user}"))
    }

    fn administer(&self, query: &str) -> Result<(), Failure> {
        self.call("kadmin.local", &["-r", self.name, "-q", query])
    }

    fn call(&self, program: &str, arguments: &[&str]) -> Result<(), Failure> {
        let path = std::env::var("PATH").unwrap_or_default();
        let mut command = Command::new("env");
        command.args(self.environment()).arg(format!("PATH={path}:/usr/sbin:/sbin")).arg(program);
        command.args(arguments).current_dir(self.folder);
        run(&mut command, program, |why| match why.contains("No such file or directory") && !found(program) {
            true => Failure::Missing(format!("`{program}` is missing")),
            false => Failure::Broken(why),
        })
        .map(drop)
    }

    fn serve(&self, time: &[String]) -> Result<Guarded, Failure> {
        let environment = self.environment();
        let mut command = vec!["env"];
        command.extend(environment.iter().chain(time).map(String::as_str));
        command.extend(["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "krb5kdc", "-n"]);
        Guarded::spawn(&command, self.folder, &self.folder.join("kdc.out")).map_err(broken)
    }

    fn environment(&self) -> [String; 2] {
        [("KRB5_CONFIG", "krb5.conf"), ("KRB5_KDC_PROFILE", "kdc.conf")]
            .map(|(name, file)| format!("{name}={}", self.folder.join(file).display()))
    }
}

/// What gives a program another time of day; what waits, waits as long as it would. `faketime` itself would stay between,
/// and is killed alone: so it is only asked which library it puts before a program.
fn faketime(later: &str) -> Result<[String; 3], Failure> {
    if !found("faketime") {
        return Err(Failure::Missing("`faketime` is missing".to_owned()));
    }
    let asked = Command::new("faketime").args(["-f", later, "printenv", "LD_PRELOAD"]).output();
    let library = String::from_utf8_lossy(&asked.map_err(broken)?.stdout).trim().to_owned();
    Ok([
        format!("LD_PRELOAD={library}"),
        format!("FAKETIME={later}"),
        "FAKETIME_DONT_FAKE_MONOTONIC=1".to_owned(),
    ])
}

fn found(program: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':').chain(["/usr/sbin", "/sbin"]).any(|folder| Path::new(folder).join(program).exists())
}

fn address() -> Result<SocketAddr, Failure> {
    listener_at_chance().and_then(|it| it.local_addr()).map_err(broken)
}

/// Nothing tells when it listens.
fn await_port(address: SocketAddr, process: &mut Guarded) -> Result<(), Failure> {
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
const PARTNER: &str = "PARTNER.TEST";
/// Said in both realms: who is known to the second is believed by the first.
const CROSSING: &str = "addprinc -pw crossing-hush-31 krbtgt/EXAMPLE.TEST@PARTNER.TEST";
const START_TIMEOUT: Duration = Duration::from_secs(30);
const LOOK_AGAIN: Duration = Duration::from_millis(10);

const KDC_CONF: &str = "\
[kdcdefaults]
  kdc_listen = OWN
  kdc_tcp_listen = OWN
[realms]
  REALM = {
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
  default_realm = REALM
  dns_lookup_kdc = false
  dns_lookup_realm = false
  rdns = false
  dns_canonicalize_hostname = false
[realms]
  EXAMPLE.TEST = {
    kdc = FIRST
  }
  PARTNER.TEST = {
    kdc = SECOND
  }
[domain_realm]
  localhost = EXAMPLE.TEST
";
