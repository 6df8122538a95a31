using System;
using System.Collections.Generic;
using System.Diagnostics;
using Inlay;

namespace Conformance
{
    /// <summary>How fast events come through the binding.</summary>
    internal static class Bench
    {
        internal static int Run(string path, int streams, int tokens)
        {
            using (var context = new Context(new ContextOptions
                   { ThreadCount = 1 }))
            using (var model = Model.Load(context, path))
            using (var engine = new Engine(model, new EngineOptions
                   { MaxConcurrency = streams, ContextLength = 512 }))
            {
                // The runtime compiles each method when it is first called;
                // that is not what is measured.
                using (var other = new Engine(model, new EngineOptions
                       { MaxConcurrency = 4, ContextLength = 512 }))
                {
                    Streams(other, 4, 50);
                }
                var watch = Stopwatch.StartNew();
                var count = Streams(engine, streams, tokens);
                watch.Stop();
                var nanoseconds = (long)(watch.ElapsedTicks * 1e9 /
                                         Stopwatch.Frequency);
                Console.WriteLine("{\"tokens\":" + count + ",\"polls\":" +
                                  engine.PollCount + ",\"ns\":" +
                                  nanoseconds + "}");
            }
            return 0;
        }

        /// Submits all, then reads all; returns the tokens that came.
        private static long Streams(Engine engine, int streams, int tokens)
        {
            var all = new List<Generation>();
            for (var i = 0; i < streams; i++)
            {
                all.Add(engine.Submit(new Request("Item " + i + ":")
                {
                    MaxTokens = tokens, Flags = RequestFlags.IgnoreEnd
                }));
            }
            long count = 0;
            foreach (var generation in all)
            {
                foreach (var value in generation)
                {
                    count += value.Tokens.Length;
                }
                generation.Dispose();
            }
            return count;
        }
    }
}
