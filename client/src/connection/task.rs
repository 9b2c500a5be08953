//! The task behind a connection. It owns the stream: it writes queued requests, reads frames, hands each to whoever
//! awaits it, and fails everyone who waits when the stream ends.
//!
//! It decides little itself. [`Pipeline`] knows whose a frame is, which request is late, and how long the broker wished
//! for silence. The task carries until one of the [`CloseReason`]s; then every waiter learns it, and whether a byte of
//! its request had left.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Buf;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::sync::mpsc;
use tokio::time::{Sleep, sleep_until};
use upsert_kafka_protocol::Frames;
use upsert_kafka_protocol::{Bytes, Segments, header};

use super::pipeline::Pipeline;
use super::queued_request::{QueuedRequest, ResponseWaiter, SocketCommand};
use super::reauthentication::{LoginEvent, Reauthentication};
use crate::environment::{Clock, Transport};
use crate::{Error, ErrorKind};

/// Everything that the task owns; nothing is shared.
pub(super) struct SocketTask<S> {
    pub(super) broker: Arc<str>,
    pub(super) stream: S,
    pub(super) queue: mpsc::Receiver<SocketCommand>,
    pub(super) frames: Frames,
    pub(super) idle_max: Option<Duration>,
    pub(super) clock: Clock,
    /// `None` where nobody logs in.
    pub(super) reauthentication: Option<Reauthentication>,
}

/// So many slices are handed to the stream at once; more requests wait in the queue.
const PIECES_MAX: usize = 256;

impl<S: Transport> SocketTask<S> {
    /// Carries until the stream ends, is idle for too long, or nobody holds a handle any more.
    pub(super) async fn run(self) {
        let Self { broker, mut stream, mut queue, mut frames, idle_max, clock, reauthentication } = self;
        let mut traffic = Traffic {
            pipeline: Pipeline::new(),
            out: Segments::default(),
            wanted: true,
            clock,
            reauthentication,
            held: None,
        };
        let (mut reader, mut writer) = split(&mut stream);
        let end = traffic.carry(&mut reader, &mut writer, &mut queue, &mut frames, idle_max).await;
        queue.close();
        tracing::debug!(broker = &*broker, end = %end.sentence(), "connection closed");
        for (waiter, written) in traffic.pipeline.drain() {
            waiter.fail(&broker, &end, written);
        }
        let held = traffic.held.take();
        for command in held.into_iter().chain(std::iter::from_fn(|| queue.try_recv().ok())) {
            if let SocketCommand::Send(request) = command {
                request.waiter.fail(&broker, &end, false);
            }
        }
    }
}

/// What is on its way, out and back.
struct Traffic {
    pipeline: Pipeline<ResponseWaiter>,
    out: Segments,
    /// Whether anybody may still ask.
    wanted: bool,
    clock: Clock,
    reauthentication: Option<Reauthentication>,
    /// What was to be sent when logging in again became due.
    held: Option<SocketCommand>,
}

impl Traffic {
    async fn carry<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
        &mut self,
        reader: &mut R,
        writer: &mut W,
        queue: &mut mpsc::Receiver<SocketCommand>,
        frames: &mut Frames,
        idle_max: Option<Duration>,
    ) -> CloseReason {
        let mut timer = Timer::new(self.timer_at(idle_max), self.clock.now());
        // Every branch is cancel-safe: a read or a write that did not happen took no bytes. None is starved: answers end
        // with what was asked, and what is written with what was taken from the queue, which waits for both.
        while self.wanted || !self.pipeline.is_empty() {
            let pause = self.pipeline.pause(self.clock.now());
            if let Some(until) = pause {
                timer.not_after(until);
            }
            tokio::select! {
                biased;
                read = reader.read_buf(frames.room()) => match read {
                    Ok(0) => return CloseReason::ClosedByBroker,
                    Ok(_) => {
                        if let Err(end) = self.handle_frames(frames) {
                            return end;
                        }
                    }
                    Err(error) => return CloseReason::Broken(error),
                },
                written = writer.write_buf(&mut self.out), if self.out.has_remaining() => match written {
                    Ok(bytes) => self.handle_written(bytes),
                    Err(error) => return CloseReason::Broken(error),
                },
                event = next_of_login(&mut self.reauthentication) => {
                    if let Err(end) = self.handle_login(event, queue) {
                        return end;
                    }
                    timer.not_after(self.timer_at(idle_max));
                }
                () = timer.sleep.as_mut() => {
                    let now = self.clock.now();
                    if self.pipeline.deadline().is_some_and(|deadline| deadline <= now) {
                        return CloseReason::Timeout;
                    }
                    let waits = self.logs_in() || self.pipeline.pause(now).is_some();
                    let idle = self.pipeline.is_empty() && queue.is_empty() && !waits;
                    if idle && idle_max.is_some_and(|idle| timer.idle_since + idle <= now) {
                        return CloseReason::Idle;
                    }
                    timer.set(self.timer_at(idle_max));
                }
                command = queue.recv(), if self.takes_requests() && pause.is_none() => {
                    self.handle_command(command, queue);
                    timer.not_after(self.timer_at(idle_max));
                }
            }
            if !self.pipeline.is_empty() {
                timer.idle_since = self.clock.now();
            }
        }
        CloseReason::Unused
    }

    fn logs_in(&self) -> bool {
        self.reauthentication.as_ref().is_some_and(Reauthentication::is_running)
    }

    fn takes_requests(&self) -> bool {
        self.wanted && self.out.parts() < PIECES_MAX && !self.logs_in()
    }

    /// Sends what was queued, after a login if the session is about to end.
    fn handle_command(&mut self, command: Option<SocketCommand>, queue: &mut mpsc::Receiver<SocketCommand>) {
        match command.is_some() && self.begins_login() {
            true => self.held = command,
            false => self.take_queued(command, queue),
        }
    }

    fn begins_login(&mut self) -> bool {
        let Self { reauthentication, clock, .. } = self;
        reauthentication.as_mut().is_some_and(|it| it.begins(clock.now()))
    }

    /// A login under way goes on; when it is over, what was held leaves first.
    fn handle_login(
        &mut self,
        event: LoginEvent,
        queue: &mut mpsc::Receiver<SocketCommand>,
    ) -> Result<(), CloseReason> {
        match event {
            LoginEvent::Asks(request) => self.start_sending(request),
            LoginEvent::Failed(error) => return Err(CloseReason::LoggedOut(error)),
            LoginEvent::Renewed => {
                // Whatever was held back has its whole time from now on.
                self.pipeline.handle_pause(self.clock.now());
                if let Some(held) = self.held.take() {
                    self.take_queued(Some(held), queue);
                }
            }
        }
        Ok(())
    }

    /// Takes what is queued, so that all of it leaves in one write.
    fn take_queued(&mut self, first: Option<SocketCommand>, queue: &mut mpsc::Receiver<SocketCommand>) {
        let mut next = first;
        self.wanted = next.is_some();
        while let Some(command) = next {
            match command {
                SocketCommand::Send(request) => self.start_sending(request),
                // It waited in the queue too, so what was asked before it has left.
                SocketCommand::Pause(pause) => return self.pipeline.handle_pause(self.clock.now() + pause),
            }
            next = if self.out.parts() < PIECES_MAX { queue.try_recv().ok() } else { None };
        }
    }

    fn start_sending(&mut self, request: QueuedRequest) {
        let QueuedRequest { frame, correlation_id, deadline, waiter } = request;
        let bytes = frame.remaining();
        // A request that was held back has its whole time from the end of the silence.
        let resumed = self.pipeline.resumed().map(|at| at + waiter.timeout);
        self.pipeline.handle_queued(correlation_id, bytes, resumed.unwrap_or(deadline).max(deadline), waiter);
        self.out.append(frame);
    }

    fn handle_written(&mut self, bytes: usize) {
        self.pipeline.handle_written(bytes);
        while let Some(waiter) = self.pipeline.poll_written() {
            _ = waiter.reply.send(Ok(Bytes::new()));
        }
    }

    fn handle_frames(&mut self, frames: &mut Frames) -> Result<(), CloseReason> {
        while let Some(frame) =
            frames.next().map_err(|bad| CloseReason::Malformed(format!("a frame of {} bytes", bad.0)))?
        {
            let id = header::correlation_id(&frame).map_err(|bad| CloseReason::Malformed(bad.to_string()))?;
            let waiter = self.pipeline.handle_response(id).map_err(|out| {
                let expected = out.expected.map_or_else(|| "nothing".to_owned(), |id| id.to_string());
                CloseReason::Malformed(format!("an answer to {}, where {expected} was asked", out.came))
            })?;
            let pause = (waiter.throttle)(&frame, waiter.version);
            if !pause.is_zero() {
                self.pipeline.handle_pause(self.clock.now() + pause);
            }
            // Whoever asked may have gone; the response then matters to nobody.
            _ = waiter.reply.send(Ok(frame));
        }
        self.check_length(frames.announced())
    }

    /// Refuses a response that is longer than any to that request, before it has come.
    fn check_length(&self, announced: Option<usize>) -> Result<(), CloseReason> {
        match (announced, self.pipeline.next_waiter()) {
            (Some(bytes), Some(waiter)) if bytes > waiter.bytes_max => {
                let (api, most) = (waiter.api, waiter.bytes_max);
                Err(CloseReason::Malformed(format!(
                    "an answer to {api} of {bytes} bytes, where {most} are the most"
                )))
            }
            _ => Ok(()),
        }
    }

    /// When to look at deadlines next: the pipeline's, or when the connection may have been idle for too long.
    fn timer_at(&self, idle_max: Option<Duration>) -> Instant {
        let far = idle_max.unwrap_or(FAR).min(FAR);
        self.pipeline.deadline().unwrap_or_else(|| self.clock.now() + far)
    }
}

/// What logging in again comes to; without a login it waits for ever.
async fn next_of_login(reauthentication: &mut Option<Reauthentication>) -> LoginEvent {
    match reauthentication {
        Some(reauthentication) => reauthentication.next().await,
        None => std::future::pending().await,
    }
}

/// A timer that is moved only when it must fire earlier. If it fires too early, it is set again.
struct Timer {
    sleep: std::pin::Pin<Box<Sleep>>,
    idle_since: Instant,
}

impl Timer {
    fn new(at: Instant, now: Instant) -> Self {
        Self { sleep: Box::pin(sleep_until(at.into())), idle_since: now }
    }

    fn set(&mut self, at: Instant) {
        self.sleep.as_mut().reset(at.into());
    }

    fn not_after(&mut self, at: Instant) {
        if self.sleep.deadline().into_std() > at {
            self.set(at);
        }
    }
}

/// Why a connection was closed.
enum CloseReason {
    ClosedByBroker,
    Broken(io::Error),
    /// A response did not come in time.
    Timeout,
    Idle,
    /// Nobody holds a handle any more.
    Unused,
    /// The broker did not let the client log in again.
    LoggedOut(Error),
    /// The broker sent what no broker sends.
    Malformed(String),
}

impl CloseReason {
    fn sentence(&self) -> String {
        match self {
            Self::ClosedByBroker => "the broker closed the connection".to_owned(),
            Self::Broken(error) => format!("the connection broke: {error}"),
            Self::Timeout => {
                "the connection was closed, since an earlier answer on it did not come in time".to_owned()
            }
            Self::Idle => "the connection was idle and is closed".to_owned(),
            Self::Unused => "the client is closed".to_owned(),
            Self::LoggedOut(error) => {
                format!("the connection was closed, since logging in again failed: {error}")
            }
            Self::Malformed(what) => format!("the broker sent {what}, so the connection was closed"),
        }
    }
}

impl ResponseWaiter {
    fn fail(self, broker: &Arc<str>, end: &CloseReason, written: bool) {
        let sentence = match end {
            CloseReason::Timeout => {
                format!("no answer within {} ms; the connection was closed", self.timeout.as_millis())
            }
            _ => end.sentence(),
        };
        let mut error = Error::new(ErrorKind::Disconnected, sentence).with_written(written);
        if let CloseReason::Broken(cause) = end {
            // The error itself has one owner, and many may wait.
            error = error.with_cause(io::Error::from(cause.kind()));
        }
        // Whoever asked may have gone.
        _ = self.reply.send(Err(error.with_broker(broker).with_api(self.api)));
    }
}

/// How far ahead the timer is set when nothing is due.
const FAR: Duration = Duration::from_secs(3600);
