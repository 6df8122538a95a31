package inlay

import (
	"inlay/internal/capi"
)

// Tokenizer turns text into the numbers that a model knows, and back. Any
// goroutine may use it. It keeps the model from being collected, not from
// being closed.
type Tokenizer struct {
	model *Model
}

// Tokenizer is the model's own. Its methods fail with ErrUnsupported if the
// model has none that works; see ModelInfo.HasTokenizer.
func (m *Model) Tokenizer() *Tokenizer { return &Tokenizer{m} }

// EncodeOptions are the choices of Encode.
type EncodeOptions struct {
	// Do not add the tokens that begin or end a sequence even where the
	// model wants them.
	NoSpecial bool
	// Recognise control tokens written out in the text. Never set it for
	// text that comes from a user.
	ParseSpecial bool
}

// Encode gives the tokens of a text. Invalid UTF-8 is ErrInvalidArgument.
func (t *Tokenizer) Encode(text string, options EncodeOptions) ([]int32, error) {
	var flags uint64
	if options.NoSpecial {
		flags |= capi.TokenizeNoSpecial
	}
	if options.ParseSpecial {
		flags |= capi.TokenizeParseSpecial
	}
	return grow(len(text)+8, func(buffer *int32, capacity uintptr, count *uintptr) error {
		return t.model.ref.with("tokenize", func(p *capi.Model, d *detail) int32 {
			return capi.Tokenize(p, capi.Bytes(text), uintptr(len(text)),
				flags, buffer, capacity, count, d)
		})
	})
}

// Decode gives the text of tokens; bytes that are not UTF-8 become U+FFFD.
// Control tokens vanish unless special asks for them.
func (t *Tokenizer) Decode(tokens []int32, special bool) (string, error) {
	return t.model.text("detokenize", 8*len(tokens)+8,
		func(p *capi.Model, buffer *byte, capacity uintptr, size *uintptr, d *detail) int32 {
			return capi.Detokenize(p, first(tokens), uintptr(len(tokens)),
				detokenizeFlags(special), buffer, capacity, size, d)
		})
}

// Bytes gives what one token adds to the output, possibly only part of a
// code point.
func (t *Tokenizer) Bytes(token int32, special bool) ([]byte, error) {
	text, err := t.model.text("token bytes", 32,
		func(p *capi.Model, buffer *byte, capacity uintptr, size *uintptr, d *detail) int32 {
			return capi.ModelTokenBytes(p, token, detokenizeFlags(special),
				buffer, capacity, size, d)
		})
	if err != nil {
		return nil, err
	}
	return []byte(text), nil
}

func detokenizeFlags(special bool) uint64 {
	if special {
		return capi.DetokenizeSpecial
	}
	return 0
}

// Token describes one entry of the vocabulary.
func (t *Tokenizer) Token(token int32) (TokenInfo, error) {
	const op = "token info"
	p, err := t.model.ref.enter(op)
	if err != nil {
		return TokenInfo{}, err
	}
	defer t.model.ref.leave()
	raw := sized[capi.TokenInfo]()
	err = call(op, func(d *detail) int32 {
		return capi.ModelTokenInfo(p, token, raw, d)
	})
	if err != nil {
		return TokenInfo{}, err
	}
	return fromTokenInfo(raw), nil
}

// Find looks a token up by its text as the vocabulary stores it:
// "<|im_end|>". ErrNotFound if there is none.
func (t *Tokenizer) Find(text string) (int32, error) {
	var token int32
	err := t.model.ref.with("find token", func(p *capi.Model, d *detail) int32 {
		return capi.ModelFindToken(p, capi.Bytes(text), uintptr(len(text)),
			&token, d)
	})
	return token, err
}
