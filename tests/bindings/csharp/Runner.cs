using System;
using System.Collections.Generic;
using System.Diagnostics;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Threading;
using Inlay;

namespace Tests
{
    /// What the tests expect.
    internal static class Expect
    {
        internal static void True(bool condition, string what)
        {
            if (!condition)
            {
                throw new Exception("expected: " + what);
            }
        }

        internal static void Equal<T>(T expected, T actual, string what = "")
        {
            if (!EqualityComparer<T>.Default.Equals(expected, actual))
            {
                throw new Exception(what + " expected " + expected + ", got " +
                                    actual);
            }
        }

        internal static void Same(IEnumerable<int> expected,
                                  IEnumerable<int> actual)
        {
            Equal(string.Join(" ", expected), string.Join(" ", actual));
        }

        internal static T Throws<T>(Action action) where T : Exception
        {
            try
            {
                action();
            }
            catch (T thrown)
            {
                return thrown;
            }
            throw new Exception("expected " + typeof(T).Name);
        }

        internal static InlayException Fails(Status status, Action action)
        {
            var thrown = Throws<InlayException>(action);
            Equal(status, thrown.Status);
            return thrown;
        }

        /// Waits for what another thread or the collector brings about.
        internal static void Soon(Func<bool> condition, string what)
        {
            Nothing(() => condition() ? "" : what);
        }

        /// Waits until nothing is left; the function says what is.
        internal static void Nothing(Func<string> left)
        {
            var watch = Stopwatch.StartNew();
            for (var what = left(); what != ""; what = left())
            {
                True(watch.Elapsed.TotalSeconds < 20, "soon: " + what);
                GC.Collect();
                GC.WaitForPendingFinalizers();
                Thread.Sleep(1);
            }
        }
    }

    /// What the tests share.
    internal static class Fixture
    {
        internal static string Root;
        internal static Context Context;
        internal static Model Model;

        internal static string ModelPath
        {
            get
            {
                return Path.Combine(Root,
                                    "tests/goldens/models/tiny-llama.gguf");
            }
        }

        internal static void Open()
        {
            Context = new Context(new ContextOptions { ThreadCount = 1 });
            Model = Model.Load(Context, ModelPath);
        }

        internal static Engine Engine(EngineOptions options = null)
        {
            options = options ?? new EngineOptions();
            if (options.MaxConcurrency == 0)
            {
                options.MaxConcurrency = 16;
            }
            options.ContextLength = options.ContextLength == 0
                ? 512 : options.ContextLength;
            options.KvCacheBytes = 4 << 20;
            return new Engine(Model, options);
        }

        internal static Request Request(int tokens, string prompt = "The cat")
        {
            return new Request(prompt)
            {
                MaxTokens = tokens, Flags = RequestFlags.IgnoreEnd
            };
        }

        /// One that does not end before it is cut, however busy the machine.
        internal static Request Slow()
        {
            var request = Request(400);
            request.LogitsHook = (prompt, generated, logits) =>
            {
                Thread.Sleep(2);
                return 0;
            };
            return request;
        }

        /// Threads that are not the runtime's own: those that poll, and those
        /// of the library, which have the name of who created them or
        /// inlay-compute.
        internal static int Threads()
        {
            return Dispatcher.Threads +
                Directory.GetDirectories("/proc/self/task").Count(task =>
            {
                try
                {
                    var name = File.ReadAllText(task + "/comm").Trim();
                    return name == "mono" || name.StartsWith("inlay-c");
                }
                catch (IOException)
                {
                    return false;
                }
            });
        }

        internal static int AllThreads()
        {
            return Directory.GetDirectories("/proc/self/task").Length;
        }

        internal static int Descriptors()
        {
            return Directory.GetFiles("/proc/self/fd").Length;
        }
    }

    /// Runs every public static method of every class named ...Tests.
    internal static class Runner
    {
        private static int Main(string[] args)
        {
            Fixture.Root = args[0];
            Fixture.Open();
            var failed = 0;
            var tried = 0;
            foreach (var test in Find(args.Length > 1 ? args[1] : ""))
            {
                var watch = Stopwatch.StartNew();
                tried++;
                try
                {
                    test.Invoke(null, null);
                    Console.WriteLine("ok     {0}.{1} ({2} ms)",
                                      test.DeclaringType.Name, test.Name,
                                      watch.ElapsedMilliseconds);
                }
                catch (TargetInvocationException failure)
                {
                    failed++;
                    Console.WriteLine("FAILED {0}.{1}\n{2}",
                                      test.DeclaringType.Name, test.Name,
                                      failure.InnerException);
                }
            }
            Console.WriteLine("{0} tests, {1} failed", tried, failed);
            return failed == 0 && tried > 0 ? 0 : 1;
        }

        private static IEnumerable<MethodInfo> Find(string filter)
        {
            return from type in typeof(Runner).Assembly.GetTypes()
                   where type.Namespace == "Tests" &&
                         type.Name.EndsWith("Tests")
                   orderby type.Name
                   from method in type.GetMethods(BindingFlags.Static |
                                                  BindingFlags.Public)
                   where (type.Name + "." + method.Name).Contains(filter)
                   select method;
        }
    }
}
