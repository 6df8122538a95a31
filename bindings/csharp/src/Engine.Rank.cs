using System;
using System.Collections.Generic;
using Inlay.Raw;

namespace Inlay
{
    /// <summary>Two texts as a cross-encoder wants them;
    /// <see cref="Tokenizer.TokenizePair"/> makes it.</summary>
    public sealed class TokenPair
    {
        /// <summary>Takes ids and their segments.</summary>
        /// <param name="tokens">Ids of both texts, with what the model wants
        /// around and between them.</param>
        /// <param name="types">The segment of each id; null: all 0.</param>
        public TokenPair(int[] tokens, int[] types = null)
        {
            if (tokens == null)
            {
                throw new ArgumentNullException("tokens");
            }
            if (types != null && types.Length != tokens.Length)
            {
                throw new ArgumentException("not one segment for each id",
                                            "types");
            }
            Tokens = tokens;
            Types = types ?? new int[tokens.Length];
        }

        /// <summary>Ids of both.</summary>
        public int[] Tokens { get; private set; }

        /// <summary>The segment of each id.</summary>
        public int[] Types { get; private set; }
    }

    public sealed partial class Engine
    {
        /// <summary>One score for each pair: the greater, the better its texts
        /// fit. Inputs of other calls share the steps.</summary>
        /// <param name="pairs">At least one, none empty.</param>
        /// <returns>The scores.</returns>
        /// <exception cref="InlayException">FailedPrecondition: the model has
        /// no classifier, or one of several labels. OutOfRange: an unknown id
        /// or segment, or an input that is too long. InvalidArgument: no
        /// pairs, or an empty one. ResourceExhausted: too many calls wait.
        /// </exception>
        public float[] Rank(IList<TokenPair> pairs)
        {
            if (pairs == null)
            {
                throw new ArgumentNullException("pairs");
            }
            var lengths = new int[pairs.Count];
            var tokens = new List<int>();
            var types = new List<int>();
            for (var i = 0; i < lengths.Length; i++)
            {
                if (pairs[i] == null)
                {
                    throw new ArgumentNullException("pairs");
                }
                lengths[i] = pairs[i].Tokens.Length;
                tokens.AddRange(pairs[i].Tokens);
                types.AddRange(pairs[i].Types);
            }
            return Rank(tokens.ToArray(), types.ToArray(), lengths);
        }

        /// <summary>How well each of the texts fits the query.</summary>
        /// <param name="query">The query.</param>
        /// <param name="texts">The texts.</param>
        /// <returns>A score for each text.</returns>
        public float[] Rank(string query, IList<string> texts)
        {
            if (texts == null)
            {
                throw new ArgumentNullException("texts");
            }
            var pairs = new TokenPair[texts.Count];
            for (var i = 0; i < pairs.Length; i++)
            {
                pairs[i] = model.Tokenizer.TokenizePair(query, texts[i]);
            }
            return Rank(pairs);
        }

        private unsafe float[] Rank(int[] tokens, int[] types, int[] lengths)
        {
            var error = Errors.New();
            using (var arena = new Arena())
            {
                var scores = new float[lengths.Length];
                fixed (float* to = scores)
                {
                    Errors.Check(Native.inlay_rank(
                        handle, (int*)arena.Pin(tokens), (int*)arena.Pin(types),
                        (UIntPtr)(uint)tokens.Length, (int*)arena.Pin(lengths),
                        (UIntPtr)(uint)lengths.Length, to,
                        (UIntPtr)(uint)scores.Length, null, &error), &error);
                }
                GC.KeepAlive(this);
                return scores;
            }
        }
    }
}
