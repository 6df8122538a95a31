using System;
using System.Linq;
using System.Runtime.InteropServices;
using Inlay;
using Inlay.Raw;

namespace Tests
{
    internal static class LayoutTests
    {
        public static void EveryFieldIsWhereTheDescriptionPutsIt()
        {
            var fields = 0;
            Layout.Visit((type, field, actual, expected) =>
            {
                fields++;
                var name = type.Name + "." + field;
                var marshalled = field == ""
                    ? Marshal.SizeOf(type)
                    : (long)Marshal.OffsetOf(type, field);
                Expect.Equal(expected, actual, name);
                Expect.Equal(expected, marshalled, name);
            });
            Expect.True(fields > 250, "all fields, not " + fields);
        }

        public static void TheLibraryHasTheSameSizes()
        {
            Layout.Visit((type, field, actual, expected) =>
            {
                if (field == "")
                {
                    Expect.Equal((ulong)expected, SizeOf(type.Name),
                                 type.Name);
                }
            });
            Expect.Equal(0UL, SizeOf("inlay_nothing"));
        }

        public static void EveryFunctionIsThere()
        {
            var functions = typeof(Native).GetMethods()
                .Where(m => m.Name.StartsWith("inlay_")).ToArray();
            Expect.True(functions.Length > 70, "all functions");
            foreach (var function in functions)
            {
                Expect.True(IsExported(function.Name), function.Name);
            }
            Expect.True(!IsExported("inlay_nothing"), "no inlay_nothing");
        }

        public static void WhatDoesNotFitIsRefused()
        {
            Func<string, ulong> sizes = SizeOf;
            Expect.Equal(null, Compatibility.Problem(1, "0.2.0", sizes));
            Expect.Equal(null, Compatibility.Problem(1, "1.7.1-rc", sizes));
            Expect.True(Compatibility.Problem(2, "0.2.0", sizes)
                .Contains("ABI 2"), "the ABI is named");
            Expect.True(Compatibility.Problem(1, "0.1.9", sizes)
                .Contains("version 0.1.9"), "the version is named");
            Expect.True(Compatibility.Problem(1, "?", sizes) != null, "?");
            Expect.True(Compatibility.Problem(1, "0.2.0",
                name => name == "inlay_event" ? 8 : SizeOf(name))
                .Contains("inlay_event"), "the struct is named");
        }

        private static unsafe ulong SizeOf(string name)
        {
            using (var arena = new Arena())
            {
                UIntPtr size;
                return (ulong)Native.inlay_struct_size(
                    arena.Text(name + "\0", out size));
            }
        }

        private static unsafe bool IsExported(string name)
        {
            using (var arena = new Arena())
            {
                UIntPtr size;
                return Native.inlay_get_proc(
                    arena.Text(name + "\0", out size)) != IntPtr.Zero;
            }
        }
    }
}
