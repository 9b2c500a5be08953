//! The one writer for standard output: buffered, and quiet when whoever read it has gone.

use std::fs::File;
use std::future::pending;
use std::io::{BufWriter, ErrorKind, IsTerminal, Write};
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::Errno;
use tokio::sync::oneshot;

use crate::exit::{Exit, Failure};

/// Standard output. What is written waits in a buffer until it is full or [`Output::flush`] is called.
pub(crate) struct Output {
    to: BufWriter<Box<dyn Write + Send>>,
    columns: Option<usize>,
}

impl Output {
    /// Takes the process's standard output.
    ///
    /// # Errors
    /// When the process has none.
    pub(crate) fn standard() -> Result<Self, Failure> {
        let standard = std::io::stdout();
        // Not by way of the library's own buffer, which would write every line by itself.
        let file = standard.as_fd().try_clone_to_owned().map(File::from).map_err(|e| failed(&e))?;
        let columns = standard.is_terminal().then(|| columns_of(&file)).flatten();
        Ok(Self { to: BufWriter::with_capacity(BUFFER_BYTES, Box::new(Patient(file))), columns })
    }

    /// How many columns a terminal has; `None` for a file, a pipe or a terminal that does not say.
    pub(crate) fn columns(&self) -> Option<usize> {
        self.columns
    }

    /// Writes bytes as they are.
    ///
    /// # Errors
    /// [`Failure::is_quiet`] when nobody reads any more, else [`Exit::Running`] with the reason.
    pub(crate) fn write(&mut self, bytes: impl AsRef<[u8]>) -> Result<(), Failure> {
        self.to.write_all(bytes.as_ref()).map_err(|e| failed(&e))
    }

    /// Hands over all that waits in the buffer.
    ///
    /// # Errors
    /// As [`Output::write`].
    pub(crate) fn flush(&mut self) -> Result<(), Failure> {
        self.to.flush().map_err(|e| failed(&e))
    }
}

/// Waits until whoever reads standard output has left, for a command that may have nothing to write for long. Where
/// the system does not tell, it waits for ever. Cancel-safe; a thread stays behind.
pub(crate) async fn reader_left() {
    let (tell, told) = oneshot::channel();
    if let Ok(fd) = std::io::stdout().as_fd().try_clone_to_owned() {
        // A thread that cannot be had tells nothing.
        let _ = std::thread::Builder::new().name("reader".into()).spawn(move || {
            if wait_for(&fd, PollFlags::empty())
                .is_ok_and(|it| it.intersects(PollFlags::ERR | PollFlags::HUP))
            {
                let _ = tell.send(());
            }
        });
    }
    if told.await.is_err() {
        pending::<()>().await;
    }
}

/// Waits for one of these, or for what is always told: that the other side has left.
fn wait_for(fd: &OwnedFd, flags: PollFlags) -> Result<PollFlags, Errno> {
    loop {
        let mut fds = [PollFd::new(fd, flags)];
        match poll(&mut fds, None) {
            Err(Errno::INTR) => {}
            outcome => return outcome.map(|_| fds[0].revents()),
        }
    }
}

/// A file that others may have made non-blocking, since they share it: it waits for room all the same.
struct Patient(File);

impl Write for Patient {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        loop {
            match self.0.write(bytes) {
                Err(e) if e.kind() == ErrorKind::WouldBlock => {
                    wait_for(&self.0.as_fd().try_clone_to_owned()?, PollFlags::OUT)?;
                }
                outcome => return outcome,
            }
        }
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// What a write to standard output came to: that its reader has left is no fault of this program.
pub(crate) fn failed(error: &std::io::Error) -> Failure {
    match error.kind() {
        ErrorKind::BrokenPipe => Failure::quiet(),
        _ => Failure::new(Exit::Running, format!("standard output: {error}")),
    }
}

fn columns_of(terminal: &File) -> Option<usize> {
    let size = rustix::termios::tcgetwinsize(terminal).ok()?;
    Some(usize::from(size.ws_col)).filter(|columns| *columns > 0)
}

/// So much is written at once.
const BUFFER_BYTES: usize = 64 * 1024;

#[cfg(test)]
impl Output {
    /// Writes into a buffer that the test keeps a handle of.
    pub(crate) fn to(writer: impl Write + Send + 'static, columns: Option<usize>) -> Self {
        Self { to: BufWriter::new(Box::new(writer)), columns }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken(ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_pipe_that_does_not_block_is_waited_for() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let writer = File::from(OwnedFd::from(writer));
        rustix::io::ioctl_fionbio(&writer, true).unwrap();
        let read = std::thread::spawn(move || std::io::copy(&mut reader, &mut std::io::sink()).unwrap());
        let mut output = Output::to(Patient(writer), None);
        output.write(vec![b'x'; 10 << 20]).and_then(|()| output.flush()).unwrap();
        drop(output);
        assert_eq!(read.join().unwrap(), 10 << 20);
    }

    #[test]
    fn a_reader_that_left_is_quiet_and_a_full_disk_is_not() {
        let outcome = |kind| {
            let mut output = Output::to(Broken(kind), None);
            output.write("x").and_then(|()| output.flush()).expect_err("a broken writer")
        };
        let gone = outcome(ErrorKind::BrokenPipe);
        assert_eq!((gone.exit, gone.is_quiet()), (Exit::Done, true));
        let full = outcome(ErrorKind::StorageFull);
        assert_eq!((full.exit, full.is_quiet()), (Exit::Running, false));
        assert!(full.message.starts_with("standard output: "), "{full}");
    }
}
