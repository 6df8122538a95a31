using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Threading;
using Inlay;

namespace Tests
{
    internal static class ModelTests
    {
        private sealed class Watch : IProgress<LoadProgress>
        {
            internal readonly List<LoadProgress> Seen =
                new List<LoadProgress>();
            internal Action Then;

            public void Report(LoadProgress value)
            {
                Seen.Add(value);
                if (Then != null)
                {
                    Then();
                }
            }
        }

        /// A stream whose reads fail.
        private sealed class Broken : FileStream
        {
            internal bool Closed;

            internal Broken() : base(Fixture.ModelPath, FileMode.Open,
                                     FileAccess.Read)
            {
            }

            public override int Read(byte[] array, int offset, int count)
            {
                throw new InvalidDataException("broken");
            }

            protected override void Dispose(bool disposing)
            {
                Closed = true;
                base.Dispose(disposing);
            }
        }

        public static void ProgressIsReported()
        {
            var watch = new Watch();
            using (Model.Load(Fixture.Context, Fixture.ModelPath,
                              new ModelOptions { Progress = watch }))
            {
            }
            Expect.True(watch.Seen.Count > 0, "reports");
            Expect.True(watch.Seen.All(p => p.Done <= p.Total), "done");
            Expect.True(watch.Seen.All(p => p.Stage != ""), "stages");
        }

        public static void ATokenCancelsALoad()
        {
            var objects = InlayLibrary.CallbackObjects;
            var source = new CancellationTokenSource();
            var watch = new Watch { Then = source.Cancel };
            var options = new ModelOptions { Progress = watch };
            Expect.Throws<OperationCanceledException>(() => Model.Load(
                Fixture.Context, Fixture.ModelPath, options, source.Token));
            Expect.Throws<OperationCanceledException>(() => Model.Load(
                Fixture.Context, Fixture.ModelPath, options, source.Token));
            Expect.True(Model.LoadAsync(
                Fixture.Context, Fixture.ModelPath, options, source.Token)
                .ContinueWith(t => t.IsCanceled).Result, "a cancelled task");
            Expect.Equal(objects, InlayLibrary.CallbackObjects);
        }

        public static void WhatProgressThrowsComesBack()
        {
            var watch = new Watch
            {
                Then = () => { throw new InvalidDataException("no more"); }
            };
            var failure = Expect.Fails(Status.Cancelled, () => Model.Load(
                Fixture.Context, Fixture.ModelPath,
                new ModelOptions { Progress = watch }));
            Expect.Equal("no more", failure.InnerException.Message);
        }

        public static void EverySourceGivesTheSameModel()
        {
            var objects = InlayLibrary.CallbackObjects;
            var expected = Fixture.Model.Info.FileBytes;
            var bytes = File.ReadAllBytes(Fixture.ModelPath);
            using (var file = File.OpenRead(Fixture.ModelPath))
            using (var stream = new MemoryStream(bytes))
            {
                foreach (var source in new[]
                {
                    ModelSource.FromPath(Fixture.ModelPath),
                    ModelSource.FromBytes(bytes),
                    ModelSource.FromHandle(file.SafeFileHandle),
                    ModelSource.FromStream(stream, true),
                })
                {
                    using (var model = Model.LoadAsync(Fixture.Context,
                                                       source).Result)
                    {
                        Expect.Equal(expected, model.Info.FileBytes);
                    }
                    Expect.Throws<InvalidOperationException>(
                        () => Model.Load(Fixture.Context, source));
                }
                Expect.True(stream.CanRead, "the stream was left open");
            }
            Expect.Soon(() => InlayLibrary.CallbackObjects == objects,
                        "no source is kept");
        }

        public static void AStreamThatThrowsIsTheInnerException()
        {
            var objects = InlayLibrary.CallbackObjects;
            var stream = new Broken();
            var failure = Expect.Fails(Status.Io, () => Model.Load(
                Fixture.Context, ModelSource.FromStream(stream)));
            Expect.Equal("broken", failure.InnerException.Message);
            Expect.True(stream.Closed, "it was disposed");
            Expect.Equal(objects, InlayLibrary.CallbackObjects);
        }

        public static void ALoadCanBeAskedAndTaken()
        {
            var objects = InlayLibrary.CallbackObjects;
            using (var load = new ModelLoad(
                Fixture.Context, ModelSource.FromPath(Fixture.ModelPath)))
            {
                using (var model = load.Wait(new TimeSpan(-1)))
                {
                    Expect.True(model.Info.Runnable, "runnable");
                }
                Expect.Equal(LoadState.Done, load.State);
                load.Cancel();
            }
            Expect.Fails(Status.NotFound, () => new ModelLoad(
                Fixture.Context, ModelSource.FromPath("/no/such/file")));
            var stream = new Broken();
            using (var load = new ModelLoad(
                Fixture.Context, ModelSource.FromStream(stream)))
            {
                Expect.Equal("broken", Expect.Fails(Status.Io,
                    () => load.Wait(new TimeSpan(-1)))
                    .InnerException.Message);
                Expect.Equal(LoadState.Failed, load.State);
            }
            Expect.True(stream.Closed, "it was disposed");
            Expect.Equal(objects, InlayLibrary.CallbackObjects);
        }

        public static void FactsOfTheFile()
        {
            var model = Fixture.Model;
            Expect.Equal("llama", model.Metadata("general.architecture"));
            Expect.True(model.MetadataKeys().Contains("general.architecture"),
                        "the key");
            Expect.Fails(Status.NotFound, () => model.Metadata("nothing"));
            Expect.Equal(289, model.Info.VocabularySize);
            var tensors = model.Tensors();
            Expect.Equal(model.Info.WeightBytes,
                         tensors.Aggregate(0UL, (sum, t) => sum + t.Bytes));
            Expect.True(tensors.All(t => t.Shape.Length > 0 && t.Name != ""),
                        "shapes");
            var needs = model.EstimateMemory(
                new EngineOptions { ContextLength = 256 });
            Expect.True(needs.Total >= needs.Weights + needs.KvCache,
                        "the total");
            Expect.True(Fixture.Context.Devices()[0].Usable, "a processor");
            Expect.True(Fixture.Context.Stats.MemoryUsedBytes > 0, "memory");
        }

        public static void OptionsAreChecked()
        {
            using (var options = new Options())
            {
                options["kv_type"] = "f16";
                Expect.Equal("f16", options["kv_type"]);
                options["kv_type"] = null;
                Expect.Equal("auto", options["kv_type"]);
                Expect.Fails(Status.NotFound, () => options.Set("x", "1"));
                Expect.Fails(Status.InvalidArgument,
                             () => options.Set("kv_type", "f12"));
                Expect.Fails(Status.OutOfRange,
                             () => options.Set("max_queue", "1000001"));
            }
            Expect.True(InlayLibrary.Tunables().Any(
                t => t.Key == "kv_type" && t.Scope == "engine"), "kv_type");
        }

        public static void ADisposedObjectIsRefused()
        {
            var model = Model.Load(Fixture.Context, Fixture.ModelPath);
            var tokenizer = model.Tokenizer;
            model.Dispose();
            model.Dispose();
            Expect.Throws<ObjectDisposedException>(
                () => tokenizer.Tokenize("x"));
            Expect.Throws<ObjectDisposedException>(() => new Engine(model));
        }

        public static void TheLogArrivesAndMayThrow()
        {
            var objects = InlayLibrary.CallbackObjects;
            var lines = 0;
            using (var context = new Context(new ContextOptions
            {
                ThreadCount = 1, LogLevel = LogLevel.Debug,
                Log = (level, text) =>
                {
                    Interlocked.Increment(ref lines);
                    throw new Exception("dropped");
                }
            }))
            using (var model = Model.Load(context, Fixture.ModelPath))
            using (new Engine(model, new EngineOptions
                   { ContextLength = 128 }))
            {
            }
            var log = lines;
            Expect.True(log > 0, "a line");
            Expect.Soon(() => InlayLibrary.CallbackObjects == objects,
                        "the sink is given back");
        }
    }
}
