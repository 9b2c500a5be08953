//! Members that do anything at any time, whose answers get lost: a partition is never with two, and in quiet everything
//! is with somebody soon.

use std::collections::{BTreeMap, BTreeSet};

use super::*;

const SEEDS: u64 = 100;
const STEPS: u32 = 120;
const MEMBERS: u64 = 5;

/// A client, and what it believes.
#[derive(Default)]
struct Client {
    /// Changes when a process begins anew.
    incarnation: u32,
    is_static: bool,
    /// 0 while it is to join.
    epoch: i32,
    /// What it reads from.
    has: BTreeSet<(Uuid, i32)>,
    /// What it has been told to come to.
    wanted: BTreeSet<(Uuid, i32)>,
    silent: bool,
    /// It has not heard the answer to its last heartbeat, and says everything again.
    repeats: bool,
}

struct ConsumerGame {
    script: Script,
    arbitrary: u64,
    clients: BTreeMap<u64, Client>,
    handed_over: usize,
    /// Who had a partition last.
    last: BTreeMap<(Uuid, i32), u64>,
}

impl ConsumerGame {
    fn new(seed: u64) -> Self {
        let interval = Duration::from_millis(seed % 3 * 500);
        let config = BrokerConfig { consumer_assignment_interval: interval, seed: 1, ..Default::default() };
        let mut script = Script::with(config);
        script.create("t", 5, &[]);
        script.create("u", 3, &[]);
        let client = |at| (at, Client { is_static: at % 2 == 1, silent: true, ..Default::default() });
        let clients = (0..MEMBERS).map(client).collect();
        let arbitrary = seed.wrapping_mul(0x9E37_79B9) | 1;
        Self { script, arbitrary, clients, handed_over: 0, last: BTreeMap::new() }
    }

    /// A number below the bound.
    fn roll(&mut self, bound: u64) -> u64 {
        self.arbitrary =
            self.arbitrary.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.arbitrary >> 33) % bound
    }

    fn step(&mut self) {
        let at = self.roll(MEMBERS);
        match self.roll(20) {
            0 => self.leave(at),
            1 => self.crash(at),
            2 => self.change_topics(),
            3..5 => self.beat(at, true),
            5..7 => self.clients.get_mut(&at).unwrap().silent = false,
            _ => self.beat(at, false),
        }
        let ms = self.roll(4) * self.roll(4) * 300;
        self.pass(ms);
        self.check();
    }

    /// A client whose session ends unheard stops reading, as a real one does by its own clock.
    fn pass(&mut self, ms: u64) {
        self.script.pass(ms);
        let group = self.script.described();
        let ids: BTreeSet<_> = group.members.iter().map(|it| it.member_id.to_string()).collect();
        for (at, client) in &mut self.clients {
            if !ids.contains(&id(*at, client)) {
                (client.epoch, client.has, client.wanted) = (0, BTreeSet::new(), BTreeSet::new());
            }
        }
    }

    fn crash(&mut self, at: u64) {
        let client = self.clients.get_mut(&at).unwrap();
        *client = Client {
            incarnation: client.incarnation + 1,
            is_static: client.is_static,
            silent: true,
            ..Default::default()
        };
    }

    fn leave(&mut self, at: u64) {
        let epoch = if self.clients[&at].is_static && self.roll(2) == 0 { -2 } else { -1 };
        let request = self.request(at, epoch);
        self.script.ask(&request, VERSION);
        self.crash(at);
    }

    fn change_topics(&mut self) {
        let name = ["v", "w"][usize::try_from(self.roll(2)).unwrap()];
        if self.script.cluster.state.topics.by_name(name).is_none() {
            self.script.create(name, 2, &[]);
        }
    }

    fn request(&self, at: u64, epoch: i32) -> ConsumerGroupHeartbeatRequest {
        let client = &self.clients[&at];
        let instance_id = client.is_static.then(|| Str::from(format!("i{at}")));
        let id = id(at, client);
        let request = match (epoch, at % 3) {
            (0, 0) => joining(&id, &["t", "u", "v"]),
            (0, 1) => joining(&id, &["t", "u"]),
            (0, _) => ConsumerGroupHeartbeatRequest {
                subscribed_topic_names: None,
                subscribed_topic_regex: Some("[t-w]".into()),
                ..joining(&id, &[])
            },
            _ => ConsumerGroupHeartbeatRequest { member_epoch: epoch, ..beating(&id, 0) },
        };
        ConsumerGroupHeartbeatRequest { instance_id, ..request }
    }

    /// A heartbeat; what it says of partitions is true. Its answer may be lost.
    fn beat(&mut self, at: u64, lost: bool) {
        if self.clients[&at].silent {
            return;
        }
        let client = self.clients.get_mut(&at).unwrap();
        client.has.retain(|partition| client.wanted.contains(partition));
        let (epoch, has) = (client.epoch, client.has.clone());
        let mut request = self.request(at, epoch);
        if epoch > 0 {
            let mut topics: BTreeMap<Uuid, Vec<i32>> = BTreeMap::new();
            has.iter().for_each(|(topic, index)| topics.entry(*topic).or_default().push(*index));
            let told = topics.into_iter().map(|(topic_id, partitions)| TopicPartitions {
                topic_id,
                partitions,
                ..Default::default()
            });
            request.topic_partitions = Some(told.collect());
            if self.clients[&at].repeats {
                let first = self.request(at, 0);
                request.rebalance_timeout_ms = first.rebalance_timeout_ms;
                request.subscribed_topic_names = first.subscribed_topic_names;
                request.subscribed_topic_regex = first.subscribed_topic_regex;
            }
        }
        let answer = self.script.ask(&request, VERSION);
        self.clients.get_mut(&at).unwrap().repeats = lost;
        if !lost {
            self.hear(at, &answer);
        }
    }

    fn hear(&mut self, at: u64, answer: &ConsumerGroupHeartbeatResponse) {
        let client = self.clients.get_mut(&at).unwrap();
        match answer.error_code {
            NONE => client.epoch = answer.member_epoch,
            ErrorCode::FENCED_MEMBER_EPOCH | ErrorCode::UNKNOWN_MEMBER_ID | ErrorCode::GROUP_ID_NOT_FOUND => {
                (client.epoch, client.has, client.wanted) = (0, BTreeSet::new(), BTreeSet::new());
            }
            // It waits until the one before it is out.
            ErrorCode::UNRELEASED_INSTANCE_ID => {}
            other => panic!("{other:?}: {:?}", answer.error_message),
        }
        let Some(assignment) = &answer.assignment else { return };
        let topics = assignment.topic_partitions.iter();
        let all = topics.flat_map(|topic| topic.partitions.iter().map(|index| (topic.topic_id, *index)));
        client.wanted = all.collect();
        for partition in &client.wanted {
            // It gives up before it takes: what it is to give up it says with its next heartbeat.
            client.has.insert(*partition);
            let before = self.last.insert(*partition, at);
            self.handed_over += usize::from(before.is_some_and(|before| before != at));
        }
    }

    fn check(&self) {
        let mut owners: BTreeMap<(Uuid, i32), u64> = BTreeMap::new();
        for (at, client) in &self.clients {
            for partition in &client.has {
                let other = owners.insert(*partition, *at);
                assert_eq!(other, None, "{partition:?} is with {at} too");
            }
        }
    }
}

fn id(at: u64, client: &Client) -> String {
    format!("m{at}-{}", client.incarnation)
}

#[test]
fn whatever_members_do_a_partition_is_with_one_and_soon_with_one() {
    let mut handed_over = 0;
    for seed in 0..SEEDS {
        let mut game = ConsumerGame::new(seed);
        (0..STEPS).for_each(|_| game.step());
        // Quiet: those that are silent stay so and expire; the others are heard every five seconds.
        for _ in 0..20 {
            game.pass(5_000);
            (0..MEMBERS).for_each(|at| game.beat(at, false));
            game.check();
        }
        if game.clients.values().all(|client| client.silent) {
            continue;
        }
        let group = game.script.described();
        assert_eq!(group.group_state, "Stable", "seed {seed}");
        let read: BTreeSet<_> = game.clients.values().flat_map(|client| &client.has).collect();
        let subscribed = |name: &str| {
            let by = |(at, client): (&u64, &Client)| {
                !client.silent
                    && match at % 3 {
                        0 => name != "w",
                        1 => name == "t" || name == "u",
                        _ => true,
                    }
            };
            game.clients.iter().any(by)
        };
        let topics = game.script.cluster.state.topics.iter().filter(|topic| subscribed(&topic.name));
        let all: usize = topics.map(|topic| topic.partitions.len()).sum();
        assert_eq!(read.len(), all, "seed {seed}: everything is with somebody");
        handed_over += game.handed_over;
    }
    assert!(handed_over > 100, "{handed_over} partitions that went over are too few to tell");
}
