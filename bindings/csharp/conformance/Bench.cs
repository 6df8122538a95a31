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
                var watch = Stopwatch.StartNew();
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
                }
                watch.Stop();
                var nanoseconds = (long)(watch.ElapsedTicks * 1e9 /
                                         Stopwatch.Frequency);
                Console.WriteLine("{\"tokens\":" + count + ",\"polls\":" +
                                  engine.PollCount + ",\"ns\":" +
                                  nanoseconds + "}");
            }
            return 0;
        }
    }
}
