package inlay

import (
	"math"

	"inlay/internal/capi"
)

// TokenPair is two texts as a cross-encoder wants them; Tokenizer.EncodePair
// makes it.
type TokenPair struct {
	// Ids of both, with what the model wants around and between them.
	Tokens []int32
	// The segment of each id; what is missing at the end is 0.
	Types []int32
}

// EncodePair gives two texts, such as a query and a text, as one input of
// Engine.Rank. The error is ErrUnsupported if the tokenizer has no template of
// pairs.
func (t *Tokenizer) EncodePair(text, other string) (TokenPair, error) {
	var types []int32
	tokens, err := grow(len(text)+len(other)+8,
		func(buffer *int32, capacity uintptr, count *uintptr) error {
			types = make([]int32, capacity)
			return t.model.ref.with("tokenize pair", func(p *capi.Model, d *detail) int32 {
				return capi.TokenizePair(p, capi.Bytes(text), uintptr(len(text)),
					capi.Bytes(other), uintptr(len(other)), buffer,
					first(types), capacity, count, d)
			})
		})
	if err != nil {
		return TokenPair{}, err
	}
	return TokenPair{Tokens: tokens, Types: types[:len(tokens)]}, nil
}

// Rank gives one score for each pair: the greater, the better its texts fit.
// It occupies a thread until it is done; nothing but Engine.Close ends it
// earlier.
//
// The error is ErrFailedPrecondition if the model has no classifier, or one of
// several labels, ErrOutOfRange for an unknown id or segment, or an input that
// is too long, ErrInvalidArgument without pairs or for an empty one, and
// ErrResourceExhausted if too many calls wait.
func (e *Engine) Rank(pairs []TokenPair) ([]float32, error) {
	const op = "rank"
	var tokens, types []int32
	lengths := make([]int32, len(pairs))
	for i, pair := range pairs {
		if len(pair.Tokens) > math.MaxInt32 || len(pair.Types) > len(pair.Tokens) {
			return nil, &Error{Op: op, Code: ErrOutOfRange,
				Message: "a pair is too long, or has more segments than ids"}
		}
		tokens = append(tokens, pair.Tokens...)
		types = append(types, pair.Types...)
		types = append(types, make([]int32, len(tokens)-len(types))...)
		lengths[i] = int32(len(pair.Tokens))
	}
	p, err := e.enter(op)
	if err != nil {
		return nil, err
	}
	defer e.leave()
	scores := make([]float32, len(pairs))
	if err := call(op, func(d *detail) int32 {
		return capi.Rank(p, first(tokens), first(types), uintptr(len(tokens)),
			first(lengths), uintptr(len(lengths)), first(scores),
			uintptr(len(scores)), nil, d)
	}); err != nil {
		return nil, err
	}
	return scores, nil
}

// RankTexts says how well each of the texts fits the query.
func (e *Engine) RankTexts(query string, texts []string) ([]float32, error) {
	tokenizer := e.model.Tokenizer()
	pairs := make([]TokenPair, len(texts))
	for i, text := range texts {
		pair, err := tokenizer.EncodePair(query, text)
		if err != nil {
			return nil, err
		}
		pairs[i] = pair
	}
	return e.Rank(pairs)
}
