using System;
using System.Collections.Generic;
using System.Text;
using Inlay.Raw;

namespace Inlay
{
    /// <summary>One message of a conversation.</summary>
    public sealed class ChatMessage
    {
        /// <summary>Makes a message.</summary>
        /// <param name="role">"system", "user", "assistant" or what the
        /// template knows.</param>
        /// <param name="content">Its text.</param>
        public ChatMessage(string role, string content)
        {
            Role = role;
            Content = content;
        }

        /// <summary>Who says it.</summary>
        public string Role { get; private set; }

        /// <summary>What is said.</summary>
        public string Content { get; private set; }

        internal static string ToJson(IEnumerable<ChatMessage> messages)
        {
            if (messages == null)
            {
                throw new ArgumentNullException("messages");
            }
            var json = new StringBuilder("[");
            foreach (var message in messages)
            {
                json.Append(json.Length > 1 ? ",{\"role\":" : "{\"role\":");
                Quote(json, message.Role);
                json.Append(",\"content\":");
                Quote(json, message.Content);
                json.Append("}");
            }
            return json.Append("]").ToString();
        }

        private static void Quote(StringBuilder json, string text)
        {
            if (text == null)
            {
                json.Append("null");
                return;
            }
            json.Append('"');
            foreach (var c in text)
            {
                if (c == '"' || c == '\\')
                {
                    json.Append('\\').Append(c);
                }
                else if (c < ' ')
                {
                    json.Append("\\u").Append(((int)c).ToString("x4"));
                }
                else
                {
                    json.Append(c);
                }
            }
            json.Append('"');
        }
    }

    /// <summary>What to render with a chat template.</summary>
    public sealed unsafe class ChatInput
    {
        /// <summary>Such as NoGenerationPrompt.</summary>
        public ChatFlags Flags { get; set; }

        /// <summary>JSON array of messages.</summary>
        public string MessagesJson { get; set; }

        /// <summary>JSON array of tools; null: none.</summary>
        public string ToolsJson { get; set; }

        /// <summary>JSON object of further variables; null: none.</summary>
        public string ExtraJson { get; set; }

        /// <summary>A template instead of the model's; null: the model's.
        /// </summary>
        public string Template { get; set; }

        /// <summary>For templates that print the date; null: not given.
        /// </summary>
        public DateTimeOffset? Now { get; set; }

        internal inlay_chat_input ToRaw(Arena arena)
        {
            var raw = default(inlay_chat_input);
            raw.struct_size = (uint)sizeof(inlay_chat_input);
            raw.flags = (ulong)Flags;
            raw.messages_json = arena.Text(MessagesJson,
                                           out raw.messages_json_size);
            raw.tools_json = arena.Text(ToolsJson, out raw.tools_json_size);
            raw.extra_json = arena.Text(ExtraJson, out raw.extra_json_size);
            raw.template_text = arena.Text(Template,
                                           out raw.template_text_size);
            raw.now_unix_seconds =
                Now.HasValue ? Now.Value.ToUnixTimeSeconds() : 0;
            return raw;
        }
    }
}
