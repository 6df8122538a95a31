#![doc = include_str!("../README.md")]
#![deny(missing_docs, unsafe_op_in_unsafe_fn)]
#![warn(rust_2018_idioms)]

mod callback;
mod chat;
mod context;
mod driver;
mod embed;
mod engine;
mod engine_report;
mod error;
mod event;
mod generation;
mod handle;
mod library;
mod load;
mod model;
mod options;
mod rank;
mod request;
mod session;
mod slot;
mod source;
mod stream;
mod text;
mod tokenizer;

pub use chat::Chat;
pub use context::{Context, ContextOptions, ContextStats, Device, LogLevel};
pub use embed::{EmbedOptions, Pooling};
pub use engine::{Close, Engine, EngineOptions, EngineState};
pub use engine_report::{EngineConfig, EngineStats, KvType, Traffic};
pub use error::{Domain, Error, Result, Status};
pub use event::{Choice, Delta, Event, Finish, FinishReason};
pub use event::{PromptLogprobs, TopToken, Usage};
pub use generation::{Answer, Generation};
pub use library::{abi_version, build_info, check, has_feature, version};
pub use load::{Load, ModelOptions, Progress};
pub use model::{MemoryNeeds, Model, ModelInfo, Tensor};
pub use options::{tunables, Options, Tunable};
pub use rank::TokenPair;
pub use request::{LogitsRow, Part, Request};
pub use session::{Session, SessionInfo};
pub use source::{ReadAt, Source};
pub use stream::{CancelMode, NextEvent, RequestId, RequestState, Stream};
pub use stream::{Texts, Whole};
pub use tokenizer::{TokenInfo, TokenKind, Tokenize};

/// The raw layer, for what this crate does not offer.
pub use inlay_sys as sys;

/// A token's number in its vocabulary.
pub type Token = i32;
