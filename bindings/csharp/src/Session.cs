using System;
using System.IO;
using System.Runtime.InteropServices;
using Inlay.Raw;

namespace Inlay
{
    /// <summary>A conversation: tokens that stay, and their part of the cache
    /// as long as there is room. A <see cref="Request.Session"/> that
    /// continues it appends its prompt and its answer when it ends. Keeps the
    /// engine's memory, not the engine running. All members may be called on
    /// any thread.</summary>
    public sealed unsafe class Session : IDisposable
    {
        internal readonly SessionHandle Handle;
        // Whoever holds a session wants its engine to run.
        private readonly Engine engine;

        internal Session(Engine engine, SessionHandle handle)
        {
            this.engine = engine;
            Handle = handle;
        }

        /// <summary>Its engine.</summary>
        public Engine Engine
        {
            get { return engine; }
        }

        /// <summary>How many tokens it has; while it is busy those known so
        /// far.</summary>
        public int TokenCount
        {
            get { return Info().token_count; }
        }

        /// <summary>Whether a request continues it now.</summary>
        public bool Busy
        {
            get { return Info().busy != 0; }
        }

        /// <summary>Its tokens, prompts and answers.</summary>
        /// <returns>The ids.</returns>
        public int[] Tokens()
        {
            return Utf8.GetInts(256, (buffer, capacity, count, error) =>
                Native.inlay_session_get_tokens(Handle, buffer, capacity,
                                                count, error));
        }

        /// <summary>Another session that begins with the same tokens and
        /// shares their part of the cache.</summary>
        /// <returns>The fork; it is not busy.</returns>
        public Session Fork()
        {
            var error = Errors.New();
            SessionHandle fork;
            Errors.Check(Native.inlay_session_fork(Handle, out fork, &error),
                         &error);
            return new Session(engine, fork);
        }

        /// <summary>Keeps the first tokens and forgets the rest.</summary>
        /// <param name="tokenCount">0 to TokenCount.</param>
        /// <exception cref="InlayException">FailedPrecondition while it is
        /// busy; OutOfRange.</exception>
        public void Truncate(int tokenCount)
        {
            var error = Errors.New();
            Errors.Check(Native.inlay_session_truncate(Handle, tokenCount,
                                                       &error), &error);
        }

        /// <summary>Writes tokens and cache.</summary>
        /// <param name="stream">Written on this thread, and not disposed.
        /// </param>
        /// <exception cref="InlayException">FailedPrecondition while it is
        /// busy; Io with what the stream threw.</exception>
        public void Save(Stream stream)
        {
            SessionStream.Save(Handle, stream);
            GC.KeepAlive(this);
        }

        /// <summary>The same to a file, which appears at once or not at all.
        /// </summary>
        /// <param name="path">What is there is replaced.</param>
        public void Save(string path)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                UIntPtr size;
                var bytes = arena.Text(path, out size);
                Errors.Check(Native.inlay_session_save_file(
                    Handle, bytes, size, &error), &error);
            }
            GC.KeepAlive(this);
        }

        /// <summary>Gives it back. A request that continues it keeps it to its
        /// end.</summary>
        public void Dispose()
        {
            Handle.Dispose();
        }

        private inlay_session_info Info()
        {
            var error = Errors.New();
            var raw = default(inlay_session_info);
            raw.struct_size = (uint)sizeof(inlay_session_info);
            Errors.Check(Native.inlay_session_get_info(Handle, &raw, &error),
                         &error);
            return raw;
        }
    }

    /// Streams as the callbacks that save and load.
    internal sealed unsafe class SessionStream
    {
        private static readonly inlay_stream_write_fn WriteDelegate = Write;
        private static readonly inlay_stream_read_fn ReadDelegate = Read;
        private static readonly IntPtr WritePointer =
            Marshal.GetFunctionPointerForDelegate(WriteDelegate);
        private static readonly IntPtr ReadPointer =
            Marshal.GetFunctionPointerForDelegate(ReadDelegate);

        private readonly Stream stream;
        private Exception failure;

        private SessionStream(Stream stream)
        {
            this.stream = stream;
        }

        internal static void Save(SessionHandle session, Stream stream)
        {
            Run(stream, (key, error) => Native.inlay_session_save(
                session, WritePointer, (void*)key, error));
        }

        internal static Session Load(Engine owner, EngineHandle engine,
                                     Stream stream)
        {
            SessionHandle session = null;
            Run(stream, (key, error) => Native.inlay_session_load(
                engine, ReadPointer, (void*)key, out session, error));
            return new Session(owner, session);
        }

        internal static void StopTrace(EngineHandle engine, Stream stream)
        {
            if (stream == null)
            {
                var error = Errors.New();
                Errors.Check(Native.inlay_engine_stop_trace(
                    engine, IntPtr.Zero, null, &error), &error);
                return;
            }
            Run(stream, (key, error) => Native.inlay_engine_stop_trace(
                engine, WritePointer, (void*)key, error));
        }

        private delegate int Call(IntPtr key, inlay_error* error);

        private static void Run(Stream stream, Call call)
        {
            if (stream == null)
            {
                throw new ArgumentNullException("stream");
            }
            var self = new SessionStream(stream);
            var key = Registry.Add(self);
            try
            {
                var error = Errors.New();
                Errors.Check(call(key, &error), &error, self.failure);
            }
            finally
            {
                Registry.Remove(key);
            }
        }

        private static long Write(void* userData, void* data, UIntPtr bytes)
        {
            var self = Registry.Get<SessionStream>((IntPtr)userData);
            if (self == null)
            {
                return -1;
            }
            try
            {
                Copying.Drain((byte*)data, (long)bytes, self.stream);
                return 0;
            }
            catch (Exception thrown)
            {
                self.failure = thrown;
                return -1;
            }
        }

        private static long Read(void* userData, void* buffer, UIntPtr bytes)
        {
            var self = Registry.Get<SessionStream>((IntPtr)userData);
            if (self == null)
            {
                return -1;
            }
            try
            {
                return Copying.Fill(self.stream, (byte*)buffer, (long)bytes);
            }
            catch (Exception thrown)
            {
                self.failure = thrown;
                return -1;
            }
        }
    }
}
