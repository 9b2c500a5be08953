//! An embedded broker with a listener for each protocol, a folder with what DLI stores, and jobs that pass through both.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::task::block_in_place;
use upsert_kafka_broker::{
    Broker, BrokerConfig, ListenerConfig, SaslConfig, SaslMechanism, SecurityProtocol, TlsConfig,
};
use upsert_kafka_tests::data;
use upsert_kafka_tests::kafka::unique;

use crate::program::{self, Ran};

/// Every secret of these tests has this word in it.
pub(crate) const SECRET: &str = "hush";

/// The user of every listener with SASL, and the password.
pub(crate) const PASSWORD: &str = "jaas-hush-33";

/// What a job says of PLAIN, as the seed's page writes it.
pub(crate) const PLAIN: &str = "'properties.sasl.mechanism' = 'PLAIN', 'properties.sasl.jaas.config' = \
    'org.apache.kafka.common.security.plain.PlainLoginModule required username=\\\"orders\\\" \
    password=\\\"jaas-hush-33\\\";',";

pub(crate) struct Cluster {
    broker: Broker,
}

impl Cluster {
    pub(crate) async fn start() -> Self {
        Self::start_with(|config| config).await
    }

    /// One with further settings.
    pub(crate) async fn start_with(further: impl FnOnce(BrokerConfig) -> BrokerConfig) -> Self {
        let text = |name| std::fs::read_to_string(data("dli").join(name)).unwrap();
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        let tls = TlsConfig::default().with_certificate(text("server.pem"), text("server.key"));
        let mechanisms = vec![SaslMechanism::Plain, SaslMechanism::ScramSha512];
        let sasl = SaslConfig::default().with_mechanisms(mechanisms).with_user("orders", PASSWORD);
        let mut config = BrokerConfig::default().with_tls(tls).with_sasl(sasl);
        for protocol in [
            SecurityProtocol::Plaintext,
            SecurityProtocol::Ssl,
            SecurityProtocol::SaslPlaintext,
            SecurityProtocol::SaslSsl,
        ] {
            config = config.with_listener(ListenerConfig::new(protocol, any).with_name(protocol.name()));
        }
        Self { broker: Broker::start(further(config)).await.unwrap() }
    }

    /// Where the listener of a protocol is.
    pub(crate) fn address(&self, protocol: &str) -> String {
        self.broker.addresses_of(protocol)[0].to_string()
    }

    /// Runs the binary, while the broker goes on in other threads.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        block_in_place(|| program::run(args))
    }

    /// A job of one record over the listener of that protocol, both of whose tables have these options.
    pub(crate) fn job(&self, protocol: &str, options: &str) -> Job {
        let job = Job::new(
            &self.address(protocol),
            &format!("'properties.security.protocol' = '{protocol}', {options}"),
        );
        let plaintext = self.address("PLAINTEXT");
        for topic in [&job.input, &job.output] {
            let created = self.run(&["topic", "create", topic, "--bootstrap", &plaintext]);
            assert_eq!(created.code, 0, "{}", created.err);
        }
        let produce = ["produce", &job.input, "--bootstrap", &plaintext];
        let produced = block_in_place(|| program::run_with_input(&produce, b"{\"id\":7}\n"));
        assert_eq!(produced.code, 0, "{}", produced.err);
        job
    }

    /// Runs a job over that listener: its record comes out at the other end. What was printed comes back.
    pub(crate) fn flows(&self, protocol: &str, options: &str, args: &[&str]) -> Ran {
        let job = self.job(protocol, options);
        let ran = self.run(&[&["run", job.path()], args].concat());
        assert_eq!(ran.code, 0, "{options}\n{}", ran.err);
        let dumped = self.run(&[
            "topic",
            "dump",
            &job.output,
            "--bootstrap",
            &self.address("PLAINTEXT"),
            "--output",
            "raw",
        ]);
        assert_eq!(dumped.out, "{\"id\":7}\t{\"id\":7}\n", "{options}\n{}", dumped.err);
        ran
    }

    /// Runs a job over that listener, which fails.
    pub(crate) fn fails(&self, protocol: &str, options: &str, args: &[&str]) -> Ran {
        let job = self.job(protocol, options);
        let ran = self.run(&[&["run", job.path()], args].concat());
        assert_ne!(ran.code, 0, "{options}");
        ran
    }
}

/// A job's file, and its topics.
pub(crate) struct Job {
    path: PathBuf,
    pub(crate) input: String,
    pub(crate) output: String,
}

impl Job {
    /// A job of two tables with these options.
    pub(crate) fn new(bootstrap: &str, options: &str) -> Self {
        Self::of_two(bootstrap, options, options)
    }

    /// A job whose source and sink have options of their own.
    pub(crate) fn of_two(bootstrap: &str, source: &str, sink: &str) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let (input, output) = (unique(&format!("dli-in-{number}")), unique(&format!("dli-out-{number}")));
        let sql = format!(
            "CREATE TABLE src (id INT) WITH ('connector' = 'kafka', 'topic' = '{input}', 'format' = 'json', {source}
                'properties.bootstrap.servers' = '{bootstrap}', 'properties.group.id' = '{input}',
                'scan.startup.mode' = 'earliest-offset', 'scan.bounded.mode' = 'latest-offset');
             CREATE TABLE o (id INT, PRIMARY KEY (id) NOT ENFORCED) WITH ('connector' = 'upsert-kafka',
                'topic' = '{output}', {sink} 'properties.bootstrap.servers' = '{bootstrap}',
                'key.format' = 'json', 'value.format' = 'json');
             INSERT INTO o SELECT * FROM src;"
        );
        Self { path: program::file(&format!("dli-{number}.sql"), &sql), input, output }
    }

    pub(crate) fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }
}

/// The credentials file that most tests use, as one of DLI's users would write it.
pub(crate) fn credentials() -> String {
    let stores = data("dli");
    let text = format!(
        r#"
        [orders_tls]
        kind = "kafka_ssl"
        truststore = "{stores}/client.jks"
        truststore_password = "trust-hush-11"

        [bare_tls]
        kind = "kafka_ssl"
        truststore = "obs://shop/client.jks"

        [wrong_tls]
        kind = "kafka_ssl"
        truststore = "{stores}/client.jks"
        truststore_password = "wrong-hush-44"

        [keys_without_password]
        kind = "kafka_ssl"
        truststore = "{stores}/client.jks"
        keystore = "{stores}/keys.jks"

        [mrs_prod]
        kind = "kerberos"
        username = "flink_orders"
        krb5_conf = "krb5.conf"
        keytab = "user.keytab"

        [database]
        kind = "password"
        username = "orders"
        password = "db-hush-55"

        [kafka_login]
        kind = "secret"
        version = "v1"

        [kafka_login.values]
        jaas = 'org.apache.kafka.common.security.plain.PlainLoginModule required username="orders" password="{PASSWORD}";'
        other = "other-hush-66"

        [_paths]
        "obs://shop/" = "{stores}"
        "#,
        stores = stores.display()
    );
    private_file("dli-credentials.toml", &text)
}

/// A file that its owner alone may read.
pub(crate) fn private_file(name: &str, text: &str) -> String {
    // Tests run side by side: each writes a file of its own, and whoever comes second finds the same text.
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let path = program::file(&format!("{}-{name}", NUMBER.fetch_add(1, Ordering::Relaxed)), text);
    set_mode(&path, 0o600);
    path.to_str().unwrap().to_owned()
}

pub(crate) fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}
