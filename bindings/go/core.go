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
	closing    atomic.Bool
	stepping   sync.Mutex    // one step at a time
	done       chan struct{} // closed after the last event

	polling sync.Mutex // one poll at a time
	buffer  *capi.Event
	over    bool

	mu      sync.Mutex
	lastKey uintptr
	live    map[uintptr]*request // by the user_data of their events
}

func newCore(ptr *capi.Engine, hostDriven bool) *core {
	c := &core{hostDriven: hostDriven, done: make(chan struct{}),
		live: map[uintptr]*request{}}
	c.ref.init("engine", ptr, capi.EngineRelease)
	c.ref.users.Add(1) // that of poll, until the last event
	c.buffer = (*capi.Event)(capi.Malloc(eventSize * pollEvents))
	if !hostDriven {
		go c.dispatch()
	}
	return c
}

const eventSize = unsafe.Sizeof(capi.Event{})

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
	c.pump()
	<-c.done
	return nil
}

// add gives a request the number by which its events find it.
func (c *core) add(r *request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lastKey++
	r.key = c.lastKey
	c.live[r.key] = r
}

func (c *core) remove(r *request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.live, r.key)
}

// dispatch takes the events of all requests until the engine is closed and
// its last event was taken. Nothing else polls the engine.
func (c *core) dispatch() {
	for over := false; !over; {
		_, over = c.poll(-1)
	}
}

// pump delivers what waits in a host-driven engine, which has no dispatcher,
// and says how many events that were.
func (c *core) pump() (delivered int) {
	for c.hostDriven {
		n, over := c.poll(0)
		delivered += n
		if n == 0 || over {
			break
		}
	}
	return delivered
}

// advance brings a host-driven engine on: delivers what waits, or runs a
// step.
func (c *core) advance() {
	if c.pump() > 0 {
		return
	}
	more, err := c.step()
	if c.pump() == 0 && (!more || err != nil) {
		time.Sleep(time.Millisecond) // somebody else has to do something
	}
}

func (c *core) step() (more bool, err error) {
	c.stepping.Lock()
	defer c.stepping.Unlock()
	var left int32
	err = c.ref.with("step", func(p *capi.Engine, d *detail) int32 {
		return capi.EngineStep(p, &left, d)
	})
	return left != 0, err
}

// poll waits for events and delivers them. It is over after the last one.
func (c *core) poll(timeout time.Duration) (delivered int, over bool) {
	c.polling.Lock()
	defer c.polling.Unlock()
	if c.over {
		return 0, true
	}
	var count uintptr
	err := call("poll", func(d *detail) int32 {
		return capi.Poll(c.ref.ptr, c.buffer, eventSize, pollEvents,
			int64(timeout), &count, d)
	})
	capi.Polls.Add(1)
	if err == nil {
		c.deliver(unsafe.Slice(c.buffer, count))
		return int(count), false
	}
	code := err.(*Error).Code
	if code == ErrOutOfMemory {
		time.Sleep(10 * time.Millisecond) // events wait meanwhile
		return 0, false
	}
	if code == ErrFailedPrecondition { // closed, and nothing waits any more
		err = ErrClosed
	}
	c.over = true
	c.abandon(err)
	capi.Free(unsafe.Pointer(c.buffer))
	c.ref.leave()
	close(c.done)
	return 0, true
}

// deliver hands events to their requests.
func (c *core) deliver(events []capi.Event) {
	found := make([]*request, len(events))
	c.mu.Lock()
	for i := range events {
		found[i] = c.live[events[i].UserData]
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
	c.mu.Lock()
	left := c.live
	c.live = map[uintptr]*request{}
	c.mu.Unlock()
	for _, r := range left {
		r.end(Event{Kind: EventFailed, Status: ErrInternal,
			Message: "the engine ended", Finish: &Finish{Reason: FinishError}},
			cause)
	}
}
