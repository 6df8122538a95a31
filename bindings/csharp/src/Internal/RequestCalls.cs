using Inlay.Raw;

namespace Inlay
{
    /// What needs nothing but a request's number.
    internal static unsafe class RequestCalls
    {
        internal static RequestState State(ulong id)
        {
            var error = Errors.New();
            int state;
            var status = Native.inlay_request_status(id, &state, &error);
            if (status == (int)Status.NotFound)
            {
                return RequestState.Finished;
            }
            Errors.Check(status, &error);
            return (RequestState)state;
        }

        internal static bool Cancel(ulong id, CancelMode mode)
        {
            var error = Errors.New();
            var status = Native.inlay_cancel(id, (int)mode, &error);
            if (status == (int)Status.NotFound)
            {
                return false;
            }
            Errors.Check(status, &error);
            return true;
        }
    }
}
