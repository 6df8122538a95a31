package inlay

import "testing"

func TestSmoke(t *testing.T) {
	m := openTiny(t)
	info, err := m.Info()
	check(t, err)
	t.Logf("%+v", info)
	e := newEngine(t, EngineOptions{})
	cfg, err := e.Config()
	check(t, err)
	t.Logf("%+v", cfg)
	s, err := e.Submit(background, Request{Prompt: "Hello world", MaxTokens: 20, IgnoreEnd: true})
	check(t, err)
	for s.Next() {
		t.Logf("%+v", *s.Event())
	}
	check(t, s.Err())
}
