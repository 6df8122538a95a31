using System;
using Inlay.Raw;

namespace Inlay
{
    /// <summary>Turns text into token ids and back. May be used on any thread,
    /// as long as its model is not disposed.</summary>
    public sealed unsafe class Tokenizer
    {
        private readonly ModelHandle model;

        internal Tokenizer(ModelHandle model)
        {
            this.model = model;
        }

        /// <summary>Turns text into token ids.</summary>
        /// <param name="text">A lone surrogate in it is an
        /// ArgumentException.</param>
        /// <param name="flags">Set ParseSpecial never for a user's text.
        /// </param>
        /// <returns>The ids.</returns>
        public int[] Tokenize(string text,
                              TokenizeFlags flags = TokenizeFlags.None)
        {
            if (text == null)
            {
                throw new ArgumentNullException("text");
            }
            using (var arena = new Arena())
            {
                UIntPtr size;
                var bytes = arena.Text(text, out size);
                return Tokenize(bytes, size, flags);
            }
        }

        /// <summary>The same of UTF-8, which is read where it is.</summary>
        /// <param name="utf8">The text.</param>
        /// <param name="flags">As above.</param>
        /// <returns>The ids.</returns>
        /// <exception cref="InlayException">InvalidArgument with the offset of
        /// what is not UTF-8.</exception>
        public int[] Tokenize(byte[] utf8,
                              TokenizeFlags flags = TokenizeFlags.None)
        {
            if (utf8 == null)
            {
                throw new ArgumentNullException("utf8");
            }
            using (var arena = new Arena())
            {
                return Tokenize((byte*)arena.Pin(utf8),
                                (UIntPtr)(uint)utf8.Length, flags);
            }
        }

        /// <summary>Two texts, such as a query and a text, as one input of
        /// <see cref="Engine.Rank(System.Collections.Generic.IList{TokenPair})"/>.
        /// </summary>
        /// <param name="first">A lone surrogate in it is an
        /// ArgumentException.</param>
        /// <param name="second">The other text.</param>
        /// <returns>Ids and their segments.</returns>
        /// <exception cref="InlayException">Unsupported: the tokenizer has no
        /// template of pairs.</exception>
        public TokenPair TokenizePair(string first, string second)
        {
            if (first == null)
            {
                throw new ArgumentNullException("first");
            }
            if (second == null)
            {
                throw new ArgumentNullException("second");
            }
            using (var arena = new Arena())
            {
                UIntPtr firstSize, secondSize;
                var one = arena.Text(first, out firstSize);
                var other = arena.Text(second, out secondSize);
                int[] types = null;
                var guess = (int)Math.Min(
                    ((ulong)firstSize + (ulong)secondSize) / 2 + 8, 1 << 16);
                var tokens = Utf8.GetInts(guess,
                    (buffer, capacity, count, error) =>
                    {
                        types = new int[(int)(ulong)capacity];
                        fixed (int* to = types)
                        {
                            return Native.inlay_tokenize_pair(
                                model, one, firstSize, other, secondSize,
                                buffer, to, capacity, count, error);
                        }
                    });
                Array.Resize(ref types, tokens.Length);
                return new TokenPair(tokens, types);
            }
        }

        /// <summary>Turns token ids into text; invalid bytes become U+FFFD.
        /// </summary>
        /// <param name="tokens">The ids.</param>
        /// <param name="flags">Special: control tokens appear.</param>
        /// <returns>The text.</returns>
        /// <exception cref="InlayException">OutOfRange for an id that the
        /// vocabulary lacks.</exception>
        public string Detokenize(int[] tokens,
                                 DetokenizeFlags flags = DetokenizeFlags.None)
        {
            if (tokens == null)
            {
                throw new ArgumentNullException("tokens");
            }
            using (var arena = new Arena())
            {
                var ids = (int*)arena.Pin(tokens);
                return Utf8.Get((buffer, capacity, size, error) =>
                    Native.inlay_detokenize(
                        model, ids, (UIntPtr)(uint)tokens.Length,
                        (ulong)flags, buffer, capacity, size, error));
            }
        }

        /// <summary>Bytes that one token adds to the output; possibly only
        /// part of a code point.</summary>
        /// <param name="token">Its id.</param>
        /// <param name="flags">Special: control tokens appear.</param>
        /// <returns>The bytes.</returns>
        public byte[] TokenBytes(int token,
                                 DetokenizeFlags flags = DetokenizeFlags.None)
        {
            return Utf8.GetBytes((buffer, capacity, size, error) =>
                Native.inlay_model_token_bytes(
                    model, token, (ulong)flags, buffer, capacity, size,
                    error));
        }

        /// <summary>Describes one vocabulary entry.</summary>
        /// <param name="token">Its id.</param>
        /// <returns>The entry.</returns>
        /// <exception cref="InlayException">OutOfRange.</exception>
        public TokenInfo Token(int token)
        {
            var error = Errors.New();
            var raw = default(inlay_token_info);
            raw.struct_size = (uint)sizeof(inlay_token_info);
            Errors.Check(Native.inlay_model_token_info(model, token, &raw,
                                                       &error), &error);
            return new TokenInfo(&raw);
        }

        /// <summary>Looks a token up by its stored text.</summary>
        /// <param name="text">Such as "&lt;|im_end|&gt;".</param>
        /// <returns>Its id.</returns>
        /// <exception cref="InlayException">NotFound.</exception>
        public int Find(string text)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                UIntPtr size;
                int token;
                var bytes = arena.Text(text, out size);
                Errors.Check(Native.inlay_model_find_token(
                    model, bytes, size, &token, &error), &error);
                return token;
            }
        }

        private int[] Tokenize(byte* text, UIntPtr size, TokenizeFlags flags)
        {
            // Hardly a text has more tokens than bytes, and most far fewer.
            var guess = (int)Math.Min((ulong)size / 2 + 8, 1 << 16);
            return Utf8.GetInts(guess, (buffer, capacity, count, error) =>
                Native.inlay_tokenize(model, text, size, (ulong)flags, buffer,
                                      capacity, count, error));
        }
    }

    /// <summary>One vocabulary entry.</summary>
    public sealed unsafe class TokenInfo
    {
        internal TokenInfo(inlay_token_info* raw)
        {
            Kind = (TokenKind)raw->kind;
            Flags = (TokenFlags)raw->flags;
            Text = Utf8.Text(raw->text, raw->text_size);
        }

        /// <summary>What it is.</summary>
        public TokenKind Kind { get; private set; }

        /// <summary>What it does.</summary>
        public TokenFlags Flags { get; private set; }

        /// <summary>As the vocabulary stores it.</summary>
        public string Text { get; private set; }
    }
}
