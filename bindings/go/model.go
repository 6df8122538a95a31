package inlay

import (
	"context"
	"runtime"

	"inlay/internal/capi"
)

// Progress says how far the opening of a model is.
type Progress struct {
	// What is being done: "read", "pack".
	Stage string
	// Bytes or items of this stage, done and in all.
	Done, Total uint64
}

// ModelOptions are the choices of a model. Zero is a good one.
type ModelOptions struct {
	// Name of a device; empty or "auto": the best usable one. A named device
	// is never replaced by another.
	Device string
	// No weights: only the vocabulary, the chat template and the file's
	// description. Works for files that cannot be run, too.
	VocabularyOnly bool
	// Tunables of scope "model".
	Options Options
	// Told at least once per megabyte; an error ends the opening and is
	// wrapped by what OpenModel returns. A panic in it is one of OpenModel.
	Progress func(Progress) error
}

// Model is an opened model. It does not change, and any number of engines
// and goroutines may use it.
type Model struct {
	ref ref[capi.Model]
}

// OpenModel checks a model's file, which need not be trusted, and packs its
// weights for the device. The end of ctx ends it within a megabyte, with an
// error that is ctx.Err().
func (c *Context) OpenModel(ctx context.Context, source Source, options ModelOptions) (*Model, error) {
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
	watch := &progress{ctx: ctx, report: options.Progress}
	handle := capi.NewHandle(watch)
	defer capi.DeleteHandle(handle)
	raw.Progress, raw.ProgressUserData = capi.ProgressFn(), handle
	var out *capi.Model
	err = source.use(a, func(from *capi.ModelSource) error {
		return call(op, func(d *detail) int32 {
			return capi.ModelOpen(parent, from, raw, &out, d)
		})
	})
	if watch.panicked != nil {
		capi.ModelRelease(out)
		panic(watch.panicked)
	}
	if err != nil {
		return nil, because(err, watch.err)
	}
	return newModel(out), nil
}

// raw fills the library's struct, without progress. The options in it go back
// after the call.
func (o ModelOptions) raw(a *arena) (*capi.ModelOptions, *capi.Options, error) {
	set, err := o.Options.raw()
	if err != nil {
		return nil, nil, err
	}
	raw := record[capi.ModelOptions](a)
	raw.Options = set
	raw.Device, raw.DeviceSize = a.optional(o.Device)
	if o.VocabularyOnly {
		raw.Flags |= capi.ModelVocabularyOnly
	}
	return raw, set, nil
}

func newModel(ptr *capi.Model) *Model {
	m := new(Model)
	m.ref.init("model", ptr, capi.ModelRelease)
	runtime.SetFinalizer(m, (*Model).Close)
	return m
}

// Close gives the model back. Its weights live until its engines are closed,
// too. Closing again does nothing; the result is always nil.
func (m *Model) Close() error {
	runtime.SetFinalizer(m, nil)
	m.ref.close()
	return nil
}

// Info describes the model.
func (m *Model) Info() (ModelInfo, error) {
	const op = "model info"
	p, err := m.ref.enter(op)
	if err != nil {
		return ModelInfo{}, err
	}
	defer m.ref.leave() // the strings live as long as the model
	raw := sized[capi.ModelInfo]()
	err = call(op, func(d *detail) int32 {
		return capi.ModelGetInfo(p, raw, d)
	})
	if err != nil {
		return ModelInfo{}, err
	}
	return fromModelInfo(raw), nil
}

// MetadataKeys lists the keys of the file's metadata, in its order.
func (m *Model) MetadataKeys() ([]string, error) {
	const op = "list metadata"
	p, err := m.ref.enter(op)
	if err != nil {
		return nil, err
	}
	defer m.ref.leave()
	var count uintptr
	err = call(op, func(d *detail) int32 {
		return capi.ModelMetadataCount(p, &count, d)
	})
	var keys []string
	for i := uintptr(0); err == nil && i < count; i++ {
		var key *byte
		var size uintptr
		err = call(op, func(d *detail) int32 {
			return capi.ModelMetadataKey(p, i, &key, &size, d)
		})
		keys = append(keys, goString(key, size))
	}
	if err != nil {
		return nil, err
	}
	return keys, nil
}

// Metadata is the value of one entry of the file's metadata as text: numbers
// in their shortest exact form, arrays as JSON. ErrNotFound if there is none.
func (m *Model) Metadata(key string) (string, error) {
	return m.text("read metadata", 256,
		func(p *capi.Model, buffer *byte, capacity uintptr, size *uintptr, d *detail) int32 {
			return capi.ModelMetadataGet(p, capi.Bytes(key),
				uintptr(len(key)), buffer, capacity, size, d)
		})
}

// Tensors describes the tensors of the file, in its order.
func (m *Model) Tensors() ([]TensorInfo, error) {
	const op = "list tensors"
	p, err := m.ref.enter(op)
	if err != nil {
		return nil, err
	}
	defer m.ref.leave()
	var count uintptr
	err = call(op, func(d *detail) int32 {
		return capi.ModelTensorCount(p, &count, d)
	})
	var list []TensorInfo
	for i := uintptr(0); err == nil && i < count; i++ {
		raw := sized[capi.TensorInfo]()
		err = call(op, func(d *detail) int32 {
			return capi.ModelTensorGetInfo(p, i, raw, d)
		})
		list = append(list, fromTensorInfo(raw))
	}
	if err != nil {
		return nil, err
	}
	return list, nil
}

// MemoryNeeds estimates what the model and one engine with these options
// need. It works for a model without weights, too.
func (m *Model) MemoryNeeds(options EngineOptions) (MemoryNeeds, error) {
	raw := sized[capi.MemoryNeeds]()
	err := options.use(func(from *capi.EngineOptions) error {
		return m.ref.with("estimate memory", func(p *capi.Model, d *detail) int32 {
			return capi.MemoryEstimate(p, from, raw, d)
		})
	})
	if err != nil {
		return MemoryNeeds{}, err
	}
	return fromMemoryNeeds(raw), nil
}

type textCall func(p *capi.Model, buffer *byte, capacity uintptr, size *uintptr, d *detail) int32

// text runs a function that writes text to the caller's buffer.
func (m *Model) text(op string, likely int, f textCall) (string, error) {
	buffer, err := grow(likely+1, func(buffer *byte, capacity uintptr, size *uintptr) error {
		return m.ref.with(op, func(p *capi.Model, d *detail) int32 {
			return f(p, buffer, capacity, size, d)
		})
	})
	return string(buffer), err
}

type progress struct {
	ctx      context.Context
	report   func(Progress) error
	err      error
	panicked any
}

func (w *progress) OnProgress(stage pointer, size uintptr, done, total uint64) (stop int32) {
	defer func() {
		if v := recover(); v != nil {
			w.panicked, stop = v, 1
		}
	}()
	w.err = w.ctx.Err()
	if w.err == nil && w.report != nil {
		w.err = w.report(Progress{goString((*byte)(stage), size), done, total})
	}
	if w.err != nil {
		return 1
	}
	return 0
}
