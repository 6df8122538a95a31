using System;
using System.IO;
using System.Runtime.InteropServices;
using Inlay.Raw;

namespace Inlay
{
    /// <summary>Where a model's bytes come from. A source serves one load.
    /// </summary>
    public sealed unsafe class ModelSource
    {
        private static readonly inlay_read_fn ReadDelegate = StreamReading.Read;
        private static readonly IntPtr ReadPointer =
            Marshal.GetFunctionPointerForDelegate(ReadDelegate);

        private string path;
        private byte[] bytes;
        private SafeHandle descriptor;
        private ulong offset, size;
        private Stream stream;
        private bool leaveOpen, used;

        private ModelSource()
        {
        }

        /// <summary>A file.</summary>
        /// <param name="path">Its path.</param>
        /// <returns>The source.</returns>
        public static ModelSource FromPath(string path)
        {
            if (path == null)
            {
                throw new ArgumentNullException("path");
            }
            return new ModelSource { path = path };
        }

        /// <summary>An array, pinned and not to be changed as long as the
        /// model lives; nothing is copied.</summary>
        /// <param name="bytes">The whole file.</param>
        /// <returns>The source.</returns>
        public static ModelSource FromBytes(byte[] bytes)
        {
            if (bytes == null)
            {
                throw new ArgumentNullException("bytes");
            }
            return new ModelSource { bytes = bytes };
        }

        /// <summary>An open file (<see cref="FileStream.SafeFileHandle"/>),
        /// duplicated by the library. On systems with file descriptors.
        /// </summary>
        /// <param name="file">The caller keeps it.</param>
        /// <param name="offset">First byte of the model.</param>
        /// <param name="size">Bytes of the model; 0: to the end.</param>
        /// <returns>The source.</returns>
        public static ModelSource FromHandle(SafeHandle file, ulong offset = 0,
                                             ulong size = 0)
        {
            if (file == null)
            {
                throw new ArgumentNullException("file");
            }
            return new ModelSource
            {
                descriptor = file, offset = offset, size = size
            };
        }

        /// <summary>A stream that can seek, used on any thread, one at a time,
        /// from its beginning to its end.</summary>
        /// <param name="stream">Disposed when the library no longer needs it.
        /// </param>
        /// <param name="leaveOpen">Do not dispose it.</param>
        /// <returns>The source.</returns>
        public static ModelSource FromStream(Stream stream,
                                             bool leaveOpen = false)
        {
            if (stream == null)
            {
                throw new ArgumentNullException("stream");
            }
            if (!stream.CanSeek)
            {
                throw new ArgumentException("the stream cannot seek");
            }
            return new ModelSource { stream = stream, leaveOpen = leaveOpen };
        }

        internal StreamReading Reading { get; private set; }

        /// Fills raw; returns the key to remove if the call then fails.
        internal IntPtr Fill(inlay_model_source* raw, Arena arena)
        {
            if (used)
            {
                throw new InvalidOperationException(
                    "a source serves one load");
            }
            used = true;
            raw->struct_size = (uint)sizeof(inlay_model_source);
            raw->offset = offset;
            raw->size = size;
            if (path != null)
            {
                raw->kind = (int)SourceKind.Path;
                raw->path = arena.Text(path, out raw->path_size);
                return IntPtr.Zero;
            }
            if (descriptor != null)
            {
                raw->kind = (int)SourceKind.Fd;
                raw->fd = checked((int)arena.Hold(descriptor));
                return IntPtr.Zero;
            }
            var key = bytes != null ? Registry.Add(new PinnedBytes(bytes))
                                    : AddStream();
            raw->user_data = (void*)key;
            raw->release = Releaser.Pointer;
            if (bytes != null)
            {
                raw->kind = (int)SourceKind.Memory;
                raw->data = Registry.Get<PinnedBytes>(key).Address;
                raw->size = (ulong)bytes.LongLength;
                return key;
            }
            raw->kind = (int)SourceKind.Reader;
            raw->size = (ulong)stream.Length;
            raw->read = ReadPointer;
            return key;
        }

        private IntPtr AddStream()
        {
            Reading = new StreamReading(stream, leaveOpen);
            return Registry.Add(Reading);
        }
    }

    internal sealed unsafe class PinnedBytes : IDisposable
    {
        private GCHandle pin;

        internal PinnedBytes(byte[] bytes)
        {
            pin = GCHandle.Alloc(bytes, GCHandleType.Pinned);
        }

        internal void* Address
        {
            get { return (void*)pin.AddrOfPinnedObject(); }
        }

        public void Dispose()
        {
            pin.Free();
        }
    }

    /// The read callback of a model that comes from a stream.
    internal sealed unsafe class StreamReading : IDisposable
    {
        private readonly Stream stream;
        private readonly bool leaveOpen;

        internal StreamReading(Stream stream, bool leaveOpen)
        {
            this.stream = stream;
            this.leaveOpen = leaveOpen;
        }

        internal Exception Failure { get; private set; }

        internal static long Read(void* userData, ulong offset, void* buffer,
                                  UIntPtr bytes)
        {
            ForeignThread.Enter();
            var self = Registry.Get<StreamReading>((IntPtr)userData);
            if (self == null)
            {
                return -1;
            }
            try
            {
                self.stream.Seek((long)offset, SeekOrigin.Begin);
                return Copying.Fill(self.stream, (byte*)buffer, (long)bytes);
            }
            catch (Exception failure)
            {
                self.Failure = failure;
                return -1;
            }
        }

        public void Dispose()
        {
            if (!leaveOpen)
            {
                stream.Dispose();
            }
        }
    }

    /// Between streams and native memory, in pieces.
    internal static unsafe class Copying
    {
        private const int Piece = 1 << 16;

        internal static long Fill(Stream from, byte* to, long bytes)
        {
            var piece = new byte[Math.Min(Piece, bytes)];
            long done = 0;
            while (done < bytes)
            {
                var read = from.Read(piece, 0,
                                     (int)Math.Min(piece.Length, bytes - done));
                if (read <= 0)
                {
                    break;
                }
                Marshal.Copy(piece, 0, (IntPtr)(to + done), read);
                done += read;
            }
            return done;
        }

        internal static void Drain(byte* from, long bytes, Stream to)
        {
            var piece = new byte[Math.Min(Piece, bytes)];
            for (long done = 0; done < bytes;)
            {
                var count = (int)Math.Min(piece.Length, bytes - done);
                Marshal.Copy((IntPtr)(from + done), piece, 0, count);
                to.Write(piece, 0, count);
                done += count;
            }
        }
    }
}
