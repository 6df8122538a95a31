package inlay

import (
	"context"
	"io"

	"inlay/internal/capi"
)

// pipe carries bytes between the library and a writer or reader. It is called
// on the goroutine of the call that was given its handle.
type pipe struct {
	ctx      context.Context
	to       io.Writer
	from     io.Reader
	err      error
	panicked any
}

// run gives the call a handle, and what happened in the callback to the
// caller.
func (p *pipe) run(f func(handle uintptr) error) error {
	handle := capi.NewHandle(p)
	defer capi.DeleteHandle(handle)
	err := f(handle)
	if p.panicked != nil {
		panic(p.panicked)
	}
	return because(err, p.err)
}

// guard keeps a panic until the library has returned.
func (p *pipe) guard(result *int64) {
	if v := recover(); v != nil {
		p.panicked, *result = v, -1
	}
}

func (p *pipe) OnStreamWrite(data pointer, size uintptr) (result int64) {
	defer p.guard(&result)
	if p.err = p.ctx.Err(); p.err == nil {
		var n int
		n, p.err = p.to.Write(cBytes(data, size))
		if p.err == nil && n < int(size) {
			p.err = io.ErrShortWrite
		}
	}
	if p.err != nil {
		return nativeCode(p.err, -1)
	}
	return 0
}

func (p *pipe) OnStreamRead(buffer pointer, size uintptr) (result int64) {
	defer p.guard(&result)
	if p.err = p.ctx.Err(); p.err != nil {
		return -1
	}
	n, err := io.ReadFull(p.from, cBytes(buffer, size))
	p.err = err
	if err != nil && err != io.EOF && err != io.ErrUnexpectedEOF {
		return -abs(nativeCode(err, 1))
	}
	return int64(n)
}

func abs(v int64) int64 {
	if v < 0 {
		return -v
	}
	return v
}
