//! A connection opened by hand, a stage at a time, each with what was learnt of it: for whoever asks why it fails.

use std::time::Duration;

use tokio::time::timeout_at;
use upsert_kafka_protocol::Request;

use super::authenticate::Requester;
use super::handshake::Handshake;
use super::open::{Connector, negotiate};
use super::queued_request::api_name;
use super::versions::BrokerVersions;
use crate::config::Address;
use crate::diagnosis::{DiagnosisOutcome, DiagnosisStage, DiagnosisStep, HandshakeFacts};
use crate::environment::Transport;
use crate::{Error, ErrorKind};

/// How far a visit to a listener came.
pub(crate) struct Visit {
    /// Each stage that was tried; the last one failed where there is no connection.
    pub(crate) steps: Vec<DiagnosisStep>,
    pub(crate) opened: Option<VisitedBroker>,
}

/// A listener that let the client in.
pub(crate) struct VisitedBroker {
    handshake: Handshake<Box<dyn Transport>>,
    versions: BrokerVersions,
}

impl VisitedBroker {
    /// Asks at the highest version that both know, but not above `max`.
    pub(crate) async fn ask<R: Request + Send + Sync + 'static>(
        &mut self,
        request: R,
        max: i16,
        limit: Duration,
    ) -> Result<R::Response, Error> {
        let version = self.versions.pick(R::KEY, R::CURRENT, max).map_err(|_| {
            let sentence = "the broker does not offer it at a version that is known here";
            Error::new(ErrorKind::Unsupported, sentence).with_api(api_name::<R>())
        })?;
        match tokio::time::timeout(limit, self.handshake.ask(request, version)).await {
            Ok(answered) => answered,
            Err(_) => Err(late(limit).with_api(api_name::<R>())),
        }
    }
}

impl Connector {
    /// Goes through the stages of a connection. Each may take `socket.connection.setup.timeout.ms`.
    pub(crate) async fn visit(&self, subject: &str, address: &Address) -> Visit {
        let mut visit = Visit { steps: Vec::new(), opened: None };
        // The step that failed says the rest.
        let _failed = self.visit_stages(subject, address, &mut visit).await;
        visit
    }

    async fn visit_stages(&self, subject: &str, address: &Address, visit: &mut Visit) -> Result<(), ()> {
        let steps = &mut visit.steps;
        let found = self.step(subject, DiagnosisStage::Dns, steps, self.resolved(address)).await?;
        let facts = &mut steps.last_mut().ok_or(())?.facts;
        facts.push(("addresses", found));
        let deadline = self.environment.clock().now() + self.config.connection_setup_timeout;
        let stream = self.step(subject, DiagnosisStage::Tcp, steps, self.dial(address, deadline)).await?;
        let stream = if self.config.security_protocol.has_tls() {
            self.tls(subject, stream, address, steps).await?
        } else {
            steps.push(skipped(subject, DiagnosisStage::Tls, "security.protocol has no TLS"));
            stream
        };
        let mut handshake = Handshake::new(stream, self.client_id(), self.config.response_bytes_max);
        let versions =
            self.step(subject, DiagnosisStage::ApiVersions, steps, negotiate(&mut handshake)).await?;
        if self.config.security_protocol.has_sasl() {
            let login = self.authenticate(&mut handshake, address, &versions);
            self.step(subject, DiagnosisStage::Sasl, steps, login).await?;
            let step = steps.last_mut().ok_or(())?;
            step.facts.push(("mechanism", self.config.sasl.mechanism.to_string()));
        } else {
            steps.push(skipped(subject, DiagnosisStage::Sasl, "security.protocol has no login"));
        }
        visit.opened = Some(VisitedBroker { handshake, versions });
        Ok(())
    }

    /// The chain that the broker presented is told whether or not it is trusted.
    async fn tls(
        &self,
        subject: &str,
        stream: Box<dyn Transport>,
        address: &Address,
        steps: &mut Vec<DiagnosisStep>,
    ) -> Result<Box<dyn Transport>, ()> {
        let now = self.environment.clock().unix_ms().div_euclid(1000);
        let mut told = HandshakeFacts::default();
        let probe = async {
            let (stream, facts) = self.security.probe(stream, address, now).await;
            told = facts;
            stream
        };
        let stream = self.step(subject, DiagnosisStage::Tls, steps, probe).await;
        if let Some(step) = steps.last_mut() {
            step.facts = told.facts;
            if let (Ok(_), Some(warning)) = (&stream, told.warning) {
                step.outcome = DiagnosisOutcome::Warned(warning);
            }
        }
        stream
    }

    async fn resolved(&self, address: &Address) -> Result<String, Error> {
        let found = self.environment.dialer().resolve(address).await;
        match found.map_err(|error| super::handshake::unreachable(error.to_string()).with_cause(error))? {
            Some(ips) => Ok(ips.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
            None => Ok("looked up by the application's dialer".to_owned()),
        }
    }

    /// Does one stage in its time, and notes how it went.
    async fn step<T>(
        &self,
        subject: &str,
        stage: DiagnosisStage,
        steps: &mut Vec<DiagnosisStep>,
        work: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, ()> {
        let (clock, limit) = (self.environment.clock(), self.config.connection_setup_timeout);
        let began = clock.now();
        let done = timeout_at((began + limit).into(), work).await.unwrap_or_else(|_| Err(late(limit)));
        let elapsed = clock.since(began);
        let (step, done) = match done {
            Ok(done) => (DiagnosisStep::new(subject, stage, DiagnosisOutcome::Passed), Ok(done)),
            Err(why) => (DiagnosisStep::failed(subject, stage, why), Err(())),
        };
        steps.push(DiagnosisStep { elapsed, ..step });
        done
    }
}

fn skipped(subject: &str, stage: DiagnosisStage, why: &'static str) -> DiagnosisStep {
    DiagnosisStep::new(subject, stage, DiagnosisOutcome::Skipped(why))
}

fn late(limit: Duration) -> Error {
    Error::new(ErrorKind::Timeout, format!("no answer within {} ms", limit.as_millis()))
}
