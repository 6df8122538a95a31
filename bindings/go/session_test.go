package inlay

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"testing"
)

type brokenWriter struct{ err error }

func (w brokenWriter) Write(p []byte) (int, error) {
	if w.err == nil {
		panic("own")
	}
	return 0, w.err
}

func talk(t *testing.T, e *Engine, s *Session, prompt string) []int32 {
	t.Helper()
	got, err := e.Generate(background, Request{Prompt: prompt, MaxTokens: 6,
		IgnoreEnd: true, Session: s})
	check(t, err)
	return got.Answers[0].Tokens
}

func sameTokens(a, b []int32) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestSession(t *testing.T) {
	e := newTestEngine(t, EngineOptions{})
	s, err := e.NewSession("domain")
	check(t, err)
	defer s.Close()
	talk(t, e, s, "The cat and the")
	first, err := s.Tokens()
	check(t, err)
	fork, err := s.Fork()
	check(t, err)
	want := talk(t, e, s, " thing in")
	if got := talk(t, e, fork, " thing in"); !sameTokens(got, want) {
		t.Errorf("the fork says %v, not %v", got, want)
	}
	check(t, fork.Truncate(len(first)))
	info, err := fork.Info()
	if err != nil || info.TokenCount != len(first) || info.Busy {
		t.Errorf("%+v, %v", info, err)
	}
	if got := talk(t, e, fork, " thing in"); !sameTokens(got, want) {
		t.Errorf("the truncated fork says %v, not %v", got, want)
	}
	check(t, fork.Close())
	if _, err := fork.Info(); !errors.Is(err, ErrClosed) {
		t.Error(err)
	}
	if err := s.Truncate(1 << 40); !errors.Is(err, ErrOutOfRange) {
		t.Error(err)
	}
}

func TestSessionSave(t *testing.T) {
	e := newTestEngine(t, EngineOptions{})
	s, err := e.NewSession("")
	check(t, err)
	talk(t, e, s, "The cat and the")
	var saved bytes.Buffer
	check(t, s.Save(background, &saved))
	file := filepath.Join(t.TempDir(), "talk.session")
	check(t, s.SaveFile(file))
	want := talk(t, e, s, " thing in")

	whole := append([]byte(nil), saved.Bytes()...)
	saved.WriteString("tail")
	fromStream, err := e.LoadSession(background, &saved)
	check(t, err)
	if saved.String() != "tail" {
		t.Errorf("%d bytes are left", saved.Len())
	}
	fromFile, err := e.LoadSessionFile(file)
	check(t, err)
	for _, loaded := range []*Session{fromStream, fromFile} {
		if got := talk(t, e, loaded, " thing in"); !sameTokens(got, want) {
			t.Errorf("a loaded session says %v, not %v", got, want)
		}
		check(t, loaded.Close())
	}

	own := errors.New("own")
	if err := s.Save(background, brokenWriter{own}); !errors.Is(err, own) || !errors.Is(err, ErrIO) {
		t.Error(err)
	}
	ctx, stop := context.WithCancel(background)
	stop()
	if err := s.Save(ctx, io.Discard); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	func() {
		defer func() {
			if v := recover(); v != "own" {
				t.Errorf("recovered %v", v)
			}
		}()
		s.Save(background, brokenWriter{})
	}()
	if _, err := e.LoadSession(background, bytes.NewReader(whole[:len(whole)-1])); !errors.Is(err, ErrDataLoss) {
		t.Error(err)
	}
	whole[len(whole)/2] ^= 1
	if _, err := e.LoadSession(background, bytes.NewReader(whole)); !errors.Is(err, ErrDataLoss) {
		t.Error(err)
	}
	if _, err := e.LoadSessionFile("missing"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
}

func TestSessionBusy(t *testing.T) {
	e := newTestEngine(t, EngineOptions{})
	s, err := e.NewSession("")
	check(t, err)
	q := long()
	q.Session = s
	stream, err := e.Submit(background, q)
	check(t, err)
	if _, err := e.Submit(background, q); !errors.Is(err, ErrFailedPrecondition) {
		t.Error(err)
	}
	check(t, stream.Close())
	info, err := s.Info()
	if err != nil || info.Busy {
		t.Errorf("%+v, %v", info, err)
	}
	check(t, e.Close())
	if _, err := s.Tokens(); err != nil {
		t.Error("a session outlives its engine:", err)
	}
	check(t, s.Close())
}
