//! A reader that skips what nobody looks at, through a buffer that stays in the cache.

use std::io::{Error, ErrorKind, Read, Result};
use std::net::TcpStream;

pub(crate) struct Stream {
    socket: TcpStream,
    buffer: Vec<u8>,
    start: usize,
    end: usize,
    position: u64,
}

impl Stream {
    pub(crate) fn new(socket: TcpStream) -> Self {
        Self { socket, buffer: vec![0; BUFFER_BYTES], start: 0, end: 0, position: 0 }
    }

    /// How many bytes were taken or skipped so far.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// The next bytes, at most `BUFFER_BYTES`.
    pub(crate) fn take(&mut self, count: usize) -> Result<&[u8]> {
        if self.start + count > self.buffer.len() {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        while self.end - self.start < count {
            self.fill()?;
        }
        self.start += count;
        self.position += count as u64;
        Ok(&self.buffer[self.start - count..self.start])
    }

    pub(crate) fn skip(&mut self, mut count: u64) -> Result<()> {
        self.position += count;
        loop {
            let here = count.min((self.end - self.start) as u64);
            self.start += here as usize;
            count -= here;
            if count == 0 {
                return Ok(());
            }
            self.fill()?;
        }
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        Ok(*self.take(N)?.first_chunk().expect("so many were taken"))
    }

    pub(crate) fn i16(&mut self) -> Result<i16> {
        self.array().map(i16::from_be_bytes)
    }

    pub(crate) fn i32(&mut self) -> Result<i32> {
        self.array().map(i32::from_be_bytes)
    }

    pub(crate) fn varint(&mut self) -> Result<u64> {
        let (mut value, mut shift) = (0, 0);
        loop {
            let [byte] = self.array()?;
            value |= u64::from(byte & 0x7f) << shift;
            shift += 7;
            if byte < 0x80 {
                return Ok(value);
            }
        }
    }

    fn fill(&mut self) -> Result<()> {
        if self.start == self.end {
            (self.start, self.end) = (0, 0);
        }
        match self.socket.read(&mut self.buffer[self.end..])? {
            0 => Err(Error::from(ErrorKind::UnexpectedEof)),
            count => {
                self.end += count;
                Ok(())
            }
        }
    }
}

const BUFFER_BYTES: usize = 256 << 10;
