using System;
using Inlay.Raw;

namespace Inlay
{
    /// <summary>What a request or one of its answers took.</summary>
    public sealed unsafe class Usage
    {
        internal Usage(inlay_event* raw)
        {
            PromptTokens = raw->prompt_tokens;
            GeneratedTokens = raw->generated_tokens;
            CachedTokens = raw->cached_tokens;
            Preemptions = raw->preemptions;
            Queued = Nanoseconds.ToTime(raw->queued_ns);
            FirstToken = Nanoseconds.ToTime(raw->first_token_ns);
            Total = Nanoseconds.ToTime(raw->total_ns);
        }

        /// <summary>Tokens of the prompt; with a session of the whole
        /// conversation before the answer.</summary>
        public int PromptTokens { get; private set; }

        /// <summary>Tokens generated; of a request, of all its answers.
        /// </summary>
        public int GeneratedTokens { get; private set; }

        /// <summary>Tokens of the prompt that the cache had.</summary>
        public int CachedTokens { get; private set; }

        /// <summary>Times it lost its pages and came back.</summary>
        public int Preemptions { get; private set; }

        /// <summary>From submit to the first step.</summary>
        public TimeSpan Queued { get; private set; }

        /// <summary>From submit to the first token; zero: none came.
        /// </summary>
        public TimeSpan FirstToken { get; private set; }

        /// <summary>From submit to the end.</summary>
        public TimeSpan Total { get; private set; }
    }

    /// <summary>One event of one request. Immutable; its own copy of what the
    /// library said.</summary>
    public sealed unsafe class Event
    {
        internal Event(inlay_event* raw)
        {
            Kind = (EventKind)raw->kind;
            RequestId = raw->request_id;
            Choice = raw->choice;
            Text = Utf8.Text(raw->text, raw->text_size);
            Tokens = Arrays.Ints(raw->tokens, raw->token_count);
            if (raw->logprobs != null)
            {
                CopyLogprobs(raw);
            }
            ProgressDone = raw->progress_done;
            ProgressTotal = raw->progress_total;
            FinishReason = (FinishReason)raw->finish_reason;
            Status = (Status)raw->status;
            Message = Utf8.Text(raw->message, raw->message_size);
            if (IsTerminal || Kind == EventKind.Choice)
            {
                Usage = new Usage(raw);
                Score = raw->score;
            }
        }

        /// <summary>What happened.</summary>
        public EventKind Kind { get; private set; }

        /// <summary>To which request.</summary>
        public ulong RequestId { get; private set; }

        /// <summary>To which answer, from 0.</summary>
        public int Choice { get; private set; }

        /// <summary>Delta: text that became complete; else "".</summary>
        public string Text { get; private set; }

        /// <summary>Delta: the generated ids. Prompt: those of the prompt but
        /// the first.</summary>
        public int[] Tokens { get; private set; }

        /// <summary>Natural logarithm of each token's probability; null if not
        /// asked for.</summary>
        public float[] Logprobs { get; private set; }

        /// <summary>Entries per token in TopTokens.</summary>
        public int TopCount { get; private set; }

        /// <summary>The likeliest ids, TopCount per token; null if not asked
        /// for.</summary>
        public int[] TopTokens { get; private set; }

        /// <summary>The log-probabilities of TopTokens.</summary>
        public float[] TopLogprobs { get; private set; }

        /// <summary>Progress: prompt tokens processed.</summary>
        public int ProgressDone { get; private set; }

        /// <summary>Progress: prompt tokens in all.</summary>
        public int ProgressTotal { get; private set; }

        /// <summary>Finished, Choice: why.</summary>
        public FinishReason FinishReason { get; private set; }

        /// <summary>Failed: why.</summary>
        public Status Status { get; private set; }

        /// <summary>Failed, Warning: for people.</summary>
        public string Message { get; private set; }

        /// <summary>Finished, Failed, Choice: what it took; else null.
        /// </summary>
        public Usage Usage { get; private set; }

        /// <summary>Choice: mean log-probability, or the beam's score.
        /// </summary>
        public double Score { get; private set; }

        /// <summary>Whether it is the request's last.</summary>
        public bool IsTerminal
        {
            get
            {
                return Kind == EventKind.Finished || Kind == EventKind.Failed;
            }
        }

        private void CopyLogprobs(inlay_event* raw)
        {
            var tokens = (ulong)raw->token_count;
            var top = (ulong)raw->top_count;
            Logprobs = Arrays.Floats(raw->logprobs, tokens);
            if (raw->top_tokens != null)
            {
                TopCount = checked((int)top);
                TopTokens = Arrays.Ints(raw->top_tokens,
                                        (UIntPtr)checked(tokens * top));
                TopLogprobs = Arrays.Floats(raw->top_logprobs,
                                            checked(tokens * top));
            }
        }
    }
}
