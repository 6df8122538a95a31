package inlay

import (
	"context"
	"testing"
)

const tiny = "../../tests/goldens/models/tiny-llama.gguf"

var background = context.Background()

func must[T any](t testing.TB, value T, err error) T {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// openTiny opens the tiny model; it is closed with the test.
func openTiny(t testing.TB) *Model {
	t.Helper()
	c, err := NewContext(ContextOptions{Threads: 2})
	check(t, err)
	t.Cleanup(func() { c.Close() })
	m, err := c.OpenModel(background, FromPath(tiny), ModelOptions{})
	check(t, err)
	t.Cleanup(func() { m.Close() })
	return m
}

func newEngine(t testing.TB, options EngineOptions) *Engine {
	t.Helper()
	if options.KVCacheBytes == 0 {
		options.KVCacheBytes = 8 << 20
	}
	e, err := openTiny(t).NewEngine(options)
	check(t, err)
	t.Cleanup(func() { e.Close() })
	return e
}
