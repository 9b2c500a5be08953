//! One connection: accepted, secured, authenticated, then a frame in, its answer out, and the next, as Kafka works
//! through a connection.
//!
//! Requests that are sent ahead wait in the stream, so answers leave in order of the requests also when a
//! Fetch waits.

use tokio::sync::{mpsc, oneshot};
use tracing::{debug, warn};

use crate::cluster::Answer;
use crate::frames::{Closed, Frames};
use crate::incoming::Incoming;
use crate::keeper::Mail;
use crate::limits::Limits;
use crate::security::SecurityProtocol;
use crate::transport::Transport;
use crate::wait::PeerId;

/// Who is connected, to which node, and where requests go.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) peer: PeerId,
    pub(crate) node: i32,
    pub(crate) protocol: SecurityProtocol,
    pub(crate) limits: Limits,
    pub(crate) mail: mpsc::Sender<Mail>,
}

/// Leads a connection through its stages until either side closes it.
pub(crate) async fn attend(link: Link, transport: Box<dyn Transport>) {
    match serve(&link, transport).await {
        Ok(()) => {}
        Err(Closed::Idle) => debug!("connection closed: nothing happened on it"),
        Err(Closed::Broken(error)) => debug!(%error, "connection broken"),
        Err(Closed::Refused(why)) => warn!(why, "connection closed"),
    }
}

async fn serve(link: &Link, transport: Box<dyn Transport>) -> Result<(), Closed> {
    let transport = link.protocol.secure(transport).await?;
    let mut frames = Frames::new(transport, link.limits.clone());
    let outcome = async {
        link.protocol.authenticate(&mut frames).await?;
        answer_all(link, &mut frames).await
    };
    let outcome = outcome.await;
    if !matches!(outcome, Err(Closed::Broken(_))) {
        frames.close().await;
    }
    outcome
}

async fn answer_all(link: &Link, frames: &mut Frames) -> Result<(), Closed> {
    while let Some((frame, share)) = frames.read().await? {
        let incoming = Incoming::read(&frame);
        drop(frame);
        let waits = incoming.may_wait();
        let (reply, answer) = oneshot::channel();
        let request = Mail::Request { peer: link.peer, node: link.node, incoming, reply };
        if link.mail.send(request).await.is_err() {
            return Ok(());
        }
        let answer = tokio::select! {
            biased;
            answer = answer => answer,
            () = frames.abandoned(), if waits => {
                // The keeper may stop at the same time, and then forgets everyone.
                let _ = link.mail.send(Mail::Gone(link.peer)).await;
                frames.give_up_answers();
                continue;
            }
        };
        match answer {
            Ok(Answer::Frame(mut frame)) => frames.write(&mut frame).await?,
            Ok(Answer::Silence) => {}
            Ok(Answer::Close(why)) => return Err(Closed::Refused(why)),
            Err(_stopped) => return Ok(()),
        }
        drop(share);
    }
    Ok(())
}
