// The system's permission to use the tile registers of AMX.
//
// Linux gives their 8 KB of state only to processes that ask, because it makes
// signal frames larger. The permission is the whole process's, for good, and
// is refused where a thread has an alternative signal stack that is too small,
// or by a filter of system calls.
#ifndef INLAY_BASE_OS_AMX_H_
#define INLAY_BASE_OS_AMX_H_

namespace inlay {

// Whether the system has such state to give, or has given it. Changes nothing.
bool AmxOffered() noexcept;

// Asks for it; true if the process may now use AMX.
bool RequestAmx() noexcept;

}  // namespace inlay

#endif  // INLAY_BASE_OS_AMX_H_
