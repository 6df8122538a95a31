package inlay

import (
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"inlay/internal/capi"
)

// pollEvents is how many events one call takes: those of a step of so many
// answers.
const pollEvents = 256

// core is what an Engine shares with its streams and its dispatcher. It does
// not know the Engine, so that that can be collected.
type core struct {
	ref        ref[capi.Engine]
	hostDriven bool
	stepping   sync.Mutex
	closing    atomic.Bool
	done       chan struct{} // closed when the dispatcher has ended

	mu      sync.Mutex
	lastKey uintptr
	streams map[uintptr]*request // by the user_data of their events

	polls, events atomic.Int64 // for the tests
}

func newCore(ptr *capi.Engine, hostDriven bool) *core {
	c := &core{hostDriven: hostDriven, done: make(chan struct{}),
		streams: map[uintptr]*request{}}
	c.ref.init("engine", ptr, capi.EngineRelease)
	c.ref.users.Add(1) // the dispatcher's
	go c.dispatch()
	return c
}

func (c *core) close() error {
	p, err := c.ref.enter("close engine")
	if err == nil {
		c.closing.Store(true)
		err = call("close engine", func(d *detail) int32 {
			return capi.EngineClose(p, capi.CloseCancel, 0, d)
		})
		c.ref.leave()
		if err != nil {
			return err
		}
		c.ref.close()
	}
	<-c.done
	return nil
}

// add gives a request the number by which its events find it.
func (c *core) add(r *request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastKey++
	r.key = c.lastKey
	c.streams[r.key] = r
}

func (c *core) remove(r *request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.streams, r.key)
}

// dispatch takes the events of all requests until the engine is closed and
// its last event was taken. Nothing else polls the engine.
func (c *core) dispatch() {
	defer close(c.done)
	defer c.ref.leave()
	size := unsafe.Sizeof(capi.Event{})
	buffer := (*capi.Event)(capi.Malloc(size * pollEvents))
	defer capi.Free(unsafe.Pointer(buffer))
	var failure error
	for {
		var count uintptr
		err := call("poll", func(d *detail) int32 {
			return capi.Poll(c.ref.ptr, buffer, size, pollEvents, -1, &count, d)
		})
		if err == nil {
			c.polls.Add(1)
			c.events.Add(int64(count))
			c.deliver(unsafe.Slice(buffer, count))
			continue
		}
		code := err.(*Error).Code
		if code == ErrOutOfMemory {
			time.Sleep(10 * time.Millisecond) // events wait meanwhile
			continue
		}
		if code != ErrFailedPrecondition { // not the end of a closed engine
			failure = err
		}
		break
	}
	c.abandon(failure)
}

// deliver hands events to their requests.
func (c *core) deliver(events []capi.Event) {
	c.mu.Lock()
	found := make([]*request, len(events))
	for i := range events {
		found[i] = c.streams[events[i].UserData]
	}
	c.mu.Unlock()
	for i, r := range found {
		if r != nil && r.take(&events[i]) {
			c.remove(r)
		}
	}
}

// abandon ends what got no end: nothing, unless the library cannot be polled.
func (c *core) abandon(cause error) {
	if cause == nil {
		cause = ErrClosed
	}
	c.mu.Lock()
	left := c.streams
	c.streams = map[uintptr]*request{}
	c.mu.Unlock()
	for _, r := range left {
		r.end(Event{Kind: EventFailed, Status: ErrInternal,
			Message: "the engine ended", Finish: &Finish{Reason: FinishError}},
			cause)
	}
}
