//! The place where a request's events wait for their reader.

use crate::callback::{contain, contain_alone, Failure};
use crate::error::{Error, Result};
use crate::event::{copied, is_terminal, Event};
use crate::request::{Hook, LogitsRow};
use crate::text::slice;
use inlay_sys as sys;
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::os::raw::c_void;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::task::{Poll, Waker};

#[derive(Default)]
struct State {
    events: VecDeque<Result<Event>>,
    waker: Option<Waker>,
    // A thread waits on `ready`.
    waiting: bool,
    // The terminal event is among the events, or was.
    ended: bool,
    // Nobody reads any more.
    abandoned: bool,
}

/// Shared by the request in the library (as its user_data), its stream, and the
/// driver while it dispatches.
#[derive(Default)]
pub(crate) struct Slot {
    state: Mutex<State>,
    ready: Condvar,
    hook: Mutex<Option<Hook>>,
    failure: Mutex<Option<Failure>>,
}

fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|error| error.into_inner())
}

impl Slot {
    pub(crate) fn new(hook: Option<Hook>) -> Arc<Self> {
        Arc::new(Slot { hook: Mutex::new(hook), ..Default::default() })
    }

    /// Sets the request's pointers to this slot. The library owns one reference
    /// from a successful call on, until it calls `release`.
    pub(crate) fn lend(self: &Arc<Self>, request: &mut sys::inlay_request) {
        request.user_data = Arc::into_raw(self.clone()) as *mut c_void;
        request.release = Some(release);
        if lock(&self.hook).is_some() {
            request.logits_hook = Some(logits);
            request.logits_user_data = request.user_data;
        }
    }

    /// Takes back what a failed call left.
    ///
    /// # Safety
    ///
    /// `request` was given by `lend` to a call that failed.
    pub(crate) unsafe fn take_back(request: &sys::inlay_request) {
        // SAFETY: the caller's promise.
        drop(unsafe { Arc::from_raw(request.user_data as *const Slot) });
    }

    /// Why the hook failed, if it did.
    pub(crate) fn failure(&self) -> Option<Failure> {
        lock(&self.failure).take()
    }

    /// Copies one event to its reader. Not in a callback.
    ///
    /// # Safety
    ///
    /// The event's memory must be valid.
    pub(crate) unsafe fn deliver(&self, event: &sys::inlay_event) {
        let terminal = is_terminal(event);
        if !terminal && lock(&self.state).abandoned {
            return;
        }
        // SAFETY: the caller's promise.
        let copied = match unsafe { copied(event) } {
            Some(Err(error)) => Err(error.caused_by(self.failure())),
            Some(Ok(copied)) => Ok(copied),
            None => return,
        };
        self.push(copied, terminal);
    }

    /// Ends a request that the library will say nothing more of.
    pub(crate) fn fail(&self, error: Error) {
        self.push(Err(error), true);
    }

    fn push(&self, event: Result<Event>, terminal: bool) {
        // What the program gave is dropped here, outside all callbacks, and
        // outside the lock.
        let hook = if terminal { lock(&self.hook).take() } else { None };
        let mut state = lock(&self.state);
        if state.ended {
            return;
        }
        state.ended = terminal;
        let discarded = if state.abandoned {
            Some(event)
        } else {
            state.events.push_back(event);
            None
        };
        let (waker, waiting) = (state.waker.take(), state.waiting);
        drop(state);
        if waiting {
            self.ready.notify_all();
        }
        let _ = contain(move || drop((hook, discarded)));
        if let Some(waker) = waker {
            let _ = contain(move || waker.wake());
        }
    }

    /// Whether the terminal event has come.
    pub(crate) fn ended(&self) -> bool {
        lock(&self.state).ended
    }

    /// The next event if it has come; `Ready(None)` after the last.
    pub(crate) fn take(&self, waker: Option<&Waker>) -> Poll<Option<Result<Event>>> {
        let mut state = lock(&self.state);
        if let Some(event) = state.events.pop_front() {
            return Poll::Ready(Some(event));
        }
        if state.ended {
            return Poll::Ready(None);
        }
        let old = match waker {
            Some(new) => state.waker.replace(new.clone()),
            None => None,
        };
        drop(state);
        drop(old);
        Poll::Pending
    }

    /// Waits for the next event; `None` after the last.
    pub(crate) fn wait(&self) -> Option<Result<Event>> {
        let mut state = lock(&self.state);
        loop {
            if let Some(event) = state.events.pop_front() {
                return Some(event);
            }
            if state.ended {
                return None;
            }
            state.waiting = true;
            state = self.ready.wait(state).unwrap_or_else(|error| error.into_inner());
            state.waiting = false;
        }
    }

    /// Nobody will read any more.
    pub(crate) fn abandon(&self) {
        let mut state = lock(&self.state);
        state.abandoned = true;
        let old = (std::mem::take(&mut state.events), state.waker.take());
        drop(state);
        drop(old);
    }
}

unsafe extern "C" fn release(user_data: *mut c_void) {
    let _ = contain_alone(|| {
        // SAFETY: the library's reference, given back once.
        drop(unsafe { Arc::from_raw(user_data as *const Slot) })
    });
}

unsafe extern "C" fn logits(
    user_data: *mut c_void,
    prompt: *const i32,
    prompt_count: usize,
    generated: *const i32,
    generated_count: usize,
    logits: *mut f32,
    logit_count: usize,
) -> i32 {
    // SAFETY: user_data is the library's reference of the slot; the arrays are
    // valid during the call, and nobody else changes the logits.
    let (slot, row, logits) = unsafe {
        let row = LogitsRow {
            prompt: slice(prompt, prompt_count),
            generated: slice(generated, generated_count),
        };
        let logits: &mut [f32] = match logit_count {
            0 => &mut [],
            _ => std::slice::from_raw_parts_mut(logits, logit_count),
        };
        (&*(user_data as *const Slot), row, logits)
    };
    let result = contain_alone(|| match &*lock(&slot.hook) {
        Some(hook) => (lock(&hook.0))(&row, logits),
        None => ControlFlow::Continue(()),
    });
    match result {
        Ok(ControlFlow::Continue(())) => 0,
        Ok(ControlFlow::Break(0)) => -1,
        Ok(ControlFlow::Break(code)) => code,
        Err(panic) => {
            *lock(&slot.failure) = Some(panic);
            -1
        }
    }
}
