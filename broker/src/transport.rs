//! The bytes of one connection, whatever carries them.

use tokio::io::{AsyncRead, AsyncWrite};

/// A stream of bytes in both directions: a socket, or a pipe to a client in the same process.
pub trait Transport: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Transport for T {}
