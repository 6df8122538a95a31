using System;
using System.Runtime.InteropServices;
using System.Text;
using Inlay.Raw;

namespace Inlay
{
    /// Text crosses the boundary as UTF-8: one transcoding per direction,
    /// straight between the string and the native memory.
    internal static unsafe class Utf8
    {
        /// A lone surrogate is the caller's mistake, not a U+FFFD.
        private static readonly UTF8Encoding Strict =
            new UTF8Encoding(false, true);

        internal delegate int TextCall(byte* buffer, UIntPtr capacity,
                                       UIntPtr* size, inlay_error* error);

        internal delegate int IntsCall(int* buffer, UIntPtr capacity,
                                       UIntPtr* count, inlay_error* error);

        internal static byte[] Bytes(string text)
        {
            return text == null ? null : Strict.GetBytes(text);
        }

        internal static int CountOf(string text)
        {
            return Strict.GetByteCount(text);
        }

        internal static void Write(string text, byte* to, int bytes)
        {
            fixed (char* from = text)
            {
                Strict.GetBytes(from, text.Length, to, bytes);
            }
        }

        internal static string Text(byte* text, ulong size)
        {
            if (text == null || size == 0)
            {
                return "";
            }
            return Encoding.UTF8.GetString(text, checked((int)size));
        }

        internal static string Text(byte* text, UIntPtr size)
        {
            return Text(text, (ulong)size);
        }

        internal static string Terminated(byte* text)
        {
            if (text == null)
            {
                return "";
            }
            ulong size = 0;
            while (text[size] != 0)
            {
                size++;
            }
            return Text(text, size);
        }

        internal static string Get(TextCall call)
        {
            return Encoding.UTF8.GetString(GetBytes(call));
        }

        /// Asks with some room first: most texts need one call.
        internal static byte[] GetBytes(TextCall call)
        {
            var buffer = new byte[1024];
            for (;;)
            {
                var error = Errors.New();
                UIntPtr size;
                int status;
                fixed (byte* start = buffer)
                {
                    status = call(start, (UIntPtr)(uint)buffer.Length, &size,
                                  &error);
                }
                if (status == (int)Status.BufferTooSmall)
                {
                    var room = checked((int)(ulong)size);
                    buffer = new byte[checked(room + room / 8 + 1)];
                    continue;
                }
                Errors.Check(status, &error);
                Array.Resize(ref buffer, (int)(ulong)size);
                return buffer;
            }
        }

        internal static int[] GetInts(int guess, IntsCall call)
        {
            var buffer = new int[Math.Max(16, guess)];
            for (;;)
            {
                var error = Errors.New();
                UIntPtr count;
                int status;
                fixed (int* start = buffer)
                {
                    status = call(start, (UIntPtr)(uint)buffer.Length, &count,
                                  &error);
                }
                if (status == (int)Status.BufferTooSmall)
                {
                    buffer = new int[checked((int)(ulong)count + 64)];
                    continue;
                }
                Errors.Check(status, &error);
                Array.Resize(ref buffer, (int)(ulong)count);
                return buffer;
            }
        }
    }

    /// Native copies and pins that live for one call.
    internal sealed unsafe class Arena : IDisposable
    {
        private readonly System.Collections.Generic.List<IntPtr> blocks =
            new System.Collections.Generic.List<IntPtr>();
        private readonly System.Collections.Generic.List<GCHandle> pins =
            new System.Collections.Generic.List<GCHandle>();
        private readonly System.Collections.Generic.List<SafeHandle> held =
            new System.Collections.Generic.List<SafeHandle>();

        internal byte* Block(int bytes)
        {
            var block = Marshal.AllocHGlobal(Math.Max(1, bytes));
            blocks.Add(block);
            return (byte*)block;
        }

        /// Null stays NULL; the empty text is a pointer with size 0.
        internal byte* Text(string text, out UIntPtr size)
        {
            size = UIntPtr.Zero;
            if (text == null)
            {
                return null;
            }
            var bytes = Utf8.CountOf(text);
            var block = Block(bytes);
            Utf8.Write(text, block, bytes);
            size = (UIntPtr)(uint)bytes;
            return block;
        }

        /// The array itself, pinned: nothing is copied.
        internal void* Pin(Array array)
        {
            if (array == null)
            {
                return null;
            }
            if (array.Length == 0)
            {
                return Block(8);
            }
            var pin = GCHandle.Alloc(array, GCHandleType.Pinned);
            pins.Add(pin);
            return (void*)pin.AddrOfPinnedObject();
        }

        internal byte** Texts(System.Collections.Generic.IList<string> texts,
                              out UIntPtr* sizes, out UIntPtr count)
        {
            sizes = null;
            count = UIntPtr.Zero;
            if (texts == null)
            {
                return null;
            }
            var pointers = (byte**)Block(texts.Count * sizeof(byte*));
            sizes = (UIntPtr*)Block(texts.Count * sizeof(UIntPtr));
            for (var i = 0; i < texts.Count; i++)
            {
                if (texts[i] == null)
                {
                    throw new ArgumentNullException("texts");
                }
                pointers[i] = Text(texts[i], out sizes[i]);
            }
            count = (UIntPtr)(uint)texts.Count;
            return pointers;
        }

        /// Keeps the native object while the call runs.
        internal IntPtr Hold(SafeHandle handle)
        {
            if (handle == null)
            {
                return IntPtr.Zero;
            }
            var added = false;
            handle.DangerousAddRef(ref added);
            held.Add(handle);
            return handle.DangerousGetHandle();
        }

        public void Dispose()
        {
            foreach (var block in blocks)
            {
                Marshal.FreeHGlobal(block);
            }
            foreach (var pin in pins)
            {
                pin.Free();
            }
            foreach (var handle in held)
            {
                handle.DangerousRelease();
            }
            blocks.Clear();
            pins.Clear();
            held.Clear();
        }
    }
}
