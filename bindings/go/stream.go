package inlay

import (
	"context"
	"runtime"
	"sync"

	"inlay/internal/capi"
)

// Stream gives the events of one request, in order:
//
//	for stream.Next() {
//		fmt.Print(stream.Event().Text)
//	}
//	err := stream.Err()
//
// One goroutine at a time reads it; Cancel, Close and ID may be called by
// any. Events wait in memory until they are read: at most one answer's worth,
// which the context of the engine bounds. A slow reader holds up nobody.
//
// Close it if it is not read to its end. A stream that is only forgotten is
// closed when the garbage collector finds it.
type Stream struct {
	*request
	engine  *Engine  // lives as long as its streams
	session *Session // and so does a session
	batch   []Event
	at      int
	once    sync.Once
	closed  chan struct{}
}

// Submit hands a request to the engine and returns at once. The end of ctx
// cancels the request, its deadline is the request's; both are noticed within
// a step. Everything about the request is checked here.
//
// A full queue is ErrResourceExhausted, and Error.RetryAfter says when there
// may be room.
func (e *Engine) Submit(ctx context.Context, r Request) (*Stream, error) {
	const op = "submit"
	if err := ctx.Err(); err != nil {
		return nil, &Error{Op: op, Code: contextCode(err), cause: err}
	}
	p, err := e.enter(op)
	if err != nil {
		return nil, err
	}
	defer e.leave()
	a := newArena()
	defer a.free()
	raw := r.raw(a)
	left, known := timeout(ctx, r.Timeout)
	raw.DeadlineNs = int64(left)
	if r.Session != nil {
		raw.Session, err = r.Session.ref.enter(op)
		if err != nil {
			return nil, err
		}
		defer r.Session.ref.leave()
	}
	live := newRequest(ctx, e.core)
	if r.Logits != nil {
		live.hook = newHook(r.Logits)
		raw.LogitsHook, raw.LogitsUserData = capi.LogitsFn(), live.hook.handle
	}
	e.core.add(live) // before its events, which may come at once
	raw.UserData = live.key
	err = call(op, func(d *detail) int32 {
		return capi.Submit(p, raw, &live.id, d)
	})
	if err != nil {
		e.core.remove(live)
		if live.hook != nil {
			live.hook.finish()
		}
		return nil, err
	}
	if ctx.Done() != nil {
		go live.watch(known)
	}
	s := &Stream{request: live, engine: e, session: r.Session,
		closed: make(chan struct{})}
	runtime.SetFinalizer(s, func(s *Stream) { s.drop() })
	return s, nil
}

// ID is the number of the request, unique in the process.
func (s *Stream) ID() uint64 { return s.id }

// Next waits for the next event and says whether there is one. The last one
// is an EventFinished or an EventFailed. A host-driven engine is stepped
// meanwhile.
func (s *Stream) Next() bool {
	s.at++
	if s.at < len(s.batch) {
		return true
	}
	s.batch, s.at = s.wait(), 0
	runtime.KeepAlive(s)
	return len(s.batch) > 0
}

// Event is the event that Next found.
func (s *Stream) Event() *Event {
	if s.at >= len(s.batch) {
		return &Event{}
	}
	return &s.batch[s.at]
}

// Err says, once Next found nothing, why the request did not end by itself:
// ErrCancelled, ErrDeadlineExceeded, or why it failed. It is nil for an
// answer that ended by itself, full or cut off at its length, and before the
// end.
func (s *Stream) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Cancel ends the request now; what was generated so far is still delivered.
// When it has ended already that is ErrNotFound, harmlessly.
func (s *Stream) Cancel() error {
	defer runtime.KeepAlive(s)
	return s.cancel(capi.CancelStop)
}

// Close cancels the request if it still runs, drops what was not read, and
// waits for its end, which is one step away: then a session is free again.
// Closing again does nothing; the result is always nil.
func (s *Stream) Close() error {
	runtime.SetFinalizer(s, nil)
	s.once.Do(func() { close(s.closed) })
	s.drop()
	s.join()
	return nil
}

// Channel gives the events on a channel that is closed after the last one,
// for use in a select. Use it in place of Next, and Close the stream if it is
// not read to its end. Err is valid once the channel is closed.
func (s *Stream) Channel() <-chan Event {
	events := make(chan Event)
	go func() {
		defer close(events)
		for s.Next() {
			select {
			case events <- *s.Event():
			case <-s.closed:
				return
			}
		}
	}()
	return events
}

// State says where the request is. ErrNotFound if it has ended.
func (s *Stream) State() (RequestState, error) {
	var state int32
	err := call("request state", func(d *detail) int32 {
		return capi.RequestStatus(s.id, &state, d)
	})
	runtime.KeepAlive(s)
	return RequestState(state), err
}
