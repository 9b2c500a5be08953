//! Logging in again on a connection in use (KIP-368): its requests stand in line behind those in flight, and nothing else
//! is sent until it is over.
//!
//! As in Java it begins when something is to be sent after the session's window began. So a connection that nobody uses
//! asks nothing of its broker, which takes a login after the session's end too.
//!
//! ```text
//! queue        in flight          what leaves
//! c, d         a, b               –                 the session is due: c is held, and d stays in the queue
//!              a, b, handshake    SaslHandshake     the answers to a and b come first
//!              authenticate       SaslAuthenticate  …
//!              c                  c                 the new session began
//! ```

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;
use upsert_kafka_protocol::{Request, Str, header};

use super::authenticate::{Asking, Authenticator, Requester};
use super::queued_request::{FrameReceiver, QueuedRequest, ResponseWaiter, api_name, decode};
use super::session::Session;
use super::throttle;
use crate::environment::Clock;
use crate::retry::Chance;
use crate::{Error, ErrorKind};

/// The logins of one connection after its first.
pub(super) struct Reauthentication {
    session: Session,
    chance: Chance,
    settings: Arc<InBandSettings>,
    /// The login under way.
    running: Option<Running>,
}

/// What a login on a connection in use is made with.
pub(super) struct InBandSettings {
    pub(super) authenticator: Authenticator,
    pub(super) client_id: Str,
    pub(super) request_timeout: Duration,
    pub(super) clock: Clock,
}

struct Running {
    login: Pin<Box<dyn Future<Output = Result<Option<Duration>, Error>> + Send>>,
    requests: mpsc::Receiver<QueuedRequest>,
}

/// What a login under way comes to.
pub(super) enum LoginEvent {
    /// It asks this of the broker.
    Asks(QueuedRequest),
    /// It is over, and requests may leave again.
    Renewed,
    /// The broker, or the client, does not go on.
    Failed(Error),
}

impl Reauthentication {
    /// After the first login, which holds for so long.
    pub(super) fn new(settings: InBandSettings, lifetime: Option<Duration>, mut chance: Chance) -> Self {
        let session = Session::new(lifetime, settings.clock.now(), chance.draw());
        Self { session, chance, settings: Arc::new(settings), running: None }
    }

    /// Whether a login is under way.
    pub(super) fn is_running(&self) -> bool {
        self.running.is_some()
    }

    /// Something is to be sent: says whether a login begins with this, for which that must wait.
    pub(super) fn begins(&mut self, now: Instant) -> bool {
        if !self.session.is_due(now) {
            return false;
        }
        let (ask, requests) = mpsc::channel(1);
        let settings = Arc::clone(&self.settings);
        let login = Box::pin(async move {
            let mut in_band = InBand { ask, settings: Arc::clone(&settings), correlation_id: FIRST_ID };
            let limit = settings.request_timeout;
            timeout(limit, settings.authenticator.log_in(&mut in_band)).await.unwrap_or_else(|_| {
                let sentence = format!("not done within {} ms (request.timeout.ms)", limit.as_millis());
                Err(Error::new(ErrorKind::Timeout, sentence))
            })
        });
        self.running = Some(Running { login, requests });
        true
    }

    /// What the login under way comes to next; without one, it never ends. Cancel-safe: what was not given is kept.
    pub(super) async fn next(&mut self) -> LoginEvent {
        let Some(Running { login, requests }) = &mut self.running else {
            return std::future::pending().await;
        };
        let done = tokio::select! {
            biased;
            Some(request) = requests.recv() => return LoginEvent::Asks(request),
            done = login => done,
        };
        self.running = None;
        match done {
            Ok(lifetime) => {
                self.session = Session::new(lifetime, self.settings.clock.now(), self.chance.draw());
                LoginEvent::Renewed
            }
            Err(error) => LoginEvent::Failed(error),
        }
    }
}

/// Java keeps the last eight of all correlation ids for this, too: a broker's log shows them apart.
const FIRST_ID: i32 = i32::MAX - 7;

/// The longest answer to a login that is believed.
const RESPONSE_BYTES_MAX: usize = super::handshake::HANDSHAKE_RESPONSE_BYTES_MAX;

/// Asks in line with the requests of the connection.
struct InBand {
    ask: mpsc::Sender<QueuedRequest>,
    settings: Arc<InBandSettings>,
    correlation_id: i32,
}

impl Requester for InBand {
    fn ask<R: Request + Send + Sync + 'static>(&mut self, request: R, version: i16) -> Asking<'_, R> {
        Box::pin(async move {
            let (queued, answer) = self.queued(&request, version)?;
            self.ask.send(queued).await.map_err(|_| closed())?;
            let frame = answer.await.map_err(|_| closed())??;
            decode::<R>(&frame, version)
        })
    }
}

impl InBand {
    fn queued<R: Request>(
        &mut self,
        request: &R,
        version: i16,
    ) -> Result<(QueuedRequest, FrameReceiver), Error> {
        let InBandSettings { client_id, request_timeout, clock, .. } = &*self.settings;
        let (correlation_id, timeout) = (self.correlation_id, *request_timeout);
        self.correlation_id = self.correlation_id.checked_add(1).unwrap_or(FIRST_ID);
        let frame = header::request_frame(request, version, correlation_id, Some(client_id))?;
        let (reply, answer) = oneshot::channel();
        let api = api_name::<R>();
        let throttle = throttle::throttle::<R>;
        let waiter = ResponseWaiter { api, timeout, version, bytes_max: RESPONSE_BYTES_MAX, throttle, reply };
        // The login's own end comes before, and names the reason.
        let deadline = clock.now() + 2 * timeout;
        Ok((QueuedRequest { frame, correlation_id: Some(correlation_id), deadline, waiter }, answer))
    }
}

/// The task ends, and says why to whoever waits.
fn closed() -> Error {
    Error::new(ErrorKind::Disconnected, "the connection is closed")
}
