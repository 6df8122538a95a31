//! What an engine says of itself.

use crate::engine::Engine;
use crate::error::{call, Result};
use crate::text::copy;
use inlay_sys as sys;
use std::convert::TryFrom;

/// Element type of the key/value cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KvType {
    /// The device's default.
    Auto,
    /// 32-bit floats.
    F32,
    /// 16-bit floats.
    F16,
    /// 16-bit floats with the exponent of 32-bit ones.
    Bf16,
    /// 8-bit integers with one scale per token and head.
    Int8,
    /// 8-bit floats (E4M3) with one scale per head.
    Fp8,
    /// A number that this version does not know.
    Other(i32),
}

impl KvType {
    fn from_raw(kind: i32) -> Self {
        match kind {
            sys::INLAY_KV_AUTO => KvType::Auto,
            sys::INLAY_KV_F32 => KvType::F32,
            sys::INLAY_KV_F16 => KvType::F16,
            sys::INLAY_KV_BF16 => KvType::Bf16,
            sys::INLAY_KV_INT8 => KvType::Int8,
            sys::INLAY_KV_FP8 => KvType::Fp8,
            other => KvType::Other(other),
        }
    }
}

macro_rules! report {
    ($(#[$doc:meta])* $name:ident of $raw:ident {
        $($(#[$field_doc:meta])* $field:ident: $type:ty,)*
    }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct $name {
            $($(#[$field_doc])* pub $field: $type,)*
        }

        impl $name {
            fn from_raw(raw: &sys::$raw) -> Self {
                $name { $($field: <$type>::try_from(raw.$field).unwrap_or_default(),)* }
            }
        }
    };
}

report! {
    /// Counters since the engine's creation, and the situation now.
    EngineStats of inlay_engine_stats {
        /// Requests that take part in steps.
        running: i32,
        /// Requests that wait for a place.
        queued: i32,
        /// Known tokens of the requests that wait for a place.
        queued_tokens: i64,
        /// Requests that wait for their consumer.
        paused: i32,
        /// Live sessions.
        sessions: i32,
        /// Pages of the cache.
        pages_total: i32,
        /// Pages in use.
        pages_used: i32,
        /// Pages kept for reuse only, given out when needed.
        pages_idle: i32,
        /// Pages of the swap space.
        swap_pages_total: i32,
        /// Of these, in use.
        swap_pages_used: i32,
        /// Steps run.
        steps: u64,
        /// Requests accepted.
        submitted: u64,
        /// Requests that ended by themselves.
        finished: u64,
        /// Requests that ended with an error.
        failed: u64,
        /// Requests that were cancelled.
        cancelled: u64,
        /// Prompt tokens processed.
        prompt_tokens: u64,
        /// Tokens generated.
        generated_tokens: u64,
        /// Tokens looked up in the cache.
        lookup_tokens: u64,
        /// Of these, found there.
        cached_tokens: u64,
        /// Idle pages given to somebody else.
        pages_evicted: u64,
        /// Pages copied because their sharers parted.
        pages_copied: u64,
        /// Times a request lost its pages and computed them again.
        preempted_recompute: u64,
        /// Times a request's pages went to the swap space.
        preempted_swap: u64,
        /// Events that wait in the library.
        events_pending: u64,
        /// Bytes in use now in the context.
        memory_used_bytes: u64,
        /// The most that was ever in use in the context.
        memory_peak_bytes: u64,
    }
}

/// What an engine was set up with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EngineConfig {
    /// Most tokens of one request.
    pub context_length: i32,
    /// Most requests in one step.
    pub max_concurrency: i32,
    /// Most tokens of one step.
    pub max_step_tokens: i32,
    /// Most waiting requests.
    pub max_queue: i32,
    /// Tokens of one cache page.
    pub page_tokens: i32,
    /// Pages of the cache.
    pub page_count: i32,
    /// Element type of the cache.
    pub kv_type: KvType,
    /// Bytes of the cache.
    pub kv_cache_bytes: u64,
    /// Pages that fit in the swap space; 0: none.
    pub swap_pages: i32,
    /// Bytes of host memory for the pages of preempted requests.
    pub swap_bytes: u64,
    /// For people: what was chosen from what.
    pub explanation: String,
}

/// Traffic across the boundary.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traffic {
    /// Polls of the library.
    pub polls: u64,
    /// Events that they gave.
    pub events: u64,
}

impl Engine {
    /// Counters and the situation now. Any thread.
    ///
    /// # Errors
    ///
    /// `Forked` in a child process.
    pub fn stats(&self) -> Result<EngineStats> {
        let mut out = sys::inlay_engine_stats::default();
        // SAFETY: the handle is alive, out has its size.
        call(|error| unsafe {
            sys::inlay_engine_get_stats(self.raw(), &mut out, error)
        })?;
        Ok(EngineStats::from_raw(&out))
    }

    /// What it was set up with, and why. Any thread.
    ///
    /// # Errors
    ///
    /// `Forked` in a child process.
    pub fn config(&self) -> Result<EngineConfig> {
        let mut out = sys::inlay_engine_config::default();
        // SAFETY: the handle is alive, out has its size.
        call(|error| unsafe {
            sys::inlay_engine_get_config(self.raw(), &mut out, error)
        })?;
        Ok(EngineConfig {
            context_length: out.context_length,
            max_concurrency: out.max_concurrency,
            max_step_tokens: out.max_step_tokens,
            max_queue: out.max_queue,
            page_tokens: out.page_tokens,
            page_count: out.page_count,
            kv_type: KvType::from_raw(out.kv_type),
            kv_cache_bytes: out.kv_cache_bytes,
            swap_pages: out.swap_pages,
            swap_bytes: out.swap_bytes,
            // SAFETY: lives as long as the engine.
            explanation: unsafe { copy(out.explanation, out.explanation_size) },
        })
    }

    /// How often this crate has asked the library for events, and how many it
    /// got: one poll takes what a step gave to all requests.
    pub fn traffic(&self) -> Traffic {
        let (polls, events) = self.inner.shared.counts();
        Traffic { polls, events }
    }
}
