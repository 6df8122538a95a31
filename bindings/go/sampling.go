package inlay

import (
	"sort"

	"inlay/internal/capi"
)

// Sampling says how tokens are chosen. Zero is greedy: the likeliest.
type Sampling struct {
	// Divides the logits, 0 to 100; 0: greedy.
	Temperature float32
	// Keep the k likeliest; 0: off.
	TopK int
	// Keep the likeliest that together have this probability; 0 or 1: off.
	TopP float32
	// Keep those at least this fraction as likely as the likeliest; 0: off.
	MinP float32
	// Locally typical sampling; 0 or 1: off.
	TypicalP float32
	// With the position it determines every draw: equal seeds give equal
	// answers whatever runs beside.
	Seed uint64
	// Divides positive and multiplies negative logits of tokens seen; 0 or
	// 1: off.
	RepetitionPenalty float32
	// Subtracted once from the logit of each generated token, -2 to 2.
	PresencePenalty float32
	// Subtracted per occurrence among the generated tokens, -2 to 2.
	FrequencyPenalty float32
	// How many tokens the repetition penalty looks back; 0: all.
	PenaltyLastN int
	// Added to the logits of tokens; minus infinity bans one.
	Bias map[int32]float32
	// Mirostat, version 1 or 2, in place of the filters above; 0: off.
	Mirostat int
	// Wanted surprise in bits and learning rate; 0: 5 and 0.1.
	MirostatTau, MirostatEta float32
	// Chance of removing all tokens at least as likely as XTCThreshold but
	// the least likely of them; 0: off. Threshold 0: 0.1.
	XTCProbability, XTCThreshold float32
	// Weight of the penalty on tokens that would continue a repeated
	// sequence; 0: off. Base 0: 1.75.
	DRYMultiplier, DRYBase float32
	// Repeated sequences shorter than this cost nothing; 0: 2.
	DRYAllowedLength int
	// How many tokens DRY looks back; 0: all.
	DRYLastN int
	// Texts at which a repeated sequence ends. Nil: the usual ones; empty,
	// not nil: none.
	DRYBreakers []string
	// Bans tokens that would repeat a sequence of so many; 0: off.
	NoRepeatNgram int
}

func (s *Sampling) fill(a *arena, raw *capi.Request) {
	raw.Temperature, raw.Seed = s.Temperature, s.Seed
	raw.TopK, raw.TopP, raw.MinP = narrow(s.TopK), s.TopP, s.MinP
	raw.TypicalP = s.TypicalP
	raw.RepetitionPenalty = s.RepetitionPenalty
	raw.PresencePenalty = s.PresencePenalty
	raw.FrequencyPenalty = s.FrequencyPenalty
	raw.PenaltyLastN = narrow(s.PenaltyLastN)
	raw.Mirostat = narrow(s.Mirostat)
	raw.MirostatTau, raw.MirostatEta = s.MirostatTau, s.MirostatEta
	raw.XtcProbability, raw.XtcThreshold = s.XTCProbability, s.XTCThreshold
	raw.DryMultiplier, raw.DryBase = s.DRYMultiplier, s.DRYBase
	raw.DryAllowedLength = narrow(s.DRYAllowedLength)
	raw.DryLastN = narrow(s.DRYLastN)
	raw.DryBreakers, raw.DryBreakerSizes, raw.DryBreakerCount =
		a.texts(s.DRYBreakers)
	raw.NoRepeatNgram = narrow(s.NoRepeatNgram)
	if len(s.Bias) == 0 {
		return
	}
	tokens := make([]int32, 0, len(s.Bias))
	for token := range s.Bias {
		tokens = append(tokens, token)
	}
	sort.Slice(tokens, func(i, j int) bool { return tokens[i] < tokens[j] })
	values := make([]float32, len(tokens))
	for i, token := range tokens {
		values[i] = s.Bias[token]
	}
	raw.BiasTokens, raw.BiasValues = put(a, tokens), put(a, values)
	raw.BiasCount = uintptr(len(tokens))
}
