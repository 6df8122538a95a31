//! Opened models and what can be asked of them.

use crate::engine::EngineOptions;
use crate::error::{call, Result};
use crate::handle::Handle;
use crate::text::{copy, fill_text, input, slice};
use crate::Token;
use inlay_sys as sys;

/// An opened model: immutable, shared by any number of engines and threads. A
/// clone shares it.
#[derive(Clone)]
pub struct Model {
    pub(crate) handle: Handle<sys::inlay_model>,
}

/// What a model is. Numbers that are unknown are 0.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ModelInfo {
    /// Whether an engine can be created on it.
    pub runnable: bool,
    /// Why not; empty if it is runnable.
    pub not_runnable_reason: String,
    /// Tokens of the vocabulary; 0 without one.
    pub vocabulary_size: i32,
    /// Tokens that the model was trained for.
    pub context_length: i32,
    /// Attention layers.
    pub layer_count: i32,
    /// Width of the residual stream.
    pub embedding_length: i32,
    /// Query heads.
    pub head_count: i32,
    /// Key/value heads.
    pub kv_head_count: i32,
    /// Elements of one head.
    pub head_dim: i32,
    /// Whether text can be tokenized; else `tokenizer` says why not.
    pub has_tokenizer: bool,
    /// `"BPE (smollm)"`, or why there is none.
    pub tokenizer: String,
    /// Whether the file carries a chat template that can be rendered.
    pub has_chat_template: bool,
    /// Source of the template; if it cannot be rendered, the reason.
    pub chat_template: String,
    /// Begins a sequence.
    pub bos_token: Option<Token>,
    /// Ends a sequence.
    pub eos_token: Option<Token>,
    /// Unknown text.
    pub unk_token: Option<Token>,
    /// Padding.
    pub pad_token: Option<Token>,
    /// Whether tokenizing adds BOS.
    pub adds_bos: bool,
    /// Whether tokenizing adds EOS.
    pub adds_eos: bool,
    /// Every token that ends generation, ascending.
    pub end_tokens: Vec<Token>,
    /// Elements of all tensors.
    pub parameter_count: u64,
    /// Bytes of all tensors in the file.
    pub weight_bytes: u64,
    /// Bytes of the source.
    pub file_bytes: u64,
    /// As the file names it: `"llama"`.
    pub architecture: String,
    /// File format and version.
    pub format: String,
    /// The model's own name; empty if the file has none.
    pub name: String,
    /// Where the weights are; empty if none are loaded.
    pub device: String,
    /// How it computes, for people.
    pub recipe: String,
}

/// One tensor of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tensor {
    /// As in the file.
    pub name: String,
    /// Element type as the file names it: `"Q4_1"`.
    pub element_type: String,
    /// Row-major: the last dimension is contiguous.
    pub shape: Vec<i64>,
    /// First byte in the source.
    pub offset: u64,
    /// Bytes in the source.
    pub bytes: u64,
}

/// Memory that a model and one engine on it need, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemoryNeeds {
    /// Packed weights.
    pub weights: u64,
    /// Pages of the mapped file that stay resident.
    pub weights_mapped: u64,
    /// Key/value cache.
    pub kv_cache: u64,
    /// Working memory of a step.
    pub activations: u64,
    /// Tokenizer and metadata.
    pub vocabulary: u64,
    /// All of these.
    pub total: u64,
}

fn some(token: Token) -> Option<Token> {
    (token >= 0).then(|| token)
}

impl Model {
    /// # Safety
    ///
    /// `raw` must be a reference that nobody else gives back.
    pub(crate) unsafe fn own(raw: *mut sys::inlay_model) -> Self {
        // SAFETY: the caller's promise.
        let handle = unsafe { Handle::own(raw) };
        Model { handle: handle.expect("a success gives an object") }
    }

    /// The C handle, for calls of `inlay_sys`; stays owned by this object.
    pub fn as_ptr(&self) -> *mut sys::inlay_model {
        self.handle.as_ptr()
    }

    /// Describes the model. Any thread.
    ///
    /// # Errors
    ///
    /// `Forked` in a child process.
    pub fn info(&self) -> Result<ModelInfo> {
        let mut info = sys::inlay_model_info::default();
        let raw = self.as_ptr();
        // SAFETY: the handle is alive, info has its size; its strings live as
        // long as the handle.
        unsafe {
            call(|error| sys::inlay_model_get_info(raw, &mut info, error))?;
            let reason = info.not_runnable_reason;
            let tokenizer = info.tokenizer_description;
            Ok(ModelInfo {
                runnable: info.runnable != 0,
                not_runnable_reason: copy(reason, info.not_runnable_reason_size),
                vocabulary_size: info.vocabulary_size,
                context_length: info.context_length,
                layer_count: info.layer_count,
                embedding_length: info.embedding_length,
                head_count: info.head_count,
                kv_head_count: info.kv_head_count,
                head_dim: info.head_dim,
                has_tokenizer: info.has_tokenizer != 0,
                tokenizer: copy(tokenizer, info.tokenizer_description_size),
                has_chat_template: info.has_chat_template != 0,
                chat_template: copy(info.chat_template, info.chat_template_size),
                bos_token: some(info.bos_token),
                eos_token: some(info.eos_token),
                unk_token: some(info.unk_token),
                pad_token: some(info.pad_token),
                adds_bos: info.adds_bos != 0,
                adds_eos: info.adds_eos != 0,
                end_tokens: slice(info.end_tokens, info.end_token_count).to_vec(),
                parameter_count: info.parameter_count,
                weight_bytes: info.weight_bytes,
                file_bytes: info.file_bytes,
                architecture: copy(info.architecture, info.architecture_size),
                format: copy(info.format, info.format_size),
                name: copy(info.name, info.name_size),
                device: copy(info.device, info.device_size),
                recipe: copy(info.recipe, info.recipe_size),
            })
        }
    }

    /// Value of a metadata entry as text: strings as they are, numbers in their
    /// shortest exact form, arrays as JSON.
    ///
    /// # Errors
    ///
    /// `NotFound` for an unknown key.
    pub fn metadata(&self, key: &str) -> Result<String> {
        let (key, key_size) = input(key);
        fill_text(64, |buffer, capacity, size, error| {
            let raw = self.as_ptr();
            // SAFETY: the handle is alive, buffers live during the call.
            unsafe {
                sys::inlay_model_metadata_get(
                    raw, key, key_size, buffer, capacity, size, error,
                )
            }
        })
    }

    /// Keys of all metadata entries, in the file's order.
    ///
    /// # Errors
    ///
    /// `Forked` in a child process.
    pub fn metadata_keys(&self) -> Result<Vec<String>> {
        let raw = self.as_ptr();
        let mut count = 0;
        // SAFETY: the handle is alive, count lives during the call.
        call(|error| unsafe { sys::inlay_model_metadata_count(raw, &mut count, error) })?;
        (0..count)
            .map(|index| {
                let (mut key, mut size) = (std::ptr::null(), 0);
                // SAFETY: as above; the key lives as long as the model.
                unsafe {
                    call(|error| {
                        let (key, size) = (&mut key, &mut size);
                        sys::inlay_model_metadata_key(raw, index, key, size, error)
                    })?;
                    Ok(copy(key, size))
                }
            })
            .collect()
    }

    /// Describes all tensors, in the file's order.
    ///
    /// # Errors
    ///
    /// `Forked` in a child process.
    pub fn tensors(&self) -> Result<Vec<Tensor>> {
        let raw = self.as_ptr();
        let mut count = 0;
        // SAFETY: the handle is alive, count lives during the call.
        call(|error| unsafe { sys::inlay_model_tensor_count(raw, &mut count, error) })?;
        (0..count)
            .map(|index| {
                let mut info = sys::inlay_tensor_info::default();
                // SAFETY: as above; the strings live as long as the model.
                unsafe {
                    call(|error| {
                        sys::inlay_model_tensor_get_info(raw, index, &mut info, error)
                    })?;
                    let rank = usize::try_from(info.rank).unwrap_or(0).min(4);
                    Ok(Tensor {
                        name: copy(info.name, info.name_size),
                        element_type: copy(info.r#type, info.type_size),
                        shape: info.shape[..rank].to_vec(),
                        offset: info.offset,
                        bytes: info.bytes,
                    })
                }
            })
            .collect()
    }

    /// Memory that the model and one engine with these options need. Works on
    /// a vocabulary-only model too.
    ///
    /// # Errors
    ///
    /// Those that creating the engine would give.
    pub fn estimate(&self, options: &EngineOptions<'_>) -> Result<MemoryNeeds> {
        let mut needs = sys::inlay_memory_needs::default();
        let given = options.raw()?;
        let raw = self.as_ptr();
        // SAFETY: the handle is alive, the structs have their sizes.
        call(|error| unsafe {
            sys::inlay_memory_estimate(raw, &given, &mut needs, error)
        })?;
        Ok(MemoryNeeds {
            weights: needs.weights,
            weights_mapped: needs.weights_mapped,
            kv_cache: needs.kv_cache,
            activations: needs.activations,
            vocabulary: needs.vocabulary,
            total: needs.total,
        })
    }
}
