//! The bodies of quotes: what the processor or the TDX module says about an isolate.

use super::reader::Reader;
use crate::AppraisalError;

/// Report of an enclave: REPORTBODY of 384 bytes (Intel SDM, volume 3D, table 40-22). Quoting
/// enclaves have one too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EnclaveReport<'q> {
    pub(crate) misc_select: u32,
    pub(crate) isv_ext_prod_id: &'q [u8; 16],
    /// ATTRIBUTES.FLAGS.
    pub(crate) flags: u64,
    /// ATTRIBUTES.XFRM.
    pub(crate) xfrm: u64,
    /// Both, as they stand.
    pub(crate) attributes: &'q [u8; 16],
    pub(crate) mr_enclave: &'q [u8; 32],
    pub(crate) mr_signer: &'q [u8; 32],
    pub(crate) config_id: &'q [u8; 64],
    pub(crate) isv_prod_id: u16,
    pub(crate) isv_svn: u16,
    pub(crate) config_svn: u16,
    pub(crate) isv_family_id: &'q [u8; 16],
    pub(crate) report_data: &'q [u8; 64],
}

impl<'q> EnclaveReport<'q> {
    pub(super) const LENGTH: usize = 384;

    pub(super) fn parse(bytes: &'q [u8], part: &'static str) -> Result<Self, AppraisalError> {
        let mut reader = Reader::new(bytes, part);
        reader.bytes(16, "CPUSVN")?;
        let misc_select = reader.u32("MISCSELECT")?;
        reader.bytes(12, "a reserved field")?;
        let isv_ext_prod_id = reader.array("ISVEXTPRODID")?;
        let attributes: &[u8; 16] = reader.array("ATTRIBUTES")?;
        let mr_enclave = reader.array("MRENCLAVE")?;
        reader.bytes(32, "a reserved field")?;
        let mr_signer = reader.array("MRSIGNER")?;
        reader.bytes(32, "a reserved field")?;
        let config_id = reader.array("CONFIGID")?;
        let isv_prod_id = reader.u16("ISVPRODID")?;
        let isv_svn = reader.u16("ISVSVN")?;
        let config_svn = reader.u16("CONFIGSVN")?;
        reader.bytes(42, "a reserved field")?;
        let isv_family_id = reader.array("ISVFAMILYID")?;
        let report_data = reader.array("REPORTDATA")?;
        reader.finish()?;
        let mut halves = Reader::new(attributes, part);
        let flags = u64::from_le_bytes(*halves.array("ATTRIBUTES.FLAGS")?);
        let xfrm = u64::from_le_bytes(*halves.array("ATTRIBUTES.XFRM")?);
        Ok(Self {
            misc_select,
            isv_ext_prod_id,
            flags,
            xfrm,
            attributes,
            mr_enclave,
            mr_signer,
            config_id,
            isv_prod_id,
            isv_svn,
            config_svn,
            isv_family_id,
            report_data,
        })
    }
}

/// Report of a TDX virtual machine, TDX 1.0 (Intel 348549, TD_REPORT; `sgx_quote_4.h`), with what
/// later versions add.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TdReport<'q> {
    pub(crate) tee_tcb_svn: &'q [u8; 16],
    pub(crate) mr_seam: &'q [u8; 48],
    pub(crate) mr_signer_seam: &'q [u8; 48],
    pub(crate) seam_attributes: &'q [u8; 8],
    pub(crate) td_attributes: u64,
    pub(crate) xfam: u64,
    pub(crate) mr_td: &'q [u8; 48],
    pub(crate) mr_config_id: &'q [u8; 48],
    pub(crate) mr_owner: &'q [u8; 48],
    pub(crate) mr_owner_config: &'q [u8; 48],
    pub(crate) rtmr: [&'q [u8; 48]; 4],
    pub(crate) report_data: &'q [u8; 64],
    pub(crate) v15: Option<Td15<'q>>,
    pub(crate) v15_ex: Option<Td15Ex<'q>>,
}

/// What TDX 1.5 adds (`sgx_report2_body_v1_5_t`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Td15<'q> {
    /// The patch level now, after an update of the TDX module under the running machine.
    pub(crate) tee_tcb_svn2: &'q [u8; 16],
    pub(crate) mr_service_td: &'q [u8; 48],
}

/// What TDX 1.5ex adds (`sgx_report2_body_v1_5_ex_t` in `sgx_quote_5.h`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Td15Ex<'q> {
    /// 0: the machine itself, or the first level of a partitioned one.
    pub(crate) vm_id: u8,
    pub(crate) td_id: &'q [u8; 32],
    pub(crate) device_info: &'q [u8; 48],
    /// Service machines that were bound at creation, and those bound now: hashes and attributes.
    pub(crate) service_tds: [(&'static str, &'q [u8]); 4],
}

impl<'q> TdReport<'q> {
    pub(super) const LENGTH: usize = 584;
    pub(super) const LENGTH_15: usize = 648;
    pub(super) const LENGTH_15_EX: usize = 885;

    /// Reads a body of one of the three lengths.
    pub(super) fn parse(bytes: &'q [u8]) -> Result<Self, AppraisalError> {
        let mut reader = Reader::new(bytes, "TD report");
        let mut report = Self {
            tee_tcb_svn: reader.array("TEE_TCB_SVN")?,
            mr_seam: reader.array("MRSEAM")?,
            mr_signer_seam: reader.array("MRSIGNERSEAM")?,
            seam_attributes: reader.array("SEAMATTRIBUTES")?,
            td_attributes: u64::from_le_bytes(*reader.array("TDATTRIBUTES")?),
            xfam: u64::from_le_bytes(*reader.array("XFAM")?),
            mr_td: reader.array("MRTD")?,
            mr_config_id: reader.array("MRCONFIGID")?,
            mr_owner: reader.array("MROWNER")?,
            mr_owner_config: reader.array("MROWNERCONFIG")?,
            rtmr: [
                reader.array("RTMR0")?,
                reader.array("RTMR1")?,
                reader.array("RTMR2")?,
                reader.array("RTMR3")?,
            ],
            report_data: reader.array("REPORTDATA")?,
            v15: None,
            v15_ex: None,
        };
        if bytes.len() >= Self::LENGTH_15 {
            report.v15 = Some(Td15 {
                tee_tcb_svn2: reader.array("TEE_TCB_SVN2")?,
                mr_service_td: reader.array("MRSERVICETD")?,
            });
        }
        if bytes.len() >= Self::LENGTH_15_EX {
            let [vm_id] = *reader.array("VMID")?;
            let td_id = reader.array("TD_ID")?;
            let device_info = reader.array("DEV_INFO")?;
            let initial_hash = reader.bytes(48, "INIT_SERVICE_TD_HASH")?;
            let initial_attributes = reader.bytes(8, "INIT_SERVICE_TD_ATTRIBUTES")?;
            reader.bytes(16, "INIT_CPU_SVN")?;
            reader.bytes(16, "INIT_TEE_TCB_SVN")?;
            reader.bytes(12, "INIT_TEE_FMSPC")?;
            let current_hash = reader.bytes(48, "CUR_SERVICE_TD_HASH")?;
            let current_attributes = reader.bytes(8, "CUR_SERVICE_TD_ATTRIBUTES")?;
            report.v15_ex = Some(Td15Ex {
                vm_id,
                td_id,
                device_info,
                service_tds: [
                    ("INIT_SERVICE_TD_HASH", initial_hash),
                    ("INIT_SERVICE_TD_ATTRIBUTES", initial_attributes),
                    ("CUR_SERVICE_TD_HASH", current_hash),
                    ("CUR_SERVICE_TD_ATTRIBUTES", current_attributes),
                ],
            });
        }
        reader.finish()?;
        Ok(report)
    }

    /// Which version of TDX wrote it.
    pub(crate) const fn version(&self) -> &'static str {
        match (self.v15, self.v15_ex) {
            (_, Some(_)) => "1.5ex",
            (Some(_), None) => "1.5",
            (None, None) => "1.0",
        }
    }
}
