//! A realm of MIT's in a folder, its KDC as a child, and services of libgssapi's.

use std::cell::Cell;
use std::io::{self, BufRead, Read, Write};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use upsert_kafka_kerberos::{ConfFiles, Error, KdcAttempts, KdcRequest, KdcTransport, Krb5Conf};

/// A realm that is served until it is dropped.
pub(crate) struct Lab {
    folder: PathBuf,
    port: u16,
    kdc: Child,
    by_tcp: Cell<bool>,
    /// Whose folder it is.
    owns: bool,
}

impl Lab {
    /// A realm with client (clientpw) and kafka/localhost; `None`, aloud, where MIT's programs are missing.
    pub(crate) fn start(test: &str) -> Option<Self> {
        let [lab] = Self::start_realms(test, ["EXAMPLE.TEST"])?;
        for (name, secret, keytab) in
            [("client", "clientpw", "client.keytab"), ("kafka/localhost", "servicepw", "kafka.keytab")]
        {
            lab.add(name, secret, keytab);
        }
        Some(lab)
    }

    /// Realms that know of each other, with nobody in them. A KDC takes a place under `.partner.test` to be of the last.
    pub(crate) fn start_realms<const N: usize>(test: &str, names: [&str; N]) -> Option<[Self; N]> {
        if let Some(missing) = ["krb5kdc", "kdb5_util", "kadmin.local", "kinit"].iter().find(|it| !has(it)) {
            return missing_program(missing, "krb5-kdc krb5-admin-server krb5-user");
        }
        let ports = names.map(|_| TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port());
        let all: String = names
            .iter()
            .zip(ports)
            .map(|(name, port)| format!("  {name} = {{\n    kdc = 127.0.0.1:{port}\n  }}\n"))
            .collect();
        let mut at = 0;
        Some(names.map(|name| {
            at += 1;
            Self::serve_realm(&format!("{test}-{at}"), name, ports[at - 1], &all, names[N - 1])
        }))
    }

    fn serve_realm(test: &str, name: &str, port: u16, realms: &str, last: &str) -> Self {
        let folder =
            Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("mit-{}-{test}", std::process::id()));
        _ = std::fs::remove_dir_all(&folder);
        std::fs::create_dir_all(&folder).unwrap();
        let fill = |text: &str| {
            text.replace("FOLDER", &folder.display().to_string())
                .replace("PORT", &port.to_string())
                .replace("REALMS", realms)
                .replace("REALM", name)
                .replace("LAST", last)
        };
        std::fs::write(folder.join("kdc.conf"), fill(KDC_CONF)).unwrap();
        std::fs::write(folder.join("krb5.conf"), fill(KRB5_CONF)).unwrap();
        call(&folder, "kdb5_util", &["create", "-s", "-r", name, "-P", "master"]);
        let kdc = serve(&folder, port, None);
        Self { folder, port, kdc, by_tcp: Cell::new(false), owns: true }
    }

    /// A principal with that password, and its keys in a keytab.
    pub(crate) fn add(&self, name: &str, secret: &str, keytab: &str) {
        self.call("kadmin.local", &["-q", &format!("addprinc -pw {secret} {name}")]);
        self.call("kadmin.local", &["-q", &format!("ktadd -norandkey -k {keytab} {name}")]);
    }

    /// The KDC gets a clock of its own, `+2h` for one; `None`, aloud, where `faketime` is missing.
    pub(crate) fn restart_at(&mut self, later: &str) -> Option<()> {
        if !has("faketime") {
            return missing_program("faketime", "faketime");
        }
        end(&mut self.kdc);
        self.kdc = serve(&self.folder, self.port, Some(later));
        Some(())
    }

    /// The same realm, whose KDC fits hardly anything into a datagram.
    pub(crate) fn restart_with_small_datagrams(mut self) -> Self {
        end(&mut self.kdc);
        let path = self.folder.join("kdc.conf");
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("[realms]", "  kdc_max_dgram_reply_size = 300\n[realms]"))
            .unwrap();
        let kdc = serve(&self.folder, self.port, None);
        self.owns = false;
        Self { folder: self.folder.clone(), port: self.port, kdc, by_tcp: Cell::new(false), owns: true }
    }

    /// One of MIT's programs.
    pub(crate) fn call(&self, program: &str, arguments: &[&str]) {
        call(&self.folder, program, arguments);
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.folder.join(name)).unwrap()
    }

    pub(crate) fn conf(&self, files: &mut dyn ConfFiles) -> Krb5Conf {
        let text = std::fs::read_to_string(self.folder.join("krb5.conf")).unwrap();
        Krb5Conf::parse(&text, "krb5.conf", files).unwrap()
    }

    /// Asks the KDC as krb5.conf has it; for TCP alone nothing is small enough for UDP.
    pub(crate) fn ask(&self, request: &KdcRequest, transport: KdcTransport) -> Result<Vec<u8>, Error> {
        ask(&self.conf(&mut NothingElse), request, transport, &self.by_tcp)
    }

    /// Whether anybody listens where its KDC does.
    pub(crate) fn is_served(port: u16) -> bool {
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn was_asked_by_tcp(&self) -> bool {
        self.by_tcp.get()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        end(&mut self.kdc);
        if self.owns {
            _ = std::fs::remove_dir_all(&self.folder);
        }
    }
}

pub(crate) fn ask(
    conf: &Krb5Conf,
    request: &KdcRequest,
    transport: KdcTransport,
    by_tcp: &Cell<bool>,
) -> Result<Vec<u8>, Error> {
    let mut attempts = KdcAttempts::new(conf, request, transport == KdcTransport::Udp)?;
    while let Some(attempt) = attempts.poll_attempt() {
        let at = (attempt.kdc.host.as_str(), attempt.kdc.port);
        let reply = match attempt.transport {
            KdcTransport::Udp => by_datagram(at, &request.bytes, attempt.limit),
            KdcTransport::Tcp => {
                by_tcp.set(true);
                by_stream(at, &request.bytes, attempt.limit)
            }
        };
        match reply {
            Ok(reply) if attempts.is_answer(&reply) => return Ok(reply),
            Ok(_) => {}
            Err(why) => attempts.handle_failure(&why.to_string()),
        }
    }
    Err(attempts.into_error())
}

fn by_datagram(at: (&str, u16), message: &[u8], limit: Duration) -> io::Result<Vec<u8>> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.set_read_timeout(Some(limit))?;
    socket.connect(at)?;
    socket.send(message)?;
    let mut reply = vec![0; 65_536];
    let length = socket.recv(&mut reply)?;
    reply.truncate(length);
    Ok(reply)
}

fn by_stream(at: (&str, u16), message: &[u8], limit: Duration) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(at)?;
    stream.set_read_timeout(Some(limit))?;
    write_all(&mut stream, message)?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    read(&mut stream, length)
}

fn write_all(stream: &mut TcpStream, message: &[u8]) -> io::Result<()> {
    stream.write_all(&[&u32::try_from(message.len()).unwrap().to_be_bytes(), message].concat())
}

fn read(stream: &mut TcpStream, length: [u8; 4]) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap()];
    stream.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// A krb5.conf that includes nothing.
pub(crate) struct NothingElse;

impl ConfFiles for NothingElse {
    fn read(&mut self, path: &str) -> io::Result<String> {
        Err(io::Error::other(path.to_owned()))
    }

    fn list(&mut self, folder: &str) -> io::Result<Vec<String>> {
        Err(io::Error::other(folder.to_owned()))
    }
}

/// How a service accepts.
pub(crate) struct Acceptor<'a> {
    pub(crate) service: &'a str,
    pub(crate) seals: bool,
    /// The layers that it offers: 1 none, 2 integrity, 4 confidentiality.
    pub(crate) layers: u8,
    /// How much its clock is ahead, for `faketime`.
    pub(crate) later: Option<&'a str>,
}

impl Default for Acceptor<'_> {
    fn default() -> Self {
        Self { service: "kafka@localhost", seals: false, layers: 7, later: None }
    }
}

/// A service that accepts by libgssapi, one connection after the other.
pub(crate) struct Service {
    process: Child,
    port: u16,
    stream: Option<TcpStream>,
}

impl Service {
    /// kafka@localhost. `seals`: whether its offer of layers is sealed. `None`, aloud, where Python has no gssapi.
    pub(crate) fn start(lab: &Lab, seals: bool) -> Option<Self> {
        Self::start_with(lab, Acceptor { seals, ..Acceptor::default() })
    }

    pub(crate) fn start_with(lab: &Lab, acceptor: Acceptor<'_>) -> Option<Self> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mit/acceptor.py");
        let mut command = match acceptor.later {
            Some(_) if !has("faketime") => return missing_program("faketime", "faketime"),
            Some(later) => later_by(later, &lab.folder, PYTHON),
            None => command(&lab.folder, PYTHON),
        };
        let seals = if acceptor.seals { "1" } else { "0" };
        command.arg(script).args([acceptor.service, seals, &acceptor.layers.to_string()]);
        command.env("KRB5_KTNAME", lab.folder.join("kafka.keytab")).stdout(Stdio::piped());
        // Each exchange of this process' would have a moment of its own, but tests run side by side.
        command.env("KRB5RCACHENAME", "none:");
        let mut process = command.spawn().ok()?;
        let mut line = String::new();
        io::BufReader::new(process.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let Ok(port) = line.trim().parse() else {
            _ = process.kill();
            return missing_program("Python's gssapi", "python3-gssapi");
        };
        Some(Self { process, port, stream: None })
    }

    /// The next words open a connection: the one before may have ended in the middle.
    pub(crate) fn hang_up(&mut self) {
        self.stream = None;
    }

    /// Its answer, and whether that is the last one.
    pub(crate) fn say(&mut self, words: &[u8]) -> (bool, Vec<u8>) {
        let port = self.port;
        let stream = self.stream.get_or_insert_with(|| TcpStream::connect(("127.0.0.1", port)).unwrap());
        write_all(stream, words).unwrap();
        let mut head = [0; 5];
        stream.read_exact(&mut head).unwrap();
        let [done, length @ ..] = head;
        (done == 1, read(stream, length).unwrap())
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

/// Ends a process, and what libfaketime shares with nobody and leaves behind.
fn end(process: &mut Child) {
    _ = process.kill();
    _ = process.wait();
    let id = process.id();
    for shared in [format!("faketime_shm_{id}"), format!("sem.faketime_sem_{id}")] {
        _ = std::fs::remove_file(Path::new("/dev/shm").join(shared));
    }
}

fn serve(folder: &Path, port: u16, later: Option<&str>) -> Child {
    let log = std::fs::File::create(folder.join("kdc.out")).unwrap();
    let mut command = match later {
        Some(later) => later_by(later, folder, "krb5kdc"),
        None => command(folder, "krb5kdc"),
    };
    let mut kdc = command.arg("-n").stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
    // Nothing tells when it listens.
    for _ in 0..1000 {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return kdc;
        }
        assert!(kdc.try_wait().unwrap().is_none(), "krb5kdc ended; see {}", folder.join("kdc.out").display());
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("krb5kdc does not listen");
}

/// Only the time of day is another one; what waits, waits as long as it would. `faketime` itself would stay between: it
/// is killed alone, and the program goes on. So it is only asked which library it puts before a program.
fn later_by(later: &str, folder: &Path, program: &str) -> Command {
    let asked = command(folder, "faketime").args(["-f", later, "printenv", "LD_PRELOAD"]).output().unwrap();
    let library = String::from_utf8(asked.stdout).unwrap();
    assert!(library.contains("libfaketime"), "{library}");
    let mut command = command(folder, "env");
    command.arg(format!("LD_PRELOAD={}", library.trim())).arg(format!("FAKETIME={later}"));
    command.args(["FAKETIME_DONT_FAKE_MONOTONIC=1", program]);
    command
}

fn call(folder: &Path, program: &str, arguments: &[&str]) {
    let done = command(folder, program).args(arguments).output().unwrap();
    let said = [done.stdout, done.stderr].map(|it| String::from_utf8_lossy(&it).into_owned()).concat();
    assert!(done.status.success(), "{program} {arguments:?}: {said}");
}

fn command(folder: &Path, program: &str) -> Command {
    let mut command = Command::new("env");
    let path = format!("PATH={}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default());
    let settings = [("KRB5_CONFIG", "krb5.conf"), ("KRB5_KDC_PROFILE", "kdc.conf")];
    let settings = settings.map(|(name, file)| format!("{name}={}", folder.join(file).display()));
    command.arg(path).args(settings).arg(program).current_dir(folder).stdin(Stdio::null());
    command
}

fn has(program: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default();
    path.split(':').chain(["/usr/sbin", "/sbin"]).any(|folder| Path::new(folder).join(program).exists())
}

fn missing_program<T>(missing: &str, packages: &str) -> Option<T> {
    let required = std::env::var("UPSERT_KAFKA_REQUIRE_KDC").is_ok_and(|it| it == "1");
    assert!(!required, "{missing} is missing, and UPSERT_KAFKA_REQUIRE_KDC=1");
    skip(&format!("{missing} is missing (Debian: {packages})"))
}

fn skip<T>(why: &str) -> Option<T> {
    let test = std::thread::current();
    // Past libtest's capture.
    _ = writeln!(io::stderr(), "SKIPPED: {}: {why}", test.name().unwrap_or("a test"));
    None
}

/// Debian's own, for which python3-gssapi is made.
const PYTHON: &str = "/usr/bin/python3";

const KDC_CONF: &str = "\
[kdcdefaults]
  kdc_listen = 127.0.0.1:PORT
  kdc_tcp_listen = 127.0.0.1:PORT
[realms]
  REALM = {
    database_name = FOLDER/principal
    key_stash_file = FOLDER/stash
    acl_file = FOLDER/acl
    max_renewable_life = 7d
    supported_enctypes = aes256-cts-hmac-sha1-96:normal aes128-cts-hmac-sha1-96:normal aes256-cts-hmac-sha384-192:normal aes128-cts-hmac-sha256-128:normal
    default_principal_flags = +preauth
  }
[logging]
  kdc = FILE:FOLDER/kdc.log
";

const KRB5_CONF: &str = "\
[libdefaults]
  default_realm = REALM
  default_ccache_name = FILE:FOLDER/ccache
  renew_lifetime = 0m
  dns_lookup_kdc = false
  rdns = false
  dns_canonicalize_hostname = false
  permitted_enctypes = aes256-cts-hmac-sha1-96 aes128-cts-hmac-sha1-96 aes256-cts-hmac-sha384-192 aes128-cts-hmac-sha256-128
[realms]
REALMS[domain_realm]
  localhost = REALM
  .partner.test = LAST
";
