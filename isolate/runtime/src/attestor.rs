//! Evidence for connections, one question at a time.
//!
//! The platform may take its time, and one participant may ask again and again. Questions wait in
//! a short queue, for a thread that exists from the start: no number of them takes threads or
//! memory from anybody, and connections that wait do not keep others from being served.

use crate::fault::Fault;
use crate::platform::EvidenceSource;
use crate::work::essential;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use veracruz_evidence::tpm::Credential;
use veracruz_evidence::{Evidence, ReportData};

/// Questions that may wait. Further ones wait where they are asked.
const QUEUE: usize = 16;

/// Where connections ask.
pub(crate) struct Attestor(mpsc::Sender<Question>);

enum Question {
    Evidence(ReportData, Answer<Evidence>),
    Credential(Credential, Answer<Vec<u8>>),
}

type Answer<T> = oneshot::Sender<Option<T>>;

impl Attestor {
    pub(crate) fn start(source: Arc<dyn EvidenceSource>) -> Result<Self, Fault> {
        let (sender, mut questions) = mpsc::channel::<Question>(QUEUE);
        essential("evidence", move || {
            while let Some(question) = questions.blocking_recv() {
                match question {
                    Question::Evidence(report_data, answer) => {
                        give(answer, || source.evidence(&report_data).ok());
                    }
                    Question::Credential(credential, answer) => {
                        give(answer, || source.activate(&credential).ok());
                    }
                }
            }
        })?;
        Ok(Self(sender))
    }

    /// Evidence over `report_data`; `None` where the platform gives none.
    pub(crate) async fn evidence(&self, report_data: ReportData) -> Option<Evidence> {
        self.ask(|answer| Question::Evidence(report_data, answer))
            .await
    }

    /// The secret in a credential; `None` where the platform does not open it.
    pub(crate) async fn activate(&self, credential: Credential) -> Option<Vec<u8>> {
        self.ask(|answer| Question::Credential(credential, answer))
            .await
    }

    async fn ask<T>(&self, question: impl FnOnce(Answer<T>) -> Question) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        self.0.send(question(answer)).await.ok()?;
        answered.await.ok()?
    }
}

/// Answers, unless whoever asked has left.
fn give<T>(answer: Answer<T>, find: impl FnOnce() -> Option<T>) {
    if !answer.is_closed() {
        drop(answer.send(find()));
    }
}
