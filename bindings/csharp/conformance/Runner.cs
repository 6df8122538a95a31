using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Inlay;

namespace Conformance
{
    /// <summary>Runs the steps of a scenario and writes their trace; judges
    /// nothing. See tests/conformance/README.md.</summary>
    public sealed partial class Runner
    {
        private readonly Dictionary<string, IDisposable> objects =
            new Dictionary<string, IDisposable>();
        private readonly Dictionary<Engine, List<Pending>> pending =
            new Dictionary<Engine, List<Pending>>();
        private readonly Dictionary<string, Action<Step, Trace>> operations;

        private sealed class Pending
        {
            internal Generation Generation;
            internal Request Request;
        }

        private Runner()
        {
            operations = new Dictionary<string, Action<Step, Trace>>
            {
                { "library", Library }, { "context", Context },
                { "architecture", Architecture },
                { "options", Options }, { "open", Open },
                { "model_info", ModelInfo }, { "metadata", Metadata },
                { "tokenize", Tokenize },
                { "tokenize_pair", TokenizePair }, { "detokenize", Detokenize },
                { "find_token", FindToken }, { "chat", Chat },
                { "engine", Engine }, { "stream", Stream },
                { "generate", Generate }, { "push", Push },
                { "concurrent", Concurrent }, { "submit", Submit },
                { "drain", Drain }, { "cancel", Cancel },
                { "cancel_id", CancelId }, { "session", Session },
                { "session_info", SessionInfo }, { "fork", Fork },
                { "truncate", Truncate }, { "save", Save }, { "load", Load },
                { "score", Score }, { "embed", Embed },
                { "rank", Rank }, { "stats", Stats },
                { "metrics", Metrics }, { "close", Close },
                { "release", Release },
            };
        }

        private static int Main(string[] args)
        {
            if (args.Length == 4 && args[0] == "--bench")
            {
                return Bench.Run(args[1], int.Parse(args[2]),
                                 int.Parse(args[3]));
            }
            var scenario = new Step(Json.Parse(File.ReadAllText(args[0])));
            var output = Console.OpenStandardOutput();
            var runner = new Runner();
            foreach (var one in scenario.List("steps"))
            {
                var step = new Step(one);
                var line = Encoding.UTF8.GetBytes(runner.Line(step));
                output.Write(line, 0, line.Length);
            }
            output.Flush();
            return 0;
        }

        private string Line(Step step)
        {
            var trace = new Trace();
            try
            {
                operations[step.Text("op")](step, trace);
            }
            catch (InlayException failure)
            {
                trace = new Trace();
                trace.Failure(failure);
                if (failure.Data.Contains("submit"))
                {
                    trace.Int("retry", failure.RetryAfter > TimeSpan.Zero);
                }
            }
            var name = new StringBuilder();
            Json.Quote(step.Text("step"), name);
            return "{\"step\":" + name + ",\"result\":{" + trace + "}}\n";
        }

        private T Get<T>(Step step, string key) where T : class
        {
            var name = step.Text(key);
            return name == null ? null : (T)objects[name];
        }

        private void Keep(Step step, IDisposable value)
        {
            var name = step.Text("id");
            if (name == "none")
            {
                value.Dispose();
                return;
            }
            objects[name] = value;
        }

        private void Release(Step step, Trace to)
        {
            var name = step.Text("id");
            objects[name].Dispose();
            objects.Remove(name);
            to.Ok();
        }
    }
}
