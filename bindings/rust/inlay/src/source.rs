//! Where models come from.

use crate::callback::{contain_alone, Failure};
use crate::text::optional;
use inlay_sys as sys;
use std::fs::File;
use std::os::raw::c_void;
use std::sync::{Arc, Mutex};

/// Bytes of a model, read piece by piece.
pub trait ReadAt: Send {
    /// Bytes in all.
    fn size(&self) -> u64;

    /// Fills `buffer` with the bytes from `offset` on. Any thread, never two at
    /// once; may call nothing of this crate.
    ///
    /// # Errors
    ///
    /// Opening the model fails with [`Status::Io`](crate::Status::Io).
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> std::io::Result<()>;
}

type Bytes = Box<dyn AsRef<[u8]> + Send + Sync>;

enum Kind {
    Path(Option<String>),
    Memory(Bytes),
    File { file: File, offset: u64, size: u64 },
    Reader(Box<dyn ReadAt>),
}

/// Where a model's bytes come from.
pub struct Source(Kind);

impl Source {
    /// A file, by path. One that is not UTF-8 is refused when it is opened
    /// (`InvalidArgument`).
    pub fn path(path: impl AsRef<std::path::Path>) -> Self {
        Source(Kind::Path(path.as_ref().to_str().map(String::from)))
    }

    /// A block of memory, kept as long as the model needs it.
    pub fn memory(bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> Self {
        Source(Kind::Memory(Box::new(bytes)))
    }

    /// An open file, from `offset` on; `size` in bytes, 0: to its end. The
    /// library works on a duplicate of the descriptor.
    #[cfg(unix)]
    pub fn file(file: File, offset: u64, size: u64) -> Self {
        Source(Kind::File { file, offset, size })
    }

    /// The program's own reader.
    pub fn reader(reader: impl ReadAt + 'static) -> Self {
        Source(Kind::Reader(Box::new(reader)))
    }
}

impl<P: AsRef<std::path::Path>> From<P> for Source {
    fn from(path: P) -> Self {
        Source::path(path)
    }
}

/// What the library keeps of a source.
enum Kept {
    Memory(Bytes),
    Reader { reader: Box<dyn ReadAt>, failure: Arc<Mutex<Option<Failure>>> },
}

unsafe extern "C" fn release(user_data: *mut c_void) {
    let _ = contain_alone(|| {
        // SAFETY: given once, by a call that succeeded or a load that ended.
        drop(unsafe { Box::from_raw(user_data.cast::<Kept>()) })
    });
}

unsafe extern "C" fn read(
    user_data: *mut c_void,
    offset: u64,
    buffer: *mut c_void,
    bytes: usize,
) -> i64 {
    // SAFETY: never two at once; user_data is the Kept of this source.
    let (reader, failure) = match unsafe { &mut *user_data.cast::<Kept>() } {
        Kept::Reader { reader, failure } => (reader, failure),
        Kept::Memory(_) => return -1,
    };
    // SAFETY: the library's buffer; zeroed, since Rust may not see what was
    // never written.
    let buffer = unsafe {
        std::ptr::write_bytes(buffer.cast::<u8>(), 0, bytes);
        std::slice::from_raw_parts_mut(buffer.cast::<u8>(), bytes)
    };
    let (why, code) = match contain_alone(|| reader.read_at(offset, buffer)) {
        Ok(Ok(())) => return bytes as i64,
        Ok(Err(error)) => {
            let code = error.raw_os_error().map_or(-1, |code| -i64::from(code.abs()));
            (Failure::Io(Arc::new(error)), code.min(-1))
        }
        Err(panic) => (panic, -1),
    };
    if let Ok(mut failure) = failure.lock() {
        *failure = Some(why);
    }
    code
}

/// A source in the form of the C call, with what must live during the call.
pub(crate) struct Given {
    pub(crate) raw: sys::inlay_model_source,
    /// Why the reader failed, if it did.
    pub(crate) failure: Arc<Mutex<Option<Failure>>>,
    _path: Option<String>,
    _file: Option<File>,
}

impl Given {
    pub(crate) fn new(source: Source) -> Self {
        let mut given = Given {
            raw: sys::inlay_model_source::default(),
            failure: Arc::default(),
            _path: None,
            _file: None,
        };
        let raw = &mut given.raw;
        match source.0 {
            Kind::Path(path) => {
                raw.kind = sys::INLAY_SOURCE_PATH;
                (raw.path, raw.path_size) = optional(path.as_deref());
                given._path = path;
            }
            Kind::Memory(bytes) => {
                raw.kind = sys::INLAY_SOURCE_MEMORY;
                let kept = Box::new(Kept::Memory(bytes));
                if let Kept::Memory(bytes) = &*kept {
                    let bytes = (**bytes).as_ref();
                    raw.data = bytes.as_ptr().cast();
                    raw.size = bytes.len() as u64;
                }
                raw.user_data = Box::into_raw(kept).cast();
            }
            Kind::File { file, offset, size } => {
                raw.kind = sys::INLAY_SOURCE_FD;
                (raw.offset, raw.size) = (offset, size);
                #[cfg(unix)]
                {
                    raw.fd = std::os::unix::io::AsRawFd::as_raw_fd(&file);
                }
                given._file = Some(file);
            }
            Kind::Reader(reader) => {
                raw.kind = sys::INLAY_SOURCE_READER;
                raw.size = reader.size();
                raw.read = Some(read);
                let failure = given.failure.clone();
                let kept = Kept::Reader { reader, failure };
                raw.user_data = Box::into_raw(Box::new(kept)).cast();
            }
        }
        if !raw.user_data.is_null() {
            raw.release = Some(release);
        }
        given
    }

    /// The call succeeded: the library gives the source back by itself.
    pub(crate) fn taken(&mut self) {
        self.raw.user_data = std::ptr::null_mut();
    }
}

impl Drop for Given {
    fn drop(&mut self) {
        if !self.raw.user_data.is_null() {
            // SAFETY: the library did not take it.
            drop(unsafe { Box::from_raw(self.raw.user_data.cast::<Kept>()) });
        }
    }
}
