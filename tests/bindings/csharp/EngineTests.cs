using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using Inlay;

namespace Tests
{
    internal static class EngineTests
    {
        private static readonly TimeSpan Forever = new TimeSpan(-1);

        public static void EveryWayOfReadingGivesTheSameAnswer()
        {
            using (var polled = Fixture.Engine())
            using (var pushed = Fixture.Engine(
                new EngineOptions { Delivery = Delivery.Push }))
            using (var driven = Fixture.Engine(
                new EngineOptions { HostDriven = true }))
            using (var both = Fixture.Engine(new EngineOptions
                { HostDriven = true, Delivery = Delivery.Push }))
            {
                var expected = polled.Generate(Fixture.Request(24)).Text;
                Expect.True(expected.Length > 0, "an answer");
                foreach (var engine in new[] { polled, pushed, driven, both })
                {
                    var request = Fixture.Request(24);
                    Expect.Equal(expected, engine.Generate(request).Text);
                    Expect.Equal(expected, string.Concat(
                        engine.Stream(request)));
                    Expect.Equal(expected,
                                 engine.GenerateAsync(request).Result.Text);
                    Expect.Equal(expected, Collect(
                        engine.StreamAsync(request)).Result);
                    using (var generation = engine.Submit(request))
                    {
                        Expect.Equal(expected, string.Concat(
                            generation.Text()));
                    }
                    request.PromptUtf8 =
                        Encoding.UTF8.GetBytes(request.Prompt);
                    request.Prompt = null;
                    Expect.Equal(expected, engine.Generate(request).Text);
                }
            }
        }

        public static void EventsComeInOrder()
        {
            using (var engine = Fixture.Engine())
            using (var generation = engine.Submit(Fixture.Request(8)))
            {
                var events = generation.ToList();
                Expect.Equal(EventKind.Started, events[0].Kind);
                Expect.Equal(EventKind.Finished, events.Last().Kind);
                Expect.Equal(1, events.Count(e => e.IsTerminal));
                Expect.Equal(8, events.Sum(e => e.Tokens.Length));
                Expect.True(events.All(e => e.RequestId == generation.Id),
                            "the id");
                Expect.Equal(FinishReason.Length,
                             generation.Result.FinishReason);
                Expect.Equal(8, generation.Result.Usage.GeneratedTokens);
                Expect.True(generation.Result.Usage.Total > TimeSpan.Zero,
                            "times");
                Expect.Equal(RequestState.Finished, generation.State);
                Expect.Equal(null, generation.Next());
            }
        }

        public static void SeveralAnswersAndLogprobs()
        {
            using (var engine = Fixture.Engine())
            {
                var request = Fixture.Request(6);
                request.Choices = 3;
                request.Temperature = 1;
                request.TopLogprobs = 2;
                request.Flags |= RequestFlags.PromptLogprobs |
                                 RequestFlags.Logprobs;
                var result = engine.Generate(request);
                Expect.Equal(3, result.Answers.Count);
                foreach (var answer in result.Answers)
                {
                    Expect.Equal(6, answer.Tokens.Length);
                    Expect.Equal(6, answer.Logprobs.Count);
                    Expect.Equal(2, answer.TopLogprobs[5].Length);
                    Expect.True(Math.Abs(answer.Score -
                        answer.Logprobs.Average()) < 1e-4, "the score");
                }
                Expect.Equal(result.PromptTokens.Length,
                             result.PromptLogprobs.Length);
            }
        }

        public static void LeavingAStreamCancels()
        {
            using (var engine = Fixture.Engine())
            {
                Expect.Equal(1, engine.Stream(Fixture.Slow())
                    .Take(1).Count());
                Expect.Soon(() => engine.Stats.Running == 0, "it ended");
                Expect.Equal(1UL, engine.Stats.Cancelled);
                Expect.Equal(0, engine.Dispatcher.Live);
            }
        }

        public static void ATokenCancelsAndWhatWasSaidStays()
        {
            using (var engine = Fixture.Engine())
            using (var source = new CancellationTokenSource())
            {
                var generation = engine.Submit(Fixture.Slow(),
                                               source.Token);
                Expect.Throws<OperationCanceledException>(() =>
                {
                    foreach (var value in generation)
                    {
                        if (value.Kind == EventKind.Delta)
                        {
                            source.Cancel();
                        }
                    }
                });
                Expect.True(generation.Result.Tokens.Length > 0, "tokens");
                Expect.Equal(FinishReason.Cancelled,
                             generation.Result.FinishReason);
                Expect.Throws<OperationCanceledException>(() =>
                    engine.Submit(Fixture.Request(5), source.Token));
                generation.Dispose();
            }
        }

        public static void AnAsyncEnumerationIsCancelledByItsToken()
        {
            using (var engine = Fixture.Engine())
            using (var source = new CancellationTokenSource())
            {
                var pieces = engine.StreamAsync(Fixture.Slow())
                    .GetAsyncEnumerator(source.Token);
                Expect.True(pieces.MoveNextAsync().AsTask().Result, "one");
                source.Cancel();
                Expect.Throws<OperationCanceledException>(() =>
                {
                    while (pieces.MoveNextAsync().AsTask().GetAwaiter()
                           .GetResult())
                    {
                    }
                });
                pieces.DisposeAsync().AsTask().Wait();
            }
        }

        public static void CancelAndDeadlineEndWithTheirReason()
        {
            using (var engine = Fixture.Engine())
            {
                using (var generation = engine.Submit(Fixture.Slow()))
                {
                    generation.Next();
                    Expect.True(generation.Cancel(), "in time");
                    Expect.Equal(FinishReason.Cancelled,
                                 generation.Wait().FinishReason);
                    Expect.True(!generation.Cancel(), "late");
                }
                var request = Fixture.Slow();
                request.Deadline = TimeSpan.FromMilliseconds(1);
                Expect.Equal(FinishReason.Deadline,
                             engine.Generate(request).FinishReason);
            }
        }

        public static void ABadRequestFailsAlone()
        {
            using (var engine = Fixture.Engine())
            {
                var request = Fixture.Request(4);
                request.Temperature = -1;
                Expect.Fails(Status.InvalidArgument,
                             () => engine.Submit(request));
                Expect.Fails(Status.InvalidArgument,
                             () => engine.Submit(new Request()));
                Expect.Throws<ArgumentNullException>(
                    () => engine.Submit(null));
                Expect.Throws<ArgumentException>(
                    () => engine.Submit(new Request("\udc00")));
                Expect.Equal(0, engine.Dispatcher.Live);
                Expect.Equal(4, engine.Generate(Fixture.Request(4))
                    .Tokens.Length);
            }
        }

        public static void AFullQueueSaysWhenToTryAgain()
        {
            using (var options = new Options().Set("max_queue", "1"))
            using (var engine = Fixture.Engine(new EngineOptions
            {
                HostDriven = true, MaxConcurrency = 1, Options = options
            }))
            {
                engine.Submit(Fixture.Request(50));
                var failure = Expect.Fails(Status.ResourceExhausted, () =>
                {
                    for (var i = 0; i < 4; i++)
                    {
                        engine.Submit(Fixture.Request(50));
                    }
                });
                Expect.True(failure.RetryAfter > TimeSpan.Zero, "when");
            }
        }

        public static void HooksChangeLogitsAndMayThrow()
        {
            using (var engine = Fixture.Engine())
            {
                var objects = InlayLibrary.CallbackObjects;
                var request = Fixture.Request(5);
                request.LogitsHook = (prompt, generated, logits) =>
                {
                    logits.Fill(float.NegativeInfinity);
                    logits[100 + generated.Length] = 0;
                    return 0;
                };
                Expect.Same(new[] { 100, 101, 102, 103, 104 },
                            engine.Generate(request).Tokens);
                request.LogitsHook = (prompt, generated, logits) =>
                {
                    throw new InvalidOperationException("no");
                };
                var failure = Expect.Throws<InlayException>(
                    () => engine.Generate(request));
                Expect.Equal("no", failure.InnerException.Message);
                Expect.Equal(objects, InlayLibrary.CallbackObjects);
            }
        }

        public static void PiecesAreWholeCodePoints()
        {
            using (var engine = Fixture.Engine())
            {
                const string text = "né 日本 🙂!";
                var ids = Fixture.Model.Tokenizer.Tokenize(
                    text, TokenizeFlags.NoSpecial);
                var request = Fixture.Request(ids.Length);
                request.LogitsHook = (prompt, generated, logits) =>
                {
                    logits.Fill(float.NegativeInfinity);
                    logits[ids[generated.Length]] = 0;
                    return 0;
                };
                var pieces = engine.Stream(request).ToList();
                Expect.Equal(text, string.Concat(pieces));
                Expect.True(pieces.All(p => !p.Contains("\ufffd") &&
                    !char.IsLowSurrogate(p[0])), "none is cut");
            }
        }

        public static void DisposingTheEngineEndsEveryStream()
        {
            foreach (Delivery delivery in Enum.GetValues(typeof(Delivery)))
            {
                var engine = Fixture.Engine(
                    new EngineOptions { Delivery = delivery });
                var tasks = Enumerable.Range(0, 40).Select(i =>
                    engine.GenerateAsync(Fixture.Request(500))).ToArray();
                var waiting = new Thread(() =>
                    engine.Generate(Fixture.Request(500)));
                waiting.Start();
                Thread.Sleep(20);
                engine.Dispose();
                Expect.True(waiting.Join(10000), "the waiting thread ended");
                Expect.True(Task.WhenAll(tasks).Wait(10000), "tasks end");
                Expect.True(tasks.All(t => t.Result.FinishReason ==
                    FinishReason.Cancelled || t.Result.FinishReason ==
                    FinishReason.Length), "an end each");
                Expect.True(tasks.Any(t => t.Result.FinishReason ==
                    FinishReason.Cancelled), "cancelled");
                Expect.Throws<ObjectDisposedException>(() =>
                    engine.Submit(Fixture.Request(1)));
                engine.Dispose();
            }
        }

        public static void DrainingFinishesAndRefuses()
        {
            using (var engine = Fixture.Engine())
            {
                var task = engine.GenerateAsync(Fixture.Request(50));
                engine.Close(CloseMode.Drain, Forever);
                Expect.Equal(50, task.Result.Tokens.Length);
                Expect.Equal(EngineState.Closed, engine.State);
                Expect.Fails(Status.FailedPrecondition,
                             () => engine.Submit(Fixture.Request(1)));
                engine.Close(CloseMode.Cancel, Forever);
            }
        }

        public static void AThousandRequestsNeedNoThousandThreads()
        {
            using (var engine = Fixture.Engine())
            {
                var before = Fixture.AllThreads();
                var tasks = Enumerable.Range(0, 1000).Select(i =>
                    engine.GenerateAsync(Fixture.Request(8, "Item " + i)))
                    .ToArray();
                Expect.Equal(1, Dispatcher.Threads, "one thread polls");
                Expect.True(Fixture.AllThreads() - before < 20,
                            "few threads, not " + Fixture.AllThreads());
                Expect.True(Task.WhenAll(tasks).Wait(30000), "the end");
                Expect.True(tasks.All(t => t.Result.Tokens.Length == 8),
                            "answers");
                Expect.True(engine.PollCount < 4000, "polls drain many: " +
                            engine.PollCount);
            }
        }

        public static void FactsOfTheEngine()
        {
            using (var engine = Fixture.Engine())
            {
                Expect.Equal(512, engine.Config.ContextLength);
                Expect.True(engine.Config.Explanation != "", "why");
                engine.SetTenant("guests", 0.5);
                Expect.Fails(Status.InvalidArgument,
                             () => engine.SetTenant("guests", 0));
                engine.StartTrace(100);
                var request = Fixture.Request(4);
                request.Tenant = "guests";
                engine.Generate(request);
                var trace = new System.IO.MemoryStream();
                engine.StopTrace(trace);
                Expect.True(Encoding.UTF8.GetString(trace.ToArray())
                    .Contains("\"step\""), "a trace");
                Expect.Fails(Status.FailedPrecondition,
                             () => engine.StopTrace(null));
                Expect.Equal(4UL, engine.Stats.GeneratedTokens);
                Expect.True(engine.Metrics().Contains("# TYPE"), "metrics");
                var ids = new[] { 5, 6, 7 };
                Expect.Equal(3 * 289, engine.Score(ids).Length);
                Expect.Throws<InvalidOperationException>(
                    () => engine.Step());
            }
        }

        public static void AHostStepsByItself()
        {
            using (var engine = Fixture.Engine(
                new EngineOptions { HostDriven = true }))
            using (var generation = engine.Submit(Fixture.Request(5)))
            {
                var steps = 0;
                while (engine.Step())
                {
                    Expect.True(++steps < 1000, "an end");
                }
                engine.Step();
                Expect.Equal(5, generation.Wait().Tokens.Length);
            }
        }

        private static async Task<string> Collect(
            IAsyncEnumerable<string> pieces)
        {
            var text = new StringBuilder();
            var at = pieces.GetAsyncEnumerator();
            while (await at.MoveNextAsync())
            {
                text.Append(at.Current);
            }
            await at.DisposeAsync();
            return text.ToString();
        }
    }
}
