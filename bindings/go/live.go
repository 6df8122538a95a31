package inlay

import (
	"context"
	"sync"

	"inlay/internal/capi"
)

// request is a submitted request: what the dispatcher and the watcher of its
// context know of it. It does not know its Stream, so that that can be
// collected.
type request struct {
	core *core
	ctx  context.Context
	key  uintptr
	id   uint64
	hook *hook
	done chan struct{} // closed by its end
	more chan struct{} // one place: something was queued

	mu      sync.Mutex
	queue   []Event
	dropped bool // the Stream is closed: nobody wants events
	ended   bool
	err     error // after its end
}

func newRequest(ctx context.Context, c *core) *request {
	return &request{core: c, ctx: ctx, done: make(chan struct{}),
		more: make(chan struct{}, 1)}
}

// take queues an event and says whether it was the last.
func (r *request) take(raw *capi.Event) (last bool) {
	kind := EventKind(raw.Kind)
	if kind == EventFinished || kind == EventFailed {
		r.end(fromEvent(raw), nil)
		return true
	}
	r.mu.Lock()
	if !r.dropped {
		r.queue = append(r.queue, fromEvent(raw))
	}
	r.mu.Unlock()
	r.wake()
	return false
}

func (r *request) wake() {
	select {
	case r.more <- struct{}{}:
	default:
	}
}

// end queues the last event.
func (r *request) end(e Event, cause error) {
	if r.hook != nil {
		cause = first2(cause, r.hook.finish())
	}
	r.mu.Lock()
	r.queue = append(r.queue, e)
	r.ended = true
	r.err = r.reason(e, cause)
	r.mu.Unlock()
	r.wake()
	close(r.done)
}

// reason is the error of how a request ended; nil if it ended by itself.
func (r *request) reason(e Event, cause error) error {
	err := &Error{Op: "generate", Domain: DomainCore, Message: e.Message,
		cause: cause}
	switch {
	case e.Kind == EventFailed:
		err.Code = e.Status
	case e.Finish.Reason == FinishCancelled:
		err.Code = ErrCancelled
		if ended := r.ctx.Err(); ended != nil {
			err.Code, err.cause = contextCode(ended), ended
		} else if r.core.closing.Load() {
			err.cause = ErrClosed
		}
	case e.Finish.Reason == FinishDeadline:
		err.Code = ErrDeadlineExceeded
	default:
		return nil
	}
	return err
}

// watch cancels the request when its context ends. A deadline that the
// library knows is its own business: it gives the better reason.
func (r *request) watch(deadlineKnown bool) {
	select {
	case <-r.done:
	case <-r.ctx.Done():
		if deadlineKnown && r.ctx.Err() == context.DeadlineExceeded {
			return
		}
		r.cancel(capi.CancelStop)
	}
}

func (r *request) cancel(mode int32) error {
	return call("cancel", func(d *detail) int32 {
		return capi.Cancel(r.id, mode, d)
	})
}

// join waits for the end.
func (r *request) join() {
	for r.core.hostDriven {
		select {
		case <-r.done:
			return
		default:
			r.core.advance()
		}
	}
	<-r.done
}

// drop cancels the request and forgets its events.
func (r *request) drop() {
	r.mu.Lock()
	r.dropped = true
	r.queue = nil
	ended := r.ended
	r.mu.Unlock()
	if !ended {
		r.cancel(capi.CancelDrop)
	}
}

// wait gives what is queued, at least one event, or nothing after the end. It
// steps a host-driven engine.
func (r *request) wait() []Event {
	for {
		r.mu.Lock()
		batch, over := r.queue, r.ended || r.dropped
		r.queue = nil
		r.mu.Unlock()
		if len(batch) > 0 || over {
			return batch
		}
		if r.core.hostDriven {
			r.core.advance()
			continue
		}
		select {
		case <-r.more:
		case <-r.done:
		}
	}
}
