package main

import (
	"bufio"
	"errors"
	"os"
	"strings"

	"inlay"
)

func (r *runner) session(s *step) (*inlay.Session, error) {
	session := r.sessions[s.Session]
	if session == nil {
		return nil, errors.New("no session " + s.Session)
	}
	return session, nil
}

func newSession(r *runner, s *step) (object, error) {
	e, err := r.engine(s)
	if err != nil {
		return nil, err
	}
	session, err := e.NewSession("")
	if err != nil {
		return nil, err
	}
	keep(r.sessions, s.name(), session)
	return ok(), nil
}

func sessionInfo(r *runner, s *step) (object, error) {
	session, err := r.session(s)
	if err != nil {
		return nil, err
	}
	info, err := session.Info()
	if err != nil {
		return nil, err
	}
	tokens, err := session.Tokens()
	if err != nil {
		return nil, err
	}
	return ok(pair{"token_count", info.TokenCount},
		pair{"busy", truth(info.Busy)}, pair{"tokens", tokens}), nil
}

func fork(r *runner, s *step) (object, error) {
	session, err := r.session(s)
	if err != nil {
		return nil, err
	}
	other, err := session.Fork()
	if err != nil {
		return nil, err
	}
	keep(r.sessions, s.name(), other)
	return ok(), nil
}

func truncate(r *runner, s *step) (object, error) {
	session, err := r.session(s)
	if err != nil {
		return nil, err
	}
	if err := session.Truncate(s.Count); err != nil {
		return nil, err
	}
	return ok(), nil
}

func save(r *runner, s *step) (object, error) {
	session, err := r.session(s)
	if err != nil {
		return nil, err
	}
	if s.Via == "file" {
		err = session.SaveFile(s.Path)
	} else {
		err = saveStream(session, s.Path)
	}
	if err != nil {
		return nil, err
	}
	return ok(), nil
}

func saveStream(session *inlay.Session, path string) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(file)
	err = session.Save(background, out)
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	return err
}

func load(r *runner, s *step) (object, error) {
	e, err := r.engine(s)
	if err != nil {
		return nil, err
	}
	var session *inlay.Session
	if s.Via == "file" {
		session, err = e.LoadSessionFile(s.Path)
	} else {
		session, err = loadStream(e.Engine, s.Path)
	}
	if err != nil {
		return nil, err
	}
	keep(r.sessions, s.name(), session)
	return ok(), nil
}

func loadStream(e *inlay.Engine, path string) (*inlay.Session, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	return e.LoadSession(background, bufio.NewReader(file))
}

func metrics(r *runner, s *step) (object, error) {
	e, err := r.engine(s)
	if err != nil {
		return nil, err
	}
	text, err := e.Metrics()
	if err != nil {
		return nil, err
	}
	found := make([]int, len(s.Contains))
	for i, want := range s.Contains {
		found[i] = truth(strings.Contains(text, want))
	}
	return ok(pair{"contains", found}), nil
}
