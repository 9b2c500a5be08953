//! The search for any broker that answers.

use std::time::Instant;

use super::connections::Connections;
use super::progress::{BrokerSearch, Found};

impl Connections {
    /// An open connection by chance, else all that is known in random order, then where to begin.
    pub(super) fn search(&mut self) -> BrokerSearch {
        let open: Vec<u64> =
            self.links.iter().filter(|(_, link)| link.is_open()).map(|(id, _)| *id).collect();
        let link = open.get(self.chance.bits() as usize % open.len().max(1)).copied();
        let mut left: Vec<_> =
            self.nodes.iter().map(|(id, node)| (Some(*id), node.address.clone())).collect();
        left.sort_by_cached_key(|_| self.chance.bits());
        let servers = self.config.bootstrap_servers.iter().map(|address| (None, address.clone()));
        let mut left: Vec<_> = left.into_iter().chain(servers).collect();
        left.reverse();
        BrokerSearch { link, left }
    }

    /// The connection of a search, when it is open.
    pub(super) fn found(&mut self, search: &mut BrokerSearch, now: Instant) -> Found {
        loop {
            match search.link.map(|link| (link, self.links.get(&link))) {
                Some((link, Some(open))) if open.is_open() => return Found::Connection(link),
                Some((_, Some(_))) => return Found::NotYet,
                Some((_, None)) | None => {}
            }
            let Some((node, address)) = search.left.pop() else { return Found::Nobody };
            let known = node.and_then(|id| self.nodes.get(&id)).and_then(|node| node.link);
            search.link = Some(known.unwrap_or_else(|| self.dial(node, address, now)));
        }
    }
}
