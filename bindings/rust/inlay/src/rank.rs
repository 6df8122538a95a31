//! Scores of a cross-encoder.

use crate::engine::Engine;
use crate::error::{call, Result};
use crate::model::Model;
use crate::text::input;
use crate::Token;
use inlay_sys as sys;
use std::convert::TryFrom;

/// Two texts as a cross-encoder wants them; [`Model::tokenize_pair`] makes it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TokenPair {
    /// Ids of both, with what the model wants around and between them.
    pub tokens: Vec<Token>,
    /// The segment of each id; what is missing at the end is 0.
    pub types: Vec<i32>,
}

impl Model {
    /// Two texts, such as a query and a text, as one input of
    /// [`Engine::rank`]. Any thread.
    ///
    /// # Errors
    ///
    /// `Unsupported` if the tokenizer has no template of pairs, or if there is
    /// no tokenizer.
    pub fn tokenize_pair(&self, first: &str, second: &str) -> Result<TokenPair> {
        let (first, first_size) = input(first);
        let (second, second_size) = input(second);
        let write = |pair: &mut TokenPair, capacity: usize| {
            let mut count = 0;
            let raw = self.as_ptr();
            let (tokens, types) = match capacity {
                0 => (std::ptr::null_mut(), std::ptr::null_mut()),
                _ => (pair.tokens.as_mut_ptr(), pair.types.as_mut_ptr()),
            };
            call(|error| {
                // SAFETY: the handle is alive, the rest lives during the call.
                unsafe {
                    sys::inlay_tokenize_pair(
                        raw,
                        first,
                        first_size,
                        second,
                        second_size,
                        tokens,
                        types,
                        capacity,
                        &mut count,
                        error,
                    )
                }
            })
            .map(|()| count)
        };
        let mut pair = TokenPair::default();
        let count = write(&mut pair, 0)?;
        pair.tokens.resize(count, 0);
        pair.types.resize(count, 0);
        if count > 0 {
            write(&mut pair, count)?;
        }
        Ok(pair)
    }
}

impl Engine {
    /// One score for each pair: the greater, the better its texts fit. Waits;
    /// any thread.
    ///
    /// # Errors
    ///
    /// `FailedPrecondition` if the model has no classifier, or one of several
    /// labels; `OutOfRange` for an unknown id or segment, or an input that is
    /// too long; `InvalidArgument` without pairs or for an empty one;
    /// `ResourceExhausted` if too many calls wait.
    pub fn rank(&self, pairs: &[TokenPair]) -> Result<Vec<f32>> {
        let _turn = self.inner.shared.turn();
        let mut tokens = Vec::new();
        let mut types = Vec::new();
        let mut lengths = Vec::with_capacity(pairs.len());
        for pair in pairs {
            tokens.extend_from_slice(&pair.tokens);
            types.extend(pair.types.iter().take(pair.tokens.len()));
            types.resize(tokens.len(), 0);
            lengths.push(i32::try_from(pair.tokens.len()).unwrap_or(i32::MAX));
        }
        let mut scores = vec![0.0; pairs.len()];
        call(|error| {
            // SAFETY: the handle is alive, the rest lives during the call.
            unsafe {
                sys::inlay_rank(
                    self.raw(),
                    tokens.as_ptr(),
                    types.as_ptr(),
                    tokens.len(),
                    lengths.as_ptr(),
                    lengths.len(),
                    scores.as_mut_ptr(),
                    scores.len(),
                    std::ptr::null_mut(),
                    error,
                )
            }
        })?;
        Ok(scores)
    }

    /// How well each of the texts fits the query.
    ///
    /// # Errors
    ///
    /// As [`Engine::rank`] and [`Model::tokenize_pair`].
    pub fn rank_texts<Text: AsRef<str>>(
        &self,
        query: &str,
        texts: &[Text],
    ) -> Result<Vec<f32>> {
        let pairs: Result<Vec<_>> = texts
            .iter()
            .map(|text| self.model().tokenize_pair(query, text.as_ref()))
            .collect();
        self.rank(&pairs?)
    }
}
