//! From a quote to the platform that made it.

use data_encoding::HEXLOWER;
use veracruz_evidence::Technology;
use veracruz_policy::{Chips, TcbException, Timestamp};

use super::chain::Chain;
use super::document::Signers;
use super::pck::Pck;
use super::qe::{QeIdentity, check_signatures};
use super::quote::{Body, Quote};
use super::second;
use super::tcb::{Evaluated, TcbInfo};
use crate::x509::Certificate;
use crate::{AppraisalError, Collateral, Fact};

/// The machine that an authentic quote is from, with what Intel says about it.
pub(crate) struct Platform<'c> {
    chain: Chain<'c>,
    tcb_info: TcbInfo<'c>,
    tcb_signer: Certificate<'c>,
    qe_identity: QeIdentity<'c>,
    qe_signer: Certificate<'c>,
    root_list: &'c [u8],
    pck_list: &'c [u8],
    now: Timestamp,
}

impl<'c> Platform<'c> {
    /// Whether the quote was signed by a quoting enclave that a platform of Intel's vouches for,
    /// and whether that platform's certificates and Intel's documents about it are valid at `now`.
    ///
    /// # Errors
    /// `Malformed`, `BadChain`, `UntrustedRoot`, `BadSignature`, `BadAlgorithm`, `AttesterMismatch`,
    /// `MissingCollateral`, `WrongCollateral`, `Expired`, `NotYetValid`, `Revoked`.
    pub(crate) fn authenticate(
        quote: &'c Quote<'_>,
        collateral: &'c Collateral,
        now: Timestamp,
    ) -> Result<Self, AppraisalError> {
        let chain = Chain::build(quote, collateral)?;
        check_signatures(quote, &chain.leaf.key()?)?;

        let (id, qe_id) = match &quote.body {
            Body::Enclave(_) => ("SGX", "QE"),
            Body::Td(_) => ("TDX", "TD_QE"),
        };
        let tcb_info = TcbInfo::find(collateral, id, &chain, now)?;
        let qe_identity = QeIdentity::find(collateral, qe_id, &chain, now)?;
        let signers = Signers::find(&chain, collateral)?;
        let tcb_signer = signers.verify(&tcb_info.document, now)?;
        let qe_signer = signers.verify(&qe_identity.document, now)?;

        chain.check_validity(collateral, now)?;
        chain.check_listed(&tcb_signer, &chain.root, collateral, now)?;
        if qe_signer.der() != tcb_signer.der() {
            chain.check_listed(&qe_signer, &chain.root, collateral, now)?;
        }
        let root_list = chain.list_in_force(&chain.root, collateral, now)?;
        let pck_list = chain.list_in_force(&chain.authority, collateral, now)?;
        tcb_info.check_dates(now)?;
        qe_identity.check_dates(now)?;
        Ok(Self {
            chain,
            tcb_info,
            tcb_signer,
            qe_identity,
            qe_signer,
            root_list,
            pck_list,
            now,
        })
    }

    /// Whether the platform's firmware and Intel's own enclaves are up to date, or what is wrong
    /// with them is accepted by `exceptions`; then whether the second verifier agrees.
    ///
    /// `content` are the bytes of the quote, for the second opinion.
    ///
    /// # Errors
    /// `AttesterMismatch`, `ConfigurationNotAllowed`, `StaleTcb`, `BadChain`.
    pub(crate) fn judge(
        &self,
        content: &[u8],
        quote: &Quote<'_>,
        exceptions: &[TcbException],
    ) -> Result<Judged, AppraisalError> {
        let chain = &self.chain;
        let td = match &quote.body {
            Body::Enclave(_) => None,
            Body::Td(report) => Some(report),
        };
        let mut evaluated = self.tcb_info.evaluate(&chain.pck, td)?;
        self.qe_identity.check(quote, &mut evaluated)?;
        let Evaluated {
            shortcomings,
            tcb_date,
        } = evaluated;
        let warning = shortcomings.judge(exceptions)?;
        let used = second::Used {
            chain,
            root_list: self.root_list,
            pck_list: self.pck_list,
            tcb_info: (self.tcb_info.document, &self.tcb_signer),
            qe_identity: (self.qe_identity.document, &self.qe_signer),
        };
        second::check(content, &used, &shortcomings, self.now)?;
        let fact = |name, value| Fact { name, value };
        Ok(Judged {
            warning,
            facts: vec![
                fact("TCB status", shortcomings.words()),
                fact("tcbDate", tcb_date),
                fact(
                    "tcbEvaluationDataNumber",
                    self.tcb_info.evaluation_number().to_string(),
                ),
                fact("TCB info issued", self.tcb_info.issued().to_string()),
            ],
        })
    }

    /// Whether it is one of the machines that the policy names, by PPID.
    ///
    /// # Errors
    /// `ChipMismatch`.
    pub(crate) fn check_chip(&self, chips: &Chips) -> Result<(), AppraisalError> {
        let ppid = &self.chain.pck.ppid;
        match chips {
            Chips::Named(named) if !chips.accepts(ppid) => Err(AppraisalError::ChipMismatch {
                expected: named.iter().map(ToString::to_string).collect(),
                found: HEXLOWER.encode(ppid),
            }),
            _ => Ok(()),
        }
    }

    /// What its certificate says about it.
    pub(crate) fn facts(&self) -> Vec<Fact> {
        let Pck {
            ppid,
            pce_svn,
            cpu_svn,
            pce_id,
            sgx_type,
            instance_id,
            dynamic,
            cached_keys,
            smt,
            components: _,
            fmspc: _,
        } = &self.chain.pck;
        let mut facts = Vec::new();
        let mut fact = |name, value| facts.push(Fact { name, value });
        fact("PPID", HEXLOWER.encode(ppid));
        fact("FMSPC", self.chain.fmspc());
        fact("PCK CA", self.chain.authority_id().into());
        fact("CPUSVN", HEXLOWER.encode(cpu_svn));
        fact("PCESVN", pce_svn.to_string());
        fact("PCEID", HEXLOWER.encode(pce_id));
        let kind = match sgx_type {
            0 => "standard".into(),
            1 => "scalable".into(),
            2 => "scalable with integrity".into(),
            other => other.to_string(),
        };
        fact("SGX type", kind);
        if let Some(id) = instance_id {
            fact("platform instance id", HEXLOWER.encode(id));
        }
        for (name, flag) in [
            ("dynamic platform", dynamic),
            ("cached keys", cached_keys),
            ("SMT enabled", smt),
        ] {
            if let Some(flag) = flag {
                fact(name, flag.to_string());
            }
        }
        facts
    }
}

/// A platform that is good enough.
pub(crate) struct Judged {
    /// What was accepted by an exception.
    pub(crate) warning: Option<String>,
    pub(crate) facts: Vec<Fact>,
}

/// Refuses a quote of another technology than the one asked about.
pub(crate) fn expect(quote: &Quote<'_>, expected: Technology) -> Result<(), AppraisalError> {
    if quote.technology() == expected {
        return Ok(());
    }
    Err(quote.wrong_technology(expected))
}
