//! What became of a request.

use crate::trace::{double, list, reason, Record};
use inlay::{Error, Event, FinishReason, Generation, PromptLogprobs, TopToken, Usage};

#[derive(Default, Clone)]
struct Part {
    text: String,
    tokens: Vec<i32>,
    logprobs: Vec<f32>,
    top: Vec<Vec<TopToken>>,
    finish: Option<FinishReason>,
    score: Option<f64>,
}

/// Puts the events of one request together.
pub struct Outcome {
    kinds: Vec<&'static str>,
    answers: Vec<Part>,
    prompt: Option<PromptLogprobs>,
    finish: Option<FinishReason>,
    usage: Usage,
    error: Option<Error>,
}

impl Outcome {
    pub fn new(answers: usize) -> Self {
        Outcome {
            kinds: Vec::new(),
            answers: vec![Part::default(); answers],
            prompt: None,
            finish: None,
            usage: Usage::default(),
            error: None,
        }
    }

    fn seen(&mut self, kind: &'static str) {
        if !self.kinds.contains(&kind) {
            self.kinds.push(kind);
        }
    }

    pub fn tokens(&self) -> usize {
        self.answers.iter().map(|answer| answer.tokens.len()).sum()
    }

    pub fn finish(&self) -> &'static str {
        self.finish.map_or("none", reason)
    }

    pub fn add(&mut self, event: Result<Event, Error>) {
        match event {
            Ok(Event::Started) => self.seen("started"),
            Ok(Event::Prompt(prompt)) => {
                self.seen("prompt");
                self.prompt = Some(prompt);
            }
            Ok(Event::Delta(delta)) => {
                self.seen("delta");
                if let Some(answer) = self.answers.get_mut(delta.choice) {
                    answer.text.push_str(&delta.text);
                    answer.tokens.extend(delta.tokens);
                    answer.logprobs.extend(delta.logprobs);
                    answer.top.extend(delta.top);
                }
            }
            Ok(Event::Choice(choice)) => {
                self.seen("choice");
                if let Some(answer) = self.answers.get_mut(choice.index) {
                    answer.finish = Some(choice.reason);
                    answer.score = Some(choice.score);
                }
            }
            Ok(Event::Finished(finish)) => {
                self.seen("finished");
                self.finish = Some(finish.reason);
                self.usage = finish.usage;
            }
            Err(error) => {
                self.seen("failed");
                self.finish = Some(FinishReason::Error);
                self.usage = error.usage().cloned().unwrap_or_default();
                self.error = Some(error);
            }
            Ok(_) => {}
        }
    }

    /// The terminal event of the raw layer.
    pub fn finished(&mut self, reason: i32, usage: [i32; 3]) {
        self.seen("finished");
        self.finish = Some(match reason {
            inlay::sys::INLAY_FINISH_STOP => FinishReason::Stop,
            inlay::sys::INLAY_FINISH_LENGTH => FinishReason::Length,
            inlay::sys::INLAY_FINISH_CONTEXT_FULL => FinishReason::ContextFull,
            other => FinishReason::Other(other),
        });
        let [prompt, generated, cached] = usage;
        self.usage.prompt_tokens = prompt;
        self.usage.generated_tokens = generated;
        self.usage.cached_tokens = cached;
    }

    pub fn of(generation: Generation) -> Self {
        let mut outcome = Outcome::new(0);
        outcome.finish = Some(generation.reason);
        outcome.usage = generation.usage;
        outcome.prompt = generation.prompt;
        for answer in generation.answers {
            outcome.answers.push(Part {
                text: answer.text,
                tokens: answer.tokens,
                logprobs: answer.logprobs,
                top: answer.top,
                finish: Some(answer.reason),
                score: answer.score,
            });
        }
        outcome
    }

    fn answer(&self, answer: &Part) -> String {
        let finish = answer.finish.or(self.finish).map_or("none", reason);
        let mut record = Record::default().text("text", &answer.text);
        record = record.tokens("tokens", &answer.tokens).text("finish", finish);
        if !answer.logprobs.is_empty() {
            record = record.floats("logprobs", &answer.logprobs);
        }
        if !answer.top.is_empty() {
            record = record.top(&answer.top);
        }
        if let Some(score) = answer.score {
            record = record.raw("score", double(score));
        }
        record.close()
    }

    /// `whole`: of the blocking call, which has no kinds.
    pub fn record(&self, whole: bool, cached: bool) -> Record {
        let mut record = match &self.error {
            Some(error) => Record::failed(error),
            None => Record::ok(),
        };
        if !whole {
            let kinds = self.kinds.iter().map(|kind| format!("\"{kind}\""));
            record = record.raw("kinds", list(kinds));
        }
        record = record
            .text("finish", self.finish())
            .raw("prompt_tokens", self.usage.prompt_tokens)
            .raw("generated_tokens", self.usage.generated_tokens)
            .raw("answers", list(self.answers.iter().map(|a| self.answer(a))));
        if let Some(prompt) = &self.prompt {
            let tokens = Record::default().tokens("tokens", &prompt.tokens);
            let both = tokens.floats("logprobs", &prompt.logprobs);
            record = record.raw("prompt", both.close());
        }
        if cached {
            record = record.raw("cached_tokens", self.usage.cached_tokens);
        }
        record
    }
}
