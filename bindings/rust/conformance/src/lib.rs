//! Compiles and runs the examples of the binding's README.

#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
struct Readme;
