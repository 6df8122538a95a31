using System;
using System.Runtime.InteropServices;
using System.Threading;
using Inlay.Raw;

namespace Inlay
{
    /// <summary>How far the opening of a model is.</summary>
    public struct LoadProgress
    {
        /// <summary>What is being done: "read", "pack".</summary>
        public string Stage { get; internal set; }

        /// <summary>Bytes or items done.</summary>
        public ulong Done { get; internal set; }

        /// <summary>Bytes or items in all; 0 before the first report.
        /// </summary>
        public ulong Total { get; internal set; }
    }

    /// <summary>How to open a model; all defaults are good.</summary>
    public sealed class ModelOptions
    {
        /// <summary>Such as VocabularyOnly.</summary>
        public ModelFlags Flags { get; set; }

        /// <summary>Name of a device; null or "auto": the best usable one. A
        /// named device is never replaced by another.</summary>
        public string Device { get; set; }

        /// <summary>Tunables of scope "model"; null: defaults.</summary>
        public Options Options { get; set; }

        /// <summary>Told about progress, on the thread that loads. What it
        /// throws ends the loading and is the inner exception of what the
        /// loading throws. Null: nobody.</summary>
        public IProgress<LoadProgress> Progress { get; set; }
    }

    /// The progress callback: reports, and says when to stop.
    internal sealed unsafe class ProgressWatch
    {
        private static readonly inlay_progress_fn Delegate = Report;
        internal static readonly IntPtr Pointer =
            Marshal.GetFunctionPointerForDelegate(Delegate);

        private readonly IProgress<LoadProgress> progress;
        private readonly CancellationToken token;

        internal ProgressWatch(IProgress<LoadProgress> progress,
                               CancellationToken token)
        {
            this.progress = progress;
            this.token = token;
        }

        internal Exception Failure { get; private set; }

        private static int Report(void* userData, byte* stage,
                                  UIntPtr stageSize, ulong done, ulong total)
        {
            ForeignThread.Enter();
            var self = Registry.Get<ProgressWatch>((IntPtr)userData);
            if (self == null || self.token.IsCancellationRequested)
            {
                return 1;
            }
            try
            {
                if (self.progress != null)
                {
                    self.progress.Report(new LoadProgress
                    {
                        Stage = Utf8.Text(stage, stageSize),
                        Done = done,
                        Total = total
                    });
                }
                return self.token.IsCancellationRequested ? 1 : 0;
            }
            catch (Exception failure)
            {
                self.Failure = failure;
                return 1;
            }
        }
    }
}
