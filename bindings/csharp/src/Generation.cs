using System;
using System.Collections;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace Inlay
{
    /// <summary>A submitted request: its events as they come, for one reader
    /// at a time. Cancel and State may be used on any thread meanwhile.
    /// Disposing it early, or losing it, cancels the request.</summary>
    public sealed class Generation : IDisposable, IEnumerable<Event>,
                                     IAsyncEnumerable<Event>
    {
        // Whoever reads wants the engine to run.
        private readonly Engine engine;
        private readonly Inbox inbox;
        private readonly CancellationToken token;
        private readonly ResultBuilder builder = new ResultBuilder();
        private CancellationTokenRegistration registration;
        private bool ended;

        internal Generation(Engine engine, Inbox inbox, ulong id,
                            CancellationToken token)
        {
            this.engine = engine;
            this.inbox = inbox;
            this.token = token;
            Id = id;
            registration = CancelWith(id, token);
        }

        /// <summary>Cancels a request that nobody can read any more.
        /// </summary>
        ~Generation()
        {
            if (inbox != null && !ended)
            {
                inbox.Discard();
                RequestCalls.Cancel(Id, CancelMode.Drop);
            }
        }

        /// <summary>Its number, unique in the process.</summary>
        public ulong Id { get; private set; }

        /// <summary>What was read so far, of all answers; its reason is None
        /// until the last event was read.</summary>
        public Result Result
        {
            get { return builder.Result(); }
        }

        /// <summary>How it stands.</summary>
        public RequestState State
        {
            get { return RequestCalls.State(Id); }
        }

        /// <summary>Cancels the request; its events end soon, with the reason
        /// Cancelled.</summary>
        /// <param name="mode">Drop discards what was not delivered yet.
        /// </param>
        /// <returns>False if it had ended already.</returns>
        public bool Cancel(CancelMode mode = CancelMode.Stop)
        {
            return RequestCalls.Cancel(Id, mode);
        }

        /// <summary>Waits for the next event.</summary>
        /// <returns>The event; null after the last one.</returns>
        /// <exception cref="InlayException">The request failed; behind all
        /// other events, once.</exception>
        /// <exception cref="OperationCanceledException">The token that it was
        /// submitted with cancelled it; once.</exception>
        public Event Next()
        {
            return ended ? null : Taken(engine.Dispatcher.Take(inbox));
        }

        /// <summary>The same without a thread that waits.</summary>
        /// <returns>A task with the event, or null.</returns>
        public async Task<Event> NextAsync()
        {
            if (ended)
            {
                return null;
            }
            Event value;
            while (!inbox.TryTake(out value))
            {
                if (engine.Dispatcher.HostDriven)
                {
                    await Task.Run(() => engine.Dispatcher.Pump())
                        .ConfigureAwait(false);
                }
                else
                {
                    await inbox.WhenReady().ConfigureAwait(false);
                }
            }
            return Taken(value);
        }

        /// <summary>Reads the rest and waits for the end.</summary>
        /// <returns>All that was generated.</returns>
        /// <exception cref="InlayException">The request failed.</exception>
        /// <exception cref="OperationCanceledException">The token cancelled
        /// it; Result has what was generated.</exception>
        public Result Wait()
        {
            while (Next() != null)
            {
            }
            return Result;
        }

        /// <summary>The same without a thread that waits.</summary>
        /// <returns>A task with all that was generated.</returns>
        public async Task<Result> WaitAsync()
        {
            while (await NextAsync().ConfigureAwait(false) != null)
            {
            }
            return Result;
        }

        /// <summary>The text of the first answer, piece by piece.</summary>
        /// <returns>Whole code points of text; never an empty piece.</returns>
        public IEnumerable<string> Text()
        {
            for (;;)
            {
                var value = Next();
                if (value == null)
                {
                    yield break;
                }
                if (IsText(value))
                {
                    yield return value.Text;
                }
            }
        }

        /// <summary>The same for <c>await foreach</c>.</summary>
        /// <returns>Whole code points of text; never an empty piece.</returns>
        public IAsyncEnumerable<string> TextAsync()
        {
            return new AsyncText(this);
        }

        /// <summary>The events from here on. Leaving the enumeration does not
        /// cancel; another one goes on behind it.</summary>
        /// <returns>The enumerator.</returns>
        public IEnumerator<Event> GetEnumerator()
        {
            for (;;)
            {
                var value = Next();
                if (value == null)
                {
                    yield break;
                }
                yield return value;
            }
        }

        IEnumerator IEnumerable.GetEnumerator()
        {
            return GetEnumerator();
        }

        /// <summary>The events from here on, for <c>await foreach</c>.
        /// </summary>
        /// <param name="cancellationToken">Cancels the request.</param>
        /// <returns>The enumerator.</returns>
        public IAsyncEnumerator<Event> GetAsyncEnumerator(
            CancellationToken cancellationToken = default(CancellationToken))
        {
            return new AsyncEvents(this, cancellationToken);
        }

        /// <summary>Cancels the request unless it has ended, and drops what
        /// was not read. Does not wait.</summary>
        public void Dispose()
        {
            registration.Dispose();
            inbox.Discard();
            if (!ended)
            {
                ended = true;
                RequestCalls.Cancel(Id, CancelMode.Drop);
            }
            GC.SuppressFinalize(this);
        }

        internal static bool IsText(Event value)
        {
            return value.Kind == EventKind.Delta && value.Choice == 0 &&
                   value.Text.Length > 0;
        }

        internal static CancellationTokenRegistration CancelWith(
            ulong id, CancellationToken token)
        {
            return token.CanBeCanceled
                ? token.Register(key => RequestCalls.Cancel((ulong)key, CancelMode.Stop),
                                 id)
                : default(CancellationTokenRegistration);
        }

        private Event Taken(Event value)
        {
            if (value == null)
            {
                End();
                return null;
            }
            builder.Add(value);
            if (!value.IsTerminal)
            {
                return value;
            }
            End();
            if (value.Kind == EventKind.Failed)
            {
                throw new InlayException(value.Status, value.Message,
                                         inbox.HookFailure);
            }
            if (value.FinishReason == FinishReason.Cancelled)
            {
                token.ThrowIfCancellationRequested();
            }
            return value;
        }

        private void End()
        {
            ended = true;
            registration.Dispose();
            GC.SuppressFinalize(this);
        }
    }
}
