package inlay

import (
	"context"
	"errors"
	"runtime"
	"time"

	"inlay/internal/capi"
)

// EngineOptions are the choices of an engine. Zero lets the library choose
// from the model and from free memory; Engine.Config says what and why.
type EngineOptions struct {
	// Most tokens of one request, prompt and answer together.
	ContextLength int
	// Most requests in one step.
	MaxConcurrency int
	// Bytes of the key/value cache.
	KVCacheBytes uint64
	// Tunables of scope "engine".
	Options Options
	// No thread of its own runs the steps: Engine.Step does, and whatever
	// waits for a request: Stream.Next, Stream.Close, Generate.
	HostDriven bool
}

// use fills the library's struct and calls f while it holds.
func (o EngineOptions) use(f func(*capi.EngineOptions) error) error {
	set, err := o.Options.raw()
	if err != nil {
		return err
	}
	defer capi.OptionsRelease(set)
	a := newArena()
	defer a.free()
	raw := record[capi.EngineOptions](a)
	raw.ContextLength = narrow(o.ContextLength)
	raw.MaxConcurrency = narrow(o.MaxConcurrency)
	raw.KVCacheBytes, raw.Options = o.KVCacheBytes, set
	if o.HostDriven {
		raw.Flags |= capi.EngineHostDriven
	}
	return f(raw)
}

// Engine runs requests of one model, many at a time. Any goroutine may use
// it. One goroutine per engine waits for the library and hands out what came,
// so that requests cost no threads.
//
// Give it back with Close. An engine that is only forgotten is closed when the
// garbage collector finds it, after its last Stream and Session.
type Engine struct {
	core  *core
	model *Model // for texts; may be closed before the engine
}

// NewEngine makes an engine: it reserves the cache and starts the threads.
// The model must have weights.
func (m *Model) NewEngine(options EngineOptions) (*Engine, error) {
	var out *capi.Engine
	err := options.use(func(raw *capi.EngineOptions) error {
		return m.ref.with("create engine", func(p *capi.Model, d *detail) int32 {
			return capi.EngineCreate(p, raw, &out, d)
		})
	})
	if err != nil {
		return nil, err
	}
	e := &Engine{newCore(out, options.HostDriven), m}
	runtime.SetFinalizer(e, func(e *Engine) { go e.core.close() })
	return e, nil
}

// enter, leave and with are those of the library's object. They keep the
// Engine, whose finaliser would close it under a call that only knows the
// core.
func (e *Engine) enter(op string) (*capi.Engine, error) {
	return e.core.ref.enter(op)
}

func (e *Engine) leave() {
	e.core.ref.leave()
	runtime.KeepAlive(e)
}

func (e *Engine) with(op string, f func(*capi.Engine, *detail) int32) error {
	defer runtime.KeepAlive(e)
	return e.core.ref.with(op, f)
}

// Close cancels all requests, each of which gets its end, and waits until
// nothing of the engine runs: one step at most. Closing again does nothing.
// Not to be called inside a LogitsFunc, which it would wait for.
func (e *Engine) Close() error {
	runtime.SetFinalizer(e, nil)
	return e.core.close()
}

// Shutdown lets accepted requests end by themselves and refuses new ones.
// When ctx ends first, the rest is cancelled, and the error is ctx.Err().
// Afterwards the engine can still be asked for its statistics; Close it.
func (e *Engine) Shutdown(ctx context.Context) error {
	const op = "shut engine down"
	p, err := e.enter(op)
	if err != nil {
		return nil // closed already
	}
	defer e.leave()
	e.core.closing.Store(true)
	drained := make(chan struct{})
	watched := make(chan error, 1)
	go func() {
		select {
		case <-ctx.Done():
			// Ends the wait below: what it drains is cancelled.
			watched <- call(op, func(d *detail) int32 {
				return capi.EngineClose(p, capi.CloseCancel, 0, d)
			})
		case <-drained:
			watched <- nil
		}
	}()
	err = call(op, func(d *detail) int32 {
		return capi.EngineClose(p, capi.CloseDrain, -1, d)
	})
	close(drained)
	err = first2(<-watched, err)
	if ended := ctx.Err(); err == nil && ended != nil {
		err = &Error{Op: op, Code: contextCode(ended), cause: ended}
	}
	e.core.pump()
	return err
}

func first2(a, b error) error {
	if a != nil {
		return a
	}
	return b
}

func contextCode(err error) Code {
	if errors.Is(err, context.DeadlineExceeded) {
		return ErrDeadlineExceeded
	}
	return ErrCancelled
}

// Step runs one step of a host-driven engine, delivers its events, and says
// whether there is more to do. Calls of several goroutines take turns.
func (e *Engine) Step() (more bool, err error) {
	defer runtime.KeepAlive(e)
	more, err = e.core.step()
	e.core.pump()
	return more, err
}

// State says whether the engine runs.
func (e *Engine) State() (EngineState, error) {
	var state int32
	err := e.with("engine state", func(p *capi.Engine, d *detail) int32 {
		return capi.EngineGetState(p, &state, d)
	})
	if errors.Is(err, ErrClosed) {
		return EngineClosed, nil
	}
	return EngineState(state), err
}

// Config says what the engine was set up with, and why.
func (e *Engine) Config() (EngineConfig, error) {
	const op = "engine config"
	p, err := e.enter(op)
	if err != nil {
		return EngineConfig{}, err
	}
	defer e.leave() // the text lives as long as the engine
	raw := sized[capi.EngineConfig]()
	err = call(op, func(d *detail) int32 {
		return capi.EngineGetConfig(p, raw, d)
	})
	if err != nil {
		return EngineConfig{}, err
	}
	return fromEngineConfig(raw), nil
}

// Stats gives counters since the beginning, and the situation now.
func (e *Engine) Stats() (EngineStats, error) {
	raw := sized[capi.EngineStats]()
	err := e.with("engine stats", func(p *capi.Engine, d *detail) int32 {
		return capi.EngineGetStats(p, raw, d)
	})
	if err != nil {
		return EngineStats{}, err
	}
	return fromEngineStats(raw), nil
}

// Metrics gives counters and histograms in the Prometheus text format,
// version 0.0.4.
func (e *Engine) Metrics() (string, error) {
	text, err := grow(16384, func(buffer *byte, capacity uintptr, size *uintptr) error {
		return e.with("metrics", func(p *capi.Engine, d *detail) int32 {
			return capi.EngineGetMetrics(p, buffer, capacity, size, d)
		})
	})
	return string(text), err
}

// SetTenant sets a tenant's weight in the fair policy, above 0 and at most
// 1000000; empty is the default tenant. One never named has weight 1.
func (e *Engine) SetTenant(tenant string, weight float64) error {
	return e.with("set tenant", func(p *capi.Engine, d *detail) int32 {
		return capi.EngineSetTenant(p, capi.Bytes(tenant),
			uintptr(len(tenant)), weight, d)
	})
}

// Score gives the logits at every position of a sequence: row i holds those
// of what follows tokens[0..i], one per token of the vocabulary. It occupies
// a thread until it is done: one pass over the tokens, beside the requests.
func (e *Engine) Score(tokens []int32) ([][]float32, error) {
	const op = "score"
	p, err := e.enter(op)
	if err != nil {
		return nil, err
	}
	defer e.leave()
	run := func(logits []float32, count *uintptr) error {
		return call(op, func(d *detail) int32 {
			return capi.Score(p, first(tokens), uintptr(len(tokens)),
				first(logits), uintptr(len(logits)), count, d)
		})
	}
	var count uintptr
	if err := run(nil, &count); err != nil {
		return nil, err
	}
	logits := make([]float32, count)
	if err := run(logits, &count); err != nil {
		return nil, err
	}
	rows := make([][]float32, len(tokens))
	width := len(logits) / len(tokens)
	for i := range rows {
		rows[i] = logits[i*width : (i+1)*width : (i+1)*width]
	}
	return rows, nil
}

// timeout is what is left of the earlier of two deadlines, and whether that
// is the context's.
func timeout(ctx context.Context, own time.Duration) (left time.Duration, byContext bool) {
	end, ok := ctx.Deadline()
	if !ok {
		return own, false
	}
	left = time.Until(end)
	if left < 1 {
		left = 1
	}
	if own > 0 && own < left {
		return own, false
	}
	return left, true
}
