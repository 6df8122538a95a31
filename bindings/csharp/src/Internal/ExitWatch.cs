using System.Collections.Concurrent;
using System.Threading;
using Inlay.Raw;

namespace Inlay
{
    /// When the program ends, Mono aborts the threads that are left and waits
    /// for their end; one that is inside the library never hears of it. This
    /// thread hears, and closes the engines that nobody disposed, which ends
    /// theirs. Other runtimes just leave.
    internal static unsafe class ExitWatch
    {
        private static readonly ConcurrentDictionary<Dispatcher, bool> Live =
            new ConcurrentDictionary<Dispatcher, bool>();
        private static int started;

        internal static void Add(Dispatcher dispatcher)
        {
            if (!ForeignThread.OnMono)
            {
                return;
            }
            Live[dispatcher] = true;
            if (Interlocked.Exchange(ref started, 1) == 0)
            {
                new Thread(Run, 1 << 18) { IsBackground = true }.Start();
            }
        }

        internal static void Remove(Dispatcher dispatcher)
        {
            bool was;
            Live.TryRemove(dispatcher, out was);
        }

        private static void Run()
        {
            try
            {
                Thread.Sleep(Timeout.Infinite);
            }
            finally
            {
                foreach (var pair in Live)
                {
                    var error = Errors.New();
                    Native.inlay_engine_close(
                        pair.Key.Handle, (int)CloseMode.Cancel, 0, &error);
                }
            }
        }
    }
}
