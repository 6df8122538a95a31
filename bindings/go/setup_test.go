package inlay

import (
	"context"
	"os"
	"runtime"
	"testing"
	"time"

	"inlay/internal/capi"
)

const tiny = "../../tests/goldens/models/tiny-llama.gguf"

var background = context.Background()

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newTestContext(t testing.TB) *Context {
	t.Helper()
	c, err := NewContext(ContextOptions{Threads: 1})
	check(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

// openTiny opens the tiny model; it is closed with the test.
func openTiny(t testing.TB) *Model {
	t.Helper()
	m, err := newTestContext(t).OpenModel(background, FromPath(tiny),
		ModelOptions{})
	check(t, err)
	t.Cleanup(func() { m.Close() })
	return m
}

func newTestEngine(t testing.TB, options EngineOptions) *Engine {
	t.Helper()
	if options.KVCacheBytes == 0 {
		options.KVCacheBytes = 8 << 20
	}
	e, err := openTiny(t).NewEngine(options)
	check(t, err)
	t.Cleanup(func() { e.Close() })
	return e
}

// long is a request that runs until something ends it.
func long() Request {
	return Request{Prompt: "Once upon a time", MaxTokens: 400, IgnoreEnd: true}
}

// resources is what must not grow.
type resources struct {
	goroutines, threads int
	handles, arenas     int64
}

func countResources(t testing.TB) resources {
	t.Helper()
	tasks, err := os.ReadDir("/proc/self/task")
	check(t, err)
	return resources{runtime.NumGoroutine(), len(tasks), capi.LiveHandles(),
		liveArenas.Load()}
}

// settle waits until everything but threads is down to what it was, and the
// garbage collector has found what was forgotten.
func settle(t testing.TB, before resources) resources {
	t.Helper()
	var now resources
	for i := 0; i < 200; i++ {
		runtime.GC()
		now = countResources(t)
		if now.goroutines <= before.goroutines && now.handles <= before.handles &&
			now.arenas <= before.arenas {
			return now
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("before %+v, after %+v", before, now)
	return now
}
