//! Accepts connections and keeps them until the broker stops.

use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;
use tracing::{Instrument, debug, debug_span, warn};

use crate::cluster::PeerId;
use crate::keeper::Mail;
use crate::peer::{self, Closed};

/// How long to wait when no connection can be accepted, for want of file descriptors say.
const ACCEPT_BACKOFF: Duration = Duration::from_millis(50);

/// Accepts until `stop` is told or dropped; then every connection ends.
pub(crate) async fn listen(
    listener: TcpListener,
    mail: mpsc::Sender<Mail>,
    frame_bytes_max: usize,
    mut stop: watch::Receiver<()>,
) {
    let mut peers = JoinSet::new();
    for number in 0.. {
        let accepted = loop {
            tokio::select! {
                accepted = listener.accept() => break accepted,
                Some(_) = peers.join_next() => {}
                _ = stop.changed() => {
                    drop(listener);
                    return peers.shutdown().await;
                }
            }
        };
        match accepted {
            Ok((stream, from)) => {
                let span = debug_span!("peer", number, %from);
                let mail = mail.clone();
                peers.spawn(attend(PeerId(number), stream, frame_bytes_max, mail).instrument(span));
            }
            Err(error) => {
                warn!(%error, "accepting a connection failed");
                tokio::time::sleep(ACCEPT_BACKOFF).await;
            }
        }
    }
}

async fn attend(peer: PeerId, stream: TcpStream, frame_bytes_max: usize, mail: mpsc::Sender<Mail>) {
    let outcome = match stream.set_nodelay(true) {
        Ok(()) => peer::serve(peer, stream, frame_bytes_max, mail).await,
        Err(error) => Err(Closed::Broken(error)),
    };
    match outcome {
        Ok(()) => {}
        Err(Closed::Broken(error)) => debug!(%error, "connection broken"),
        Err(Closed::Refused(why)) => warn!(why, "connection closed"),
    }
}
