//! Commands to a TPM 2.0 and what it answers: the few that evidence needs (TCG TPM 2.0 Library
//! Specification, part 2 structures, part 3 commands).

/// A command that failed, or an answer that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WireError {
    /// The TPM's response code, not zero.
    Refused(u32),
    /// Not a response as the specification has it.
    Malformed,
}

/// Commands, `TPM_CC`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Command {
    CreatePrimary = 0x131,
    ActivateCredential = 0x147,
    NvRead = 0x14e,
    PolicySecret = 0x151,
    Quote = 0x158,
    FlushContext = 0x165,
    NvReadPublic = 0x169,
    ReadPublic = 0x173,
    StartAuthSession = 0x176,
    PcrRead = 0x17e,
    PcrExtend = 0x182,
}

/// With what a command is allowed to act on a handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Authorization {
    /// An empty password: what platforms leave hierarchies and registers at.
    EmptyPassword,
    /// A session in which a policy was satisfied. It ends with the command.
    Session(u32),
}

/// `TPM_RH_ENDORSEMENT`: keys of this hierarchy stay the same when a machine's owner changes.
pub(super) const ENDORSEMENT: u32 = 0x4000_000b;
/// `TPM_RH_NULL`: no handle.
pub(super) const NO_HANDLE: u32 = 0x4000_0007;
/// `TPM_RS_PW`.
const PASSWORD: u32 = 0x4000_0009;
/// `TPM_ALG_RSA`.
pub(super) const RSA: u16 = 0x0001;
/// `TPM_ALG_AES`.
pub(super) const AES: u16 = 0x0006;
/// `TPM_ALG_CFB`.
pub(super) const CFB: u16 = 0x0043;
/// `TPM_ALG_SHA256`.
pub(super) const SHA256: u16 = 0x000b;
/// `TPM_ALG_ECDSA`.
pub(super) const ECDSA: u16 = 0x0018;
/// `TPM_ALG_NULL`.
pub(super) const NULL: u16 = 0x0010;
/// `TPM_ALG_ECC`.
pub(super) const ECC: u16 = 0x0023;
/// `TPM_ECC_NIST_P256`.
pub(super) const P256: u16 = 0x0003;

/// `TPM_ST_NO_SESSIONS` and `TPM_ST_SESSIONS`.
const NO_SESSIONS: u16 = 0x8001;
const SESSIONS: u16 = 0x8002;

/// Bytes of a header: tag, size, code.
const HEADER: usize = 10;

/// Numbers and sized buffers, big-endian, one after another.
#[derive(Default)]
pub(super) struct Bytes(Vec<u8>);

impl Bytes {
    pub(super) fn u8(mut self, number: u8) -> Self {
        self.0.push(number);
        self
    }

    pub(super) fn u16(mut self, number: u16) -> Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    pub(super) fn u32(mut self, number: u32) -> Self {
        self.0.extend_from_slice(&number.to_be_bytes());
        self
    }

    pub(super) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    /// A `TPM2B`: what it holds is ours and short.
    pub(super) fn sized(self, bytes: &[u8]) -> Self {
        self.u16(u16::try_from(bytes.len()).unwrap_or(u16::MAX))
            .raw(bytes)
    }

    /// `TPMS_AUTH_COMMAND`: handle, no nonce, no attributes, no password or code.
    fn authorization(self, authorization: Authorization) -> Self {
        let handle = match authorization {
            Authorization::EmptyPassword => PASSWORD,
            Authorization::Session(handle) => handle,
        };
        self.u32(handle).u16(0).u8(0).u16(0)
    }

    pub(super) fn done(self) -> Vec<u8> {
        self.0
    }
}

/// A command on the wire: on some handles, of which the first ones take an authorization each.
pub(super) fn command(
    command: Command,
    handles: &[u32],
    authorizations: &[Authorization],
    parameters: &[u8],
) -> Vec<u8> {
    let handles = handles
        .iter()
        .fold(Bytes::default(), |bytes, handle| bytes.u32(*handle));
    let (tag, head) = match authorizations {
        [] => (NO_SESSIONS, handles),
        _ => {
            let area = authorizations
                .iter()
                .fold(Bytes::default(), |bytes, one| bytes.authorization(*one))
                .done();
            let size = u32::try_from(area.len()).unwrap_or(u32::MAX);
            (SESSIONS, handles.u32(size).raw(&area))
        }
    };
    let body = head.raw(parameters).done();
    let size = HEADER.saturating_add(body.len());
    Bytes::default()
        .u16(tag)
        .u32(u32::try_from(size).unwrap_or(u32::MAX))
        .u32(command as u32)
        .raw(&body)
        .done()
}

/// The body of a response that reports success, behind its header.
pub(super) fn response(bytes: &[u8]) -> Result<Parser<'_>, WireError> {
    let mut parser = Parser(bytes);
    let tag = parser.u16()?;
    let size = parser.u32()?;
    let code = parser.u32()?;
    if code != 0 {
        return Err(WireError::Refused(code));
    }
    if usize::try_from(size) != Ok(bytes.len()) || ![NO_SESSIONS, SESSIONS].contains(&tag) {
        return Err(WireError::Malformed);
    }
    Ok(parser)
}

/// Takes a response apart, from the front.
#[derive(Debug)]
pub(super) struct Parser<'b>(&'b [u8]);

impl<'b> Parser<'b> {
    pub(super) fn take(&mut self, length: usize) -> Result<&'b [u8], WireError> {
        let (taken, rest) = self
            .0
            .split_at_checked(length)
            .ok_or(WireError::Malformed)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(super) fn u8(&mut self) -> Result<u8, WireError> {
        let bytes = self.take(1)?;
        bytes.first().copied().ok_or(WireError::Malformed)
    }

    pub(super) fn u16(&mut self) -> Result<u16, WireError> {
        let bytes = self.take(2)?.try_into();
        bytes
            .map(u16::from_be_bytes)
            .map_err(|_| WireError::Malformed)
    }

    pub(super) fn u32(&mut self) -> Result<u32, WireError> {
        let bytes = self.take(4)?.try_into();
        bytes
            .map(u32::from_be_bytes)
            .map_err(|_| WireError::Malformed)
    }

    /// What a `TPM2B` holds.
    pub(super) fn sized(&mut self) -> Result<&'b [u8], WireError> {
        let length = self.u16()?;
        self.take(length.into())
    }

    /// The bytes from here to where `read` stopped.
    pub(super) fn span(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<(), WireError>,
    ) -> Result<&'b [u8], WireError> {
        let before = self.0;
        read(self)?;
        let length = before.len().saturating_sub(self.0.len());
        before.get(..length).ok_or(WireError::Malformed)
    }
}
