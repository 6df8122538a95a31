package main

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"inlay"
	"inlay/internal/capi"
)

// bench runs streams side by side, each read by a goroutine of its own.
func bench(path, streams, tokens string) error {
	count, err := strconv.Atoi(streams)
	if err != nil {
		return err
	}
	length, err := strconv.Atoi(tokens)
	if err != nil {
		return err
	}
	c, err := inlay.NewContext(inlay.ContextOptions{Threads: 1})
	if err != nil {
		return err
	}
	defer c.Close()
	m, err := c.OpenModel(background, inlay.FromPath(path), inlay.ModelOptions{})
	if err != nil {
		return err
	}
	defer m.Close()
	e, err := m.NewEngine(inlay.EngineOptions{ContextLength: 512,
		MaxConcurrency: count})
	if err != nil {
		return err
	}
	defer e.Close()
	polls, begin := capi.Polls.Load(), time.Now()
	total, err := readAll(e, count, length)
	if err != nil {
		return err
	}
	fmt.Printf("{\"tokens\":%d,\"polls\":%d,\"ns\":%d}\n", total,
		capi.Polls.Load()-polls, time.Since(begin).Nanoseconds())
	return nil
}

func readAll(e *inlay.Engine, count, length int) (total int, err error) {
	var all sync.WaitGroup
	tokens, errs := make([]int, count), make([]error, count)
	for i := 0; i < count; i++ {
		s, err := e.Submit(background, inlay.Request{
			Prompt: fmt.Sprintf("Item %d:", i), MaxTokens: length,
			IgnoreEnd: true})
		if err != nil {
			return 0, err
		}
		all.Add(1)
		go func(i int) {
			defer all.Done()
			var text strings.Builder
			for s.Next() {
				text.WriteString(s.Event().Text)
				tokens[i] += len(s.Event().Tokens)
			}
			errs[i] = s.Err()
		}(i)
	}
	all.Wait()
	for i := range tokens {
		total += tokens[i]
		if errs[i] != nil {
			err = errs[i]
		}
	}
	return total, err
}
