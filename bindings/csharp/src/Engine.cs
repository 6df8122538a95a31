using System;
using System.IO;
using Inlay.Raw;

namespace Inlay
{
    /// <summary>Runs requests of one model, many at once. All members may be
    /// called on any thread. Dispose it, or else the garbage collector ends
    /// it.</summary>
    public sealed partial class Engine : IDisposable
    {
        internal readonly Dispatcher Dispatcher;
        private readonly EngineHandle handle;

        /// <summary>Creates an engine: reserves its cache, starts its threads.
        /// </summary>
        /// <param name="model">Not vocabulary-only.</param>
        /// <param name="options">Null: all defaults.</param>
        /// <exception cref="InlayException">FailedPrecondition,
        /// ResourceExhausted, OutOfRange and others.</exception>
        public unsafe Engine(Model model, EngineOptions options = null)
        {
            if (model == null)
            {
                GC.SuppressFinalize(this);
                throw new ArgumentNullException("model");
            }
            this.model = model;
            options = options ?? new EngineOptions();
            var push = options.Delivery == Delivery.Push;
            var dispatcher = new Dispatcher(options.HostDriven, push);
            var key = push ? Registry.Add(dispatcher) : IntPtr.Zero;
            using (var arena = new Arena())
            {
                var error = Errors.New();
                var raw = options.ToRaw(arena);
                if (push)
                {
                    raw.on_events = Dispatcher.PushPointer;
                    raw.event_user_data = (void*)key;
                    raw.event_release = Releaser.Pointer;
                }
                var status = Native.inlay_engine_create(
                    model.Handle, &raw, out handle, &error);
                if (status != 0)
                {
                    GC.SuppressFinalize(this);
                    Registry.Remove(key);
                    throw Errors.Make(status, &error, null);
                }
            }
            dispatcher.Handle = handle;
            Dispatcher = dispatcher;
            ExitWatch.Add(dispatcher);
        }

        /// <summary>Closes what was not disposed.</summary>
        ~Engine()
        {
            if (Dispatcher != null)
            {
                Dispatcher.Shutdown(false);
            }
        }

        /// <summary>Logits of every position of a token sequence.</summary>
        /// <param name="tokens">1 to the engine's context length.</param>
        /// <returns>Row-major [tokens, vocabulary]: row i is of what follows
        /// tokens 0 to i.</returns>
        public unsafe float[] Score(int[] tokens)
        {
            if (tokens == null)
            {
                throw new ArgumentNullException("tokens");
            }
            var error = Errors.New();
            UIntPtr count;
            using (var arena = new Arena())
            {
                var ids = (int*)arena.Pin(tokens);
                var size = (UIntPtr)(uint)tokens.Length;
                Errors.Check(Native.inlay_score(handle, ids, size, null,
                                                UIntPtr.Zero, &count, &error),
                             &error);
                var logits = new float[checked((int)(ulong)count)];
                fixed (float* to = logits)
                {
                    Errors.Check(Native.inlay_score(handle, ids, size, to,
                                                    count, &count, &error),
                                 &error);
                }
                GC.KeepAlive(this);
                return logits;
            }
        }

        /// <summary>Creates an empty conversation.</summary>
        /// <param name="cacheDomain">As in <see cref="Request.CacheDomain"/>.
        /// </param>
        /// <returns>The session.</returns>
        public unsafe Session CreateSession(string cacheDomain = null)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                UIntPtr size;
                SessionHandle session;
                var domain = arena.Text(cacheDomain, out size);
                Errors.Check(Native.inlay_session_create(
                    handle, domain, size, out session, &error), &error);
                return new Session(this, session);
            }
        }

        /// <summary>Creates a conversation from what
        /// <see cref="Session.Save(System.IO.Stream)"/> wrote.</summary>
        /// <param name="stream">Read from where it stands; no byte more than
        /// was saved.</param>
        /// <returns>The session.</returns>
        /// <exception cref="InlayException">DataLoss if it is damaged,
        /// FailedPrecondition if it comes from another model; Io with what the
        /// stream threw.</exception>
        public Session LoadSession(Stream stream)
        {
            return SessionStream.Load(this, handle, stream);
        }

        /// <summary>Creates a conversation from a file.</summary>
        /// <param name="path">Its path.</param>
        /// <returns>The session.</returns>
        public unsafe Session LoadSession(string path)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                UIntPtr size;
                SessionHandle session;
                var bytes = arena.Text(path, out size);
                Errors.Check(Native.inlay_session_load_file(
                    handle, bytes, size, out session, &error), &error);
                return new Session(this, session);
            }
        }

        /// <summary>Counters and the situation now.</summary>
        public unsafe EngineStats Stats
        {
            get
            {
                var error = Errors.New();
                var raw = default(inlay_engine_stats);
                raw.struct_size = (uint)sizeof(inlay_engine_stats);
                Errors.Check(Native.inlay_engine_get_stats(
                    handle, &raw, &error), &error);
                return new EngineStats(&raw);
            }
        }

        /// <summary>What the engine was set up with, and why.</summary>
        public unsafe EngineConfig Config
        {
            get
            {
                var error = Errors.New();
                var raw = default(inlay_engine_config);
                raw.struct_size = (uint)sizeof(inlay_engine_config);
                Errors.Check(Native.inlay_engine_get_config(
                    handle, &raw, &error), &error);
                var config = new EngineConfig(&raw);
                GC.KeepAlive(this);
                return config;
            }
        }

        /// <summary>How it stands.</summary>
        public unsafe EngineState State
        {
            get
            {
                var error = Errors.New();
                int state;
                Errors.Check(Native.inlay_engine_get_state(
                    handle, &state, &error), &error);
                return (EngineState)state;
            }
        }

        /// <summary>Calls of inlay_poll so far: to measure how many tokens one
        /// call brings.</summary>
        public long PollCount
        {
            get { return Dispatcher.Polls; }
        }

        /// <summary>Counters and histograms in the Prometheus text format.
        /// </summary>
        /// <returns>The text.</returns>
        public unsafe string Metrics()
        {
            return Utf8.Get((buffer, capacity, size, error) =>
                Native.inlay_engine_get_metrics(handle, buffer, capacity, size,
                                                error));
        }

        /// <summary>Sets a tenant's weight in the fair policy.</summary>
        /// <param name="tenant">As in <see cref="Request.Tenant"/>.</param>
        /// <param name="weight">Above 0, at most 1000000.</param>
        public unsafe void SetTenant(string tenant, double weight)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                UIntPtr size;
                var name = arena.Text(tenant, out size);
                Errors.Check(Native.inlay_engine_set_tenant(
                    handle, name, size, weight, &error), &error);
            }
        }

        /// <summary>Records the parts of every step from now on.</summary>
        /// <param name="maxSteps">1 to 1000000; the first ones stay.</param>
        public unsafe void StartTrace(int maxSteps)
        {
            var error = Errors.New();
            Errors.Check(Native.inlay_engine_start_trace(handle, maxSteps,
                                                         &error), &error);
        }

        /// <summary>Stops recording and writes JSON in the Chrome trace
        /// format.</summary>
        /// <param name="stream">Null: the recording is thrown away.</param>
        public void StopTrace(Stream stream)
        {
            SessionStream.StopTrace(handle, stream);
        }

        /// <summary>HostDriven engines: takes events that wait, else runs one
        /// step on this thread.</summary>
        /// <returns>Whether there may be more to do.</returns>
        /// <exception cref="InvalidOperationException">The engine has a step
        /// thread.</exception>
        public bool Step()
        {
            if (!Dispatcher.HostDriven)
            {
                throw new InvalidOperationException(
                    "the engine is not host-driven");
            }
            return Dispatcher.Pump();
        }

        /// <summary>Ends all requests, each with its terminal event, and stops
        /// the threads. May be called again.</summary>
        /// <param name="mode">Drain finishes accepted requests first.</param>
        /// <param name="timeout">Of Drain: the rest is cancelled then.
        /// Negative: no limit.</param>
        /// <exception cref="InlayException">DeadlineExceeded: the rest was
        /// cancelled.</exception>
        public void Close(CloseMode mode, TimeSpan timeout)
        {
            var failure = Dispatcher.Close(mode, timeout);
            GC.KeepAlive(this);
            if (failure != null)
            {
                throw failure;
            }
        }

        /// <summary>Cancels all requests, waits for at most the step in
        /// flight, and gives the engine back. Every stream ends.</summary>
        public void Dispose()
        {
            Dispatcher.Shutdown(true);
            GC.SuppressFinalize(this);
        }
    }
}
