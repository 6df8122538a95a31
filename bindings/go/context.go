package inlay

import (
	"runtime"

	"inlay/internal/capi"
)

// Version is the version of the library that the program runs with.
func Version() string { return capi.Version() }

// ABIVersion is the number of that library's ABI.
func ABIVersion() uint32 { return capi.ABIVersion() }

// BuildInfo describes that library on one line, for bug reports.
func BuildInfo() string { return capi.BuildInfo() }

// HasFeature says whether that library has a feature: "session", "beam".
func HasFeature(name string) bool {
	text := append([]byte(name), 0)
	return capi.HasFeature(&text[0]) != 0
}

// ContextOptions are the choices of a context. Zero is a good one.
type ContextOptions struct {
	// Compute threads of the library, 1 to 1024; 0: one per physical core.
	Threads int
	// Bound in bytes on weights, caches and buffers of all models and
	// engines together; 0: none.
	MemoryBudget uint64
	// Receives log lines; nil: silent. Called on threads of the library,
	// several at once; it must not call into this package. A panic in it is
	// contained, and the line is lost.
	Log func(level LogLevel, text string)
	// The most detailed level that Log wants; 0: LogWarning.
	LogLevel LogLevel
}

// Context holds the memory budget, the log and the compute threads. It is
// the parent of models. All methods may be called by any goroutine.
type Context struct {
	ref ref[capi.Context]
}

// NewContext makes a context. It fails with ErrUnsupported if the library is
// older than this binding or has another ABI.
//
// Nothing is printed, no environment variable is read, and no thread starts
// before the first model needs one.
func NewContext(options ContextOptions) (*Context, error) {
	const op = "create context"
	if err := capi.Check(); err != nil {
		return nil, &Error{Op: op, Code: ErrUnsupported, Domain: DomainABI,
			Message: err.Error()}
	}
	a := newArena()
	defer a.free()
	raw := record[capi.ContextOptions](a)
	raw.ThreadCount = narrow(options.Threads)
	raw.MemoryBudgetBytes = options.MemoryBudget
	raw.LogLevel = int32(options.LogLevel)
	if options.Log != nil {
		sink := &logSink{log: options.Log}
		sink.handle = capi.NewHandle(sink)
		raw.Log, raw.LogRelease = capi.LogFn(), capi.ReleaseFn()
		raw.LogUserData = sink.handle
	}
	var out *capi.Context
	err := call(op, func(d *detail) int32 {
		return capi.ContextCreate(raw, &out, d)
	})
	if err != nil {
		if raw.LogUserData != 0 {
			capi.DeleteHandle(raw.LogUserData)
		}
		return nil, err
	}
	c := new(Context)
	c.ref.init("context", out, capi.ContextRelease)
	runtime.SetFinalizer(c, (*Context).Close)
	return c, nil
}

// Close gives the context back. Its models keep what they need, so the order
// of closing does not matter. Closing again does nothing; the result is
// always nil.
func (c *Context) Close() error {
	runtime.SetFinalizer(c, nil)
	c.ref.close()
	return nil
}

// AddArchitecture adds an architecture to the built-in ones, for models that are
// opened from here on: the text of a description, as docs/add-a-model.md writes
// it. ErrInvalidArgument names line, column and field; ErrUnsupported is
// another version of the schema; ErrFailedPrecondition is a name that is known
// already, unless replace is set: then the newest counts.
func (c *Context) AddArchitecture(text string, replace bool) error {
	var flags uint64
	if replace {
		flags = capi.ArchitectureReplace
	}
	return c.ref.with("add architecture", func(p *capi.Context, d *detail) int32 {
		return capi.ContextAddArchitecture(p, capi.Bytes(text), uintptr(len(text)), flags, d)
	})
}

// Stats says how much memory is in use.
func (c *Context) Stats() (ContextStats, error) {
	raw := sized[capi.ContextStats]()
	err := c.ref.with("context stats", func(p *capi.Context, d *detail) int32 {
		return capi.ContextGetStats(p, raw, d)
	})
	if err != nil {
		return ContextStats{}, err
	}
	return fromContextStats(raw), nil
}

// Devices lists the known devices, usable or not. The first one is the
// processor.
func (c *Context) Devices() ([]DeviceInfo, error) {
	const op = "list devices"
	p, err := c.ref.enter(op)
	if err != nil {
		return nil, err
	}
	defer c.ref.leave()
	var count uintptr
	err = call(op, func(d *detail) int32 {
		return capi.DeviceCount(p, &count, d)
	})
	var list []DeviceInfo
	for i := uintptr(0); err == nil && i < count; i++ {
		raw := sized[capi.DeviceInfo]()
		err = call(op, func(d *detail) int32 {
			return capi.DeviceGetInfo(p, i, raw, d)
		})
		list = append(list, fromDeviceInfo(raw))
	}
	if err != nil {
		return nil, err
	}
	return list, nil
}

type logSink struct {
	handle uintptr
	log    func(LogLevel, string)
}

func (s *logSink) OnLog(level int32, text pointer, size uintptr) {
	s.log(LogLevel(level), goString((*byte)(text), size))
}

func (s *logSink) OnRelease() { capi.DeleteHandle(s.handle) }
