//! What goes wrong, and how calls report it.

use crate::callback;
use crate::event::Usage;
use inlay_sys as sys;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The result of this crate's functions.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What kind of failure it was; the numbers of the C ABI.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Status {
    /// An argument is wrong.
    InvalidArgument,
    /// A number is beyond a limit.
    OutOfRange,
    /// No such file, key, device, or live request.
    NotFound,
    /// A file or stream is corrupt or truncated.
    DataLoss,
    /// Valid, but this build or version cannot do it.
    Unsupported,
    /// Reading or writing failed.
    Io,
    /// A budget or a bounded queue is full; see [`Error::retry_after`].
    ResourceExhausted,
    /// The object is in the wrong state for this call.
    FailedPrecondition,
    /// Cancelled by the program.
    Cancelled,
    /// A timeout or deadline passed.
    DeadlineExceeded,
    /// A fault of the library itself; please report it.
    Internal,
    /// An allocation failed.
    OutOfMemory,
    /// The library is older than a field or flag that was used.
    UnsupportedField,
    /// An output buffer was too small. This crate asks again by itself.
    BufferTooSmall,
    /// A blocking call inside a callback that it would wait for.
    WouldDeadlock,
    /// The object was created before `fork` and this is the child process.
    Forked,
    /// A number that this version does not know.
    Other(i32),
}

impl Status {
    pub(crate) fn from_raw(status: sys::inlay_status) -> Self {
        match status {
            sys::INLAY_ERR_INVALID_ARGUMENT => Status::InvalidArgument,
            sys::INLAY_ERR_OUT_OF_RANGE => Status::OutOfRange,
            sys::INLAY_ERR_NOT_FOUND => Status::NotFound,
            sys::INLAY_ERR_DATA_LOSS => Status::DataLoss,
            sys::INLAY_ERR_UNSUPPORTED => Status::Unsupported,
            sys::INLAY_ERR_IO => Status::Io,
            sys::INLAY_ERR_RESOURCE_EXHAUSTED => Status::ResourceExhausted,
            sys::INLAY_ERR_FAILED_PRECONDITION => Status::FailedPrecondition,
            sys::INLAY_ERR_CANCELLED => Status::Cancelled,
            sys::INLAY_ERR_DEADLINE_EXCEEDED => Status::DeadlineExceeded,
            sys::INLAY_ERR_INTERNAL => Status::Internal,
            sys::INLAY_ERR_OUT_OF_MEMORY => Status::OutOfMemory,
            sys::INLAY_ERR_UNSUPPORTED_FIELD => Status::UnsupportedField,
            sys::INLAY_ERR_BUFFER_TOO_SMALL => Status::BufferTooSmall,
            sys::INLAY_ERR_WOULD_DEADLOCK => Status::WouldDeadlock,
            sys::INLAY_ERR_FORKED => Status::Forked,
            other => Status::Other(other),
        }
    }

    /// The number of the C ABI.
    pub fn code(self) -> i32 {
        match self {
            Status::InvalidArgument => sys::INLAY_ERR_INVALID_ARGUMENT,
            Status::OutOfRange => sys::INLAY_ERR_OUT_OF_RANGE,
            Status::NotFound => sys::INLAY_ERR_NOT_FOUND,
            Status::DataLoss => sys::INLAY_ERR_DATA_LOSS,
            Status::Unsupported => sys::INLAY_ERR_UNSUPPORTED,
            Status::Io => sys::INLAY_ERR_IO,
            Status::ResourceExhausted => sys::INLAY_ERR_RESOURCE_EXHAUSTED,
            Status::FailedPrecondition => sys::INLAY_ERR_FAILED_PRECONDITION,
            Status::Cancelled => sys::INLAY_ERR_CANCELLED,
            Status::DeadlineExceeded => sys::INLAY_ERR_DEADLINE_EXCEEDED,
            Status::Internal => sys::INLAY_ERR_INTERNAL,
            Status::OutOfMemory => sys::INLAY_ERR_OUT_OF_MEMORY,
            Status::UnsupportedField => sys::INLAY_ERR_UNSUPPORTED_FIELD,
            Status::BufferTooSmall => sys::INLAY_ERR_BUFFER_TOO_SMALL,
            Status::WouldDeadlock => sys::INLAY_ERR_WOULD_DEADLOCK,
            Status::Forked => sys::INLAY_ERR_FORKED,
            Status::Other(code) => code,
        }
    }

    /// The name of the C ABI, `"INLAY_ERR_NOT_FOUND"`.
    pub fn name(self) -> &'static str {
        // SAFETY: takes any number and returns a static, terminated string.
        unsafe { crate::text::static_text(sys::inlay_status_name(self.code())) }
    }
}

/// Where a failure arose.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Domain {
    /// Found at the library's boundary: arguments, handles, threads.
    Boundary,
    /// Found by the library behind it.
    Core,
    /// A callback of the program failed.
    Host,
    /// Not said: failures of a running request.
    Unknown,
}

struct Detail {
    domain: Domain,
    native_code: i64,
    retry_after: Option<Duration>,
    message: String,
    source: Option<Arc<dyn StdError + Send + Sync>>,
    usage: Option<Usage>,
}

/// A failed call, or a request that failed: its status and a text that says
/// what was wrong.
#[derive(Clone)]
pub struct Error {
    status: Status,
    detail: Arc<Detail>,
}

impl Error {
    /// What kind of failure it was.
    pub fn status(&self) -> Status {
        self.status
    }

    /// UTF-8 text for people; at most 511 bytes if it is the library's.
    pub fn message(&self) -> &str {
        &self.detail.message
    }

    /// Where it arose.
    pub fn domain(&self) -> Domain {
        self.detail.domain
    }

    /// The code of the operating system or of a callback; 0: none.
    pub fn native_code(&self) -> i64 {
        self.detail.native_code
    }

    /// After what time a submit that a full queue refused may succeed: an
    /// estimate of 10 ms to 60 s. `None`: waiting is no help.
    pub fn retry_after(&self) -> Option<Duration> {
        self.detail.retry_after
    }

    /// What a request had used when it failed; `None` of failed calls.
    pub fn usage(&self) -> Option<&Usage> {
        self.detail.usage.as_ref()
    }

    pub(crate) fn new(status: Status, message: impl Into<String>) -> Self {
        Error::with(status, Domain::Host, message.into(), None)
    }

    fn with(
        status: Status,
        domain: Domain,
        message: String,
        usage: Option<Usage>,
    ) -> Self {
        let detail = Detail {
            domain,
            native_code: 0,
            retry_after: None,
            message,
            source: None,
            usage,
        };
        Error { status, detail: Arc::new(detail) }
    }

    /// Of a FAILED event.
    pub(crate) fn of_request(
        status: sys::inlay_status,
        message: String,
        usage: Usage,
    ) -> Self {
        let status = Status::from_raw(status);
        Error::with(status, Domain::Unknown, message, Some(usage))
    }

    /// Adds what a callback of the program failed with.
    pub(crate) fn caused_by(self, failure: Option<callback::Failure>) -> Self {
        let failure = match failure {
            Some(failure) => failure,
            None => return self,
        };
        let detail = Detail {
            domain: Domain::Host,
            native_code: self.detail.native_code,
            retry_after: None,
            message: format!("{}: {failure}", self.detail.message),
            source: failure.source(),
            usage: self.detail.usage.clone(),
        };
        Error { status: self.status, detail: Arc::new(detail) }
    }

    fn from_record(status: sys::inlay_status, record: &sys::inlay_error) -> Self {
        let status = Status::from_raw(status);
        let size = (record.message_size as usize).min(record.message.len());
        let bytes: Vec<u8> = record.message[..size].iter().map(|c| *c as u8).collect();
        let mut message = String::from_utf8_lossy(&bytes).into_owned();
        if message.is_empty() {
            message = status.name().to_string();
        }
        let detail = Detail {
            domain: match record.domain {
                sys::INLAY_DOMAIN_ABI => Domain::Boundary,
                sys::INLAY_DOMAIN_CORE => Domain::Core,
                sys::INLAY_DOMAIN_HOST => Domain::Host,
                _ => Domain::Unknown,
            },
            native_code: record.native_code,
            retry_after: u64::try_from(record.retry_after_ns)
                .ok()
                .filter(|ns| *ns > 0)
                .map(Duration::from_nanos),
            message,
            source: None,
            usage: None,
        };
        Error { status, detail: Arc::new(detail) }
    }
}

impl PartialEq for Error {
    /// Equal status and message.
    fn eq(&self, other: &Self) -> bool {
        self.status == other.status && self.message() == other.message()
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("status", &self.status)
            .field("message", &self.message())
            .finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.detail.source.as_ref().map(|source| source.as_ref() as _)
    }
}

impl From<Error> for std::io::Error {
    fn from(error: Error) -> Self {
        std::io::Error::new(std::io::ErrorKind::Other, error)
    }
}

/// Runs a fallible call with an error record. Refuses to inside callbacks that
/// may not call the library.
pub(crate) fn call(
    function: impl FnOnce(*mut sys::inlay_error) -> sys::inlay_status,
) -> Result<()> {
    if callback::forbids_calls() {
        return Err(Error::new(
            Status::WouldDeadlock,
            "nothing of the library may be called inside this callback",
        ));
    }
    let mut record = std::mem::MaybeUninit::<sys::inlay_error>::zeroed();
    // SAFETY: zero is a value of every field; the size is set.
    let record = unsafe {
        let record = record.assume_init_mut();
        record.struct_size = std::mem::size_of::<sys::inlay_error>() as u32;
        record
    };
    let status = function(record);
    if status == sys::INLAY_OK {
        return Ok(());
    }
    Err(Error::from_record(status, record))
}
