package inlay

import (
	"time"
	"unsafe"

	"inlay/internal/capi"
)

// Event is one thing that happened to a request. It belongs to the program:
// nothing of it changes or goes away.
type Event struct {
	Kind EventKind
	// EventDelta, EventChoice: which answer, from 0.
	Choice int
	// EventDelta: whole code points of UTF-8 that became complete, possibly
	// none.
	Text string
	// EventDelta: the generated tokens. EventPrompt: those of the prompt but
	// the first.
	Tokens []int32
	// Natural logarithm of each token's probability before temperature and
	// filters; nil if not asked for.
	Logprobs []float32
	// Per token the likeliest ones, likeliest first; nil if not asked for.
	Top [][]Likely
	// EventProgress: prompt tokens processed, and in all.
	Done, Total int
	// EventFailed: why.
	Status Code
	// EventFailed, EventWarning: for people.
	Message string
	// EventChoice and the terminal events: how it ended; else nil.
	Finish *Finish
}

// Likely is a token with its log-probability.
type Likely struct {
	Token   int32
	Logprob float32
}

// Finish says how an answer or a request ended, and what it took. Of several
// answers that of the request counts all together.
type Finish struct {
	Reason FinishReason
	// Tokens of the prompt; with a session, of the whole conversation before
	// the answer.
	PromptTokens int
	// Of these, found in the cache at the first step.
	CachedTokens int
	// Tokens generated.
	GeneratedTokens int
	// Times the request lost its pages and came back.
	Preemptions int
	// From Submit to the first step, to the first token (0: none came), and
	// to the end.
	Queued, FirstToken, Total time.Duration
	// EventChoice: mean log-probability of the tokens, or the beam's score.
	Score float64
}

// fromEvent copies what the library shows until the next poll.
func fromEvent(raw *capi.Event) Event {
	e := Event{
		Kind:     EventKind(raw.Kind),
		Choice:   int(raw.Choice),
		Text:     goString(raw.Text, raw.TextSize),
		Tokens:   copyOf(raw.Tokens, raw.TokenCount),
		Logprobs: copyOf(raw.Logprobs, raw.TokenCount),
		Top:      likely(raw),
		Done:     int(raw.ProgressDone),
		Total:    int(raw.ProgressTotal),
		Status:   Code(raw.Status),
		Message:  goString(raw.Message, raw.MessageSize),
	}
	switch e.Kind {
	case EventChoice, EventFinished, EventFailed:
		e.Finish = &Finish{
			Reason:          FinishReason(raw.FinishReason),
			PromptTokens:    int(raw.PromptTokens),
			CachedTokens:    int(raw.CachedTokens),
			GeneratedTokens: int(raw.GeneratedTokens),
			Preemptions:     int(raw.Preemptions),
			Queued:          time.Duration(raw.QueuedNs),
			FirstToken:      time.Duration(raw.FirstTokenNs),
			Total:           time.Duration(raw.TotalNs),
			Score:           raw.Score,
		}
	}
	return e
}

func likely(raw *capi.Event) [][]Likely {
	if raw.TopTokens == nil || raw.TopCount == 0 {
		return nil
	}
	n := raw.TokenCount * raw.TopCount
	tokens := unsafe.Slice(raw.TopTokens, n)
	logprobs := unsafe.Slice(raw.TopLogprobs, n)
	all := make([]Likely, n)
	for i := range all {
		all[i] = Likely{tokens[i], logprobs[i]}
	}
	rows := make([][]Likely, raw.TokenCount)
	for i := range rows {
		rows[i] = all[:raw.TopCount:raw.TopCount]
		all = all[raw.TopCount:]
	}
	return rows
}
