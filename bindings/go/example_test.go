package inlay_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"time"

	"inlay"
)

const path = "../../tests/goldens/models/tiny-llama.gguf"

var screen = io.Discard

func Example() {
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()

	library, err := inlay.NewContext(inlay.ContextOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer library.Close()
	model, err := library.OpenModel(ctx, inlay.FromPath(path), inlay.ModelOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	engine, err := model.NewEngine(inlay.EngineOptions{})
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()

	stream, err := engine.Submit(ctx, inlay.Request{
		Prompt: "Name three cats.", Chat: true, MaxTokens: 8,
	})
	if err != nil {
		log.Fatal(err)
	}
	for stream.Next() {
		event := stream.Event()
		fmt.Fprint(screen, event.Text)
		if event.Finish != nil {
			fmt.Println(event.Finish.GeneratedTokens, "tokens")
		}
	}
	if err := stream.Err(); err != nil {
		log.Fatal(err)
	}
	// Output: 8 tokens
}
