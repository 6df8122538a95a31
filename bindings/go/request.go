package inlay

import (
	"time"
	"unsafe"

	"inlay/internal/capi"
)

// Part is one part of a prompt: a text, or tokens if Tokens is not nil.
type Part struct {
	Text   string
	Tokens []int32
	// Recognise control tokens written out in Text. For rendered templates,
	// never for a user's text.
	ParseSpecial bool
}

// Request says what to generate. Zero means the default everywhere: greedy
// decoding until the model ends or the context is full. It is copied by
// Submit.
type Request struct {
	// The prompt as one text, or as parts that are joined in order.
	Prompt string
	Parts  []Part
	// Prompt is one message of a user: wrap it in the model's chat template.
	// For the first turn of a session only.
	Chat bool
	// Do not put the token that begins a sequence in front, even where the
	// model wants it. A rendered chat template usually has it already.
	NoSpecial bool
	// Recognise control tokens written out in Prompt. For rendered
	// templates, never for a user's text.
	ParseSpecial bool

	// Most tokens to generate; 0: until an end token or the context is full.
	MaxTokens int
	// End and stop tokens are banned before so many were generated.
	MinTokens int
	// Texts that end generation; they are not part of the answer.
	Stop []string
	// Tokens that end generation, beside the model's own.
	StopTokens []int32
	// The model's end tokens do not end generation.
	IgnoreEnd bool
	// Control tokens appear in the text of events.
	ReportSpecial bool
	// Ends the request so long after Submit, queued or running; 0: none. The
	// deadline of Submit's context counts, too: the earlier one.
	Timeout time.Duration

	// How to choose tokens.
	Sampling Sampling
	// Several answers.
	Choices Choices

	// Report the log-probability of every generated token.
	Logprobs bool
	// Report so many likeliest tokens beside the chosen one.
	TopLogprobs int
	// Report the log-probabilities of the prompt in an EventPrompt. The
	// whole prompt is then computed.
	PromptLogprobs bool

	// Class, -100 to 100; the higher goes first.
	Priority int
	// Whose share this takes in the fair policy; empty: the default tenant.
	Tenant string
	// Only requests of the same domain share what the cache holds of their
	// prompts; empty: the default domain.
	CacheDomain string
	// Neither take the prompt's beginning from the cache nor leave it there.
	NoCache bool
	// Continue this conversation: the prompt goes behind its tokens. It is
	// busy until the request has ended.
	Session *Session
	// Changes the logits before each token is chosen; nil: none.
	Logits LogitsFunc
}

// Choices asks for several answers.
type Choices struct {
	// Answers to return, 1 to 64, each with its own draws; 0: 1.
	Count int
	// Answers to generate, of which the best are returned, all at the end;
	// 0: as many as Count.
	BestOf int
	// Beam search with so many beams; 0 or 1: none.
	BeamWidth int
	// Beams are ordered by sum of log-probabilities / length^LengthPenalty;
	// 0: 1.
	LengthPenalty float32
}

func (r *Request) flags() uint64 {
	var flags uint64
	for _, f := range []struct {
		on  bool
		bit uint64
	}{
		{r.NoSpecial, capi.RequestNoSpecial},
		{r.ParseSpecial, capi.RequestParseSpecial},
		{r.Chat, capi.RequestChat},
		{r.IgnoreEnd, capi.RequestIgnoreEnd},
		{r.ReportSpecial, capi.RequestReportSpecial},
		{r.Logprobs, capi.RequestLogprobs},
		{r.PromptLogprobs, capi.RequestPromptLogprobs},
		{r.NoCache, capi.RequestNoCache},
	} {
		if f.on {
			flags |= f.bit
		}
	}
	return flags
}

// raw writes everything but session, hook and user data to C memory.
func (r *Request) raw(a *arena) *capi.Request {
	raw := record[capi.Request](a)
	raw.Flags = r.flags()
	if len(r.Parts) == 0 {
		raw.Prompt, raw.PromptSize = a.text(r.Prompt)
	} else {
		if r.Prompt != "" { // both: the library refuses it
			raw.Prompt, raw.PromptSize = a.text(r.Prompt)
		}
		raw.Parts, raw.PartCount = parts(a, r.Parts), uintptr(len(r.Parts))
		raw.PartSize = unsafe.Sizeof(capi.PromptPart{})
	}
	raw.MaxTokens, raw.MinTokens = narrow(r.MaxTokens), narrow(r.MinTokens)
	raw.StopStrings, raw.StopStringSizes, raw.StopStringCount =
		a.texts(r.Stop)
	raw.StopTokens = put(a, r.StopTokens)
	raw.StopTokenCount = uintptr(len(r.StopTokens))
	raw.DeadlineNs = int64(r.Timeout)
	raw.TopLogprobs = narrow(r.TopLogprobs)
	raw.Priority = narrow(r.Priority)
	raw.Tenant, raw.TenantSize = a.optional(r.Tenant)
	raw.CacheDomain, raw.CacheDomainSize = a.optional(r.CacheDomain)
	raw.Choices, raw.BestOf = narrow(r.Choices.Count), narrow(r.Choices.BestOf)
	raw.BeamWidth = narrow(r.Choices.BeamWidth)
	raw.LengthPenalty = r.Choices.LengthPenalty
	r.Sampling.fill(a, raw)
	return raw
}

func parts(a *arena, list []Part) *capi.PromptPart {
	size := unsafe.Sizeof(capi.PromptPart{})
	p := (*capi.PromptPart)(a.alloc(size * uintptr(len(list))))
	for i, part := range list {
		raw := &unsafe.Slice(p, len(list))[i]
		raw.StructSize = uint32(size)
		if part.Tokens != nil {
			raw.Kind = capi.PartTokens
			raw.Tokens = put(a, part.Tokens)
			raw.TokenCount = uintptr(len(part.Tokens))
			continue
		}
		raw.Kind = capi.PartText
		raw.Text, raw.TextSize = a.text(part.Text)
		if part.ParseSpecial {
			raw.Flags |= capi.PartParseSpecial
		}
	}
	return p
}
