//! Owners of the library's reference-counted handles.

use crate::callback;
use std::ptr::NonNull;

/// A type with a reference count in the library.
///
/// # Safety
///
/// The functions must be those of this type; references may be used, taken and
/// given back on any thread.
pub(crate) unsafe trait Counted: Sized + 'static {
    /// Adds a reference.
    unsafe fn retain(raw: *mut Self);
    /// Gives one back.
    unsafe fn release(raw: *mut Self);
}

/// One reference. `Send` and `Sync`, because the library counts atomically and
/// locks inside; types whose calls must come one at a time say so themselves.
pub(crate) struct Handle<T: Counted>(NonNull<T>);

// SAFETY: see above, and the contract of Counted.
unsafe impl<T: Counted> Send for Handle<T> {}
unsafe impl<T: Counted> Sync for Handle<T> {}

impl<T: Counted> Handle<T> {
    /// Takes over one reference. `None` for NULL.
    ///
    /// # Safety
    ///
    /// `raw` must be NULL or a reference that nobody else gives back.
    pub(crate) unsafe fn own(raw: *mut T) -> Option<Self> {
        NonNull::new(raw).map(Handle)
    }

    pub(crate) fn as_ptr(&self) -> *mut T {
        self.0.as_ptr()
    }
}

impl<T: Counted> Clone for Handle<T> {
    fn clone(&self) -> Self {
        // SAFETY: the handle is alive as long as self is.
        unsafe { T::retain(self.as_ptr()) };
        Handle(self.0)
    }
}

struct Pointer<T>(*mut T);
// SAFETY: moved to the thread that gives the reference back, which may be any.
unsafe impl<T> Send for Pointer<T> {}

impl<T: Counted> Drop for Handle<T> {
    fn drop(&mut self) {
        let pointer = Pointer(self.as_ptr());
        callback::release(move || {
            let whole = pointer;
            // SAFETY: this is the one reference that self had.
            unsafe { T::release(whole.0) }
        });
    }
}

macro_rules! counted {
    ($type:ident, $retain:ident, $release:ident) => {
        // SAFETY: the functions of the type, callback-safe.
        unsafe impl Counted for inlay_sys::$type {
            unsafe fn retain(raw: *mut Self) {
                // Cannot fail for a live handle.
                unsafe { inlay_sys::$retain(raw, std::ptr::null_mut()) };
            }
            unsafe fn release(raw: *mut Self) {
                unsafe { inlay_sys::$release(raw) }
            }
        }
    };
}

counted!(inlay_context, inlay_context_retain, inlay_context_release);
counted!(inlay_options, inlay_options_retain, inlay_options_release);
counted!(inlay_load, inlay_load_retain, inlay_load_release);
counted!(inlay_model, inlay_model_retain, inlay_model_release);
counted!(inlay_engine, inlay_engine_retain, inlay_engine_release);
counted!(inlay_generation, inlay_generation_retain, inlay_generation_release);
counted!(inlay_session, inlay_session_retain, inlay_session_release);
