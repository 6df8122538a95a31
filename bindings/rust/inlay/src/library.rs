//! The library itself.

use crate::error::{Error, Result, Status};
use crate::text::static_text;
use inlay_sys as sys;
use std::ffi::CString;

/// The version of the loaded library, `"0.2.0"`.
pub fn version() -> &'static str {
    // SAFETY: returns a static, terminated string.
    unsafe { static_text(sys::inlay_version()) }
}

/// The number of the loaded library's ABI.
pub fn abi_version() -> u32 {
    // SAFETY: takes nothing and returns a number.
    unsafe { sys::inlay_abi_version() }
}

/// For bug reports: version, compiler, target, features, on one line.
pub fn build_info() -> &'static str {
    // SAFETY: returns a static, terminated string.
    unsafe { static_text(sys::inlay_build_info()) }
}

/// Whether this build has a feature: `"cpu"`, `"chat"`, `"session"`...
pub fn has_feature(name: &str) -> bool {
    match CString::new(name) {
        // SAFETY: a terminated string that lives during the call.
        Ok(name) => unsafe { sys::inlay_has_feature(name.as_ptr()) == 1 },
        Err(_) => false,
    }
}

/// Checks that the loaded library fits this crate: ABI, version, layouts. Every
/// [`Context`](crate::Context) and [`Options`](crate::Options) does so first.
///
/// # Errors
///
/// [`Status::Unsupported`] with what does not fit.
pub fn check() -> Result<()> {
    sys::check().map_err(|why| Error::new(Status::Unsupported, why.to_string()))
}
