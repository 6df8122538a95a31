using System;
using Inlay.Raw;

namespace Inlay
{
    /// <summary>What a model is. Numbers are 0 where unknown, tokens -1 where
    /// the model has none.</summary>
    public sealed unsafe class ModelInfo
    {
        internal ModelInfo(inlay_model_info* raw)
        {
            Runnable = raw->runnable != 0;
            VocabularySize = raw->vocabulary_size;
            ContextLength = raw->context_length;
            LayerCount = raw->layer_count;
            EmbeddingLength = raw->embedding_length;
            HeadCount = raw->head_count;
            KvHeadCount = raw->kv_head_count;
            HeadDim = raw->head_dim;
            HasTokenizer = raw->has_tokenizer != 0;
            HasChatTemplate = raw->has_chat_template != 0;
            BosToken = raw->bos_token;
            EosToken = raw->eos_token;
            UnkToken = raw->unk_token;
            PadToken = raw->pad_token;
            AddsBos = raw->adds_bos != 0;
            AddsEos = raw->adds_eos != 0;
            ParameterCount = raw->parameter_count;
            WeightBytes = raw->weight_bytes;
            FileBytes = raw->file_bytes;
            EndTokens = Arrays.Ints(raw->end_tokens, raw->end_token_count);
            Architecture = Utf8.Text(raw->architecture,
                                     raw->architecture_size);
            Format = Utf8.Text(raw->format, raw->format_size);
            Name = Utf8.Text(raw->name, raw->name_size);
            TokenizerDescription = Utf8.Text(raw->tokenizer_description,
                                             raw->tokenizer_description_size);
            Device = Utf8.Text(raw->device, raw->device_size);
            Recipe = Utf8.Text(raw->recipe, raw->recipe_size);
            NotRunnableReason = Utf8.Text(raw->not_runnable_reason,
                                          raw->not_runnable_reason_size);
            ChatTemplate = Utf8.Text(raw->chat_template,
                                     raw->chat_template_size);
        }

        /// <summary>Whether an engine can be created on it.</summary>
        public bool Runnable { get; private set; }

        /// <summary>Tokens of the vocabulary.</summary>
        public int VocabularySize { get; private set; }

        /// <summary>Tokens the model was trained for.</summary>
        public int ContextLength { get; private set; }

        /// <summary>Attention layers.</summary>
        public int LayerCount { get; private set; }

        /// <summary>Width of the residual stream.</summary>
        public int EmbeddingLength { get; private set; }

        /// <summary>Query heads.</summary>
        public int HeadCount { get; private set; }

        /// <summary>Key/value heads.</summary>
        public int KvHeadCount { get; private set; }

        /// <summary>Elements of one head.</summary>
        public int HeadDim { get; private set; }

        /// <summary>Whether text can be tokenized.</summary>
        public bool HasTokenizer { get; private set; }

        /// <summary>Whether there is a chat template that can be rendered.
        /// </summary>
        public bool HasChatTemplate { get; private set; }

        /// <summary>Begins a sequence.</summary>
        public int BosToken { get; private set; }

        /// <summary>Ends a sequence.</summary>
        public int EosToken { get; private set; }

        /// <summary>Unknown text.</summary>
        public int UnkToken { get; private set; }

        /// <summary>Padding.</summary>
        public int PadToken { get; private set; }

        /// <summary>Whether tokenizing adds BOS.</summary>
        public bool AddsBos { get; private set; }

        /// <summary>Whether tokenizing adds EOS.</summary>
        public bool AddsEos { get; private set; }

        /// <summary>Elements of all tensors.</summary>
        public ulong ParameterCount { get; private set; }

        /// <summary>Bytes of all tensors in the file.</summary>
        public ulong WeightBytes { get; private set; }

        /// <summary>Bytes of the source.</summary>
        public ulong FileBytes { get; private set; }

        /// <summary>Every token that ends generation, ascending.</summary>
        public int[] EndTokens { get; private set; }

        /// <summary>As the file names it: "llama".</summary>
        public string Architecture { get; private set; }

        /// <summary>File format and version.</summary>
        public string Format { get; private set; }

        /// <summary>The model's own name, or "".</summary>
        public string Name { get; private set; }

        /// <summary>Kind of tokenizer, or why there is none.</summary>
        public string TokenizerDescription { get; private set; }

        /// <summary>Where the weights are.</summary>
        public string Device { get; private set; }

        /// <summary>How it computes, for people.</summary>
        public string Recipe { get; private set; }

        /// <summary>Why no engine can be created, or "".</summary>
        public string NotRunnableReason { get; private set; }

        /// <summary>Source of the chat template, or why it cannot be used, or
        /// "".</summary>
        public string ChatTemplate { get; private set; }
    }

    /// <summary>One tensor of the file.</summary>
    public sealed unsafe class TensorInfo
    {
        internal TensorInfo(inlay_tensor_info* raw)
        {
            Shape = new long[raw->rank];
            for (var i = 0; i < raw->rank; i++)
            {
                Shape[i] = raw->shape[i];
            }
            Offset = raw->offset;
            Bytes = raw->bytes;
            Name = Utf8.Text(raw->name, raw->name_size);
            Type = Utf8.Text(raw->type, raw->type_size);
        }

        /// <summary>Row-major: the last is contiguous.</summary>
        public long[] Shape { get; private set; }

        /// <summary>First byte in the source.</summary>
        public ulong Offset { get; private set; }

        /// <summary>Bytes in the source.</summary>
        public ulong Bytes { get; private set; }

        /// <summary>As in the file.</summary>
        public string Name { get; private set; }

        /// <summary>Element type as the file names it: "Q4_1".</summary>
        public string Type { get; private set; }
    }

    /// <summary>Memory that a model and one engine need, in bytes.</summary>
    public sealed unsafe class MemoryNeeds
    {
        internal MemoryNeeds(inlay_memory_needs* raw)
        {
            Weights = raw->weights;
            WeightsMapped = raw->weights_mapped;
            KvCache = raw->kv_cache;
            Activations = raw->activations;
            Vocabulary = raw->vocabulary;
            Total = raw->total;
        }

        /// <summary>Packed weights.</summary>
        public ulong Weights { get; private set; }

        /// <summary>Pages of the mapped file that stay resident.</summary>
        public ulong WeightsMapped { get; private set; }

        /// <summary>Key/value cache.</summary>
        public ulong KvCache { get; private set; }

        /// <summary>Working memory of a step.</summary>
        public ulong Activations { get; private set; }

        /// <summary>Tokenizer and metadata.</summary>
        public ulong Vocabulary { get; private set; }

        /// <summary>All of these.</summary>
        public ulong Total { get; private set; }
    }

    internal static unsafe class Arrays
    {
        private static readonly int[] NoInts = new int[0];

        internal static int[] Ints(int* from, UIntPtr count)
        {
            var size = checked((int)(ulong)count);
            if (from == null || size == 0)
            {
                return NoInts;
            }
            var to = new int[size];
            for (var i = 0; i < size; i++)
            {
                to[i] = from[i];
            }
            return to;
        }

        internal static float[] Floats(float* from, ulong count)
        {
            if (from == null)
            {
                return null;
            }
            var to = new float[checked((int)count)];
            for (var i = 0; i < to.Length; i++)
            {
                to[i] = from[i];
            }
            return to;
        }
    }
}
