//! Texts and arrays across the boundary.

use crate::error::{call, Result, Status};
use inlay_sys as sys;
use std::ffi::CStr;
use std::os::raw::c_char;

/// A static, terminated string of the library; NULL is empty.
///
/// # Safety
///
/// `text` must be NULL or such a string.
pub(crate) unsafe fn static_text(text: *const c_char) -> &'static str {
    if text.is_null() {
        return "";
    }
    // SAFETY: the caller's promise.
    unsafe { CStr::from_ptr(text) }.to_str().unwrap_or("")
}

/// Entries behind a pointer; none if it is NULL.
///
/// # Safety
///
/// `data` must be NULL or point to `count` entries that live for `'a`.
pub(crate) unsafe fn slice<'a, T>(data: *const T, count: usize) -> &'a [T] {
    if data.is_null() || count == 0 {
        return &[];
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(data, count) }
}

/// A copy of a text of the library, which is UTF-8.
///
/// # Safety
///
/// As [`slice`].
pub(crate) unsafe fn copy(data: *const c_char, size: usize) -> String {
    // SAFETY: the caller's promise.
    let bytes = unsafe { slice(data.cast::<u8>(), size) };
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// Pointer and size of an input. An empty one may be dangling, but not NULL.
pub(crate) fn input(text: &str) -> (*const c_char, usize) {
    (text.as_ptr().cast(), text.len())
}

/// Pointer and size of an input that may be absent.
pub(crate) fn optional(text: Option<&str>) -> (*const c_char, usize) {
    text.map_or((std::ptr::null(), 0), input)
}

/// Runs a function that writes to the caller's buffer: with a guess, then with
/// the size that it asked for. `extra`: room for a terminator.
pub(crate) fn fill<T: Copy + Default>(
    guess: usize,
    extra: usize,
    mut function: impl FnMut(
        *mut T,
        usize,
        *mut usize,
        *mut sys::inlay_error,
    ) -> sys::inlay_status,
) -> Result<Vec<T>> {
    let mut capacity = guess + extra;
    loop {
        let mut buffer = vec![T::default(); capacity];
        let pointer = match capacity {
            0 => std::ptr::null_mut(),
            _ => buffer.as_mut_ptr(),
        };
        let mut count = 0;
        let result = call(|error| function(pointer, capacity, &mut count, error));
        match result {
            // With NULL and capacity 0 only the size was asked for.
            Ok(()) if count + extra > capacity => capacity = count + extra,
            Ok(()) => {
                buffer.truncate(count);
                return Ok(buffer);
            }
            Err(error)
                if error.status() == Status::BufferTooSmall
                    && count + extra > capacity =>
            {
                // What grows between two calls gets some room.
                capacity = count + count / 8 + extra;
            }
            Err(error) => return Err(error),
        }
    }
}

/// The same for a text.
pub(crate) fn fill_text(
    guess: usize,
    mut function: impl FnMut(
        *mut c_char,
        usize,
        *mut usize,
        *mut sys::inlay_error,
    ) -> sys::inlay_status,
) -> Result<String> {
    let bytes = fill::<u8>(guess, 1, |buffer, capacity, size, error| {
        function(buffer.cast(), capacity, size, error)
    })?;
    Ok(match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    })
}
