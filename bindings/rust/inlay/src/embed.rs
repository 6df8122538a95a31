//! Vectors of an encoder.

use crate::engine::Engine;
use crate::error::Result;
use crate::text::fill;
use crate::Token;
use inlay_sys as sys;
use std::convert::TryFrom;

/// How the rows of an input become one vector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Pooling {
    /// As the model's files say.
    #[default]
    Model,
    /// The first row.
    Cls,
    /// The mean of all rows.
    Mean,
    /// The last row.
    Last,
}

/// Choices of [`Engine::embed`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EmbedOptions {
    /// How the rows of an input become one vector.
    pub pooling: Pooling,
    /// Whether vectors have length 1; `None`: as the model's files say.
    pub normalize: Option<bool>,
}

impl Engine {
    /// One vector for each input of an encoder. Each runs whole in one step,
    /// which inputs of other calls share. Waits; any thread.
    ///
    /// # Errors
    ///
    /// `FailedPrecondition` if the model is no encoder; `OutOfRange` for an
    /// unknown id or an input that is too long; `InvalidArgument` without
    /// inputs or for an empty one; `ResourceExhausted` if too many calls wait.
    pub fn embed<Input: AsRef<[Token]>>(
        &self,
        inputs: &[Input],
        options: EmbedOptions,
    ) -> Result<Vec<Vec<f32>>> {
        let _turn = self.inner.shared.turn();
        let mut tokens = Vec::new();
        let mut lengths = Vec::with_capacity(inputs.len());
        for input in inputs {
            let input = input.as_ref();
            tokens.extend_from_slice(input);
            lengths.push(i32::try_from(input.len()).unwrap_or(i32::MAX));
        }
        let pooling = match options.pooling {
            Pooling::Model => sys::INLAY_POOLING_MODEL,
            Pooling::Cls => sys::INLAY_POOLING_CLS,
            Pooling::Mean => sys::INLAY_POOLING_MEAN,
            Pooling::Last => sys::INLAY_POOLING_LAST,
        };
        let normalize = match options.normalize {
            None => 0,
            Some(true) => 1,
            Some(false) => 2,
        };
        let width = self.model().info()?.embedding_length;
        let width = usize::try_from(width).unwrap_or(0);
        let guess = width.saturating_mul(inputs.len());
        let flat = fill(guess, 0, |vectors, capacity, count, error| {
            // SAFETY: the handle is alive, the rest lives during the call.
            unsafe {
                sys::inlay_embed(
                    self.raw(),
                    tokens.as_ptr(),
                    tokens.len(),
                    lengths.as_ptr(),
                    lengths.len(),
                    pooling,
                    normalize,
                    vectors,
                    capacity,
                    count,
                    error,
                )
            }
        })?;
        let each = flat.len() / inputs.len().max(1);
        Ok(flat.chunks(each.max(1)).map(<[f32]>::to_vec).collect())
    }

    /// The same of texts, with the tokens that the model wants around them.
    ///
    /// # Errors
    ///
    /// As [`Engine::embed`] and [`crate::Model::tokenize`].
    pub fn embed_texts<Text: AsRef<str>>(
        &self,
        texts: &[Text],
        options: EmbedOptions,
    ) -> Result<Vec<Vec<f32>>> {
        let inputs: Result<Vec<_>> =
            texts.iter().map(|text| self.model().tokenize(text.as_ref())).collect();
        self.embed(&inputs?, options)
    }
}
