using System;
using System.Linq;
using System.Text;
using Inlay;

namespace Tests
{
    internal static class TextTests
    {
        private const string Mixed = "naïve 日本語 🙂 \0 a\tb\nc";

        public static void TextSurvivesTheTrip()
        {
            var tokenizer = Fixture.Model.Tokenizer;
            foreach (var text in new[]
                     { "", "a", Mixed, string.Concat(
                         Enumerable.Repeat(Mixed, 9000)) })
            {
                var ids = tokenizer.Tokenize(text);
                Expect.Equal(text, tokenizer.Detokenize(ids));
                Expect.Same(ids, tokenizer.Tokenize(
                    Encoding.UTF8.GetBytes(text)));
            }
        }

        public static void EveryCutOfACodePointIsOneTokensBytes()
        {
            var tokenizer = Fixture.Model.Tokenizer;
            var ids = tokenizer.Tokenize(Mixed);
            var bytes = ids.SelectMany(id => tokenizer.TokenBytes(id));
            Expect.Equal(Mixed, Encoding.UTF8.GetString(bytes.ToArray()));
        }

        public static void BrokenTextIsRefused()
        {
            var tokenizer = Fixture.Model.Tokenizer;
            Expect.Throws<ArgumentException>(
                () => tokenizer.Tokenize("a\ud800"));
            var failure = Expect.Fails(Status.InvalidArgument,
                () => tokenizer.Tokenize(new byte[] { 65, 0xe2, 0x82 }));
            Expect.True(failure.Message.Contains("1"), failure.Message);
            Expect.Fails(Status.OutOfRange,
                         () => tokenizer.Detokenize(new[] { 1 << 20 }));
        }

        public static void TokensAreDescribed()
        {
            var tokenizer = Fixture.Model.Tokenizer;
            var end = Fixture.Model.Info.EndTokens[0];
            var info = tokenizer.Token(end);
            Expect.True((info.Flags & TokenFlags.End) != 0, "it ends");
            Expect.Equal(end, tokenizer.Find(info.Text));
            Expect.Fails(Status.NotFound, () => tokenizer.Find("no such"));
            Expect.Fails(Status.OutOfRange, () => tokenizer.Token(-1));
        }

        public static void ChatEscapesWhatJsonWants()
        {
            var text = "\"quoted\" \\ \u0001\n🙂";
            var prompt = Fixture.Model.RenderChat(new[]
            {
                new ChatMessage("user", text)
            });
            Expect.True(prompt.Contains(text), prompt);
            Expect.Equal("<user>" + text, Fixture.Model.RenderChat(
                new ChatInput
                {
                    MessagesJson = ChatMessage.ToJson(new[]
                        { new ChatMessage("user", text) }),
                    Template = "{% for m in messages %}<{{ m.role }}>" +
                               "{{ m.content }}{% endfor %}"
                }));
            Expect.Fails(Status.InvalidArgument, () =>
                Fixture.Model.RenderChat(new ChatInput
                    { MessagesJson = "[" }));
        }
    }
}
