using Inlay.Raw;

namespace Inlay
{
    /// <summary>What an engine was set up with.</summary>
    public sealed unsafe class EngineConfig
    {
        internal EngineConfig(inlay_engine_config* raw)
        {
            ContextLength = raw->context_length;
            MaxConcurrency = raw->max_concurrency;
            MaxStepTokens = raw->max_step_tokens;
            MaxQueue = raw->max_queue;
            PageTokens = raw->page_tokens;
            PageCount = raw->page_count;
            KvType = (KvType)raw->kv_type;
            KvCacheBytes = raw->kv_cache_bytes;
            Explanation = Utf8.Text(raw->explanation, raw->explanation_size);
            SwapPages = raw->swap_pages;
            SwapBytes = raw->swap_bytes;
        }

        /// <summary>Most tokens of one request.</summary>
        public int ContextLength { get; private set; }

        /// <summary>Most requests in one step.</summary>
        public int MaxConcurrency { get; private set; }

        /// <summary>Most tokens of one step.</summary>
        public int MaxStepTokens { get; private set; }

        /// <summary>Most waiting requests.</summary>
        public int MaxQueue { get; private set; }

        /// <summary>Tokens of one cache page.</summary>
        public int PageTokens { get; private set; }

        /// <summary>Pages of the cache.</summary>
        public int PageCount { get; private set; }

        /// <summary>Element type of the cache.</summary>
        public KvType KvType { get; private set; }

        /// <summary>Bytes of the cache.</summary>
        public ulong KvCacheBytes { get; private set; }

        /// <summary>For people: what was chosen from what.</summary>
        public string Explanation { get; private set; }

        /// <summary>Pages that fit in the swap space.</summary>
        public int SwapPages { get; private set; }

        /// <summary>Bytes for the pages of preempted requests.</summary>
        public ulong SwapBytes { get; private set; }
    }

    /// <summary>Counters of an engine since its creation, and the situation
    /// now.</summary>
    public sealed unsafe class EngineStats
    {
        internal EngineStats(inlay_engine_stats* raw)
        {
            Running = raw->running;
            Queued = raw->queued;
            PagesTotal = raw->pages_total;
            PagesUsed = raw->pages_used;
            Steps = raw->steps;
            Submitted = raw->submitted;
            Finished = raw->finished;
            Failed = raw->failed;
            Cancelled = raw->cancelled;
            PromptTokens = raw->prompt_tokens;
            GeneratedTokens = raw->generated_tokens;
            EventsPending = raw->events_pending;
            MemoryUsedBytes = raw->memory_used_bytes;
            MemoryPeakBytes = raw->memory_peak_bytes;
            LookupTokens = raw->lookup_tokens;
            CachedTokens = raw->cached_tokens;
            PagesEvicted = raw->pages_evicted;
            PagesCopied = raw->pages_copied;
            PreemptedRecompute = raw->preempted_recompute;
            PreemptedSwap = raw->preempted_swap;
            QueuedTokens = raw->queued_tokens;
            PagesIdle = raw->pages_idle;
            SwapPagesTotal = raw->swap_pages_total;
            SwapPagesUsed = raw->swap_pages_used;
            Paused = raw->paused;
            Sessions = raw->sessions;
        }

        /// <summary>Requests that take part in steps.</summary>
        public int Running { get; private set; }

        /// <summary>Requests that wait for a place.</summary>
        public int Queued { get; private set; }

        /// <summary>Pages of the cache.</summary>
        public int PagesTotal { get; private set; }

        /// <summary>Pages in use.</summary>
        public int PagesUsed { get; private set; }

        /// <summary>Steps run.</summary>
        public ulong Steps { get; private set; }

        /// <summary>Requests accepted.</summary>
        public ulong Submitted { get; private set; }

        /// <summary>Requests that ended and were neither cancelled nor failed.
        /// </summary>
        public ulong Finished { get; private set; }

        /// <summary>Requests that failed.</summary>
        public ulong Failed { get; private set; }

        /// <summary>Requests that were cancelled.</summary>
        public ulong Cancelled { get; private set; }

        /// <summary>Prompt tokens processed.</summary>
        public ulong PromptTokens { get; private set; }

        /// <summary>Tokens generated.</summary>
        public ulong GeneratedTokens { get; private set; }

        /// <summary>Events that wait to be delivered.</summary>
        public ulong EventsPending { get; private set; }

        /// <summary>Bytes in use now in the context.</summary>
        public ulong MemoryUsedBytes { get; private set; }

        /// <summary>The most that was ever in use in the context.</summary>
        public ulong MemoryPeakBytes { get; private set; }

        /// <summary>Tokens looked up in the cache.</summary>
        public ulong LookupTokens { get; private set; }

        /// <summary>Of LookupTokens, found there.</summary>
        public ulong CachedTokens { get; private set; }

        /// <summary>Idle pages given to somebody else.</summary>
        public ulong PagesEvicted { get; private set; }

        /// <summary>Pages copied because their sharers parted.</summary>
        public ulong PagesCopied { get; private set; }

        /// <summary>Times a request lost its pages and computed them again.
        /// </summary>
        public ulong PreemptedRecompute { get; private set; }

        /// <summary>Times a request's pages went to the swap space.</summary>
        public ulong PreemptedSwap { get; private set; }

        /// <summary>Known tokens of the requests that wait.</summary>
        public long QueuedTokens { get; private set; }

        /// <summary>Pages kept for reuse only.</summary>
        public int PagesIdle { get; private set; }

        /// <summary>Pages of the swap space.</summary>
        public int SwapPagesTotal { get; private set; }

        /// <summary>Of these, in use.</summary>
        public int SwapPagesUsed { get; private set; }

        /// <summary>Requests that wait for their consumer.</summary>
        public int Paused { get; private set; }

        /// <summary>Live sessions.</summary>
        public int Sessions { get; private set; }
    }
}
