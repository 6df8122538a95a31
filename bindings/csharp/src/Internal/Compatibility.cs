using System;
using System.Reflection;
using System.Runtime.InteropServices;
using Inlay.Raw;

namespace Inlay
{
    /// Whether a library and this assembly fit together.
    internal static class Compatibility
    {
        internal static string Problem(uint abi, string version,
                                       Func<string, ulong> sizeOf)
        {
            if (abi != Native.AbiVersion)
            {
                return "the library has ABI " + abi + ", this assembly needs " +
                       Native.AbiVersion;
            }
            if (Older(version, Native.Version))
            {
                return "the library is version " + version +
                       ", this assembly needs " + Native.Version +
                       " or a later one";
            }
            foreach (var row in Layout.Smallest)
            {
                if (sizeOf(row.Key) < (ulong)row.Value)
                {
                    return "the library's " + row.Key + " has " +
                           sizeOf(row.Key) + " bytes, fewer than " +
                           row.Value;
                }
            }
            string problem = null;
            Layout.Visit((type, field, actual, expected) =>
            {
                if (actual != expected && problem == null)
                {
                    problem = "this runtime puts " + type.Name + "." + field +
                              " at " + actual + " and not at " + expected;
                }
            });
            return problem;
        }

        private static bool Older(string version, string needed)
        {
            Version have, want;
            return !System.Version.TryParse(version.Split('-')[0], out have) ||
                   !System.Version.TryParse(needed, out want) || have < want;
        }
    }

    /// Where the native library is looked for.
    internal static class Loader
    {
#if NET5_0_OR_GREATER
        static Loader()
        {
            NativeLibrary.SetDllImportResolver(typeof(Native).Assembly, Find);
        }

        /// First what the package brought or the system's usual search finds,
        /// then an installed library without its development link.
        private static IntPtr Find(string name, Assembly assembly,
                                   DllImportSearchPath? path)
        {
            IntPtr library;
            if (name != Native.Library)
            {
                return IntPtr.Zero;
            }
            foreach (var candidate in new[]
                     { name, "libinlay.so.1", "inlay-1" })
            {
                if (NativeLibrary.TryLoad(candidate, assembly, path,
                                          out library))
                {
                    return library;
                }
            }
            return IntPtr.Zero;
        }
#endif

        internal static void Prepare()
        {
            // Runs the static constructor where there is one.
        }
    }
}
