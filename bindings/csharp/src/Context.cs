using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using Inlay.Raw;

namespace Inlay
{
    /// <summary>Receives a line of the log. On any thread, several at once; it
    /// must not call the library. What it throws is dropped.</summary>
    /// <param name="level">Its severity.</param>
    /// <param name="text">Without a line end.</param>
    public delegate void LogSink(LogLevel level, string text);

    /// <summary>What a context needs to know; all defaults are good.</summary>
    public sealed class ContextOptions
    {
        /// <summary>Compute threads, 1 to 1024; 0: one per physical core that
        /// this process may use.</summary>
        public int ThreadCount { get; set; }

        /// <summary>Bound in bytes on weights, caches and buffers of all
        /// models and engines together; 0: none.</summary>
        public ulong MemoryBudgetBytes { get; set; }

        /// <summary>Log sink; null: silent.</summary>
        public LogSink Log { get; set; }

        /// <summary>Most detailed level wanted; 0: Warning.</summary>
        public LogLevel LogLevel { get; set; }
    }

    /// <summary>Memory budget, log sink and compute threads: the parent of
    /// everything else. May be used on any thread.</summary>
    public sealed unsafe class Context : IDisposable
    {
        private static readonly inlay_log_fn LogDelegate = OnLog;
        private static readonly IntPtr LogPointer =
            Marshal.GetFunctionPointerForDelegate(LogDelegate);

        internal readonly ContextHandle Handle;

        /// <summary>Creates a context. Starts no thread.</summary>
        /// <param name="options">Null: all defaults.</param>
        /// <exception cref="InlayException">OutOfRange for a bad number;
        /// Unsupported if the native library does not fit.</exception>
        public Context(ContextOptions options = null)
        {
            InlayLibrary.Verify();
            options = options ?? new ContextOptions();
            var error = Errors.New();
            var raw = default(inlay_context_options);
            raw.struct_size = (uint)sizeof(inlay_context_options);
            raw.thread_count = options.ThreadCount;
            raw.memory_budget_bytes = options.MemoryBudgetBytes;
            raw.log_level = (int)options.LogLevel;
            var key = IntPtr.Zero;
            if (options.Log != null)
            {
                key = Registry.Add(options.Log);
                raw.log = LogPointer;
                raw.log_user_data = (void*)key;
                raw.log_release = Releaser.Pointer;
            }
            var status = Native.inlay_context_create(&raw, out Handle, &error);
            if (status != 0)
            {
                Registry.Remove(key);
            }
            Errors.Check(status, &error);
        }

        /// <summary>Adds an architecture to the built-in ones, for models
        /// that are opened from here on.</summary>
        /// <param name="text">A description, as docs/add-a-model.md writes
        /// it.</param>
        /// <param name="flags">Replace: where a name is known already, the
        /// new one counts.</param>
        /// <exception cref="InlayException">InvalidArgument names line,
        /// column and field; Unsupported: another version of the schema;
        /// FailedPrecondition: a name is known already.</exception>
        public void AddArchitecture(
            string text, ArchitectureFlags flags = ArchitectureFlags.None)
        {
            if (text == null)
            {
                throw new ArgumentNullException("text");
            }
            var error = Errors.New();
            using (var arena = new Arena())
            {
                UIntPtr size;
                var bytes = arena.Text(text, out size);
                Errors.Check(Native.inlay_context_add_architecture(
                    Handle, bytes, size, (ulong)flags, &error), &error);
            }
        }

        /// <summary>Memory in use, now.</summary>
        public ContextStats Stats
        {
            get
            {
                var error = Errors.New();
                var raw = default(inlay_context_stats);
                raw.struct_size = (uint)sizeof(inlay_context_stats);
                Errors.Check(Native.inlay_context_get_stats(Handle, &raw,
                                                            &error), &error);
                return new ContextStats(&raw);
            }
        }

        /// <summary>All known devices, usable or not.</summary>
        /// <returns>The first is the processor.</returns>
        public IList<DeviceInfo> Devices()
        {
            var error = Errors.New();
            UIntPtr count;
            Errors.Check(Native.inlay_device_count(Handle, &count, &error),
                         &error);
            var list = new List<DeviceInfo>();
            for (ulong i = 0; i < (ulong)count; i++)
            {
                var raw = default(inlay_device_info);
                raw.struct_size = (uint)sizeof(inlay_device_info);
                Errors.Check(Native.inlay_device_get_info(
                    Handle, (UIntPtr)i, &raw, &error), &error);
                list.Add(new DeviceInfo(&raw));
            }
            return list;
        }

        /// <summary>Gives the context back; models and engines keep theirs.
        /// </summary>
        public void Dispose()
        {
            Handle.Dispose();
        }

        private static void OnLog(void* userData, int level, byte* text,
                                  UIntPtr size)
        {
            ForeignThread.Enter();
            try
            {
                var sink = Registry.Get<LogSink>((IntPtr)userData);
                if (sink != null)
                {
                    sink((LogLevel)level, Utf8.Text(text, size));
                }
            }
            catch (Exception)
            {
                // Promised at LogSink.
            }
        }
    }

    /// <summary>Memory of a context, in bytes.</summary>
    public sealed unsafe class ContextStats
    {
        internal ContextStats(inlay_context_stats* raw)
        {
            ThreadCount = raw->thread_count;
            MemoryBudgetBytes = raw->memory_budget_bytes;
            MemoryUsedBytes = raw->memory_used_bytes;
            MemoryPeakBytes = raw->memory_peak_bytes;
        }

        /// <summary>Compute threads.</summary>
        public int ThreadCount { get; private set; }

        /// <summary>The budget; 0: none.</summary>
        public ulong MemoryBudgetBytes { get; private set; }

        /// <summary>In use now.</summary>
        public ulong MemoryUsedBytes { get; private set; }

        /// <summary>The most that was ever in use.</summary>
        public ulong MemoryPeakBytes { get; private set; }
    }

    /// <summary>A device, usable or not.</summary>
    public sealed unsafe class DeviceInfo
    {
        internal DeviceInfo(inlay_device_info* raw)
        {
            Usable = raw->usable != 0;
            MemoryBytes = raw->memory_bytes;
            FreeBytes = raw->free_bytes;
            Name = Utf8.Text(raw->name, raw->name_size);
            Description = Utf8.Text(raw->description, raw->description_size);
            Features = Utf8.Text(raw->features, raw->features_size);
            Reason = Utf8.Text(raw->reason, raw->reason_size);
        }

        /// <summary>Whether models can run on it.</summary>
        public bool Usable { get; private set; }

        /// <summary>Bytes that this process may use there.</summary>
        public ulong MemoryBytes { get; private set; }

        /// <summary>How many of them were free at first.</summary>
        public ulong FreeBytes { get; private set; }

        /// <summary>What <see cref="ModelOptions.Device"/> takes.</summary>
        public string Name { get; private set; }

        /// <summary>For people.</summary>
        public string Description { get; private set; }

        /// <summary>Instruction sets or capabilities.</summary>
        public string Features { get; private set; }

        /// <summary>Why it is unusable; empty if it is usable.</summary>
        public string Reason { get; private set; }
    }
}
