using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using Inlay.Raw;

namespace Inlay
{
    /// <summary>An opened model: immutable, shared by any number of engines,
    /// usable on any thread.</summary>
    public sealed unsafe class Model : IDisposable
    {
        internal readonly ModelHandle Handle;
        private ModelInfo info;

        internal Model(ModelHandle handle)
        {
            Handle = handle;
            Tokenizer = new Tokenizer(handle);
        }

        /// <summary>Opens a model file and waits for it.</summary>
        /// <param name="context">Its parent.</param>
        /// <param name="path">Path of a regular file.</param>
        /// <param name="options">Null: all defaults.</param>
        /// <param name="token">Cancels at the next progress report.</param>
        /// <returns>The model.</returns>
        /// <exception cref="InlayException">NotFound, DataLoss, Unsupported,
        /// Io, ResourceExhausted and others.</exception>
        /// <exception cref="OperationCanceledException">The token cancelled.
        /// </exception>
        public static Model Load(Context context, string path,
                                 ModelOptions options = null,
                                 CancellationToken token = default(
                                     CancellationToken))
        {
            return Load(context, ModelSource.FromPath(path), options, token);
        }

        /// <summary>Opens a model from any source and waits for it.</summary>
        /// <param name="context">Its parent.</param>
        /// <param name="source">Where the bytes are.</param>
        /// <param name="options">Null: all defaults.</param>
        /// <param name="token">Cancels at the next progress report.</param>
        /// <returns>The model.</returns>
        /// <exception cref="InlayException">NotFound, DataLoss, Unsupported,
        /// Io, ResourceExhausted and others.</exception>
        /// <exception cref="OperationCanceledException">The token cancelled.
        /// </exception>
        public static Model Load(Context context, ModelSource source,
                                 ModelOptions options = null,
                                 CancellationToken token = default(
                                     CancellationToken))
        {
            if (context == null || source == null)
            {
                throw new ArgumentNullException(
                    context == null ? "context" : "source");
            }
            token.ThrowIfCancellationRequested();
            using (var call = new LoadCall(source, options, token))
            {
                var error = Errors.New();
                ModelHandle handle;
                fixed (inlay_model_source* from = &call.Source)
                fixed (inlay_model_options* how = &call.Options)
                {
                    var status = Native.inlay_model_open(
                        context.Handle, from, how, out handle, &error);
                    call.Finish(status, &error);
                }
                return new Model(handle);
            }
        }

        /// <summary>Opens a model on a thread of its own.</summary>
        /// <param name="context">Its parent.</param>
        /// <param name="path">Path of a regular file.</param>
        /// <param name="options">Null: all defaults.</param>
        /// <param name="token">Cancels at the next progress report.</param>
        /// <returns>A task with the model, or with what
        /// <see cref="Load(Context, string, ModelOptions, CancellationToken)"/>
        /// throws.</returns>
        public static Task<Model> LoadAsync(Context context, string path,
                                            ModelOptions options = null,
                                            CancellationToken token = default(
                                                CancellationToken))
        {
            return LoadAsync(context, ModelSource.FromPath(path), options,
                             token);
        }

        /// <summary>The same from any source.</summary>
        /// <param name="context">Its parent.</param>
        /// <param name="source">Where the bytes are.</param>
        /// <param name="options">Null: all defaults.</param>
        /// <param name="token">Cancels at the next progress report.</param>
        /// <returns>A task with the model.</returns>
        public static Task<Model> LoadAsync(Context context,
                                            ModelSource source,
                                            ModelOptions options = null,
                                            CancellationToken token = default(
                                                CancellationToken))
        {
            return Task.Factory.StartNew(
                () => Load(context, source, options, token), token,
                TaskCreationOptions.LongRunning, TaskScheduler.Default);
        }

        /// <summary>Turns text into tokens and back.</summary>
        public Tokenizer Tokenizer { get; private set; }

        /// <summary>What the model is; copied once.</summary>
        public ModelInfo Info
        {
            get
            {
                if (info == null)
                {
                    var error = Errors.New();
                    var raw = default(inlay_model_info);
                    raw.struct_size = (uint)sizeof(inlay_model_info);
                    Errors.Check(Native.inlay_model_get_info(
                        Handle, &raw, &error), &error);
                    info = new ModelInfo(&raw);
                }
                return info;
            }
        }

        /// <summary>Keys of the file's metadata, in its order.</summary>
        /// <returns>The keys.</returns>
        public IList<string> MetadataKeys()
        {
            var error = Errors.New();
            UIntPtr count;
            Errors.Check(Native.inlay_model_metadata_count(
                Handle, &count, &error), &error);
            var keys = new List<string>();
            for (ulong i = 0; i < (ulong)count; i++)
            {
                byte* key;
                UIntPtr size;
                Errors.Check(Native.inlay_model_metadata_key(
                    Handle, (UIntPtr)i, &key, &size, &error), &error);
                keys.Add(Utf8.Text(key, size));
            }
            return keys;
        }

        /// <summary>Value of a metadata entry as text, arrays as JSON.
        /// </summary>
        /// <param name="key">Its key.</param>
        /// <returns>The text.</returns>
        /// <exception cref="InlayException">NotFound.</exception>
        public string Metadata(string key)
        {
            using (var arena = new Arena())
            {
                UIntPtr keySize;
                var name = arena.Text(key, out keySize);
                return Utf8.Get((buffer, capacity, size, error) =>
                    Native.inlay_model_metadata_get(
                        Handle, name, keySize, buffer, capacity, size, error));
            }
        }

        /// <summary>Describes all tensors of the file, in its order.
        /// </summary>
        /// <returns>One entry each.</returns>
        public IList<TensorInfo> Tensors()
        {
            var error = Errors.New();
            UIntPtr count;
            Errors.Check(Native.inlay_model_tensor_count(Handle, &count,
                                                         &error), &error);
            var list = new List<TensorInfo>();
            for (ulong i = 0; i < (ulong)count; i++)
            {
                var raw = default(inlay_tensor_info);
                raw.struct_size = (uint)sizeof(inlay_tensor_info);
                Errors.Check(Native.inlay_model_tensor_get_info(
                    Handle, (UIntPtr)i, &raw, &error), &error);
                list.Add(new TensorInfo(&raw));
            }
            return list;
        }

        /// <summary>Memory that this model and one engine need, also of a
        /// vocabulary-only model.</summary>
        /// <param name="options">The engine's; null: all defaults.</param>
        /// <returns>Bytes.</returns>
        public MemoryNeeds EstimateMemory(EngineOptions options = null)
        {
            using (var arena = new Arena())
            {
                var error = Errors.New();
                var raw = (options ?? new EngineOptions()).ToRaw(arena);
                var needs = default(inlay_memory_needs);
                needs.struct_size = (uint)sizeof(inlay_memory_needs);
                Errors.Check(Native.inlay_memory_estimate(
                    Handle, &raw, &needs, &error), &error);
                return new MemoryNeeds(&needs);
            }
        }

        /// <summary>Renders messages with the model's chat template. Submit
        /// the result with ParseSpecial and NoSpecial.</summary>
        /// <param name="messages">In order.</param>
        /// <param name="flags">Such as NoGenerationPrompt.</param>
        /// <returns>The prompt.</returns>
        /// <exception cref="InlayException">NotFound if there is no template.
        /// </exception>
        public string RenderChat(IEnumerable<ChatMessage> messages,
                                 ChatFlags flags = ChatFlags.None)
        {
            return RenderChat(new ChatInput
            {
                MessagesJson = ChatMessage.ToJson(messages), Flags = flags
            });
        }

        /// <summary>The same with tools, further variables or another
        /// template.</summary>
        /// <param name="input">What to render.</param>
        /// <returns>The prompt.</returns>
        public string RenderChat(ChatInput input)
        {
            using (var arena = new Arena())
            {
                var raw = input.ToRaw(arena);
                // A delegate cannot capture the address of a local.
                var at = (inlay_chat_input*)arena.Block(
                    sizeof(inlay_chat_input));
                *at = raw;
                return Utf8.Get((buffer, capacity, size, error) =>
                    Native.inlay_chat_render(Handle, at, buffer, capacity,
                                             size, error));
            }
        }

        /// <summary>Gives the model back; engines keep theirs.</summary>
        public void Dispose()
        {
            Handle.Dispose();
        }
    }

    /// What Load and ModelLoad.Start have in common.
    internal sealed unsafe class LoadCall : IDisposable
    {
        internal inlay_model_source Source;
        internal inlay_model_options Options;
        internal readonly IntPtr WatchKey;
        private readonly ProgressWatch watch;
        private readonly ModelSource source;
        private readonly CancellationToken token;
        private readonly Arena arena = new Arena();
        private readonly IntPtr sourceKey;
        private bool accepted;

        internal LoadCall(ModelSource source, ModelOptions options,
                          CancellationToken token)
        {
            this.source = source;
            this.token = token;
            options = options ?? new ModelOptions();
            Options.struct_size = (uint)sizeof(inlay_model_options);
            Options.flags = (ulong)options.Flags;
            Options.device = arena.Text(options.Device,
                                        out Options.device_size);
            Options.options = options.Options == null
                ? IntPtr.Zero : arena.Hold(options.Options.Handle);
            fixed (inlay_model_source* raw = &Source)
            {
                sourceKey = source.Fill(raw, arena);
            }
            watch = new ProgressWatch(options.Progress, token);
            WatchKey = Registry.Add(watch);
            Options.progress = ProgressWatch.Pointer;
            Options.progress_user_data = (void*)WatchKey;
        }

        /// The library has the source now, and releases it.
        internal void Accept()
        {
            accepted = true;
        }

        internal Exception Inner
        {
            get
            {
                return watch.Failure ?? (source.Reading == null
                    ? null : source.Reading.Failure);
            }
        }

        internal void Finish(int status, inlay_error* error)
        {
            Registry.Remove(WatchKey);
            accepted = status == 0;
            Throw(status, error);
        }

        internal void Throw(int status, inlay_error* error)
        {
            if (status == (int)Status.Cancelled && watch.Failure == null)
            {
                token.ThrowIfCancellationRequested();
            }
            Errors.Check(status, error, Inner);
        }

        public void Dispose()
        {
            if (!accepted)
            {
                Registry.Remove(WatchKey);
                var kept = Registry.Remove(sourceKey) as IDisposable;
                if (kept != null)
                {
                    kept.Dispose();
                }
            }
            arena.Dispose();
        }
    }
}
