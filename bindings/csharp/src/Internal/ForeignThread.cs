using System;
using System.IO;
using System.Runtime.InteropServices;
using System.Threading;

namespace Inlay
{
    /// The library's threads block all signals, so that the host's handlers
    /// never run there. Mono stops threads for a collection by a signal, and
    /// would wait forever for one of these once it has run managed code. So
    /// every callback begins by giving its thread the mask of a managed one.
    /// Nothing before that allocates or takes a lock of the runtime, because
    /// the collector may be waiting already. And Mono takes such a thread for
    /// one of the program's, whose end the process has to wait for: it is none.
    internal static unsafe class ForeignThread
    {
        /// Linux's; elsewhere Mono stops threads otherwise.
        private const int SetMask = 2;

        /// More than any sigset_t has.
        private const int MaskBytes = 256;

        private static readonly byte* Mask = Read();

        [DllImport("libc")]
        private static extern int pthread_sigmask(int how, byte* set,
                                                  byte* old);

        internal static bool OnMono
        {
            get { return Mask != null; }
        }

        internal static void Enter()
        {
            if (Mask == null)
            {
                return;
            }
            var old = stackalloc byte[MaskBytes];
            if (pthread_sigmask(SetMask, Mask, old) == 0 && WasForeign(old))
            {
                Thread.CurrentThread.IsBackground = true;
            }
        }

        /// A mask that is not a managed thread's.
        private static bool WasForeign(byte* old)
        {
            for (var i = 0; i < 8; i++)
            {
                if (old[i] != Mask[i])
                {
                    return true;
                }
            }
            return false;
        }

        /// Called before any callback can be, so that all of it is compiled.
        private static byte* Read()
        {
            if (Type.GetType("Mono.Runtime") == null ||
                !File.Exists("/proc/self/status"))
            {
                return null;
            }
            var mask = (byte*)Marshal.AllocHGlobal(MaskBytes);
            for (var i = 0; i < MaskBytes; i++)
            {
                mask[i] = 0;
            }
            if (pthread_sigmask(SetMask, null, mask) != 0)
            {
                Marshal.FreeHGlobal((IntPtr)mask);
                return null;
            }
            return mask;
        }
    }
}
