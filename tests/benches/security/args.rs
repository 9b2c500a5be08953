//! What the command line asks for.

pub(crate) struct Args {
    pub(crate) records: usize,
    pub(crate) rounds: usize,
    pub(crate) handshakes: usize,
    pub(crate) logins: usize,
    /// Client and broker on a core each.
    pub(crate) pin: bool,
    /// Another broker, to which records are produced and nothing else is done.
    pub(crate) at: Option<String>,
    /// The one part that is run: streams, handshakes or logins.
    pub(crate) only: Option<String>,
}

impl Args {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Self {
        let two_cores = core_affinity::get_core_ids().is_some_and(|cores| cores.len() > 1);
        let (at, only) = (None, None);
        let mut args =
            Self { records: 400_000, rounds: 7, handshakes: 2000, logins: 200, pin: two_cores, at, only };
        while let Some(flag) = words.next() {
            // Cargo's own.
            if flag == "--bench" {
                continue;
            }
            let value = words.next().unwrap_or_else(|| panic!("{flag} takes a value"));
            let number = || value.parse().unwrap_or_else(|_| panic!("{flag} takes a number, not {value}"));
            match flag.as_str() {
                "--records" => args.records = number(),
                "--rounds" => args.rounds = number().max(1),
                "--handshakes" => args.handshakes = number(),
                "--logins" => args.logins = number(),
                "--at" => args.at = Some(value),
                "--only" => args.only = Some(value),
                "--pin" => args.pin = value == "yes",
                _ => panic!("{flag} is none of the flags that benches/security.rs names"),
            }
        }
        args
    }

    pub(crate) fn wants(&self, part: &str) -> bool {
        self.only.as_deref().is_none_or(|only| only == part)
    }
}
