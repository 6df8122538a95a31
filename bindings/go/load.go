package inlay

import (
	"context"
	"runtime"

	"inlay/internal/capi"
)

// Load is a model that is being opened by a thread of the library, for
// programs that want to ask how far it is. Any goroutine may use it.
type Load struct {
	ref ref[capi.Load]
}

// StartModel begins what OpenModel does and returns. A FromReader source is
// read until the load has ended. ModelOptions.Progress is called on the
// library's thread; an error or a panic of it ends the load as cancelled.
func (c *Context) StartModel(source Source, options ModelOptions) (*Load, error) {
	const op = "open model"
	parent, err := c.ref.enter(op)
	if err != nil {
		return nil, err
	}
	defer c.ref.leave()
	a := newArena()
	defer a.free()
	raw, set, err := options.raw(a)
	if err != nil {
		return nil, err
	}
	defer capi.OptionsRelease(set)
	handle := uintptr(0)
	if options.Progress != nil {
		handle = capi.NewHandle(&progress{ctx: context.Background(),
			report: options.Progress})
		raw.Progress, raw.ProgressUserData = capi.ProgressFn(), handle
	}
	var out *capi.Load
	err = source.use(a, func(from *capi.ModelSource) error {
		return call(op, func(d *detail) int32 {
			return capi.ModelOpenAsync(parent, from, raw, &out, d)
		})
	})
	if err != nil {
		out = nil
	}
	free := func(p *capi.Load) {
		capi.LoadRelease(p) // waits for its thread: no call comes after it
		if handle != 0 {
			capi.DeleteHandle(handle)
		}
	}
	if err != nil {
		free(nil)
		return nil, err
	}
	l := new(Load)
	l.ref.init("load", out, free)
	runtime.SetFinalizer(l, func(l *Load) { go l.Close() })
	return l, nil
}

// Info says how far it is.
func (l *Load) Info() (LoadInfo, error) {
	raw := sized[capi.LoadInfo]()
	err := l.ref.with("load info", func(p *capi.Load, d *detail) int32 {
		return capi.LoadGetInfo(p, raw, d)
	})
	if err != nil {
		return LoadInfo{}, err
	}
	return fromLoadInfo(raw), nil
}

// Cancel asks it to stop at its next report of progress. Harmless when it has
// ended.
func (l *Load) Cancel() error {
	return l.ref.with("cancel load", func(p *capi.Load, d *detail) int32 {
		return capi.LoadCancel(p, d)
	})
}

// Wait waits for the model and takes it; it occupies a thread meanwhile. The
// end of ctx cancels the load, and the error is ctx.Err().
func (l *Load) Wait(ctx context.Context) (*Model, error) {
	const op = "open model"
	p, err := l.ref.enter(op)
	if err != nil {
		return nil, err
	}
	defer l.ref.leave()
	loaded := make(chan struct{})
	defer close(loaded)
	go func() {
		select {
		case <-ctx.Done():
			l.Cancel()
		case <-loaded:
		}
	}()
	var out *capi.Model
	err = call(op, func(d *detail) int32 { return capi.LoadWait(p, -1, d) })
	if err == nil {
		err = call(op, func(d *detail) int32 {
			return capi.LoadGetModel(p, &out, d)
		})
	}
	if err != nil {
		return nil, because(err, ctx.Err())
	}
	return newModel(out), nil
}

// Close gives the load back; one that still runs is cancelled and waited for,
// at most until its next report of progress. Closing again does nothing; the
// result is always nil.
func (l *Load) Close() error {
	runtime.SetFinalizer(l, nil)
	l.ref.close()
	return nil
}
