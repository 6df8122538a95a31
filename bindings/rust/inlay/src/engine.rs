//! Engines: many requests of one model at once.

use crate::driver::Shared;
use crate::error::{call, Error, Result, Status};
use crate::generation::Generation;
use crate::handle::Handle;
use crate::load::nanoseconds;
use crate::model::Model;
use crate::options::Options;
use crate::request::Request;
use crate::slot::Slot;
use crate::stream::{RequestId, Stream};
use crate::text::{fill, fill_text, input};
use crate::Token;
use inlay_sys as sys;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

/// How an engine is set up. What is left at 0 is chosen from the model and from
/// free memory; [`Engine::config`] says what, and why.
#[derive(Clone, Copy, Default)]
pub struct EngineOptions<'a> {
    context_length: i32,
    max_concurrency: i32,
    kv_cache_bytes: u64,
    options: Option<&'a Options>,
    host_driven: bool,
}

impl<'a> EngineOptions<'a> {
    /// Everything is chosen.
    pub fn new() -> Self {
        Self::default()
    }

    /// Most tokens of one request, prompt and answer together.
    pub fn context_length(mut self, tokens: i32) -> Self {
        self.context_length = tokens;
        self
    }

    /// Most requests in one step.
    pub fn max_concurrency(mut self, requests: i32) -> Self {
        self.max_concurrency = requests;
        self
    }

    /// Bytes of the key/value cache.
    pub fn kv_cache_bytes(mut self, bytes: u64) -> Self {
        self.kv_cache_bytes = bytes;
        self
    }

    /// Tunables of scope `"engine"`.
    pub fn options(mut self, options: &'a Options) -> Self {
        self.options = Some(options);
        self
    }

    /// No step thread, and no thread of this crate: the program calls
    /// [`Engine::step`], or reads a stream by iteration, which steps.
    pub fn host_driven(mut self, host_driven: bool) -> Self {
        self.host_driven = host_driven;
        self
    }

    pub(crate) fn raw(&self) -> Result<sys::inlay_engine_options> {
        Ok(sys::inlay_engine_options {
            context_length: self.context_length,
            max_concurrency: self.max_concurrency,
            kv_cache_bytes: self.kv_cache_bytes,
            flags: if self.host_driven { sys::INLAY_ENGINE_HOST_DRIVEN } else { 0 },
            options: self.options.map_or(std::ptr::null_mut(), Options::as_ptr),
            ..Default::default()
        })
    }
}

/// How to close an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Close {
    /// Finish accepted requests first.
    Drain,
    /// The same, but cancel what is left after this time.
    DrainFor(Duration),
    /// Cancel all requests now.
    Cancel,
}

/// State of an engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EngineState {
    /// Accepts requests.
    Running,
    /// Closing; finishes accepted requests.
    Draining,
    /// Closed.
    Closed,
    /// Unusable after a fault; every request got its error.
    Failed,
    /// A number that this version does not know.
    Other(i32),
}

pub(crate) struct Inner {
    pub(crate) shared: Arc<Shared>,
    driver: Mutex<Option<JoinHandle<()>>>,
    model: Model,
}

impl Inner {
    fn close(&self, mode: i32, timeout_ns: i64) -> Result<()> {
        let raw = self.shared.engine.as_ptr();
        let turn = self.shared.turn();
        // SAFETY: the handle is alive.
        let result = call(|error| unsafe {
            sys::inlay_engine_close(raw, mode, timeout_ns, error)
        });
        drop(turn);
        if self.shared.host_driven {
            self.shared.finish();
        }
        result
    }

    fn shut_down(&self) {
        let _ = self.close(sys::INLAY_CLOSE_CANCEL, 0);
        let driver = self.driver.lock().unwrap_or_else(|e| e.into_inner()).take();
        if let Some(driver) = driver {
            // On the driver itself (a waker that drops the last stream) it ends
            // after this, by itself.
            if driver.thread().id() != std::thread::current().id() {
                let _ = driver.join();
            }
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        if !crate::callback::forbids_calls() {
            return self.shut_down();
        }
        // Inside a callback that may not call the library: elsewhere, later.
        let later = Inner {
            shared: self.shared.clone(),
            driver: Mutex::new(self.driver.get_mut().map_or(None, Option::take)),
            model: self.model.clone(),
        };
        let later = std::mem::ManuallyDrop::new(later);
        let _ = std::thread::Builder::new().spawn(move || {
            later.shut_down();
            drop(std::mem::ManuallyDrop::into_inner(later));
        });
    }
}

/// Runs requests of one model, many at once. A clone shares it; it is closed,
/// and what runs is cancelled, when the last clone and the last [`Stream`] are
/// dropped. That waits for the step in flight.
///
/// `Send` and `Sync`: the library locks inside. One thread of this crate takes
/// the events of all requests (none if the engine is host-driven).
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: Arc<Inner>,
}

impl Model {
    /// Creates an engine with everything chosen.
    ///
    /// # Errors
    ///
    /// As [`Model::engine_with`].
    pub fn engine(&self) -> Result<Engine> {
        self.engine_with(EngineOptions::new())
    }

    /// Creates an engine.
    ///
    /// # Errors
    ///
    /// `FailedPrecondition` on a vocabulary-only model, `Unsupported` if the
    /// model cannot run, `OutOfRange` for bad numbers, `ResourceExhausted` or
    /// `OutOfMemory` if there is no room.
    pub fn engine_with(&self, options: EngineOptions<'_>) -> Result<Engine> {
        let given = options.raw()?;
        let (model, mut raw) = (self.as_ptr(), std::ptr::null_mut());
        // SAFETY: the handle is alive, the options live during the call.
        call(|error| unsafe {
            sys::inlay_engine_create(model, &given, &mut raw, error)
        })?;
        // SAFETY: a new reference.
        let handle = unsafe { Handle::own(raw) }.expect("a success gives an object");
        let shared = Arc::new(Shared::new(handle, options.host_driven));
        let driver = if options.host_driven {
            None
        } else {
            let shared = shared.clone();
            let thread = std::thread::Builder::new().name("inlay-driver".into());
            let driver = thread.spawn(move || shared.drive());
            Some(driver.map_err(|error| {
                Error::new(Status::ResourceExhausted, format!("no thread: {error}"))
            })?)
        };
        let (driver, model) = (Mutex::new(driver), self.clone());
        Ok(Engine { inner: Arc::new(Inner { shared, driver, model }) })
    }
}

impl Engine {
    pub(crate) fn raw(&self) -> *mut sys::inlay_engine {
        self.inner.shared.engine.as_ptr()
    }

    /// The C handle, for calls of `inlay_sys`; stays owned by this object. Do
    /// not poll it: this crate does.
    pub fn as_ptr(&self) -> *mut sys::inlay_engine {
        self.raw()
    }

    /// The model that it runs.
    pub fn model(&self) -> &Model {
        &self.inner.model
    }

    /// Submits a request. Everything is checked here. Any thread; does not
    /// wait.
    ///
    /// # Errors
    ///
    /// `ResourceExhausted` if the queue is full ([`Error::retry_after`] says
    /// when there may be room) or the cache too small, `InvalidArgument` and
    /// `OutOfRange` for what is wrong in the request, `FailedPrecondition`
    /// after a close or while its session is busy.
    pub fn submit(&self, request: &Request) -> Result<Stream> {
        let slot = Slot::new(request.hook());
        let shared = &self.inner.shared;
        shared.enter(&slot);
        let id = request.fill(|raw| {
            let mut id = 0;
            slot.lend(raw);
            // SAFETY: the handle is alive, all of the request lives during the
            // call; what it keeps it gives back through release.
            let result = call(|error| unsafe {
                sys::inlay_submit(self.raw(), raw, &mut id, error)
            });
            if result.is_err() {
                // SAFETY: the call failed.
                unsafe { Slot::take_back(raw) };
            }
            result.map(|()| id)
        });
        match id {
            Ok(id) => Ok(Stream::new(
                self.inner.clone(),
                slot,
                RequestId(id),
                request.answer_count(),
            )),
            Err(error) => {
                shared.leave(Arc::as_ptr(&slot));
                Err(error)
            }
        }
    }

    /// Submits a request and waits for its whole answer. A request that is cut
    /// off by its deadline gives what there is.
    ///
    /// # Errors
    ///
    /// As [`Engine::submit`], and what the request fails with.
    pub fn generate(&self, request: &Request) -> Result<Generation> {
        let slot = Slot::new(request.hook());
        let turn = self.inner.shared.turn();
        let generation = request.fill(|raw| {
            let mut out = std::ptr::null_mut();
            slot.lend(raw);
            // SAFETY: as in submit.
            let result = call(|error| unsafe {
                sys::inlay_generate(self.raw(), raw, &mut out, error)
            });
            if let Err(error) = result {
                // SAFETY: the call failed.
                unsafe { Slot::take_back(raw) };
                return Err(error.caused_by(slot.failure()));
            }
            // SAFETY: a new reference.
            Ok(unsafe { Handle::own(out) }.expect("a success gives an object"))
        })?;
        drop(turn);
        Generation::copied(&generation)
    }

    /// Logits of every position of a token sequence: row i holds the logits of
    /// what follows `tokens[0..=i]`, row-major. Waits for one pass.
    ///
    /// # Errors
    ///
    /// `OutOfRange` for an unknown id or more tokens than the context has;
    /// `Cancelled` if the engine is closed meanwhile.
    pub fn score(&self, tokens: &[Token]) -> Result<Vec<f32>> {
        let _turn = self.inner.shared.turn();
        let size = self.model().info()?.vocabulary_size;
        let guess = usize::try_from(size).unwrap_or(0).saturating_mul(tokens.len());
        fill(guess, 0, |logits, capacity, count, error| {
            let (ids, ids_count) = (tokens.as_ptr(), tokens.len());
            // SAFETY: the handle is alive, the rest lives during the call.
            unsafe {
                sys::inlay_score(
                    self.raw(),
                    ids,
                    ids_count,
                    logits,
                    capacity,
                    count,
                    error,
                )
            }
        })
    }

    /// Host-driven engines: runs one step on this thread and hands out its
    /// events. Whether there is more to do.
    ///
    /// # Errors
    ///
    /// `FailedPrecondition` of other engines.
    pub fn step(&self) -> Result<bool> {
        self.inner.shared.step()
    }

    /// Ends all requests, each with its last event. Waits as `how` says. Streams
    /// can still be read; submit is refused. May be called again.
    ///
    /// # Errors
    ///
    /// `DeadlineExceeded` if requests had to be cancelled after the time.
    pub fn close(&self, how: Close) -> Result<()> {
        match how {
            Close::Drain => self.inner.close(sys::INLAY_CLOSE_DRAIN, -1),
            Close::DrainFor(time) => {
                self.inner.close(sys::INLAY_CLOSE_DRAIN, nanoseconds(time))
            }
            Close::Cancel => self.inner.close(sys::INLAY_CLOSE_CANCEL, 0),
        }
    }

    /// Its state. Any thread.
    ///
    /// # Errors
    ///
    /// `Forked` in a child process.
    pub fn state(&self) -> Result<EngineState> {
        let mut state = 0;
        // SAFETY: the handle is alive.
        call(|error| unsafe {
            sys::inlay_engine_get_state(self.raw(), &mut state, error)
        })?;
        Ok(match state {
            sys::INLAY_ENGINE_RUNNING => EngineState::Running,
            sys::INLAY_ENGINE_DRAINING => EngineState::Draining,
            sys::INLAY_ENGINE_CLOSED => EngineState::Closed,
            sys::INLAY_ENGINE_FAILED => EngineState::Failed,
            other => EngineState::Other(other),
        })
    }

    /// Sets a tenant's weight under the policy `fair`, above 0, at most a
    /// million; it has 1 unless this says more.
    ///
    /// # Errors
    ///
    /// `OutOfRange` for a bad weight or a name above 256 bytes.
    pub fn set_tenant(&self, name: &str, weight: f64) -> Result<()> {
        let (name, size) = input(name);
        // SAFETY: the handle is alive, the name lives during the call.
        call(|error| unsafe {
            sys::inlay_engine_set_tenant(self.raw(), name, size, weight, error)
        })
    }

    /// Counters and histograms in the Prometheus text format. Any thread.
    ///
    /// # Errors
    ///
    /// `OutOfMemory`.
    pub fn metrics(&self) -> Result<String> {
        fill_text(16 * 1024, |buffer, capacity, size, error| {
            // SAFETY: the handle is alive, the buffer lives during the call.
            unsafe {
                sys::inlay_engine_get_metrics(self.raw(), buffer, capacity, size, error)
            }
        })
    }

    /// Records the parts of every step from now on, at most so many steps, 1 to
    /// a million. Waits for the step in flight.
    ///
    /// # Errors
    ///
    /// `OutOfRange`, `OutOfMemory`.
    pub fn start_trace(&self, max_steps: i32) -> Result<()> {
        // SAFETY: the handle is alive.
        call(|error| unsafe {
            sys::inlay_engine_start_trace(self.raw(), max_steps, error)
        })
    }

    /// Stops recording and writes what was recorded, as JSON in the Chrome
    /// trace format. Waits for the step in flight. The writer may call nothing
    /// of this crate.
    ///
    /// # Errors
    ///
    /// `FailedPrecondition` if nothing was started; `Io` with what the writer
    /// failed with as its source.
    pub fn stop_trace(&self, writer: &mut dyn std::io::Write) -> Result<()> {
        crate::session::write_to(writer, |write, user_data, error| {
            // SAFETY: the handle is alive, the writer lives during the call.
            unsafe { sys::inlay_engine_stop_trace(self.raw(), write, user_data, error) }
        })
    }
}
