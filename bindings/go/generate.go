package inlay

import "context"

// Answer is one whole answer.
type Answer struct {
	Text     string
	Tokens   []int32
	Logprobs []float32
	Top      [][]Likely
	Finish   Finish
}

// Result is what a request gave.
type Result struct {
	// One per answer; of Choices.BestOf and beams the best first.
	Answers []Answer
	// The prompt's tokens but the first with their log-probabilities, if
	// Request.PromptLogprobs asked for them; else nil.
	Prompt *Event
	// Of all answers together.
	Finish Finish
}

// Text is the first answer.
func (r *Result) Text() string {
	if r == nil || len(r.Answers) == 0 {
		return ""
	}
	return r.Answers[0].Text
}

// Generate submits a request and waits for its whole answer, as Submit and
// Stream.Wait do.
func (e *Engine) Generate(ctx context.Context, r Request) (*Result, error) {
	s, err := e.Submit(ctx, r)
	if err != nil {
		return nil, err
	}
	return s.Wait()
}

// Wait reads the rest of the stream. With an error that came while the
// request ran, the result is what was generated so far.
func (s *Stream) Wait() (*Result, error) {
	result := new(Result)
	var texts [][]byte
	for s.Next() {
		e := s.Event()
		switch e.Kind {
		case EventDelta, EventChoice:
			for len(result.Answers) <= e.Choice {
				result.Answers = append(result.Answers, Answer{})
				texts = append(texts, nil)
			}
			result.Answers[e.Choice].add(e)
			texts[e.Choice] = append(texts[e.Choice], e.Text...)
		case EventPrompt:
			result.Prompt = e
		case EventFinished, EventFailed:
			result.Finish = *e.Finish
		}
	}
	if len(result.Answers) == 0 {
		result.Answers = make([]Answer, 1)
		texts = make([][]byte, 1)
	}
	for i := range result.Answers {
		answer := &result.Answers[i]
		answer.Text = string(texts[i])
		if answer.Finish.Reason == FinishNone {
			answer.Finish = result.Finish // one answer has no EventChoice
		}
	}
	return result, s.Err()
}

func (a *Answer) add(e *Event) {
	if e.Kind == EventChoice {
		a.Finish = *e.Finish
		return
	}
	a.Tokens = append(a.Tokens, e.Tokens...)
	a.Logprobs = append(a.Logprobs, e.Logprobs...)
	a.Top = append(a.Top, e.Top...)
}
