//! A client's transactions: begun, written in, then committed, aborted or dropped.

use upsert_kafka_client::{Commit, Error, GroupMetadata, TopicPartition};

use super::world::{Event, World};

/// Where a client is with its transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Idle,
    /// The ticket.
    Beginning(u64),
    /// The oracle's number.
    Open(usize),
    /// It is handed a position.
    Keeping {
        ticket: u64,
        number: usize,
    },
    Ending {
        ticket: u64,
        number: usize,
        commits: bool,
    },
}

/// Of which topic's partition 0 a group keeps its position.
pub(crate) const OFFSETS_OF: &str = "orders";

/// Whose position the transactions of a client carry.
pub(crate) fn group(name: usize) -> String {
    format!("readers-{name}")
}

impl World {
    /// Whether the client may send now; with transactions it begins and ends them.
    pub(crate) fn turn_transaction(&mut self, client: usize) -> bool {
        match self.clients[client].stage {
            Stage::Idle => {
                self.begin(client);
                false
            }
            Stage::Beginning(_) | Stage::Keeping { .. } | Stage::Ending { .. } => false,
            Stage::Open(number) => match self.random.range(0, 99) {
                0..=24 => {
                    self.finish(client, number);
                    false
                }
                25..=34 if !self.oracle.has_offset(number) => {
                    self.keep_offset(client, number);
                    false
                }
                _ => true,
            },
        }
    }

    pub(crate) fn begin(&mut self, client: usize) {
        let now = self.instant();
        let ticket = self.clients[client].machine.begin(now);
        trace!(self, "client {client} begins a transaction");
        self.clients[client].stage = Stage::Beginning(ticket);
        self.look(client);
    }

    /// The transaction's number is the position.
    fn keep_offset(&mut self, client: usize, number: usize) {
        let commit = Commit::new(TopicPartition::new(OFFSETS_OF, 0), number as i64);
        let now = self.instant();
        let group = GroupMetadata::new(group(self.clients[client].name));
        trace!(self, "client {client} hands transaction {number} a position");
        let ticket = self.clients[client].machine.send_offsets(&[commit], &group, now);
        self.clients[client].stage = Stage::Keeping { ticket, number };
        self.look(client);
    }

    /// One way or another.
    fn finish(&mut self, client: usize, number: usize) {
        match self.random.range(0, 9) {
            0..=5 => self.commit(client, number),
            6..=8 => {
                let now = self.instant();
                trace!(self, "client {client} aborts transaction {number}");
                let ticket = self.clients[client].machine.abort(now);
                self.clients[client].stage = Stage::Ending { ticket, number, commits: false };
                self.look(client);
            }
            _ => {
                let now = self.instant();
                trace!(self, "client {client} drops transaction {number}");
                self.oracle.not_committed(number, false, "it was dropped".to_owned());
                self.clients[client].machine.drop_transaction(now);
                self.clients[client].stage = Stage::Idle;
                self.look(client);
            }
        }
    }

    pub(crate) fn commit(&mut self, client: usize, number: usize) {
        let now = self.instant();
        trace!(self, "client {client} commits transaction {number}");
        let ticket = self.clients[client].machine.commit(now);
        self.clients[client].stage = Stage::Ending { ticket, number, commits: true };
        self.look(client);
    }

    /// What became of the client's orders.
    pub(crate) fn take_settled(&mut self, client: usize) {
        while let Some((ticket, result)) = self.clients[client].machine.poll_settled() {
            let why = result.as_ref().err().map(ToString::to_string);
            trace!(self, "client {client}: order {ticket} came to {why:?}");
            if let Err(error) = &result {
                self.check_failure(client, error);
            }
            match self.clients[client].stage {
                Stage::Beginning(known) if known == ticket => {
                    self.clients[client].begun_at = self.now;
                    self.clients[client].stage = match result {
                        Ok(_) => Stage::Open(self.oracle.begun(client)),
                        Err(_) => Stage::Idle,
                    };
                    if self.clients[client].probed && !self.clients[client].dead {
                        // Not within what tells of it.
                        self.at(0, Event::Step(client));
                    }
                }
                Stage::Keeping { ticket: known, number } if known == ticket => {
                    self.kept(client, number, result.err());
                }
                Stage::Ending { ticket: known, number, commits } if known == ticket => {
                    self.ended(client, number, commits, result.err());
                }
                // Nobody awaits it any more.
                _ => {}
            }
        }
    }

    /// A transaction that has its position goes on; one that has not is given up.
    fn kept(&mut self, client: usize, number: usize, error: Option<Error>) {
        match error {
            None => {
                self.oracle.carries_offset(number);
                self.clients[client].stage = Stage::Open(number);
            }
            Some(error) => {
                self.oracle.not_committed(number, false, error.to_string());
                let now = self.instant();
                self.clients[client].machine.drop_transaction(now);
                self.clients[client].stage = Stage::Idle;
            }
        }
        if self.clients[client].probed && !self.clients[client].dead {
            self.at(0, Event::Step(client));
        }
    }

    fn ended(&mut self, client: usize, number: usize, commits: bool, error: Option<Error>) {
        self.clients[client].stage = Stage::Idle;
        match error {
            None if commits => self.oracle.committed(number),
            None => self.oracle.not_committed(number, false, "it was aborted".to_owned()),
            Some(error) => {
                let doubt = commits && error.may_have_been_written();
                self.oracle.not_committed(number, doubt, error.to_string());
                // As the face does it: a transaction whose end failed is aborted behind it.
                let now = self.instant();
                self.clients[client].machine.drop_transaction(now);
            }
        }
        if self.clients[client].probed && !self.clients[client].in_probe {
            // The one before the last.
            return self.at(0, Event::Step(client));
        }
        if self.clients[client].probed {
            let committed = self.oracle.is_committed(number);
            if !committed && !self.clients[client].dead && self.plan.is_patient() {
                self.violate(format!(
                    "client {client}: transaction {number} failed, though nothing is wrong"
                ));
            }
            self.clients[client].over = true;
        }
    }

    /// The probe of a client with transactions: one that must be committed.
    pub(crate) fn probe_transaction(&mut self, client: usize) {
        match self.clients[client].stage {
            Stage::Idle => {
                self.clients[client].in_probe = true;
                self.begin(client);
            }
            Stage::Open(number) if !self.clients[client].in_probe => self.end_before_probe(client, number),
            Stage::Open(number) => {
                self.probe_partitions(client);
                self.commit(client, number);
            }
            Stage::Beginning(_) | Stage::Keeping { .. } | Stage::Ending { .. } => {}
        }
    }

    fn end_before_probe(&mut self, client: usize, number: usize) {
        let now = self.instant();
        trace!(self, "client {client} aborts transaction {number} before its probe");
        self.oracle.not_committed(number, false, "it was dropped".to_owned());
        self.clients[client].machine.drop_transaction(now);
        self.clients[client].stage = Stage::Idle;
        self.clients[client].in_probe = true;
        self.begin(client);
    }
}
