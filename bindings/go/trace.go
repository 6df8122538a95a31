package inlay

import (
	"context"
	"io"

	"inlay/internal/capi"
)

// StartTrace records the parts of every step from now on, of the first
// maxSteps, 1 to 1000000. Starting again forgets what was recorded.
func (e *Engine) StartTrace(maxSteps int) error {
	return e.with("start trace", func(p *capi.Engine, d *detail) int32 {
		return capi.EngineStartTrace(p, narrow(maxSteps), d)
	})
}

// StopTrace ends the recording and writes it as JSON in the Chrome trace
// format; nil throws it away. Whatever the writer returns, the recording is
// over. ErrFailedPrecondition if none was started.
func (e *Engine) StopTrace(to io.Writer) error {
	if to == nil {
		to = io.Discard
	}
	pipe := &pipe{ctx: context.Background(), to: to}
	return pipe.run(func(handle uintptr) error {
		return e.with("stop trace", func(p *capi.Engine, d *detail) int32 {
			return capi.EngineStopTrace(p, capi.StreamWriteFn(), handle, d)
		})
	})
}
