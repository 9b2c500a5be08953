//! krb5.conf as people write it, and as they should not.

use std::collections::HashMap;
use std::io;

use super::*;

/// Files by their path.
struct Texts(HashMap<&'static str, &'static str>);

impl ConfFiles for Texts {
    fn read(&mut self, path: &str) -> io::Result<String> {
        let found = self.0.get(path).map(|it| (*it).to_owned());
        found.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "no such file"))
    }

    fn list(&mut self, folder: &str) -> io::Result<Vec<String>> {
        let names = self
            .0
            .keys()
            .filter_map(|path| path.strip_prefix(folder.trim_end_matches('/'))?.strip_prefix('/'));
        let names: Vec<_> = names.map(str::to_owned).collect();
        if names.is_empty() {
            Err(io::Error::new(io::ErrorKind::NotFound, "no such folder"))
        } else {
            Ok(names)
        }
    }
}

fn parse(text: &str) -> Result<Krb5Conf, Error> {
    Krb5Conf::parse(text, "krb5.conf", &mut Texts(HashMap::new()))
}

#[test]
fn what_mit_and_java_accept_is_survived() {
    let conf = parse(EVERYTHING).unwrap();
    assert_eq!(conf.default_realm.as_deref(), Some("HADOOP.COM"));
    assert_eq!((conf.ticket_lifetime_s, conf.clock_skew_s, conf.udp_preference_limit), (86_400, 60, 1));
    assert_eq!(conf.default_ccache_name.as_deref(), Some("FILE:/tmp/krb5cc_%{uid}"));
    let kdcs = |realm| conf.kdcs(realm).unwrap().iter().map(ToString::to_string).collect::<Vec<_>>();
    assert_eq!(kdcs("HADOOP.COM"), ["10.0.0.1:21732", "kdc2.hadoop.com:88", "kdc3:88", "kdc4:88"]);
    assert_eq!(kdcs("OTHER.TEST"), ["[2001:db8::1]:750", "[2001:db8::2]:88"]);
    let only: Vec<_> = conf.kdcs("HADOOP.COM").unwrap().iter().map(|it| it.transport).collect();
    assert_eq!(only, [None, None, Some(KdcTransport::Tcp), Some(KdcTransport::Udp)]);
    let error = conf.kdcs("ODD.TEST").unwrap_err().to_string();
    assert!(error.contains("https://proxy.odd.test/KdcProxy"), "{error}");
    let error = conf.kdcs("NO.TEST").unwrap_err().to_string();
    assert!(
        error.contains("no KDC of realm NO.TEST") && error.contains("HADOOP.COM, ODD.TEST, OTHER.TEST"),
        "{error}"
    );
}

#[test]
fn a_host_belongs_to_its_own_realm_or_to_that_of_the_nearest_domain() {
    let conf = parse("[domain_realm]\n.a.test=A\na.test=TOP\n.b.a.test=B\nHOST.b.a.test=H\nbare.test=BARE\n")
        .unwrap();
    for (host, realm) in [
        ("x.a.test", Some("A")),
        ("a.test", Some("TOP")),
        ("x.b.a.test", Some("B")),
        ("host.B.a.test", Some("H")),
        ("deep.x.bare.test", Some("BARE")),
        ("localhost", None),
        ("x.test", None),
        ("", None),
        (".", None),
    ] {
        assert_eq!(conf.realm_of(host), realm, "{host}");
    }
}

#[test]
fn files_and_folders_are_included() {
    let mut files = Texts(HashMap::from([
        ("/etc/one.conf", "[realms]\nA = {\nkdc = a1\n}\n[libdefaults]\ndefault_realm = A\n"),
        ("/etc/d/b.conf", "[realms]\nA = {\nkdc = a3\n}\n"),
        ("/etc/d/a_plain-name", "[realms]\nA = {\nkdc = a2\n}\n"),
        ("/etc/d/.hidden.conf", "nonsense"),
        ("/etc/d/editor~", "nonsense"),
    ]));
    let text =
        "include /etc/one.conf\nincludedir /etc/d/\nincludedir /etc/none\n[realms]\nA = {\nkdc = a4\n}\n";
    let conf = Krb5Conf::parse(text, "top", &mut files).unwrap();
    let hosts: Vec<_> = conf.kdcs("A").unwrap().iter().map(|it| it.host.as_str()).collect();
    assert_eq!(hosts, ["a1", "a2", "a3", "a4"]);
    let error = Krb5Conf::parse("include /etc/gone\n", "top", &mut files).unwrap_err().to_string();
    assert_eq!(error, "top includes /etc/gone, which cannot be read: no such file");
}

#[test]
fn a_file_that_includes_itself_is_refused() {
    let mut files = Texts(HashMap::from([("/etc/a", "include /etc/a\ninclude /etc/a\n")]));
    let error = Krb5Conf::parse("include /etc/a\n", "top", &mut files).unwrap_err();
    assert!(error.to_string().contains("/etc/a includes itself"), "{error}");
}

#[test]
fn encryption_types_are_read_by_all_their_names() {
    use EncryptionType::{Aes128Sha1, Aes128Sha256, Aes256Sha1, Aes256Sha384};
    for (lines, as_types, tgs_types) in [
        ("", &EncryptionType::ALL[..], &EncryptionType::ALL[..]),
        ("permitted_enctypes = aes256-cts", &[Aes256Sha1], &[Aes256Sha1]),
        (
            "default_tkt_enctypes = AES128-SHA2, rc4-hmac aes256-sha2",
            &[Aes128Sha256, Aes256Sha384],
            &EncryptionType::ALL,
        ),
        (
            "permitted_enctypes = aes128-cts-hmac-sha1-96 aes256-cts-hmac-sha384-192\ndefault_tgs_enctypes = aes",
            &[Aes128Sha1, Aes256Sha384],
            &[Aes128Sha1, Aes256Sha384],
        ),
        (
            "permitted_enctypes = DEFAULT -aes256-sha1 -aes128-sha1",
            &[Aes256Sha384, Aes128Sha256],
            &[Aes256Sha384, Aes128Sha256],
        ),
        ("default_tkt_enctypes = des3-cbc-sha1 rc4-hmac", &[], &EncryptionType::ALL),
    ] {
        let conf = parse(&format!("[libdefaults]\n{lines}\n")).unwrap();
        let sorted = |types: &[EncryptionType]| {
            let mut numbers: Vec<_> = types.iter().map(|it| it.number()).collect();
            numbers.sort_unstable();
            numbers
        };
        assert_eq!(conf.as_encryptions, as_types, "{lines}");
        assert_eq!(sorted(&conf.tgs_encryptions), sorted(tgs_types), "{lines}");
    }
}

#[test]
fn spans_are_read_as_mit_reads_them() {
    for (text, expected) in [
        ("300", Some(300)),
        ("10h", Some(36_000)),
        ("1d 2h 3m 4s", Some(93_784)),
        ("1d2h", Some(93_600)),
        ("1:30", Some(5400)),
        ("1:00:05", Some(3605)),
        ("0m", Some(0)),
        ("h", None),
        ("99999999999", None),
        ("99999999d", None),
        ("soon", None),
    ] {
        assert_eq!(seconds(Some(text)), expected, "{text}");
    }
}

#[test]
fn kdcs_by_dns_are_said_not_to_be_looked_for() {
    let error = parse("[libdefaults]\ndns_lookup_kdc = true\n").unwrap().kdcs("R").unwrap_err();
    assert!(error.to_string().contains("dns_lookup_kdc") && error.kind() == ErrorKind::Config, "{error}");
}

#[test]
fn a_line_that_is_none_is_named() {
    for (text, words) in [
        ("[libdefaults\n", "line 1: the section's ] is missing"),
        ("[a] b\n", "line 1: something follows"),
        ("\n[a]\nnonsense\n", "line 3: neither a section nor a relation"),
        ("[a]\n{\n", "line 2: a { that opens nothing"),
    ] {
        let error = parse(text).unwrap_err().to_string();
        assert!(error.starts_with("krb5.conf, ") && error.contains(words), "{error}");
    }
    let deep = format!("[a]\n{}", "b = {\n".repeat(10_000));
    assert!(parse(&deep).unwrap_err().to_string().contains("nested too deeply"));
}

#[test]
fn quotes_and_one_line_subsections_are_read() {
    let conf =
        parse("\u{feff}[realms]\nR = { kdc = \"k\\\"1\" }\n[libdefaults]\ndefault_realm = \"R\"\n").unwrap();
    assert_eq!(conf.default_realm.as_deref(), Some("R"));
    assert_eq!(conf.kdcs("R").unwrap()[0].host, "k\"1");
}

const EVERYTHING: &str = r#"
# Debian's, Huawei's and everybody's.
; the other comment
includedir /etc/krb5.conf.d/
module /usr/lib/foo.so:bar
[libdefaults]
    default_realm = HADOOP.COM   # the realm
    renew_lifetime = 0m
    ticket_lifetime = 24h
    forwardable = true
    fcc-mit-ticketflags = true
    clockskew = 1m
    kdc_timeout = 2500
    allow_extend_version = false
    default_ccache_name = "FILE:/tmp/krb5cc_%{uid}"
    udp_preference_limit = 1
    udp_preference_limit = 900
    empty =
[realms]*
    HADOOP.COM = {
        kdc = 10.0.0.1:21732
        kdc* = kdc2.hadoop.com
        kdc = tcp/kdc3:88 udp/kdc4 # and more
        admin_server = 10.0.0.1:21730
        auth_to_local = {
            RULE:[1:$1] = deep
        }
        v4_instance_convert =
        {
            mit = mit.edu
        }
        kpasswd_server = 10.0.0.1:21731
    }*
    OTHER.TEST = {
        kdc = [2001:db8::1]:750
        kdc = 2001:db8::2
        kdc = https://proxy.other.test/KdcProxy
    }
    ODD.TEST = {
        kdc = https://proxy.odd.test/KdcProxy
    }
[domain_realm]
    .hadoop.com = HADOOP.COM
    Host.Other.Test = OTHER.TEST
    other.test = OTHER.TEST
[capaths]
    A = {
        B = .
    }
[logging]
    default = SYSLOG:INFO:DAEMON
"#;
