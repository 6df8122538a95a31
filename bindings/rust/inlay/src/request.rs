//! What to generate.

use crate::error::Result;
use crate::load::nanoseconds;
use crate::session::Session;
use crate::text::input;
use crate::Token;
use inlay_sys as sys;
use std::fmt;
use std::ops::ControlFlow;
use std::os::raw::c_char;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// One part of a prompt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Part {
    /// Text, for example of a user.
    Text(String),
    /// Text in which control tokens are recognised: of a template, never of a
    /// user.
    Template(String),
    /// Token ids.
    Tokens(Vec<Token>),
}

/// The row whose logits a hook may change.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct LogitsRow<'a> {
    /// The prompt's tokens.
    pub prompt: &'a [Token],
    /// The tokens generated so far.
    pub generated: &'a [Token],
}

type HookFn = dyn FnMut(&LogitsRow<'_>, &mut [f32]) -> ControlFlow<i32> + Send;

#[derive(Clone)]
pub(crate) struct Hook(pub(crate) Arc<Mutex<HookFn>>);

/// The struct of the C call with all pointers NULL.
#[derive(Clone)]
struct Plain(sys::inlay_request);
// SAFETY: it has no pointers but NULL.
unsafe impl Send for Plain {}
unsafe impl Sync for Plain {}

#[derive(Clone)]
enum Prompt {
    Text(String),
    Parts(Vec<Part>),
}

/// What to generate. Without more said: greedily, until the model ends or the
/// context is full. All limits are checked by submit.
///
/// ```
/// use std::time::Duration;
/// let request = inlay::Request::chat("What is the capital of France?")
///     .max_tokens(200)
///     .temperature(0.7)
///     .seed(1)
///     .stop("\n\n")
///     .deadline(Duration::from_secs(20));
/// # let _ = request;
/// ```
#[derive(Clone)]
pub struct Request {
    plain: Plain,
    prompt: Prompt,
    bias: (Vec<Token>, Vec<f32>),
    stops: Vec<String>,
    stop_tokens: Vec<Token>,
    tenant: String,
    cache_domain: String,
    session: Option<Session>,
    breakers: Option<Vec<String>>,
    hook: Option<Hook>,
}

macro_rules! setters {
    ($($(#[$doc:meta])* $name:ident: $type:ty;)*) => {
        $($(#[$doc])*
        pub fn $name(mut self, value: $type) -> Self {
            self.plain.0.$name = value;
            self
        })*
    };
}

macro_rules! flags {
    ($($(#[$doc:meta])* $name:ident: $flag:ident;)*) => {
        $($(#[$doc])*
        pub fn $name(self) -> Self {
            self.flag(sys::$flag)
        })*
    };
}

impl Request {
    fn with(prompt: Prompt) -> Self {
        Request {
            plain: Plain(sys::inlay_request::default()),
            prompt,
            bias: Default::default(),
            stops: Vec::new(),
            stop_tokens: Vec::new(),
            tenant: String::new(),
            cache_domain: String::new(),
            session: None,
            breakers: None,
            hook: None,
        }
    }

    fn flag(mut self, flag: u64) -> Self {
        self.plain.0.flags |= flag;
        self
    }

    /// Continues a text as it is.
    pub fn text(prompt: impl Into<String>) -> Self {
        Self::with(Prompt::Text(prompt.into()))
    }

    /// Answers one message of a user, wrapped in the model's chat template.
    /// With a session: the first turn only.
    pub fn chat(message: impl Into<String>) -> Self {
        Self::text(message).chat_template()
    }

    /// Continues what [`Model::render`](crate::Model::render) gave: control
    /// tokens are recognised, and no BOS is added.
    pub fn rendered(text: impl Into<String>) -> Self {
        Self::text(text).parse_special().no_special()
    }

    /// Continues parts, joined in order.
    pub fn parts(parts: impl Into<Vec<Part>>) -> Self {
        Self::with(Prompt::Parts(parts.into()))
    }

    /// Continues tokens.
    pub fn tokens(tokens: impl Into<Vec<Token>>) -> Self {
        Self::parts(vec![Part::Tokens(tokens.into())])
    }

    flags! {
        /// Do not put BOS in front, even where the model wants it.
        no_special: INLAY_REQUEST_NO_SPECIAL;
        /// The prompt is one message of a user: wrap it in the model's chat
        /// template. As [`Request::chat`].
        chat_template: INLAY_REQUEST_CHAT;
        /// Recognise control tokens written out in the prompt. For rendered
        /// templates, never for a user's text.
        parse_special: INLAY_REQUEST_PARSE_SPECIAL;
        /// The model's end tokens do not end generation.
        ignore_end: INLAY_REQUEST_IGNORE_END;
        /// Control tokens appear in the text of events.
        report_special: INLAY_REQUEST_REPORT_SPECIAL;
        /// Report the log-probability of every generated token.
        logprobs: INLAY_REQUEST_LOGPROBS;
        /// Report the log-probabilities of the prompt's tokens.
        prompt_logprobs: INLAY_REQUEST_PROMPT_LOGPROBS;
        /// Neither take the prompt's beginning from the cache nor leave it
        /// there for others.
        no_cache: INLAY_REQUEST_NO_CACHE;
    }

    setters! {
        /// Most tokens to generate; 0: until an end token or the context is
        /// full.
        max_tokens: i32;
        /// End and stop tokens are banned before so many were generated.
        min_tokens: i32;
        /// 0: greedy; else divides the logits, at most 100.
        temperature: f32;
        /// Keep the k likeliest tokens; 0: off.
        top_k: i32;
        /// Keep the likeliest that together have this probability, in (0, 1).
        top_p: f32;
        /// Keep those at least this fraction as likely as the likeliest.
        min_p: f32;
        /// Locally typical sampling, in (0, 1).
        typical_p: f32;
        /// Divides positive and multiplies negative logits of tokens seen.
        repetition_penalty: f32;
        /// Subtracted once from the logit of each generated token, -2 to 2.
        presence_penalty: f32;
        /// Subtracted per occurrence among the generated tokens, -2 to 2.
        frequency_penalty: f32;
        /// How many tokens the repetition penalty looks back; 0: all.
        penalty_last_n: i32;
        /// Report the log-probabilities of so many likeliest tokens beside the
        /// chosen one's.
        top_logprobs: i32;
        /// With the position it determines every draw: equal seeds give equal
        /// answers whatever runs beside.
        seed: u64;
        /// Class, -100 to 100; the higher goes first under the policies `fair`
        /// and `priority`.
        priority: i32;
        /// Answers to return, 1 to 64; answer i draws with seed + i.
        choices: i32;
        /// Answers to generate, of which the best are returned, all at the end.
        best_of: i32;
        /// Beam search with so many beams; answers come at the end, the best
        /// first.
        beam_width: i32;
        /// Beams are ordered by the sum of log-probabilities divided by this
        /// power of the length; 0: 1.
        length_penalty: f32;
        /// Mirostat sampling, version 1 or 2; 0: off.
        mirostat: i32;
        /// Wanted surprise of a token in bits; 0: 5.
        mirostat_tau: f32;
        /// Learning rate of mirostat; 0: 0.1.
        mirostat_eta: f32;
        /// Chance of removing the likeliest tokens (XTC); 0: off.
        xtc_probability: f32;
        /// How likely those are at least; 0: 0.1.
        xtc_threshold: f32;
        /// Weight of the penalty on repeated sequences (DRY); 0: off.
        dry_multiplier: f32;
        /// Growth of that penalty with each repeated token; 0: 1.75.
        dry_base: f32;
        /// Repeated sequences shorter than this cost nothing; 0: 2.
        dry_allowed_length: i32;
        /// How many tokens DRY looks back; 0: all.
        dry_last_n: i32;
        /// Bans tokens that would repeat a sequence of so many; 0: off.
        no_repeat_ngram: i32;
    }

    /// Texts at which a repeated sequence ends for DRY, in place of newline,
    /// colon, quotation mark and asterisk; none at all may be given.
    pub fn dry_breakers<S: Into<String>>(
        mut self,
        texts: impl IntoIterator<Item = S>,
    ) -> Self {
        self.breakers = Some(texts.into_iter().map(Into::into).collect());
        self
    }

    /// Adds to the logit of a token; minus infinity bans it.
    pub fn bias(mut self, token: Token, value: f32) -> Self {
        self.bias.0.push(token);
        self.bias.1.push(value);
        self
    }

    /// Adds a text that ends generation; it is not part of the answer.
    pub fn stop(mut self, text: impl Into<String>) -> Self {
        self.stops.push(text.into());
        self
    }

    /// Adds a token that ends generation, beside the model's own.
    pub fn stop_token(mut self, token: Token) -> Self {
        self.stop_tokens.push(token);
        self
    }

    /// After this time from submit the request ends, queued or running.
    pub fn deadline(mut self, after: Duration) -> Self {
        // 0 would mean none.
        self.plain.0.deadline_ns = nanoseconds(after).max(1);
        self
    }

    /// Whose share it takes under the policy `fair`; at most 256 bytes.
    pub fn tenant(mut self, name: impl Into<String>) -> Self {
        self.tenant = name.into();
        self
    }

    /// Only requests of the same domain share what the cache holds of their
    /// prompts; at most 256 bytes.
    pub fn cache_domain(mut self, name: impl Into<String>) -> Self {
        self.cache_domain = name.into();
        self
    }

    /// Continues a conversation: the prompt goes behind its tokens, and prompt
    /// and answer are appended when the request ends.
    pub fn session(mut self, session: &Session) -> Self {
        self.session = Some(session.clone());
        self
    }

    /// Changes the logits of every row before a token is chosen. It runs on the
    /// thread of the steps, which waits for it, one row at a time, and may call
    /// nothing of this crate. `Break`, with a code, and a panic end the request
    /// with an error. Clones of the request share the hook.
    pub fn logits_hook(
        mut self,
        hook: impl FnMut(&LogitsRow<'_>, &mut [f32]) -> ControlFlow<i32> + Send + 'static,
    ) -> Self {
        self.hook = Some(Hook(Arc::new(Mutex::new(hook))));
        self
    }

    pub(crate) fn hook(&self) -> Option<Hook> {
        self.hook.clone()
    }

    /// Answers that will come.
    pub(crate) fn answer_count(&self) -> usize {
        usize::try_from(self.plain.0.choices).unwrap_or(0).max(1)
    }

    /// Calls `body` with the struct of the C call, valid during it.
    pub(crate) fn fill<T>(
        &self,
        body: impl FnOnce(&mut sys::inlay_request) -> Result<T>,
    ) -> Result<T> {
        let mut full = self.plain.0;
        let mut parts = Vec::new();
        match &self.prompt {
            Prompt::Text(text) => (full.prompt, full.prompt_size) = input(text),
            Prompt::Parts(given) => {
                parts.extend(given.iter().map(raw_part));
                // Without parts the pointer must not be NULL either.
                full.parts = parts.as_ptr();
                full.part_size = std::mem::size_of::<sys::inlay_prompt_part>();
                full.part_count = parts.len();
            }
        }
        if !self.bias.0.is_empty() {
            full.bias_tokens = self.bias.0.as_ptr();
            full.bias_values = self.bias.1.as_ptr();
            full.bias_count = self.bias.0.len();
        }
        let stops = Texts::new(&self.stops);
        if !self.stops.is_empty() {
            full.stop_strings = stops.data.as_ptr();
            full.stop_string_sizes = stops.sizes.as_ptr();
            full.stop_string_count = self.stops.len();
        }
        if !self.stop_tokens.is_empty() {
            full.stop_tokens = self.stop_tokens.as_ptr();
            full.stop_token_count = self.stop_tokens.len();
        }
        let breakers = Texts::new(self.breakers.as_deref().unwrap_or_default());
        if self.breakers.is_some() {
            full.dry_breakers = breakers.data.as_ptr();
            full.dry_breaker_sizes = breakers.sizes.as_ptr();
            full.dry_breaker_count = breakers.data.len();
        }
        (full.tenant, full.tenant_size) = input(&self.tenant);
        (full.cache_domain, full.cache_domain_size) = input(&self.cache_domain);
        if let Some(session) = &self.session {
            full.session = session.as_ptr();
        }
        body(&mut full)
    }
}

impl fmt::Debug for Request {
    /// Without prompt and texts, which may be private.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("max_tokens", &self.plain.0.max_tokens)
            .field("temperature", &self.plain.0.temperature)
            .field("seed", &self.plain.0.seed)
            .field("choices", &self.answer_count())
            .finish_non_exhaustive()
    }
}

fn raw_part(part: &Part) -> sys::inlay_prompt_part {
    let mut raw = sys::inlay_prompt_part::default();
    match part {
        Part::Text(text) | Part::Template(text) => {
            raw.kind = sys::INLAY_PART_TEXT;
            (raw.text, raw.text_size) = input(text);
            if matches!(part, Part::Template(_)) {
                raw.flags = sys::INLAY_PART_PARSE_SPECIAL;
            }
        }
        Part::Tokens(tokens) => {
            raw.kind = sys::INLAY_PART_TOKENS;
            raw.tokens = tokens.as_ptr();
            raw.token_count = tokens.len();
        }
    }
    raw
}

/// Pointers and sizes of texts.
struct Texts {
    data: Vec<*const c_char>,
    sizes: Vec<usize>,
}

impl Texts {
    fn new(texts: &[String]) -> Self {
        Texts {
            data: texts.iter().map(|text| text.as_ptr().cast()).collect(),
            sizes: texts.iter().map(String::len).collect(),
        }
    }
}
