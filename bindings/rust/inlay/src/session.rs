//! Conversations.

use crate::callback::{contain_alone, Failure};
use crate::driver::Shared;
use crate::engine::Engine;
use crate::error::{call, Error, Result, Status};
use crate::handle::Handle;
use crate::text::{fill, input, slice};
use crate::Token;
use inlay_sys as sys;
use std::io::{Read, Write};
use std::os::raw::c_void;
use std::path::Path;
use std::sync::Arc;

/// A conversation: tokens that stay, and their part of the cache as long as
/// there is room. A request that continues it
/// ([`Request::session`](crate::Request::session)) appends its prompt and its
/// answer when it ends, but not the end token.
///
/// A clone is the same conversation; [`Session::fork`] makes another. It keeps
/// the engine's memory alive, not the engine running. Any thread.
#[derive(Clone)]
pub struct Session {
    handle: Handle<sys::inlay_session>,
    shared: Arc<Shared>,
}

/// A session, as it is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionInfo {
    /// Its tokens; while it is busy those known so far.
    pub token_count: i32,
    /// Whether a request continues it.
    pub busy: bool,
}

impl Engine {
    /// An empty session.
    ///
    /// # Errors
    ///
    /// `FailedPrecondition` after a close, `OutOfMemory`.
    pub fn session(&self) -> Result<Session> {
        self.session_in("")
    }

    /// An empty session that shares its part of the cache with the requests of
    /// a domain only; at most 256 bytes.
    ///
    /// # Errors
    ///
    /// As [`Engine::session`], and `OutOfRange`.
    pub fn session_in(&self, cache_domain: &str) -> Result<Session> {
        let ((domain, size), mut out) = (input(cache_domain), std::ptr::null_mut());
        // SAFETY: the handle is alive, the domain lives during the call.
        call(|error| unsafe {
            sys::inlay_session_create(self.raw(), domain, size, &mut out, error)
        })?;
        // SAFETY: a new reference.
        Ok(unsafe { Session::own(out, self.inner.shared.clone()) })
    }

    /// A session from what [`Session::save`] wrote; reads no byte more. The
    /// reader may call nothing of this crate. Waits for it.
    ///
    /// # Errors
    ///
    /// `DataLoss` for damaged bytes, `FailedPrecondition` for those of another
    /// model or version, `OutOfRange` if it is too long, `Io` with what the
    /// reader failed with as its source.
    pub fn load_session(&self, reader: &mut dyn Read) -> Result<Session> {
        let _turn = self.inner.shared.turn();
        let mut stream = FromReader { reader, failure: None };
        let mut out = std::ptr::null_mut();
        let user_data = (&mut stream as *mut FromReader<'_>).cast();
        // SAFETY: the handle is alive, the reader lives during the call.
        call(|error| unsafe {
            let read = Some(read as _);
            sys::inlay_session_load(self.raw(), read, user_data, &mut out, error)
        })
        .map_err(|error| error.caused_by(stream.failure.take()))?;
        // SAFETY: a new reference.
        Ok(unsafe { Session::own(out, self.inner.shared.clone()) })
    }

    /// The same from a file.
    ///
    /// # Errors
    ///
    /// As [`Engine::load_session`], and `NotFound`.
    pub fn load_session_file(&self, path: impl AsRef<Path>) -> Result<Session> {
        let _turn = self.inner.shared.turn();
        let path = utf8(path.as_ref())?;
        let ((path, size), mut out) = (input(path), std::ptr::null_mut());
        // SAFETY: the handle is alive, the path lives during the call.
        call(|error| unsafe {
            sys::inlay_session_load_file(self.raw(), path, size, &mut out, error)
        })?;
        // SAFETY: a new reference.
        Ok(unsafe { Session::own(out, self.inner.shared.clone()) })
    }
}

impl Session {
    unsafe fn own(raw: *mut sys::inlay_session, shared: Arc<Shared>) -> Self {
        // SAFETY: the caller's promise.
        let handle = unsafe { Handle::own(raw) };
        Session { handle: handle.expect("a success gives an object"), shared }
    }

    /// The C handle, for calls of `inlay_sys`; stays owned by this object.
    pub fn as_ptr(&self) -> *mut sys::inlay_session {
        self.handle.as_ptr()
    }

    /// Another session that begins with the same tokens and shares their part
    /// of the cache.
    ///
    /// # Errors
    ///
    /// `FailedPrecondition` after the engine's close, `OutOfMemory`.
    pub fn fork(&self) -> Result<Session> {
        let mut out = std::ptr::null_mut();
        let raw = self.as_ptr();
        // SAFETY: the handle is alive; a success gives a new reference.
        unsafe {
            call(|error| sys::inlay_session_fork(raw, &mut out, error))?;
            Ok(Session::own(out, self.shared.clone()))
        }
    }

    /// Keeps the first tokens and forgets the rest.
    ///
    /// # Errors
    ///
    /// `OutOfRange`; `FailedPrecondition` while a request continues it.
    pub fn truncate(&self, token_count: i32) -> Result<()> {
        let raw = self.as_ptr();
        // SAFETY: the handle is alive.
        call(|error| unsafe { sys::inlay_session_truncate(raw, token_count, error) })
    }

    /// How long it is, and whether a request continues it now.
    ///
    /// # Errors
    ///
    /// `OutOfMemory`.
    pub fn info(&self) -> Result<SessionInfo> {
        let mut info = sys::inlay_session_info::default();
        let raw = self.as_ptr();
        // SAFETY: the handle is alive, info has its size.
        call(|error| unsafe { sys::inlay_session_get_info(raw, &mut info, error) })?;
        Ok(SessionInfo { token_count: info.token_count, busy: info.busy != 0 })
    }

    /// Its tokens, prompts and answers.
    ///
    /// # Errors
    ///
    /// `OutOfMemory`.
    pub fn tokens(&self) -> Result<Vec<Token>> {
        fill(0, 0, |tokens, capacity, count, error| {
            let raw = self.as_ptr();
            // SAFETY: the handle is alive, the rest lives during the call.
            unsafe { sys::inlay_session_get_tokens(raw, tokens, capacity, count, error) }
        })
    }

    /// Writes tokens and cache, with a version and checksums. The writer may
    /// call nothing of this crate. Waits for the step in flight and for it.
    ///
    /// # Errors
    ///
    /// `FailedPrecondition` while a request continues it, `ResourceExhausted`
    /// without some room in the budget, `Io` with what the writer failed with
    /// as its source.
    pub fn save(&self, writer: &mut dyn Write) -> Result<()> {
        let _turn = self.shared.turn();
        write_to(writer, |write, user_data, error| {
            // SAFETY: the handle is alive, the writer lives during the call.
            unsafe { sys::inlay_session_save(self.as_ptr(), write, user_data, error) }
        })
    }

    /// The same to a file, which is replaced at once or not at all.
    ///
    /// # Errors
    ///
    /// As [`Session::save`], and `NotFound` without the folder.
    pub fn save_file(&self, path: impl AsRef<Path>) -> Result<()> {
        let _turn = self.shared.turn();
        let path = utf8(path.as_ref())?;
        let (raw, (path, size)) = (self.as_ptr(), input(path));
        // SAFETY: the handle is alive, the path lives during the call.
        call(|error| unsafe { sys::inlay_session_save_file(raw, path, size, error) })
    }
}

fn utf8(path: &Path) -> Result<&str> {
    let why = "the path is not UTF-8";
    path.to_str().ok_or_else(|| Error::new(Status::InvalidArgument, why))
}

struct ToWriter<'a> {
    writer: &'a mut dyn Write,
    failure: Option<Failure>,
}

struct FromReader<'a> {
    reader: &'a mut dyn Read,
    failure: Option<Failure>,
}

fn code(error: &std::io::Error) -> i64 {
    error.raw_os_error().map_or(-1, |code| -i64::from(code.abs())).min(-1)
}

unsafe extern "C" fn write(
    user_data: *mut c_void,
    data: *const c_void,
    bytes: usize,
) -> i64 {
    // SAFETY: the ToWriter of the call, on its own thread; data is valid.
    let (stream, data) =
        unsafe { (&mut *user_data.cast::<ToWriter<'_>>(), slice(data.cast(), bytes)) };
    let (failure, code) = match contain_alone(|| stream.writer.write_all(data)) {
        Ok(Ok(())) => return 0,
        Ok(Err(error)) => {
            let code = code(&error);
            (Failure::Io(Arc::new(error)), code)
        }
        Err(panic) => (panic, -1),
    };
    stream.failure = Some(failure);
    code
}

unsafe extern "C" fn read(
    user_data: *mut c_void,
    buffer: *mut c_void,
    bytes: usize,
) -> i64 {
    // SAFETY: the FromReader of the call, on its own thread; the buffer is the
    // library's, zeroed since Rust may not see what was never written.
    let (stream, buffer) = unsafe {
        std::ptr::write_bytes(buffer.cast::<u8>(), 0, bytes);
        let buffer = std::slice::from_raw_parts_mut(buffer.cast::<u8>(), bytes);
        (&mut *user_data.cast::<FromReader<'_>>(), buffer)
    };
    let (failure, code) = match contain_alone(|| fill_from(stream.reader, buffer)) {
        Ok(Ok(count)) => return count as i64,
        Ok(Err(error)) => {
            let code = code(&error);
            (Failure::Io(Arc::new(error)), code)
        }
        Err(panic) => (panic, -1),
    };
    stream.failure = Some(failure);
    code
}

/// As much as there is, up to the whole buffer.
fn fill_from(reader: &mut dyn Read, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut count = 0;
    while count < buffer.len() {
        match reader.read(&mut buffer[count..]) {
            Ok(0) => break,
            Ok(more) => count += more.min(buffer.len() - count),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

/// Runs a call that writes through a callback.
pub(crate) fn write_to(
    writer: &mut dyn Write,
    function: impl FnOnce(
        sys::inlay_stream_write_fn,
        *mut c_void,
        *mut sys::inlay_error,
    ) -> sys::inlay_status,
) -> Result<()> {
    let mut stream = ToWriter { writer, failure: None };
    let user_data = (&mut stream as *mut ToWriter<'_>).cast();
    call(|error| function(Some(write), user_data, error))
        .map_err(|error| error.caused_by(stream.failure.take()))
}
