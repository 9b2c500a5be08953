//! The network between the processes and the brokers: links that are slow, cut and refused, and whose frames are seen.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex, split};
use tokio::sync::{Mutex as AsyncMutex, watch};
use tokio::time::{Instant, sleep, sleep_until};
use upsert_kafka_broker::Connector;
use upsert_kafka_client::{Address, Bytes, Clock, Environment};

use super::bad_link::BadLink;
use super::random::Random;
use super::tap::Tap;

/// The network of a run. Clones share it.
#[derive(Clone)]
pub(crate) struct Network {
    connector: Connector,
    clock: Clock,
    seed: u64,
    latency_ms: u64,
    /// Whose links are bad ones.
    bad_links_of: Option<usize>,
    tap: Tap,
    links: Arc<Mutex<Links>>,
}

/// Who dials: a process in one of its lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Dialer {
    /// The number of the process; the feeder is none of them.
    pub(crate) process: usize,
    pub(crate) life: u64,
}

/// The links that there are, and who has none.
#[derive(Default)]
struct Links {
    dialed: u64,
    open: Vec<(Dialer, watch::Sender<bool>)>,
    /// Processes that reach nobody until then.
    refused: Vec<(usize, Instant)>,
    /// Processes of which nothing passes until then, and nothing is lost.
    stalled: Vec<(usize, Instant)>,
    dead: Vec<Dialer>,
    is_calm: bool,
}

/// So much lies in a link in each direction.
const LINK_BYTES: usize = 64 << 10;
const BETWEEN_PIECES: Duration = Duration::from_millis(2);

impl Network {
    pub(crate) fn new(connector: Connector, clock: Clock, seed: u64, latency_ms: u64, tap: Tap) -> Self {
        Self { connector, clock, seed, latency_ms, bad_links_of: None, tap, links: Arc::default() }
    }

    /// The same where a process has bad links.
    pub(crate) fn with_bad_links_of(self, process: Option<usize>) -> Self {
        Self { bad_links_of: process, ..self }
    }

    /// The machine of a process in one of its lives.
    pub(crate) fn environment(&self, dialer: Dialer) -> Environment {
        let network = self.clone();
        let dial = move |address: Address| {
            let network = network.clone();
            async move { network.dial(dialer, &address).await }
        };
        let seed = self.seed ^ ((dialer.process as u64 + 1) << 48) ^ (dialer.life << 32);
        Environment::new().with_dialer(dial).with_clock(self.clock.clone()).with_seed(seed)
    }

    /// Cuts one link of a process in so many, or all of them.
    pub(crate) fn cut(&self, process: usize, one_in: u64, random: &mut Random) {
        self.with(|links| {
            for (_, cut) in links.open.iter().filter(|(dialer, _)| dialer.process == process) {
                if random.range(1, one_in) == 1 {
                    cut.send_replace(true);
                }
            }
        });
    }

    /// Lets a process reach nobody for so long.
    pub(crate) fn refuse(&self, process: usize, time: Duration) {
        let until = Instant::now() + time;
        self.with(|links| links.refused.push((process, until)));
    }

    /// Lets nothing of a process pass until then; it comes later.
    pub(crate) fn stall(&self, process: usize, until: Instant) {
        self.with(|links| links.stalled.push((process, until)));
    }

    /// kill -9: nothing that it says is heard from now on.
    pub(crate) fn kill(&self, dialer: Dialer) {
        self.with(|links| {
            links.dead.push(dialer);
            let its = links.open.iter().filter(|(of, _)| *of == dialer);
            its.for_each(|(_, cut)| _ = cut.send_replace(true));
        });
    }

    /// From now on nothing goes wrong.
    pub(crate) fn calm(&self) {
        self.with(|links| {
            links.refused.clear();
            links.is_calm = true;
        });
    }

    async fn dial(&self, dialer: Dialer, address: &Address) -> io::Result<DuplexStream> {
        self.stalled(dialer.process).await;
        let now = Instant::now();
        let number = self.with(|links| {
            links.dialed += 1;
            let is_refused = links.refused.iter().any(|(of, until)| *of == dialer.process && *until > now);
            (!is_refused && !links.dead.contains(&dialer)).then_some(links.dialed)
        });
        let Some(number) = number else { return Err(io::ErrorKind::ConnectionRefused.into()) };
        let broker = self.connector.connect(&address.host, address.port).await?;
        let (near, far) = duplex(LINK_BYTES);
        let (cut, is_cut) = watch::channel(false);
        self.with(|links| {
            links.open.retain(|(_, cut)| !cut.is_closed());
            links.open.push((dialer, cut));
        });
        let link = Link { network: self.clone(), dialer, number };
        tokio::spawn(link.carry(far, broker, is_cut));
        Ok(near)
    }

    /// Waits until frames of that process pass.
    async fn stalled(&self, process: usize) {
        let of_process = |links: &mut Links| {
            let its = links.stalled.iter().filter(|(of, _)| *of == process);
            its.map(|(_, until)| *until).max()
        };
        if let Some(until) = self.with(of_process) {
            sleep_until(until).await;
        }
    }

    fn with<T>(&self, look: impl FnOnce(&mut Links) -> T) -> T {
        look(&mut self.links.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A connection of a process to a node.
struct Link {
    network: Network,
    dialer: Dialer,
    number: u64,
}

impl Link {
    /// Carries frames until either side ends, or the link is cut: what is under way then is lost.
    async fn carry(self, client: DuplexStream, broker: DuplexStream, mut is_cut: watch::Receiver<bool>) {
        let (mut from_client, mut to_client) = split(client);
        let (mut from_broker, mut to_broker) = split(broker);
        let to_client_shared = AsyncMutex::new(&mut to_client);
        let mut random = Random::new(self.network.seed ^ self.number.wrapping_mul(0x9e37_79b9));
        let latency_ms =
            if random.percent(10) { self.network.latency_ms * 10 } else { self.network.latency_ms };
        let (mut up, mut down) = (Random::new(random.bits()), Random::new(random.bits()));
        let is_bad = self.network.bad_links_of == Some(self.dialer.process);
        let mut bad = is_bad.then(|| BadLink::new(Random::new(random.bits())));
        let connection = self.network.tap.connection(self.dialer, self.number);
        let requests = async {
            while let Some(frame) = read(&mut from_client).await {
                self.delay(&mut up, latency_ms).await;
                let passed = connection.request(frame);
                if let Some(frame) = passed.to_client
                    && !write(&mut **to_client_shared.lock().await, &frame).await
                {
                    return;
                }
                for frame in passed.to_broker {
                    if !write(&mut to_broker, &frame).await {
                        return;
                    }
                }
            }
        };
        let answers = async {
            while let Some(frame) = read(&mut from_broker).await {
                let Some(answer) = connection.answer(frame) else { continue };
                self.delay(&mut down, latency_ms).await;
                let pieces = match &mut bad {
                    Some(bad) if !self.is_calm() => bad.pieces(answer, |what| connection.tell_bad(what)),
                    _ => vec![answer.frame],
                };
                let to_client = &mut to_client_shared.lock().await;
                for (number, piece) in pieces.into_iter().enumerate() {
                    if number > 0 {
                        sleep(BETWEEN_PIECES).await;
                    }
                    if !write(&mut ***to_client, &piece).await {
                        return;
                    }
                }
            }
        };
        tokio::select! {
            biased;
            _ = is_cut.wait_for(|cut| *cut) => {}
            () = requests => {}
            () = answers => {}
        }
        for frame in connection.cut() {
            if !write(&mut to_client, &frame).await {
                return;
            }
        }
    }

    /// Frames of one direction keep their order; those of other connections overtake them.
    async fn delay(&self, random: &mut Random, latency_ms: u64) {
        let ms = random.range(0, if self.is_calm() { latency_ms.min(5) } else { latency_ms });
        if ms > 0 {
            sleep(Duration::from_millis(ms)).await;
        }
        self.network.stalled(self.dialer.process).await;
    }

    fn is_calm(&self) -> bool {
        self.network.with(|links| links.is_calm)
    }
}

/// A whole frame, its length included; `None` when the stream ends.
async fn read(stream: &mut (impl AsyncRead + Unpin)) -> Option<Bytes> {
    let length = stream.read_u32().await.ok()?;
    let mut frame = vec![0; length as usize + 4];
    frame[..4].copy_from_slice(&length.to_be_bytes());
    stream.read_exact(&mut frame[4..]).await.ok()?;
    Some(frame.into())
}

async fn write(stream: &mut (impl AsyncWrite + Unpin), frame: &[u8]) -> bool {
    stream.write_all(frame).await.is_ok()
}
