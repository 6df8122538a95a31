using System;
using System.Threading;
using Inlay.Raw;

namespace Inlay
{
    /// <summary>A model opening that runs by itself and can be asked how far
    /// it is. May be used on any thread.</summary>
    public sealed unsafe class ModelLoad : IDisposable
    {
        private readonly LoadHandle handle;
        private readonly LoadCall call;

        /// <summary>Starts opening a model.</summary>
        /// <param name="context">Its parent.</param>
        /// <param name="source">Where the bytes are.</param>
        /// <param name="options">Null: all defaults.</param>
        /// <exception cref="InlayException">For errors of the arguments; all
        /// others come from <see cref="Wait"/>.</exception>
        public ModelLoad(Context context, ModelSource source,
                         ModelOptions options = null)
        {
            if (context == null || source == null)
            {
                throw new ArgumentNullException(
                    context == null ? "context" : "source");
            }
            call = new LoadCall(source, options, CancellationToken.None);
            try
            {
                var error = Errors.New();
                fixed (inlay_model_source* from = &call.Source)
                fixed (inlay_model_options* how = &call.Options)
                {
                    Errors.Check(Native.inlay_model_open_async(
                        context.Handle, from, how, out handle, &error),
                        &error);
                }
                call.Accept();
            }
            finally
            {
                call.Dispose();
            }
        }

        /// <summary>Forgets the progress callback.</summary>
        ~ModelLoad()
        {
            Registry.Remove(call == null ? IntPtr.Zero : call.WatchKey);
        }

        /// <summary>How it stands.</summary>
        public LoadState State
        {
            get { return (LoadState)Info().state; }
        }

        /// <summary>How far it is.</summary>
        public LoadProgress Progress
        {
            get
            {
                var raw = Info();
                return new LoadProgress
                {
                    Stage = Utf8.Terminated(raw.stage),
                    Done = raw.done,
                    Total = raw.total
                };
            }
        }

        /// <summary>Asks it to stop at its next progress report; harmless when
        /// it has ended.</summary>
        public void Cancel()
        {
            var error = Errors.New();
            Errors.Check(Native.inlay_load_cancel(handle, &error), &error);
        }

        /// <summary>Waits and takes the model.</summary>
        /// <param name="timeout">Negative: no limit.</param>
        /// <returns>The model; null if it still runs.</returns>
        /// <exception cref="InlayException">Why it failed; Cancelled after
        /// <see cref="Cancel"/>.</exception>
        public Model Wait(TimeSpan timeout)
        {
            var error = Errors.New();
            var status = Native.inlay_load_wait(
                handle, Nanoseconds.From(timeout), &error);
            if (status == (int)Status.DeadlineExceeded &&
                State == LoadState.Running)
            {
                return null;
            }
            call.Throw(status, &error);
            ModelHandle model;
            Errors.Check(Native.inlay_load_get_model(handle, out model,
                                                     &error), &error);
            return new Model(model);
        }

        /// <summary>Cancels it if it still runs, and waits until it has
        /// stopped.</summary>
        public void Dispose()
        {
            handle.Dispose();
            Registry.Remove(call.WatchKey);
            GC.SuppressFinalize(this);
        }

        private inlay_load_info Info()
        {
            var error = Errors.New();
            var raw = default(inlay_load_info);
            raw.struct_size = (uint)sizeof(inlay_load_info);
            Errors.Check(Native.inlay_load_get_info(handle, &raw, &error),
                         &error);
            return raw;
        }
    }
}
