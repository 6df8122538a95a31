package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"inlay"
	"inlay/internal/capi"
)

// engine is one with the requests that submit left there.
type engine struct {
	*inlay.Engine
	left []pending
}

type pending struct {
	request *request
	stream  *inlay.Stream
}

func (r *runner) engine(s *step) (*engine, error) {
	e := r.engines[s.Engine]
	if e == nil {
		return nil, errors.New("no engine " + s.Engine)
	}
	return e, nil
}

func (r *runner) makeEngine(s *step) (*inlay.Engine, error) {
	m, err := r.model(s)
	if err != nil {
		return nil, err
	}
	return m.NewEngine(inlay.EngineOptions{
		ContextLength: s.ContextLength, MaxConcurrency: s.MaxConcurrency,
		KVCacheBytes: s.KVCacheBytes, Options: r.options[s.Options],
		HostDriven: s.HostDriven})
}

func newEngine(r *runner, s *step) (object, error) {
	made, err := r.makeEngine(s)
	if err != nil {
		return nil, err
	}
	keep(r.engines, s.name(), &engine{Engine: made})
	c, err := made.Config()
	if err != nil {
		return nil, err
	}
	return ok(pair{"context_length", c.ContextLength},
		pair{"max_concurrency", c.MaxConcurrency},
		pair{"max_queue", c.MaxQueue}, pair{"page_tokens", c.PageTokens},
		pair{"page_count", c.PageCount}), nil
}

func (r *runner) submit(e *inlay.Engine, q *request) (*inlay.Stream, error) {
	built, err := r.build(q)
	if err != nil {
		return nil, err
	}
	return e.Submit(background, built)
}

func (r *runner) stream(e *inlay.Engine, q *request) (object, error) {
	stream, err := r.submit(e, q)
	if err != nil {
		return nil, err
	}
	o := collect(q, stream)
	return append(o.result(true),
		pair{"cached_tokens", o.last.Finish.CachedTokens}), nil
}

func stream(r *runner, s *step) (object, error) {
	e, err := r.engine(s)
	if err != nil {
		return nil, err
	}
	return r.stream(e.Engine, s.Request)
}

func generate(r *runner, s *step) (object, error) {
	e, err := r.engine(s)
	if err != nil {
		return nil, err
	}
	built, err := r.build(s.Request)
	if err != nil {
		return nil, err
	}
	got, err := e.Generate(background, built)
	if got == nil {
		return nil, err
	}
	return append(whole(s.Request, got).result(false),
		pair{"cached_tokens", got.Finish.CachedTokens}), nil
}

// push has an engine of its own; this binding always polls.
func push(r *runner, s *step) (object, error) {
	e, err := r.makeEngine(s)
	if err != nil {
		return nil, err
	}
	defer e.Close()
	result, err := r.stream(e, s.Request)
	if err != nil {
		return nil, err
	}
	return result, e.Shutdown(background)
}

func concurrent(r *runner, s *step) (object, error) {
	e, err := r.engine(s)
	if err != nil {
		return nil, err
	}
	streams := make([]*inlay.Stream, len(s.Requests))
	for i := range s.Requests {
		if streams[i], err = r.submit(e.Engine, &s.Requests[i]); err != nil {
			return nil, fmt.Errorf("request %d: %v", i, err)
		}
	}
	results := make([]object, len(streams))
	for i, stream := range streams {
		results[i] = collect(&s.Requests[i], stream).result(true)
	}
	return ok(pair{"requests", results}), nil
}

func submit(r *runner, s *step) (object, error) {
	e, err := r.engine(s)
	if err != nil {
		return nil, err
	}
	stream, err := r.submit(e.Engine, s.Request)
	var failed *inlay.Error
	if errors.As(err, &failed) {
		return append(failure(err),
			pair{"retry", truth(failed.RetryAfter > 0)}), nil
	}
	if err != nil {
		return nil, err
	}
	e.left = append(e.left, pending{s.Request, stream})
	return ok(), nil
}

func drain(r *runner, s *step) (object, error) {
	e, err := r.engine(s)
	if err != nil {
		return nil, err
	}
	results := make([]object, len(e.left))
	for i, p := range e.left {
		results[i] = collect(p.request, p.stream).result(true)
	}
	e.left = nil
	return ok(pair{"requests", results}), nil
}

func cancel(r *runner, s *step) (object, error) {
	e, err := r.engine(s)
	if err != nil {
		return nil, err
	}
	stream, err := r.submit(e.Engine, s.Request)
	if err != nil {
		return nil, err
	}
	// Stream.Cancel stops and Stream.Close drops; the raw call here does
	// either, and leaves the stream readable.
	mode := int32(capi.CancelStop)
	if s.Mode == "drop" {
		mode = capi.CancelDrop
	}
	tokens, cancelled := 0, false
	var last inlay.Event
	for stream.Next() {
		last = *stream.Event()
		if last.Kind == inlay.EventDelta {
			tokens += len(last.Tokens)
		}
		if tokens >= s.AfterTokens && !cancelled {
			capi.Cancel(stream.ID(), mode, nil)
			cancelled = true
		}
	}
	late := inlay.Code(capi.Cancel(stream.ID(), mode, nil))
	return ok(pair{"finish", reason(last.Finish)},
		pair{"late", statusName(late)}), nil
}

func cancelID(_ *runner, s *step) (object, error) {
	var id uint64
	if err := json.Unmarshal(s.ID, &id); err != nil {
		return nil, err
	}
	detail := capi.Error{StructSize: uint32(capi.SizeofError)}
	code := inlay.Code(capi.Cancel(id, capi.CancelStop, &detail))
	if code == inlay.OK {
		return ok(), nil
	}
	return nil, &inlay.Error{Code: code,
		Message: string(detail.Message[:detail.MessageSize])}
}

func score(r *runner, s *step) (object, error) {
	e, err := r.engine(s)
	if err != nil {
		return nil, err
	}
	rows, err := e.Score(s.Tokens)
	if err != nil {
		return nil, err
	}
	best, next := make([]int, len(rows)), make([]float32, 0, len(rows))
	for i, row := range rows {
		for j, logit := range row {
			if logit > row[best[i]] {
				best[i] = j
			}
		}
		if i+1 < len(s.Tokens) {
			next = append(next, row[s.Tokens[i+1]])
		}
	}
	return ok(pair{"rows", len(rows)}, pair{"best", best},
		pair{"next", next}), nil
}

func embed(r *runner, s *step) (object, error) {
	e, err := r.engine(s)
	if err != nil {
		return nil, err
	}
	options := inlay.EmbedOptions{Normalize: inlay.Normalize(s.Normalize),
		Pooling: map[string]inlay.Pooling{"model": inlay.PoolingModel,
			"cls": inlay.PoolingCLS, "mean": inlay.PoolingMean,
			"last": inlay.PoolingLast}[s.Pooling]}
	var vectors [][]float32
	if s.Texts != nil {
		vectors, err = e.EmbedTexts(s.Texts, options)
	} else {
		vectors, err = e.Embed(s.Inputs, options)
	}
	if err != nil {
		return nil, err
	}
	var flat []float32
	for _, vector := range vectors {
		flat = append(flat, vector...)
	}
	return ok(pair{"inputs", len(vectors)}, pair{"vectors", flat}), nil
}

func rank(r *runner, s *step) (object, error) {
	e, err := r.engine(s)
	if err != nil {
		return nil, err
	}
	var scores []float32
	if s.Texts != nil {
		scores, err = e.RankTexts(s.Query, s.Texts)
	} else {
		pairs := make([]inlay.TokenPair, len(s.Inputs))
		for i := range pairs {
			pairs[i] = inlay.TokenPair{Tokens: s.Inputs[i], Types: s.Types[i]}
		}
		scores, err = e.Rank(pairs)
	}
	if err != nil {
		return nil, err
	}
	return ok(pair{"scores", scores}), nil
}

func stats(r *runner, s *step) (object, error) {
	e, err := r.engine(s)
	if err != nil {
		return nil, err
	}
	n, err := e.Stats()
	if err != nil {
		return nil, err
	}
	return ok(pair{"running", n.Running}, pair{"queued", n.Queued},
		pair{"submitted", n.Submitted}, pair{"finished", n.Finished},
		pair{"failed", n.Failed}, pair{"cancelled", n.Cancelled},
		pair{"generated_tokens", n.GeneratedTokens},
		pair{"events_pending", n.EventsPending},
		pair{"sessions", n.Sessions}), nil
}

// closeEngine keeps the engine, as the scenario does.
func closeEngine(r *runner, s *step) (object, error) {
	e, err := r.engine(s)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(background)
	defer stop()
	if s.Mode == "cancel" {
		stop()
	}
	err = e.Shutdown(ctx)
	if err != nil && !errors.Is(err, context.Canceled) {
		return nil, err
	}
	state, err := e.State()
	if err != nil {
		return nil, err
	}
	return ok(pair{"state", state.String()}), nil
}
