using System;
using System.Collections.Generic;
using Inlay;

namespace Conformance
{
    /// <summary>The arguments of a step or of a request.</summary>
    public sealed class Step
    {
        private readonly Dictionary<string, object> map;

        /// <summary>Wraps an object of the scenario.</summary>
        /// <param name="value">As Json gives it.</param>
        public Step(object value)
        {
            map = (Dictionary<string, object>)value;
        }

        /// <summary>All names.</summary>
        public IEnumerable<string> Keys
        {
            get { return map.Keys; }
        }

        /// <summary>A value, or null.</summary>
        /// <param name="key">Its name.</param>
        public object this[string key]
        {
            get
            {
                object value;
                return map.TryGetValue(key, out value) ? value : null;
            }
        }

        /// <summary>A text, or null.</summary>
        public string Text(string key)
        {
            return (string)this[key];
        }

        /// <summary>A number, or 0.</summary>
        public double Number(string key)
        {
            var value = this[key];
            return value == null ? 0 : value is bool ? ((bool)value ? 1 : 0)
                                                     : (double)value;
        }

        /// <summary>Whether it is set.</summary>
        public bool Flag(string key)
        {
            return Number(key) != 0;
        }

        /// <summary>A list, or null.</summary>
        public List<object> List(string key)
        {
            return (List<object>)this[key];
        }

        /// <summary>A list of numbers, or null.</summary>
        public int[] Ints(string key)
        {
            return List(key) == null ? null : Ids(List(key));
        }

        /// <summary>The numbers of a list.</summary>
        public static int[] Ids(object list)
        {
            return ((List<object>)list).ConvertAll(v => (int)(double)v)
                .ToArray();
        }

        /// <summary>Names as flags of an enumeration: no_special is
        /// NoSpecial.</summary>
        public ulong Flags<T>(string key)
        {
            ulong flags = 0;
            foreach (string name in List(key) ?? new List<object>())
            {
                var words = Array.ConvertAll(name.Split('_'), w =>
                    char.ToUpperInvariant(w[0]) + w.Substring(1));
                flags |= Convert.ToUInt64(
                    Enum.Parse(typeof(T), string.Concat(words)));
            }
            return flags;
        }
    }

    /// <summary>Requests of the scenario.</summary>
    public static class Requests
    {
        /// <summary>Reads a request.</summary>
        /// <param name="from">The scenario's.</param>
        /// <param name="session">What it continues, or null.</param>
        /// <returns>The binding's.</returns>
        public static Request Read(Step from, Session session)
        {
            var to = new Request { Session = session };
            foreach (var key in from.Keys)
            {
                Field(from, key, to);
            }
            return to;
        }

        private static void Field(Step from, string key, Request to)
        {
            switch (key)
            {
                case "session":
                    break;
                case "prompt":
                    to.Prompt = from.Text(key);
                    break;
                case "tenant":
                    to.Tenant = from.Text(key);
                    break;
                case "flags":
                    to.Flags = (RequestFlags)from.Flags<RequestFlags>(key);
                    break;
                case "parts":
                    to.Parts = from.List(key).ConvertAll(
                        p => Part(new Step(p)));
                    break;
                case "stop_tokens":
                    to.StopTokens = from.Ints(key);
                    break;
                case "stop_strings":
                    to.StopStrings = from.List(key).ConvertAll(
                        s => (string)s);
                    break;
                case "bias":
                    to.Bias = from.List(key).ConvertAll(Bias);
                    break;
                case "force":
                    to.LogitsHook = Force(from.Ints(key));
                    break;
                case "deadline_ns":
                    to.Deadline = new TimeSpan(
                        Math.Max(1, (long)from.Number(key) / 100));
                    break;
                default:
                    Number(key, from.Number(key), to);
                    break;
            }
        }

        /// top_k is TopK: every number of the scenario is a property.
        private static void Number(string key, double value, Request to)
        {
            var name = string.Concat(Array.ConvertAll(key.Split('_'), w =>
                char.ToUpperInvariant(w[0]) + w.Substring(1)));
            var property = typeof(Request).GetProperty(name);
            if (property == null)
            {
                throw new NotSupportedException("field " + key);
            }
            property.SetValue(to, Convert.ChangeType(
                value, property.PropertyType));
        }

        private static PromptPart Part(Step part)
        {
            return part["tokens"] != null
                ? new PromptPart(part.Ints("tokens"))
                : new PromptPart(part.Text("text"),
                                 part.Flag("parse_special"));
        }

        private static KeyValuePair<int, float> Bias(object pair)
        {
            var list = (List<object>)pair;
            return new KeyValuePair<int, float>((int)(double)list[0],
                                                (float)(double)list[1]);
        }

        private static LogitsHook Force(int[] tokens)
        {
            return (prompt, generated, logits) =>
            {
                if (generated.Length >= tokens.Length)
                {
                    return 7;
                }
                logits.Fill(float.NegativeInfinity);
                logits[tokens[generated.Length]] = 0;
                return 0;
            };
        }
    }
}
