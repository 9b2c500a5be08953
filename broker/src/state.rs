//! Everything the broker keeps: nodes, topics with their logs, groups, transactions. Each has a file, all are values
//! without clocks or locks.

pub(crate) mod alterations;
pub(crate) mod assignor;
pub(crate) mod authorizer;
pub(crate) mod batch;
pub(crate) mod classic_group;
pub(crate) mod cleaner;
pub(crate) mod committed_offsets;
pub(crate) mod committer;
pub(crate) mod compaction;
pub(crate) mod configs;
pub(crate) mod consumer_group;
mod deadlines;
pub(crate) mod delegation_tokens;
pub(crate) mod fetch_sessions;
pub(crate) mod group;
pub(crate) mod groups;
pub(crate) mod isolation;
pub(crate) mod leader_epochs;
pub(crate) mod log;
pub(crate) mod names;
pub(crate) mod nodes;
pub(crate) mod principal;
pub(crate) mod producers;
pub(crate) mod refusal;
pub(crate) mod session;
pub(crate) mod sessions;
pub(crate) mod topics;
pub(crate) mod transaction;
pub(crate) mod transactions;

pub(crate) use refusal::Refusal;

use crate::config::BrokerConfig;
use crate::fault::Faults;
use crate::now::Now;
use crate::sasl::{Accounts, Users};
use crate::wait::{PeerId, WatchKey};
use authorizer::Authorizer;
use delegation_tokens::DelegationTokens;
use fetch_sessions::FetchSessions;
use groups::Groups;
use nodes::Nodes;
use session::Token;
use sessions::Sessions;
use topics::Topics;
use transactions::Transactions;

/// What the APIs read and change.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) config: BrokerConfig,
    pub(crate) nodes: Nodes,
    pub(crate) topics: Topics,
    pub(crate) groups: Groups,
    pub(crate) transactions: Transactions,
    pub(crate) sessions: Sessions,
    pub(crate) fetch_sessions: FetchSessions,
    pub(crate) users: Users,
    pub(crate) tokens: DelegationTokens,
    /// `None` lets everyone do everything.
    pub(crate) authorizer: Option<Authorizer>,
    pub(crate) faults: Faults,
    /// The next id that InitProducerId gives.
    pub(crate) next_producer_id: i64,
    /// What has happened during this request: delayed requests that wait for it are served again.
    pub(crate) completed: Vec<WatchKey>,
}

impl State {
    pub(crate) fn new(config: BrokerConfig) -> Self {
        Self {
            nodes: Nodes::new(&config),
            topics: Topics::new(&config),
            groups: Groups::default(),
            transactions: Transactions::default(),
            sessions: Sessions::new(&config),
            fetch_sessions: FetchSessions::new(config.max_incremental_fetch_session_cache_slots),
            users: Users::new(config.seed, &config.sasl.users),
            tokens: DelegationTokens::default(),
            authorizer: config.authorizer.as_ref().map(Authorizer::new),
            faults: Faults::default(),
            next_producer_id: 0,
            completed: Vec::new(),
            config,
        }
    }

    /// Whether a connection's next frame is a token and nothing else.
    pub(crate) fn expects_bare_token(&mut self, peer: PeerId) -> bool {
        self.sessions.known(peer).is_some_and(|it| it.expects_bare_token())
    }

    /// A client says what its mechanism says.
    pub(crate) fn handle_token(&mut self, peer: PeerId, token: &[u8], now: Now) -> Token {
        let Some(session) = self.sessions.known(peer) else { return Token::OutOfPlace };
        let mut accounts = Accounts { users: &mut self.users, tokens: &mut self.tokens };
        session.handle_token(token, &mut accounts, &self.config.sasl, now)
    }

    /// Completes what waits for an answer of its group.
    pub(crate) fn collect_group_answers(&mut self) {
        self.completed.extend(self.groups.collect_answers());
    }

    /// Partitions whose leader does not live get one that does, if there is one.
    pub(crate) fn elect(&mut self) {
        let Self { nodes, topics, completed, .. } = self;
        for topic in topics.iter_mut() {
            for (index, partition) in (0..).zip(&mut topic.partitions) {
                let dead = !partition.leader.is_some_and(|leader| nodes.is_live(leader));
                let next = nodes.leader_of(index);
                if dead && next != partition.leader {
                    partition.elect(next);
                    completed.push(WatchKey::Partition(topic.id, index));
                }
            }
        }
    }
}
