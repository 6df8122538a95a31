//! The C functions, structs and constants of Inlay, generated from the
//! description of its ABI. Programs want the crate `inlay`.
//!
//! Everything here is as unsafe as C. [`check`] is the exception: it compares
//! the library that was loaded with what this crate was generated from.
#![deny(missing_docs, unsafe_op_in_unsafe_fn)]
#![allow(non_camel_case_types)]
// Comments of the description hold lists as C has them.
#![allow(unknown_lints, clippy::doc_lazy_continuation)]

#[rustfmt::skip]
#[allow(missing_docs)]
mod generated;

pub use generated::*;

use std::ffi::CStr;
use std::fmt;

/// Why the loaded library cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Mismatch {
    /// Its ABI has another number: the expected one, the library's.
    Abi(u32, u32),
    /// It is older than this crate: the crate's version, the library's.
    Older(String, String),
    /// A struct has another layout: its name, the expected size, the library's.
    Layout(String, usize, usize),
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Mismatch::Abi(want, got) => {
                write!(f, "the library has ABI {got}, this program needs {want}")
            }
            Mismatch::Older(want, got) => {
                write!(f, "the library has version {got}, this program needs {want}")
            }
            Mismatch::Layout(name, want, got) => {
                write!(f, "{name} has {got} bytes in the library, {want} in this program")
            }
        }
    }
}

impl std::error::Error for Mismatch {}

fn release(version: &str) -> (u32, u32) {
    let mut parts = version.split('.').map(|part| part.parse().unwrap_or(0));
    (parts.next().unwrap_or(0), parts.next().unwrap_or(0))
}

/// Judges a library: its ABI, its version, and what it says of struct sizes.
///
/// A library of the same release has the same sizes; structs of a newer one may
/// have grown; an older one is refused.
fn judge(
    abi: u32,
    version: &str,
    size_of: impl Fn(&CStr) -> usize,
) -> Result<(), Mismatch> {
    if abi != INLAY_ABI_VERSION {
        return Err(Mismatch::Abi(INLAY_ABI_VERSION, abi));
    }
    let (want, got) = (release(INLAY_VERSION_STRING), release(version));
    if got < want {
        return Err(Mismatch::Older(INLAY_VERSION_STRING.into(), version.into()));
    }
    for (name, size) in SIZES {
        let name = CStr::from_bytes_with_nul(name).unwrap_or_default();
        let library = size_of(name);
        if library < *size || (got == want && library != *size) {
            let name = name.to_string_lossy().into_owned();
            return Err(Mismatch::Layout(name, *size, library));
        }
    }
    Ok(())
}

/// Compares the loaded library with this crate: the number of the ABI, the
/// version, the size of every struct. Any thread; takes about a microsecond.
///
/// # Errors
///
/// [`Mismatch`] says what is wrong; nothing else of the library may be used
/// then.
pub fn check() -> Result<(), Mismatch> {
    // SAFETY: these functions take nothing, or a terminated string, and return
    // numbers and a static string.
    unsafe {
        let version = CStr::from_ptr(inlay_version()).to_string_lossy();
        judge(inlay_abi_version(), &version, |name| inlay_struct_size(name.as_ptr()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own(name: &CStr) -> usize {
        let found = SIZES.iter().find(|(n, _)| *n == name.to_bytes_with_nul());
        found.map_or(0, |(_, size)| *size)
    }

    #[test]
    fn the_loaded_library_fits() {
        assert_eq!(check(), Ok(()));
    }

    #[test]
    fn other_libraries_are_judged() {
        let abi = INLAY_ABI_VERSION;
        assert_eq!(judge(abi, INLAY_VERSION_STRING, own), Ok(()));
        assert_eq!(judge(abi, "99.0.0", |n| own(n) + 8), Ok(()));
        assert_eq!(judge(abi + 1, "99.0.0", own), Err(Mismatch::Abi(abi, abi + 1)));
        assert!(matches!(judge(abi, "0.1.9", own), Err(Mismatch::Older(..))));
        assert!(matches!(
            judge(abi, INLAY_VERSION_STRING, |n| own(n) + 8),
            Err(Mismatch::Layout(..))
        ));
        assert!(matches!(
            judge(abi, "99.0.0", |n| own(n) - 1),
            Err(Mismatch::Layout(..))
        ));
    }
}
