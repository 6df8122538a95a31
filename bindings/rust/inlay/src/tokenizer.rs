//! Text and tokens.

use crate::error::{call, Result};
use crate::model::Model;
use crate::text::{fill, fill_text, input, slice};
use crate::Token;
use inlay_sys as sys;

/// How [`Model::tokenize_with`] reads a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokenize {
    /// Do not add BOS or EOS even where the model wants them.
    pub no_special: bool,
    /// Recognise control tokens written out in the text. Never set it for text
    /// that comes from a user.
    pub parse_special: bool,
}

/// What a vocabulary entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TokenKind {
    /// Ordinary text.
    Normal,
    /// Stands for text that the vocabulary cannot express.
    Unknown,
    /// Special: never produced from a user's text unless asked.
    Control,
    /// Matched in text before the merges.
    UserDefined,
    /// Reserved by the model's makers.
    Unused,
    /// One raw byte.
    Byte,
    /// A number that this version does not know.
    Other(i32),
}

/// One vocabulary entry.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TokenInfo {
    /// What it is.
    pub kind: TokenKind,
    /// Begins a sequence.
    pub is_bos: bool,
    /// Ends a sequence.
    pub is_eos: bool,
    /// The unknown token.
    pub is_unk: bool,
    /// The padding token.
    pub is_pad: bool,
    /// Ends generation.
    pub is_end: bool,
    /// As the vocabulary stores it, not always UTF-8; for what it adds to the
    /// output see [`Model::token_bytes`].
    pub stored: Vec<u8>,
}

impl Model {
    /// Token ids of a text, with BOS and EOS where the model wants them. Any
    /// thread.
    ///
    /// # Errors
    ///
    /// `FailedPrecondition` or `Unsupported` without a tokenizer.
    pub fn tokenize(&self, text: &str) -> Result<Vec<Token>> {
        self.tokenize_with(text, Tokenize::default())
    }

    /// The same as `how` says.
    ///
    /// # Errors
    ///
    /// As [`Model::tokenize`].
    pub fn tokenize_with(&self, text: &str, how: Tokenize) -> Result<Vec<Token>> {
        let mut flags = 0;
        if how.no_special {
            flags |= sys::INLAY_TOKENIZE_NO_SPECIAL;
        }
        if how.parse_special {
            flags |= sys::INLAY_TOKENIZE_PARSE_SPECIAL;
        }
        // A token is rarely shorter than two bytes.
        let guess = text.len() / 2 + 8;
        let (text, text_size) = input(text);
        fill(guess, 0, |buffer, capacity, count, error| {
            let raw = self.as_ptr();
            // SAFETY: the handle is alive, the rest lives during the call.
            unsafe {
                sys::inlay_tokenize(
                    raw, text, text_size, flags, buffer, capacity, count, error,
                )
            }
        })
    }

    /// Text of token ids; invalid bytes become U+FFFD. `special`: control
    /// tokens appear as text instead of vanishing.
    ///
    /// # Errors
    ///
    /// `OutOfRange` for an unknown id.
    pub fn detokenize(&self, tokens: &[Token], special: bool) -> Result<String> {
        let flags = if special { sys::INLAY_DETOKENIZE_SPECIAL } else { 0 };
        let guess = tokens.len().saturating_mul(6) + 16;
        fill_text(guess, |buffer, capacity, size, error| {
            let (raw, ids, count) = (self.as_ptr(), tokens.as_ptr(), tokens.len());
            // SAFETY: as above.
            unsafe {
                sys::inlay_detokenize(
                    raw, ids, count, flags, buffer, capacity, size, error,
                )
            }
        })
    }

    /// Bytes that one token adds to the output, possibly only part of a code
    /// point. `special` as in [`Model::detokenize`].
    ///
    /// # Errors
    ///
    /// `OutOfRange` for an unknown id.
    pub fn token_bytes(&self, token: Token, special: bool) -> Result<Vec<u8>> {
        let flags = if special { sys::INLAY_DETOKENIZE_SPECIAL } else { 0 };
        fill::<u8>(32, 1, |buffer, capacity, size, error| {
            let (raw, buffer) = (self.as_ptr(), buffer.cast());
            // SAFETY: as above.
            unsafe {
                sys::inlay_model_token_bytes(
                    raw, token, flags, buffer, capacity, size, error,
                )
            }
        })
    }

    /// Looks a token up by its text as the vocabulary stores it,
    /// `"<|im_end|>"`.
    ///
    /// # Errors
    ///
    /// `NotFound`.
    pub fn find_token(&self, text: &str) -> Result<Token> {
        let (raw, (text, text_size)) = (self.as_ptr(), input(text));
        let mut token = 0;
        // SAFETY: as above.
        call(|error| unsafe {
            sys::inlay_model_find_token(raw, text, text_size, &mut token, error)
        })?;
        Ok(token)
    }

    /// Describes one vocabulary entry.
    ///
    /// # Errors
    ///
    /// `OutOfRange` for an unknown id.
    pub fn token_info(&self, token: Token) -> Result<TokenInfo> {
        let mut info = sys::inlay_token_info::default();
        let raw = self.as_ptr();
        // SAFETY: the handle is alive, info has its size.
        call(|error| unsafe {
            sys::inlay_model_token_info(raw, token, &mut info, error)
        })?;
        // SAFETY: lives as long as the model.
        let stored = unsafe { slice(info.text.cast::<u8>(), info.text_size) };
        let is = |flag: u64| info.flags & flag != 0;
        Ok(TokenInfo {
            kind: match info.kind {
                sys::INLAY_TOKEN_NORMAL => TokenKind::Normal,
                sys::INLAY_TOKEN_UNKNOWN => TokenKind::Unknown,
                sys::INLAY_TOKEN_CONTROL => TokenKind::Control,
                sys::INLAY_TOKEN_USER_DEFINED => TokenKind::UserDefined,
                sys::INLAY_TOKEN_UNUSED => TokenKind::Unused,
                sys::INLAY_TOKEN_BYTE => TokenKind::Byte,
                other => TokenKind::Other(other),
            },
            is_bos: is(sys::INLAY_TOKEN_IS_BOS),
            is_eos: is(sys::INLAY_TOKEN_IS_EOS),
            is_unk: is(sys::INLAY_TOKEN_IS_UNK),
            is_pad: is(sys::INLAY_TOKEN_IS_PAD),
            is_end: is(sys::INLAY_TOKEN_IS_END),
            stored: stored.to_vec(),
        })
    }
}
