//! What a handshake in the making has shown: rustls says that a chain was refused, and not which.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::pki_types::CertificateDer;

/// What the server presented and asked for.
#[derive(Default)]
pub(crate) struct Observed {
    /// Its chain, as it came.
    pub(crate) chain: Vec<Vec<u8>>,
    /// Whether it wanted a certificate of the client.
    pub(crate) asked: bool,
    /// The subject of the one that it was sent.
    pub(crate) sent: Option<String>,
}

tokio::task_local! {
    static OBSERVED: Arc<Mutex<Observed>>;
}

/// Runs a handshake, so that what it shows lands there.
pub(crate) fn within<F: Future>(
    observed: Arc<Mutex<Observed>>,
    handshake: F,
) -> impl Future<Output = F::Output> {
    OBSERVED.scope(observed, handshake)
}

pub(crate) fn presented(end_entity: &CertificateDer<'_>, intermediates: &[CertificateDer<'_>]) {
    note(|observed| {
        observed.chain = std::iter::once(end_entity).chain(intermediates).map(|it| it.to_vec()).collect();
    });
}

pub(crate) fn asked(sent: Option<&str>) {
    note(|observed| {
        observed.asked = true;
        observed.sent = sent.map(str::to_owned);
    });
}

/// Outside of a handshake of ours nobody wants to know.
fn note(change: impl FnOnce(&mut Observed)) {
    _ = OBSERVED.try_with(|observed| change(&mut observed.lock().unwrap_or_else(PoisonError::into_inner)));
}
