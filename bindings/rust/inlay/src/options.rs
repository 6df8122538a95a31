//! Tunables.

use crate::error::{call, Result};
use crate::handle::Handle;
use crate::library::check;
use crate::text::{copy, input};
use inlay_sys as sys;
use std::cell::Cell;
use std::marker::PhantomData;

/// Tunables as key/value pairs, checked when they are set; [`tunables`] lists
/// them. One set may serve models and engines, each reads its own scope, when
/// it is created.
///
/// `Send`, but not `Sync`: the library allows one call at a time.
pub struct Options {
    handle: Handle<sys::inlay_options>,
    one_at_a_time: PhantomData<Cell<()>>,
}

impl Options {
    /// An empty set.
    ///
    /// # Errors
    ///
    /// [`Status::OutOfMemory`](crate::Status::OutOfMemory), or
    /// [`Status::Unsupported`](crate::Status::Unsupported) if the library does
    /// not fit this crate.
    pub fn new() -> Result<Self> {
        check()?;
        let mut raw = std::ptr::null_mut();
        // SAFETY: out and error live during the call.
        call(|error| unsafe { sys::inlay_options_create(&mut raw, error) })?;
        // SAFETY: a new reference.
        let handle = unsafe { Handle::own(raw) };
        Ok(Options {
            handle: handle.expect("a success gives an object"),
            one_at_a_time: PhantomData,
        })
    }

    /// Sets a tunable; an empty value means its default.
    ///
    /// # Errors
    ///
    /// `NotFound` for an unknown key; `InvalidArgument` or `OutOfRange`, with
    /// what it takes, for a value.
    pub fn set(&mut self, key: &str, value: &str) -> Result<&mut Self> {
        let ((key, key_size), (value, value_size)) = (input(key), input(value));
        // SAFETY: the handle is alive, the texts live during the call, and
        // `&mut` keeps other calls away.
        call(|error| unsafe {
            let raw = self.handle.as_ptr();
            sys::inlay_options_set(raw, key, key_size, value, value_size, error)
        })?;
        Ok(self)
    }

    /// What was set, or the default.
    ///
    /// # Errors
    ///
    /// `NotFound` for an unknown key.
    pub fn get(&self, key: &str) -> Result<String> {
        let (key, key_size) = input(key);
        let (mut value, mut size) = (std::ptr::null(), 0);
        // SAFETY: as in set; the type is not Sync.
        call(|error| unsafe {
            let raw = self.handle.as_ptr();
            let (value, size) = (&mut value, &mut size);
            sys::inlay_options_get(raw, key, key_size, value, size, error)
        })?;
        // SAFETY: the text lives until the key is set again.
        Ok(unsafe { copy(value, size) })
    }

    /// The C handle, for calls of `inlay_sys`; stays owned by this object.
    pub fn as_ptr(&self) -> *mut sys::inlay_options {
        self.handle.as_ptr()
    }
}

/// Description of one tunable.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tunable {
    /// Its name.
    pub key: String,
    /// Who reads it: `"model"` or `"engine"`.
    pub scope: String,
    /// What it takes: names separated by `|`, `int MIN..MAX`, `float MIN..MAX`.
    pub values: String,
    /// Its default.
    pub default: String,
    /// For people.
    pub description: String,
}

/// All tunables that the loaded library knows.
///
/// # Errors
///
/// `Unsupported` if the library does not fit this crate.
pub fn tunables() -> Result<Vec<Tunable>> {
    check()?;
    // SAFETY: takes nothing.
    let count = unsafe { sys::inlay_option_count() };
    (0..count)
        .map(|index| {
            let mut info = sys::inlay_option_info::default();
            // SAFETY: info has its size and lives during the call; its strings
            // are static.
            unsafe {
                call(|error| sys::inlay_option_get_info(index, &mut info, error))?;
                Ok(Tunable {
                    key: copy(info.key, info.key_size),
                    scope: copy(info.scope, info.scope_size),
                    values: copy(info.values, info.values_size),
                    default: copy(info.default_value, info.default_value_size),
                    description: copy(info.description, info.description_size),
                })
            }
        })
        .collect()
}
