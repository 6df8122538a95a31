package inlay

import (
	"encoding/json"
	"time"

	"inlay/internal/capi"
)

// Message is one message of a conversation.
type Message struct {
	// "system", "user", "assistant", or what else the template knows.
	Role string `json:"role"`
	// Its text. Invalid UTF-8 becomes U+FFFD.
	Content string `json:"content"`
}

// ChatInput is a conversation to render with a chat template.
type ChatInput struct {
	Messages []Message
	// The messages as a JSON array, for templates that know more than role
	// and content; used in place of Messages.
	MessagesJSON json.RawMessage
	// JSON array of tools; nil: none.
	ToolsJSON json.RawMessage
	// JSON object of further variables of the template; nil: none.
	ExtraJSON json.RawMessage
	// Used instead of the model's template; empty: the model's.
	Template string
	// For templates that print the date. The zero Time is not given, and a
	// template that needs it fails with ErrInvalidArgument.
	Now time.Time
	// Do not append the opening of the assistant's turn.
	NoGenerationPrompt bool
}

// RenderChat gives the prompt of a conversation. Submit it with
// Request.ParseSpecial and Request.NoSpecial.
func (m *Model) RenderChat(input ChatInput) (string, error) {
	messages := input.MessagesJSON
	if messages == nil {
		list := input.Messages
		if list == nil {
			list = []Message{}
		}
		var err error
		if messages, err = json.Marshal(list); err != nil {
			return "", err
		}
	}
	a := newArena()
	defer a.free()
	raw := record[capi.ChatInput](a)
	if input.NoGenerationPrompt {
		raw.Flags |= capi.ChatNoGenerationPrompt
	}
	raw.MessagesJSON, raw.MessagesJSONSize = a.text(string(messages))
	raw.ToolsJSON, raw.ToolsJSONSize = a.optional(string(input.ToolsJSON))
	raw.ExtraJSON, raw.ExtraJSONSize = a.optional(string(input.ExtraJSON))
	raw.TemplateText, raw.TemplateTextSize = a.optional(input.Template)
	if !input.Now.IsZero() {
		raw.NowUnixSeconds = input.Now.Unix()
	}
	return m.text("render chat", 2*len(messages)+256,
		func(p *capi.Model, buffer *byte, capacity uintptr, size *uintptr, d *detail) int32 {
			return capi.ChatRender(p, raw, buffer, capacity, size, d)
		})
}
