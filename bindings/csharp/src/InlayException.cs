using System;

namespace Inlay
{
    /// <summary>A call into the library failed. <see cref="Exception.Message"/>
    /// is the library's own text; <see cref="Exception.InnerException"/> is
    /// what a callback of yours threw, if that was the reason.</summary>
    public class InlayException : Exception
    {
        /// <summary>Makes one from its parts.</summary>
        /// <param name="status">What the call returned.</param>
        /// <param name="message">For people.</param>
        /// <param name="inner">What a callback threw, or null.</param>
        public InlayException(Status status, string message,
                              Exception inner = null)
            : base(message, inner)
        {
            Status = status;
        }

        internal InlayException(Status status, string message,
                                Exception inner, ErrorDomain domain,
                                long nativeCode, TimeSpan retryAfter)
            : base(message, inner)
        {
            Status = status;
            Domain = domain;
            NativeCode = nativeCode;
            RetryAfter = retryAfter;
        }

        /// <summary>The library's code.</summary>
        public Status Status { get; private set; }

        /// <summary>Where it arose.</summary>
        public ErrorDomain Domain { get; private set; }

        /// <summary>The operating system's or a callback's own code; 0 if
        /// there is none.</summary>
        public long NativeCode { get; private set; }

        /// <summary>If the queue was full: when there may be room; else
        /// zero.</summary>
        public TimeSpan RetryAfter { get; private set; }
    }
}
