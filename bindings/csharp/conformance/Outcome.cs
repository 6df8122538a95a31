using System.Collections.Generic;
using System.Text.RegularExpressions;
using Inlay;

namespace Conformance
{
    /// <summary>What became of a request, as the trace tells it.</summary>
    public sealed class Outcome
    {
        private readonly List<string> kinds = new List<string>();
        private readonly int choices;
        private readonly bool streamed;
        private bool scored;
        private InlayException failure;
        private Result result;

        private Outcome(Request request, bool streamed)
        {
            choices = request.Choices > 1 ? request.Choices : 1;
            this.streamed = streamed;
        }

        /// <summary>Reads a stream to its end.</summary>
        public static Outcome Of(Generation generation, Request request)
        {
            var outcome = new Outcome(request, true);
            try
            {
                foreach (var value in generation)
                {
                    outcome.See(value);
                }
            }
            catch (InlayException failure)
            {
                outcome.failure = failure;
                outcome.kinds.Add("failed");
            }
            outcome.result = generation.Result;
            return outcome;
        }

        /// <summary>Takes what Generate returned.</summary>
        public static Outcome Of(Result result, Request request)
        {
            return new Outcome(request, false)
            {
                result = result, scored = request.Choices > 1
            };
        }

        /// <summary>Writes the result of a request.</summary>
        public void Write(Trace to, bool cached)
        {
            if (failure != null)
            {
                to.Failure(failure);
            }
            else
            {
                to.Ok();
            }
            if (streamed)
            {
                to.Open("kinds", '[');
                kinds.ForEach(kind => to.Text(null, kind));
                to.Close(']');
            }
            to.Text("finish", Name(result.FinishReason));
            to.Int("prompt_tokens", result.Usage.PromptTokens);
            to.Int("generated_tokens", result.Usage.GeneratedTokens);
            to.Open("answers", '[');
            for (var i = 0; i < choices; i++)
            {
                Write(i < result.Answers.Count ? result.Answers[i]
                                               : new Answer(), to);
            }
            to.Close(']');
            if (result.PromptTokens != null)
            {
                to.Open("prompt", '{');
                to.Ints("tokens", result.PromptTokens);
                to.Floats("logprobs", result.PromptLogprobs);
                to.Close('}');
            }
            if (cached)
            {
                to.Int("cached_tokens", result.Usage.CachedTokens);
            }
        }

        /// <summary>ContextFull is context_full.</summary>
        public static string Name(object value)
        {
            return Regex.Replace(value.ToString(), "(?<!^)([A-Z])", "_$1")
                .ToLowerInvariant();
        }

        private void See(Event value)
        {
            scored |= value.Kind == EventKind.Choice;
            var kind = Name(value.Kind);
            if (value.Kind != EventKind.Progress &&
                value.Kind != EventKind.Warning && !kinds.Contains(kind))
            {
                kinds.Add(kind);
            }
        }

        private void Write(Answer answer, Trace to)
        {
            to.Open(null, '{');
            to.Text("text", answer.Text);
            to.Ints("tokens", answer.Tokens);
            to.Text("finish", Name(answer.FinishReason));
            if (answer.Logprobs != null)
            {
                to.Floats("logprobs", answer.Logprobs);
            }
            if (answer.TopLogprobs != null)
            {
                to.Open("top", '[');
                foreach (var row in answer.TopLogprobs)
                {
                    to.Open(null, '[');
                    foreach (var top in row)
                    {
                        to.Open(null, '[');
                        to.Int(null, top.Token);
                        to.Float(null, top.Logprob);
                        to.Close(']');
                    }
                    to.Close(']');
                }
                to.Close(']');
            }
            if (scored)
            {
                to.Double("score", answer.Score);
            }
            to.Close('}');
        }
    }
}
