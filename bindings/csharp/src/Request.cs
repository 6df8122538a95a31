using System;
using System.Collections.Generic;

namespace Inlay
{
    /// <summary>Changes the logits of one row before a token is chosen. On the
    /// thread that runs the steps, which waits for it; it must not call the
    /// library. What it throws ends the request, and is the inner exception of
    /// what the stream throws.</summary>
    /// <param name="prompt">The prompt's tokens.</param>
    /// <param name="generated">The tokens generated so far.</param>
    /// <param name="logits">One per token of the vocabulary, to be changed in
    /// place; minus infinity bans a token.</param>
    /// <returns>0 to go on; anything else fails the request.</returns>
    public delegate int LogitsHook(ReadOnlySpan<int> prompt,
                                   ReadOnlySpan<int> generated,
                                   Span<float> logits);

    /// <summary>One part of a prompt; parts are joined in order.</summary>
    public sealed class PromptPart
    {
        /// <summary>Text.</summary>
        /// <param name="text">From a user: never with parseSpecial.</param>
        /// <param name="parseSpecial">Recognise control tokens in it.</param>
        public PromptPart(string text, bool parseSpecial = false)
        {
            Text = text;
            Flags = parseSpecial ? PartFlags.ParseSpecial : PartFlags.None;
        }

        /// <summary>Token ids, read where they are.</summary>
        /// <param name="tokens">The ids.</param>
        public PromptPart(int[] tokens)
        {
            Tokens = tokens;
        }

        /// <summary>The text, or null.</summary>
        public string Text { get; private set; }

        /// <summary>The ids, or null.</summary>
        public int[] Tokens { get; private set; }

        /// <summary>How the text is read.</summary>
        public PartFlags Flags { get; private set; }
    }

    /// <summary>What to generate. 0 and null mean the default everywhere:
    /// greedy decoding until the model ends or the context is full. Read by
    /// the call that submits it, and free to be changed and used again
    /// afterwards.</summary>
    public sealed class Request
    {
        /// <summary>An empty request.</summary>
        public Request()
        {
        }

        /// <summary>A request with a prompt.</summary>
        /// <param name="prompt">Its text.</param>
        public Request(string prompt)
        {
            Prompt = prompt;
        }

        /// <summary>The prompt as one text. Exactly one of Prompt, PromptUtf8
        /// and Parts is set.</summary>
        public string Prompt { get; set; }

        /// <summary>The prompt as UTF-8, read where it is.</summary>
        public byte[] PromptUtf8 { get; set; }

        /// <summary>The prompt as parts.</summary>
        public IList<PromptPart> Parts { get; set; }

        /// <summary>Such as Chat: the prompt is one message of a user.
        /// </summary>
        public RequestFlags Flags { get; set; }

        /// <summary>Most tokens to generate; 0: until the end.</summary>
        public int MaxTokens { get; set; }

        /// <summary>0: greedy; to 100: divides the logits.</summary>
        public float Temperature { get; set; }

        /// <summary>Keep the k likeliest; 0: off.</summary>
        public int TopK { get; set; }

        /// <summary>Keep the likeliest that together have this probability; 0:
        /// off.</summary>
        public float TopP { get; set; }

        /// <summary>Keep those at least this fraction as likely as the
        /// likeliest; 0: off.</summary>
        public float MinP { get; set; }

        /// <summary>Locally typical sampling; 0: off.</summary>
        public float TypicalP { get; set; }

        /// <summary>Divides positive and multiplies negative logits of tokens
        /// seen; 0: off.</summary>
        public float RepetitionPenalty { get; set; }

        /// <summary>Subtracted once from the logit of each generated token, -2
        /// to 2.</summary>
        public float PresencePenalty { get; set; }

        /// <summary>Subtracted per occurrence, -2 to 2.</summary>
        public float FrequencyPenalty { get; set; }

        /// <summary>Tokens that the repetition penalty looks back; 0: all.
        /// </summary>
        public int PenaltyLastN { get; set; }

        /// <summary>Log-probabilities of this many likeliest tokens beside
        /// each.</summary>
        public int TopLogprobs { get; set; }

        /// <summary>Determines every draw, whatever runs beside.</summary>
        public ulong Seed { get; set; }

        /// <summary>What is added to the logits of tokens; minus infinity bans
        /// one. In this order.</summary>
        public IList<KeyValuePair<int, float>> Bias { get; set; }

        /// <summary>Texts that end generation.</summary>
        public IList<string> StopStrings { get; set; }

        /// <summary>Tokens that end generation, beside the model's own.
        /// </summary>
        public int[] StopTokens { get; set; }

        /// <summary>Time from submit after which the request ends, queued or
        /// running; zero: none. 100 ns is the least.</summary>
        public TimeSpan Deadline { get; set; }

        /// <summary>-100 to 100.</summary>
        public int Priority { get; set; }

        /// <summary>Answers to return, 1 to 64; 0: 1.</summary>
        public int Choices { get; set; }

        /// <summary>Answers to generate, of which the best are returned; 0: as
        /// many as Choices.</summary>
        public int BestOf { get; set; }

        /// <summary>Beam search; 0: none.</summary>
        public int BeamWidth { get; set; }

        /// <summary>Beams are ordered by score / length^this; 0: 1.</summary>
        public float LengthPenalty { get; set; }

        /// <summary>No end before so many tokens.</summary>
        public int MinTokens { get; set; }

        /// <summary>Whose share this takes; null: the default tenant.
        /// </summary>
        public string Tenant { get; set; }

        /// <summary>Only requests of one domain share what the cache holds;
        /// null: the default domain.</summary>
        public string CacheDomain { get; set; }

        /// <summary>The conversation that this continues; null: none.
        /// </summary>
        public Session Session { get; set; }

        /// <summary>Mirostat version 1 or 2; 0: off.</summary>
        public int Mirostat { get; set; }

        /// <summary>Wanted surprise in bits; 0: 5.</summary>
        public float MirostatTau { get; set; }

        /// <summary>Learning rate; 0: 0.1.</summary>
        public float MirostatEta { get; set; }

        /// <summary>Chance of XTC, 0 to 1.</summary>
        public float XtcProbability { get; set; }

        /// <summary>Threshold of XTC; 0: 0.1.</summary>
        public float XtcThreshold { get; set; }

        /// <summary>Weight of DRY; 0: off.</summary>
        public float DryMultiplier { get; set; }

        /// <summary>Growth of DRY; 0: 1.75.</summary>
        public float DryBase { get; set; }

        /// <summary>Repetitions that cost nothing; 0: 2.</summary>
        public int DryAllowedLength { get; set; }

        /// <summary>Tokens that DRY looks back; 0: all.</summary>
        public int DryLastN { get; set; }

        /// <summary>Texts at which a repetition ends; null: the default ones;
        /// empty: none.</summary>
        public IList<string> DryBreakers { get; set; }

        /// <summary>Bans what would repeat so many tokens; 0: off.</summary>
        public int NoRepeatNgram { get; set; }

        /// <summary>Changes the logits; null: none. Kept alive until the
        /// request has ended.</summary>
        public LogitsHook LogitsHook { get; set; }
    }
}
