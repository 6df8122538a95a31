using System;
using System.IO;
using System.Linq;
using Inlay;

namespace Tests
{
    internal static class SessionTests
    {
        private sealed class Full : MemoryStream
        {
            public override void Write(byte[] buffer, int offset, int count)
            {
                throw new InvalidDataException("full");
            }
        }

        public static void ATalkGoesOnForksAndIsCut()
        {
            using (var engine = Fixture.Engine())
            using (var talk = engine.CreateSession("me"))
            {
                Say(engine, talk, "The cat");
                var first = talk.Tokens();
                Expect.Equal(talk.TokenCount, first.Length);
                using (var fork = talk.Fork())
                {
                    var one = Say(engine, talk, " and the");
                    Expect.Equal(one, Say(engine, fork, " and the"));
                    Expect.Same(talk.Tokens(), fork.Tokens());
                    fork.Truncate(first.Length);
                    Expect.Same(first, fork.Tokens());
                    Expect.Equal(one, Say(engine, fork, " and the"));
                    Expect.Fails(Status.OutOfRange,
                                 () => fork.Truncate(1 << 20));
                }
                Expect.Equal(1, engine.Stats.Sessions);
            }
        }

        public static void ABusySessionIsRefused()
        {
            using (var engine = Fixture.Engine())
            using (var talk = engine.CreateSession())
            {
                var request = Fixture.Slow();
                request.Session = talk;
                using (var generation = engine.Submit(request))
                {
                    Expect.True(talk.Busy, "busy");
                    Expect.Fails(Status.FailedPrecondition,
                                 () => engine.Submit(request));
                    Expect.Fails(Status.FailedPrecondition,
                                 () => talk.Truncate(0));
                    generation.Cancel();
                    generation.Wait();
                }
                Expect.True(!talk.Busy, "free");
            }
        }

        public static void SavedIsLoaded()
        {
            var path = Path.GetTempFileName();
            using (var engine = Fixture.Engine())
            using (var talk = engine.CreateSession())
            {
                Say(engine, talk, "The cat");
                var bytes = new MemoryStream();
                bytes.WriteByte(7);
                talk.Save(bytes);
                bytes.WriteByte(8);
                talk.Save(path);
                bytes.Position = 1;
                var next = "";
                using (var loaded = engine.LoadSession(bytes))
                {
                    Expect.Equal(8, bytes.ReadByte());
                    Expect.Same(talk.Tokens(), loaded.Tokens());
                    next = Say(engine, loaded, " and");
                }
                using (var loaded = engine.LoadSession(path))
                {
                    Expect.Equal(next, Say(engine, loaded, " and"));
                }
                File.Delete(path);
                Expect.Fails(Status.NotFound, () => engine.LoadSession(path));
            }
        }

        public static void DamageIsFoundAndExceptionsComeBack()
        {
            using (var engine = Fixture.Engine())
            using (var talk = engine.CreateSession())
            {
                Say(engine, talk, "The cat");
                var bytes = new MemoryStream();
                talk.Save(bytes);
                var broken = bytes.ToArray();
                broken[broken.Length / 2] ^= 1;
                Expect.Fails(Status.DataLoss, () =>
                    engine.LoadSession(new MemoryStream(broken)));
                Expect.Fails(Status.DataLoss, () => engine.LoadSession(
                    new MemoryStream(broken, 0, 40)));
                var failure = Expect.Fails(Status.Io,
                                           () => talk.Save(new Full()));
                Expect.Equal("full", failure.InnerException.Message);
                Expect.Equal(0, InlayLibrary.CallbackObjects);
            }
        }

        public static void ASessionOutlivesItsEngine()
        {
            var engine = Fixture.Engine();
            var talk = engine.CreateSession();
            Say(engine, talk, "The cat");
            engine.Dispose();
            Expect.True(talk.Tokens().Length > 0, "its tokens");
            talk.Dispose();
        }

        private static string Say(Engine engine, Session talk, string text)
        {
            var request = Fixture.Request(6, text);
            request.Session = talk;
            return string.Join(",", engine.Generate(request).Tokens);
        }
    }
}
