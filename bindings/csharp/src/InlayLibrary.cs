using System;
using System.Collections.Generic;
using Inlay.Raw;

namespace Inlay
{
    /// <summary>The native library that this process loaded. All members may
    /// be called on any thread.</summary>
    public static unsafe class InlayLibrary
    {
        private static readonly object Gate = new object();
        private static volatile bool verified;

        /// <summary>Its version, "0.2.0".</summary>
        public static string Version
        {
            get
            {
                Loader.Prepare();
                return Utf8.Terminated(Native.inlay_version());
            }
        }

        /// <summary>Number of its ABI.</summary>
        public static int AbiVersion
        {
            get
            {
                Loader.Prepare();
                return (int)Native.inlay_abi_version();
            }
        }

        /// <summary>For bug reports: version, compiler, target,
        /// features.</summary>
        public static string BuildInfo
        {
            get
            {
                Loader.Prepare();
                return Utf8.Terminated(Native.inlay_build_info());
            }
        }

        /// <summary>How many objects the library's callbacks can still reach:
        /// loads, sources, hooks, sinks. For tests of leaks.</summary>
        public static int CallbackObjects
        {
            get { return Registry.Count; }
        }

        /// <summary>Whether this build has a feature, such as "session".
        /// </summary>
        /// <param name="name">See inlay_has_feature.</param>
        /// <returns>True if it has it.</returns>
        public static bool HasFeature(string name)
        {
            Loader.Prepare();
            using (var arena = new Arena())
            {
                UIntPtr size;
                return Native.inlay_has_feature(
                    arena.Text(name + "\0", out size)) != 0;
            }
        }

        /// <summary>Name of a status as the C header has it:
        /// "INLAY_ERR_NOT_FOUND".</summary>
        /// <param name="status">Any number.</param>
        /// <returns>The name; "INLAY_ERR_?" if unknown.</returns>
        public static string StatusName(Status status)
        {
            Loader.Prepare();
            return Utf8.Terminated(Native.inlay_status_name((int)status));
        }

        /// <summary>Describes all tunables of <see cref="Options"/>.
        /// </summary>
        /// <returns>One entry each.</returns>
        public static IList<OptionInfo> Tunables()
        {
            Verify();
            var list = new List<OptionInfo>();
            var count = (ulong)Native.inlay_option_count();
            for (ulong i = 0; i < count; i++)
            {
                var error = Errors.New();
                var info = default(inlay_option_info);
                info.struct_size = (uint)sizeof(inlay_option_info);
                Errors.Check(Native.inlay_option_get_info((UIntPtr)i, &info,
                                                          &error), &error);
                list.Add(new OptionInfo(&info));
            }
            return list;
        }

        /// <summary>Compares the library's ABI number, version and struct
        /// sizes and this assembly's struct layout with what it was made for.
        /// Runs by itself before the first use.</summary>
        /// <exception cref="InlayException">With
        /// <see cref="Status.Unsupported"/>: they do not fit together.
        /// </exception>
        public static void Verify()
        {
            if (verified)
            {
                return;
            }
            lock (Gate)
            {
                if (!verified)
                {
                    Loader.Prepare();
                    ForeignThread.Enter();
                    var problem = Compatibility.Problem(
                        Native.inlay_abi_version(), Version, SizeOf);
                    if (problem != null)
                    {
                        throw new InlayException(Status.Unsupported, problem);
                    }
                    verified = true;
                }
            }
        }

        private static ulong SizeOf(string name)
        {
            using (var arena = new Arena())
            {
                UIntPtr size;
                return (ulong)Native.inlay_struct_size(
                    arena.Text(name + "\0", out size));
            }
        }
    }

    /// <summary>Description of one tunable.</summary>
    public sealed unsafe class OptionInfo
    {
        internal OptionInfo(inlay_option_info* info)
        {
            Key = Utf8.Text(info->key, info->key_size);
            Scope = Utf8.Text(info->scope, info->scope_size);
            Values = Utf8.Text(info->values, info->values_size);
            Default = Utf8.Text(info->default_value,
                                info->default_value_size);
            Description = Utf8.Text(info->description,
                                    info->description_size);
        }

        /// <summary>Its name.</summary>
        public string Key { get; private set; }

        /// <summary>Who reads it: "model" or "engine".</summary>
        public string Scope { get; private set; }

        /// <summary>What it takes: names separated by "|", "int MIN..MAX" or
        /// "float MIN..MAX".</summary>
        public string Values { get; private set; }

        /// <summary>Its default.</summary>
        public string Default { get; private set; }

        /// <summary>For people.</summary>
        public string Description { get; private set; }
    }
}
