//! What every callback needs: panics stay inside, calls of the library are
//! refused where they are forbidden, and what went wrong is kept.

// What thread_local makes of a const initialiser.
#![allow(clippy::declare_interior_mutable_const)]

use std::cell::Cell;
use std::error::Error as StdError;
use std::fmt;
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Arc;

thread_local! {
    // Whether this thread is inside a callback that may not call the library.
    static FORBIDS: Cell<bool> = const { Cell::new(false) };
}

/// Why a callback of the program ended a call.
pub(crate) enum Failure {
    /// It panicked, with this text.
    Panic(String),
    /// It returned an error.
    Io(Arc<std::io::Error>),
}

impl Failure {
    pub(crate) fn source(&self) -> Option<Arc<dyn StdError + Send + Sync>> {
        match self {
            Failure::Panic(_) => None,
            Failure::Io(error) => Some(error.clone()),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Panic(text) => write!(f, "the callback panicked: {text}"),
            Failure::Io(error) => write!(f, "{error}"),
        }
    }
}

/// Whether the library may not be called here.
pub(crate) fn forbids_calls() -> bool {
    FORBIDS.try_with(Cell::get).unwrap_or(false)
}

/// Runs the program's code; a panic becomes its text.
pub(crate) fn contain<T>(body: impl FnOnce() -> T) -> Result<T, Failure> {
    catch_unwind(AssertUnwindSafe(body)).map_err(|payload| {
        let text = if let Some(text) = payload.downcast_ref::<&str>() {
            text.to_string()
        } else if let Some(text) = payload.downcast_ref::<String>() {
            text.clone()
        } else {
            "no text".to_string()
        };
        // A payload may panic again when it is dropped.
        let _ = catch_unwind(AssertUnwindSafe(move || drop(payload)));
        Failure::Panic(text)
    })
}

/// The same where nothing of the library may be called.
pub(crate) fn contain_alone<T>(body: impl FnOnce() -> T) -> Result<T, Failure> {
    let outer = FORBIDS.try_with(|flag| flag.replace(true)).unwrap_or(false);
    let result = contain(body);
    let _ = FORBIDS.try_with(|flag| flag.set(outer));
    result
}

/// Gives a reference back: here, or on a thread of its own if this one is
/// inside a callback that may not call the library.
pub(crate) fn release(give_back: impl FnOnce() + Send + 'static) {
    if forbids_calls() {
        // If no thread starts, the reference is leaked, which is safe.
        let _ = std::thread::Builder::new().spawn(give_back);
    } else {
        give_back();
    }
}
