//! One connection: a frame in, its answer out, then the next, as Kafka works through a connection.
//!
//! Requests that are sent ahead wait in the socket, so answers leave in order of the requests also when a
//! Fetch waits.

use std::future::pending;
use std::io;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot};

use crate::cluster::{Answer, PeerId};
use crate::keeper::Mail;

/// How much is reserved for a frame before its bytes are there: a length is only a claim.
const TRUST_BYTES: usize = 2 << 20;

/// The least that a read asks for.
const READ_BYTES_MIN: usize = 8 << 10;

/// Serves a connection until either side closes it; the reason, when it was not the client's wish.
pub(crate) async fn serve(
    peer: PeerId,
    node: i32,
    mut stream: TcpStream,
    frame_bytes_max: usize,
    mail: mpsc::Sender<Mail>,
) -> Result<(), Closed> {
    let mut buffer = BytesMut::new();
    while let Some(frame) = read_frame(&mut stream, &mut buffer, frame_bytes_max).await? {
        let (reply, answer) = oneshot::channel();
        if mail.send(Mail::Frame { peer, node, frame, reply }).await.is_err() {
            return Ok(());
        }
        let answer = tokio::select! {
            answer = answer => answer,
            () = gone(&stream) => {
                // The keeper may stop at the same time, and then forgets everyone.
                let _ = mail.send(Mail::Gone(peer)).await;
                return Ok(());
            }
        };
        match answer {
            Ok(Answer::Frame(mut frame)) => stream.write_all_buf(&mut frame).await?,
            Ok(Answer::Silence) => {}
            Ok(Answer::Close(why)) => return Err(Closed::Refused(why)),
            Err(_stopped) => return Ok(()),
        }
    }
    Ok(())
}

/// Why a connection ended.
#[derive(Debug)]
pub(crate) enum Closed {
    /// The socket failed.
    Broken(io::Error),
    /// We closed it.
    Refused(String),
}

impl From<io::Error> for Closed {
    fn from(error: io::Error) -> Self {
        Self::Broken(error)
    }
}

/// The next frame without its length; `None` when the client has closed between frames.
async fn read_frame(
    stream: &mut TcpStream,
    buffer: &mut BytesMut,
    frame_bytes_max: usize,
) -> Result<Option<Bytes>, Closed> {
    const LENGTH_BYTES: usize = 4;
    if buffer.is_empty() && buffer.capacity() > TRUST_BYTES {
        // One large request shall not cost memory for as long as the connection lasts.
        *buffer = BytesMut::new();
    }
    if !fill(stream, buffer, LENGTH_BYTES).await? {
        return Ok(None);
    }
    let claimed = buffer.get_i32();
    let length = usize::try_from(claimed).ok().filter(|length| *length <= frame_bytes_max);
    let refused = || format!("a frame of {claimed} bytes, where {frame_bytes_max} are allowed");
    let length = length.ok_or_else(|| Closed::Refused(refused()))?;
    if !fill(stream, buffer, length).await? {
        return Err(ended());
    }
    Ok(Some(buffer.split_to(length).freeze()))
}

/// Reads until the buffer holds so much; false when the connection ends before.
async fn fill(stream: &mut TcpStream, buffer: &mut BytesMut, wanted: usize) -> Result<bool, Closed> {
    while buffer.len() < wanted {
        let missing = wanted - buffer.len();
        buffer.reserve(missing.clamp(READ_BYTES_MIN, TRUST_BYTES.max(buffer.len())));
        if stream.read_buf(buffer).await? == 0 {
            return if buffer.is_empty() { Ok(false) } else { Err(ended()) };
        }
    }
    Ok(true)
}

fn ended() -> Closed {
    Closed::Refused("the connection ended within a frame".to_owned())
}

/// Waits for the client to close; for ever when it has sent more, which is then read in its turn.
async fn gone(stream: &TcpStream) {
    if let Ok(1..) = stream.peek(&mut [0]).await {
        pending::<()>().await;
    }
}
