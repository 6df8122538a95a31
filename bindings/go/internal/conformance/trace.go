package main

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"inlay"
	"inlay/internal/capi"
)

// object is a JSON object with its keys in order.
type object []pair

type pair struct {
	key   string
	value any
}

func (o object) String() string {
	var b strings.Builder
	write(&b, o)
	return b.String()
}

func ok(pairs ...pair) object {
	return append(object{{"status", "INLAY_OK"}}, pairs...)
}

// failure is the result of a call that failed; nil if err is none of the
// library's.
func failure(err error) object {
	var e *inlay.Error
	if !errors.As(err, &e) {
		return nil
	}
	return object{{"status", statusName(e.Code)}, {"message", e.Message}}
}

func statusName(code inlay.Code) string { return capi.StatusName(int32(code)) }

func truth(b bool) int {
	if b {
		return 1
	}
	return 0
}

func write(b *strings.Builder, value any) {
	switch v := value.(type) {
	case object:
		b.WriteByte('{')
		for i, p := range v {
			if i > 0 {
				b.WriteByte(',')
			}
			write(b, p.key)
			b.WriteByte(':')
			write(b, p.value)
		}
		b.WriteByte('}')
	case string:
		quote(b, v)
	case float32:
		fmt.Fprintf(b, `"%08x"`, math.Float32bits(v))
	case float64:
		fmt.Fprintf(b, `"%016x"`, math.Float64bits(v))
	case []int32:
		list(b, v)
	case []int:
		list(b, v)
	case []float32:
		list(b, v)
	case []string:
		list(b, v)
	case []object:
		list(b, v)
	case [][]inlay.Likely:
		list(b, v)
	case []inlay.Likely:
		list(b, v)
	case inlay.Likely:
		list(b, []any{v.Token, v.Logprob})
	case int, int32, uint64:
		fmt.Fprint(b, v)
	default:
		panic(fmt.Sprintf("no JSON for %T", value))
	}
}

func list[T any](b *strings.Builder, values []T) {
	b.WriteByte('[')
	for i, v := range values {
		if i > 0 {
			b.WriteByte(',')
		}
		write(b, v)
	}
	b.WriteByte(']')
}

func quote(b *strings.Builder, text string) {
	b.WriteByte('"')
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '"' || c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < 0x20:
			fmt.Fprintf(b, `\u%04x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
}
