using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;
using System.Threading.Tasks;
using Inlay.Raw;

namespace Inlay
{
    /// The events of one request between the thread that polls and the one
    /// that reads them.
    internal sealed unsafe class Inbox
    {
        private static readonly inlay_logits_fn HookDelegate = RunHook;
        internal static readonly IntPtr HookPointer =
            Marshal.GetFunctionPointerForDelegate(HookDelegate);

        private readonly Queue<Event> events = new Queue<Event>();
        private TaskCompletionSource<bool> waiter;
        private int sleepers;
        private bool ended, discarding;
        private Exception failure;

        internal readonly LogitsHook Hook;

        /// What the library knows it by, if there is a hook.
        internal IntPtr Key;

        internal Inbox(LogitsHook hook)
        {
            Hook = hook;
        }

        internal Exception HookFailure { get; private set; }

        /// Nobody reads any more.
        internal void Discard()
        {
            lock (events)
            {
                discarding = true;
                events.Clear();
            }
        }

        internal void Put(Event value)
        {
            lock (events)
            {
                if (!discarding)
                {
                    events.Enqueue(value);
                }
                ended |= value.IsTerminal;
                Notify();
            }
        }

        /// There will be no terminal event: the engine is gone.
        internal void Fail(Exception why)
        {
            lock (events)
            {
                if (!ended)
                {
                    failure = why;
                    ended = true;
                    Notify();
                }
            }
        }

        /// The next event; null after the last one. False: wait for more.
        internal bool TryTake(out Event value)
        {
            lock (events)
            {
                value = null;
                if (events.Count > 0)
                {
                    value = events.Dequeue();
                    return true;
                }
                if (failure != null)
                {
                    throw failure;
                }
                return ended;
            }
        }

        internal Event Take()
        {
            lock (events)
            {
                Event value;
                while (!TryTake(out value))
                {
                    sleepers++;
                    Monitor.Wait(events);
                    sleepers--;
                }
                return value;
            }
        }

        /// Completes when TryTake is worth trying again.
        internal Task WhenReady()
        {
            lock (events)
            {
                if (events.Count > 0 || ended)
                {
                    return Task.FromResult(true);
                }
                if (waiter == null)
                {
                    waiter = new TaskCompletionSource<bool>(
                        TaskCreationOptions.RunContinuationsAsynchronously);
                }
                return waiter.Task;
            }
        }

        private void Notify()
        {
            if (sleepers > 0)
            {
                Monitor.PulseAll(events);
            }
            if (waiter != null)
            {
                waiter.TrySetResult(true);
                waiter = null;
            }
        }

        private static int RunHook(void* userData, int* prompt,
                                   UIntPtr promptCount, int* generated,
                                   UIntPtr generatedCount, float* logits,
                                   UIntPtr logitCount)
        {
            ForeignThread.Enter();
            var self = Registry.Get<Inbox>((IntPtr)userData);
            if (self == null)
            {
                return -1;
            }
            try
            {
                return self.Hook(
                    new ReadOnlySpan<int>(prompt, (int)(ulong)promptCount),
                    new ReadOnlySpan<int>(generated,
                                          (int)(ulong)generatedCount),
                    new Span<float>(logits, (int)(ulong)logitCount));
            }
            catch (Exception thrown)
            {
                self.HookFailure = thrown;
                return -1;
            }
        }
    }
}
