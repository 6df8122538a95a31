using System;
using Inlay.Raw;

namespace Inlay
{
    internal static unsafe class Errors
    {
        internal static inlay_error New()
        {
            var error = default(inlay_error);
            error.struct_size = (uint)sizeof(inlay_error);
            return error;
        }

        internal static void Check(int status, inlay_error* error,
                                   Exception inner = null)
        {
            if (status != 0)
            {
                throw Make(status, error, inner);
            }
        }

        internal static InlayException Make(int status, inlay_error* error,
                                            Exception inner)
        {
            return new InlayException(
                (Status)status,
                Utf8.Text(error->message, error->message_size), inner,
                (ErrorDomain)error->domain, error->native_code,
                Nanoseconds.ToTime(error->retry_after_ns));
        }
    }

    internal static class Nanoseconds
    {
        internal static TimeSpan ToTime(long nanoseconds)
        {
            return new TimeSpan(nanoseconds / 100);
        }

        /// No limit is a negative number, as Timeout.InfiniteTimeSpan is.
        internal static long From(TimeSpan time)
        {
            if (time.Ticks < 0)
            {
                return -1;
            }
            return time.Ticks > long.MaxValue / 100 ? long.MaxValue
                                                    : time.Ticks * 100;
        }
    }
}
