using System;
using System.IO;
using System.Linq;
using System.Text.RegularExpressions;
using Inlay.Raw;

namespace Tests
{
    /// The project for .NET, which is not built here, as text.
    internal static class ProjectTests
    {
        private static string Folder
        {
            get { return Path.Combine(Fixture.Root, "bindings/csharp"); }
        }

        private static string Project
        {
            get
            {
                return File.ReadAllText(Path.Combine(Folder, "Inlay.csproj"));
            }
        }

        public static void ProjectResponseFileAndFolderListTheSame()
        {
            var there = Directory.GetFiles(Path.Combine(Folder, "src"), "*.cs",
                                           SearchOption.AllDirectories)
                .Select(p => p.Substring(Folder.Length + 1))
                .OrderBy(p => p, StringComparer.Ordinal).ToArray();
            var response = File.ReadAllLines(Path.Combine(Folder, "Inlay.rsp"))
                .Where(line => line.StartsWith("src/"));
            var project = Regex.Matches(
                    Project, "<Compile Include=\"([^\"]+)\" />")
                .Cast<Match>().Select(m => m.Groups[1].Value);
            Equal(there, response, "Inlay.rsp");
            Equal(there, project, "Inlay.csproj");
        }

        public static void TheProjectIsWhatThePageSays()
        {
            foreach (var wanted in new[]
            {
                "<TargetFrameworks>netstandard2.0;net8.0</TargetFrameworks>",
                "<AllowUnsafeBlocks>true</AllowUnsafeBlocks>",
                "<EnableDefaultCompileItems>false</EnableDefaultCompileItems>",
                "<Version>" + Native.Version + "</Version>",
                "PackagePath=\"runtimes/linux-x64/native/libinlay.so\"",
                "Include=\"Microsoft.Bcl.AsyncInterfaces\"",
                "Include=\"System.Memory\"",
            })
            {
                Expect.True(Project.Contains(wanted), wanted);
            }
            Expect.True(File.ReadAllText(Path.Combine(
                Folder, "Inlay.dll.config")).Contains("libinlay.so.1"),
                "the library's name");
        }

        private static void Equal(string[] there,
                                  System.Collections.Generic.IEnumerable<
                                      string> listed, string what)
        {
            Expect.Equal(string.Join("\n", there),
                         string.Join("\n", listed.OrderBy(
                             p => p, StringComparer.Ordinal)), what);
        }
    }
}
