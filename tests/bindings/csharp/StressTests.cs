using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using Inlay;

namespace Tests
{
    internal static class StressTests
    {
        private const int Cases = 10000, Workers = 8, Seed = 20240611;

        private static long cut, whole, lost;

        public static void TenThousandCutsLeaveNothing()
        {
            Start();
            var memory = Fixture.Context.Stats.MemoryUsedBytes;
            var objects = InlayLibrary.CallbackObjects;
            var threads = Fixture.Threads();
            var files = Fixture.Descriptors();
            var engine = Fixture.Engine();
            Parallel(engine, Cases);
            Expect.Nothing(() => Left(engine, objects));
            var stats = engine.Stats;
            Expect.Equal(stats.Submitted,
                         stats.Finished + stats.Failed + stats.Cancelled);
            Expect.True(stats.Cancelled > Cases / 10 &&
                        stats.Finished > Cases / 10, "both ends");
            engine.Dispose();
            Expect.Soon(() => Fixture.Threads() == threads, "threads end");
            Expect.Equal(files, Fixture.Descriptors(), "descriptors");
            Expect.Equal(memory, Fixture.Context.Stats.MemoryUsedBytes);
            Console.WriteLine("       {0} cut, {1} whole, {2} lost", cut,
                              whole, lost);
        }

        public static void EnginesDieMidStream()
        {
            Start();
            var memory = Fixture.Context.Stats.MemoryUsedBytes;
            var objects = InlayLibrary.CallbackObjects;
            var threads = Fixture.Threads();
            var files = Fixture.Descriptors();
            var random = new Random(Seed);
            for (var i = 0; i < 60; i++)
            {
                var engine = Fixture.Engine(new EngineOptions
                {
                    Delivery = (Delivery)(i % 2), HostDriven = i % 5 == 4
                });
                var tasks = Enumerable.Range(0, 12).Select(j =>
                    engine.GenerateAsync(Fixture.Request(300))).ToArray();
                Thread.Sleep(random.Next(4));
                engine.Dispose();
                Expect.True(Task.WhenAll(tasks).ContinueWith(t => { })
                    .Wait(20000), "streams end");
            }
            Expect.Soon(() => InlayLibrary.CallbackObjects == objects &&
                              Fixture.Threads() == threads &&
                              Fixture.Context.Stats.MemoryUsedBytes == memory,
                        "nothing is left");
            Expect.Equal(files, Fixture.Descriptors(), "descriptors");
        }

        public static void LostEnginesAreCollected()
        {
            Start();
            var memory = Fixture.Context.Stats.MemoryUsedBytes;
            var objects = InlayLibrary.CallbackObjects;
            var threads = Fixture.Threads();
            // The stack of another thread keeps none of them alive.
            var loser = new Thread(() =>
            {
                for (var i = 0; i < 8; i++)
                {
                    Lose(i);
                }
            });
            loser.Start();
            loser.Join();
            Expect.Soon(() => InlayLibrary.CallbackObjects == objects &&
                              Fixture.Threads() == threads &&
                              Fixture.Context.Stats.MemoryUsedBytes == memory,
                        "nothing is left");
        }

        public static void TheCollectorMayRunAtAnyMoment()
        {
            Start();
            var objects = InlayLibrary.CallbackObjects;
            var stop = false;
            var collector = new Thread(() =>
            {
                while (!Volatile.Read(ref stop))
                {
                    GC.Collect();
                    GC.WaitForPendingFinalizers();
                }
            });
            using (var engine = Fixture.Engine())
            try
            {
                {
                    // The step thread becomes known to Mono before: see the
                    // README for what may happen in that very moment.
                    var first = Fixture.Request(1);
                    first.LogitsHook = (prompt, generated, logits) => 0;
                    engine.Generate(first);
                    collector.Start();
                    Parallel(engine, 400);
                    var request = Fixture.Request(40);
                    request.LogitsHook = (prompt, generated, logits) =>
                    {
                        var garbage = new byte[10000];
                        return garbage[generated.Length];
                    };
                    Expect.Equal(40, engine.Generate(request).Tokens.Length);
                    Expect.Nothing(() => Left(engine, objects));
                }
            }
            finally
            {
                Volatile.Write(ref stop, true);
                if (collector.IsAlive)
                {
                    collector.Join();
                }
            }
        }

        private static void Start()
        {
            cut = whole = lost = 0;
            using (var engine = Fixture.Engine())
            {
                engine.Generate(Fixture.Request(2));
            }
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        /// What is left of the requests; "" for nothing.
        private static string Left(Engine engine, int objects)
        {
            var stats = engine.Stats;
            var left = stats.Running + stats.Queued + stats.Sessions +
                       (long)stats.EventsPending + engine.Dispatcher.Live +
                       InlayLibrary.CallbackObjects - objects;
            return left == 0 ? "" :
                "running " + stats.Running + ", queued " + stats.Queued +
                ", sessions " + stats.Sessions + ", events " +
                stats.EventsPending + ", live " + engine.Dispatcher.Live +
                ", objects " + (InlayLibrary.CallbackObjects - objects);
        }

        private static void Parallel(Engine engine, int cases)
        {
            var failures = new List<Exception>();
            var threads = Enumerable.Range(0, Workers).Select(worker =>
                new Thread(() =>
                {
                    var random = new Random(Seed + worker);
                    try
                    {
                        for (var i = 0; i < cases / Workers; i++)
                        {
                            One(engine, random);
                        }
                    }
                    catch (Exception failure)
                    {
                        lock (failures)
                        {
                            failures.Add(failure);
                        }
                    }
                })).ToList();
            threads.ForEach(t => t.Start());
            threads.ForEach(t => t.Join());
            if (failures.Count > 0)
            {
                throw new AggregateException(failures);
            }
        }

        private static Request Drawn(Random random)
        {
            var request = Fixture.Request(1 + random.Next(24),
                                          "Item " + random.Next(50));
            if (random.Next(4) == 0)
            {
                request.Choices = 1 + random.Next(3);
                request.Temperature = 1;
                request.Flags |= RequestFlags.Logprobs;
            }
            if (random.Next(8) == 0)
            {
                request.LogitsHook = (prompt, generated, logits) =>
                    generated.Length > 15 ? 1 : 0;
            }
            if (random.Next(10) == 0)
            {
                request.Deadline = new TimeSpan(random.Next(1, 20000));
            }
            return request;
        }

        private static void One(Engine engine, Random random)
        {
            var request = Drawn(random);
            if (request.Choices == 0 && random.Next(5) == 0)
            {
                request.Session = engine.CreateSession();
            }
            var way = random.Next(7);
            var tasked = way == 5;
            try
            {
                Cut(engine, request, random, way);
            }
            catch (InlayException failure)
            {
                // What the hook refused.
                Expect.Equal(Status.Cancelled, failure.Status);
            }
            catch (OperationCanceledException)
            {
                Interlocked.Increment(ref cut);
            }
            // Half of them are lost. Not those of tasks: the stacks of pool
            // threads, which live on, may hold what they last worked at.
            if (request.Session != null && (tasked || random.Next(2) == 0))
            {
                request.Session.Dispose();
            }
        }

        private static void Cut(Engine engine, Request request, Random random,
                                int way)
        {
            var events = random.Next(8);
            switch (way)
            {
                case 0:
                    engine.Stream(request).Take(events).Count();
                    Interlocked.Increment(ref cut);
                    break;
                case 1:
                    using (var generation = engine.Submit(request))
                    {
                        generation.Take(events).Count();
                        generation.Cancel(random.Next(2) == 0
                            ? CancelMode.Stop : CancelMode.Drop);
                        generation.Wait();
                    }
                    Interlocked.Increment(ref cut);
                    break;
                case 2:
                    using (var source = new CancellationTokenSource())
                    using (var generation = engine.Submit(request,
                                                          source.Token))
                    {
                        generation.Take(events).Count();
                        source.Cancel();
                        generation.Wait();
                    }
                    break;
                case 3:
                    engine.Submit(request).Take(events).Count();
                    Interlocked.Increment(ref lost);
                    break;
                case 4:
                    engine.Submit(request).Dispose();
                    Interlocked.Increment(ref cut);
                    break;
                case 5:
                    Begin(engine, request, events).Wait();
                    Interlocked.Increment(ref cut);
                    break;
                default:
                    engine.Generate(request);
                    Interlocked.Increment(ref whole);
                    break;
            }
        }

        private static async Task Begin(Engine engine, Request request,
                                        int events)
        {
            var pieces = engine.StreamAsync(request).GetAsyncEnumerator();
            try
            {
                while (events-- > 0 && await pieces.MoveNextAsync())
                {
                }
            }
            catch (InlayException failure)
            {
                Expect.Equal(Status.Cancelled, failure.Status);
            }
            await pieces.DisposeAsync();
        }

        private static void Lose(int i)
        {
            var engine = Fixture.Engine(new EngineOptions
            {
                Delivery = (Delivery)(i % 2), HostDriven = i % 4 == 2
            });
            engine.Submit(Fixture.Request(400)).Next();
            engine.CreateSession();
        }
    }
}
