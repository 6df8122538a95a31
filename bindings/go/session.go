package inlay

import (
	"context"
	"io"
	"runtime"

	"inlay/internal/capi"
)

// Session is a conversation: tokens that stay, and their part of the cache as
// long as there is room; what was lost is computed again, with the same
// result. A request with Request.Session continues it; see there.
//
// A request appends its prompt and its answer when it ends; one that was
// cancelled or met its deadline appends the answer so far, one that failed
// nothing. The end token of an answer is not appended: begin the next prompt
// with the end of the turn.
//
// Any goroutine may use it. After its engine was closed it can still be read
// and closed.
type Session struct {
	ref    ref[capi.Session]
	engine *Engine
}

// NewSession makes an empty session. All requests that continue it share the
// cache with those of its domain; empty is the default domain.
func (e *Engine) NewSession(cacheDomain string) (*Session, error) {
	var out *capi.Session
	err := e.with("create session", func(p *capi.Engine, d *detail) int32 {
		return capi.SessionCreate(p, capi.Bytes(cacheDomain),
			uintptr(len(cacheDomain)), &out, d)
	})
	if err != nil {
		return nil, err
	}
	return newSession(out, e), nil
}

func newSession(ptr *capi.Session, e *Engine) *Session {
	s := &Session{engine: e}
	s.ref.init("session", ptr, capi.SessionRelease)
	runtime.SetFinalizer(s, (*Session).Close)
	return s
}

// Close gives the session back. A request that continues it keeps it until
// its end. Closing again does nothing; the result is always nil.
func (s *Session) Close() error {
	runtime.SetFinalizer(s, nil)
	s.ref.close()
	return nil
}

// Fork makes another session that begins with the same tokens and shares
// their part of the cache. While this one is busy: those known so far.
func (s *Session) Fork() (*Session, error) {
	var out *capi.Session
	err := s.ref.with("fork session", func(p *capi.Session, d *detail) int32 {
		return capi.SessionFork(p, &out, d)
	})
	if err != nil {
		return nil, err
	}
	return newSession(out, s.engine), nil
}

// Truncate keeps the first tokens and forgets the rest.
// ErrFailedPrecondition while the session is busy.
func (s *Session) Truncate(tokens int) error {
	return s.ref.with("truncate session", func(p *capi.Session, d *detail) int32 {
		return capi.SessionTruncate(p, narrow(tokens), d)
	})
}

// Info says how long the session is, and whether a request continues it now.
func (s *Session) Info() (SessionInfo, error) {
	raw := sized[capi.SessionInfo]()
	err := s.ref.with("session info", func(p *capi.Session, d *detail) int32 {
		return capi.SessionGetInfo(p, raw, d)
	})
	if err != nil {
		return SessionInfo{}, err
	}
	return fromSessionInfo(raw), nil
}

// Tokens gives the tokens of the session, prompts and answers.
func (s *Session) Tokens() ([]int32, error) {
	return grow(256, func(buffer *int32, capacity uintptr, count *uintptr) error {
		return s.ref.with("session tokens", func(p *capi.Session, d *detail) int32 {
			return capi.SessionGetTokens(p, buffer, capacity, count, d)
		})
	})
}

// Save writes tokens and cache, in pieces, with a version and checksums.
// ErrFailedPrecondition while the session is busy. An error of the writer, or
// the end of ctx, ends it, and its error wraps that. The writer must not call
// into this package; a panic in it is one of Save.
func (s *Session) Save(ctx context.Context, to io.Writer) error {
	pipe := &pipe{ctx: ctx, to: to}
	return pipe.run(func(handle uintptr) error {
		return s.ref.with("save session", func(p *capi.Session, d *detail) int32 {
			return capi.SessionSave(p, capi.StreamWriteFn(), handle, d)
		})
	})
}

// SaveFile writes to a file, at once or not at all: what is at the path stays
// until the new file is safe on disk.
func (s *Session) SaveFile(path string) error {
	return s.ref.with("save session", func(p *capi.Session, d *detail) int32 {
		return capi.SessionSaveFile(p, capi.Bytes(path),
			uintptr(len(path)), d)
	})
}

// LoadSession makes a session of what Save wrote, and reads no byte more. The
// bytes need not be trusted: ErrDataLoss if they are damaged,
// ErrFailedPrecondition if they come from another model, recipe or version.
// Reader and ctx are as the writer and ctx of Save.
func (e *Engine) LoadSession(ctx context.Context, from io.Reader) (*Session, error) {
	var out *capi.Session
	pipe := &pipe{ctx: ctx, from: from}
	err := pipe.run(func(handle uintptr) error {
		return e.with("load session", func(p *capi.Engine, d *detail) int32 {
			return capi.SessionLoad(p, capi.StreamReadFn(), handle, &out, d)
		})
	})
	if err != nil {
		return nil, err
	}
	return newSession(out, e), nil
}

// LoadSessionFile is LoadSession from a file, which must end with the
// session.
func (e *Engine) LoadSessionFile(path string) (*Session, error) {
	var out *capi.Session
	err := e.with("load session", func(p *capi.Engine, d *detail) int32 {
		return capi.SessionLoadFile(p, capi.Bytes(path),
			uintptr(len(path)), &out, d)
	})
	if err != nil {
		return nil, err
	}
	return newSession(out, e), nil
}
