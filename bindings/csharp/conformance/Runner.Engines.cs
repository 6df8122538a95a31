using System;
using System.Collections.Generic;
using System.IO;
using Inlay;
using Inlay.Raw;

namespace Conformance
{
    public sealed partial class Runner
    {
        private EngineOptions EngineOptions(Step step)
        {
            return new EngineOptions
            {
                ContextLength = (int)step.Number("context_length"),
                MaxConcurrency = (int)step.Number("max_concurrency"),
                KvCacheBytes = (ulong)step.Number("kv_cache_bytes"),
                HostDriven = step.Flag("host_driven"),
                Options = Get<Options>(step, "options")
            };
        }

        private void Engine(Step step, Trace to)
        {
            var engine = new Engine(Get<Model>(step, "model"),
                                    EngineOptions(step));
            var config = engine.Config;
            to.Ok();
            to.Int("context_length", config.ContextLength);
            to.Int("max_concurrency", config.MaxConcurrency);
            to.Int("max_queue", config.MaxQueue);
            to.Int("page_tokens", config.PageTokens);
            to.Int("page_count", config.PageCount);
            pending[engine] = new List<Pending>();
            Keep(step, engine);
        }

        private Request Request(object from)
        {
            var step = new Step(from);
            return Requests.Read(step, Get<Session>(step, "session"));
        }

        private static Generation Submitted(Engine engine, Request request)
        {
            try
            {
                return engine.Submit(request);
            }
            catch (InlayException failure)
            {
                failure.Data["submit"] = true;
                throw;
            }
        }

        private void Stream(Step step, Trace to)
        {
            var request = Request(step["request"]);
            using (var generation = Submitted(Get<Engine>(step, "engine"),
                                              request))
            {
                Outcome.Of(generation, request).Write(to, true);
            }
        }

        private void Generate(Step step, Trace to)
        {
            var request = Request(step["request"]);
            var result = Get<Engine>(step, "engine").Generate(request);
            Outcome.Of(result, request).Write(to, true);
        }

        private void Push(Step step, Trace to)
        {
            var options = EngineOptions(step);
            options.Delivery = Delivery.Push;
            var request = Request(step["request"]);
            using (var engine = new Engine(Get<Model>(step, "model"), options))
            using (var generation = engine.Submit(request))
            {
                var outcome = Outcome.Of(generation, request);
                engine.Close(CloseMode.Drain, new TimeSpan(-1));
                outcome.Write(to, true);
            }
        }

        private void Concurrent(Step step, Trace to)
        {
            var engine = Get<Engine>(step, "engine");
            var all = new List<Pending>();
            foreach (var from in step.List("requests"))
            {
                var request = Request(from);
                all.Add(new Pending
                {
                    Request = request, Generation = engine.Submit(request)
                });
            }
            WriteAll(all, to);
        }

        private static void WriteAll(List<Pending> all, Trace to)
        {
            to.Ok();
            to.Open("requests", '[');
            foreach (var one in all)
            {
                to.Open(null, '{');
                Outcome.Of(one.Generation, one.Request).Write(to, false);
                to.Close('}');
                one.Generation.Dispose();
            }
            to.Close(']');
        }

        private void Submit(Step step, Trace to)
        {
            var engine = Get<Engine>(step, "engine");
            var request = Request(step["request"]);
            pending[engine].Add(new Pending
            {
                Request = request, Generation = Submitted(engine, request)
            });
            to.Ok();
        }

        private void Drain(Step step, Trace to)
        {
            var all = pending[Get<Engine>(step, "engine")];
            WriteAll(all, to);
            all.Clear();
        }

        private void Cancel(Step step, Trace to)
        {
            var mode = step.Text("mode") == "stop" ? CancelMode.Stop
                                                   : CancelMode.Drop;
            var wanted = (int)step.Number("after_tokens");
            using (var generation = Submitted(Get<Engine>(step, "engine"),
                                              Request(step["request"])))
            {
                while (generation.Result.Tokens.Length < wanted &&
                       generation.Next() != null)
                {
                }
                if (!generation.Cancel(mode))
                {
                    throw new InvalidOperationException("cancelled too late");
                }
                var result = generation.Wait();
                to.Ok();
                to.Text("finish", Outcome.Name(result.FinishReason));
                to.Text("late", generation.Cancel(mode)
                    ? "INLAY_OK" : "INLAY_ERR_NOT_FOUND");
            }
        }

        /// A number that no submit gave: the binding's raw layer only.
        private unsafe void CancelId(Step step, Trace to)
        {
            var error = default(inlay_error);
            error.struct_size = (uint)sizeof(inlay_error);
            var status = Native.inlay_cancel((ulong)step.Number("id"),
                                             (int)CancelMode.Stop, &error);
            if (status != 0)
            {
                throw new InlayException(
                    (Status)status, new string((sbyte*)error.message));
            }
            to.Ok();
        }

        private void Session(Step step, Trace to)
        {
            Keep(step, Get<Engine>(step, "engine").CreateSession());
            to.Ok();
        }

        private void SessionInfo(Step step, Trace to)
        {
            var session = Get<Session>(step, "session");
            to.Ok();
            to.Int("token_count", session.TokenCount);
            to.Int("busy", session.Busy);
            to.Ints("tokens", session.Tokens());
        }

        private void Fork(Step step, Trace to)
        {
            Keep(step, Get<Session>(step, "session").Fork());
            to.Ok();
        }

        private void Truncate(Step step, Trace to)
        {
            Get<Session>(step, "session").Truncate((int)step.Number("count"));
            to.Ok();
        }

        private void Save(Step step, Trace to)
        {
            var session = Get<Session>(step, "session");
            if (step.Text("via") == "file")
            {
                session.Save(step.Text("path"));
            }
            else
            {
                using (var file = File.Create(step.Text("path")))
                {
                    session.Save(file);
                }
            }
            to.Ok();
        }

        private void Load(Step step, Trace to)
        {
            var engine = Get<Engine>(step, "engine");
            if (step.Text("via") == "file")
            {
                Keep(step, engine.LoadSession(step.Text("path")));
            }
            else
            {
                using (var file = File.OpenRead(step.Text("path")))
                {
                    Keep(step, engine.LoadSession(file));
                }
            }
            to.Ok();
        }

        private void Embed(Step step, Trace to)
        {
            var engine = Get<Engine>(step, "engine");
            var pooling = (Pooling)Enum.Parse(typeof(Pooling),
                                              step.Text("pooling"), true);
            var choice = (int)step.Number("normalize");
            var normalize = choice == 0 ? (bool?)null : choice == 1;
            var vectors = step["texts"] != null
                ? engine.Embed(step.List("texts").ConvertAll(v => (string)v),
                               pooling, normalize)
                : engine.Embed(step.List("inputs").ConvertAll(Step.Ids),
                               pooling, normalize);
            to.Ok();
            to.Int("inputs", vectors.Length);
            to.Open("vectors", '[');
            foreach (var vector in vectors)
            {
                foreach (var value in vector)
                {
                    to.Float(null, value);
                }
            }
            to.Close(']');
        }

        private void Rank(Step step, Trace to)
        {
            var engine = Get<Engine>(step, "engine");
            float[] scores;
            if (step["texts"] != null)
            {
                scores = engine.Rank(
                    step.Text("query"),
                    step.List("texts").ConvertAll(v => (string)v));
            }
            else
            {
                var inputs = step.List("inputs").ConvertAll(Step.Ids);
                var types = step.List("types").ConvertAll(Step.Ids);
                var pairs = new List<TokenPair>();
                for (var i = 0; i < inputs.Count; i++)
                {
                    pairs.Add(new TokenPair(inputs[i], types[i]));
                }
                scores = engine.Rank(pairs);
            }
            to.Ok();
            to.Open("scores", '[');
            foreach (var score in scores)
            {
                to.Float(null, score);
            }
            to.Close(']');
        }

        private void Score(Step step, Trace to)
        {
            var ids = step.Ints("tokens");
            var logits = Get<Engine>(step, "engine").Score(ids);
            var width = logits.Length / ids.Length;
            to.Ok();
            to.Int("rows", ids.Length);
            to.Open("best", '[');
            for (var i = 0; i < ids.Length; i++)
            {
                var best = 0;
                for (var j = 1; j < width; j++)
                {
                    best = logits[i * width + j] > logits[i * width + best]
                        ? j : best;
                }
                to.Int(null, best);
            }
            to.Close(']');
            to.Open("next", '[');
            for (var i = 0; i + 1 < ids.Length; i++)
            {
                to.Float(null, logits[i * width + ids[i + 1]]);
            }
            to.Close(']');
        }

        private void Stats(Step step, Trace to)
        {
            var stats = Get<Engine>(step, "engine").Stats;
            to.Ok();
            to.Int("running", stats.Running);
            to.Int("queued", stats.Queued);
            to.Int("submitted", (long)stats.Submitted);
            to.Int("finished", (long)stats.Finished);
            to.Int("failed", (long)stats.Failed);
            to.Int("cancelled", (long)stats.Cancelled);
            to.Int("generated_tokens", (long)stats.GeneratedTokens);
            to.Int("events_pending", (long)stats.EventsPending);
            to.Int("sessions", stats.Sessions);
        }

        private void Metrics(Step step, Trace to)
        {
            var text = Get<Engine>(step, "engine").Metrics();
            to.Ok();
            to.Open("contains", '[');
            foreach (string wanted in step.List("contains"))
            {
                to.Int(null, text.Contains(wanted));
            }
            to.Close(']');
        }

        private void Close(Step step, Trace to)
        {
            var engine = Get<Engine>(step, "engine");
            engine.Close(step.Text("mode") == "drain" ? CloseMode.Drain
                                                      : CloseMode.Cancel,
                         new TimeSpan(-1));
            to.Ok();
            to.Text("state", Outcome.Name(engine.State));
        }
    }
}
