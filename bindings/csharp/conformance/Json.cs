using System;
using System.Collections.Generic;
using System.Globalization;
using System.Text;

namespace Conformance
{
    /// <summary>A reader of JSON that keeps what the scenario needs: objects
    /// as dictionaries, arrays as lists, numbers as doubles.</summary>
    public sealed class Json
    {
        private readonly string text;
        private int at;

        private Json(string text)
        {
            this.text = text;
        }

        /// <summary>Reads one value.</summary>
        /// <param name="text">All of it.</param>
        /// <returns>The value.</returns>
        public static object Parse(string text)
        {
            var reader = new Json(text);
            var value = reader.Value(0);
            reader.Space();
            if (reader.at != text.Length)
            {
                throw new FormatException("more follows");
            }
            return value;
        }

        /// <summary>Writes a value back.</summary>
        /// <param name="value">As Parse gives it.</param>
        /// <param name="to">Appended to.</param>
        public static void Write(object value, StringBuilder to)
        {
            var map = value as Dictionary<string, object>;
            var list = value as List<object>;
            var quoted = value as string;
            if (map != null)
            {
                var first = true;
                to.Append('{');
                foreach (var pair in map)
                {
                    to.Append(first ? "" : ",");
                    first = false;
                    Quote(pair.Key, to);
                    to.Append(':');
                    Write(pair.Value, to);
                }
                to.Append('}');
            }
            else if (list != null)
            {
                for (var i = 0; i < list.Count; i++)
                {
                    to.Append(i == 0 ? '[' : ',');
                    Write(list[i], to);
                }
                to.Append(list.Count == 0 ? "[]" : "]");
            }
            else if (quoted != null)
            {
                Quote(quoted, to);
            }
            else if (value is bool)
            {
                to.Append((bool)value ? "true" : "false");
            }
            else
            {
                to.Append(value == null ? "null" : ((double)value).ToString(
                    "R", CultureInfo.InvariantCulture));
            }
        }

        /// <summary>Writes a string.</summary>
        /// <param name="value">Any text.</param>
        /// <param name="to">Appended to.</param>
        public static void Quote(string value, StringBuilder to)
        {
            to.Append('"');
            foreach (var c in value)
            {
                if (c == '"' || c == '\\')
                {
                    to.Append('\\').Append(c);
                }
                else if (c < ' ')
                {
                    to.Append("\\u").Append(((int)c).ToString("x4"));
                }
                else
                {
                    to.Append(c);
                }
            }
            to.Append('"');
        }

        private void Space()
        {
            while (at < text.Length && " \t\r\n".IndexOf(text[at]) >= 0)
            {
                at++;
            }
        }

        private char Peek()
        {
            Space();
            return at < text.Length ? text[at] : '\0';
        }

        private void Expect(char wanted)
        {
            if (Peek() != wanted)
            {
                throw new FormatException(wanted + " expected at " + at);
            }
            at++;
        }

        private object Value(int depth)
        {
            if (depth > 64)
            {
                throw new FormatException("too deep");
            }
            switch (Peek())
            {
                case '{': return Map(depth);
                case '[': return List(depth);
                case '"': return Text();
                case 't': return Word("true", true);
                case 'f': return Word("false", false);
                case 'n': return Word("null", null);
                default: return Number();
            }
        }

        private object Word(string word, object value)
        {
            if (string.CompareOrdinal(text, at, word, 0, word.Length) != 0)
            {
                throw new FormatException("a word at " + at);
            }
            at += word.Length;
            return value;
        }

        private object Number()
        {
            var start = at;
            while (at < text.Length && "+-.eE0123456789".IndexOf(text[at]) >= 0)
            {
                at++;
            }
            return double.Parse(text.Substring(start, at - start),
                                CultureInfo.InvariantCulture);
        }

        private Dictionary<string, object> Map(int depth)
        {
            var map = new Dictionary<string, object>();
            Expect('{');
            while (Peek() != '}')
            {
                if (map.Count > 0)
                {
                    Expect(',');
                    Space();
                }
                var key = Text();
                Expect(':');
                map.Add(key, Value(depth + 1));
            }
            at++;
            return map;
        }

        private List<object> List(int depth)
        {
            var list = new List<object>();
            Expect('[');
            while (Peek() != ']')
            {
                if (list.Count > 0)
                {
                    Expect(',');
                }
                list.Add(Value(depth + 1));
            }
            at++;
            return list;
        }

        private string Text()
        {
            var to = new StringBuilder();
            Expect('"');
            while (text[at] != '"')
            {
                var c = text[at++];
                if (c != '\\')
                {
                    to.Append(c);
                    continue;
                }
                c = text[at++];
                var plain = "bfnrt".IndexOf(c);
                if (c == 'u')
                {
                    to.Append((char)int.Parse(text.Substring(at, 4),
                                              NumberStyles.HexNumber));
                    at += 4;
                }
                else
                {
                    to.Append(plain < 0 ? c : "\b\f\n\r\t"[plain]);
                }
            }
            at++;
            return to.ToString();
        }
    }
}
