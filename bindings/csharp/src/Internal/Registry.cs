using System;
using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Threading;
using Inlay.Raw;

namespace Inlay
{
    /// What the library's user_data stands for. A number instead of a pointer:
    /// one that comes late, or twice, finds nothing and does no harm.
    internal static class Registry
    {
        private static readonly ConcurrentDictionary<long, object> Table =
            new ConcurrentDictionary<long, object>();
        private static long last;

        internal static int Count
        {
            get { return Table.Count; }
        }

        internal static IntPtr Add(object value)
        {
            var key = Interlocked.Increment(ref last);
            Table[key] = value;
            return new IntPtr(key);
        }

        internal static T Get<T>(IntPtr key) where T : class
        {
            object value;
            return Table.TryGetValue((long)key, out value) ? value as T : null;
        }

        internal static object Remove(IntPtr key)
        {
            object value;
            return Table.TryRemove((long)key, out value) ? value : null;
        }
    }

    /// The release callback: forgets user_data and disposes what it was.
    /// The delegate is static, so it is never collected.
    internal static unsafe class Releaser
    {
        private static readonly inlay_release_fn Delegate = Run;
        internal static readonly IntPtr Pointer =
            Marshal.GetFunctionPointerForDelegate(Delegate);

        private static void Run(void* userData)
        {
            ForeignThread.Enter();
            try
            {
                var value = Registry.Remove((IntPtr)userData) as IDisposable;
                if (value != null)
                {
                    value.Dispose();
                }
            }
            catch (Exception)
            {
                // Nobody is there to be told; the library must not see it.
            }
        }
    }
}
