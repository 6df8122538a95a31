using System;
using System.Collections.Generic;
using System.IO;
using System.Text;
using Inlay;

namespace Conformance
{
    public sealed partial class Runner
    {
        private void Library(Step step, Trace to)
        {
            to.Ok();
            to.Int("abi", InlayLibrary.AbiVersion);
            to.Text("version", InlayLibrary.Version);
            to.Open("features", '[');
            foreach (string name in step.List("features"))
            {
                to.Int(null, InlayLibrary.HasFeature(name));
            }
            to.Close(']');
        }

        private void Context(Step step, Trace to)
        {
            var context = new Context(new ContextOptions
            {
                ThreadCount = (int)step.Number("threads")
            });
            to.Ok();
            to.Int("threads", context.Stats.ThreadCount);
            Keep(step, context);
        }

        private void Architecture(Step step, Trace to)
        {
            Get<Context>(step, "context").AddArchitecture(
                step.Text("text"), step.Flag("replace")
                    ? ArchitectureFlags.Replace : ArchitectureFlags.None);
            to.Ok();
        }

        private void Options(Step step, Trace to)
        {
            var options = new Options();
            foreach (List<object> pair in step.List("set"))
            {
                options[(string)pair[0]] = (string)pair[1];
            }
            to.Ok();
            to.Open("values", '[');
            foreach (List<object> pair in step.List("set"))
            {
                to.Text(null, options[(string)pair[0]]);
            }
            to.Close(']');
            Keep(step, options);
        }

        private sealed class Stop : IProgress<LoadProgress>
        {
            public void Report(LoadProgress value)
            {
                throw new OperationCanceledException();
            }
        }

        private void Open(Step step, Trace to)
        {
            var model = Opened(step);
            to.Ok();
            to.Int("runnable", model.Info.Runnable);
            Keep(step, model);
        }

        private Model Opened(Step step)
        {
            var context = Get<Context>(step, "context");
            var path = step.Text("path");
            var options = new ModelOptions
            {
                Options = Get<Options>(step, "options"),
                Flags = step.Flag("vocabulary_only")
                    ? ModelFlags.VocabularyOnly : ModelFlags.None,
                Progress = step.Flag("cancel") ? new Stop() : null
            };
            switch (step.Text("source") ?? "path")
            {
                case "path":
                    return Model.Load(context, path, options);
                case "memory":
                    return Model.Load(context, ModelSource.FromBytes(
                        File.ReadAllBytes(path)), options);
                case "reader":
                    return Model.Load(context, ModelSource.FromStream(
                        File.OpenRead(path)), options);
                case "fd":
                    using (var file = File.OpenRead(path))
                    {
                        return Model.Load(context, ModelSource.FromHandle(
                            file.SafeFileHandle), options);
                    }
                case "async":
                    using (var load = new ModelLoad(
                        context, ModelSource.FromPath(path), options))
                    {
                        return load.Wait(new TimeSpan(-1));
                    }
                default:
                    throw new NotSupportedException(step.Text("source"));
            }
        }

        private void ModelInfo(Step step, Trace to)
        {
            var info = Get<Model>(step, "model").Info;
            to.Ok();
            to.Int("runnable", info.Runnable);
            to.Int("vocabulary_size", info.VocabularySize);
            to.Int("context_length", info.ContextLength);
            to.Int("layer_count", info.LayerCount);
            to.Int("embedding_length", info.EmbeddingLength);
            to.Int("head_count", info.HeadCount);
            to.Int("kv_head_count", info.KvHeadCount);
            to.Int("head_dim", info.HeadDim);
            to.Int("has_tokenizer", info.HasTokenizer);
            to.Int("has_chat_template", info.HasChatTemplate);
            to.Int("bos_token", info.BosToken);
            to.Int("eos_token", info.EosToken);
            to.Int("unk_token", info.UnkToken);
            to.Int("pad_token", info.PadToken);
            to.Int("adds_bos", info.AddsBos);
            to.Int("adds_eos", info.AddsEos);
            to.Int("parameter_count", (long)info.ParameterCount);
            to.Int("weight_bytes", (long)info.WeightBytes);
            to.Int("file_bytes", (long)info.FileBytes);
            to.Ints("end_tokens", info.EndTokens);
            to.Text("architecture", info.Architecture);
            to.Text("format", info.Format);
            to.Text("name", info.Name);
        }

        private void Metadata(Step step, Trace to)
        {
            var value = Get<Model>(step, "model").Metadata(step.Text("key"));
            to.Ok();
            to.Text("value", value);
        }

        private void Tokenize(Step step, Trace to)
        {
            var ids = Get<Model>(step, "model").Tokenizer.Tokenize(
                step.Text("text"),
                (TokenizeFlags)step.Flags<TokenizeFlags>("flags"));
            to.Ok();
            to.Ints("tokens", ids);
        }

        private void TokenizePair(Step step, Trace to)
        {
            var pair = Get<Model>(step, "model").Tokenizer.TokenizePair(
                step.Text("first"), step.Text("second"));
            to.Ok();
            to.Ints("tokens", pair.Tokens);
            to.Ints("types", pair.Types);
        }

        private void Detokenize(Step step, Trace to)
        {
            var text = Get<Model>(step, "model").Tokenizer.Detokenize(
                step.Ints("tokens"),
                (DetokenizeFlags)step.Flags<DetokenizeFlags>("flags"));
            to.Ok();
            to.Text("text", text);
        }

        private void FindToken(Step step, Trace to)
        {
            var token = Get<Model>(step, "model").Tokenizer.Find(
                step.Text("text"));
            to.Ok();
            to.Int("token", token);
        }

        private void Chat(Step step, Trace to)
        {
            var messages = new StringBuilder();
            Json.Write(step["messages"], messages);
            var text = Get<Model>(step, "model").RenderChat(new ChatInput
            {
                MessagesJson = messages.ToString(),
                Flags = (ChatFlags)step.Flags<ChatFlags>("flags")
            });
            to.Ok();
            to.Text("text", text);
        }
    }
}
