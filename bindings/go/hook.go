package inlay

import (
	"fmt"
	"sync"
	"unsafe"

	"inlay/internal/capi"
)

// LogitsFunc changes the logits of one answer before its next token is
// chosen, in place; minus infinity bans a token. prompt and generated are the
// tokens so far. Nothing of the three may be kept or, but for logits,
// changed.
//
// It runs on the library's thread that runs the steps, one at a time for all
// requests of an engine: everything waits for it, and it must not call into
// this package. An error or a panic ends the request with an EventFailed, and
// Stream.Err wraps it. The number of an error that is a syscall.Errno or a
// Code appears in the message.
type LogitsFunc func(prompt, generated []int32, logits []float32) error

type hook struct {
	handle uintptr
	change LogitsFunc
	mu     sync.Mutex
	err    error
}

func newHook(change LogitsFunc) *hook {
	h := &hook{change: change}
	h.handle = capi.NewHandle(h)
	return h
}

// finish lets go of the hook, after its last call.
func (h *hook) finish() error {
	capi.DeleteHandle(h.handle)
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.err
}

func (h *hook) OnLogits(prompt pointer, promptCount uintptr, generated pointer, generatedCount uintptr, logits pointer, logitCount uintptr) (stop int32) {
	defer func() {
		if v := recover(); v != nil {
			stop = h.fail(fmt.Errorf("inlay: panic in a LogitsFunc: %v", v))
		}
	}()
	err := h.change(unsafe.Slice((*int32)(prompt), promptCount),
		unsafe.Slice((*int32)(generated), generatedCount),
		unsafe.Slice((*float32)(logits), logitCount))
	if err != nil {
		return h.fail(err)
	}
	return 0
}

func (h *hook) fail(err error) int32 {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.err = err
	return int32(nativeCode(err, 1))
}
