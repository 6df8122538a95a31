package inlay

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"
	"time"
)

func TestWholeStream(t *testing.T) {
	e := newTestEngine(t, EngineOptions{})
	q := Request{Prompt: "Once upon a time", MaxTokens: 12, Logprobs: true,
		TopLogprobs: 2, PromptLogprobs: true}
	want, err := e.Generate(background, q)
	check(t, err)
	answer := want.Answers[0]
	if len(answer.Tokens) != 12 || len(answer.Logprobs) != 12 ||
		len(answer.Top) != 12 || len(want.Prompt.Tokens) == 0 ||
		answer.Top[0][0].Token != answer.Tokens[0] ||
		answer.Finish.Reason != FinishLength ||
		want.Finish.GeneratedTokens != 12 || want.Finish.Total <= 0 {
		t.Errorf("%+v", want)
	}
	s, err := e.Submit(background, q)
	check(t, err)
	var text string
	for event := range s.Channel() {
		text += event.Text
	}
	check(t, s.Err())
	if text != want.Text() {
		t.Errorf("%q is not %q", text, want.Text())
	}
	if s.Next() || s.Cancel() == nil {
		t.Error("there is more after the end")
	}
	if _, err := s.State(); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	check(t, s.Close())
	check(t, s.Close())
}

func TestWholeChoices(t *testing.T) {
	e := newTestEngine(t, EngineOptions{})
	q := Request{Prompt: "Once", MaxTokens: 5, IgnoreEnd: true,
		Sampling: Sampling{Temperature: 1, Seed: 7},
		Choices:  Choices{Count: 3}}
	got, err := e.Generate(background, q)
	check(t, err)
	if len(got.Answers) != 3 || got.Finish.GeneratedTokens != 15 {
		t.Fatalf("%+v", got)
	}
	for i, a := range got.Answers { // answer i uses seed + i
		one := q
		one.Choices, one.Sampling.Seed = Choices{}, uint64(7+i)
		alone, err := e.Generate(background, one)
		if err != nil || alone.Text() != a.Text || a.Finish.Score >= 0 {
			t.Errorf("%d: %q is not %q, %v", i, a.Text, alone.Text(), err)
		}
	}
}

func TestWholeEnds(t *testing.T) {
	e := newTestEngine(t, EngineOptions{})
	q := long()
	q.Timeout = 1
	got, err := e.Generate(background, q)
	if !errors.Is(err, context.DeadlineExceeded) ||
		got.Finish.Reason != FinishDeadline {
		t.Errorf("%+v, %v", got, err)
	}
	ctx, stop := context.WithTimeout(background, 50*time.Microsecond)
	defer stop()
	if _, err = e.Generate(ctx, long()); !errors.Is(err, ErrDeadlineExceeded) {
		t.Error(err)
	}
	ctx, stop = context.WithCancel(background)
	s, err := e.Submit(ctx, long())
	check(t, err)
	s.Next()
	stop()
	if _, err := s.Wait(); !errors.Is(err, context.Canceled) || !errors.Is(err, ErrCancelled) {
		t.Error(err)
	}
	if _, err := e.Submit(ctx, long()); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	for _, bad := range []struct {
		q    Request
		want Code
	}{
		{Request{Prompt: "x", Parts: []Part{{Text: "y"}}}, ErrInvalidArgument},
		{Request{Parts: []Part{{Tokens: []int32{1 << 30}}}}, ErrOutOfRange},
		{Request{Prompt: "x", Priority: math.MaxInt}, ErrOutOfRange},
		{Request{Prompt: "x", Stop: []string{""}}, ErrInvalidArgument},
	} {
		_, err := e.Submit(background, bad.q)
		var detail *Error
		if !errors.As(err, &detail) || detail.Code != bad.want || detail.Message == "" {
			t.Errorf("%+v is %v", bad.q, err)
		}
	}
}

func TestWholeQueue(t *testing.T) {
	e := newTestEngine(t, EngineOptions{HostDriven: true, MaxConcurrency: 1,
		Options: Options{OptionMaxQueue: "1"}})
	waiting, err := e.Submit(background, long())
	check(t, err)
	_, err = e.Submit(background, long())
	var full *Error
	if !errors.As(err, &full) || full.Code != ErrResourceExhausted ||
		full.RetryAfter < 10*time.Millisecond {
		t.Errorf("%#v", err)
	}
	more, err := e.Step()
	if !more || err != nil {
		t.Errorf("%v, %v", more, err)
	}
	state, err := waiting.State()
	if err != nil || state != RequestRunning {
		t.Errorf("%v, %v", state, err)
	}
	check(t, waiting.Close())
	got, err := e.Generate(background, Request{Prompt: "Where", MaxTokens: 3})
	if err != nil || len(got.Answers[0].Tokens) != 3 {
		t.Errorf("%+v, %v", got, err)
	}
	check(t, e.Shutdown(background))
}

func TestWholeHook(t *testing.T) {
	e := newTestEngine(t, EngineOptions{})
	before := countResources(t)
	script := []int32{75, 104, 287, 114}
	got, err := e.Generate(background, Request{Prompt: "x", MaxTokens: 4,
		Logits: func(prompt, generated []int32, logits []float32) error {
			for i := range logits {
				if int32(i) != script[len(generated)] {
					logits[i] = float32(math.Inf(-1))
				}
			}
			return nil
		}})
	if err != nil || got.Text() != "Hello" {
		t.Errorf("%+v, %v", got, err)
	}
	own := errors.New("own")
	got, err = e.Generate(background, Request{Prompt: "x",
		Logits: func(_, _ []int32, _ []float32) error { return own }})
	if !errors.Is(err, own) || got.Finish.Reason != FinishError {
		t.Errorf("%+v, %v", got, err)
	}
	_, err = e.Generate(background, Request{Prompt: "x",
		Logits: func(_, _ []int32, _ []float32) error { panic("own") }})
	if err == nil || !strings.Contains(err.Error(), "panic in a LogitsFunc: own") {
		t.Error(err)
	}
	settle(t, before)
}

func TestWholeScore(t *testing.T) {
	e := newTestEngine(t, EngineOptions{})
	tokens := []int32{87, 107, 104, 274, 268}
	rows, err := e.Score(tokens)
	check(t, err)
	got, err := e.Generate(background, Request{MaxTokens: 1,
		Parts: []Part{{Tokens: tokens}}, PromptLogprobs: true})
	check(t, err)
	for i, want := range got.Prompt.Logprobs {
		var sum float64
		for _, logit := range rows[i] {
			sum += math.Exp(float64(logit))
		}
		have := float64(rows[i][tokens[i+1]]) - math.Log(sum)
		if math.Abs(have-float64(want)) > 1e-4 {
			t.Errorf("row %d: %v is not %v", i, have, want)
		}
	}
	if _, err := e.Score(nil); !errors.Is(err, ErrInvalidArgument) {
		t.Error(err)
	}
}

func TestWholeFigures(t *testing.T) {
	e := newTestEngine(t, EngineOptions{ContextLength: 128})
	check(t, e.StartTrace(100))
	_, err := e.Generate(background, Request{Prompt: "Where", MaxTokens: 4})
	check(t, err)
	var trace bytes.Buffer
	check(t, e.StopTrace(&trace))
	if !json.Valid(trace.Bytes()) {
		t.Errorf("%.200s", trace.String())
	}
	if err := e.StopTrace(nil); !errors.Is(err, ErrFailedPrecondition) {
		t.Error(err)
	}
	check(t, e.SetTenant("gold", 2))
	if err := e.SetTenant("gold", -1); err == nil {
		t.Error("a negative weight")
	}
	text, err := e.Metrics()
	if err != nil || !strings.Contains(text, "# TYPE") {
		t.Errorf("%.200s, %v", text, err)
	}
	stats, err := e.Stats()
	if err != nil || stats.Submitted != 1 || stats.GeneratedTokens != 4 {
		t.Errorf("%+v, %v", stats, err)
	}
	config, err := e.Config()
	if err != nil || config.ContextLength != 128 || config.KVType != KVF32 ||
		config.Explanation == "" {
		t.Errorf("%+v, %v", config, err)
	}
	check(t, e.Shutdown(background))
	state, err := e.State()
	if err != nil || state != EngineClosed {
		t.Errorf("%v, %v", state, err)
	}
	if _, err := e.Submit(background, long()); !errors.Is(err, ErrFailedPrecondition) {
		t.Error(err)
	}
	check(t, e.Close())
	check(t, e.Close())
}
