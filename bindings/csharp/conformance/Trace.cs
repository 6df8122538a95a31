using System;
using System.Collections.Generic;
using System.Text;
using Inlay;

namespace Conformance
{
    /// <summary>One line of the trace, in the order of its keys.</summary>
    public sealed class Trace
    {
        private readonly StringBuilder line = new StringBuilder();
        private bool first = true;

        /// <summary>The line so far.</summary>
        public override string ToString()
        {
            return line.ToString();
        }

        private Trace Key(string key)
        {
            line.Append(first ? "" : ",");
            first = false;
            if (key != null)
            {
                Json.Quote(key, line);
                line.Append(':');
            }
            return this;
        }

        /// <summary>Adds a text.</summary>
        public void Text(string key, string value)
        {
            Json.Quote(value, Key(key).line);
        }

        /// <summary>Adds a number.</summary>
        public void Int(string key, long value)
        {
            Key(key).line.Append(value);
        }

        /// <summary>Adds 0 or 1.</summary>
        public void Int(string key, bool value)
        {
            Int(key, value ? 1 : 0);
        }

        /// <summary>Adds true or false.</summary>
        public void Bool(string key, bool value)
        {
            Key(key).line.Append(value ? "true" : "false");
        }

        /// <summary>Adds the bits of a float.</summary>
        public void Float(string key, float value)
        {
            var bits = BitConverter.ToUInt32(BitConverter.GetBytes(value), 0);
            Text(key, bits.ToString("x8"));
        }

        /// <summary>Adds the bits of a double.</summary>
        public void Double(string key, double value)
        {
            Text(key, BitConverter.DoubleToInt64Bits(value).ToString("x16"));
        }

        /// <summary>Begins a list or an object.</summary>
        public void Open(string key, char bracket)
        {
            Key(key).line.Append(bracket);
            first = true;
        }

        /// <summary>Ends it.</summary>
        public void Close(char bracket)
        {
            line.Append(bracket);
            first = false;
        }

        /// <summary>Adds a list of numbers.</summary>
        public void Ints(string key, IEnumerable<int> values)
        {
            Open(key, '[');
            foreach (var value in values)
            {
                Int(null, value);
            }
            Close(']');
        }

        /// <summary>Adds a list of floats.</summary>
        public void Floats(string key, IEnumerable<float> values)
        {
            Open(key, '[');
            foreach (var value in values)
            {
                Float(null, value);
            }
            Close(']');
        }

        /// <summary>Adds success.</summary>
        public void Ok()
        {
            Text("status", "INLAY_OK");
        }

        /// <summary>Adds a failure.</summary>
        public void Failure(InlayException failure)
        {
            Text("status", InlayLibrary.StatusName(failure.Status));
            Text("message", failure.Message);
        }
    }
}
