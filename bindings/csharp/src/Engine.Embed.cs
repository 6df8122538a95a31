using System;
using System.Collections.Generic;
using Inlay.Raw;

namespace Inlay
{
    public sealed partial class Engine
    {
        private readonly Model model;

        /// <summary>One vector for each input of an encoder. Each runs whole
        /// in one step, which inputs of other calls share.</summary>
        /// <param name="inputs">Token ids, at least one in each.</param>
        /// <param name="pooling">How rows become one vector.</param>
        /// <param name="normalize">Whether vectors have length 1; null: as
        /// the model's files say.</param>
        /// <returns>The vectors.</returns>
        /// <exception cref="InlayException">FailedPrecondition: the model is
        /// no encoder. OutOfRange: an unknown id, or an input that is too
        /// long. InvalidArgument: no inputs, or an empty one.
        /// ResourceExhausted: too many calls wait.</exception>
        public float[][] Embed(IList<int[]> inputs,
                               Pooling pooling = Pooling.Model,
                               bool? normalize = null)
        {
            if (inputs == null)
            {
                throw new ArgumentNullException("inputs");
            }
            var lengths = new int[inputs.Count];
            var tokens = new List<int>();
            for (var i = 0; i < lengths.Length; i++)
            {
                if (inputs[i] == null)
                {
                    throw new ArgumentNullException("inputs");
                }
                lengths[i] = inputs[i].Length;
                tokens.AddRange(inputs[i]);
            }
            var flat = Embed(tokens.ToArray(), lengths, (int)pooling,
                             normalize == null ? 0 : normalize.Value ? 1 : 2);
            var vectors = new float[lengths.Length][];
            var width = flat.Length / lengths.Length;
            for (var i = 0; i < vectors.Length; i++)
            {
                vectors[i] = new float[width];
                Array.Copy(flat, i * width, vectors[i], 0, width);
            }
            return vectors;
        }

        /// <summary>The same of texts, with the tokens that the model wants
        /// around them.</summary>
        /// <param name="texts">The texts.</param>
        /// <param name="pooling">How rows become one vector.</param>
        /// <param name="normalize">Whether vectors have length 1; null: as
        /// the model's files say.</param>
        /// <returns>The vectors.</returns>
        public float[][] Embed(IList<string> texts,
                               Pooling pooling = Pooling.Model,
                               bool? normalize = null)
        {
            if (texts == null)
            {
                throw new ArgumentNullException("texts");
            }
            var inputs = new int[texts.Count][];
            for (var i = 0; i < inputs.Length; i++)
            {
                inputs[i] = model.Tokenizer.Tokenize(texts[i]);
            }
            return Embed(inputs, pooling, normalize);
        }

        private unsafe float[] Embed(int[] tokens, int[] lengths, int pooling,
                                     int normalize)
        {
            var error = Errors.New();
            UIntPtr count;
            using (var arena = new Arena())
            {
                var ids = (int*)arena.Pin(tokens);
                var sizes = (int*)arena.Pin(lengths);
                var size = (UIntPtr)(uint)tokens.Length;
                var inputs = (UIntPtr)(uint)lengths.Length;
                Errors.Check(Native.inlay_embed(
                    handle, ids, size, sizes, inputs, pooling, normalize, null,
                    UIntPtr.Zero, &count, &error), &error);
                var vectors = new float[checked((int)(ulong)count)];
                fixed (float* to = vectors)
                {
                    Errors.Check(Native.inlay_embed(
                        handle, ids, size, sizes, inputs, pooling, normalize,
                        to, count, &count, &error), &error);
                }
                GC.KeepAlive(this);
                return vectors;
            }
        }
    }
}
