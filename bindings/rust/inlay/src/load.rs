//! Opening models: at once, or beside other work.

use crate::callback::{contain, Failure};
use crate::context::Context;
use crate::error::{call, Error, Result, Status};
use crate::handle::Handle;
use crate::model::Model;
use crate::options::Options;
use crate::source::{Given, Source};
use crate::text::{optional, slice};
use inlay_sys as sys;
use std::future::Future;
use std::ops::ControlFlow;
use std::os::raw::{c_char, c_void};
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll, Waker};
use std::time::Duration;

/// How far an opening is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// What is being done: `"read"`, `"pack"`.
    pub stage: String,
    /// Bytes or items of this stage that are done.
    pub done: u64,
    /// Bytes or items of this stage; 0 before the first report.
    pub total: u64,
}

type Watch = Box<dyn FnMut(&Progress) -> ControlFlow<()> + Send>;

/// How to open a model.
#[derive(Default)]
pub struct ModelOptions<'a> {
    vocabulary_only: bool,
    device: Option<String>,
    options: Option<&'a Options>,
    progress: Option<Watch>,
}

impl<'a> ModelOptions<'a> {
    /// All defaults: with weights, on the best usable device.
    pub fn new() -> Self {
        Self::default()
    }

    /// No weights: only the vocabulary, the chat template and the file's
    /// description. Works for files that the library cannot run.
    pub fn vocabulary_only(mut self, only: bool) -> Self {
        self.vocabulary_only = only;
        self
    }

    /// Name of a device; it is never replaced by another.
    pub fn device(mut self, name: impl Into<String>) -> Self {
        self.device = Some(name.into());
        self
    }

    /// Tunables of scope `"model"`.
    pub fn options(mut self, options: &'a Options) -> Self {
        self.options = Some(options);
        self
    }

    /// Told about progress, at least once per megabyte; `Break` cancels, and so
    /// does a panic. On the thread that opens, one at a time.
    pub fn progress(
        mut self,
        watch: impl FnMut(&Progress) -> ControlFlow<()> + Send + 'static,
    ) -> Self {
        self.progress = Some(Box::new(watch));
        self
    }
}

/// A progress callback, and how it panicked if it did.
struct Watcher {
    watch: Watch,
    failure: Arc<Mutex<Option<Failure>>>,
}

unsafe extern "C" fn progress(
    user_data: *mut c_void,
    stage: *const c_char,
    stage_size: usize,
    done: u64,
    total: u64,
) -> i32 {
    // SAFETY: one thread at a time; user_data is the Watcher of this opening,
    // which outlives it.
    let watcher = unsafe { &mut *user_data.cast::<Watcher>() };
    // SAFETY: valid during the call.
    let stage = unsafe { slice(stage.cast::<u8>(), stage_size) };
    let stage = String::from_utf8_lossy(stage).into_owned();
    let report = Progress { stage, done, total };
    match contain(|| (watcher.watch)(&report)) {
        Ok(ControlFlow::Continue(())) => 0,
        Ok(ControlFlow::Break(())) => 1,
        Err(panic) => {
            if let Ok(mut failure) = watcher.failure.lock() {
                *failure = Some(panic);
            }
            1
        }
    }
}

/// The arguments of an opening, and what must live as long as it runs.
struct Opening {
    source: Given,
    raw: sys::inlay_model_options,
    watcher: Option<Box<Watcher>>,
    failure: Arc<Mutex<Option<Failure>>>,
    _device: Option<String>,
}

impl Opening {
    fn new(source: Source, options: ModelOptions<'_>) -> Self {
        let source = Given::new(source);
        let failure = source.failure.clone();
        let mut raw = sys::inlay_model_options::default();
        if options.vocabulary_only {
            raw.flags |= sys::INLAY_MODEL_VOCABULARY_ONLY;
        }
        (raw.device, raw.device_size) = optional(options.device.as_deref());
        raw.options = options.options.map_or(std::ptr::null_mut(), Options::as_ptr);
        let mut watcher = options
            .progress
            .map(|watch| Box::new(Watcher { watch, failure: failure.clone() }));
        if let Some(watcher) = &mut watcher {
            raw.progress = Some(progress);
            raw.progress_user_data = (&mut **watcher as *mut Watcher).cast();
        }
        Opening { source, raw, watcher, failure, _device: options.device }
    }
}

fn explain(error: Error, failure: &Mutex<Option<Failure>>) -> Error {
    error.caused_by(failure.lock().ok().and_then(|mut failure| failure.take()))
}

impl Context {
    /// Opens a model with all defaults. See [`Context::open_with`].
    ///
    /// # Errors
    ///
    /// As [`Context::open_with`].
    pub fn open(&self, source: impl Into<Source>) -> Result<Model> {
        self.open_with(source, ModelOptions::new())
    }

    /// Opens a model: checks the whole file description and prepares the
    /// weights. Waits until that is done, has failed or is cancelled. Any
    /// thread.
    ///
    /// # Errors
    ///
    /// `NotFound`, `DataLoss` for a damaged file, `Unsupported`, `Io`,
    /// `ResourceExhausted` beyond the memory budget, `Cancelled`,
    /// `OutOfMemory`...
    pub fn open_with(
        &self,
        source: impl Into<Source>,
        options: ModelOptions<'_>,
    ) -> Result<Model> {
        let mut opening = Opening::new(source.into(), options);
        let mut raw = std::ptr::null_mut();
        let context = self.handle.as_ptr();
        // SAFETY: everything in `opening` lives during the call.
        call(|error| unsafe {
            let (source, options) = (&opening.source.raw, &opening.raw);
            sys::inlay_model_open(context, source, options, &mut raw, error)
        })
        .map_err(|error| explain(error, &opening.failure))?;
        opening.source.taken();
        // SAFETY: a new reference.
        Ok(unsafe { Model::own(raw) })
    }

    /// Starts to open a model on a thread of its own.
    ///
    /// # Errors
    ///
    /// Those of the arguments; all others are the load's.
    pub fn open_async(
        &self,
        source: impl Into<Source>,
        options: ModelOptions<'_>,
    ) -> Result<Load> {
        let mut opening = Opening::new(source.into(), options);
        let mut raw = std::ptr::null_mut();
        let context = self.handle.as_ptr();
        // SAFETY: everything in `opening` lives during the call, the watcher
        // as long as the load.
        call(|error| unsafe {
            let (source, options) = (&opening.source.raw, &opening.raw);
            sys::inlay_model_open_async(context, source, options, &mut raw, error)
        })
        .map_err(|error| explain(error, &opening.failure))?;
        opening.source.taken();
        // SAFETY: a new reference.
        let handle = unsafe { Handle::own(raw) };
        Ok(Load {
            inner: Arc::new(Inner {
                handle: handle.expect("a success gives an object"),
                failure: opening.failure.clone(),
                watcher: Mutex::new(opening.watcher.take()),
            }),
            waker: None,
        })
    }
}

struct Inner {
    handle: Handle<sys::inlay_load>,
    failure: Arc<Mutex<Option<Failure>>>,
    // The library's until the load has ended.
    watcher: Mutex<Option<Box<Watcher>>>,
}

impl Inner {
    /// Waits; negative: no limit.
    fn wait(&self, timeout_ns: i64) -> Result<()> {
        let raw = self.handle.as_ptr();
        // SAFETY: the handle is alive.
        call(|error| unsafe { sys::inlay_load_wait(raw, timeout_ns, error) })
            .map_err(|error| explain(error, &self.failure))
    }

    fn cancel(&self) -> Result<()> {
        let raw = self.handle.as_ptr();
        // SAFETY: the handle is alive.
        call(|error| unsafe { sys::inlay_load_cancel(raw, error) })
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // The watcher must outlive the load.
        let watcher = self.watcher.get_mut().map(Option::take).unwrap_or_default();
        if watcher.is_none() {
            return;
        }
        let _ = self.cancel();
        match self.wait(-1) {
            // Inside the load's own progress callback.
            Err(error) if error.status() == Status::WouldDeadlock => {
                std::mem::forget(watcher);
            }
            _ => drop(watcher),
        }
    }
}

/// A model that is being opened. Dropping it cancels the opening and waits for
/// its next progress report. As a `Future` it gives the model; then one short-
/// lived thread waits for the end, because the library does not tell of it.
pub struct Load {
    inner: Arc<Inner>,
    waker: Option<Arc<Mutex<(bool, Waker)>>>,
}

impl Load {
    /// How far it is. Any thread.
    ///
    /// # Errors
    ///
    /// `Forked` in a child process.
    pub fn progress(&self) -> Result<Progress> {
        let mut info = sys::inlay_load_info::default();
        let raw = self.inner.handle.as_ptr();
        // SAFETY: the handle is alive, info has its size.
        call(|error| unsafe { sys::inlay_load_get_info(raw, &mut info, error) })?;
        let stage = info.stage.iter().map(|c| *c as u8);
        let stage: Vec<u8> = stage.take_while(|byte| *byte != 0).collect();
        let stage = String::from_utf8_lossy(&stage).into_owned();
        Ok(Progress { stage, done: info.done, total: info.total })
    }

    /// Asks it to stop at its next progress report. Harmless when it has ended.
    ///
    /// # Errors
    ///
    /// `Forked` in a child process.
    pub fn cancel(&self) -> Result<()> {
        self.inner.cancel()
    }

    /// Waits for the end, at most for `timeout`; whether it has ended well.
    /// `false`: it still runs.
    ///
    /// # Errors
    ///
    /// Why the opening failed; `Cancelled` if it was cancelled.
    pub fn wait_for(&self, timeout: Duration) -> Result<bool> {
        match self.inner.wait(nanoseconds(timeout)) {
            Ok(()) => Ok(true),
            Err(error) if error.status() == Status::DeadlineExceeded => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Waits for the model.
    ///
    /// # Errors
    ///
    /// Why the opening failed; `Cancelled` if it was cancelled.
    pub fn wait(self) -> Result<Model> {
        self.inner.wait(-1)?;
        self.model()
    }

    fn model(&self) -> Result<Model> {
        let mut model = std::ptr::null_mut();
        let raw = self.inner.handle.as_ptr();
        // SAFETY: the handle is alive; a success gives a new reference.
        unsafe {
            call(|error| sys::inlay_load_get_model(raw, &mut model, error))?;
            Ok(Model::own(model))
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        // Harmless when it has ended.
        let _ = self.inner.cancel();
    }
}

impl Future for Load {
    type Output = Result<Model>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        match self.wait_for(Duration::ZERO) {
            Ok(true) => return Poll::Ready(self.model()),
            Err(error) => return Poll::Ready(Err(error)),
            Ok(false) => {}
        }
        if let Some(shared) = &self.waker {
            let mut shared = shared.lock().unwrap_or_else(|e| e.into_inner());
            shared.1 = cx.waker().clone();
            if shared.0 {
                shared.1.wake_by_ref();
            }
            return Poll::Pending;
        }
        let shared = Arc::new(Mutex::new((false, cx.waker().clone())));
        let (watched, waker) = (Arc::downgrade(&self.inner), shared.clone());
        let watch = move || loop {
            // Short waits, so that a dropped load is not kept.
            let ended = match watched.upgrade() {
                Some(inner) => !matches!(
                    inner.wait(20_000_000),
                    Err(error) if error.status() == Status::DeadlineExceeded),
                None => return,
            };
            if ended {
                let mut shared = waker.lock().unwrap_or_else(|e| e.into_inner());
                shared.0 = true;
                let waker = shared.1.clone();
                drop(shared);
                let _ = contain(move || waker.wake());
                return;
            }
        };
        match std::thread::Builder::new().name("inlay-load".into()).spawn(watch) {
            Ok(_) => {
                self.waker = Some(shared);
                Poll::Pending
            }
            Err(error) => Poll::Ready(Err(Error::new(
                Status::ResourceExhausted,
                format!("no thread: {error}"),
            ))),
        }
    }
}

/// A duration as the ABI has it; what is too long has no limit worth naming.
pub(crate) fn nanoseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
