package main

import (
	"encoding/json"
	"fmt"
	"math"
	"time"

	"inlay"
)

// request is inlay_request as the scenario writes it.
type request struct {
	Prompt string
	Parts  []struct {
		Text         string
		ParseSpecial bool `json:"parse_special"`
		Tokens       []int32
	}
	Flags            []string
	MaxTokens        int `json:"max_tokens"`
	Temperature      float32
	TopK             int     `json:"top_k"`
	TopP             float32 `json:"top_p"`
	MinP             float32 `json:"min_p"`
	TypicalP         float32 `json:"typical_p"`
	Repetition       float32 `json:"repetition_penalty"`
	Presence         float32 `json:"presence_penalty"`
	Frequency        float32 `json:"frequency_penalty"`
	PenaltyLastN     int     `json:"penalty_last_n"`
	TopLogprobs      int     `json:"top_logprobs"`
	Seed             uint64
	Bias             [][2]json.Number
	StopStrings      []string `json:"stop_strings"`
	StopTokens       []int32  `json:"stop_tokens"`
	DeadlineNs       int64    `json:"deadline_ns"`
	Priority         int
	Choices          int
	BestOf           int     `json:"best_of"`
	BeamWidth        int     `json:"beam_width"`
	LengthPenalty    float32 `json:"length_penalty"`
	MinTokens        int     `json:"min_tokens"`
	Tenant           string
	CacheDomain      string `json:"cache_domain"`
	Session          string
	Mirostat         int
	MirostatTau      float32  `json:"mirostat_tau"`
	MirostatEta      float32  `json:"mirostat_eta"`
	XTCProbability   float32  `json:"xtc_probability"`
	XTCThreshold     float32  `json:"xtc_threshold"`
	DRYMultiplier    float32  `json:"dry_multiplier"`
	DRYBase          float32  `json:"dry_base"`
	DRYAllowedLength int      `json:"dry_allowed_length"`
	DRYLastN         int      `json:"dry_last_n"`
	DRYBreakers      []string `json:"dry_breakers"`
	NoRepeatNgram    int      `json:"no_repeat_ngram"`
	Force            []int32
}

// build makes the binding's request.
func (r *runner) build(q *request) (inlay.Request, error) {
	out := inlay.Request{
		Prompt: q.Prompt, MaxTokens: q.MaxTokens, MinTokens: q.MinTokens,
		Stop: q.StopStrings, StopTokens: q.StopTokens,
		Timeout: time.Duration(q.DeadlineNs), TopLogprobs: q.TopLogprobs,
		Priority: q.Priority, Tenant: q.Tenant, CacheDomain: q.CacheDomain,
		Sampling: inlay.Sampling{
			Temperature: q.Temperature, TopK: q.TopK, TopP: q.TopP,
			MinP: q.MinP, TypicalP: q.TypicalP, Seed: q.Seed,
			RepetitionPenalty: q.Repetition, PresencePenalty: q.Presence,
			FrequencyPenalty: q.Frequency, PenaltyLastN: q.PenaltyLastN,
			Mirostat: q.Mirostat, MirostatTau: q.MirostatTau,
			MirostatEta: q.MirostatEta, XTCProbability: q.XTCProbability,
			XTCThreshold: q.XTCThreshold, DRYMultiplier: q.DRYMultiplier,
			DRYBase: q.DRYBase, DRYAllowedLength: q.DRYAllowedLength,
			DRYLastN: q.DRYLastN, DRYBreakers: q.DRYBreakers,
			NoRepeatNgram: q.NoRepeatNgram,
		},
		Choices: inlay.Choices{Count: q.Choices, BestOf: q.BestOf,
			BeamWidth: q.BeamWidth, LengthPenalty: q.LengthPenalty},
	}
	for _, p := range q.Parts {
		out.Parts = append(out.Parts, inlay.Part{Text: p.Text,
			Tokens: p.Tokens, ParseSpecial: p.ParseSpecial})
	}
	for _, pair := range q.Bias {
		token, err := pair[0].Int64()
		if err != nil {
			return out, err
		}
		value, err := pair[1].Float64()
		if err != nil {
			return out, err
		}
		if out.Sampling.Bias == nil {
			out.Sampling.Bias = map[int32]float32{}
		}
		out.Sampling.Bias[int32(token)] = float32(value)
	}
	if q.Force != nil {
		out.Logits = force(q.Force)
	}
	if q.Session != "" {
		if out.Session = r.sessions[q.Session]; out.Session == nil {
			return out, fmt.Errorf("no session %q", q.Session)
		}
	}
	return out, setFlags(&out, q.Flags)
}

func setFlags(out *inlay.Request, flags []string) error {
	for _, flag := range flags {
		switch flag {
		case "no_special":
			out.NoSpecial = true
		case "parse_special":
			out.ParseSpecial = true
		case "chat":
			out.Chat = true
		case "ignore_end":
			out.IgnoreEnd = true
		case "report_special":
			out.ReportSpecial = true
		case "logprobs":
			out.Logprobs = true
		case "prompt_logprobs":
			out.PromptLogprobs = true
		case "no_cache":
			out.NoCache = true
		default:
			return fmt.Errorf("unknown flag %q", flag)
		}
	}
	return nil
}

// force is a hook that leaves one token at each place.
func force(tokens []int32) inlay.LogitsFunc {
	return func(_, generated []int32, logits []float32) error {
		if len(generated) >= len(tokens) {
			return inlay.Code(7)
		}
		for i := range logits {
			logits[i] = float32(math.Inf(-1))
		}
		logits[tokens[len(generated)]] = 0
		return nil
	}
}
