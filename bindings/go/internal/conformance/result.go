package main

import (
	"context"
	"strings"

	"inlay"
)

var background = context.Background()

// answer collects the events of one choice.
type answer struct {
	text     strings.Builder
	tokens   []int32
	logprobs []float32
	top      [][]inlay.Likely
	finish   *inlay.Finish
}

// outcome collects the events of a request.
type outcome struct {
	kinds   []string
	answers []answer
	prompt  *inlay.Event
	last    inlay.Event
}

var kindNames = map[inlay.EventKind]string{
	inlay.EventStarted: "started", inlay.EventPrompt: "prompt",
	inlay.EventDelta: "delta", inlay.EventChoice: "choice",
	inlay.EventFinished: "finished", inlay.EventFailed: "failed",
}

func newOutcome(q *request) *outcome {
	count := q.Choices
	if count < 1 {
		count = 1
	}
	return &outcome{answers: make([]answer, count)}
}

func (o *outcome) add(e inlay.Event) {
	o.kind(kindNames[e.Kind])
	switch e.Kind {
	case inlay.EventDelta:
		a := &o.answers[e.Choice]
		a.text.WriteString(e.Text)
		a.tokens = append(a.tokens, e.Tokens...)
		a.logprobs = append(a.logprobs, e.Logprobs...)
		a.top = append(a.top, e.Top...)
	case inlay.EventChoice:
		o.answers[e.Choice].finish = e.Finish
	case inlay.EventPrompt:
		o.prompt = &e
	case inlay.EventFinished, inlay.EventFailed:
		o.last = e
	}
}

func (o *outcome) kind(name string) {
	for _, known := range o.kinds {
		if known == name {
			return
		}
	}
	if name != "" {
		o.kinds = append(o.kinds, name)
	}
}

// collect reads a stream to its end.
func collect(q *request, s *inlay.Stream) *outcome {
	o := newOutcome(q)
	for s.Next() {
		o.add(*s.Event())
	}
	return o
}

func reason(f *inlay.Finish) string {
	return strings.ReplaceAll(f.Reason.String(), " ", "_")
}

// result is what the trace says of it.
func (o *outcome) result(withKinds bool) object {
	out := object{{"status", statusName(o.last.Status)}}
	if o.last.Kind == inlay.EventFailed {
		out = append(out, pair{"message", o.last.Message})
	}
	if withKinds {
		out = append(out, pair{"kinds", o.kinds})
	}
	finish := o.last.Finish
	out = append(out, pair{"finish", reason(finish)},
		pair{"prompt_tokens", finish.PromptTokens},
		pair{"generated_tokens", finish.GeneratedTokens})
	answers := make([]object, len(o.answers))
	for i := range o.answers {
		answers[i] = o.answers[i].result(finish)
	}
	out = append(out, pair{"answers", answers})
	if o.prompt != nil {
		out = append(out, pair{"prompt", object{
			{"tokens", o.prompt.Tokens}, {"logprobs", o.prompt.Logprobs}}})
	}
	return out
}

func (a *answer) result(whole *inlay.Finish) object {
	finish := whole
	if a.finish != nil {
		finish = a.finish
	}
	out := object{{"text", a.text.String()}, {"tokens", a.tokens},
		{"finish", reason(finish)}}
	if a.logprobs != nil {
		out = append(out, pair{"logprobs", a.logprobs})
	}
	if a.top != nil {
		out = append(out, pair{"top", a.top})
	}
	if a.finish != nil {
		out = append(out, pair{"score", a.finish.Score})
	}
	return out
}

// whole turns what Generate gives into the same form.
func whole(q *request, got *inlay.Result) *outcome {
	o := newOutcome(q)
	for i := range got.Answers {
		from, to := &got.Answers[i], &o.answers[i]
		to.text.WriteString(from.Text)
		to.tokens, to.logprobs, to.top = from.Tokens, from.Logprobs, from.Top
		if len(got.Answers) > 1 {
			to.finish = &from.Finish
		}
	}
	o.prompt = got.Prompt
	o.last = inlay.Event{Finish: &got.Finish}
	return o
}
