package inlay

import (
	"context"
	"errors"
	"fmt"
	"math/rand"
	"runtime"
	"sync"
	"testing"
	"time"
)

// What may happen to a request on a live engine. Each case reads some events
// first.
var fates = []func(r *rand.Rand, e *Engine) error{
	readAll, cancelStream, closeStream, cancelContext, passDeadline,
	forgetStream, abandonChannel, closeWhileReading, loseSession, failHook,
}

func readSome(r *rand.Rand, s *Stream) {
	for i := r.Intn(6); i > 0 && s.Next(); i-- {
	}
}

// ended reads the rest, which must end as one of the reasons.
func ended(s *Stream, allowed ...error) error {
	last := EventKind(0)
	for s.Next() {
		if last == EventFinished || last == EventFailed {
			return fmt.Errorf("%v after the last event", s.Event().Kind)
		}
		last = s.Event().Kind
	}
	select {
	case <-s.done: // closed right behind the last event
	case <-time.After(10 * time.Second):
		return errors.New("the events end before the request")
	}
	// Deltas that waited come as one: readSome may have read the last event.
	if last != 0 && last != EventFinished && last != EventFailed {
		return fmt.Errorf("no last event but %v", last)
	}
	err := s.Err()
	for _, want := range allowed {
		if errors.Is(err, want) || err == want {
			return nil
		}
	}
	return fmt.Errorf("ended as %v", err)
}

func readAll(r *rand.Rand, e *Engine) error {
	q := long()
	q.MaxTokens = 1 + r.Intn(8)
	s, err := e.Submit(background, q)
	if err != nil {
		return err
	}
	return ended(s, nil)
}

func cancelStream(r *rand.Rand, e *Engine) error {
	s, err := e.Submit(background, long())
	if err != nil {
		return err
	}
	readSome(r, s)
	if err := s.Cancel(); err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	return ended(s, ErrCancelled, nil)
}

func closeStream(r *rand.Rand, e *Engine) error {
	s, err := e.Submit(background, long())
	if err != nil {
		return err
	}
	readSome(r, s)
	return s.Close()
}

func cancelContext(r *rand.Rand, e *Engine) error {
	ctx, stop := context.WithCancel(background)
	defer stop()
	s, err := e.Submit(ctx, long())
	if err != nil {
		return err
	}
	if r.Intn(2) == 0 {
		readSome(r, s)
		stop()
	} else {
		time.AfterFunc(time.Duration(r.Intn(2000))*time.Microsecond, stop)
	}
	return ended(s, context.Canceled, nil)
}

func passDeadline(r *rand.Rand, e *Engine) error {
	ctx, stop := context.WithTimeout(background,
		time.Duration(r.Intn(3000))*time.Microsecond)
	defer stop()
	s, err := e.Submit(ctx, long())
	if errors.Is(err, context.DeadlineExceeded) {
		return nil
	}
	if err != nil {
		return err
	}
	return ended(s, context.DeadlineExceeded, nil)
}

func forgetStream(r *rand.Rand, e *Engine) error {
	q := long()
	q.MaxTokens = 50 // it may run to its end before it is found
	s, err := e.Submit(background, q)
	if err != nil {
		return err
	}
	readSome(r, s)
	return nil
}

func abandonChannel(r *rand.Rand, e *Engine) error {
	s, err := e.Submit(background, long())
	if err != nil {
		return err
	}
	events := s.Channel()
	for i := r.Intn(6); i > 0; i-- {
		<-events
	}
	return s.Close()
}

func closeWhileReading(r *rand.Rand, e *Engine) error {
	s, err := e.Submit(background, long())
	if err != nil {
		return err
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		for s.Next() {
		}
	}()
	for i := r.Intn(20); i > 0; i-- {
		runtime.Gosched()
	}
	err = s.Close()
	<-read
	return err
}

func loseSession(r *rand.Rand, e *Engine) error {
	session, err := e.NewSession("")
	if err != nil {
		return err
	}
	q := long()
	q.Session = session
	s, err := e.Submit(background, q)
	if err != nil {
		return err
	}
	readSome(r, s)
	if r.Intn(2) == 0 {
		session.Close()
		return s.Close()
	}
	if err := s.Close(); err != nil {
		return err
	}
	info, err := session.Info()
	if err == nil && info.Busy {
		err = errors.New("a closed stream left its session busy")
	}
	return err // the session is forgotten
}

var errHook = errors.New("hook")

func failHook(r *rand.Rand, e *Engine) error {
	q := long()
	at, panics := r.Intn(4), r.Intn(2) == 0
	q.Logits = func(_, generated []int32, _ []float32) error {
		if len(generated) < at {
			return nil
		}
		if panics {
			panic("hook")
		}
		return errHook
	}
	s, err := e.Submit(background, q)
	if err != nil {
		return err
	}
	if r.Intn(3) == 0 {
		return s.Close()
	}
	if panics {
		return ended(s, ErrIO, ErrCancelled)
	}
	return ended(s, errHook)
}

// TestTenThousandEnds ends requests in all ways at seeded random moments,
// from many goroutines, and closes engines under them; nothing stays.
func TestTenThousandEnds(t *testing.T) {
	const workers, each = 20, 485
	c := newTestContext(t)
	m, err := c.OpenModel(background, FromPath(tiny), ModelOptions{})
	check(t, err)
	defer m.Close()
	warm, err := m.NewEngine(EngineOptions{KVCacheBytes: 8 << 20})
	check(t, err)
	check(t, readAll(rand.New(rand.NewSource(1)), warm))
	check(t, warm.Close())
	before, memory := countResources(t), memoryUsed(t, c)
	e, err := m.NewEngine(EngineOptions{KVCacheBytes: 8 << 20,
		Options: Options{OptionMaxQueue: "10000"}})
	check(t, err)
	var all sync.WaitGroup
	for w := 0; w < workers; w++ {
		all.Add(1)
		go func(w int) {
			defer all.Done()
			r := rand.New(rand.NewSource(int64(w)))
			for i := 0; i < each; i++ {
				fate := r.Intn(len(fates))
				if err := fates[fate](r, e); err != nil {
					t.Errorf("worker %d, case %d, fate %d: %v", w, i, fate, err)
					return
				}
			}
		}(w)
	}
	all.Wait()
	during := countResources(t)
	runtime.GC() // the forgotten
	check(t, e.Close())
	var after [3]resources
	for round := range after {
		for i := 0; i < 100; i++ {
			seed := int64(1000 + 100*round + i)
			endEngine(t, m, rand.New(rand.NewSource(seed)))
		}
		after[round] = settle(t, before)
	}
	// Go keeps threads for its next calls, so their number levels out; each
	// engine that left one would add a hundred to a round.
	if during.threads > 40 || after[2].threads > after[1].threads+20 {
		t.Errorf("threads: %d during, after %+v", during.threads, after)
	}
	for i := 0; memoryUsed(t, c) > memory && i < 100; i++ {
		time.Sleep(10 * time.Millisecond) // the last engines close beside
	}
	if now := memoryUsed(t, c); now > memory {
		t.Errorf("the library holds %d bytes, not %d", now, memory)
	}
	t.Logf("before %+v, during %+v, after %+v", before, during, after)
}

func memoryUsed(t *testing.T, c *Context) uint64 {
	t.Helper()
	stats, err := c.Stats()
	check(t, err)
	return stats.MemoryUsedBytes
}

// TestForgotten leaves a stream behind that would never end by itself.
func TestForgotten(t *testing.T) {
	e := newTestEngine(t, EngineOptions{HostDriven: true})
	func() {
		s, err := e.Submit(background, long())
		check(t, err)
		s.Next()
	}()
	for i := 0; i < 200; i++ {
		runtime.GC()
		time.Sleep(time.Millisecond)
		stats, err := e.Stats()
		check(t, err)
		if stats.Cancelled == 1 {
			return
		}
		if i > 20 { // by then the finaliser has cancelled it
			_, err := e.Step()
			check(t, err)
		}
	}
	t.Error("a forgotten stream still runs")
}

// endEngine closes, shuts down or forgets an engine whose requests run.
func endEngine(t *testing.T, m *Model, r *rand.Rand) {
	t.Helper()
	e, err := m.NewEngine(EngineOptions{KVCacheBytes: 1 << 20,
		HostDriven: r.Intn(4) == 0})
	check(t, err)
	streams := make([]*Stream, r.Intn(4))
	for i := range streams {
		streams[i], err = e.Submit(background, long())
		check(t, err)
	}
	if len(streams) > 0 {
		readSome(r, streams[0])
	}
	way := r.Intn(4)
	switch way {
	case 0:
		check(t, e.Close())
	case 1:
		ctx, stop := context.WithTimeout(background,
			time.Duration(r.Intn(1000))*time.Microsecond)
		defer stop()
		if err := e.Shutdown(ctx); err != nil &&
			!errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
		check(t, e.Close())
	case 2:
		go e.Close()
	case 3: // forgotten, and its streams too
		return
	}
	for _, s := range streams {
		if err := ended(s, ErrCancelled, ErrDeadlineExceeded, nil); err != nil {
			t.Errorf("way %d: %v", way, err)
		}
		if way == 0 && s.Err() != nil && !errors.Is(s.Err(), ErrClosed) {
			t.Errorf("closing says %v", s.Err())
		}
	}
	_, err = e.Submit(background, long())
	if way != 2 && !errors.Is(err, ErrFailedPrecondition) {
		t.Errorf("a closed engine says %v", err)
	}
}

// TestThousandRequests holds a thousand requests at once on few threads.
func TestThousandRequests(t *testing.T) {
	e := newTestEngine(t, EngineOptions{})
	before := countResources(t)
	var all sync.WaitGroup
	ctx, stop := context.WithCancel(background)
	defer stop()
	for i := 0; i < 1000; i++ {
		s, err := e.Submit(ctx, Request{Prompt: "Where", MaxTokens: 3})
		check(t, err)
		all.Add(1)
		go func() {
			defer all.Done()
			if _, err := s.Wait(); err != nil {
				t.Error(err)
			}
		}()
	}
	during := countResources(t)
	all.Wait()
	if during.threads > before.threads+12 {
		t.Errorf("threads: %d before, %d during", before.threads, during.threads)
	}
	settle(t, before)
}
