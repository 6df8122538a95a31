//! The one thread per engine that polls the library and hands every event to
//! the slot of its request: one poll drains what a step gave to all requests.

use crate::error::{call, Error, Result, Status};
use crate::handle::Handle;
use crate::slot::Slot;
use inlay_sys as sys;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;

/// Events taken by one poll.
const BATCH: usize = 256;

/// What the engine, its streams, its sessions and the driver share.
pub(crate) struct Shared {
    pub(crate) engine: Handle<sys::inlay_engine>,
    pub(crate) host_driven: bool,
    // Slots of requests that have not ended, by address: for the case that the
    // library stops giving events.
    live: Mutex<HashMap<usize, Weak<Slot>>>,
    // Held by who steps and polls a host-driven engine.
    pump: Mutex<()>,
    polls: AtomicU64,
    events: AtomicU64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|error| error.into_inner())
}

fn key(slot: *const Slot) -> usize {
    slot as usize
}

impl Shared {
    pub(crate) fn new(engine: Handle<sys::inlay_engine>, host_driven: bool) -> Self {
        Shared {
            engine,
            host_driven,
            live: Mutex::default(),
            pump: Mutex::default(),
            polls: AtomicU64::new(0),
            events: AtomicU64::new(0),
        }
    }

    pub(crate) fn enter(&self, slot: &Arc<Slot>) {
        lock(&self.live).insert(key(Arc::as_ptr(slot)), Arc::downgrade(slot));
    }

    pub(crate) fn leave(&self, slot: *const Slot) {
        lock(&self.live).remove(&key(slot));
    }

    /// Polls of the library so far, and the events that they gave.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.polls.load(Ordering::Relaxed), self.events.load(Ordering::Relaxed))
    }

    /// For a host-driven engine: keeps other steps away.
    pub(crate) fn turn(&self) -> Option<MutexGuard<'_, ()>> {
        self.host_driven.then(|| lock(&self.pump))
    }

    /// One poll; the number of events. Negative: without a limit.
    fn poll(&self, events: &mut [sys::inlay_event], timeout_ns: i64) -> Result<usize> {
        let mut count = 0;
        let size = std::mem::size_of::<sys::inlay_event>();
        let (at, room) = (events.as_mut_ptr(), events.len());
        let engine = self.engine.as_ptr();
        // SAFETY: the handle is alive, the array has room for so many, and only
        // one thread polls: the driver, or who holds the pump.
        call(|error| unsafe {
            sys::inlay_poll(engine, at, size, room, timeout_ns, &mut count, error)
        })?;
        self.polls.fetch_add(1, Ordering::Relaxed);
        self.events.fetch_add(count as u64, Ordering::Relaxed);
        for event in &events[..count] {
            // SAFETY: what it points to is valid until the next poll; a slot
            // lives at least as long as the memory of its terminal event.
            unsafe { self.dispatch(event) };
        }
        Ok(count)
    }

    unsafe fn dispatch(&self, event: &sys::inlay_event) {
        let slot = event.user_data as *const Slot;
        if slot.is_null() {
            return;
        }
        if crate::event::is_terminal(event) {
            self.leave(slot);
        }
        // SAFETY: the caller's promise.
        unsafe { (*slot).deliver(event) }
    }

    /// Host-driven: takes what is there, steps once, and takes what came of it.
    /// Whether there is more to do.
    pub(crate) fn step(&self) -> Result<bool> {
        let _turn = lock(&self.pump);
        let mut more = 0;
        let engine = self.engine.as_ptr();
        // SAFETY: the handle is alive, and the pump keeps other steps away.
        call(|error| unsafe { sys::inlay_engine_step(engine, &mut more, error) })?;
        self.take_events()?;
        Ok(more != 0)
    }

    /// Host-driven, with the pump held: delivers all events that wait.
    fn take_events(&self) -> Result<()> {
        let mut events = [sys::inlay_event::default(); 32];
        while self.poll(&mut events, 0)? == events.len() {}
        Ok(())
    }

    /// Host-driven: delivers what is left after a close.
    pub(crate) fn finish(&self) {
        let _turn = lock(&self.pump);
        let mut events = [sys::inlay_event::default(); 32];
        while matches!(self.poll(&mut events, 0), Ok(count) if count > 0) {}
        self.fail_all();
    }

    fn fail_all(&self) {
        let left = std::mem::take(&mut *lock(&self.live));
        for slot in left.values().filter_map(Weak::upgrade) {
            let why = "the engine gives no more events";
            slot.fail(Error::new(Status::Internal, why));
        }
    }

    /// The driver's life: until the engine is closed and its last event taken.
    pub(crate) fn drive(&self) {
        let mut events = vec![sys::inlay_event::default(); BATCH];
        loop {
            match self.poll(&mut events, -1) {
                Ok(_) => {}
                Err(error) if error.status() == Status::OutOfMemory => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                Err(_) => break,
            }
        }
        self.fail_all();
    }
}
