//! What the socket alone can do: writes that nobody had to make.

use std::io::{Read, Result, Write};
use std::net::TcpStream;
use std::time::Instant;

use super::null_broker::SINK;

/// Nanoseconds a byte of a loop that only writes, in pieces as large as a batch, from as many buffers in
/// turn as a producer has in its hands: the cache then helps both alike.
pub(crate) fn ns_per_byte(address: &str, piece_bytes: usize, bytes: usize) -> Result<f64> {
    let pieces = bytes / piece_bytes;
    let mut socket = TcpStream::connect(address)?;
    socket.set_nodelay(true)?;
    let buffers = vec![vec![7u8; piece_bytes]; (IN_TURN_BYTES / piece_bytes).max(1)];
    let before = Instant::now();
    socket.write_all(&head(pieces * piece_bytes))?;
    for piece in buffers.iter().cycle().take(pieces) {
        socket.write_all(piece)?;
    }
    socket.read_exact(&mut [0; 8])?;
    Ok(before.elapsed().as_nanos() as f64 / (pieces * piece_bytes) as f64)
}

/// A request of the null broker's own, with so many bytes to follow.
fn head(bytes: usize) -> Vec<u8> {
    let length = u32::try_from(8 + bytes).expect("less than 4 GiB");
    [&length.to_be_bytes()[..], &SINK.to_be_bytes(), &[0; 6]].concat()
}

/// What a producer fills, sends and waits for at a time.
const IN_TURN_BYTES: usize = 12 << 20;
