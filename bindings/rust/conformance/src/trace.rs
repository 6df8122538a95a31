//! The result of a step, in the order of its keys.

use crate::json::quote;
use inlay::{FinishReason, TopToken};

/// An object under way.
#[derive(Default)]
pub struct Record(Vec<String>);

impl Record {
    pub fn ok() -> Self {
        Record::default().text("status", "INLAY_OK")
    }

    pub fn failed(error: &inlay::Error) -> Self {
        let record = Record::default().text("status", error.status().name());
        record.text("message", error.message())
    }

    pub fn raw(mut self, key: &str, value: impl ToString) -> Self {
        self.0.push(format!("\"{key}\":{}", value.to_string()));
        self
    }

    pub fn text(self, key: &str, value: &str) -> Self {
        self.raw(key, quote(value))
    }

    pub fn flag(self, key: &str, value: bool) -> Self {
        self.raw(key, u8::from(value))
    }

    pub fn tokens(self, key: &str, tokens: &[i32]) -> Self {
        self.raw(key, list(tokens.iter().map(i32::to_string)))
    }

    pub fn floats(self, key: &str, values: &[f32]) -> Self {
        self.raw(key, list(values.iter().map(|value| float(*value))))
    }

    pub fn top(self, top: &[Vec<TopToken>]) -> Self {
        let pair = |t: &TopToken| format!("[{},{}]", t.token, float(t.logprob));
        self.raw("top", list(top.iter().map(|row| list(row.iter().map(pair)))))
    }

    pub fn close(&self) -> String {
        format!("{{{}}}", self.0.join(","))
    }
}

pub fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn float(value: f32) -> String {
    format!("\"{:08x}\"", value.to_bits())
}

pub fn double(value: f64) -> String {
    format!("\"{:016x}\"", value.to_bits())
}

pub fn reason(reason: FinishReason) -> &'static str {
    match reason {
        FinishReason::None => "none",
        FinishReason::Stop => "stop",
        FinishReason::Length => "length",
        FinishReason::ContextFull => "context_full",
        FinishReason::Cancelled => "cancelled",
        FinishReason::Deadline => "deadline",
        _ => "error",
    }
}
