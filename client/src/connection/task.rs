//! Owns one socket: writes what is queued, reads frames, and says to everyone waiting when it breaks.

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
use super::{Asker, Order, Outgoing};
use crate::environment::{Clock, Transport};
use crate::{Error, ErrorKind};

/// One connection's task: everything it owns, and nothing shared.
pub(super) struct Task<S> {
    pub(super) broker: Arc<str>,
    pub(super) stream: S,
    pub(super) queue: mpsc::Receiver<Order>,
    pub(super) frames: Frames,
    pub(super) idle_max: Option<Duration>,
    pub(super) clock: Clock,
}

/// So many pieces are handed to the kernel at once; more wait in the queue.
const PIECES_MAX: usize = 256;

impl<S: Transport> Task<S> {
    /// Carries until the socket breaks, is idle for too long, or nobody holds a handle any more.
    pub(super) async fn run(self) {
        let Self { broker, mut stream, mut queue, mut frames, idle_max, clock } = self;
        let mut line = Line { pipeline: Pipeline::new(), out: Segments::default(), wanted: true, clock };
        let (mut reader, mut writer) = split(&mut stream);
        let end = line.carry(&mut reader, &mut writer, &mut queue, &mut frames, idle_max).await;
        queue.close();
        tracing::debug!(broker = &*broker, end = %end.sentence(), "connection closed");
        for (asker, written) in line.pipeline.drain() {
            asker.fail(&broker, &end, written);
        }
        while let Ok(order) = queue.try_recv() {
            if let Order::Send(outgoing) = order {
                outgoing.asker.fail(&broker, &end, false);
            }
        }
    }
}

/// What is on its way out and back.
struct Line {
    pipeline: Pipeline<Asker>,
    out: Segments,
    /// Whether anybody may still ask.
    wanted: bool,
    clock: Clock,
}

impl Line {
    async fn carry<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(
        &mut self,
        reader: &mut R,
        writer: &mut W,
        queue: &mut mpsc::Receiver<Order>,
        frames: &mut Frames,
        idle_max: Option<Duration>,
    ) -> End {
        let mut alarm = Alarm::new(self.alarm_at(idle_max), self.clock.now());
        // Every branch is cancel-safe: a read or a write that did not happen took no bytes.
        while self.wanted || !self.pipeline.is_empty() {
            let pause = self.pipeline.pause(self.clock.now());
            if let Some(until) = pause {
                alarm.not_after(until);
            }
            tokio::select! {
                read = reader.read_buf(frames.room()) => match read {
                    Ok(0) => return End::Closed,
                    Ok(_) => {
                        if let Err(end) = self.hear(frames) {
                            return end;
                        }
                    }
                    Err(error) => return End::Failed(error),
                },
                written = writer.write_buf(&mut self.out), if self.out.has_remaining() => match written {
                    Ok(bytes) => self.sent(bytes),
                    Err(error) => return End::Failed(error),
                },
                order = queue.recv(), if self.wanted && pause.is_none() && self.out.parts() < PIECES_MAX => {
                    self.take(order, queue);
                    alarm.not_after(self.alarm_at(idle_max));
                }
                () = alarm.sleep.as_mut() => {
                    let now = self.clock.now();
                    if self.pipeline.deadline().is_some_and(|deadline| deadline <= now) {
                        return End::Late;
                    }
                    let idle = self.pipeline.is_empty() && self.pipeline.pause(now).is_none();
                    if idle && idle_max.is_some_and(|idle| alarm.idle_since + idle <= now) {
                        return End::Idle;
                    }
                    alarm.set(self.alarm_at(idle_max));
                }
            }
            if !self.pipeline.is_empty() {
                alarm.idle_since = self.clock.now();
            }
        }
        End::Unwanted
    }

    /// Takes what is queued, so that all of it leaves in one write.
    fn take(&mut self, first: Option<Order>, queue: &mut mpsc::Receiver<Order>) {
        let mut next = first;
        self.wanted = next.is_some();
        while let Some(order) = next {
            match order {
                Order::Send(outgoing) => self.enter(outgoing),
                // It stood in line, so what was asked before it has left.
                Order::Pause(pause) => return self.pipeline.handle_pause(self.clock.now() + pause),
            }
            next = if self.out.parts() < PIECES_MAX { queue.try_recv().ok() } else { None };
        }
    }

    fn enter(&mut self, outgoing: Outgoing) {
        let Outgoing { frame, correlation_id, deadline, asker } = outgoing;
        let bytes = frame.remaining();
        // Whoever was held back has its whole time from the end of the silence.
        let resumed = self.pipeline.resumed().map(|at| at + asker.timeout);
        self.pipeline.handle_queued(correlation_id, bytes, resumed.unwrap_or(deadline).max(deadline), asker);
        self.out.append(frame);
    }

    fn sent(&mut self, bytes: usize) {
        self.pipeline.handle_written(bytes);
        while let Some(asker) = self.pipeline.poll_sent() {
            _ = asker.reply.send(Ok(Bytes::new()));
        }
    }

    fn hear(&mut self, frames: &mut Frames) -> Result<(), End> {
        while let Some(frame) =
            frames.next().map_err(|bad| End::Nonsense(format!("a frame of {} bytes", bad.0)))?
        {
            let id = header::correlation_id(&frame).map_err(|bad| End::Nonsense(bad.to_string()))?;
            let asker = self.pipeline.handle_answer(id).map_err(|out| {
                let expected = out.expected.map_or_else(|| "nothing".to_owned(), |id| id.to_string());
                End::Nonsense(format!("an answer to {}, where {expected} was asked", out.came))
            })?;
            let pause = (asker.throttle)(&frame, asker.version);
            if !pause.is_zero() {
                self.pipeline.handle_pause(self.clock.now() + pause);
            }
            // Whoever asked may have gone; the answer then matters to nobody.
            _ = asker.reply.send(Ok(frame));
        }
        self.believe(frames.announced())
    }

    /// Refuses an answer that is longer than any to that request, before it has come.
    fn believe(&self, announced: Option<usize>) -> Result<(), End> {
        match (announced, self.pipeline.next_answered()) {
            (Some(bytes), Some(asker)) if bytes > asker.bytes_max => {
                let (api, most) = (asker.api, asker.bytes_max);
                Err(End::Nonsense(format!("an answer to {api} of {bytes} bytes, where {most} are the most")))
            }
            _ => Ok(()),
        }
    }

    fn alarm_at(&self, idle_max: Option<Duration>) -> Instant {
        let far = idle_max.unwrap_or(FAR).min(FAR);
        self.pipeline.deadline().unwrap_or_else(|| self.clock.now() + far)
    }
}

/// A timer that is moved only when it must ring earlier; if it rings too early, it is set again.
struct Alarm {
    sleep: std::pin::Pin<Box<Sleep>>,
    idle_since: Instant,
}

impl Alarm {
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

/// Why a connection ended.
enum End {
    Closed,
    Failed(io::Error),
    Late,
    Idle,
    Unwanted,
    Nonsense(String),
}

impl End {
    fn sentence(&self) -> String {
        match self {
            Self::Closed => "the broker closed the connection".to_owned(),
            Self::Failed(error) => format!("the connection broke: {error}"),
            Self::Late => {
                "the connection was closed, since an earlier answer on it did not come in time".to_owned()
            }
            Self::Idle => "the connection was idle and is closed".to_owned(),
            Self::Unwanted => "the client is closed".to_owned(),
            Self::Nonsense(what) => format!("the broker sent {what}, so the connection was closed"),
        }
    }
}

impl Asker {
    fn fail(self, broker: &Arc<str>, end: &End, written: bool) {
        let sentence = match end {
            End::Late => {
                format!("no answer within {} ms; the connection was closed", self.timeout.as_millis())
            }
            _ => end.sentence(),
        };
        let error = Error::new(ErrorKind::Disconnected, sentence).with_written(written);
        // Whoever asked may have gone.
        _ = self.reply.send(Err(error.with_broker(broker).with_api(self.api)));
    }
}

/// How far ahead an alarm is set when nothing is due.
const FAR: Duration = Duration::from_secs(3600);
