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
use veracruz_evidence::{Evidence, ReportData};

/// Questions that may wait. Further ones wait where they are asked.
const QUEUE: usize = 16;

/// Where connections ask.
pub(crate) struct Attestor(mpsc::Sender<Question>);

struct Question {
    report_data: ReportData,
    answer: oneshot::Sender<Option<Evidence>>,
}

impl Attestor {
    pub(crate) fn start(source: Arc<dyn EvidenceSource>) -> Result<Self, Fault> {
        let (sender, mut questions) = mpsc::channel::<Question>(QUEUE);
        essential("evidence", move || {
            while let Some(question) = questions.blocking_recv() {
                // Who asked may have left.
                if !question.answer.is_closed() {
                    let evidence = source.evidence(&question.report_data).ok();
                    drop(question.answer.send(evidence));
                }
            }
        })?;
        Ok(Self(sender))
    }

    /// Evidence over `report_data`; `None` where the platform gives none.
    pub(crate) async fn evidence(&self, report_data: ReportData) -> Option<Evidence> {
        let (answer, evidence) = oneshot::channel();
        let question = Question {
            report_data,
            answer,
        };
        self.0.send(question).await.ok()?;
        evidence.await.ok()?
    }
}
