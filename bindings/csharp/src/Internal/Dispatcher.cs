using System;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Threading;
using Inlay.Raw;

namespace Inlay
{
    /// Brings the events of one engine to the inboxes of its requests: one
    /// call of inlay_poll takes those of all. It knows neither the Engine nor
    /// a Generation, so that both can be collected while its thread runs.
    internal sealed unsafe class Dispatcher
    {
        private const int Capacity = 256;

        private static readonly inlay_event_fn PushDelegate = OnEvents;
        internal static readonly IntPtr PushPointer =
            Marshal.GetFunctionPointerForDelegate(PushDelegate);

        private readonly ConcurrentDictionary<long, Inbox> inboxes =
            new ConcurrentDictionary<long, Inbox>();
        private readonly object pumping = new object();
        private readonly object starting = new object();
        private Thread thread;
        private static int threads;
        private long lastKey, polls;
        private bool closed;

        internal EngineHandle Handle;
        internal readonly bool HostDriven, Push;

        internal Dispatcher(bool hostDriven, bool push)
        {
            HostDriven = hostDriven;
            Push = push;
        }

        /// Polling threads of this process.
        internal static int Threads
        {
            get { return Volatile.Read(ref threads); }
        }

        internal long Polls
        {
            get { return Interlocked.Read(ref polls); }
        }

        internal int Live
        {
            get { return inboxes.Count; }
        }

        internal ulong Submit(Inbox inbox, Request request)
        {
            var key = Interlocked.Increment(ref lastKey);
            var hook = inbox.Hook == null ? IntPtr.Zero : Registry.Add(inbox);
            inbox.Key = hook;
            inboxes[key] = inbox;
            ulong id = 0;
            var accepted = false;
            try
            {
                using (var arena = new Arena())
                {
                    var error = Errors.New();
                    var raw = default(inlay_request);
                    RequestFill.Fill(request, &raw, arena);
                    raw.user_data = (void*)key;
                    if (inbox.Hook != null)
                    {
                        raw.logits_hook = Inbox.HookPointer;
                        raw.logits_user_data = (void*)hook;
                    }
                    Errors.Check(Native.inlay_submit(Handle, &raw, &id,
                                                     &error), &error);
                    accepted = true;
                }
            }
            finally
            {
                if (!accepted)
                {
                    Forget(key);
                }
            }
            if (!HostDriven && !Push)
            {
                Start();
            }
            return id;
        }

        /// Host-driven: takes what is there, else runs a step. Threads that
        /// wait take turns.
        internal bool Pump()
        {
            lock (pumping)
            {
                using (var batch = new Batch())
                {
                    if (!Push && Poll(batch, 0) != 0)
                    {
                        return true;
                    }
                    var error = Errors.New();
                    int more;
                    var status = Native.inlay_engine_step(Handle, &more,
                                                          &error);
                    if (!Push)
                    {
                        Poll(batch, 0);
                    }
                    Errors.Check(status, &error);
                    return more != 0;
                }
            }
        }

        /// The next event of a request; null after its last.
        internal Event Take(Inbox inbox)
        {
            if (!HostDriven)
            {
                return inbox.Take();
            }
            Event value;
            while (!inbox.TryTake(out value))
            {
                Pump();
            }
            return value;
        }

        internal InlayException Close(CloseMode mode, TimeSpan timeout)
        {
            var error = Errors.New();
            var status = Native.inlay_engine_close(
                Handle, (int)mode, Nanoseconds.From(timeout), &error);
            if (status == 0 || status == (int)Status.DeadlineExceeded)
            {
                Finish();
            }
            return status == 0 ? null : Errors.Make(status, &error, null);
        }

        /// Ends everything; every inbox has its end when this returns, unless
        /// the finalizer calls.
        internal void Shutdown(bool wait)
        {
            lock (starting)
            {
                if (closed)
                {
                    return;
                }
                closed = true;
            }
            ExitWatch.Remove(this);
            var error = Errors.New();
            Native.inlay_engine_close(Handle, (int)CloseMode.Cancel, 0,
                                      &error);
            if (wait)
            {
                Finish();
            }
            // The polling thread gives the engine back if it runs still.
            if (wait || thread == null)
            {
                Handle.Dispose();
                FailAll(Gone());
            }
        }

        private static InlayException Gone()
        {
            return new InlayException(Status.FailedPrecondition,
                                      "the engine was disposed");
        }

        /// Takes the last events of a closed engine.
        private void Finish()
        {
            Thread running;
            lock (starting)
            {
                running = thread;
            }
            if (running != null && running != Thread.CurrentThread)
            {
                running.Join();
            }
            else if (!Push)
            {
                lock (pumping)
                {
                    using (var batch = new Batch())
                    {
                        while (Poll(batch, 0) >= 0)
                        {
                        }
                    }
                }
            }
        }

        private void Start()
        {
            lock (starting)
            {
                if (thread == null)
                {
                    thread = new Thread(Run, 1 << 18)
                    {
                        IsBackground = true, Name = "inlay-events"
                    };
                    Interlocked.Increment(ref threads);
                    thread.Start();
                }
            }
        }

        private void Run()
        {
            try
            {
                using (var batch = new Batch())
                {
                    while (Poll(batch, -1) >= 0)
                    {
                    }
                }
                FailAll(Gone());
            }
            catch (Exception failure)
            {
                FailAll(failure);
            }
            lock (starting)
            {
                if (closed)
                {
                    Handle.Dispose();
                }
            }
            Interlocked.Decrement(ref threads);
        }

        /// One call for the events of all requests. Returns their number, or
        /// -1 after the last event of a closed engine.
        private int Poll(Batch batch, long timeout)
        {
            var error = Errors.New();
            UIntPtr count;
            var status = Native.inlay_poll(
                Handle, batch.Events, (UIntPtr)(uint)sizeof(inlay_event),
                (UIntPtr)(uint)Capacity, timeout, &count, &error);
            Interlocked.Increment(ref polls);
            if (status == (int)Status.FailedPrecondition)
            {
                return -1;
            }
            Errors.Check(status, &error);
            for (var i = 0; i < (int)(ulong)count; i++)
            {
                Deliver(batch.Events + i);
            }
            return (int)(ulong)count;
        }

        private void Deliver(inlay_event* raw)
        {
            Inbox inbox;
            var key = (long)raw->user_data;
            if (!inboxes.TryGetValue(key, out inbox))
            {
                return;
            }
            try
            {
                var value = new Event(raw);
                if (value.IsTerminal)
                {
                    Forget(key);
                }
                inbox.Put(value);
            }
            catch (Exception failure)
            {
                // Out of memory, for one: that request only.
                Forget(key);
                inbox.Fail(failure);
            }
        }

        private void Forget(long key)
        {
            Inbox inbox;
            if (inboxes.TryRemove(key, out inbox) && inbox.Hook != null)
            {
                Registry.Remove(inbox.Key);
            }
        }

        private void FailAll(Exception why)
        {
            foreach (var pair in inboxes)
            {
                Forget(pair.Key);
                pair.Value.Fail(why);
            }
        }

        private static void OnEvents(void* userData, inlay_event* events,
                                     UIntPtr eventSize, UIntPtr count)
        {
            ForeignThread.Enter();
            try
            {
                var self = Registry.Get<Dispatcher>((IntPtr)userData);
                for (ulong i = 0; self != null && i < (ulong)count; i++)
                {
                    self.Deliver((inlay_event*)(
                        (byte*)events + i * (ulong)eventSize));
                }
            }
            catch (Exception)
            {
                // Deliver contains what it can; nothing may cross.
            }
        }

        /// Room for the events of one poll.
        private sealed class Batch : IDisposable
        {
            internal readonly inlay_event* Events;

            internal Batch()
            {
                Events = (inlay_event*)Marshal.AllocHGlobal(
                    Capacity * sizeof(inlay_event));
            }

            public void Dispose()
            {
                Marshal.FreeHGlobal((IntPtr)Events);
            }
        }
    }
}
