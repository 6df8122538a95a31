// Command conformance runs the scenario that all languages run, through the
// Go binding, and prints its trace; tests/conformance/README.md says what
// that is.
//
//	conformance SCENARIO.json
//	conformance --bench MODEL STREAMS TOKENS
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) == 4 && args[0] == "--bench" {
		return bench(args[1], args[2], args[3])
	}
	if len(args) != 1 {
		return fmt.Errorf("usage: conformance SCENARIO.json")
	}
	file, err := os.Open(args[0])
	if err != nil {
		return err
	}
	defer file.Close()
	var scenario struct {
		Version int
		Steps   []step
	}
	if err := json.NewDecoder(file).Decode(&scenario); err != nil {
		return err
	}
	if scenario.Version != 1 {
		return fmt.Errorf("scenario of version %d", scenario.Version)
	}
	out := bufio.NewWriter(os.Stdout)
	r := newRunner()
	defer r.release()
	for i := range scenario.Steps {
		s := &scenario.Steps[i]
		do, ok := operations[s.Op]
		if !ok {
			return fmt.Errorf("step %s: unknown op %q", s.Step, s.Op)
		}
		result, err := do(r, s)
		if result == nil {
			if result = failure(err); result == nil {
				return fmt.Errorf("step %s: %w", s.Step, err)
			}
		}
		line := object{{"step", s.Step}, {"result", result}}
		if _, err := fmt.Fprintf(out, "%s\n", line); err != nil {
			return err
		}
		out.Flush()
	}
	return nil
}

// step is one of the scenario, with the arguments of all operations.
type step struct {
	Step, Op        string
	ID              json.RawMessage
	Features        []string
	Threads         int
	Set             [][2]string
	Context         string
	Source, Path    string
	Options         string
	VocabularyOnly  bool `json:"vocabulary_only"`
	Cancel          bool
	Replace         bool
	Model           string
	Key, Text       string
	Tokens          []int32
	Flags           []string
	Messages        json.RawMessage
	ContextLength   int    `json:"context_length"`
	MaxConcurrency  int    `json:"max_concurrency"`
	KVCacheBytes    uint64 `json:"kv_cache_bytes"`
	HostDriven      bool   `json:"host_driven"`
	Engine, Session string
	Request         *request
	Requests        []request
	Mode, Via       string
	AfterTokens     int `json:"after_tokens"`
	Count           int
	Contains        []string
	Inputs          [][]int32
	Texts           []string
	Types           [][]int32
	Query           string
	First, Second   string
	Pooling         string
	Normalize       int
}

// name is the id of a step that is a name.
func (s *step) name() string {
	var name string
	json.Unmarshal(s.ID, &name)
	return name
}

func (s *step) has(flag string) bool {
	for _, f := range s.Flags {
		if f == flag {
			return true
		}
	}
	return false
}
