package main

import (
	"errors"

	"inlay"
)

func (r *runner) model(s *step) (*inlay.Model, error) {
	m := r.models[s.Model]
	if m == nil {
		return nil, errors.New("no model " + s.Model)
	}
	return m, nil
}

func modelInfo(r *runner, s *step) (object, error) {
	m, err := r.model(s)
	if err != nil {
		return nil, err
	}
	i, err := m.Info()
	if err != nil {
		return nil, err
	}
	return ok(pair{"runnable", truth(i.Runnable)},
		pair{"vocabulary_size", i.VocabularySize},
		pair{"context_length", i.ContextLength},
		pair{"layer_count", i.LayerCount},
		pair{"embedding_length", i.EmbeddingLength},
		pair{"head_count", i.HeadCount}, pair{"kv_head_count", i.KVHeadCount},
		pair{"head_dim", i.HeadDim},
		pair{"has_tokenizer", truth(i.HasTokenizer)},
		pair{"has_chat_template", truth(i.HasChatTemplate)},
		pair{"bos_token", i.BOSToken}, pair{"eos_token", i.EOSToken},
		pair{"unk_token", i.UnkToken}, pair{"pad_token", i.PadToken},
		pair{"adds_bos", truth(i.AddsBOS)}, pair{"adds_eos", truth(i.AddsEOS)},
		pair{"parameter_count", i.ParameterCount},
		pair{"weight_bytes", i.WeightBytes}, pair{"file_bytes", i.FileBytes},
		pair{"end_tokens", i.EndTokens}, pair{"architecture", i.Architecture},
		pair{"format", i.Format}, pair{"name", i.Name}), nil
}

func metadata(r *runner, s *step) (object, error) {
	m, err := r.model(s)
	if err != nil {
		return nil, err
	}
	value, err := m.Metadata(s.Key)
	if err != nil {
		return nil, err
	}
	return ok(pair{"value", value}), nil
}

func tokenize(r *runner, s *step) (object, error) {
	m, err := r.model(s)
	if err != nil {
		return nil, err
	}
	tokens, err := m.Tokenizer().Encode(s.Text, inlay.EncodeOptions{
		NoSpecial: s.has("no_special"), ParseSpecial: s.has("parse_special")})
	if err != nil {
		return nil, err
	}
	return ok(pair{"tokens", tokens}), nil
}

func tokenizePair(r *runner, s *step) (object, error) {
	m, err := r.model(s)
	if err != nil {
		return nil, err
	}
	made, err := m.Tokenizer().EncodePair(s.First, s.Second)
	if err != nil {
		return nil, err
	}
	return ok(pair{"tokens", made.Tokens}, pair{"types", made.Types}), nil
}

func detokenize(r *runner, s *step) (object, error) {
	m, err := r.model(s)
	if err != nil {
		return nil, err
	}
	text, err := m.Tokenizer().Decode(s.Tokens, s.has("special"))
	if err != nil {
		return nil, err
	}
	return ok(pair{"text", text}), nil
}

func findToken(r *runner, s *step) (object, error) {
	m, err := r.model(s)
	if err != nil {
		return nil, err
	}
	token, err := m.Tokenizer().Find(s.Text)
	if err != nil {
		return nil, err
	}
	return ok(pair{"token", token}), nil
}

func chat(r *runner, s *step) (object, error) {
	m, err := r.model(s)
	if err != nil {
		return nil, err
	}
	text, err := m.RenderChat(inlay.ChatInput{MessagesJSON: s.Messages,
		NoGenerationPrompt: s.has("no_generation_prompt")})
	if err != nil {
		return nil, err
	}
	return ok(pair{"text", text}), nil
}
