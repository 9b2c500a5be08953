//! Futures that are dropped half-way.

use std::pin::pin;
use std::task::Poll;

/// What it came to, if it was done after so many polls; `between` two of them others go on.
pub async fn polled<T>(future: impl Future<Output = T>, polls: u64, between: impl AsyncFn()) -> Option<T> {
    let mut future = pin!(future);
    for poll in 0..=polls {
        let polled = std::future::poll_fn(|context| Poll::Ready(future.as_mut().poll(context))).await;
        if let Poll::Ready(output) = polled {
            return Some(output);
        }
        if poll < polls {
            between().await;
        }
    }
    None
}
