using System.Collections.Generic;
using System.Text;

namespace Inlay
{
    /// <summary>One token with its log-probability.</summary>
    public struct TokenLogprob
    {
        /// <summary>Its id.</summary>
        public int Token { get; internal set; }

        /// <summary>Natural logarithm of its probability before temperature
        /// and filters.</summary>
        public float Logprob { get; internal set; }
    }

    /// <summary>One answer of a request.</summary>
    public sealed class Answer
    {
        internal readonly StringBuilder Builder = new StringBuilder();
        internal readonly List<int> TokenList = new List<int>();

        /// <summary>Its text.</summary>
        public string Text
        {
            get { return Builder.ToString(); }
        }

        /// <summary>Its tokens.</summary>
        public int[] Tokens
        {
            get { return TokenList.ToArray(); }
        }

        /// <summary>One per token; null if not asked for.</summary>
        public IList<float> Logprobs { get; internal set; }

        /// <summary>The likeliest per token, likeliest first; null if not
        /// asked for.</summary>
        public IList<TokenLogprob[]> TopLogprobs { get; internal set; }

        /// <summary>Why it ended.</summary>
        public FinishReason FinishReason { get; internal set; }

        /// <summary>Mean log-probability or the beam's score, if the request
        /// has several answers.</summary>
        public double Score { get; internal set; }

        /// <summary>What it took; null until it ended.</summary>
        public Usage Usage { get; internal set; }
    }

    /// <summary>What a request generated.</summary>
    public sealed class Result
    {
        internal readonly List<Answer> AnswerList = new List<Answer>();

        /// <summary>Text of the first answer.</summary>
        public string Text
        {
            get { return AnswerList.Count == 0 ? "" : AnswerList[0].Text; }
        }

        /// <summary>Tokens of the first answer.</summary>
        public int[] Tokens
        {
            get
            {
                return AnswerList.Count == 0 ? new int[0]
                                             : AnswerList[0].Tokens;
            }
        }

        /// <summary>All answers, best first where they were ranked.</summary>
        public IList<Answer> Answers
        {
            get { return AnswerList; }
        }

        /// <summary>Why the request ended.</summary>
        public FinishReason FinishReason { get; internal set; }

        /// <summary>What all answers took together; null until the end.
        /// </summary>
        public Usage Usage { get; internal set; }

        /// <summary>The prompt's tokens but the first; null if not asked for.
        /// </summary>
        public int[] PromptTokens { get; internal set; }

        /// <summary>The log-probability of each of PromptTokens.</summary>
        public float[] PromptLogprobs { get; internal set; }
    }

    /// Joins events.
    internal sealed class ResultBuilder
    {
        private readonly Result result = new Result();

        internal Result Result()
        {
            return result;
        }

        internal void Add(Event value)
        {
            switch (value.Kind)
            {
                case EventKind.Delta:
                    AddDelta(At(value.Choice), value);
                    break;
                case EventKind.Prompt:
                    result.PromptTokens = value.Tokens;
                    result.PromptLogprobs = value.Logprobs;
                    break;
                case EventKind.Choice:
                    End(At(value.Choice), value);
                    break;
                case EventKind.Finished:
                case EventKind.Failed:
                    result.FinishReason = value.FinishReason;
                    result.Usage = value.Usage;
                    if (At(0).Usage == null)
                    {
                        End(At(0), value);
                    }
                    break;
            }
        }

        private Answer At(int choice)
        {
            while (result.AnswerList.Count <= choice)
            {
                result.AnswerList.Add(new Answer());
            }
            return result.AnswerList[choice];
        }

        private static void End(Answer answer, Event value)
        {
            answer.FinishReason = value.FinishReason;
            answer.Usage = value.Usage;
            answer.Score = value.Score;
        }

        private static void AddDelta(Answer answer, Event value)
        {
            answer.Builder.Append(value.Text);
            answer.TokenList.AddRange(value.Tokens);
            if (value.Logprobs == null)
            {
                return;
            }
            answer.Logprobs = answer.Logprobs ?? new List<float>();
            foreach (var logprob in value.Logprobs)
            {
                answer.Logprobs.Add(logprob);
            }
            if (value.TopTokens == null)
            {
                return;
            }
            answer.TopLogprobs = answer.TopLogprobs ??
                                 new List<TokenLogprob[]>();
            for (var i = 0; i < value.Tokens.Length; i++)
            {
                var row = new TokenLogprob[value.TopCount];
                for (var j = 0; j < row.Length; j++)
                {
                    var at = i * row.Length + j;
                    row[j] = new TokenLogprob
                    {
                        Token = value.TopTokens[at],
                        Logprob = value.TopLogprobs[at]
                    };
                }
                answer.TopLogprobs.Add(row);
            }
        }
    }
}
