using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace Inlay
{
    /// Events for await foreach. Written out because the oldest compiler that
    /// builds this has no async iterators.
    internal class AsyncEvents : IAsyncEnumerator<Event>
    {
        private readonly Generation generation;
        private readonly CancellationToken token;
        private CancellationTokenRegistration registration;

        internal AsyncEvents(Generation generation, CancellationToken token)
        {
            this.generation = generation;
            this.token = token;
            registration = Generation.CancelWith(generation.Id, token);
        }

        public Event Current { get; private set; }

        public ValueTask<bool> MoveNextAsync()
        {
            return new ValueTask<bool>(Move());
        }

        public ValueTask DisposeAsync()
        {
            registration.Dispose();
            return default(ValueTask);
        }

        private async Task<bool> Move()
        {
            Current = await generation.NextAsync().ConfigureAwait(false);
            if (Current != null && Current.IsTerminal &&
                Current.FinishReason == FinishReason.Cancelled)
            {
                token.ThrowIfCancellationRequested();
            }
            return Current != null;
        }
    }

    /// The text of a generation that somebody else disposes.
    internal sealed class AsyncText : IAsyncEnumerable<string>
    {
        private readonly Generation generation;

        internal AsyncText(Generation generation)
        {
            this.generation = generation;
        }

        public IAsyncEnumerator<string> GetAsyncEnumerator(
            CancellationToken token)
        {
            return new AsyncPieces(generation, token, false);
        }
    }

    /// Submits when the enumeration begins.
    internal sealed class AsyncStream : IAsyncEnumerable<string>
    {
        private readonly Engine engine;
        private readonly Request request;
        private readonly CancellationToken submitted;

        internal AsyncStream(Engine engine, Request request,
                             CancellationToken submitted)
        {
            this.engine = engine;
            this.request = request;
            this.submitted = submitted;
        }

        public IAsyncEnumerator<string> GetAsyncEnumerator(
            CancellationToken token)
        {
            return new AsyncPieces(engine.Submit(request, submitted), token,
                                   true);
        }
    }

    internal sealed class AsyncPieces : IAsyncEnumerator<string>
    {
        private readonly Generation generation;
        private readonly AsyncEvents events;
        private readonly bool owner;

        internal AsyncPieces(Generation generation, CancellationToken token,
                             bool owner)
        {
            this.generation = generation;
            this.owner = owner;
            events = new AsyncEvents(generation, token);
        }

        public string Current { get; private set; }

        public ValueTask<bool> MoveNextAsync()
        {
            return new ValueTask<bool>(Move());
        }

        public async Task<bool> Move()
        {
            while (await events.MoveNextAsync().ConfigureAwait(false))
            {
                if (Generation.IsText(events.Current))
                {
                    Current = events.Current.Text;
                    return true;
                }
            }
            return false;
        }

        public ValueTask DisposeAsync()
        {
            if (owner)
            {
                generation.Dispose();
            }
            return events.DisposeAsync();
        }
    }
}
