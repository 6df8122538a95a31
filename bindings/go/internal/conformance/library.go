package main

import (
	"errors"
	"os"

	"inlay"
)

// runner keeps the scenario's objects by their names.
type runner struct {
	contexts map[string]*inlay.Context
	options  map[string]inlay.Options
	models   map[string]*inlay.Model
	engines  map[string]*engine
	sessions map[string]*inlay.Session
}

func newRunner() *runner {
	return &runner{
		contexts: map[string]*inlay.Context{},
		options:  map[string]inlay.Options{},
		models:   map[string]*inlay.Model{},
		engines:  map[string]*engine{},
		sessions: map[string]*inlay.Session{},
	}
}

// keep stores an object under its name and gives back what was there.
func keep[T interface{ Close() error }](m map[string]T, name string, value T) {
	if old, ok := m[name]; ok {
		old.Close()
	}
	m[name] = value
}

func drop[T interface{ Close() error }](m map[string]T, name string) {
	if old, ok := m[name]; ok {
		old.Close()
		delete(m, name)
	}
}

func (r *runner) drop(name string) {
	drop(r.sessions, name)
	drop(r.engines, name)
	drop(r.models, name)
	drop(r.contexts, name)
	delete(r.options, name)
}

// release gives all objects back, the parents first: the order does not
// matter.
func (r *runner) release() {
	for name := range r.contexts {
		drop(r.contexts, name)
	}
	for name := range r.models {
		drop(r.models, name)
	}
	for name := range r.engines {
		drop(r.engines, name)
	}
	for name := range r.sessions {
		drop(r.sessions, name)
	}
}

var operations map[string]func(*runner, *step) (object, error)

func init() {
	operations = map[string]func(*runner, *step) (object, error){
		"library": library, "context": newContext, "architecture": addArchitecture,
		"options": newOptions,
		"open":    open, "model_info": modelInfo, "metadata": metadata,
		"tokenize": tokenize, "tokenize_pair": tokenizePair, "detokenize": detokenize,
		"find_token": findToken, "chat": chat, "engine": newEngine,
		"stream": stream, "generate": generate, "push": push,
		"concurrent": concurrent, "submit": submit, "drain": drain,
		"cancel": cancel, "cancel_id": cancelID, "session": newSession,
		"session_info": sessionInfo, "fork": fork, "truncate": truncate,
		"save": save, "load": load, "score": score, "embed": embed, "rank": rank,
		"stats":   stats,
		"metrics": metrics, "close": closeEngine, "release": release,
	}
}

func library(_ *runner, s *step) (object, error) {
	has := make([]int, len(s.Features))
	for i, name := range s.Features {
		has[i] = truth(inlay.HasFeature(name))
	}
	return ok(pair{"abi", int(inlay.ABIVersion())},
		pair{"version", inlay.Version()}, pair{"features", has}), nil
}

func newContext(r *runner, s *step) (object, error) {
	c, err := inlay.NewContext(inlay.ContextOptions{Threads: s.Threads})
	if err != nil {
		return nil, err
	}
	keep(r.contexts, s.name(), c)
	stats, err := c.Stats()
	if err != nil {
		return nil, err
	}
	return ok(pair{"threads", stats.ThreadCount}), nil
}

func addArchitecture(r *runner, s *step) (object, error) {
	c := r.contexts[s.Context]
	if c == nil {
		return nil, errors.New("no context " + s.Context)
	}
	if err := c.AddArchitecture(s.Text, s.Replace); err != nil {
		return nil, err
	}
	return ok(), nil
}

func newOptions(r *runner, s *step) (object, error) {
	set := inlay.Options{}
	for _, row := range s.Set {
		// One by one, in the scenario's order, for the first error.
		if err := (inlay.Options{row[0]: row[1]}).Check(); err != nil {
			return nil, err
		}
		set[row[0]] = row[1]
	}
	values := make([]string, len(s.Set))
	for i, row := range s.Set {
		value, err := set.Value(row[0])
		if err != nil {
			return nil, err
		}
		values[i] = value
	}
	r.options[s.name()] = set
	return ok(pair{"values", values}), nil
}

var errStop = errors.New("stop")

func open(r *runner, s *step) (object, error) {
	options := inlay.ModelOptions{Options: r.options[s.Options],
		VocabularyOnly: s.VocabularyOnly}
	if s.Cancel {
		options.Progress = func(inlay.Progress) error { return errStop }
	}
	c := r.contexts[s.Context]
	if c == nil {
		return nil, errors.New("no context " + s.Context)
	}
	m, err := openFrom(c, s, options)
	if err != nil {
		return nil, err
	}
	keep(r.models, s.name(), m)
	info, err := m.Info()
	if err != nil {
		return nil, err
	}
	return ok(pair{"runnable", truth(info.Runnable)}), nil
}

func openFrom(c *inlay.Context, s *step, options inlay.ModelOptions) (*inlay.Model, error) {
	source := inlay.FromPath(s.Path)
	switch s.Source {
	case "memory":
		data, err := os.ReadFile(s.Path)
		if err != nil {
			return nil, err
		}
		source = inlay.FromBytes(data)
	case "fd", "reader":
		file, err := os.Open(s.Path)
		if err != nil {
			return nil, err
		}
		defer file.Close()
		source = inlay.FromFile(file, 0, 0)
		if s.Source == "reader" {
			info, err := file.Stat()
			if err != nil {
				return nil, err
			}
			source = inlay.FromReader(file, uint64(info.Size()))
		}
	case "async":
		l, err := c.StartModel(source, options)
		if err != nil {
			return nil, err
		}
		defer l.Close()
		return l.Wait(background)
	case "", "path":
	default:
		return nil, errors.New("unknown source " + s.Source)
	}
	return c.OpenModel(background, source, options)
}

func release(r *runner, s *step) (object, error) {
	r.drop(s.name())
	return ok(), nil
}
