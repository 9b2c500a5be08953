//! Members of librdkafka, of franz-go and of ours in one group, each restarted in turn while records come: nothing is lost or
//! doubled, and no partition is with two. `.ci/run clients` installs the others (`tests/clients`) and asks for these tests.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::{mpsc, oneshot};

use super::*;

/// A way of sharing that all three know.
#[derive(Clone, Copy, Debug)]
enum Way {
    Eager,
    Cooperative,
    Consumer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Software {
    Ours,
    Librdkafka,
    FranzGo,
}

/// What a member told of itself. All run on this machine, and by its clock.
#[derive(Clone, Debug)]
struct Told {
    at_ns: u128,
    member: usize,
    what: What,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    Given(i32),
    /// What was read of it is committed, and it is let go after this.
    Taken(i32),
    Read(i32, u64),
    Left,
    /// It broke, or said what nobody understands.
    Failed(String),
}

/// How a member is made to leave.
enum Running {
    Ours(oneshot::Sender<()>),
    /// Its input ends.
    Program(Child),
}

/// A group whose members come and go, and all that they told.
struct Mixed {
    bench: Bench,
    way: Way,
    sender: mpsc::UnboundedSender<Told>,
    mailbox: mpsc::UnboundedReceiver<Told>,
    told: Vec<Told>,
    running: BTreeMap<usize, Running>,
    members: usize,
}

impl Mixed {
    fn new(bench: Bench, way: Way) -> Self {
        let (sender, mailbox) = mpsc::unbounded_channel();
        Self { bench, way, sender, mailbox, told: Vec::new(), running: BTreeMap::new(), members: 0 }
    }

    /// Starts a member and gives its number.
    async fn join(&mut self, software: Software) -> usize {
        let (member, sender) = (self.members, self.sender.clone());
        self.members += 1;
        let running = match software {
            Software::Ours => {
                let (stop, stopped) = oneshot::channel();
                let consumer = self.bench.member().await.consumer;
                tokio::spawn(async move { ours(consumer, stopped, member, sender).await });
                Running::Ours(stop)
            }
            Software::Librdkafka | Software::FranzGo => Running::Program(self.program(software, member)),
        };
        self.running.insert(member, running);
        member
    }

    fn program(&self, software: Software, member: usize) -> Child {
        let installed = installed();
        let mut command = match software {
            Software::FranzGo => {
                let mut command = Command::new(installed.join("go/clients"));
                command.arg("franz-go-member");
                command
            }
            _ => {
                let mut command = Command::new(installed.join("python/bin/python"));
                command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/clients/python/confluent_member.py"));
                command
            }
        };
        let protocol = match self.way {
            Way::Eager => "eager",
            Way::Cooperative => "cooperative",
            Way::Consumer => "consumer",
        };
        command.env("BOOTSTRAP", &self.bench.bootstrap).env("GROUP", &self.bench.group);
        command.env("TOPIC", &self.bench.topic).env("PROTOCOL", protocol).env("RECORDS", "/dev/null");
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
        let (lines, sender) = (BufReader::new(child.stdout.take().expect("its output")), self.sender.clone());
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                // Nobody listens any more when the test has failed.
                _ = sender.send(understood(member, &line));
            }
            let what = What::Failed("its output ended".to_owned());
            _ = sender.send(Told { at_ns: now_ns(), member, what });
        });
        child
    }

    /// Makes a member leave, and waits until it has.
    async fn leave(&mut self, member: usize) {
        let mut child = match self.running.remove(&member).expect("it runs") {
            Running::Ours(stop) => {
                stop.send(()).expect("it listens");
                None
            }
            Running::Program(mut child) => {
                drop(child.stdin.take());
                Some(child)
            }
        };
        self.until(|told| told.iter().any(|it| it.member == member && it.what == What::Left)).await;
        if let Some(child) = &mut child {
            assert!(child.wait().expect("its end").success());
        }
    }

    /// Waits until each of these members has an equal share of the partitions.
    async fn shared_by(&mut self, members: &[usize]) {
        let share = PARTITIONS as usize / members.len();
        self.until(|told| members.iter().all(|it| has(told, *it).len() == share)).await;
    }

    async fn until(&mut self, done: impl Fn(&[Told]) -> bool) {
        let waited = timeout(PATIENCE, async {
            while !done(&self.told) {
                let told = self.mailbox.recv().await.expect("this holds a sender");
                match &told.what {
                    // After its last word a program's output ends.
                    What::Failed(_) if !self.running.contains_key(&told.member) => {}
                    What::Failed(why) => panic!("member {}: {why}", told.member),
                    _ => self.told.push(told),
                }
            }
        });
        if waited.await.is_err() {
            let shares: Vec<_> = self.running.keys().map(|it| (it, has(&self.told, *it))).collect();
            panic!("{:?}: the members have {shares:?}, and {} records were read", self.way, self.read());
        }
    }

    fn read(&self) -> usize {
        self.told.iter().filter(|it| matches!(it.what, What::Read(..))).count()
    }

    /// What was written is read once, in order, and no partition was ever with two.
    fn judge(&mut self, numbers: u64) {
        self.told.sort_by_key(|it| it.at_ns);
        for partition in 0..PARTITIONS {
            let mut owner = None;
            let mut read = Vec::new();
            for Told { member, what, .. } in &self.told {
                match what {
                    What::Given(of) if *of == partition => {
                        assert_eq!(
                            owner.replace(*member),
                            None,
                            "partition {partition} is given to {member} too"
                        );
                    }
                    What::Taken(of) if *of == partition => {
                        assert_eq!(owner.take(), Some(*member), "partition {partition} is taken");
                    }
                    What::Read(of, number) if *of == partition => {
                        assert_eq!(owner, Some(*member), "who reads {number} of partition {partition}");
                        read.push(*number);
                    }
                    _ => {}
                }
            }
            assert_eq!(read, (0..numbers).collect::<Vec<_>>(), "partition {partition}");
        }
    }
}

impl Drop for Mixed {
    fn drop(&mut self) {
        for running in self.running.values_mut() {
            if let Running::Program(child) = running {
                // Only after a failure are there any.
                _ = child.kill();
                _ = child.wait();
            }
        }
    }
}

fn has(told: &[Told], member: usize) -> BTreeSet<i32> {
    let mut has = BTreeSet::new();
    for it in told.iter().filter(|it| it.member == member) {
        match it.what {
            What::Given(partition) => _ = has.insert(partition),
            What::Taken(partition) => _ = has.remove(&partition),
            _ => {}
        }
    }
    has
}

/// Our member, which tells the same as the programs do.
async fn ours(
    mut consumer: GroupConsumer,
    mut stopped: oneshot::Receiver<()>,
    member: usize,
    sender: mpsc::UnboundedSender<Told>,
) {
    let tell = |what| _ = sender.send(Told { at_ns: now_ns(), member, what });
    let mut leaves = false;
    loop {
        let event = tokio::select! {
            _ = &mut stopped, if !leaves => {
                consumer.leave();
                leaves = true;
                continue;
            }
            event = consumer.next() => event,
        };
        match event {
            Ok(None) => return tell(What::Left),
            Ok(Some(GroupEvent::Given(given))) => given.iter().for_each(|of| tell(What::Given(of.partition))),
            Ok(Some(GroupEvent::Revoked(revocation))) => {
                if let Err(error) = consumer.commit_consumed().await {
                    tell(What::Failed(error.to_string()));
                }
                revocation.partitions().iter().for_each(|of| tell(What::Taken(of.partition)));
            }
            Ok(Some(GroupEvent::Records(fetched))) => {
                for record in &fetched {
                    let record = record.unwrap();
                    let number = u64::from_be_bytes(record.value.unwrap().try_into().unwrap());
                    tell(What::Read(record.partition, number));
                }
            }
            Ok(Some(event)) => tell(What::Failed(format!("{event:?}"))),
            Err(error) => tell(What::Failed(error.to_string())),
        }
    }
}

fn understood(member: usize, line: &str) -> Told {
    let words: Vec<&str> = line.split(' ').collect();
    let number = |at: usize| words[at].parse::<i32>().unwrap();
    let what = match words[1..] {
        ["given", _] => What::Given(number(2)),
        ["taken", _] => What::Taken(number(2)),
        ["read", _, value] => What::Read(number(2), value.parse().unwrap()),
        ["left"] => What::Left,
        _ => What::Failed(format!("it said: {line}")),
    };
    Told { at_ns: words[0].parse().unwrap_or(0), member, what }
}

fn now_ns() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos()
}

/// Where `tests/clients/members` has put them.
fn installed() -> PathBuf {
    let home = std::env::var_os("UPSERT_KAFKA_CLIENTS");
    home.expect("UPSERT_KAFKA_CLIENTS: the folder of the other clients; 'tests/clients/members' sets it")
        .into()
}

/// Each kind comes and each is restarted, while records are written; whoever comes first leads a classic group.
async fn rolls(bench: Bench, way: Way, first: Software) {
    let mut group = Mixed::new(bench, way);
    let kinds = [Software::Ours, Software::Librdkafka, Software::FranzGo];
    let begins = kinds.iter().position(|it| *it == first).unwrap();
    let kinds: Vec<Software> = kinds.iter().cycle().skip(begins).take(kinds.len()).copied().collect();
    let mut members = Vec::new();
    let mut written = 0;
    for kind in &kinds {
        members.push(group.join(*kind).await);
        group.shared_by(&members).await;
        group.bench.write(written..written + RECORDS).await;
        written += RECORDS;
    }
    for (at, kind) in kinds.iter().enumerate() {
        group.bench.write(written..written + RECORDS).await;
        written += RECORDS;
        group.leave(members[at]).await;
        group.bench.write(written..written + RECORDS).await;
        written += RECORDS;
        members[at] = group.join(*kind).await;
        group.shared_by(&members).await;
    }
    let all = usize::try_from(written).unwrap() * PARTITIONS as usize;
    group.until(|told| told.iter().filter(|it| matches!(it.what, What::Read(..))).count() >= all).await;
    for member in members {
        group.leave(member).await;
    }
    group.judge(written);
}
/// So many to each partition between two things that happen.
const RECORDS: u64 = 20;

async fn rolls_in_every_way(bench: impl AsyncFn(GroupProtocol) -> Bench) {
    let ways = [
        (Way::Cooperative, Software::Ours),
        (Way::Eager, Software::Librdkafka),
        (Way::Cooperative, Software::FranzGo),
        (Way::Consumer, Software::Librdkafka),
    ];
    for (way, first) in ways {
        let (protocol, assignor) = match way {
            Way::Eager => (GroupProtocol::Classic, Assignor::Range),
            Way::Cooperative => (GroupProtocol::Classic, Assignor::CooperativeSticky),
            Way::Consumer => (GroupProtocol::Consumer, Assignor::CooperativeSticky),
        };
        rolls(bench(protocol).await.with_assignor(assignor), way, first).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs other people's clients: 'tests/clients/members' installs them"]
async fn members_of_other_clients_and_ours_are_restarted_on_the_embedded_broker() {
    let config = || BrokerConfig::default().with_consumer_heartbeat_interval(Duration::from_millis(100));
    rolls_in_every_way(async |protocol| Bench::embedded_as(config(), protocol).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs other people's clients: 'tests/clients/members' installs them"]
async fn members_of_other_clients_and_ours_are_restarted_on_a_real_kafka() {
    let Some(kafka) = tokio::task::spawn_blocking(Kafka::shared).await.unwrap() else { return };
    rolls_in_every_way(async |protocol| Bench::new(kafka.bootstrap(), None, protocol).await).await;
}
