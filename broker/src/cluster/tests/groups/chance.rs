//! Members that do anything at any time: a generation has one leader and one set of shares, and nobody waits
//! for ever.

use std::collections::BTreeMap;

use super::*;

const SEEDS: u64 = 300;
const STEPS: u32 = 80;
const MEMBERS: u64 = 4;

/// What one member knows, which may be wrong.
#[derive(Default)]
struct Player {
    id: Str,
    generation: i32,
    leader: Str,
    members: Vec<Str>,
    waits: Option<(PeerId, bool)>,
}

struct Game {
    script: Script,
    dice: u64,
    players: Vec<Player>,
    /// By the generation, who led it, and who had which share.
    leaders: BTreeMap<i32, Str>,
    shares: BTreeMap<(i32, Bytes), Str>,
}

impl Game {
    fn new(seed: u64) -> Self {
        let players = (0..MEMBERS).map(|_| Player::default()).collect();
        let delay = Duration::from_secs(seed % 2 * 3);
        let config = BrokerConfig { group_initial_rebalance_delay: delay, seed: 1, ..Default::default() };
        let (leaders, shares) = (BTreeMap::new(), BTreeMap::new());
        Self {
            script: Script::with(config),
            dice: seed.wrapping_mul(0x9E37_79B9) | 1,
            players,
            leaders,
            shares,
        }
    }

    /// A number below the bound.
    fn roll(&mut self, bound: u64) -> u64 {
        self.dice = self.dice.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.dice >> 33) % bound
    }

    fn step(&mut self) {
        let at = usize::try_from(self.roll(MEMBERS)).unwrap();
        let what = self.roll(12);
        if let Some((peer, _)) = self.players[at].waits {
            if what == 0 {
                self.script.cluster.handle_gone(peer);
                self.players[at].waits = None;
            }
        } else {
            self.act(at, what);
        }
        let ms = self.roll(4) * self.roll(4) * 500;
        self.script.pass(ms);
        (0..self.players.len()).for_each(|at| self.hear(at));
    }

    fn act(&mut self, at: usize, what: u64) {
        let player = &self.players[at];
        let (id, generation) = (player.id.clone(), player.generation);
        match what {
            0 => drop(self.script.leave(&id, None)),
            1 => self.players[at].id = Str::default(),
            2..6 => {
                let peer = self.script.send(&join(&id), JOIN);
                self.players[at].waits = Some((peer, true));
            }
            6..10 => {
                let all = player.members.clone();
                let shares: Vec<(&str, &'static str)> =
                    all.iter().map(|id| &**id).zip(["a", "b", "c", "d", "e", "f", "g", "h"]).collect();
                let given = if player.leader == id { &shares[..] } else { &[] };
                let peer = self.script.send(&sync(generation, &id, given), SYNC);
                self.players[at].waits = Some((peer, false));
            }
            _ => drop(self.script.beat(generation, &id)),
        }
    }

    fn hear(&mut self, at: usize) {
        let Some((peer, joins)) = self.players[at].waits else { return };
        self.script.answers();
        if !self.script.kept.iter().any(|(whom, _)| *whom == peer) {
            return;
        }
        let player = &mut self.players[at];
        player.waits = None;
        if joins {
            let answer = self.script.joined(peer);
            player.id = answer.member_id;
            if answer.error_code.is_none() {
                let leader = self.leaders.entry(answer.generation_id).or_insert(answer.leader.clone());
                assert_eq!(*leader, answer.leader, "generation {}", answer.generation_id);
                assert_eq!(answer.members.is_empty(), answer.leader != player.id);
                (player.generation, player.leader) = (answer.generation_id, answer.leader);
                player.members = answer.members.into_iter().map(|it| it.member_id).collect();
            }
        } else if let (NONE, share) = self.script.synced(peer)
            && !share.is_empty()
        {
            let owner = self.shares.entry((player.generation, share)).or_insert(player.id.clone());
            assert_eq!(*owner, player.id, "generation {}", player.generation);
        }
    }
}

#[test]
fn whatever_members_do_a_generation_is_one() {
    let mut generations = 0;
    for seed in 0..SEEDS {
        let mut game = Game::new(seed);
        (0..STEPS).for_each(|_| game.step());
        // An hour at once, step by step: every timeout ends.
        for _ in 0..20 {
            game.script.pass(360_000);
            (0..game.players.len()).for_each(|at| game.hear(at));
        }
        assert!(game.players.iter().all(|player| player.waits.is_none()), "seed {seed}: somebody waits");
        assert_eq!(game.script.cluster.deadline(), None, "seed {seed}");
        generations += game.leaders.len();
    }
    assert!(generations > 1000, "{generations} generations are too few to tell");
}
