//! What a request reports while it runs.

use crate::error::{Error, Result};
use crate::text::{copy, slice};
use crate::Token;
use inlay_sys as sys;
use std::time::Duration;

/// Why a request, or one of its answers, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FinishReason {
    /// It has not ended.
    None,
    /// An end token of the model, a stop token or a stop string.
    Stop,
    /// As many tokens as were asked for.
    Length,
    /// Prompt and answer fill the engine's context.
    ContextFull,
    /// Cancelled, or the engine was closed.
    Cancelled,
    /// The deadline passed.
    Deadline,
    /// An error.
    Error,
    /// A number that this version does not know.
    Other(i32),
}

impl FinishReason {
    fn from_raw(reason: i32) -> Self {
        match reason {
            sys::INLAY_FINISH_NONE => FinishReason::None,
            sys::INLAY_FINISH_STOP => FinishReason::Stop,
            sys::INLAY_FINISH_LENGTH => FinishReason::Length,
            sys::INLAY_FINISH_CONTEXT_FULL => FinishReason::ContextFull,
            sys::INLAY_FINISH_CANCELLED => FinishReason::Cancelled,
            sys::INLAY_FINISH_DEADLINE => FinishReason::Deadline,
            sys::INLAY_FINISH_ERROR => FinishReason::Error,
            other => FinishReason::Other(other),
        }
    }
}

/// What a request, or one of its answers, used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Tokens of the prompt; with a session of the whole conversation before
    /// the answer.
    pub prompt_tokens: i32,
    /// Of these, found in the cache at the first step.
    pub cached_tokens: i32,
    /// Tokens generated; of a request of several answers those of all.
    pub generated_tokens: i32,
    /// Times it lost its place in the cache and came back.
    pub preemptions: i32,
    /// From submit to the first step.
    pub queued: Duration,
    /// From submit to the first token; `None`: none came.
    pub first_token: Option<Duration>,
    /// From submit to the end.
    pub total: Duration,
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finish {
    /// Why. Of several answers: `Cancelled` or `Deadline` if any was cut off
    /// so, else the reason of the first.
    pub reason: FinishReason,
    /// What it used.
    pub usage: Usage,
}

/// A likely token, and the natural logarithm of its probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TopToken {
    /// The token.
    pub token: Token,
    /// Its log-probability.
    pub logprob: f32,
}

/// New tokens of one answer.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Delta {
    /// Which answer, from 0.
    pub choice: usize,
    /// The text that became complete with them: whole code points, possibly
    /// none.
    pub text: String,
    /// Their ids.
    pub tokens: Vec<Token>,
    /// The natural logarithm of each one's probability before temperature and
    /// filters; empty if not asked for.
    pub logprobs: Vec<f32>,
    /// Per token the likeliest ones, likeliest first; empty if not asked for.
    pub top: Vec<Vec<TopToken>>,
}

/// The prompt's tokens but the first, with their log-probabilities.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct PromptLogprobs {
    /// Their ids.
    pub tokens: Vec<Token>,
    /// The natural logarithm of each one's probability.
    pub logprobs: Vec<f32>,
    /// Per token the likeliest ones; empty if not asked for.
    pub top: Vec<Vec<TopToken>>,
}

/// The end of one of several answers.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Choice {
    /// Which answer, from 0.
    pub index: usize,
    /// Why it ended.
    pub reason: FinishReason,
    /// The mean log-probability of its tokens, or the beam's score.
    pub score: f64,
    /// What it used.
    pub usage: Usage,
}

/// One event of a request. `Finished` is the last; a request that fails ends
/// with an [`Error`] in its place.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Event {
    /// It ran in its first step.
    Started,
    /// Part of the prompt has been processed: tokens done, and in all.
    Progress {
        /// Tokens processed.
        done: i32,
        /// Tokens in all.
        total: i32,
    },
    /// The prompt's log-probabilities, if asked for; before the first `Delta`.
    Prompt(PromptLogprobs),
    /// New tokens.
    Delta(Delta),
    /// Something the program may want to know.
    Warning(String),
    /// One of several answers ended.
    Choice(Choice),
    /// The request ended.
    Finished(Finish),
}

fn duration(ns: i64) -> Duration {
    Duration::from_nanos(u64::try_from(ns).unwrap_or(0))
}

pub(crate) fn usage(event: &sys::inlay_event) -> Usage {
    Usage {
        prompt_tokens: event.prompt_tokens,
        cached_tokens: event.cached_tokens,
        generated_tokens: event.generated_tokens,
        preemptions: event.preemptions,
        queued: duration(event.queued_ns),
        first_token: (event.first_token_ns > 0).then(|| duration(event.first_token_ns)),
        total: duration(event.total_ns),
    }
}

/// Tokens and what is known of each.
///
/// # Safety
///
/// The event's memory must be valid.
unsafe fn delta(event: &sys::inlay_event) -> Delta {
    let (count, width) = (event.token_count, event.top_count);
    // SAFETY: the caller's promise; counts as the struct documents them.
    unsafe {
        let ids = slice(event.top_tokens, count.saturating_mul(width));
        let logprobs = slice(event.top_logprobs, count.saturating_mul(width));
        let pairs = |at: usize| {
            let row = at * width..(at + 1) * width;
            let row = ids[row.clone()].iter().zip(&logprobs[row]);
            row.map(|(token, logprob)| TopToken { token: *token, logprob: *logprob })
        };
        let has_top = width > 0 && !ids.is_empty() && ids.len() == logprobs.len();
        Delta {
            choice: usize::try_from(event.choice).unwrap_or(0),
            text: copy(event.text, event.text_size),
            tokens: slice(event.tokens, count).to_vec(),
            logprobs: slice(event.logprobs, count).to_vec(),
            top: match has_top {
                true => (0..count).map(|at| pairs(at).collect()).collect(),
                false => Vec::new(),
            },
        }
    }
}

/// # Safety
///
/// The event's memory must be valid.
pub(crate) unsafe fn whole(event: &sys::inlay_event) -> (Delta, Choice) {
    let choice = Choice {
        index: usize::try_from(event.choice).unwrap_or(0),
        reason: FinishReason::from_raw(event.finish_reason),
        score: event.score,
        usage: usage(event),
    };
    // SAFETY: the caller's promise.
    (unsafe { delta(event) }, choice)
}

/// # Safety
///
/// The event's memory must be valid.
pub(crate) unsafe fn prompt(event: &sys::inlay_event) -> PromptLogprobs {
    // SAFETY: the caller's promise.
    let Delta { tokens, logprobs, top, .. } = unsafe { delta(event) };
    PromptLogprobs { tokens, logprobs, top }
}

/// An owned copy; `None` of a kind that this version does not know.
///
/// # Safety
///
/// The event's memory must be valid.
pub(crate) unsafe fn copied(event: &sys::inlay_event) -> Option<Result<Event>> {
    // SAFETY: the caller's promise, for all of this.
    Some(Ok(match event.kind {
        sys::INLAY_EVENT_STARTED => Event::Started,
        sys::INLAY_EVENT_DELTA => Event::Delta(unsafe { delta(event) }),
        sys::INLAY_EVENT_PROGRESS => {
            Event::Progress { done: event.progress_done, total: event.progress_total }
        }
        sys::INLAY_EVENT_WARNING => {
            Event::Warning(unsafe { copy(event.message, event.message_size) })
        }
        sys::INLAY_EVENT_PROMPT => Event::Prompt(unsafe { prompt(event) }),
        sys::INLAY_EVENT_CHOICE => Event::Choice(unsafe { whole(event) }.1),
        sys::INLAY_EVENT_FINISHED => Event::Finished(Finish {
            reason: FinishReason::from_raw(event.finish_reason),
            usage: usage(event),
        }),
        sys::INLAY_EVENT_FAILED => {
            let message = unsafe { copy(event.message, event.message_size) };
            return Some(Err(Error::of_request(event.status, message, usage(event))));
        }
        _ => return None,
    }))
}

/// Whether it is a request's last.
pub(crate) fn is_terminal(event: &sys::inlay_event) -> bool {
    matches!(event.kind, sys::INLAY_EVENT_FINISHED | sys::INLAY_EVENT_FAILED)
}
