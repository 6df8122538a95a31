package inlay

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestWholeContext(t *testing.T) {
	before := countResources(t)
	var mu sync.Mutex
	var lines []string
	c, err := NewContext(ContextOptions{Threads: 1, LogLevel: LogDebug,
		MemoryBudget: 1 << 30, Log: func(_ LogLevel, text string) {
			mu.Lock()
			defer mu.Unlock()
			lines = append(lines, text)
			panic("contained")
		}})
	check(t, err)
	devices, err := c.Devices()
	check(t, err)
	if len(devices) == 0 || devices[0].Name != "cpu" || !devices[0].Usable {
		t.Errorf("devices: %+v", devices)
	}
	m, err := c.OpenModel(background, FromPath(tiny), ModelOptions{})
	check(t, err)
	stats, err := c.Stats()
	check(t, err)
	e, err := m.NewEngine(EngineOptions{}) // says what was chosen
	check(t, err)
	check(t, e.Close())
	if stats.MemoryBudgetBytes != 1<<30 || stats.MemoryUsedBytes == 0 {
		t.Errorf("stats: %+v", stats)
	}
	check(t, c.Close())
	check(t, c.Close())
	if _, err := c.Stats(); !errors.Is(err, ErrClosed) {
		t.Errorf("a closed context says %v", err)
	}
	check(t, m.Close())
	settle(t, before) // the log's handle too
	mu.Lock()
	defer mu.Unlock()
	if len(lines) == 0 {
		t.Error("nothing was logged")
	}
	if _, err := NewContext(ContextOptions{Threads: 1 << 40}); !errors.Is(err, ErrOutOfRange) {
		t.Errorf("2^40 threads are %v", err)
	}
}

func TestWholeOptions(t *testing.T) {
	check(t, Options(nil).Check())
	check(t, Options{OptionKVType: "int8", OptionMaxQueue: ""}.Check())
	for _, bad := range []struct {
		set  Options
		want Code
	}{
		{Options{"no_such": "1"}, ErrNotFound},
		{Options{OptionKVType: "f12"}, ErrInvalidArgument},
		{Options{OptionMaxQueue: "1000001"}, ErrOutOfRange},
	} {
		if err := bad.set.Check(); !errors.Is(err, bad.want) {
			t.Errorf("%v is %v", bad.set, err)
		}
	}
	value, err := Options{}.Value(OptionPolicy)
	if err != nil || value != "fair" {
		t.Errorf("policy %q, %v", value, err)
	}
	infos, err := OptionInfos()
	if err != nil || len(infos) < 10 || infos[0].Key == "" {
		t.Errorf("%d infos, %v", len(infos), err)
	}
}

type failing struct{ err error }

func (f failing) ReadAt([]byte, int64) (int, error) {
	if f.err == nil {
		panic("reader")
	}
	return 0, f.err
}

func TestWholeSources(t *testing.T) {
	c := newTestContext(t)
	data, err := os.ReadFile(tiny)
	check(t, err)
	file, err := os.Open(tiny)
	check(t, err)
	defer file.Close()
	padded := bytes.NewReader(append(data, "tail"...))
	for i, source := range []Source{FromPath(tiny), FromBytes(data),
		FromFile(file, 0, 0), FromReader(padded, uint64(len(data)))} {
		m, err := c.OpenModel(background, source, ModelOptions{})
		if err != nil {
			t.Fatalf("source %d: %v", i, err)
		}
		check(t, m.Close())
	}
	own := errors.New("own")
	for _, bad := range []struct {
		source Source
		want   error
	}{
		{FromPath("missing.gguf"), fs.ErrNotExist},
		{FromPath("missing.gguf"), ErrNotFound},
		{FromReader(failing{own}, 4096), own},
		{FromReader(failing{own}, 4096), ErrIO},
		{FromReader(failing{}, 4096), ErrIO},
		{FromReader(strings.NewReader("short"), 4096), io.EOF},
		{FromBytes(data[:len(data)/2]), ErrDataLoss},
		{Source{}, ErrInvalidArgument},
		{FromFile(nil, 0, 0), os.ErrInvalid},
	} {
		if _, err := c.OpenModel(background, bad.source, ModelOptions{}); !errors.Is(err, bad.want) {
			t.Errorf("%+v is %v", bad.source, err)
		}
	}
}

func TestWholeOpening(t *testing.T) {
	before := countResources(t)
	c := newTestContext(t)
	own := errors.New("own")
	_, err := c.OpenModel(background, FromPath(tiny), ModelOptions{
		Progress: func(Progress) error { return own }})
	if !errors.Is(err, own) || !errors.Is(err, ErrCancelled) {
		t.Errorf("stopped: %v", err)
	}
	ctx, stop := context.WithCancel(background)
	stop()
	if _, err = c.OpenModel(ctx, FromPath(tiny), ModelOptions{}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	func() {
		defer func() {
			if v := recover(); v != "own" {
				t.Errorf("recovered %v", v)
			}
		}()
		c.OpenModel(background, FromPath(tiny), ModelOptions{
			Progress: func(Progress) error { panic("own") }})
	}()
	var last Progress
	l, err := c.StartModel(FromPath(tiny), ModelOptions{
		Progress: func(p Progress) error { last = p; return nil }})
	check(t, err)
	m, err := l.Wait(background)
	check(t, err)
	info, err := l.Info()
	check(t, err)
	if info.State != LoadDone || last.Done != last.Total {
		t.Errorf("%+v, %+v", info, last)
	}
	check(t, l.Close())
	check(t, m.Close())
	l, err = c.StartModel(FromPath(tiny), ModelOptions{
		Progress: func(Progress) error { time.Sleep(time.Millisecond); return own }})
	check(t, err)
	if _, err := l.Wait(ctx); !errors.Is(err, ErrCancelled) {
		t.Errorf("loading ended as %v", err)
	}
	check(t, l.Close())
	settle(t, before)
}

func TestWholeModel(t *testing.T) {
	m := openTiny(t)
	info, err := m.Info()
	check(t, err)
	if info.VocabularySize != 289 || info.Architecture != "llama" ||
		len(info.EndTokens) != 2 || !info.Runnable {
		t.Errorf("%+v", info)
	}
	keys, err := m.MetadataKeys()
	check(t, err)
	for _, key := range keys {
		if _, err := m.Metadata(key); err != nil {
			t.Error(err)
		}
	}
	long, err := m.Metadata("tokenizer.ggml.tokens") // more than a first guess
	if err != nil || len(long) < 1000 {
		t.Errorf("%d bytes, %v", len(long), err)
	}
	if _, err := m.Metadata("no such key"); !errors.Is(err, ErrNotFound) {
		t.Error(err)
	}
	tensors, err := m.Tensors()
	check(t, err)
	if len(tensors) == 0 || tensors[0].Rank == 0 || tensors[0].Name == "" {
		t.Errorf("%+v", tensors)
	}
	needs, err := m.MemoryNeeds(EngineOptions{ContextLength: 128})
	if err != nil || needs.Total == 0 {
		t.Errorf("%+v, %v", needs, err)
	}
}

func TestWholeTokenizer(t *testing.T) {
	tokens := openTiny(t).Tokenizer()
	for _, text := range []string{"", "Hello, world", "naïve 日本語 🙂", "a\x00b"} {
		ids, err := tokens.Encode(text, EncodeOptions{NoSpecial: true})
		check(t, err)
		back, err := tokens.Decode(ids, false)
		if err != nil || back != text {
			t.Errorf("%q became %q, %v", text, back, err)
		}
		var joined []byte
		for _, id := range ids {
			one, err := tokens.Bytes(id, false)
			check(t, err)
			joined = append(joined, one...)
		}
		if string(joined) != text {
			t.Errorf("%q became %q", text, joined)
		}
	}
	if _, err := tokens.Encode("\xff", EncodeOptions{}); !errors.Is(err, ErrInvalidArgument) {
		t.Error(err)
	}
	id, err := tokens.Find("<|im_end|>")
	check(t, err)
	info, err := tokens.Token(id)
	if err != nil || info.Kind != TokenControl || info.Flags&TokenIsEnd == 0 {
		t.Errorf("%+v, %v", info, err)
	}
	if _, err := tokens.Token(-1); !errors.Is(err, ErrOutOfRange) {
		t.Error(err)
	}
}

func TestWholeChat(t *testing.T) {
	m := openTiny(t)
	text, err := m.RenderChat(ChatInput{Messages: []Message{
		{"system", "Be brief."}, {"user", "1 < 2 & \"so\""}}})
	want := "<|im_start|>system\nBe brief.<|im_end|>\n" +
		"<|im_start|>user\n1 < 2 & \"so\"<|im_end|>\n<|im_start|>assistant\n"
	if err != nil || text != want {
		t.Errorf("%q, %v", text, err)
	}
	text, err = m.RenderChat(ChatInput{Template: "{{ greeting }}",
		ExtraJSON: []byte(`{"greeting": "hi"}`), NoGenerationPrompt: true})
	if err != nil || text != "hi" {
		t.Errorf("%q, %v", text, err)
	}
	_, err = m.RenderChat(ChatInput{Template: "{{ strftime_now('%Y') }}"})
	if !errors.Is(err, ErrInvalidArgument) {
		t.Errorf("no time is %v", err)
	}
	text, err = m.RenderChat(ChatInput{Template: "{{ strftime_now('%Y') }}",
		Now: time.Unix(1700000000, 0)})
	if err != nil || text != "2023" {
		t.Errorf("%q, %v", text, err)
	}
}
