package inlay

import (
	"math"

	"inlay/internal/capi"
)

// Pooling says how the rows of an input become one vector.
type Pooling int32

const (
	// PoolingModel is as the model's files say.
	PoolingModel Pooling = capi.PoolingModel
	// PoolingCLS takes the first row.
	PoolingCLS Pooling = capi.PoolingCls
	// PoolingMean takes the mean of all rows.
	PoolingMean Pooling = capi.PoolingMean
	// PoolingLast takes the last row.
	PoolingLast Pooling = capi.PoolingLast
)

// Normalize says whether vectors are made to have length 1.
type Normalize int32

const (
	// NormalizeModel is as the model's files say.
	NormalizeModel Normalize = iota
	// NormalizeOn divides each vector by its length.
	NormalizeOn
	// NormalizeOff leaves vectors as they come.
	NormalizeOff
)

// EmbedOptions are the choices of Embed. Zero is as the model's files say.
type EmbedOptions struct {
	Pooling   Pooling
	Normalize Normalize
}

// Embed gives one vector for each input of an encoder. Each input runs whole
// in one step, which inputs of other calls share. It occupies a thread until
// it is done; nothing but Engine.Close ends it earlier.
//
// The error is ErrFailedPrecondition if the model is no encoder, ErrOutOfRange
// for an unknown id or an input that is too long, ErrInvalidArgument without
// inputs or for an empty one, and ErrResourceExhausted if too many calls wait.
func (e *Engine) Embed(inputs [][]int32, options EmbedOptions) ([][]float32, error) {
	const op = "embed"
	var tokens []int32
	lengths := make([]int32, len(inputs))
	for i, input := range inputs {
		tokens = append(tokens, input...)
		if len(input) > math.MaxInt32 {
			return nil, &Error{Op: op, Code: ErrOutOfRange,
				Message: "an input is too long"}
		}
		lengths[i] = int32(len(input))
	}
	p, err := e.enter(op)
	if err != nil {
		return nil, err
	}
	defer e.leave()
	run := func(vectors []float32, count *uintptr) error {
		return call(op, func(d *detail) int32 {
			return capi.Embed(p, first(tokens), uintptr(len(tokens)),
				first(lengths), uintptr(len(lengths)),
				int32(options.Pooling), int32(options.Normalize),
				first(vectors), uintptr(len(vectors)), count, d)
		})
	}
	var count uintptr
	if err := run(nil, &count); err != nil {
		return nil, err
	}
	flat := make([]float32, count)
	if err := run(flat, &count); err != nil {
		return nil, err
	}
	vectors := make([][]float32, len(inputs))
	width := len(flat) / len(inputs)
	for i := range vectors {
		vectors[i] = flat[i*width : (i+1)*width : (i+1)*width]
	}
	return vectors, nil
}

// EmbedTexts is Embed of texts, with the tokens that the model wants around
// them.
func (e *Engine) EmbedTexts(texts []string, options EmbedOptions) ([][]float32, error) {
	tokenizer := e.model.Tokenizer()
	inputs := make([][]int32, len(texts))
	for i, text := range texts {
		tokens, err := tokenizer.Encode(text, EncodeOptions{})
		if err != nil {
			return nil, err
		}
		inputs[i] = tokens
	}
	return e.Embed(inputs, options)
}
