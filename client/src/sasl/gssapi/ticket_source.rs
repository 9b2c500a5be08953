//! Where a first ticket may come from.

use std::path::Path;

use crate::Secret;
use crate::config::KerberosLogin;

/// One of the places that a first ticket may come from.
#[derive(Clone, Copy, Debug)]
pub(super) enum TicketSource<'a> {
    Cache(&'a Path),
    Keytab(&'a Path),
    Password(&'a Secret),
}

impl KerberosLogin {
    /// Where a ticket may come from, in the order in which Java looks: the cache, the keytab, the password.
    pub(super) fn sources(&self) -> Vec<TicketSource<'_>> {
        let cache = self.ticket_cache.as_deref().map(TicketSource::Cache);
        let keytab = self.keytab.as_deref().map(TicketSource::Keytab);
        let password = self.password.as_ref().map(TicketSource::Password);
        [cache, keytab, password].into_iter().flatten().collect()
    }
}
