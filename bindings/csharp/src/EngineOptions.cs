using System;
using Inlay.Raw;

namespace Inlay
{
    /// <summary>How events come from the engine to this process.</summary>
    public enum Delivery
    {
        /// <summary>One thread of this assembly polls; it starts with the
        /// first request. With HostDriven there is none.</summary>
        Poll = 0,

        /// <summary>The library's delivery thread calls in.</summary>
        Push = 1,
    }

    /// <summary>How an engine is set up; what is 0 is chosen from the model
    /// and from free memory.</summary>
    public sealed unsafe class EngineOptions
    {
        /// <summary>Most tokens of one request, prompt and answer together.
        /// </summary>
        public int ContextLength { get; set; }

        /// <summary>Most requests in one step.</summary>
        public int MaxConcurrency { get; set; }

        /// <summary>No step thread: the waiting thread, or
        /// <see cref="Engine.Step"/>, runs the steps.</summary>
        public bool HostDriven { get; set; }

        /// <summary>Bytes of the key/value cache.</summary>
        public ulong KvCacheBytes { get; set; }

        /// <summary>Tunables of scope "engine"; null: defaults.</summary>
        public Options Options { get; set; }

        /// <summary>How events come; the answers are the same.</summary>
        public Delivery Delivery { get; set; }

        internal inlay_engine_options ToRaw(Arena arena)
        {
            var raw = default(inlay_engine_options);
            raw.struct_size = (uint)sizeof(inlay_engine_options);
            raw.context_length = ContextLength;
            raw.max_concurrency = MaxConcurrency;
            raw.flags = HostDriven ? (ulong)EngineFlags.HostDriven : 0;
            raw.kv_cache_bytes = KvCacheBytes;
            raw.options = Options == null ? IntPtr.Zero
                                          : arena.Hold(Options.Handle);
            return raw;
        }
    }
}
