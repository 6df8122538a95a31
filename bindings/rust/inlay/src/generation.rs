//! Whole answers.

use crate::error::{call, Result, Status};
use crate::event::{prompt, usage, whole};
use crate::event::{Delta, Event, FinishReason, PromptLogprobs, TopToken, Usage};
use crate::handle::Handle;
use crate::Token;
use inlay_sys as sys;

/// One answer of a request.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Answer {
    /// Its text.
    pub text: String,
    /// Its tokens.
    pub tokens: Vec<Token>,
    /// The natural logarithm of each one's probability; empty if not asked for.
    pub logprobs: Vec<f32>,
    /// Per token the likeliest ones; empty if not asked for.
    pub top: Vec<Vec<TopToken>>,
    /// Why it ended.
    pub reason: FinishReason,
    /// Of several answers: the mean log-probability, or the beam's score.
    pub score: Option<f64>,
    /// What it used.
    pub usage: Usage,
}

/// The result of a request: one answer, or as many as were asked for.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Generation {
    /// At least one; of `best_of` and beams the best is first.
    pub answers: Vec<Answer>,
    /// The prompt's log-probabilities, if asked for.
    pub prompt: Option<PromptLogprobs>,
    /// Why the request ended.
    pub reason: FinishReason,
    /// What all answers together used.
    pub usage: Usage,
}

impl Generation {
    /// The text of the first answer.
    pub fn text(&self) -> &str {
        self.answers.first().map_or("", |answer| &answer.text)
    }

    /// Copies the library's result.
    pub(crate) fn copied(handle: &Handle<sys::inlay_generation>) -> Result<Self> {
        let raw = handle.as_ptr();
        let mut event = sys::inlay_event::default();
        let mut count = 0;
        // SAFETY: the handle is alive; what the events point to lives as long.
        unsafe {
            call(|error| sys::inlay_generation_get(raw, &mut event, error))?;
            call(|error| sys::inlay_generation_choice_count(raw, &mut count, error))?;
            let (_, all) = whole(&event);
            let mut generation = Generation {
                answers: Vec::with_capacity(count),
                prompt: None,
                reason: all.reason,
                usage: usage(&event),
            };
            for index in 0..count {
                call(|error| {
                    sys::inlay_generation_get_choice(raw, index, &mut event, error)
                })?;
                let (delta, choice) = whole(&event);
                generation.answers.push(Answer {
                    text: delta.text,
                    tokens: delta.tokens,
                    logprobs: delta.logprobs,
                    top: delta.top,
                    reason: choice.reason,
                    score: (count > 1).then(|| choice.score),
                    usage: choice.usage,
                });
            }
            match call(|error| sys::inlay_generation_get_prompt(raw, &mut event, error)) {
                Ok(()) => generation.prompt = Some(prompt(&event)),
                Err(error) if error.status() == Status::NotFound => {}
                Err(error) => return Err(error),
            }
            Ok(generation)
        }
    }
}

/// Puts events together.
pub(crate) struct Collector(Option<Generation>);

impl Collector {
    pub(crate) fn new(answers: usize) -> Self {
        let answer = Answer {
            text: String::new(),
            tokens: Vec::new(),
            logprobs: Vec::new(),
            top: Vec::new(),
            reason: FinishReason::None,
            score: None,
            usage: Usage::default(),
        };
        Collector(Some(Generation {
            answers: vec![answer; answers],
            prompt: None,
            reason: FinishReason::None,
            usage: Usage::default(),
        }))
    }

    /// The whole with the last event.
    pub(crate) fn add(&mut self, event: Event) -> Option<Generation> {
        let whole = self.0.as_mut()?;
        match event {
            Event::Delta(delta) => {
                let Delta { choice, text, tokens, logprobs, top } = delta;
                let answer = whole.answers.get_mut(choice)?;
                answer.text.push_str(&text);
                answer.tokens.extend(tokens);
                answer.logprobs.extend(logprobs);
                answer.top.extend(top);
            }
            Event::Prompt(prompt) => whole.prompt = Some(prompt),
            Event::Choice(choice) => {
                let answer = whole.answers.get_mut(choice.index)?;
                answer.reason = choice.reason;
                answer.score = Some(choice.score);
                answer.usage = choice.usage;
            }
            Event::Finished(finish) => {
                whole.reason = finish.reason;
                whole.usage = finish.usage;
                if let [only] = whole.answers.as_mut_slice() {
                    if only.score.is_none() {
                        only.reason = finish.reason;
                        only.usage = whole.usage.clone();
                    }
                }
                return self.0.take();
            }
            Event::Started | Event::Progress { .. } | Event::Warning(_) => {}
        }
        None
    }
}
