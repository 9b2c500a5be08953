//! A terminal that a program has for itself: a second screen, without what is typed on it.

use std::io::Write;
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};

/// The screen, until it is dropped.
pub(super) struct Screen {
    /// What the terminal was like before.
    before: Termios,
}

/// What was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Key {
    Quit,
    Up,
    Down,
    PageUp,
    PageDown,
    Home,
    End,
}

impl Screen {
    /// Takes the terminal; `None` where it is none. Ctrl-C is a signal still.
    pub(super) fn enter() -> Option<Self> {
        let before = tcgetattr(std::io::stdin().as_fd()).ok()?;
        let mut own = before.clone();
        own.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO);
        tcsetattr(std::io::stdin().as_fd(), OptionalActions::Now, &own).ok()?;
        write(ENTER);
        Some(Self { before })
    }

    /// What was typed since, without waiting.
    pub(super) fn keys(&mut self) -> Vec<Key> {
        let stdin = std::io::stdin();
        let mut fds = [PollFd::new(&stdin, PollFlags::IN)];
        let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
        if !poll(&mut fds, Some(&at_once)).is_ok_and(|ready| ready > 0) {
            return Vec::new();
        }
        let mut bytes = [0; TYPED_BYTES];
        match rustix::io::read(&stdin, &mut bytes) {
            // Whoever typed has left.
            Ok(0) => vec![Key::Quit],
            Ok(count) => keys(&bytes[..count]),
            Err(_) => Vec::new(),
        }
    }

    /// Columns and rows of the terminal now.
    pub(super) fn size(&self) -> (usize, usize) {
        let size = tcgetwinsize(std::io::stdout().as_fd()).ok();
        let size = size.map(|it| (usize::from(it.ws_col), usize::from(it.ws_row)));
        size.filter(|(columns, rows)| *columns > 0 && *rows > 0).unwrap_or((80, 24))
    }

    /// Rows of the terminal now.
    pub(super) fn rows(&self) -> usize {
        self.size().1
    }

    /// Shows these lines and nothing else.
    pub(super) fn draw(&mut self, lines: &[String]) {
        let end = "\x1b[K";
        write(&format!("\x1b[H{}{end}\x1b[J", lines.join(&format!("{end}\r\n"))));
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        write(LEAVE);
        // A terminal that has gone has no state.
        let _ = tcsetattr(std::io::stdin().as_fd(), OptionalActions::Now, &self.before);
    }
}

fn write(text: &str) {
    let mut out = std::io::stdout().lock();
    // A terminal that has gone ends the query by its hang-up.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// The second screen, without a cursor.
const ENTER: &str = "\x1b[?1049h\x1b[?25l";
const LEAVE: &str = "\x1b[?25h\x1b[?1049l";

/// So much is read of what was typed at once; the rest comes next time.
const TYPED_BYTES: usize = 64;

/// What keys send.
const KEYS: &[(&[u8], Key)] = &[
    (b"\x1b[A", Key::Up),
    (b"\x1bOA", Key::Up),
    (b"\x1b[B", Key::Down),
    (b"\x1bOB", Key::Down),
    (b"\x1b[5~", Key::PageUp),
    (b"\x1b[6~", Key::PageDown),
    (b"\x1b[H", Key::Home),
    (b"\x1b[1~", Key::Home),
    (b"\x1b[F", Key::End),
    (b"\x1b[4~", Key::End),
    (b"k", Key::Up),
    (b"j", Key::Down),
    (b" ", Key::PageDown),
    (b"g", Key::Home),
    (b"G", Key::End),
    (b"q", Key::Quit),
    (b"Q", Key::Quit),
    // Ctrl-D.
    (b"\x04", Key::Quit),
];

fn keys(mut bytes: &[u8]) -> Vec<Key> {
    let mut keys = Vec::new();
    while let Some((_, rest)) = bytes.split_first() {
        let known = KEYS.iter().find(|(sent, _)| bytes.starts_with(sent));
        keys.extend(known.map(|(_, key)| *key));
        bytes = known.map_or(rest, |(sent, _)| &bytes[sent.len()..]);
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_told_by_what_they_send_and_others_are_passed_over() {
        assert_eq!(keys(b"x\x1b[Ak\x1b[6~\x1b[Zq"), [Key::Up, Key::Up, Key::PageDown, Key::Quit]);
        assert!(keys(b"").is_empty() && keys("é".as_bytes()).is_empty());
    }
}
