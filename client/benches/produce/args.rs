//! What the command line asks for.

use super::{pin, sections};

#[derive(Clone, Debug)]
pub(crate) struct Args {
    /// Empty for all.
    pub(crate) sections: Vec<String>,
    pub(crate) addr: Option<String>,
    /// Only the null broker, on this port.
    pub(crate) serve: Option<u16>,
    /// Client and broker on a core each.
    pub(crate) pin: bool,
    pub(crate) runs: usize,
    /// Of 100 B; larger ones are fewer.
    pub(crate) records: u64,
    pub(crate) batch_size: usize,
    pub(crate) max_request_size: usize,
    pub(crate) value_bytes: usize,
    pub(crate) keyed: bool,
    pub(crate) topic: String,
    pub(crate) flush: bool,
    /// Whether the bare socket takes its turn.
    pub(crate) bare: bool,
}

impl Args {
    pub(crate) fn parse(mut words: impl Iterator<Item = String>) -> Self {
        let mut args = Self {
            sections: Vec::new(),
            addr: None,
            serve: None,
            pin: core_affinity::get_core_ids().is_some_and(|cores| cores.len() > 1),
            runs: 9,
            records: 1_000_000,
            batch_size: 1 << 20,
            max_request_size: 1 << 20,
            value_bytes: 100,
            keyed: true,
            topic: "p6".to_owned(),
            flush: false,
            bare: true,
        };
        while let Some(flag) = words.next() {
            // Cargo's own.
            if flag == "--bench" {
                continue;
            }
            let value = words.next().unwrap_or_else(|| fail(&format!("{flag} takes a value")));
            args.set(&flag, value);
        }
        args
    }

    fn set(&mut self, flag: &str, value: String) {
        let number = || {
            value.parse::<usize>().unwrap_or_else(|_| fail(&format!("{flag} takes a number, not {value}")))
        };
        let yes = || match value.as_str() {
            "yes" => true,
            "no" => false,
            _ => fail(&format!("{flag} takes yes or no, not {value}")),
        };
        match flag {
            "--section" => self.sections = value.split(',').map(str::to_owned).collect(),
            "--addr" => self.addr = Some(value),
            "--serve" => self.serve = Some(number().try_into().expect("a port")),
            "--pin" => self.pin = yes(),
            "--runs" => self.runs = number().max(1),
            "--records" => self.records = number() as u64,
            "--batch" => self.batch_size = number(),
            "--max-request-size" => self.max_request_size = number(),
            "--value" => self.value_bytes = number().max(8),
            "--keyed" => self.keyed = yes(),
            "--topic" => self.topic = value,
            "--flush" => self.flush = yes(),
            "--bare" => self.bare = yes(),
            _ => fail(&format!("{flag} is none of the flags that benches/produce.rs names")),
        }
    }

    /// Whether that part of the table is wanted; the one that repeats what others say must be asked for.
    pub(crate) fn wants(&self, section: &str) -> bool {
        match &self.sections[..] {
            [] => section != "cell" && (self.addr.is_none() || !OF_NULL_BROKER.contains(&section)),
            some => some.iter().any(|it| it == section),
        }
    }

    pub(crate) fn check(&self) {
        let known: Vec<_> = sections::ALL.iter().map(|(name, _)| *name).collect();
        for section in &self.sections {
            assert!(known.contains(&section.as_str()), "--section {section} is none of {known:?}");
            if self.addr.is_some() && OF_NULL_BROKER.contains(&section.as_str()) {
                fail(&format!("--section {section} needs the null broker of this process: leave --addr out"));
            }
        }
    }

    pub(crate) fn pin_client(&self) {
        if self.pin {
            pin(CLIENT_CORE);
        }
    }

    pub(crate) fn broker_core(&self) -> Option<usize> {
        self.pin.then_some(BROKER_CORE)
    }
}

fn fail(why: &str) -> ! {
    eprintln!("{why}");
    std::process::exit(2)
}

/// Sections that look into the broker, or need one that stands still.
const OF_NULL_BROKER: [&str; 2] = ["compression", "memory"];
const CLIENT_CORE: usize = 0;
const BROKER_CORE: usize = 1;
