using System;
using Inlay.Raw;

namespace Inlay
{
    /// <summary>Tunables as text, checked when they are set. One set may serve
    /// models and engines; each reads its own scope while it is created. One
    /// thread at a time.</summary>
    public sealed unsafe class Options : IDisposable
    {
        internal readonly OptionsHandle Handle;

        /// <summary>Creates an empty set.</summary>
        public Options()
        {
            InlayLibrary.Verify();
            var error = Errors.New();
            Errors.Check(Native.inlay_options_create(out Handle, &error),
                         &error);
        }

        /// <summary>Reads a tunable (what was set, or its default), or sets
        /// it; null or "" resets it.</summary>
        /// <param name="key">One of <see cref="InlayLibrary.Tunables"/>.
        /// </param>
        /// <exception cref="InlayException">NotFound for an unknown key;
        /// InvalidArgument or OutOfRange for a value that it does not take.
        /// </exception>
        public string this[string key]
        {
            get
            {
                using (var arena = new Arena())
                {
                    var error = Errors.New();
                    UIntPtr keySize, size;
                    byte* value;
                    var name = arena.Text(key, out keySize);
                    Errors.Check(Native.inlay_options_get(
                        Handle, name, keySize, &value, &size, &error), &error);
                    return Utf8.Text(value, size);
                }
            }
            set
            {
                using (var arena = new Arena())
                {
                    var error = Errors.New();
                    UIntPtr keySize, size;
                    var name = arena.Text(key, out keySize);
                    var text = arena.Text(value ?? "", out size);
                    Errors.Check(Native.inlay_options_set(
                        Handle, name, keySize, text, size, &error), &error);
                }
            }
        }

        /// <summary>Sets a tunable; for chains.</summary>
        /// <param name="key">Its name.</param>
        /// <param name="value">Its text.</param>
        /// <returns>This.</returns>
        public Options Set(string key, string value)
        {
            this[key] = value;
            return this;
        }

        /// <summary>Gives the set back; what was created with it stays as it
        /// is.</summary>
        public void Dispose()
        {
            Handle.Dispose();
        }
    }
}
