using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;

namespace Inlay
{
    // Without unsafe: iterators and async methods cannot be.
    public sealed partial class Engine
    {
        /// <summary>Submits a request. It runs from now on, whether its events
        /// are read or not.</summary>
        /// <param name="request">What to generate.</param>
        /// <param name="token">Cancels it. The stream then throws
        /// OperationCanceledException behind what was generated.</param>
        /// <returns>Its events; dispose it.</returns>
        /// <exception cref="InlayException">InvalidArgument, OutOfRange and
        /// others; ResourceExhausted with
        /// <see cref="InlayException.RetryAfter"/> if the queue is full.
        /// </exception>
        public Generation Submit(Request request,
                                 CancellationToken token = default(
                                     CancellationToken))
        {
            if (request == null)
            {
                throw new ArgumentNullException("request");
            }
            token.ThrowIfCancellationRequested();
            var inbox = new Inbox(request.LogitsHook);
            var id = Dispatcher.Submit(inbox, request);
            GC.KeepAlive(this);
            return new Generation(this, inbox, id, token);
        }

        /// <summary>Submits a request and waits for all of it.</summary>
        /// <param name="request">What to generate.</param>
        /// <param name="token">Cancels it.</param>
        /// <returns>The answer, or answers.</returns>
        /// <exception cref="InlayException">As Submit, and why it failed.
        /// </exception>
        /// <exception cref="OperationCanceledException">The token cancelled.
        /// </exception>
        public Result Generate(Request request,
                               CancellationToken token = default(
                                   CancellationToken))
        {
            using (var generation = Submit(request, token))
            {
                return generation.Wait();
            }
        }

        /// <summary>The same without a thread that waits.</summary>
        /// <param name="request">What to generate.</param>
        /// <param name="token">Cancels it.</param>
        /// <returns>A task with the answer.</returns>
        public async Task<Result> GenerateAsync(Request request,
                                                CancellationToken token =
                                                    default(CancellationToken))
        {
            using (var generation = Submit(request, token))
            {
                return await generation.WaitAsync().ConfigureAwait(false);
            }
        }

        /// <summary>The text of an answer, piece by piece: submits when the
        /// enumeration begins, and cancels when it is left early.</summary>
        /// <param name="request">What to generate; of one answer.</param>
        /// <param name="token">Cancels it.</param>
        /// <returns>Whole code points of text.</returns>
        public IEnumerable<string> Stream(Request request,
                                          CancellationToken token = default(
                                              CancellationToken))
        {
            using (var generation = Submit(request, token))
            {
                foreach (var piece in generation.Text())
                {
                    yield return piece;
                }
            }
        }

        /// <summary>The same for <c>await foreach</c>.</summary>
        /// <param name="request">What to generate; of one answer.</param>
        /// <param name="token">Cancels it.</param>
        /// <returns>Whole code points of text.</returns>
        public IAsyncEnumerable<string> StreamAsync(
            Request request,
            CancellationToken token = default(CancellationToken))
        {
            return new AsyncStream(this, request, token);
        }
    }
}
