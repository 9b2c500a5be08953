//! One connection: accepted, secured, authenticated, then a frame in, its answer out, and the next, as Kafka works
//! through a connection.
//!
//! Requests that are sent ahead wait in the stream, so answers leave in order of the requests also when a
//! Fetch waits.

use tokio::sync::{mpsc, oneshot};
use tracing::{debug, warn};

use crate::broker_task::Command;
use crate::cluster::Answer;
use crate::frames::{Closed, Frames};
use crate::incoming::Incoming;
use crate::limits::Limits;
use crate::security::{Secured, Security};
use crate::state::sessions::Connection;
use crate::transport::Transport;
use crate::wait::PeerId;

/// A client's connection to a node, and where its requests go.
#[derive(Debug)]
pub(crate) struct Peer {
    pub(crate) id: PeerId,
    pub(crate) node: i32,
    /// The number of the listener that it came by.
    pub(crate) listener: usize,
    /// Where it comes from.
    pub(crate) host: String,
    pub(crate) security: Security,
    pub(crate) limits: Limits,
    pub(crate) commands: mpsc::Sender<Command>,
}

impl Peer {
    /// Leads the connection through its stages until either side closes it.
    pub(crate) async fn serve(self, transport: Box<dyn Transport>) {
        match self.run_stages(transport).await {
            Ok(()) => {}
            Err(Closed::Idle) => debug!("connection closed: nothing happened on it"),
            Err(Closed::Broken(error)) => debug!(%error, "connection broken"),
            Err(Closed::Refused(why)) => warn!(why, "connection closed"),
        }
    }

    async fn run_stages(&self, transport: Box<dyn Transport>) -> Result<(), Closed> {
        let Secured { transport, certificate } = self.security.secure(transport).await?;
        let (peer, node, host, listener) = (self.id, self.node, self.host.clone(), self.listener);
        let connection = Connection { listener, host, certificate };
        let logs_in = self.security.protocol.has_sasl();
        let bytes_max = if logs_in { self.limits.login_bytes_max } else { self.limits.frame_bytes_max };
        let mut frames = Frames::new(transport, self.limits.clone(), bytes_max);
        // Both fail only when the broker stops, which forgets everyone.
        let _ = self.commands.send(Command::Opened { peer, node, connection }).await;
        let outcome = self.answer_requests(&mut frames, logs_in).await;
        let _ = self.commands.send(Command::Closed(peer)).await;
        if !matches!(outcome, Err(Closed::Broken(_))) {
            frames.close().await;
        }
        outcome
    }

    /// A client that has yet to log in sends frames that the broker task reads.
    async fn answer_requests(&self, frames: &mut Frames, mut logs_in: bool) -> Result<(), Closed> {
        while let Some((frame, reservation)) = frames.read().await? {
            let incoming = if logs_in {
                Incoming::Unread(frame)
            } else {
                let incoming = Incoming::read(&frame);
                drop(frame);
                incoming
            };
            let may_wait = incoming.may_wait();
            let (reply, answer) = oneshot::channel();
            let request = Command::Request { peer: self.id, node: self.node, incoming, reply };
            if self.commands.send(request).await.is_err() {
                return Ok(());
            }
            let answer = tokio::select! {
                biased;
                answer = answer => answer,
                () = frames.abandoned(), if may_wait => {
                    // The broker task may stop at the same time, and then forgets everyone.
                    let _ = self.commands.send(Command::Gone(self.id)).await;
                    frames.give_up_answers();
                    continue;
                }
            };
            match answer {
                Ok(Answer::Frame(mut frame)) => frames.write(&mut frame).await?,
                Ok(Answer::Proven(mut frame)) => {
                    frames.write(&mut frame).await?;
                    frames.allow_long();
                    logs_in = false;
                }
                Ok(Answer::Last(mut frame, why)) => {
                    frames.write(&mut frame).await?;
                    return Err(Closed::Refused(why));
                }
                Ok(Answer::Silence) => {}
                Ok(Answer::Close(why)) => return Err(Closed::Refused(why)),
                Err(_stopped) => return Ok(()),
            }
            drop(reservation);
        }
        Ok(())
    }
}
