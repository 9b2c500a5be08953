//! The frames of one connection, over any stream of bytes: read within the limits, written while anybody hears.
//!
//! Whatever has arrived is read, also when the client has closed its side, or all of it, since: records sent with acks=0
//! before a close are in the log.

use std::future::pending;
use std::io;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{sleep, timeout};

use crate::limits::Limits;
use crate::request_memory::{Reservation, SMALL_BYTES_MAX};
use crate::transport::Transport;

/// How much is reserved for a frame before its bytes are there: a length is only a claim.
const TRUST_BYTES: usize = 2 << 20;

/// The least that a read asks for.
const READ_BYTES_MIN: usize = 8 << 10;

/// How long a request that waits, for records or for a group, is kept when its client has closed at least its own
/// side. Nobody can tell whether it still reads.
const HALF_CLOSED_WAIT: Duration = Duration::from_secs(30);

/// A frame that counts in the requests' memory must come within this time, and a second more for each MiB, so that a
/// client that trickles does not keep its part for ever.
const FRAME_TIME: Duration = Duration::from_secs(30);

/// How long, and for how many bytes, what a client still sends is thrown away after the broker's last word: closing a
/// socket with unread bytes takes back answers that are still under way.
const LINGER: Duration = Duration::from_secs(1);
const LINGER_BYTES_MAX: usize = 16 << 20;

/// By what a TLS handshake begins: a record of that kind, of any version.
const TLS_HANDSHAKE: &[u8] = &[0x16, 0x03];

const TLS_CAME: &str =
    "what came to a listener without TLS is TLS: does the client have security.protocol=SSL or SASL_SSL?";

/// Why a connection ended.
#[derive(Debug)]
pub(crate) enum Closed {
    /// The stream failed.
    Broken(io::Error),
    /// We closed it, for this reason.
    Refused(String),
    /// We closed it since nothing happened.
    Idle,
}

impl From<io::Error> for Closed {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

/// A stream of bytes as frames.
pub(crate) struct Frames {
    transport: Box<dyn Transport>,
    limits: Limits,
    /// A longer frame ends the connection.
    bytes_max: usize,
    /// A frame has come: what speaks Kafka once does not begin TLS then.
    begun: bool,
    /// What has come and is not read yet.
    buffer: BytesMut,
    /// Nothing more comes behind that.
    ended: bool,
    /// Answers do not arrive any more. Requests that have come are served without.
    deaf: bool,
}

impl Frames {
    /// Frames of at most so many bytes.
    pub(crate) fn new(transport: Box<dyn Transport>, limits: Limits, bytes_max: usize) -> Self {
        Self {
            transport,
            limits,
            bytes_max,
            begun: false,
            buffer: BytesMut::new(),
            ended: false,
            deaf: false,
        }
    }

    /// Takes frames as long as the listener's limit.
    pub(crate) fn allow_long(&mut self) {
        self.bytes_max = self.limits.frame_bytes_max;
    }

    /// The next frame without its length, with its part of the requests' memory; `None` when the client has closed between
    /// frames.
    pub(crate) async fn read(&mut self) -> Result<Option<(Bytes, Option<Reservation>)>, Closed> {
        const LENGTH_BYTES: usize = 4;
        if self.buffer.is_empty() && self.buffer.capacity() > TRUST_BYTES {
            // One large request shall not cost memory for as long as the connection lasts.
            self.buffer = BytesMut::new();
        }
        if !self.fill(LENGTH_BYTES).await? {
            return Ok(None);
        }
        let frame_bytes_max = self.bytes_max;
        if !std::mem::replace(&mut self.begun, true) && self.buffer.starts_with(TLS_HANDSHAKE) {
            return Err(Closed::Refused(TLS_CAME.to_owned()));
        }
        let claimed = self.buffer.get_i32();
        let length = usize::try_from(claimed).ok().filter(|length| *length <= frame_bytes_max);
        let refused = || format!("a frame of {claimed} bytes, where {frame_bytes_max} are allowed");
        let length = length.ok_or_else(|| Closed::Refused(refused()))?;
        // A length is only a claim: memory is set aside for it when more has come than counts nowhere.
        if !self.fill(length.min(SMALL_BYTES_MAX)).await? {
            return Err(ended());
        }
        let reservation = self.limits.memory.reserve(length).await;
        let time = FRAME_TIME + Duration::from_secs(length as u64 >> 20);
        let whole = match reservation {
            Some(_) => timeout(time, self.fill(length)).await.map_err(|_| Closed::Idle)??,
            None => self.fill(length).await?,
        };
        if whole { Ok(Some((self.buffer.split_to(length).freeze(), reservation))) } else { Err(ended()) }
    }

    /// Reads until the buffer holds so much; false when the connection ends before.
    async fn fill(&mut self, wanted: usize) -> Result<bool, Closed> {
        while self.buffer.len() < wanted {
            let missing = wanted - self.buffer.len();
            self.buffer.reserve(missing.clamp(READ_BYTES_MIN, TRUST_BYTES.max(self.buffer.len())));
            if !self.ended {
                let read = timeout(self.limits.idle_max, self.transport.read_buf(&mut self.buffer));
                self.ended = read.await.map_err(|_| Closed::Idle)?? == 0;
            }
            if self.ended {
                return if self.buffer.is_empty() { Ok(false) } else { Err(ended()) };
            }
        }
        Ok(true)
    }

    /// Sends an answer. That it does not arrive is no reason not to serve what has come.
    pub(crate) async fn write(&mut self, frame: &mut impl Buf) -> Result<(), Closed> {
        if !self.deaf {
            let written = async {
                self.transport.write_all_buf(frame).await?;
                // A stream may keep what it is given, as TLS does.
                self.transport.flush().await
            };
            let written = timeout(self.limits.idle_max, written).await.map_err(|_| Closed::Idle)?;
            self.deaf = written.is_err();
        }
        Ok(())
    }

    /// Nobody hears answers any more.
    pub(crate) fn give_up_answers(&mut self) {
        self.deaf = true;
    }

    /// Waits until nobody can be there any more to hear an answer; for ever when the client has sent more, of which
    /// one byte is read, since a stream tells its end to readers alone. Cancel-safe: what it has read stays.
    pub(crate) async fn abandoned(&mut self) {
        if !self.ended {
            match self.transport.read_buf(&mut (&mut self.buffer).limit(1)).await {
                Ok(0) => self.ended = true,
                Ok(_) => pending::<()>().await,
                Err(_) => {
                    self.ended = true;
                    return;
                }
            }
        }
        sleep(HALF_CLOSED_WAIT).await;
    }

    /// Says that nothing more comes, and waits a little until the client has heard it.
    pub(crate) async fn close(&mut self) {
        linger(&mut *self.transport).await;
    }
}

/// Says that nothing more comes, and throws away what the other side still sends, for a little while.
pub(crate) async fn linger(transport: &mut dyn Transport) {
    let (mut thrown, mut buffer) = (0, BytesMut::with_capacity(READ_BYTES_MIN));
    let last = async {
        transport.shutdown().await?;
        while thrown < LINGER_BYTES_MAX && transport.read_buf(&mut buffer).await? > 0 {
            thrown += buffer.len();
            buffer.clear();
        }
        io::Result::Ok(())
    };
    // It is closed in any case.
    let _ = timeout(LINGER, last).await;
}

fn ended() -> Closed {
    Closed::Refused("the connection ended within a frame".to_owned())
}
