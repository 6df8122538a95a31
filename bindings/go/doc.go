// Package inlay runs language models inside a Go program. It binds the C
// library Inlay, which does the work on threads of its own; everything here
// may be used by any goroutine unless it says otherwise.
//
// A Context holds memory budget and log, a Model is an opened file, an Engine
// runs many requests of a model at a time, and a Stream gives the events of
// one request while they come:
//
//	c, err := inlay.NewContext(inlay.ContextOptions{})
//	model, err := c.OpenModel(ctx, inlay.FromPath(path), inlay.ModelOptions{})
//	engine, err := model.NewEngine(inlay.EngineOptions{})
//	stream, err := engine.Submit(ctx, inlay.Request{Prompt: "Hello", Chat: true})
//	for stream.Next() {
//		fmt.Print(stream.Event().Text)
//	}
//	err = stream.Err()
//
// # Ending things
//
// Close gives back what an object holds, in any order and at any moment: a
// call that runs meanwhile ends first, later ones fail with ErrClosed. What
// is only forgotten is closed by a finaliser, some time. The end of a
// context.Context cancels the request or the call that was given it.
//
// # Errors
//
// Every failure is an *Error with a Code and a text for people. Ask with
// errors.Is(err, inlay.ErrNotFound) and the like.
//
// # Cost
//
// One goroutine per engine waits in the library, on one thread, and takes
// the events of all requests of a step in one call; a thousand requests need
// no thousand threads. A request costs four calls through cgo (memory for it,
// its submission, and the memory back), a context that can end one goroutine
// more.
//
// # Units
//
// Sizes are bytes, times are time.Duration, texts are UTF-8, tokens are
// numbers below ModelInfo.VocabularySize.
package inlay
