//! GSSAPI: a login by Kerberos, whose tickets one task holds, buys and renews.
//!
//! ```text
//! connections            task (one a client)                                KDC
//! start(broker)  ->      has no first ticket: keytab, password or cache  <->  AS
//!                        has no ticket for kafka/<broker>@REALM           <->  TGS, in each realm on the way
//!                <-      the ticket
//!                        at sasl.kerberos.ticket.renew.window.factor      <->  the first ticket anew
//! ```
//!
//! Files are read when a client is opened, so that a wrong path is told at once, and again at every login, so that a new
//! keytab or a new cache is taken.

use std::net::IpAddr;
use std::sync::Arc;

use tokio::sync::{OnceCell, mpsc, oneshot, watch};
use upsert_kafka_kerberos::{Ticket, UnixTime};

use super::rsasl::begin_own;
use super::{Login, Mechanism, Starting};
use crate::clock_skew::ClockSkew;
use crate::config::{Address, LoginModule, SaslMechanism};
use crate::environment::Environment;
use crate::{Config, Error, ErrorKind};

mod entropy;
mod exchange;
mod files;
mod realm;
mod shown_ticket;
mod task;
mod ticket_source;
mod tickets;

use exchange::KerberosExchange;
use realm::Kerberos;
use shown_ticket::ShownTicket;
use task::{LoginTask, TicketOrder};

/// The login that the settings ask for.
///
/// # Errors
/// No login module, or a krb5.conf, a keytab or a principal that cannot be used.
pub(super) fn open(config: &Config, environment: &Environment) -> Result<Arc<dyn Login>, Error> {
    let login = match &config.sasl.login {
        Some(LoginModule::Kerberos(login)) => login,
        Some(_) => return Err(unusable("property sasl.jaas.config is for another mechanism than GSSAPI")),
        None => return Err(unusable("property sasl.mechanism is GSSAPI, which needs a login")),
    };
    let kerberos = Kerberos::open(config, login)?;
    Ok(Arc::new(GssapiLogin {
        kerberos: Arc::new(kerberos),
        environment: environment.clone(),
        orders: OnceCell::new(),
        clock_skew: watch::Sender::new(None),
    }))
}

fn unusable(what: &str) -> Error {
    let sentence = format!(
        "{what}: set sasl.jaas.config to com.sun.security.auth.module.Krb5LoginModule required useKeyTab=true \
         keyTab=\"FILE\" principal=\"NAME@REALM\";"
    );
    Error::new(ErrorKind::Config, sentence)
}

/// A login by Kerberos; its task begins with the first connection.
struct GssapiLogin {
    kerberos: Arc<Kerberos>,
    environment: Environment,
    orders: OnceCell<mpsc::Sender<TicketOrder>>,
    /// Told by the task.
    clock_skew: watch::Sender<Option<ClockSkew>>,
}

impl std::fmt::Debug for GssapiLogin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GssapiLogin({})", self.kerberos.named())
    }
}

impl Login for GssapiLogin {
    fn start<'a>(&'a self, broker: &'a Address) -> Starting<'a> {
        Box::pin(async move {
            let (ticket, at) = self.ticket(broker).await?;
            let (environment, shown) = (self.environment.clone(), Arc::clone(&ticket));
            let exchange = begin_own(SaslMechanism::Gssapi, move || {
                Box::new(KerberosExchange::new(Arc::clone(&ticket), at, environment.clone()))
            })?;
            Ok(Box::new(ShownTicket::new(exchange, shown)) as Box<dyn Mechanism>)
        })
    }

    fn clock_skew(&self) -> Option<ClockSkew> {
        self.clock_skew.borrow().clone()
    }
}

impl GssapiLogin {
    /// A ticket for that broker, and a moment that no other exchange has.
    async fn ticket(&self, broker: &Address) -> Result<(Arc<Ticket>, UnixTime), Error> {
        let begin = || async {
            let (sender, orders) = mpsc::channel(ORDERS_MAX);
            let (kerberos, environment) = (Arc::clone(&self.kerberos), self.environment.clone());
            tokio::spawn(LoginTask::new(kerberos, environment, orders, self.clock_skew.clone()).run());
            sender
        };
        let orders = self.orders.get_or_init(begin).await;
        let (answer, answered) = oneshot::channel();
        let gone = |_| Error::new(ErrorKind::Closed, "the login by Kerberos has ended");
        let service = self.kerberos.service(&service_host(&broker.host));
        orders.send(TicketOrder { service, answer }).await.map_err(|_| gone(()))?;
        answered.await.map_err(|_| gone(()))?
    }
}

/// A broker's host in its principal. Java asks DNS for the name of an IP; this client takes what every machine says of
/// itself, and leaves other IPs as they are.
fn service_host(host: &str) -> String {
    match host.parse::<IpAddr>() {
        Ok(ip) if ip.is_loopback() => "localhost".to_owned(),
        _ => host.trim_end_matches('.').to_ascii_lowercase(),
    }
}

/// Connections that wait for a ticket at once.
const ORDERS_MAX: usize = 64;

#[cfg(test)]
mod tests;
