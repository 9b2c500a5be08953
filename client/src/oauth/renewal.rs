//! Holds what a client logs in with, and replaces it before it ends: a task that ends with its last handle.
//!
//! ```text
//! current() ---asks--->  task: holds one value      fetch(): at most one at a time, for all who wait
//!           <--value---        deadline: its refresh  --->
//! ```
//!
//! A value that is good is given at once, also while the next is fetched. Who asks when there is none waits for the fetch
//! and gets what it gets, its error too.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};

use super::refresh::RefreshWindow;
use crate::config::Config;
use crate::environment::{Clock, Environment, until};
use crate::retry::Chance;
use crate::{Error, ErrorKind};

/// What is replaced before it ends; times are in milliseconds since 1970.
pub(crate) trait Ending: Send + Sync + 'static {
    /// Since when it is good.
    fn starts_unix_ms(&self) -> Option<i64>;

    /// Until when it is good; `None` is for ever.
    fn ends_unix_ms(&self) -> Option<i64>;
}

/// Fetches the next one.
pub(crate) type Fetch<T> = Arc<dyn Fn() -> Fetching<T> + Send + Sync>;
type Fetching<T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send>>;

/// A handle to the task, which begins with the first question.
pub(crate) struct Renewal<T> {
    what: &'static str,
    fetch: Fetch<T>,
    window: RefreshWindow,
    environment: Environment,
    asks: OnceLock<mpsc::Sender<Waiter<T>>>,
}

type Waiter<T> = oneshot::Sender<Result<Arc<T>, Error>>;

impl<T: Ending> Renewal<T> {
    /// `what` names the value in logs.
    pub(crate) fn new(
        what: &'static str,
        fetch: Fetch<T>,
        window: RefreshWindow,
        environment: &Environment,
    ) -> Self {
        Self { what, fetch, window, environment: environment.clone(), asks: OnceLock::new() }
    }

    /// The value, fetched if there is none that is good.
    pub(crate) async fn current(&self) -> Result<Arc<T>, Error> {
        let (asked, answer) = oneshot::channel();
        let asks = self.asks.get_or_init(|| self.begin());
        let ended =
            || Error::new(ErrorKind::Closed, format!("the task that fetches {} has ended", self.what));
        asks.send(asked).await.map_err(|_| ended())?;
        answer.await.map_err(|_| ended())?
    }

    fn begin(&self) -> mpsc::Sender<Waiter<T>> {
        let (sender, asks) = mpsc::channel(ASKS_MAX);
        tokio::spawn(self.task().run(asks));
        sender
    }

    fn task(&self) -> RenewalTask<T> {
        RenewalTask {
            what: self.what,
            fetch: Arc::clone(&self.fetch),
            window: self.window,
            clock: self.environment.clock().clone(),
            chance: self.environment.chance(),
            held: None,
            refresh_at: None,
            waiting: Vec::new(),
        }
    }
}

struct RenewalTask<T> {
    what: &'static str,
    fetch: Fetch<T>,
    window: RefreshWindow,
    clock: Clock,
    chance: Chance,
    held: Option<Arc<T>>,
    /// When the next one is fetched though nobody waits for it.
    refresh_at: Option<Instant>,
    waiting: Vec<Waiter<T>>,
}

impl<T: Ending> RenewalTask<T> {
    async fn run(mut self, mut asks: mpsc::Receiver<Waiter<T>>) {
        let mut fetching: Option<Fetching<T>> = None;
        loop {
            let refresh_at = self.refresh_at.filter(|_| fetching.is_none());
            // Each branch is cancel-safe: a question stays in its queue, a fetch in its variable. Questions come last: they
            // alone may come without end.
            tokio::select! {
                biased;
                fetched = next(&mut fetching) => {
                    fetching = None;
                    self.settle(fetched);
                }
                () = until(refresh_at), if refresh_at.is_some() => fetching = Some((self.fetch)()),
                ask = asks.recv() => match ask {
                    Some(ask) => self.answer(ask),
                    None => return,
                },
            }
            if !self.waiting.is_empty() && fetching.is_none() {
                fetching = Some((self.fetch)());
            }
        }
    }

    fn answer(&mut self, ask: Waiter<T>) {
        let now = self.clock.unix_ms();
        match &self.held {
            // Who asked may be gone; that is no one's loss.
            Some(held) if held.ends_unix_ms().is_none_or(|ends| ends > now) => {
                _ = ask.send(Ok(Arc::clone(held)))
            }
            _ => {
                // Who has given up is forgotten: a fetch that never ends would gather them for ever.
                self.waiting.retain(|waiter| !waiter.is_closed());
                self.waiting.push(ask);
            }
        }
    }

    fn settle(&mut self, fetched: Result<T, Error>) {
        let now = (self.clock.now(), self.clock.unix_ms());
        let answer = match fetched {
            Ok(value) => {
                let wait = value.ends_unix_ms().map(|ends| {
                    self.window.wait(now.1, value.starts_unix_ms(), ends, self.chance.draw()).max(REFRESH_MIN)
                });
                self.refresh_at = wait.map(|wait| now.0 + wait);
                tracing::debug!(what = self.what, refresh_in_ms = wait.map(|it| it.as_millis()), "fetched");
                let value = Arc::new(value);
                self.held = Some(Arc::clone(&value));
                Ok(value)
            }
            Err(error) => {
                self.refresh_at = self.held.as_ref().map(|_| now.0 + RETRY_AFTER_FAILURE);
                if self.held.is_some() {
                    let retry_in_s = RETRY_AFTER_FAILURE.as_secs();
                    tracing::warn!(what = self.what, %error, retry_in_s, "not replaced before its end");
                }
                Err(error)
            }
        };
        for ask in self.waiting.drain(..) {
            _ = ask.send(answer.clone());
        }
    }
}

/// The end of a fetch, if there is one.
async fn next<T>(fetching: &mut Option<Fetching<T>>) -> Result<T, Error> {
    match fetching {
        Some(fetching) => fetching.await,
        None => std::future::pending().await,
    }
}

/// Questions that wait for the task to hear them; more wait to be queued.
const ASKS_MAX: usize = 64;
/// As in Java, after a value could not be replaced.
const RETRY_AFTER_FAILURE: Duration = Duration::from_secs(10);
/// A server that gives values about to end is not asked all the time.
const REFRESH_MIN: Duration = Duration::from_secs(1);

/// How long a connection waits for what it logs in with.
pub(crate) fn wait_max(config: &Config) -> Duration {
    config.connection_setup_timeout.mul_f64(WAIT_SHARE)
}

/// The share of the time for a connection that may be spent on waiting for a token.
const WAIT_SHARE: f64 = 0.8;

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};

    use tokio::sync::Semaphore;
    use tokio::time::advance;

    use super::*;
    use crate::config::OAuthConfig;

    const BEGAN: i64 = 1_700_000_000_000;

    struct Value {
        number: usize,
        ends: Option<i64>,
    }

    impl Ending for Value {
        fn starts_unix_ms(&self) -> Option<i64> {
            None
        }

        fn ends_unix_ms(&self) -> Option<i64> {
            self.ends
        }
    }

    /// Fetches that are counted, let through one by one, and answered by a function of their number and the time.
    struct Server {
        fetches: AtomicUsize,
        gate: Semaphore,
        failing: AtomicBool,
        answer: Box<dyn Fn(usize, i64) -> Result<Value, Error> + Send + Sync>,
        ended: Mutex<Option<oneshot::Sender<()>>>,
    }

    impl Server {
        fn start(
            gate: usize,
            answer: impl Fn(usize, i64) -> Result<Value, Error> + Send + Sync + 'static,
        ) -> (Arc<Self>, Arc<Renewal<Value>>) {
            let server = Arc::new(Self {
                fetches: AtomicUsize::new(0),
                gate: Semaphore::new(gate),
                failing: AtomicBool::new(false),
                answer: Box::new(answer),
                ended: Mutex::new(None),
            });
            let environment = Environment::new().with_clock(Clock::of_runtime(BEGAN)).with_seed(1);
            let clock = environment.clock().clone();
            let held = Arc::clone(&server);
            let fetch: Fetch<Value> = Arc::new(move || {
                let (server, clock) = (Arc::clone(&held), clock.clone());
                Box::pin(async move {
                    let number = server.fetches.fetch_add(1, SeqCst) + 1;
                    server.gate.acquire().await.unwrap().forget();
                    match server.failing.load(SeqCst) {
                        true => Err(Error::new(ErrorKind::Unreachable, format!("failure {number}"))),
                        false => (server.answer)(number, clock.unix_ms()),
                    }
                })
            });
            let window = RefreshWindow { jitter: 0.0, ..RefreshWindow::of(&OAuthConfig::default()) };
            (server, Arc::new(Renewal::new("a value", fetch, window, &environment)))
        }

        fn fetches(&self) -> usize {
            self.fetches.load(SeqCst)
        }
    }

    fn hour(number: usize, now: i64) -> Result<Value, Error> {
        Ok(Value { number, ends: Some(now + 3_600_000) })
    }

    /// Lets every task that can run do so.
    async fn settled() {
        for _ in 0..20 {
            tokio::task::yield_now().await;
        }
    }

    #[tokio::test(start_paused = true)]
    async fn all_who_ask_at_once_share_one_fetch() {
        let (server, renewal) = Server::start(0, hour);
        let asking: Vec<_> = (0..50)
            .map(|_| {
                let renewal = Arc::clone(&renewal);
                tokio::spawn(async move { renewal.current().await.unwrap().number })
            })
            .collect();
        settled().await;
        assert_eq!(server.fetches(), 1);
        server.gate.add_permits(10);
        for asking in asking {
            assert_eq!(asking.await.unwrap(), 1);
        }
        assert_eq!(renewal.current().await.unwrap().number, 1);
        assert_eq!(server.fetches(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_value_is_replaced_in_its_window_and_given_meanwhile() {
        let (server, renewal) = Server::start(1, hour);
        assert_eq!(renewal.current().await.unwrap().number, 1);
        // 0.8 of an hour.
        advance(Duration::from_secs(2879)).await;
        settled().await;
        assert_eq!(server.fetches(), 1);
        advance(Duration::from_secs(2)).await;
        settled().await;
        assert_eq!(server.fetches(), 2);
        assert_eq!(renewal.current().await.unwrap().number, 1, "the old one is good until it ends");
        server.gate.add_permits(1);
        settled().await;
        assert_eq!(renewal.current().await.unwrap().number, 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_value_that_ended_is_not_given_and_failures_are_told_and_tried_again() {
        let (server, renewal) = Server::start(usize::MAX >> 4, hour);
        renewal.current().await.unwrap();
        server.failing.store(true, SeqCst);
        advance(Duration::from_secs(2881)).await;
        settled().await;
        assert_eq!(server.fetches(), 2);
        assert_eq!(renewal.current().await.unwrap().number, 1);
        // Java's ten seconds.
        advance(Duration::from_secs(9)).await;
        settled().await;
        assert_eq!(server.fetches(), 2);
        advance(Duration::from_millis(1002)).await;
        settled().await;
        assert_eq!(server.fetches(), 3);
        // It ended meanwhile, and none of the fetches since has come: who asks now waits for the next, and hears of it.
        server.failing.store(true, SeqCst);
        advance(Duration::from_secs(3600)).await;
        settled().await;
        let before = server.fetches();
        let error = renewal.current().await.err().expect("a failure").to_string();
        assert_eq!(error, format!("failure {}", before + 1));
        server.failing.store(false, SeqCst);
        assert_eq!(renewal.current().await.unwrap().number, before + 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_first_failure_is_told_to_all_who_wait_and_not_repeated_without_a_question() {
        let (server, renewal) = Server::start(usize::MAX >> 4, |number, _| {
            Err(Error::new(ErrorKind::Authentication, format!("no {number}")))
        });
        assert_eq!(renewal.current().await.err().unwrap().to_string(), "no 1");
        advance(Duration::from_secs(3600)).await;
        settled().await;
        assert_eq!(server.fetches(), 1);
        assert_eq!(renewal.current().await.err().unwrap().to_string(), "no 2");
    }

    #[tokio::test(start_paused = true)]
    async fn the_task_ends_with_its_last_handle_also_while_it_fetches() {
        let (server, renewal) = Server::start(0, hour);
        let (ended, watched) = oneshot::channel();
        *server.ended.lock().unwrap() = Some(ended);
        let asking = tokio::spawn({
            let renewal = Arc::clone(&renewal);
            async move { renewal.current().await.is_ok() }
        });
        settled().await;
        let weak = Arc::downgrade(&server);
        drop(server);
        assert!(weak.upgrade().is_some(), "a fetch is on its way");
        asking.abort();
        drop(renewal);
        // The server, and what watches it, are dropped with the last fetch.
        let ends = tokio::time::timeout(Duration::from_secs(60), watched).await;
        assert!(ends.expect("the task ends").is_err());
        assert!(weak.upgrade().is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_waiting_is_forgotten() {
        let (_server, renewal) = Server::start(0, hour);
        let mut task = renewal.task();
        let (patient, mut answer) = oneshot::channel();
        task.answer(patient);
        for _ in 0..1000 {
            task.answer(oneshot::channel().0);
        }
        assert!(task.waiting.len() <= 2, "{} wait", task.waiting.len());
        task.settle(hour(7, BEGAN));
        assert_eq!(answer.try_recv().unwrap().unwrap().number, 7);
    }

    #[tokio::test(start_paused = true)]
    async fn values_that_end_at_once_are_not_asked_for_all_the_time() {
        let (server, renewal) =
            Server::start(usize::MAX >> 4, |number, now| Ok(Value { number, ends: Some(now + 10) }));
        renewal.current().await.unwrap();
        for _ in 0..100 {
            advance(Duration::from_millis(100)).await;
            settled().await;
        }
        let fetches = server.fetches();
        assert!((9..=11).contains(&fetches), "{fetches} fetches in ten seconds");
    }

    #[tokio::test(start_paused = true)]
    async fn a_value_for_ever_is_fetched_once() {
        let (server, renewal) = Server::start(usize::MAX >> 4, |number, _| Ok(Value { number, ends: None }));
        renewal.current().await.unwrap();
        advance(Duration::from_secs(86_400 * 365)).await;
        settled().await;
        assert_eq!((renewal.current().await.unwrap().number, server.fetches()), (1, 1));
    }
}
