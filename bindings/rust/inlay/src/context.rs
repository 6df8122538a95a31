//! Contexts and devices.

use crate::callback::contain_alone;
use crate::error::{call, Result};
use crate::handle::Handle;
use crate::library::check;
use crate::text::{copy, input, slice};
use inlay_sys as sys;
use std::alloc::{GlobalAlloc, Layout};
use std::os::raw::{c_char, c_void};
use std::sync::Arc;

/// Severity of a log line; a sink gets its level and what is more severe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum LogLevel {
    /// Something failed.
    Error,
    /// Something surprising that was handled.
    Warning,
    /// What was chosen: devices, recipes, sizes.
    Info,
    /// Details for developers. Never prompt or generated text.
    Debug,
}

type Sink = Box<dyn Fn(LogLevel, &str) + Send + Sync>;
type Allocator = Arc<dyn GlobalAlloc + Send + Sync>;

/// What a [`Context`] needs to know. The default is a good choice.
#[derive(Default)]
pub struct ContextOptions {
    threads: i32,
    memory_budget: u64,
    log: Option<(LogLevel, Sink)>,
    allocator: Option<Allocator>,
}

impl ContextOptions {
    /// All defaults.
    pub fn new() -> Self {
        Self::default()
    }

    /// Compute threads, the caller's included, 1 to 1024; 0: one per physical
    /// core that this process may use.
    pub fn threads(mut self, count: i32) -> Self {
        self.threads = count;
        self
    }

    /// Bound in bytes on weights, caches and buffers of all models and engines
    /// together; 0: none.
    pub fn memory_budget(mut self, bytes: u64) -> Self {
        self.memory_budget = bytes;
        self
    }

    /// Receives log lines, from any thread, several at once. It may call
    /// nothing of this crate; if it panics, the line is lost.
    pub fn log(
        mut self,
        level: LogLevel,
        sink: impl Fn(LogLevel, &str) + Send + Sync + 'static,
    ) -> Self {
        self.log = Some((level, Box::new(sink)));
        self
    }

    /// Where large blocks come from (weights, caches, buffers), in place of the
    /// library's own way. It may call nothing of this crate.
    pub fn allocator(mut self, from: Arc<dyn GlobalAlloc + Send + Sync>) -> Self {
        self.allocator = Some(from);
        self
    }
}

unsafe extern "C" fn log_line(
    user_data: *mut c_void,
    level: i32,
    text: *const c_char,
    size: usize,
) {
    let _ = contain_alone(|| {
        // SAFETY: user_data is the Sink given in create; text lives during the
        // call.
        let (sink, text) =
            unsafe { (&*user_data.cast::<Sink>(), slice(text.cast::<u8>(), size)) };
        let level = match level {
            sys::INLAY_LOG_ERROR => LogLevel::Error,
            sys::INLAY_LOG_WARNING => LogLevel::Warning,
            sys::INLAY_LOG_INFO => LogLevel::Info,
            _ => LogLevel::Debug,
        };
        sink(level, &String::from_utf8_lossy(text));
    });
}

unsafe extern "C" fn allocate(
    user_data: *mut c_void,
    bytes: usize,
    alignment: usize,
) -> *mut c_void {
    let block = contain_alone(|| match Layout::from_size_align(bytes, alignment) {
        // SAFETY: user_data is the Allocator given in create; bytes is at
        // least 1.
        Ok(layout) => unsafe { (*user_data.cast::<Allocator>()).alloc(layout) },
        Err(_) => std::ptr::null_mut(),
    });
    block.unwrap_or(std::ptr::null_mut()).cast()
}

unsafe extern "C" fn free(
    user_data: *mut c_void,
    block: *mut c_void,
    bytes: usize,
    alignment: usize,
) {
    let _ = contain_alone(|| {
        if let Ok(layout) = Layout::from_size_align(bytes, alignment) {
            // SAFETY: block came from allocate with the same layout.
            unsafe { (*user_data.cast::<Allocator>()).dealloc(block.cast(), layout) }
        }
    });
}

unsafe extern "C" fn drop_box<T>(user_data: *mut c_void) {
    // SAFETY: user_data is a T that came out of a box, given back once.
    let _ = contain_alone(|| drop(unsafe { Box::from_raw(user_data.cast::<T>()) }));
}

/// Owns `value` until the library has taken it.
struct Lent<T>(*mut T);

impl<T> Lent<T> {
    fn new(value: Option<T>) -> Self {
        Lent(value.map_or(std::ptr::null_mut(), |v| Box::into_raw(Box::new(v))))
    }
}

impl<T> Drop for Lent<T> {
    fn drop(&mut self) {
        if !self.0.is_null() {
            // SAFETY: still ours.
            drop(unsafe { Box::from_raw(self.0) });
        }
    }
}

/// Allocator, memory budget, log sink and compute threads; the parent of models
/// and engines. A clone shares it. Any thread.
#[derive(Clone)]
pub struct Context {
    pub(crate) handle: Handle<sys::inlay_context>,
}

impl Context {
    /// A context with all defaults.
    ///
    /// # Errors
    ///
    /// As [`Context::with`].
    pub fn new() -> Result<Self> {
        Self::with(ContextOptions::new())
    }

    /// A context. Nothing is printed, and no thread starts before the first
    /// model or engine needs one.
    ///
    /// # Errors
    ///
    /// `OutOfRange` for a bad number, `OutOfMemory`, or `Unsupported` if the
    /// library does not fit this crate.
    pub fn with(options: ContextOptions) -> Result<Self> {
        check()?;
        let mut given = sys::inlay_context_options {
            thread_count: options.threads,
            memory_budget_bytes: options.memory_budget,
            ..Default::default()
        };
        let (level, sink) = match options.log {
            Some((level, sink)) => (Some(level), Some(sink)),
            None => (None, None),
        };
        let mut sink = Lent::new(sink);
        let mut allocator = Lent::new(options.allocator);
        if let Some(level) = level {
            given.log_level = match level {
                LogLevel::Error => sys::INLAY_LOG_ERROR,
                LogLevel::Warning => sys::INLAY_LOG_WARNING,
                LogLevel::Info => sys::INLAY_LOG_INFO,
                LogLevel::Debug => sys::INLAY_LOG_DEBUG,
            };
            given.log = Some(log_line);
            given.log_user_data = sink.0.cast();
            given.log_release = Some(drop_box::<Sink>);
        }
        if !allocator.0.is_null() {
            given.allocate = Some(allocate);
            given.free = Some(free);
            given.allocator_user_data = allocator.0.cast();
            given.allocator_release = Some(drop_box::<Allocator>);
        }
        let mut raw = std::ptr::null_mut();
        // SAFETY: all lives during the call; what the library keeps it gives
        // back through the release functions.
        call(|error| unsafe { sys::inlay_context_create(&given, &mut raw, error) })?;
        sink.0 = std::ptr::null_mut();
        allocator.0 = std::ptr::null_mut();
        // SAFETY: a new reference.
        let handle = unsafe { Handle::own(raw) };
        Ok(Context { handle: handle.expect("a success gives an object") })
    }

    /// Adds an architecture to the built-in ones, for models that are opened
    /// from here on: the text of a description, as `docs/add-a-model.md` writes
    /// it. `replace`: where a name is known already, the new one counts.
    ///
    /// # Errors
    ///
    /// `InvalidArgument` names line, column and field; `Unsupported` for another
    /// version of the schema; `FailedPrecondition` if a name is known already.
    pub fn add_architecture(&self, text: &str, replace: bool) -> Result<()> {
        let (text, size) = input(text);
        let flags = if replace { sys::INLAY_ARCHITECTURE_REPLACE } else { 0 };
        // SAFETY: the handle is alive, the text lives during the call.
        call(|error| unsafe {
            sys::inlay_context_add_architecture(
                self.handle.as_ptr(),
                text,
                size,
                flags,
                error,
            )
        })
    }

    /// Memory in use, in bytes.
    ///
    /// # Errors
    ///
    /// `Forked` in a child process.
    pub fn stats(&self) -> Result<ContextStats> {
        let mut out = sys::inlay_context_stats::default();
        // SAFETY: the handle is alive, out has its size.
        call(|error| unsafe {
            sys::inlay_context_get_stats(self.handle.as_ptr(), &mut out, error)
        })?;
        Ok(ContextStats {
            threads: out.thread_count,
            memory_budget: out.memory_budget_bytes,
            memory_used: out.memory_used_bytes,
            memory_peak: out.memory_peak_bytes,
        })
    }

    /// All known devices, usable or not; the first is the processor.
    ///
    /// # Errors
    ///
    /// `Forked` in a child process.
    pub fn devices(&self) -> Result<Vec<Device>> {
        let raw = self.handle.as_ptr();
        let mut count = 0;
        // SAFETY: the handle is alive, count lives during the call.
        call(|error| unsafe { sys::inlay_device_count(raw, &mut count, error) })?;
        (0..count)
            .map(|index| {
                let mut info = sys::inlay_device_info::default();
                // SAFETY: as above; the strings live as long as the context.
                unsafe {
                    call(|error| {
                        sys::inlay_device_get_info(raw, index, &mut info, error)
                    })?;
                    Ok(Device {
                        usable: info.usable != 0,
                        memory: info.memory_bytes,
                        free: info.free_bytes,
                        name: copy(info.name, info.name_size),
                        description: copy(info.description, info.description_size),
                        features: copy(info.features, info.features_size),
                        reason: copy(info.reason, info.reason_size),
                    })
                }
            })
            .collect()
    }

    /// The C handle, for calls of `inlay_sys`; stays owned by this object.
    pub fn as_ptr(&self) -> *mut sys::inlay_context {
        self.handle.as_ptr()
    }
}

/// Memory of a context, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ContextStats {
    /// Compute threads.
    pub threads: i32,
    /// The budget; 0: none.
    pub memory_budget: u64,
    /// In use now, of what counts against the budget.
    pub memory_used: u64,
    /// The most that was ever in use.
    pub memory_peak: u64,
}

/// A device, usable or not.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Device {
    /// Whether models can run on it.
    pub usable: bool,
    /// Bytes of memory that this process may use there.
    pub memory: u64,
    /// How many of them were free when the context was created.
    pub free: u64,
    /// Its name for [`ModelOptions::device`](crate::ModelOptions::device).
    pub name: String,
    /// For people.
    pub description: String,
    /// Instruction sets or capabilities, separated by spaces.
    pub features: String,
    /// Why it is unusable; empty if it is usable.
    pub reason: String,
}
