// Command hello-go asks a model one question and streams its answer:
//
//	hello-go MODEL [PROMPT]
//
// Ctrl-C ends the answer, not the program.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"inlay"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: hello-go MODEL [PROMPT]")
		os.Exit(2)
	}
	prompt := "What is the capital of France?"
	if len(os.Args) > 2 {
		prompt = os.Args[2]
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := ask(ctx, os.Args[1], prompt); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func ask(ctx context.Context, path, prompt string) error {
	// Memory budget, log and compute threads of everything below.
	library, err := inlay.NewContext(inlay.ContextOptions{})
	if err != nil {
		return err
	}
	defer library.Close()

	model, err := library.OpenModel(ctx, inlay.FromPath(path), inlay.ModelOptions{})
	if err != nil {
		return err
	}
	defer model.Close()

	// An engine runs any number of requests at a time; here one.
	engine, err := model.NewEngine(inlay.EngineOptions{})
	if err != nil {
		return err
	}
	defer engine.Close()

	stream, err := engine.Submit(ctx, inlay.Request{
		Prompt:    prompt,
		Chat:      true, // wrap it in the model's chat template
		MaxTokens: 200,
	})
	if err != nil {
		return err
	}
	defer stream.Close()
	for stream.Next() {
		fmt.Print(stream.Event().Text)
	}
	fmt.Println()
	if errors.Is(stream.Err(), context.Canceled) {
		return nil
	}
	return stream.Err()
}
