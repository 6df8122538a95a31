//! Chat templates.

use crate::error::Result;
use crate::model::Model;
use crate::text::{fill_text, input, optional};
use inlay_sys as sys;
use std::fmt::Write;

/// A conversation to render with a chat template.
///
/// ```
/// let chat = inlay::Chat::new()
///     .message("system", "Answer in one word.")
///     .message("user", "What is \"1 + 1\"?");
/// assert_eq!(
///     chat.messages_json(),
///     r#"[{"role":"system","content":"Answer in one word."},"#.to_string()
///         + r#"{"role":"user","content":"What is \"1 + 1\"?"}]"#
/// );
/// ```
#[derive(Clone, Debug, Default)]
pub struct Chat {
    messages: Vec<String>,
    json: Option<String>,
    tools: Option<String>,
    extra: Option<String>,
    template: Option<String>,
    now: i64,
    no_generation_prompt: bool,
}

/// A JSON string, quotation marks included.
fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c < ' ' => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{:04x}", c as u32);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

impl Chat {
    /// No message yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a message: a role such as `"user"`, and its text.
    pub fn message(mut self, role: &str, content: &str) -> Self {
        self.push(role, content);
        self
    }

    /// The same, in place.
    pub fn push(&mut self, role: &str, content: &str) {
        let (role, content) = (quote(role), quote(content));
        self.messages.push(format!("{{\"role\":{role},\"content\":{content}}}"));
    }

    /// A JSON array of messages, for those with more than role and content; it
    /// takes the place of all others.
    pub fn json(mut self, messages: impl Into<String>) -> Self {
        self.json = Some(messages.into());
        self
    }

    /// JSON array of tools.
    pub fn tools_json(mut self, tools: impl Into<String>) -> Self {
        self.tools = Some(tools.into());
        self
    }

    /// JSON object of further template variables.
    pub fn extra_json(mut self, variables: impl Into<String>) -> Self {
        self.extra = Some(variables.into());
        self
    }

    /// A template to use instead of the model's.
    pub fn template(mut self, text: impl Into<String>) -> Self {
        self.template = Some(text.into());
        self
    }

    /// Seconds since 1970-01-01 UTC, for templates that print the date; the
    /// library reads no clock. 0: not given.
    pub fn now(mut self, unix_seconds: i64) -> Self {
        self.now = unix_seconds;
        self
    }

    /// Whether to append the opening of the assistant's turn; it is, unless
    /// this says no.
    pub fn generation_prompt(mut self, wanted: bool) -> Self {
        self.no_generation_prompt = !wanted;
        self
    }

    /// The messages as the JSON array that the template gets.
    pub fn messages_json(&self) -> String {
        self.json.clone().unwrap_or_else(|| format!("[{}]", self.messages.join(",")))
    }
}

impl Model {
    /// Renders a conversation with the model's chat template, or with its own.
    /// Submit the result with [`Request::rendered`](crate::Request::rendered).
    /// Any thread.
    ///
    /// # Errors
    ///
    /// `NotFound` without a template, `InvalidArgument` for bad JSON or what
    /// the template raises, `Unsupported` for a template beyond the library.
    pub fn render(&self, chat: &Chat) -> Result<String> {
        let messages = chat.messages_json();
        let mut given = sys::inlay_chat_input::default();
        if chat.no_generation_prompt {
            given.flags |= sys::INLAY_CHAT_NO_GENERATION_PROMPT;
        }
        (given.messages_json, given.messages_json_size) = input(&messages);
        (given.tools_json, given.tools_json_size) = optional(chat.tools.as_deref());
        (given.extra_json, given.extra_json_size) = optional(chat.extra.as_deref());
        (given.template_text, given.template_text_size) =
            optional(chat.template.as_deref());
        given.now_unix_seconds = chat.now;
        let guess = messages.len() + 256;
        fill_text(guess, |buffer, capacity, size, error| {
            let raw = self.as_ptr();
            // SAFETY: the handle is alive, the texts live during the call.
            unsafe { sys::inlay_chat_render(raw, &given, buffer, capacity, size, error) }
        })
    }
}
