//! Carries bytes between clients and nodes: late, in pieces, to the end or not.

use bytes::Buf;
use upsert_kafka_broker::{Answer, PeerId};
use upsert_kafka_client::Bytes;
use upsert_kafka_client::simulation::Output;

use super::plan::FIRST_PORT;
use super::tamper;
use super::wire::{Asked, Wire, WireId};
use super::world::{Event, World};

impl World {
    /// Takes what the client wants of the network.
    pub(crate) fn take_outputs(&mut self, client: usize) {
        while let Some(output) = self.clients[client].machine.poll_output() {
            match output {
                Output::Open { connection, address } => {
                    self.open(client, connection, i32::from(address.port - FIRST_PORT) + 1);
                }
                Output::Send { connection, bytes } => {
                    if let Some(wire) = self.clients[client].wires.get(&connection).copied() {
                        self.send(wire, bytes);
                    }
                }
                Output::Close { connection } => {
                    if let Some(wire) = self.clients[client].wires.remove(&connection) {
                        self.close_by_client(wire);
                    }
                }
            }
        }
    }

    fn open(&mut self, client: usize, connection: u64, node: i32) {
        self.next_wire += 1;
        let id = self.next_wire;
        let life = self.clients[client].life;
        self.clients[client].wires.insert(connection, id);
        let mut wire = Wire::new(client, life, connection, node, self.now);
        let live = self.is_live(node);
        let delay = self.delay();
        let calm = self.is_calm();
        // A dial that nobody answers at all.
        let silent = !calm && self.random.percent(3);
        trace!(self, "client {client} dials node {node}: wire {id}");
        if silent {
            (wire.broken, wire.broker_open) = (true, false);
        } else if live {
            self.at(delay, Event::Opened(id));
        } else {
            (wire.broken, wire.broker_open) = (true, false);
            self.at(delay, Event::DownEnd(id));
        }
        self.wires.insert(id, wire);
    }

    /// The client's kernel takes the bytes, or not all of them yet.
    fn send(&mut self, id: WireId, bytes: Bytes) {
        let stalls = !self.is_calm() && self.random.percent(4);
        let Some(wire) = self.wires.get_mut(&id) else { return };
        if !wire.unsent.is_empty() {
            wire.unsent.push_back(bytes);
            return;
        }
        if !stalls {
            return self.leave(id, bytes);
        }
        let at = self.random.range(0, bytes.len() as u64 - 1) as usize;
        let Some(wire) = self.wires.get_mut(&id) else { return };
        wire.unsent.push_back(bytes.slice(at..));
        trace!(self, "wire {id}: {at} of {} bytes have left", bytes.len());
        let delay = self.delay() * 3;
        self.at(delay, Event::Room(id));
        if at > 0 {
            self.leave(id, bytes.slice(..at));
        }
    }

    /// There is room again for what has not left.
    pub(crate) fn handle_room(&mut self, id: WireId) {
        while let Some(bytes) = self.wires.get_mut(&id).and_then(|wire| wire.unsent.pop_front()) {
            self.leave(id, bytes);
        }
    }

    /// The bytes are on their way, in one piece or in several.
    fn leave(&mut self, id: WireId, bytes: Bytes) {
        let Some(wire) = self.wires.get(&id) else { return };
        if !wire.client_open {
            return;
        }
        let (client, connection, broken) = (wire.client, wire.connection, wire.broken);
        self.clients[client].machine.handle_written(connection, bytes.len());
        if broken {
            return;
        }
        for piece in self.pieces(bytes) {
            let delay = self.delay();
            let Some(wire) = self.wires.get_mut(&id) else { return };
            wire.up_last = wire.up_last.max(self.now + delay);
            let at = wire.up_last;
            self.at_time(at, Event::Up(id, piece));
        }
    }

    fn pieces(&mut self, bytes: Bytes) -> Vec<Bytes> {
        if bytes.len() < 2 || self.is_calm() || !self.random.percent(20) {
            return vec![bytes];
        }
        let at = self.random.range(1, bytes.len() as u64 - 1) as usize;
        vec![bytes.slice(..at), bytes.slice(at..)]
    }

    /// Bytes reach the broker.
    pub(crate) fn handle_up(&mut self, id: WireId, bytes: &Bytes) {
        let Some(wire) = self.wires.get_mut(&id) else { return };
        if wire.up_lost || !wire.broker_open {
            return;
        }
        wire.arrive(bytes);
        self.work(id);
    }

    /// The client's end reaches the broker, which may work off what it has heard, or not.
    pub(crate) fn handle_up_end(&mut self, id: WireId) {
        let forgets = self.random.percent(50);
        let Some(wire) = self.wires.get_mut(&id) else { return };
        wire.ended = true;
        if forgets {
            wire.requests.clear();
        }
        self.work(id);
    }

    /// Hands the node the next request of a connection, if it is free for it.
    pub(crate) fn work(&mut self, id: WireId) {
        loop {
            let Some(wire) = self.wires.get_mut(&id) else { return };
            if !wire.broker_open || wire.at_work.is_some() || self.paused.contains_key(&wire.node) {
                return;
            }
            let Some(frame) = wire.requests.pop_front() else {
                if wire.ended {
                    wire.broker_open = false;
                    self.cluster.handle_gone(PeerId(id));
                }
                return;
            };
            let (node, asked) = (wire.node, Asked::of(&frame));
            wire.at_work = Some(asked);
            if !wire.client_open && asked.is_to_coordinator_of_transactions() {
                self.clients[wire.client].late_coordinator_request = true;
            }
            trace!(self, "node {node}, wire {id}: {}", tamper::request(&frame));
            let now = self.clock();
            self.cluster.handle_frame(PeerId(id), node, &frame, now);
            self.take_answers();
        }
    }

    /// Sends the answers of the broker on their way.
    pub(crate) fn take_answers(&mut self) {
        while let Some((PeerId(id), answer)) = self.cluster.poll_answer() {
            let Some(asked) = self.wires.get_mut(&id).and_then(|wire| wire.at_work.take()) else { continue };
            match answer {
                Answer::Frame(frame) => self.answer(id, frame.into_bytes(), asked),
                Answer::Silence => {}
                Answer::Close(why) => {
                    trace!(self, "wire {id}: the broker closes: {why}");
                    self.close_by_broker(id);
                }
                other => panic!("an answer of a login, where there is none: {other:?}"),
            }
            self.at(0, Event::Work(id));
        }
    }

    fn answer(&mut self, id: WireId, frame: Bytes, asked: Asked) {
        let frame = self.tampered(frame, asked);
        trace!(self, "wire {id}: answers {}", tamper::response(&frame, asked));
        let Some(wire) = self.wires.get(&id) else { return };
        if wire.broken || !wire.client_open {
            return;
        }
        for piece in self.pieces(frame) {
            let delay = self.delay();
            let Some(wire) = self.wires.get_mut(&id) else { return };
            wire.down_last = wire.down_last.max(self.now + delay);
            let at = wire.down_last;
            self.at_time(at, Event::Down(id, piece));
        }
    }

    /// Now and then a broker asks for a pause, or sends nonsense.
    fn tampered(&mut self, frame: Bytes, asked: Asked) -> Bytes {
        if self.is_calm() || !self.plan.tampers {
            return frame;
        }
        match self.random.range(0, 199) {
            0..=3 => {
                let pause_ms = self.random.range(1, 200) as i32;
                tamper::throttled(&frame, asked, pause_ms).unwrap_or(frame)
            }
            4 => frame.slice(..frame.len() - 1).chunk().to_vec().into(),
            _ => frame,
        }
    }

    /// Bytes reach the client.
    pub(crate) fn handle_down(&mut self, id: WireId, bytes: &Bytes) {
        let Some(wire) = self.wires.get(&id) else { return };
        if wire.down_lost || !wire.client_open || wire.life != self.clients[wire.client].life {
            return;
        }
        let (client, connection, now) = (wire.client, wire.connection, self.instant());
        self.clients[client].machine.handle_bytes(connection, bytes, now);
        self.look(client);
    }

    /// The client learns that the connection is gone.
    pub(crate) fn handle_down_end(&mut self, id: WireId) {
        let Some(wire) = self.wires.get_mut(&id) else { return };
        if !std::mem::replace(&mut wire.client_open, false) || wire.life != self.clients[wire.client].life {
            return;
        }
        let (client, connection, now) = (wire.client, wire.connection, self.instant());
        trace!(self, "client {client} learns that wire {id} is gone");
        self.clients[client].wires.remove(&connection);
        self.clients[client].machine.handle_closed(connection, now);
        self.look(client);
    }

    /// A dial was answered.
    pub(crate) fn handle_opened(&mut self, id: WireId) {
        let Some(wire) = self.wires.get(&id) else { return };
        if !wire.client_open || wire.life != self.clients[wire.client].life {
            return;
        }
        let (client, connection, now) = (wire.client, wire.connection, self.instant());
        self.clients[client].machine.handle_opened(connection, now);
        self.look(client);
    }

    /// What has left still arrives, unless the connection broke before.
    pub(crate) fn close_by_client(&mut self, id: WireId) {
        let delay = self.delay();
        let Some(wire) = self.wires.get_mut(&id) else { return };
        wire.client_open = false;
        wire.unsent.clear();
        let at = wire.up_last.max(self.now + delay);
        trace!(self, "wire {id} is closed by the client");
        self.at_time(at, Event::UpEnd(id));
    }

    fn close_by_broker(&mut self, id: WireId) {
        let delay = self.delay();
        let Some(wire) = self.wires.get_mut(&id) else { return };
        (wire.broker_open, wire.broken) = (false, true);
        wire.requests.clear();
        let at = wire.down_last.max(self.now + delay);
        self.at_time(at, Event::DownEnd(id));
    }

    /// The connection breaks: what is under way arrives or is lost, and each side learns of it in its time.
    pub(crate) fn break_wire(&mut self, id: WireId) {
        let (up_lost, down_lost) = (self.random.percent(50), self.random.percent(50));
        let (up, down) = (self.delay(), self.delay());
        // Sometimes the client hears nothing at all, and finds out by its own patience.
        let silent = self.random.percent(20);
        let Some(wire) = self.wires.get_mut(&id) else { return };
        wire.broken = true;
        wire.up_lost |= up_lost;
        wire.down_lost |= down_lost;
        let (up_at, down_at) = (wire.up_last.max(self.now + up), wire.down_last.max(self.now + down));
        trace!(self, "wire {id} breaks; under way lost: to the broker {up_lost}, to the client {down_lost}");
        self.at_time(up_at, Event::UpEnd(id));
        if !silent {
            self.at_time(down_at, Event::DownEnd(id));
        }
    }

    /// All connections of a node are cut off.
    pub(crate) fn cut_node(&mut self, node: i32) {
        let of_node = self.wires.iter().filter(|(_, wire)| wire.node == node && wire.broker_open);
        let cut: Vec<WireId> = of_node.map(|(id, _)| *id).collect();
        for id in cut {
            if let Some(wire) = self.wires.get_mut(&id) {
                (wire.up_lost, wire.at_work) = (true, None);
            }
            self.cluster.handle_gone(PeerId(id));
            self.close_by_broker(id);
        }
    }
}
